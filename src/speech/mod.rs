//! Words to sound and sound to words along a line.
//!
//! Voices are programs that an operator installs: flite for English, espeak-ng for other languages
//! (GPL, so it is run and never linked). What they said is kept, so that a prompt is spoken once.

mod child;
mod espeak;
mod flite;
pub mod level;
mod pool;
mod prompt_cache;
pub mod recognizer;
mod relay;
mod room;
mod settings;
mod voice;

pub use pool::Priority;
pub use recognizer::{Abilities, Heard, Recognizer, ScriptedRecognizer, SoundSource};
pub use room::SpeechRoom;
pub use settings::SpeechConfig;
pub use voice::{Synthesizer, VoiceInfo};

use std::path::PathBuf;

/// Why something could not be spoken or heard.
#[derive(Debug, thiserror::Error)]
pub enum SpeechFault {
    /// No program that speaks is installed.
    #[error(
        "no voice was found: {flite}; {espeak}; install the Debian package flite (English) or \
         espeak-ng (other languages), for example: apt-get install flite"
    )]
    NoVoice {
        /// What is wrong with the program looked for.
        flite: Box<SpeechFault>,
        /// With the other one.
        espeak: Box<SpeechFault>,
    },
    /// A program of voices ran and named none.
    #[error("{program} has no voices")]
    NoVoices {
        /// Which program.
        program: String,
    },
    /// The configuration names a voice that is not there.
    #[error("voice {voice} is not installed; {cure}")]
    UnknownVoice {
        /// As configured.
        voice: String,
        /// What to do about it.
        cure: String,
    },
    /// No voice speaks this language.
    #[error("no voice speaks {0}; install the Debian package espeak-ng")]
    NoVoiceFor(String),
    /// The text is longer than one sentence may be.
    #[error("a sentence of {0} characters is longer than {max}", max = voice::TEXT_MAX)]
    TooLong(usize),
    /// There is nothing in the text that the voice can read.
    #[error("the voice can read nothing in this text")]
    Unreadable,
    /// The sound is too short or too quiet to be the text.
    #[error("{engine} made only {millis} ms of sound for {characters} characters")]
    Implausible {
        /// Which engine.
        engine: &'static str,
        /// How much it made.
        millis: u64,
        /// Of how much text.
        characters: usize,
    },
    /// There is no such program.
    #[error("{program} is not installed")]
    NotInstalled {
        /// Which program.
        program: String,
    },
    /// The program failed.
    #[error("{program}: {what}")]
    Child {
        /// Which program.
        program: String,
        /// What happened to it.
        what: String,
    },
    /// More is waiting to be spoken than could be spoken in time.
    #[error("too many sentences are waiting for a voice")]
    Busy,
    /// Sound that cannot be read.
    #[error("sound cannot be read: {0}")]
    Sound(String),
    /// A folder or file of ours.
    #[error("{path}: {source}")]
    File {
        /// Which.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
}
