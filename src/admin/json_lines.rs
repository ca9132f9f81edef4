//! Files with one JSON object a line, written by a thread of their own, so that no call ever waits
//! for this disk.

use std::fs::{File, OpenOptions};
use std::io::{self, BufWriter, Write};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use std::thread::JoinHandle;
use std::time::Duration;

use serde::Serialize;

/// How many lines may wait for the disk; more are dropped and counted.
const QUEUE: usize = 8_192;

/// So long lines are gathered after those at hand are written: when calls end all the time, to be woken for each
/// costs more than to write it.
const BREATH: Duration = Duration::from_millis(50);

enum Job {
    Line(String),
    Reopen,
    Close,
}

/// A file that grows by one JSON object a line.
pub struct JsonLines {
    jobs: SyncSender<Job>,
    dropped: Arc<AtomicU64>,
    writer: Option<JoinHandle<()>>,
}

impl JsonLines {
    /// Opens `path` for appending, with the folder it lies in.
    ///
    /// # Errors
    /// When the file cannot be opened.
    pub fn open(path: &Path) -> io::Result<JsonLines> {
        if let Some(folder) = path
            .parent()
            .filter(|folder| !folder.as_os_str().is_empty())
        {
            std::fs::create_dir_all(folder)?;
        }
        let file = append_to(path)?;
        let (jobs, waiting) = sync_channel(QUEUE);
        let dropped = Arc::new(AtomicU64::new(0));
        let (path, lost) = (path.to_owned(), dropped.clone());
        let writer = std::thread::Builder::new()
            .name("json-lines".to_owned())
            .spawn(move || write_all(&path, file, &waiting, &lost))?;
        Ok(JsonLines {
            jobs,
            dropped,
            writer: Some(writer),
        })
    }

    /// Appends one object; never waits.
    pub fn append(&self, object: &impl Serialize) {
        let line = match serde_json::to_string(object) {
            Ok(line) => line,
            Err(error) => {
                tracing::error!("cannot be written as JSON: {error}");
                return;
            }
        };
        match self.jobs.try_send(Job::Line(line)) {
            Ok(()) => {}
            Err(TrySendError::Full(_) | TrySendError::Disconnected(_)) => {
                self.dropped.fetch_add(1, Ordering::Relaxed);
            }
        }
    }

    /// Opens the file anew under the same name, for log rotation.
    pub fn reopen(&self) {
        let _ = self.jobs.try_send(Job::Reopen);
    }

    /// How many lines were lost because the disk was too slow or full.
    pub fn dropped(&self) -> u64 {
        self.dropped.load(Ordering::Relaxed)
    }
}

impl Drop for JsonLines {
    fn drop(&mut self) {
        // What waits is written first; the thread ends even when the file fails.
        if self.jobs.send(Job::Close).is_ok()
            && let Some(writer) = self.writer.take()
        {
            let _ = writer.join();
        }
    }
}

fn append_to(path: &Path) -> io::Result<BufWriter<File>> {
    let mut options = OpenOptions::new();
    options.create(true).append(true);
    #[cfg(unix)]
    {
        // Who called whom is nobody else's business.
        use std::os::unix::fs::OpenOptionsExt;
        options.mode(0o600);
    }
    options.open(path).map(BufWriter::new)
}

#[expect(
    clippy::disallowed_methods,
    reason = "the thread is ours alone: nobody waits on it"
)]
fn write_all(path: &Path, mut file: BufWriter<File>, jobs: &Receiver<Job>, lost: &AtomicU64) {
    while let Ok(first) = jobs.recv() {
        let mut next = Some(first);
        while let Some(job) = next {
            match job {
                Job::Line(line) => {
                    if let Err(error) = writeln!(file, "{line}") {
                        lost.fetch_add(1, Ordering::Relaxed);
                        tracing::error!("{}: {error}", path.display());
                    }
                }
                Job::Reopen => match append_to(path) {
                    Ok(fresh) => {
                        let _ = file.flush();
                        file = fresh;
                    }
                    Err(error) => tracing::error!("{}: {error}", path.display()),
                },
                Job::Close => {
                    let _ = file.flush();
                    return;
                }
            }
            next = jobs.try_recv().ok();
        }
        // Readers follow the file: whatever is at hand goes out together, at once.
        if let Err(error) = file.flush() {
            tracing::error!("{}: {error}", path.display());
        }
        std::thread::sleep(BREATH);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_appended_and_survive_a_rotation() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("deeper/lines.jsonl");
        let lines = JsonLines::open(&path).unwrap();
        lines.append(&serde_json::json!({"n": 1}));
        // Renamed while open: the line above goes to whichever the file is called by then.
        while std::fs::read_to_string(&path).unwrap().is_empty() {
            std::thread::yield_now();
        }
        let old = folder.path().join("old.jsonl");
        std::fs::rename(&path, &old).unwrap();
        lines.reopen();
        lines.append(&serde_json::json!({"n": 2, "text": "two\nlines"}));
        drop(lines);
        assert_eq!(std::fs::read_to_string(old).unwrap(), "{\"n\":1}\n");
        assert_eq!(
            std::fs::read_to_string(&path).unwrap(),
            "{\"n\":2,\"text\":\"two\\nlines\"}\n"
        );
        let lines = JsonLines::open(&path).unwrap();
        lines.append(&serde_json::json!({"n": 3}));
        assert_eq!(lines.dropped(), 0);
        drop(lines);
        assert_eq!(std::fs::read_to_string(&path).unwrap().lines().count(), 2);
    }

    #[test]
    fn an_impossible_place_is_refused_at_once() {
        let folder = tempfile::tempdir().unwrap();
        assert!(JsonLines::open(folder.path()).is_err());
    }
}
