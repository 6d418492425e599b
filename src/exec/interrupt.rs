//! Signals: one asks the server to cancel what it does for us, and ends the script. So does a
//! reader of standard output that has gone away.

use std::sync::atomic::{AtomicBool, AtomicI32, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

use signal_hook::consts::{SIGHUP, SIGINT, SIGPIPE, SIGTERM};
use signal_hook::iterator::Signals;

use crate::wire::CancelHandle;

/// How long the server is given before it is asked again: a request that comes before its
/// statement does nothing.
pub(super) const PATIENCE: Duration = Duration::from_millis(500);

/// What the thread of signals and the session share.
#[derive(Debug, Default)]
pub struct Interrupt {
    /// Whether every signal is heard, and the run goes to an end of its own.
    is_bound: bool,
    is_pressed: AtomicBool,
    signal: AtomicI32,
    /// What cancels the statement that runs, while one does.
    running: Mutex<Option<CancelHandle>>,
    /// Held while a cancellation is asked for and told of.
    telling: Mutex<()>,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Interrupt {
    /// What a run begins with. One that is bound to what was judged, or keeps a record, hears
    /// SIGINT, SIGTERM and SIGHUP from here on, so that it can say how it ended; another does as
    /// psql, and hears SIGINT once it is connected.
    pub fn new(is_bound: bool) -> Arc<Self> {
        let interrupt = Arc::new(Self { is_bound, ..Self::default() });
        if is_bound {
            interrupt.listen(&[SIGINT, SIGTERM, SIGHUP]);
        }
        interrupt
    }

    /// The connection is there.
    pub(super) fn connected(self: &Arc<Self>) {
        if !self.is_bound {
            self.listen(&[SIGINT]);
        }
    }

    fn listen(self: &Arc<Self>, signals: &[i32]) {
        if let Ok(mut signals) = Signals::new(signals) {
            let shared = Arc::clone(self);
            thread::spawn(move || {
                for signal in signals.forever() {
                    shared.press(signal);
                }
            });
        }
    }

    fn press(self: &Arc<Self>, signal: i32) {
        let _telling = lock(&self.telling);
        self.is_pressed.store(true, Ordering::SeqCst);
        self.signal.store(signal, Ordering::SeqCst);
        // The lock is not kept: the statement may end while the server is asked.
        let handle = lock(&self.running).clone();
        if let Some(handle) = handle {
            let text = match handle.cancel() {
                Ok(()) => b"Cancel request sent\n".to_vec(),
                Err(failure) => [b"Could not send cancel request: ", failure.text(), b"\n"].concat(),
            };
            // Nobody is left to tell when standard error is gone.
            let _ = std::io::Write::write_all(&mut std::io::stderr(), &text);
            if self.is_bound {
                let shared = Arc::clone(self);
                thread::spawn(move || {
                    loop {
                        thread::sleep(PATIENCE);
                        let Some(handle) = lock(&shared.running).clone() else { break };
                        let _ = handle.cancel();
                    }
                });
            }
        }
    }

    /// Nobody reads what is printed any more. Whether the run is to end by itself; the process is
    /// to die, as psql does, if not.
    pub(super) fn hang_up(&self) -> bool {
        if self.is_bound && !self.is_pressed.swap(true, Ordering::SeqCst) {
            self.signal.store(SIGPIPE, Ordering::SeqCst);
        }
        self.is_bound
    }

    /// Whether the run is to send nothing more.
    pub(super) fn is_over(&self) -> bool {
        self.is_bound && self.is_pressed()
    }

    /// Whether the run goes to an end of its own.
    pub(super) fn is_bound(&self) -> bool {
        self.is_bound
    }

    /// What the exit code has to be instead: that of a process which died of the signal.
    pub(super) fn code(&self, code: u8) -> u8 {
        match self.signal.load(Ordering::SeqCst) {
            signal @ (SIGTERM | SIGHUP | SIGPIPE) => 128 + u8::try_from(signal).unwrap_or(0),
            _ => code,
        }
    }

    /// Says what is running.
    pub(super) fn run(&self, handle: Option<CancelHandle>) {
        *lock(&self.running) = handle;
    }

    /// Waits until a cancellation that is being asked for has been told of.
    pub(super) fn settle(&self) {
        drop(lock(&self.telling));
    }

    /// Whether a signal has come.
    pub(super) fn is_pressed(&self) -> bool {
        self.is_pressed.load(Ordering::SeqCst)
    }
}
