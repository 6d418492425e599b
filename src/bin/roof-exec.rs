//! The executor: psql's command line in, exit code out.

fn main() -> std::process::ExitCode {
    roof_lint::cli::run_scripts()
}
