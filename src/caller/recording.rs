//! Recording the caller.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use super::{Caller, Leave, Next, Talk, now};
use crate::line::{
    Key, LineCommand, LineEvent, RecordingLimits, SAMPLE_RATE, Take, TakeEnd, Tape, TapeId,
    TapeWriter,
};
use crate::transcript::Event;

/// A recorder that says nothing for so long after its limit, or after it was told to stop, is gone.
const RECORDER_LONGEST: Duration = Duration::from_secs(10);

impl Caller {
    /// Records until `#`, silence, the limit, or the end of the call; other keys mean nothing. When
    /// the caller hangs up, what was recorded is still handed over: only the next word fails.
    pub async fn record(&mut self, tape: Tape, limits: RecordingLimits) -> Talk<Take> {
        self.settle();
        // Keys pressed before the tone cannot have been meant to end what comes after it.
        self.unused_keys += self.typed_ahead.clear();
        self.check()?;
        self.started = None;
        self.stop_talking().await?;
        let id = tape.id.clone();
        let written = Arc::new(AtomicU64::new(0));
        let tape = Tape {
            id: tape.id,
            writer: Box::new(Counted {
                writer: tape.writer,
                written: Arc::clone(&written),
            }),
        };
        self.command(LineCommand::Record(tape, Box::new(limits)))
            .await?;
        self.note_asked_for("after-tone");
        self.records = true;
        let take = self.recorded(limits).await;
        self.records = false;
        let take = take.unwrap_or_else(|| lost(id, written.load(Ordering::Relaxed)));
        self.note_unused_keys();
        self.transcript.note(Event::Records {
            seconds: take.length().as_secs_f64(),
        });
        Ok(take)
    }

    async fn recorded(&mut self, limits: RecordingLimits) -> Option<Take> {
        let mut until = now() + limits.longest + RECORDER_LONGEST;
        let mut stopped = false;
        loop {
            match self.next(Some(until)).await {
                Next::Event(LineEvent::RecordEnded(take)) => return Some(*take),
                Next::Event(LineEvent::Key(Key::POUND)) if !stopped => {
                    self.note_key(Key::POUND);
                    stopped = true;
                    until = now() + RECORDER_LONGEST;
                    let _: Result<(), Leave> = self.command(LineCommand::StopRecording).await;
                }
                Next::Event(LineEvent::Key(_)) => self.unused_keys += 1,
                Next::Event(_) => {}
                Next::TimeUp | Next::Over => return None,
            }
        }
    }
}

/// Counts what was written, for the day the recorder cannot tell any more.
struct Counted {
    writer: Box<dyn TapeWriter>,
    written: Arc<AtomicU64>,
}

impl TapeWriter for Counted {
    fn write(&mut self, samples: &[i16]) {
        self.written
            .fetch_add(samples.len() as u64, Ordering::Relaxed);
        self.writer.write(samples);
    }
}

/// The take of a recorder that went away without a word: all that was written.
fn lost(tape: TapeId, samples: u64) -> Take {
    Take {
        tape,
        keep_samples: samples,
        voiced: Duration::from_secs(samples / u64::from(SAMPLE_RATE)),
        end: TakeEnd::HungUp,
    }
}
