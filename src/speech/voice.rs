//! The door to engines that speak.

use async_trait::async_trait;

use super::SpeechFault;
use super::pool::Priority;
use crate::sound::wav;

/// Longest text of one rendering, in characters.
pub(crate) const TEXT_MAX: usize = 1_000;

/// One voice of one engine.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct VoiceInfo {
    /// `flite`, `espeak-ng`.
    pub engine: &'static str,
    /// The engine's version, as part of a cached sound's name.
    pub version: String,
    /// The engine's name of the voice.
    pub name: String,
    /// The language it speaks, in lower case: `en`, `pt-br`.
    pub language: String,
}

impl VoiceInfo {
    /// `flite/rms`, as configurations write it.
    pub fn full_name(&self) -> String {
        format!("{}/{}", self.engine, self.name)
    }
}

/// Words to sound. Dropping the future of `speak` stops the engine.
#[async_trait]
pub trait Synthesizer: Send + Sync {
    /// The voices that are installed.
    fn voices(&self) -> &[VoiceInfo];

    /// The sound of a text: samples and their rate. Resampling and level are the caller's.
    /// `rate` is the speed in hundredths of the voice's own.
    async fn speak(
        &self,
        voice: &VoiceInfo,
        text: &str,
        rate: u16,
        priority: Priority,
    ) -> Result<(Vec<i16>, u32), SpeechFault>;
}

/// What an engine may read: no control characters, and none that engines take for markup.
pub(crate) fn readable(text: &str) -> Result<String, SpeechFault> {
    let length = text.chars().count();
    if length > TEXT_MAX {
        return Err(SpeechFault::TooLong(length));
    }
    let text: String = text
        .chars()
        .map(|character| match character {
            '<' | '>' | '[' | ']' | '{' | '}' | '|' | '\\' | '`' => ' ',
            character if character.is_control() => ' ',
            character => character,
        })
        .collect();
    if text.chars().any(char::is_alphanumeric) {
        Ok(text)
    } else {
        Err(SpeechFault::Unreadable)
    }
}

/// Longest sound of one sentence or one studio recording, in seconds.
pub(crate) const SECONDS_MAX: u64 = 600;

/// The samples and the rate of what an engine wrote, if that can be `text`.
pub(crate) fn spoken(
    engine: &'static str,
    text: &str,
    file: &[u8],
) -> Result<(Vec<i16>, u32), SpeechFault> {
    let sound =
        wav::read(file, SECONDS_MAX).map_err(|fault| SpeechFault::Sound(fault.to_string()))?;
    plausible(engine, text, &sound.samples, sound.rate)?;
    Ok((sound.samples, sound.rate))
}

/// Refuses sound that is too short or too quiet to be `text`: an engine that cannot read a script
/// makes a little nothing and says that all is well.
fn plausible(
    engine: &'static str,
    text: &str,
    samples: &[i16],
    rate: u32,
) -> Result<(), SpeechFault> {
    let characters = text.chars().filter(|c| c.is_alphanumeric()).count();
    let loud = samples.iter().filter(|sample| sample.unsigned_abs() > 100);
    let loud_millis = loud.count() as u64 * 1_000 / u64::from(rate.max(1));
    // Fast speech has about 50 ms a character, of which half are loud samples.
    let least = (characters as u64 * 8).clamp(40, 4_000);
    if loud_millis < least {
        return Err(SpeechFault::Implausible {
            engine,
            millis: loud_millis,
            characters,
        });
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_stripped_and_bounded() {
        assert_eq!(readable("a\u{1b}b<c>[[d").unwrap(), "a b c   d");
        assert!(matches!(readable("...\n"), Err(SpeechFault::Unreadable)));
        assert!(matches!(
            readable(&"a".repeat(1_001)),
            Err(SpeechFault::TooLong(1_001))
        ));
    }

    #[test]
    fn a_little_nothing_is_not_a_sentence() {
        let nothing = vec![3_i16; 3_680];
        assert!(plausible("test", "Hello there", &nothing, 16_000).is_err());
        let blip: Vec<i16> = (0..1_600)
            .map(|n| if n % 2 == 0 { 5_000 } else { -5_000 })
            .collect();
        assert!(
            plausible(
                "test",
                "A whole sentence with many words in it.",
                &blip,
                16_000
            )
            .is_err()
        );
        assert!(plausible("test", "Yes.", &blip, 16_000).is_ok());
    }
}
