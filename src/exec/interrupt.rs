//! Signals: one asks the server to cancel what it does for us, and ends the script.

use std::sync::atomic::{AtomicBool, AtomicI32, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;

use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
use signal_hook::iterator::Signals;

use crate::wire::CancelHandle;

/// What the thread of signals and the session share.
#[derive(Debug, Default)]
pub(super) struct Interrupt {
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
    /// Listens to SIGINT from here on, and to SIGTERM where that is to cancel too.
    pub(super) fn listen(with_terminate: bool) -> Arc<Self> {
        let interrupt = Arc::new(Self::default());
        let signals: &[i32] = if with_terminate { &[SIGINT, SIGTERM, SIGHUP] } else { &[SIGINT] };
        if let Ok(mut signals) = Signals::new(signals) {
            let shared = Arc::clone(&interrupt);
            thread::spawn(move || {
                for signal in signals.forever() {
                    shared.press(signal);
                }
            });
        }
        interrupt
    }

    fn press(&self, signal: i32) {
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

    /// The signal that has come last; 0 if none has.
    pub(super) fn signal(&self) -> i32 {
        self.signal.load(Ordering::SeqCst)
    }
}
