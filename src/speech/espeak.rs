//! Every other language, by espeak-ng. It is under the GPL, so it is run as a program and never
//! linked. Its WAV streams, with placeholders for lengths.

use std::path::{Path, PathBuf};

use async_trait::async_trait;

use super::voice::{Synthesizer, VoiceInfo, readable, spoken};
use super::{Priority, SpeechFault, child, flite};

const ENGINE: &str = "espeak-ng";
/// Words a minute at normal rate: a little under its own 175, for the telephone.
const WORDS_PER_MINUTE: u32 = 160;

pub(super) struct Espeak {
    program: PathBuf,
    voices: Vec<VoiceInfo>,
}

impl Espeak {
    /// Asks the program for its voices.
    pub(super) async fn find(program: &Path) -> Result<Espeak, SpeechFault> {
        let list = child::run(program, &["--voices"], "", Priority::First).await?;
        let version = flite::program_age(program);
        let voices: Vec<VoiceInfo> = String::from_utf8_lossy(&list)
            .lines()
            .skip(1)
            .filter_map(|line| line.split_whitespace().nth(1))
            .map(|language| VoiceInfo {
                engine: ENGINE,
                version: version.clone(),
                name: language.to_lowercase(),
                language: language.to_lowercase(),
            })
            .collect();
        if voices.is_empty() {
            return Err(SpeechFault::NoVoices {
                program: program.display().to_string(),
            });
        }
        Ok(Espeak {
            program: program.to_path_buf(),
            voices,
        })
    }
}

#[async_trait]
impl Synthesizer for Espeak {
    fn voices(&self) -> &[VoiceInfo] {
        &self.voices
    }

    async fn speak(
        &self,
        voice: &VoiceInfo,
        text: &str,
        rate: u16,
        priority: Priority,
    ) -> Result<(Vec<i16>, u32), SpeechFault> {
        let text = readable(text)?;
        let speed = (WORDS_PER_MINUTE * u32::from(rate) / 100)
            .clamp(80, 400)
            .to_string();
        let arguments = [
            "-v",
            &voice.name,
            "-s",
            &speed,
            "-b",
            "1",
            "--stdin",
            "--stdout",
        ];
        let bytes = child::run(&self.program, &arguments, &text, priority).await?;
        spoken(ENGINE, &text, &bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn german_is_spoken() {
        let espeak = match Espeak::find(Path::new("espeak-ng")).await {
            Err(fault @ SpeechFault::NotInstalled { .. }) => {
                eprintln!("SKIPPED: {fault} (apt-get install espeak-ng)");
                return;
            }
            found => found.unwrap(),
        };
        let voice = espeak
            .voices()
            .iter()
            .find(|voice| voice.language == "de")
            .unwrap();
        let text = "Sie haben drei neue Nachrichten.";
        let (samples, rate) = espeak
            .speak(voice, text, 100, Priority::First)
            .await
            .unwrap();
        let seconds = samples.len() as f32 / rate as f32;
        assert!((1.0..4.0).contains(&seconds), "{seconds} s");
    }
}
