//! What a caller hears and may press or say, per locale: prompts, numbers, dates, phrases and key
//! layouts, all of it data in `prompts/` and `grammars/`.
//!
//! Files are read at start-up; afterwards everything here is pure. No code branches on a locale:
//! plurals and word order live in `.ftl`, number words in `numbers.toml`.

mod assets;
mod brief;
mod catalogue;
pub mod check;
mod detect;
pub mod key_card;
pub mod key_layout;
pub mod phrases;
pub mod prompts;
pub mod readable;
pub mod reading;
pub mod recording_script;
mod sentences;
pub mod spoken_date;
pub mod spoken_number;

pub use assets::{Assets, StudioRecording};
pub use check::{
    ChoiceOutline, Findings, MenuOutline, Words, check, check_layout, check_recordings,
};
pub use detect::detect;
pub use key_card::KeyCard;
pub use key_layout::KeyLayout;
pub use phrases::Phrases;
pub use prompts::{PromptFault, Prompts, Style, Value};
pub use readable::{Readable, readable, readable_line};
pub use reading::Reading;
pub use recording_script::RecordingScript;
pub use spoken_date::ClockFormat;

use std::path::PathBuf;

/// Why files of words could not be used. Every text names the file, the entry and the cure.
#[derive(Debug, thiserror::Error)]
pub enum LanguageFault {
    /// A file or folder could not be read.
    #[error("{path}: {source}; check that it exists and may be read")]
    Unreadable {
        /// Which one.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// A file was read but does not say what it must.
    #[error("{file}: {entry}: {what}; {cure}")]
    Wrong {
        /// The file, as `prompts/en-US/everywhere.ftl`.
        file: String,
        /// The message, key or choice.
        entry: String,
        /// What is wrong with it.
        what: String,
        /// What to do about it.
        cure: String,
    },
}

impl LanguageFault {
    pub(crate) fn wrong(
        file: impl Into<String>,
        entry: impl Into<String>,
        what: impl Into<String>,
        cure: impl Into<String>,
    ) -> LanguageFault {
        LanguageFault::Wrong {
            file: file.into(),
            entry: entry.into(),
            what: what.into(),
            cure: cure.into(),
        }
    }
}
