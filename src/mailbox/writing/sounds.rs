//! Sounds as they are attached to a mail.

use std::time::Duration;

use crate::line::SAMPLE_RATE;
use crate::mailbox::SpokenPart;

/// A sound as it is attached.
#[derive(Clone, Debug)]
pub struct WrittenSound {
    /// Who spoke it.
    pub from: String,
    /// Its length.
    pub length: Duration,
    /// A WAV file.
    pub wav: Vec<u8>,
}

impl WrittenSound {
    /// The sounds that lie behind each other in `samples`, each as a file that `attach` makes of it.
    pub fn split(
        parts: &[SpokenPart],
        samples: &[i16],
        attach: fn(&[i16]) -> Vec<u8>,
    ) -> Vec<WrittenSound> {
        let mut rest = samples;
        let mut sounds = Vec::new();
        for part in parts {
            let length = usize::try_from(part.samples).unwrap_or(usize::MAX);
            let (own, behind) = rest.split_at(length.min(rest.len()));
            rest = behind;
            sounds.push(WrittenSound {
                from: part.from.clone(),
                length: Duration::from_micros(
                    own.len() as u64 * 1_000_000 / u64::from(SAMPLE_RATE),
                ),
                wav: attach(own),
            });
        }
        sounds
    }
}

/// "37 seconds", "1 minute 5 seconds" (`unified-messaging` section 11.3).
pub fn length_in_words(length: Duration) -> String {
    let seconds = whole_seconds(length);
    let counted = |count: u64, one: &str| match count {
        1 => format!("1 {one}"),
        _ => format!("{count} {one}s"),
    };
    match (seconds / 60, seconds % 60) {
        (0, seconds) => counted(seconds, "second"),
        (minutes, 0) => counted(minutes, "minute"),
        (minutes, seconds) => format!(
            "{} {}",
            counted(minutes, "minute"),
            counted(seconds, "second")
        ),
    }
}

/// As X-VoiceMessageDuration and Content-Duration have it.
pub(super) fn whole_seconds(length: Duration) -> u64 {
    (length + Duration::from_millis(500)).as_secs()
}
