//! What the caller says, on its way to a tape.
//!
//! Sound waits 200 ms before it is written, so that the beginning of a key's tone can still be
//! taken out of it when the key becomes known. What is taken out is silent, not missing: a message
//! keeps the pace of the call. Voice, silence and steady tones are judged after that, so that a key
//! is no voice.

use std::collections::VecDeque;
use std::time::Duration;

use crate::line::{RecordingLimits, SAMPLE_RATE, Take, TakeEnd, Tape};

use super::arithmetic::mean_square;
use super::jitter_buffer::FRAME;
use super::speech_edges::SpeechEdges;
use super::steady_tone::{SteadyTone, Watch};

/// How many frames wait before they are written: 200 ms.
const WAITING: usize = 10;
/// How much is taken out before a key's start: 60 ms (some of its tone slips through before the
/// far end notices that it is a key).
pub(super) const BEFORE_KEY: i64 = 480;
/// How much is taken out after the last that was heard of a key.
pub(super) const AFTER_KEY: i64 = 320;
/// How much of the silence at the end is kept: 300 ms.
const KEPT_SILENCE: u64 = 2_400;
/// A tone after so much voice is the end of a message, not the whole of it.
const MESSAGE: u64 = SAMPLE_RATE as u64;

/// What the recorder wants after a frame.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Wish {
    /// More sound.
    More,
    /// The soft tone: the end is near.
    Warning,
    /// The recording is over.
    End(TakeEnd),
}

/// One recording under way.
#[derive(Debug)]
pub(super) struct Recorder {
    tape: Tape,
    longest: u64,
    idle: u64,
    warn_at: Option<u64>,
    /// Samples taken in, and written.
    position: u64,
    written: u64,
    waiting: VecDeque<[i16; FRAME]>,
    /// Where keys were, as positions of this recording.
    keys: Vec<(u64, u64)>,
    voiced: u64,
    voice_ended: u64,
    tone: SteadyTone,
    /// `voiced` and `voice_ended` as they were when the tone began.
    before_tone: (u64, u64),
}

impl Recorder {
    /// Begins a recording.
    pub(super) fn new(tape: Tape, limits: RecordingLimits) -> Recorder {
        let longest = samples_in(limits.longest).max(1);
        let warn_before = samples_in(limits.warn_before_end);
        Recorder {
            tape,
            longest,
            idle: samples_in(limits.idle),
            warn_at: (warn_before > 0)
                .then(|| longest.checked_sub(warn_before))
                .flatten()
                .filter(|&at| at > 0),
            position: 0,
            written: 0,
            waiting: VecDeque::with_capacity(WAITING + 1),
            keys: Vec::new(),
            voiced: 0,
            voice_ended: 0,
            tone: SteadyTone::default(),
            before_tone: (0, 0),
        }
    }

    /// Where in this recording the sound of now will be.
    pub(super) fn position(&self) -> u64 {
        self.position
    }

    /// Takes a key's tone out: `from` and `until` are positions in this recording, which may lie
    /// before its beginning or in the future.
    pub(super) fn cut_out(&mut self, from: i64, until: i64) {
        let from = (from - BEFORE_KEY).max(0) as u64;
        let until = (until + AFTER_KEY).max(0) as u64;
        match self.keys.last_mut() {
            // The packets of one key tell of it again and again.
            Some(last) if from <= last.1 && until >= last.0 => {
                *last = (last.0.min(from), last.1.max(until));
            }
            _ => self.keys.push((from, until)),
        }
    }

    /// Takes the next 20 ms.
    pub(super) fn frame(&mut self, frame: &[i16; FRAME], edges: &mut SpeechEdges) -> Wish {
        self.waiting.push_back(*frame);
        let before = self.position;
        self.position += FRAME as u64;
        if self.waiting.len() > WAITING
            && let Some(end) = self.write_next(edges)
        {
            return Wish::End(end);
        }
        if self.position >= self.longest {
            return Wish::End(TakeEnd::Limit);
        }
        match self.warn_at {
            Some(at) if before < at && at <= self.position => Wish::Warning,
            _ => Wish::More,
        }
    }

    /// Ends the recording; the tape is dropped.
    pub(super) fn finish(mut self, end: TakeEnd, edges: &mut SpeechEdges) -> Take {
        while !self.waiting.is_empty() {
            // The end is known already, whatever the last 200 ms would say.
            let _ = self.write_next(edges);
        }
        let keep_samples = self.written.min(self.voice_ended + KEPT_SILENCE);
        Take {
            tape: self.tape.id.clone(),
            keep_samples,
            voiced: Duration::from_micros(self.voiced * 1_000_000 / u64::from(SAMPLE_RATE)),
            end,
        }
    }

    fn write_next(&mut self, edges: &mut SpeechEdges) -> Option<TakeEnd> {
        let mut frame = self.waiting.pop_front()?;
        let from = self.written;
        let until = from + FRAME as u64;
        self.keys.retain(|key| key.1 > from);
        for &(key_from, key_until) in &self.keys {
            let first = key_from.clamp(from, until) - from;
            let last = key_until.clamp(from, until) - from;
            frame[first as usize..last as usize].fill(0);
        }
        let length = FRAME.min((self.longest - from.min(self.longest)) as usize);
        self.tape.writer.write(&frame[..length]);
        self.written += length as u64;
        self.judge(&frame, from, edges)
    }

    fn judge(
        &mut self,
        frame: &[i16; FRAME],
        from: u64,
        edges: &mut SpeechEdges,
    ) -> Option<TakeEnd> {
        let before = (self.voiced, self.voice_ended);
        let level = mean_square(frame);
        if edges.is_speech(frame, level) {
            self.voiced += FRAME as u64;
            self.voice_ended = from + FRAME as u64;
        }
        match self.tone.frame(frame, level) {
            Watch::Nothing | Watch::GoesOn => {}
            Watch::Began => self.before_tone = before,
            Watch::Certain => {
                (self.voiced, self.voice_ended) = self.before_tone;
                // With a message before it, the message must not be thrown away with the tone: it
                // ends as if the caller had fallen silent.
                return Some(if self.voiced < MESSAGE {
                    TakeEnd::SteadyTone
                } else {
                    TakeEnd::Silence
                });
            }
        }
        let silent = (from + FRAME as u64) - self.voice_ended;
        (silent >= self.idle).then_some(TakeEnd::Silence)
    }
}

fn samples_in(length: Duration) -> u64 {
    (length.as_micros() * u128::from(SAMPLE_RATE) / 1_000_000) as u64
}

#[cfg(test)]
mod tests;
