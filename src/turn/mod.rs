//! One question and its answer, as a pure state machine: the [`Turn`].
//!
//! Barge-in, type-ahead, `1` against `11`, silence, misrecognition and retries race in here and
//! nowhere else. There is no clock, socket or task: `now` is an argument, and so every race is one
//! row of a table test. [`DigitEntry`] is the same for questions whose answer is digits.

pub mod entry;
pub mod key_sequence;
pub mod menu;
pub mod patience;
mod phrase;
#[cfg(test)]
mod tests;

use std::time::Instant;

pub use entry::{DigitEntry, DigitRules, Entered, SecretDigits};
pub use key_sequence::{KeySequence, Reading};
pub use menu::{Entry, Level, Menu, When};
pub use patience::Patience;
use phrase::Doubts;

use crate::line::{Key, LineEvent, PromptName};

/// Stands for the question's own words: what [`Turn::announced`] says has to be read.
pub const OPTIONS: PromptName = PromptName("options");
/// No open choice has these keys.
pub const NOT_A_CHOICE: PromptName = PromptName("not-a-choice");
/// No open choice has these keys either; the options follow.
pub const NOT_A_CHOICE_AGAIN: PromptName = PromptName("not-a-choice-again");
/// Nothing was pressed or said.
pub const STILL_THERE: PromptName = PromptName("still-there");
/// Something was said and not understood.
pub const NOT_UNDERSTOOD: PromptName = PromptName("not-understood");
/// Something was said and not understood again; the options follow.
pub const NOT_UNDERSTOOD_AGAIN: PromptName = PromptName("not-understood-again");
/// Did you say `$words`? `$yes` for yes, `$no` for no.
pub const DID_YOU_SAY: PromptName = PromptName("did-you-say");
/// Speech failed too often; keys from now on.
pub const KEYS_ONLY: PromptName = PromptName("keys-only");

/// What a turn wants done.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Step<C> {
    /// Nothing, until the next event or the deadline.
    Wait,
    /// What plays is to stop at once; then wait.
    StopTalking,
    /// This is to be said instead of what plays, followed by what [`Turn::announced`] tells.
    Say(PromptName),
    /// The answer.
    Chosen(C),
    /// There will be no answer.
    GaveUp(Why),
}

/// Why a question got no answer.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Why {
    /// Nothing was pressed or said, too often.
    Silence,
    /// Wrong keys, too often.
    InvalidInput,
    /// What was playing ended, and the question was open only so long.
    PlayingEnded,
    /// The caller hung up.
    HungUp,
}

/// Which of the options are to be read now.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Announced {
    /// None.
    Nothing,
    /// None; what was playing goes on.
    GoingOn,
    /// Those open while something plays; then it plays again from its start.
    WhilePlaying,
    /// The first ones.
    First,
    /// The second half.
    More,
    /// All of them.
    All,
}

/// What an open choice does.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Request<C> {
    /// It is the answer.
    Answer(C),
    /// The options are read again.
    Repeat,
    /// The second half of the options is read.
    More,
    /// All options are read.
    Help,
}

/// A choice that is open in this turn. Earlier ones beat later ones with the same keys or name.
#[derive(Clone, Copy, Debug)]
pub struct OpenChoice<C> {
    /// The name by which a phrase means it.
    pub name: &'static str,
    /// What it does.
    pub request: Request<C>,
    /// Its keys in the layout of this call.
    pub keys: Option<KeySequence>,
    /// When it is open.
    pub when: When,
    /// Whether what plays goes on playing when it is chosen.
    pub steers: bool,
}

/// How long a question stays open.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Persistence {
    /// Until it is answered or failures are too many.
    AskAgain,
    /// Until the first silence.
    Once,
    /// While something plays; other keys mean nothing and are no failure.
    WhilePlaying,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Phase {
    /// A message, a greeting or whatever was started before the question.
    Playing,
    /// The question has not been put yet.
    NotAsked,
    /// Our words.
    Talking,
    /// Silence of ours.
    Listening,
}

/// One question and its answer.
#[derive(Debug)]
pub struct Turn<C> {
    choices: Vec<OpenChoice<C>>,
    patience: Patience,
    persistence: Persistence,
    phase: Phase,
    announced: Announced,
    /// Keys of a sequence that may go on.
    keys: Vec<Key>,
    /// Whether the first of them went down while something played.
    keys_mean_playing: bool,
    /// Keys that were the last request.
    taken: usize,
    /// Keys behind it: the beginning of the next answer.
    unread: usize,
    failures: u8,
    /// How many of them were silences since the last key.
    silences: u8,
    /// The key that was wrong by itself just now, and until when others belong to the same mistake: the other
    /// half of `44`, or the rest of a number that was meant for another question.
    refused: Option<(Key, Instant)>,
    doubts: Doubts,
    speaking: bool,
    deadline: Option<Instant>,
}

impl<C: Copy> Turn<C> {
    /// A question with these answers, after `failures` wrong inputs in a row.
    pub fn new(choices: Vec<OpenChoice<C>>, patience: Patience, failures: u8) -> Turn<C> {
        Turn {
            choices,
            patience,
            persistence: Persistence::AskAgain,
            phase: Phase::NotAsked,
            announced: Announced::First,
            keys: Vec::new(),
            keys_mean_playing: false,
            taken: 0,
            unread: 0,
            failures,
            silences: 0,
            refused: None,
            doubts: Doubts::default(),
            speaking: false,
            deadline: None,
        }
    }

    /// The same, where these keys confirm and deny what may have been said.
    pub fn confirmed_by(mut self, yes: Option<KeySequence>, no: Option<KeySequence>) -> Turn<C> {
        self.doubts.answered_by(yes, no);
        self
    }

    /// The same, asked while something plays.
    pub fn while_playing(mut self) -> Turn<C> {
        self.phase = Phase::Playing;
        self.announced = Announced::Nothing;
        self
    }

    /// The same, open for so long.
    pub fn persisting(mut self, persistence: Persistence) -> Turn<C> {
        self.persistence = persistence;
        self
    }

    /// Puts the question, unless something plays or the answer has begun.
    pub fn begin(&mut self) -> Step<C> {
        if self.phase == Phase::NotAsked && self.keys.is_empty() {
            self.say(OPTIONS, Announced::First)
        } else {
            Step::Wait
        }
    }

    /// Takes one event of the line. `PlayEnded` must be that of what plays now.
    pub fn on(&mut self, now: Instant, event: &LineEvent) -> Step<C> {
        match event {
            LineEvent::Key(key) => self.on_key(now, *key),
            LineEvent::PlayEnded(_) => self.on_play_ended(now),
            LineEvent::SpeechStarted => self.on_speech(now),
            LineEvent::Heard(hypothesis) => self.on_heard(hypothesis),
            LineEvent::HungUp(_) => self.on_hung_up(),
            LineEvent::Began(..) | LineEvent::RecordEnded(_) | LineEvent::TransferEnded(_) => {
                Step::Wait
            }
        }
    }

    /// When [`Turn::on_deadline`] is due.
    pub fn deadline(&self) -> Option<Instant> {
        self.deadline
    }

    /// Time is up: for the second key of a sequence, for the whole answer, or for an utterance.
    pub fn on_deadline(&mut self, _now: Instant) -> Step<C> {
        self.deadline = None;
        if !self.keys.is_empty() {
            return match self.read_keys() {
                Reading::Complete(index) | Reading::CompleteOrLonger(index) => self.request(index),
                Reading::Unfinished | Reading::Nothing => self.invalid(),
            };
        }
        if self.speaking {
            self.speaking = false;
            return self.not_understood();
        }
        if self.persistence == Persistence::Once {
            return Step::GaveUp(Why::Silence);
        }
        self.failed(Why::Silence)
    }

    /// Which options follow what is said.
    pub fn announced(&self) -> Announced {
        self.announced
    }

    /// The words the caller may have said, when they have to be confirmed.
    pub fn in_doubt(&self) -> Option<&str> {
        self.doubts.words()
    }

    /// Whether speech has failed too often for this call.
    pub fn wants_keys_only(&self) -> bool {
        self.doubts.keys_only()
    }

    /// How many keys were the last request: those handed in last, before the unread ones.
    pub fn taken(&self) -> usize {
        self.taken
    }

    /// How many of the keys handed in last belong to the next question.
    pub fn unread(&self) -> usize {
        self.unread
    }

    /// Wrong inputs in a row, those before this question included.
    pub fn failures(&self) -> u8 {
        self.failures
    }

    /// Whether a sequence has begun that may go on.
    pub fn is_half_answered(&self) -> bool {
        !self.keys.is_empty()
    }

    fn on_key(&mut self, now: Instant, key: Key) -> Step<C> {
        let refused = self.refused.take();
        if let Some(answer) = self.doubts.take_key(key) {
            let step = self.on_confirmation(answer);
            self.taken = 1;
            return step;
        }
        self.doubts.forget();
        self.speaking = false;
        self.unread = 0;
        if self.keys.is_empty() {
            if refused.is_some_and(|(wrong, until)| wrong == key && now <= until) {
                // The second half of a two-key command that is not open: one mistake, not two. Nor
                // does it mean what it has come to mean since we stopped what was playing.
                self.refused = Some((key, now + self.patience.between_keys));
                return Step::Wait;
            }
            self.keys_mean_playing = self.phase == Phase::Playing;
        }
        let before = self.keys.len();
        self.keys.push(key);
        match self.read_keys() {
            Reading::Complete(index) => self.request(index),
            Reading::CompleteOrLonger(_) | Reading::Unfinished => {
                self.deadline = Some(now + self.patience.between_keys);
                self.stop_talking_for_keys()
            }
            Reading::Nothing => {
                // What was pressed before may be complete without this key: `1` `7` where `11`
                // exists is `1`, and `7` answers what comes next.
                let earlier = self.keys.split_off(before);
                match self.read_keys() {
                    Reading::Complete(index) | Reading::CompleteOrLonger(index)
                        if !self.keys.is_empty() =>
                    {
                        self.unread = earlier.len();
                        self.request(index)
                    }
                    _ => {
                        let same_mistake = refused.is_some_and(|(_, until)| now <= until);
                        if before == 0 {
                            self.refused = Some((key, now + self.patience.between_keys));
                        }
                        if before == 0 && same_mistake {
                            self.keys.clear();
                            return Step::Wait;
                        }
                        self.invalid()
                    }
                }
            }
        }
    }

    fn on_play_ended(&mut self, now: Instant) -> Step<C> {
        match self.phase {
            Phase::Playing if self.persistence == Persistence::WhilePlaying => {
                if self.keys.is_empty() && !self.speaking {
                    return Step::GaveUp(Why::PlayingEnded);
                }
                self.phase = Phase::Listening;
                Step::Wait
            }
            Phase::Playing => {
                if self.keys.is_empty() && !self.speaking {
                    return self.say(OPTIONS, Announced::First);
                }
                self.phase = Phase::NotAsked;
                Step::Wait
            }
            Phase::Talking => {
                self.phase = Phase::Listening;
                if self.keys.is_empty() && !self.speaking {
                    self.deadline = Some(now + self.patience.menu);
                }
                Step::Wait
            }
            Phase::NotAsked | Phase::Listening => Step::Wait,
        }
    }

    fn on_hung_up(&mut self) -> Step<C> {
        self.deadline = None;
        if !self.keys.is_empty()
            && let Reading::Complete(index) | Reading::CompleteOrLonger(index) = self.read_keys()
            && let Request::Answer(choice) = self.choices[index].request
        {
            // Whoever presses `1` and hangs up at once has chosen `1`.
            self.failures = 0;
            self.taken = self.keys.len();
            self.keys.clear();
            return Step::Chosen(choice);
        }
        Step::GaveUp(Why::HungUp)
    }

    /// Whether a choice may be chosen, given whether keys or words came while something played.
    fn is_open(&self, choice: &OpenChoice<C>, playing: bool) -> bool {
        match choice.when {
            When::Always => true,
            When::WhilePlaying => playing,
            When::AfterPlaying => !playing,
        }
    }

    fn read_keys(&self) -> Reading {
        let open: Vec<Option<KeySequence>> = self
            .choices
            .iter()
            .map(|choice| {
                choice
                    .keys
                    .filter(|_| self.is_open(choice, self.keys_mean_playing))
            })
            .collect();
        key_sequence::read(&self.keys, &open)
    }

    /// The first key of a sequence silences us at once, unless it may be one of those that steer
    /// what is playing.
    fn stop_talking_for_keys(&mut self) -> Step<C> {
        match self.phase {
            Phase::Talking => {
                self.phase = Phase::Listening;
                Step::StopTalking
            }
            Phase::Playing => {
                let steers = self.choices.iter().any(|choice| {
                    let leaves_it_playing =
                        choice.steers || !matches!(choice.request, Request::Answer(_));
                    leaves_it_playing
                        && self.is_open(choice, true)
                        && choice.keys.is_some_and(|keys| keys.starts_with(&self.keys))
                });
                if steers {
                    Step::Wait
                } else {
                    self.phase = Phase::Listening;
                    Step::StopTalking
                }
            }
            Phase::NotAsked | Phase::Listening => Step::Wait,
        }
    }

    /// Does what the choice asks for.
    fn request(&mut self, index: usize) -> Step<C> {
        let playing = self.keys_mean_playing && self.phase == Phase::Playing;
        self.taken = self.keys.len();
        self.keys.clear();
        self.deadline = None;
        self.failures = 0;
        match self.choices[index].request {
            Request::Answer(choice) => Step::Chosen(choice),
            Request::Repeat | Request::Help if playing => {
                let step = self.say(OPTIONS, Announced::WhilePlaying);
                self.phase = Phase::Playing;
                step
            }
            Request::Repeat if matches!(self.announced, Announced::More | Announced::All) => {
                self.say(OPTIONS, self.announced)
            }
            Request::Repeat => self.say(OPTIONS, Announced::First),
            Request::More => self.say(OPTIONS, Announced::More),
            Request::Help => self.say(OPTIONS, Announced::All),
        }
    }

    fn invalid(&mut self) -> Step<C> {
        self.keys.clear();
        self.deadline = None;
        if self.persistence == Persistence::WhilePlaying {
            if self.phase != Phase::Playing {
                return Step::GaveUp(Why::PlayingEnded);
            }
            return Step::Wait;
        }
        self.failed(Why::InvalidInput)
    }

    /// Counts a failure, says so and asks again, or gives up.
    fn failed(&mut self, why: Why) -> Step<C> {
        self.patience
            .count(why, &mut self.failures, &mut self.silences);
        self.taken = 0;
        self.deadline = None;
        self.doubts.forget();
        if self.failures >= self.patience.failures_max {
            return Step::GaveUp(why);
        }
        // A message goes on behind what is said; options that were not heard to their end are read.
        let (once, again) = match self.phase {
            Phase::Playing => (Announced::GoingOn, Announced::WhilePlaying),
            Phase::NotAsked | Phase::Talking => (Announced::First, Announced::First),
            Phase::Listening => (Announced::Nothing, Announced::First),
        };
        let goes_on = self.phase == Phase::Playing && why == Why::InvalidInput;
        let step = match why {
            Why::Silence => self.say(STILL_THERE, Announced::First),
            _ if self.failures == 1 => self.say(NOT_A_CHOICE, once),
            _ => self.say(NOT_A_CHOICE_AGAIN, again),
        };
        if goes_on {
            self.phase = Phase::Playing;
        }
        step
    }

    fn say(&mut self, prompt: PromptName, announced: Announced) -> Step<C> {
        self.phase = Phase::Talking;
        self.announced = announced;
        self.deadline = None;
        Step::Say(prompt)
    }
}
