//! Lints and rehearses release packages of SQL. The library holds everything; the binary
//! only turns arguments into a call and the outcome into an exit code.

#![warn(
    clippy::disallowed_methods,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stderr,
    clippy::print_stdout,
    clippy::unwrap_used
)]

pub mod audit;
pub mod builtin;
pub mod case;
pub mod catalog;
pub mod character;
pub mod cli;
pub mod cluster;
pub mod config;
pub mod date;
pub mod effect;
pub mod exec;
pub mod explain;
pub mod fault;
pub mod finding;
pub mod fix;
pub mod flow;
pub mod history;
pub mod init;
pub mod ledger;
pub mod lint;
pub mod logic;
pub mod lsp;
pub mod manifest;
pub mod mend;
pub mod package;
pub mod parallel;
pub mod psql;
pub mod rehearse;
pub mod report;
pub mod rules;
pub mod silence;
pub mod source;
pub mod sources;
pub mod syntax;
pub mod verdict;
pub mod wire;
