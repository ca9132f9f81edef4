//! Plays call stories: a call as a transcript, which is both the test and its documentation
//! (`docs/testing.md`). The conversations, the turn-taking, the mailbox, the outbox and the store are
//! the real ones; only the far end of the line is played, in virtual time.

#![allow(
    dead_code,
    unreachable_pub,
    clippy::unwrap_used,
    reason = "each test program uses a part of this, and fails where it cannot go on"
)]

pub mod appointments;
pub mod contacts;
pub mod emails;
pub mod far_end;
pub mod play;
pub mod requests;
pub mod sent;
pub mod story;
pub mod world;

use std::path::{Path, PathBuf};

/// Every story of the project, in alphabetical order.
pub fn all_stories() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/calls");
    let mut found = Vec::new();
    let mut folders = vec![folder];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(&folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path
                .extension()
                .is_some_and(|extension| extension == "call")
            {
                found.push(path);
            }
        }
    }
    found.sort();
    found
}

/// Runs `work` on a runtime of its own whose clock is paused: waiting takes no time.
pub fn in_virtual_time<T>(work: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .start_paused(true)
        .build()
        .unwrap()
        .block_on(work)
}

/// Does `work` for each of `items` on all processors; the failures, in the order of the items.
pub fn failures_of<T: Sync>(
    items: &[T],
    work: impl Fn(&T) -> Result<(), String> + Sync,
) -> Vec<String> {
    use std::panic::{AssertUnwindSafe, catch_unwind};
    use std::sync::Mutex;
    use std::sync::atomic::{AtomicUsize, Ordering};

    let next = AtomicUsize::new(0);
    let failures = Mutex::new(Vec::new());
    // More than there are processors: a story often waits for a thread that works on its database.
    let threads = 4 * std::thread::available_parallelism().map_or(2, usize::from);
    std::thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                loop {
                    let index = next.fetch_add(1, Ordering::Relaxed);
                    let Some(item) = items.get(index) else { return };
                    let result = catch_unwind(AssertUnwindSafe(|| work(item)));
                    let failure = match result {
                        Ok(Ok(())) => continue,
                        Ok(Err(failure)) => failure,
                        Err(_) => "it panicked (see above)".to_owned(),
                    };
                    failures.lock().unwrap().push((index, failure));
                }
            });
        }
    });
    let mut failures = failures.into_inner().unwrap();
    failures.sort();
    failures.into_iter().map(|(_, failure)| failure).collect()
}
