//! What an administrator decides about voices.

use std::collections::BTreeMap;
use std::path::PathBuf;

use crate::line::{Locale, Utterance};

/// How the speech room is furnished.
#[derive(Clone, Debug)]
pub struct SpeechConfig {
    /// Where spoken prompts are kept.
    pub cache_folder: PathBuf,
    /// How much may be kept there.
    pub cache_bytes_max: u64,
    /// How much may be kept in memory.
    pub memory_bytes_max: usize,
    /// Voices by locale or language: `en-US` or `en` to `flite/slt`.
    pub voices: BTreeMap<String, String>,
    /// Speed in hundredths of the voices' own.
    pub rate: u16,
    /// How many sentences may be spoken at once; as many as cores unless set.
    pub jobs: Option<usize>,
    /// What is said instead of a sentence that no voice can read, one for each locale.
    pub unreadable: Vec<Utterance>,
    /// Studio recordings: locale, prompt, and the WAV file's bytes.
    pub recordings: Vec<(Locale, String, Vec<u8>)>,
    /// The program for English.
    pub flite: PathBuf,
    /// The program for other languages.
    pub espeak: PathBuf,
}

impl SpeechConfig {
    /// Everything at its default, with prompts kept in `cache_folder`.
    pub fn new(cache_folder: impl Into<PathBuf>) -> SpeechConfig {
        SpeechConfig {
            cache_folder: cache_folder.into(),
            cache_bytes_max: 200 * 1024 * 1024,
            memory_bytes_max: 64 * 1024 * 1024,
            voices: BTreeMap::new(),
            rate: 100,
            jobs: None,
            unreadable: Vec::new(),
            recordings: Vec::new(),
            flite: "flite".into(),
            espeak: "espeak-ng".into(),
        }
    }
}
