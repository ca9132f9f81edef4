//! The door to engines that hear. No engine stands behind it yet, so nothing spoken is offered to
//! callers; a scripted one lets conversations be tried with words.

use std::collections::VecDeque;
use std::sync::Mutex;
use std::time::Duration;

use async_trait::async_trait;
use tokio::sync::mpsc;

use super::SpeechFault;
use crate::line::{Candidate, Grammar, Hypothesis, Locale, Sure};

/// Frames of what the caller says, at [`crate::line::SAMPLE_RATE`]; it ends with the call.
pub type SoundSource = mpsc::Receiver<Box<[i16]>>;

/// What an engine can do.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Abilities {
    /// The languages it hears.
    pub locales: Vec<Locale>,
    /// How many phrases one question may have.
    pub phrases_max: usize,
}

/// What came of listening.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Heard {
    /// Nobody spoke.
    Nothing,
    /// Somebody spoke, but none of the phrases.
    NoMatch,
    /// At most five candidates, best first.
    Choices(Vec<Candidate>),
}

impl Heard {
    /// As a conversation learns of it; silence is not told, its own patience sees to that.
    pub fn hypothesis(self) -> Option<Hypothesis> {
        match self {
            Heard::Nothing => None,
            Heard::NoMatch => Some(Hypothesis::default()),
            Heard::Choices(mut candidates) => {
                candidates.truncate(5);
                Some(Hypothesis { candidates })
            }
        }
    }
}

/// Sound to words for one question. Dropping the future of `listen` ends it.
#[async_trait]
pub trait Recognizer: Send + Sync {
    /// What it can do; nothing spoken is offered beyond it.
    fn abilities(&self) -> Abilities;

    /// Listens for one of the phrases; an engine keeps what it compiled from a grammar by content.
    /// It ends when something was said, or after `longest`.
    async fn listen(
        &self,
        grammar: &Grammar,
        sound: &mut SoundSource,
        longest: Duration,
    ) -> Result<Heard, SpeechFault>;
}

/// Hears what a test wants it to hear: one utterance for each question.
#[derive(Debug, Default)]
pub struct ScriptedRecognizer {
    locales: Vec<Locale>,
    utterances: Mutex<VecDeque<(String, Sure)>>,
}

impl ScriptedRecognizer {
    /// One that will hear these utterances, one after the other, as surely as told.
    pub fn new(locale: Locale, utterances: &[(&str, Sure)]) -> ScriptedRecognizer {
        ScriptedRecognizer {
            locales: vec![locale],
            utterances: Mutex::new(
                utterances
                    .iter()
                    .map(|(words, sure)| ((*words).to_owned(), *sure))
                    .collect(),
            ),
        }
    }
}

#[async_trait]
impl Recognizer for ScriptedRecognizer {
    fn abilities(&self) -> Abilities {
        Abilities {
            locales: self.locales.clone(),
            phrases_max: usize::MAX,
        }
    }

    async fn listen(
        &self,
        grammar: &Grammar,
        _sound: &mut SoundSource,
        longest: Duration,
    ) -> Result<Heard, SpeechFault> {
        let next = self
            .utterances
            .lock()
            .unwrap_or_else(|poisoned| poisoned.into_inner())
            .pop_front();
        let Some((words, sure)) = next else {
            tokio::time::sleep(longest).await;
            return Ok(Heard::Nothing);
        };
        let candidates: Vec<Candidate> = grammar
            .phrases
            .iter()
            .filter(|(_, phrases)| phrases.iter().any(|phrase| *phrase == words.to_lowercase()))
            .map(|(choice, _)| Candidate {
                choice: choice.clone(),
                words: words.clone(),
                sure,
            })
            .collect();
        Ok(if candidates.is_empty() {
            Heard::NoMatch
        } else {
            Heard::Choices(candidates)
        })
    }
}
