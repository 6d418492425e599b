//! The most memory that a program ever has.

use std::path::PathBuf;
use std::process::{Child, ExitStatus};
use std::thread;
use std::time::Duration;

/// Waits for the program to end; how it does, and the most memory that it had, in kB.
pub(crate) fn watched(mut child: Child) -> (ExitStatus, u64) {
    // Only a process that is there says how much memory it had at most.
    let status = PathBuf::from(format!("/proc/{}/status", child.id()));
    let watcher = thread::spawn(move || {
        let mut most = 0;
        loop {
            let text = std::fs::read_to_string(&status).unwrap_or_default();
            let line = text.lines().find_map(|line| line.strip_prefix("VmHWM:"));
            let Some(kilobytes) = line.and_then(|line| line.trim().trim_end_matches(" kB").parse().ok()) else {
                break;
            };
            most = most.max(kilobytes);
            thread::sleep(Duration::from_millis(1));
        }
        most
    });
    let end = child.wait().expect("it ends");
    (end, watcher.join().expect("a thread"))
}
