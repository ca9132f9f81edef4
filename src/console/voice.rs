//! A recording as a console makes it: a voice is a typed tone or a file, and the rest is silence.

use std::collections::VecDeque;
use std::time::Duration;

use tokio::time::Instant;

use super::typed::Speech;
use crate::line::{RecordingLimits, SAMPLE_RATE, Tape};
use crate::sound::{resample, wav};

/// The longest WAV file that is spoken, in seconds.
const SPEECH_SECONDS_MAX: u64 = 3_600;
/// The tone that stands for a voice, in hertz, and how loud it is.
const VOICE: (f64, f64) = (220.0, 6_000.0);

/// A recording under way.
pub(super) struct Recording {
    pub(super) tape: Tape,
    pub(super) limits: RecordingLimits,
    pub(super) since: Instant,
    /// When the voice was heard last, or the recording began.
    pub(super) quiet_since: Instant,
    pub(super) written: u64,
    /// Samples up to the end of the last speech, and how many of them were speech.
    pub(super) keep: u64,
    pub(super) voiced: u64,
}

/// What is being said into a recording.
pub(super) struct Voice {
    pub(super) samples: VecDeque<i16>,
    pub(super) next_piece: Instant,
}

impl Recording {
    pub(super) fn hear(&mut self, speech: &[i16], now: Instant) {
        self.tape.writer.write(speech);
        self.written += speech.len() as u64;
        self.voiced += speech.len() as u64;
        self.keep = self.written;
        self.quiet_since = now;
    }

    pub(super) fn hear_silence(&mut self, now: Instant) {
        let passed = samples_in(now.saturating_duration_since(self.since));
        let silent = passed.saturating_sub(self.written);
        self.tape.writer.write(&vec![0; silent as usize]);
        self.written += silent;
    }
}

/// What stands for this speech.
pub(super) fn samples_of(speech: &Speech) -> Result<Vec<i16>, String> {
    match speech {
        Speech::Lasting(length) => Ok((0..samples_in(*length))
            .map(|sample| {
                let turn = std::f64::consts::TAU * VOICE.0 * sample as f64;
                (VOICE.1 * (turn / f64::from(SAMPLE_RATE)).sin()) as i16
            })
            .collect()),
        Speech::File(path) => {
            let named = |problem: &dyn std::fmt::Display| format!("{}: {problem}", path.display());
            let bytes = std::fs::read(path).map_err(|error| named(&error))?;
            let sound = wav::read(&bytes, SPEECH_SECONDS_MAX).map_err(|fault| named(&fault))?;
            let samples = resample::to_line_rate(&sound.samples, sound.rate);
            Ok(samples.into_iter().map(|sample| sample as i16).collect())
        }
    }
}

pub(super) fn samples_in(length: Duration) -> u64 {
    (length.as_micros() * u128::from(SAMPLE_RATE) / 1_000_000) as u64
}

pub(super) fn duration(samples: u64) -> Duration {
    Duration::from_micros(samples * 1_000_000 / u64::from(SAMPLE_RATE))
}
