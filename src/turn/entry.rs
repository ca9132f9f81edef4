//! Questions whose answer is digits: extensions, telephone numbers, PINs, spelled names.

use std::fmt;
use std::time::Instant;

use zeroize::{Zeroize, ZeroizeOnDrop};

use super::{NOT_A_CHOICE, OPTIONS, Patience, STILL_THERE, Step, Why};
use crate::line::{Key, LineEvent};

/// Digits nobody may read in a log: wiped from memory when dropped, printed as a count.
#[derive(Clone, Default, Zeroize, ZeroizeOnDrop)]
pub struct SecretDigits(String);

impl SecretDigits {
    /// The longest entry. Room for it is taken at once, so that no copy is left behind by growing.
    pub const LONGEST: usize = 64;

    /// No digits yet.
    pub fn new() -> SecretDigits {
        SecretDigits(String::with_capacity(SecretDigits::LONGEST))
    }

    /// The digits themselves, for whoever checks them.
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    fn push(&mut self, key: Key) {
        if self.0.len() < SecretDigits::LONGEST {
            self.0.push(key.character());
        }
    }
}

impl fmt::Debug for SecretDigits {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SecretDigits(…)")
    }
}

/// What a question for digits takes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct DigitRules {
    /// So many digits end the entry even without `#`.
    pub longest: usize,
    /// So many digits are a whole answer (the extension length of a dial plan).
    pub complete_at: Option<usize>,
    /// Keys that are an answer when pressed alone: `*` and `#` at once, `0` when it is ended by `#`
    /// or by time.
    pub lone_keys: &'static [Key],
    /// Digits that are a whole answer when nothing has been entered before them (`00`).
    pub at_once: &'static [&'static str],
}

/// The answer to a question for digits.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Entered {
    /// The digits; [`DigitEntry::into_digits`] has them. `by_count`: there were enough of them, and
    /// a `#` that follows still belongs to them.
    Digits {
        /// Whether nothing but their number ended them.
        by_count: bool,
    },
    /// One of the lone keys.
    Lone(Key),
}

/// One question for digits and its answer.
#[derive(Debug)]
pub struct DigitEntry {
    rules: DigitRules,
    patience: Patience,
    digits: SecretDigits,
    asked: bool,
    talking: bool,
    failures: u8,
    /// How many of them were silences since the last key.
    silences: u8,
    deadline: Option<Instant>,
}

impl DigitEntry {
    /// A question under these rules, after `failures` wrong inputs in a row.
    pub fn new(rules: DigitRules, patience: Patience, failures: u8) -> DigitEntry {
        DigitEntry {
            rules,
            patience,
            digits: SecretDigits::new(),
            asked: false,
            talking: false,
            failures,
            silences: 0,
            deadline: None,
        }
    }

    /// Puts the question, unless the answer has begun.
    pub fn begin(&mut self) -> Step<Entered> {
        if self.asked || !self.digits.is_empty() {
            return Step::Wait;
        }
        self.asked = true;
        self.talking = true;
        Step::Say(OPTIONS)
    }

    /// Takes one event of the line. `PlayEnded` must be that of what plays now.
    pub fn on(&mut self, now: Instant, event: &LineEvent) -> Step<Entered> {
        match event {
            LineEvent::Key(key) => self.on_key(now, *key),
            LineEvent::PlayEnded(_) => {
                if self.talking {
                    self.talking = false;
                    self.deadline = Some(now + self.patience.menu);
                }
                Step::Wait
            }
            LineEvent::HungUp(_) => Step::GaveUp(Why::HungUp),
            _ => Step::Wait,
        }
    }

    /// When [`DigitEntry::on_deadline`] is due.
    pub fn deadline(&self) -> Option<Instant> {
        self.deadline
    }

    /// Time is up: for the next digit, or for the first.
    pub fn on_deadline(&mut self, _now: Instant) -> Step<Entered> {
        self.deadline = None;
        if self.digits.is_empty() {
            self.failed(Why::Silence)
        } else {
            self.ended(false)
        }
    }

    /// The digits entered.
    pub fn into_digits(self) -> SecretDigits {
        self.digits
    }

    /// Wrong inputs in a row, those before this question included. Digits alone do not reset them:
    /// whoever asked has to find them acceptable first.
    pub fn failures(&self) -> u8 {
        self.failures
    }

    /// Whether digits have been entered already.
    pub fn is_half_answered(&self) -> bool {
        !self.digits.is_empty()
    }

    fn on_key(&mut self, now: Instant, key: Key) -> Step<Entered> {
        self.deadline = None;
        if key.is_digit() {
            self.digits.push(key);
            let enough = self.rules.complete_at.unwrap_or(self.rules.longest);
            if self.rules.at_once.contains(&self.digits.expose()) {
                return self.ended(false);
            }
            if self.digits.len() >= enough.min(self.rules.longest).min(SecretDigits::LONGEST) {
                return self.ended(true);
            }
            self.deadline = Some(now + self.patience.digits);
            return self.stop_talking();
        }
        match (self.digits.is_empty(), key) {
            (false, Key::POUND) => self.ended(false),
            // The way back leads from half an answer to its beginning.
            (false, Key::STAR) if self.rules.lone_keys.contains(&Key::STAR) => {
                self.digits = SecretDigits::new();
                self.asked = true;
                self.talking = true;
                Step::Say(OPTIONS)
            }
            (true, key) if self.rules.lone_keys.contains(&key) => Step::Chosen(Entered::Lone(key)),
            _ => self.failed(Why::InvalidInput),
        }
    }

    fn ended(&mut self, by_count: bool) -> Step<Entered> {
        self.deadline = None;
        let zero = Key::new('0').filter(|key| self.rules.lone_keys.contains(key));
        match zero {
            Some(zero) if self.digits.expose() == "0" => Step::Chosen(Entered::Lone(zero)),
            _ => Step::Chosen(Entered::Digits { by_count }),
        }
    }

    fn stop_talking(&mut self) -> Step<Entered> {
        if self.talking {
            self.talking = false;
            Step::StopTalking
        } else {
            Step::Wait
        }
    }

    fn failed(&mut self, why: Why) -> Step<Entered> {
        self.digits = SecretDigits::new();
        self.patience
            .count(why, &mut self.failures, &mut self.silences);
        if self.failures >= self.patience.failures_max {
            return Step::GaveUp(why);
        }
        self.asked = true;
        self.talking = true;
        Step::Say(match why {
            Why::Silence => STILL_THERE,
            _ => NOT_A_CHOICE,
        })
    }
}
