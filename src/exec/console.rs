//! Where output goes: standard output, standard error, the file of `-o` and that of `-L`.

use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::os::fd::AsFd;
use std::sync::Arc;

use super::interrupt::Interrupt;

/// The outputs of a session.
pub(super) struct Console {
    stdout: Box<dyn Write>,
    stderr: Box<dyn Write>,
    /// The file of `-o`.
    output: Option<BufWriter<File>>,
    /// The file of `-L`.
    pub(super) log: Option<File>,
    /// What went wrong with standard output first.
    broken: Option<io::Error>,
    interrupt: Arc<Interrupt>,
}

impl std::fmt::Debug for Console {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Console").field("output", &self.output).finish_non_exhaustive()
    }
}

impl Console {
    /// The outputs of the process. A reader that goes away is told to `interrupt`.
    pub(super) fn of_process(interrupt: Arc<Interrupt>) -> Self {
        // A descriptor of our own: the standard library's would be written to line by line.
        let stdout: Box<dyn Write> = match io::stdout().as_fd().try_clone_to_owned() {
            Ok(descriptor) => Box::new(BufWriter::with_capacity(1 << 16, File::from(descriptor))),
            Err(_) => Box::new(io::sink()),
        };
        Self { stdout, stderr: Box::new(io::stderr()), output: None, log: None, broken: None, interrupt }
    }

    /// Sends results to a file from here on.
    pub(super) fn redirect(&mut self, file: File) {
        self.output = Some(BufWriter::with_capacity(1 << 16, file));
    }

    /// Writes to standard output.
    pub(super) fn out(&mut self, bytes: &[u8]) {
        if let Err(error) = self.stdout.write_all(bytes) {
            self.break_off(error);
        }
    }

    /// Writes a line to standard output.
    pub(super) fn line(&mut self, bytes: &[u8]) {
        self.out(bytes);
        self.out(b"\n");
    }

    /// Flushes standard output.
    pub(super) fn flush(&mut self) {
        if let Err(error) = self.stdout.flush() {
            self.break_off(error);
        }
    }

    /// Writes where results go.
    pub(super) fn result(&mut self, bytes: &[u8]) {
        match &mut self.output {
            Some(output) => {
                if let Err(error) = output.write_all(bytes) {
                    self.broken.get_or_insert(error);
                }
            }
            None => self.out(bytes),
        }
    }

    /// Flushes that; whatever has gone wrong with it since the last time.
    pub(super) fn flush_result(&mut self) -> Result<(), io::Error> {
        match &mut self.output {
            Some(output) => {
                if let Err(error) = output.flush() {
                    self.broken.get_or_insert(error);
                }
            }
            None => self.flush(),
        }
        self.broken.take().map_or(Ok(()), Err)
    }

    /// Writes to standard error, after all that was printed before.
    pub(super) fn error(&mut self, bytes: &[u8]) {
        self.flush();
        if let Some(output) = &mut self.output {
            let _ = output.flush();
        }
        self.complain(bytes);
    }

    /// Writes what `\warn` says.
    pub(super) fn warn(&mut self, bytes: &[u8]) {
        self.flush();
        self.complain(bytes);
    }

    fn complain(&mut self, bytes: &[u8]) {
        // Nobody is left to tell when standard error is gone.
        if self.stderr.write_all(bytes).is_err_and(|error| error.kind() == io::ErrorKind::BrokenPipe) {
            self.hang_up();
        }
    }

    /// Writes to the file of `-L`.
    pub(super) fn log(&mut self, bytes: &[u8]) {
        if let Some(log) = &mut self.log {
            let _ = log.write_all(bytes);
        }
    }

    fn break_off(&mut self, error: io::Error) {
        if error.kind() == io::ErrorKind::BrokenPipe {
            self.hang_up();
        }
        self.broken.get_or_insert(error);
    }

    /// A reader has gone away.
    fn hang_up(&self) {
        if !self.interrupt.hang_up() {
            // Runtimes ignore this signal; psql dies of it.
            let _ = signal_hook::low_level::emulate_default_handler(signal_hook::consts::SIGPIPE);
        }
    }
}

/// What the system calls an error.
pub(super) fn reason(error: &io::Error) -> String {
    let text = error.to_string();
    match text.find(" (os error ") {
        Some(at) => text.get(..at).unwrap_or_default().to_owned(),
        None => text,
    }
}
