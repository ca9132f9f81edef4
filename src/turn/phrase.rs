//! Answers by voice: accepted, confirmed first, or not understood.

use std::time::Instant;

use super::menu::{YES_NO, YesNo};
use super::{
    Announced, DID_YOU_SAY, KEYS_ONLY, KeySequence, NOT_UNDERSTOOD, NOT_UNDERSTOOD_AGAIN, OPTIONS,
    Phase, Step, Turn,
};
use crate::line::{Hypothesis, Key, Sure};

/// What the caller may have said, and what he certainly has not.
#[derive(Clone, Debug, Default)]
pub(super) struct Doubts {
    /// The choice asked about and the words heard for it.
    asked: Option<(String, String)>,
    /// What to ask about when the answer is no: the next best, once.
    next: Option<(String, String)>,
    /// Choices the caller has said no to.
    rejected: Vec<String>,
    /// Utterances not understood in this question.
    misheard: u8,
    keys_only: bool,
    /// The keys for yes and for no.
    yes: Option<KeySequence>,
    no: Option<KeySequence>,
}

impl Doubts {
    pub(super) fn words(&self) -> Option<&str> {
        self.asked.as_ref().map(|(_, words)| words.as_str())
    }

    pub(super) fn keys_only(&self) -> bool {
        self.keys_only
    }

    pub(super) fn forget(&mut self) {
        self.asked = None;
        self.next = None;
    }

    pub(super) fn answered_by(&mut self, yes: Option<KeySequence>, no: Option<KeySequence>) {
        self.yes = yes;
        self.no = no;
    }

    /// What this key says about the doubt, if it says anything.
    pub(super) fn take_key(&self, key: Key) -> Option<YesNo> {
        self.asked.as_ref()?;
        let is = |keys: Option<KeySequence>| keys.is_some_and(|keys| keys.keys() == [key]);
        if is(self.yes) {
            Some(YesNo::Yes)
        } else if is(self.no) {
            Some(YesNo::No)
        } else {
            None
        }
    }

    fn take_words(&self, choice: &str) -> Option<YesNo> {
        self.asked.as_ref()?;
        let entry = YES_NO.entries.iter().find(|entry| entry.name == choice)?;
        Some(entry.choice)
    }
}

impl<C: Copy> Turn<C> {
    /// The caller began to speak: our words stop for it, a message goes on.
    pub(super) fn on_speech(&mut self, now: Instant) -> Step<C> {
        if !self.keys.is_empty() || self.doubts.keys_only {
            return Step::Wait;
        }
        self.speaking = true;
        self.deadline = Some(now + self.patience.utterance);
        if self.phase == Phase::Talking {
            self.phase = Phase::Listening;
            Step::StopTalking
        } else {
            Step::Wait
        }
    }

    pub(super) fn on_heard(&mut self, hypothesis: &Hypothesis) -> Step<C> {
        if !self.keys.is_empty() || self.doubts.keys_only {
            return Step::Wait; // Keys were quicker.
        }
        self.speaking = false;
        self.deadline = None;
        let first = hypothesis.candidates.first();
        if let Some(answer) = first.and_then(|said| self.doubts.take_words(&said.choice)) {
            return self.on_confirmation(answer);
        }
        self.keys_mean_playing = self.phase == Phase::Playing;
        let mut open = hypothesis
            .candidates
            .iter()
            .filter(|said| self.spoken_choice(&said.choice).is_some());
        let Some(best) = open.next() else {
            return self.not_understood();
        };
        let Some(index) = self.spoken_choice(&best.choice) else {
            return self.not_understood();
        };
        match best.sure {
            Sure::Accept => {
                self.doubts.forget();
                self.request(index)
            }
            // To ask back would end what plays; rewinding it is not worth that.
            Sure::Confirm if self.choices[index].steers => Step::Wait,
            Sure::Confirm => {
                let next = open
                    .next()
                    .map(|said| (said.choice.clone(), said.words.clone()));
                self.doubts.asked = Some((best.choice.clone(), best.words.clone()));
                self.doubts.next = next;
                self.say(DID_YOU_SAY, Announced::Nothing)
            }
        }
    }

    pub(super) fn on_confirmation(&mut self, answer: YesNo) -> Step<C> {
        self.deadline = None;
        let Some((choice, _)) = self.doubts.asked.take() else {
            return Step::Wait;
        };
        match (answer, self.spoken_choice(&choice)) {
            (YesNo::Yes, Some(index)) => {
                self.doubts.forget();
                self.request(index)
            }
            (YesNo::Yes, None) => self.not_understood(),
            (YesNo::No, _) => {
                self.doubts.rejected.push(choice);
                self.doubts.asked = self.doubts.next.take();
                if self.doubts.asked.is_some() {
                    self.say(DID_YOU_SAY, Announced::Nothing)
                } else {
                    self.say(OPTIONS, Announced::First)
                }
            }
        }
    }

    /// Speech that meant nothing: said so alone, then with the options, then keys only. It is no
    /// wrong input of the caller's.
    pub(super) fn not_understood(&mut self) -> Step<C> {
        self.deadline = None;
        if self.phase == Phase::Playing {
            return Step::Wait; // People talk and cough while they listen.
        }
        self.doubts.forget();
        self.doubts.misheard = self.doubts.misheard.saturating_add(1);
        if self.doubts.misheard >= self.patience.failures_max {
            self.doubts.keys_only = true;
            return self.say(KEYS_ONLY, Announced::First);
        }
        if self.doubts.misheard == 1 {
            self.say(NOT_UNDERSTOOD, Announced::Nothing)
        } else {
            self.say(NOT_UNDERSTOOD_AGAIN, Announced::First)
        }
    }

    fn spoken_choice(&self, name: &str) -> Option<usize> {
        if self.doubts.rejected.iter().any(|rejected| rejected == name) {
            return None;
        }
        self.choices
            .iter()
            .position(|choice| choice.name == name && self.is_open(choice, self.keys_mean_playing))
    }
}
