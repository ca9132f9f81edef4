//! Transcripts of calls in a file: one JSON object for everything that was said and pressed.

use std::io;
use std::path::Path;
use std::sync::Arc;

use serde::Serialize;

use super::json_lines::JsonLines;
use crate::policy::clock::WallClock;
use crate::transcript::{Event, Witness};

/// Writes every call's events to a file.
pub struct TranscriptFile {
    lines: JsonLines,
    clock: Arc<dyn WallClock>,
}

#[derive(Serialize)]
struct Line<'a> {
    time: String,
    call: &'a str,
    #[serde(flatten)]
    event: &'a Event,
}

impl TranscriptFile {
    /// Appends to `path`. Times are those of `clock`, the one that callers hear.
    ///
    /// # Errors
    /// When the file cannot be opened.
    pub fn open(path: &Path, clock: Arc<dyn WallClock>) -> io::Result<TranscriptFile> {
        Ok(TranscriptFile {
            lines: JsonLines::open(path)?,
            clock,
        })
    }

    /// Opens the file anew, for log rotation.
    pub fn reopen(&self) {
        self.lines.reopen();
    }

    /// How many events were lost because the disk was too slow.
    pub fn dropped(&self) -> u64 {
        self.lines.dropped()
    }
}

impl Witness for TranscriptFile {
    fn note(&self, call: &str, event: Event) {
        if event.is_passing() {
            return;
        }
        self.lines.append(&Line {
            time: self
                .clock
                .now()
                .strftime("%Y-%m-%dT%H:%M:%S%.3fZ")
                .to_string(),
            call,
            event: &event,
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::transcript::{Pressed, Transcript};

    struct Noon;
    impl WallClock for Noon {
        fn now(&self) -> jiff::Timestamp {
            "2026-11-23T12:00:00.25Z".parse().unwrap()
        }
    }

    #[test]
    fn each_event_is_a_line_with_time_and_call() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("calls.jsonl");
        let file = Arc::new(TranscriptFile::open(&path, Arc::new(Noon)).unwrap());
        let transcript = Transcript::new("abc@phone", Arc::new([file.clone() as Arc<dyn Witness>]));
        transcript.note(Event::Says {
            prompt: "welcome".to_owned(),
            text: "Welcome.".to_owned(),
        });
        transcript.note(Event::FallsSilent);
        transcript.note(Event::Key {
            key: Pressed::Secret,
        });
        drop(transcript);
        assert_eq!(file.dropped(), 0);
        drop(file);
        let written = std::fs::read_to_string(path).unwrap();
        assert_eq!(
            written.lines().collect::<Vec<_>>(),
            [
                r#"{"time":"2026-11-23T12:00:00.250Z","call":"abc@phone","event":"says","prompt":"welcome","text":"Welcome."}"#,
                r#"{"time":"2026-11-23T12:00:00.250Z","call":"abc@phone","event":"key","key":"secret"}"#,
            ]
        );
    }
}
