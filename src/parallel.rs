//! Work on as many threads as the machine has processors. What comes of it never depends on
//! how many there are. A panic on any of them is the caller's: what was not done must not look
//! as if nothing came of it.

use std::cell::Cell;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::channel;
use std::sync::{Mutex, PoisonError};

/// The stack of a thread that parses or proves, in bytes: deep expressions recurse. The pages
/// are only used as they are touched.
pub const STACK: usize = 512 << 20;

/// What comes of each task, in their order, done on this thread and others.
pub fn side_by_side<'t, T: Sync, R: Send>(tasks: &'t [T], work: impl Fn(&'t T) -> Option<R> + Sync) -> Vec<R> {
    let next = AtomicUsize::new(0);
    let take = || {
        let mut done = Vec::new();
        while let Some((index, task)) = tasks.iter().enumerate().nth(next.fetch_add(1, Ordering::Relaxed)) {
            done.extend(work(task).map(|result| (index, result)));
        }
        done
    };
    in_order(|| ((), take()), take, threads().min(tasks.len())).1
}

/// Does what leads on this thread, and the tasks that it hands over, about so many, on others
/// meanwhile; returns what leads to and, in the order in which they were handed over, what comes
/// of the tasks.
pub fn meanwhile<T: Send, R: Send, L>(
    about: usize,
    work: impl Fn(T) -> R + Sync,
    lead: impl FnOnce(&dyn Fn(T)) -> L,
) -> (L, Vec<R>) {
    let (sender, receiver) = channel();
    let receiver = Mutex::new(receiver);
    let take = || {
        let mut done = Vec::new();
        loop {
            let task = receiver.lock().unwrap_or_else(PoisonError::into_inner).recv();
            // Nobody hands over any more.
            let Ok((index, task)) = task else { return done };
            done.push((index, work(task)));
        }
    };
    let first = || {
        let handed = Cell::new(0);
        let outcome = lead(&|task| {
            // There is a receiver for as long as there is this.
            drop(sender.send((handed.replace(handed.get() + 1), task)));
        });
        drop(sender);
        (outcome, take())
    };
    in_order(first, take, threads().min(about.saturating_add(1)))
}

fn threads() -> usize {
    std::thread::available_parallelism().map_or(1, usize::from)
}

/// Does `first` here and `others` on the threads beside this one. Where one cannot be started
/// there is one less.
fn in_order<L, R: Send>(
    first: impl FnOnce() -> (L, Vec<(usize, R)>),
    others: impl Fn() -> Vec<(usize, R)> + Sync,
    threads: usize,
) -> (L, Vec<R>) {
    let (outcome, mut done) = std::thread::scope(|scope| {
        let spawn = |_| std::thread::Builder::new().stack_size(STACK).spawn_scoped(scope, &others).ok();
        let started: Vec<_> = (1..threads).filter_map(spawn).collect();
        let (outcome, mut done) = first();
        for other in started {
            done.extend(other.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)));
        }
        (outcome, done)
    });
    done.sort_unstable_by_key(|(index, _)| *index);
    (outcome, done.into_iter().map(|(_, result)| result).collect())
}

#[cfg(test)]
mod tests {
    use std::panic::{AssertUnwindSafe, catch_unwind};

    use super::{meanwhile, side_by_side};

    #[test]
    fn what_comes_of_tasks_is_in_their_order() {
        let tasks: Vec<u32> = (0..1000).collect();
        let done = side_by_side(&tasks, |task| (task % 3 != 0).then_some(task * 2));
        let expected: Vec<u32> = tasks.iter().filter(|task| *task % 3 != 0).map(|task| task * 2).collect();
        assert_eq!(done, expected);
    }

    #[test]
    fn what_is_handed_over_is_done_meanwhile() {
        let (outcome, done) = meanwhile(
            4,
            |task: u32| task * 2,
            |hand| {
                (0..1000).for_each(hand);
                "it leads here"
            },
        );
        assert_eq!(outcome, "it leads here");
        assert_eq!(done, (0..1000).map(|task| task * 2).collect::<Vec<u32>>());
        assert_eq!(meanwhile(0, |()| (), |_| 7), (7, Vec::new()));
    }

    #[test]
    fn a_panic_is_the_callers() {
        let panics = |work: &dyn Fn()| assert!(catch_unwind(AssertUnwindSafe(work)).is_err());
        let check = |number: u32| {
            assert!(number < 3, "of a task");
            number
        };
        panics(&|| drop(side_by_side(&[1, 2, 3], |task| Some(check(*task)))));
        panics(&|| drop(meanwhile(1, check, |hand| (1..4).for_each(hand))));
        panics(&|| {
            let lead = |hand: &dyn Fn(u32)| {
                hand(1);
                check(3);
            };
            drop(meanwhile(1, check, lead));
        });
    }
}
