//! The keys of one choice, such as `7`, `##` or `00`.

use std::fmt;
use std::str::FromStr;

use crate::line::Key;

/// One to four keys pressed one after the other.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct KeySequence {
    keys: [Key; KeySequence::LONGEST],
    length: u8,
}

/// Why a text is no [`KeySequence`].
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum NoKeySequence {
    /// Nothing stands there.
    #[error("no key")]
    Empty,
    /// More keys than a caller can be asked to press for one choice.
    #[error("more than {} keys", KeySequence::LONGEST)]
    TooLong,
    /// Not on a telephone keypad.
    #[error("`{0}` is not on a keypad (0-9, * and #)")]
    NotAKey(char),
}

impl KeySequence {
    /// How many keys one choice may take.
    pub const LONGEST: usize = 4;

    /// The keys in order.
    pub fn keys(&self) -> &[Key] {
        &self.keys[..usize::from(self.length)]
    }

    /// Where the sequence stands in a list by keys: short ones first, `1` to `9`, `0`, `*`, `#`.
    pub fn rank(&self) -> (u8, [u8; KeySequence::LONGEST]) {
        let mut places = [0; KeySequence::LONGEST];
        for (place, key) in places.iter_mut().zip(self.keys()) {
            *place = match key.character() {
                '0' => 10,
                '*' => 11,
                '#' => 12,
                digit => digit.to_digit(10).unwrap_or_default() as u8,
            };
        }
        (self.length, places)
    }

    /// Whether `keys` are the beginning of this sequence, or all of it.
    pub fn starts_with(&self, keys: &[Key]) -> bool {
        self.keys().starts_with(keys)
    }

    /// Whether this sequence is the beginning of a longer `other`, so that a caller who presses it
    /// has to wait until it is clear that no further key follows.
    pub fn is_prefix_of(&self, other: &KeySequence) -> bool {
        self.length < other.length && other.starts_with(self.keys())
    }
}

impl FromStr for KeySequence {
    type Err = NoKeySequence;

    fn from_str(text: &str) -> Result<KeySequence, NoKeySequence> {
        let mut keys = [Key::POUND; KeySequence::LONGEST];
        let mut length = 0;
        for character in text.chars() {
            let key = Key::new(character).ok_or(NoKeySequence::NotAKey(character))?;
            *keys.get_mut(length).ok_or(NoKeySequence::TooLong)? = key;
            length += 1;
        }
        if length == 0 {
            return Err(NoKeySequence::Empty);
        }
        Ok(KeySequence {
            keys,
            length: length as u8,
        })
    }
}

impl fmt::Display for KeySequence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.keys().iter().try_for_each(|key| write!(f, "{key}"))
    }
}

impl fmt::Debug for KeySequence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "KeySequence({self})")
    }
}

/// What the keys pressed so far mean among the sequences that are open.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Reading {
    /// No open sequence begins like this.
    Nothing,
    /// Only longer sequences begin like this.
    Unfinished,
    /// Exactly this one, and none goes on.
    Complete(usize),
    /// This one, unless another key follows soon.
    CompleteOrLonger(usize),
}

/// Reads `pressed` against the `open` sequences; the number in the answer is the index of the
/// sequence. The first of several equal sequences wins.
pub fn read(pressed: &[Key], open: &[Option<KeySequence>]) -> Reading {
    let mut exact = None;
    let mut longer = false;
    for (index, sequence) in open.iter().enumerate() {
        let Some(sequence) = sequence else { continue };
        if sequence.keys() == pressed {
            exact = exact.or(Some(index));
        } else if sequence.starts_with(pressed) {
            longer = true;
        }
    }
    match (exact, longer) {
        (Some(index), false) => Reading::Complete(index),
        (Some(index), true) => Reading::CompleteOrLonger(index),
        (None, true) => Reading::Unfinished,
        (None, false) => Reading::Nothing,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keys(text: &str) -> Vec<Key> {
        text.chars().filter_map(Key::new).collect()
    }

    #[test]
    fn texts_become_sequences_or_say_why_not() {
        for good in ["7", "##", "00", "0*#9"] {
            assert_eq!(good.parse::<KeySequence>().unwrap().to_string(), good);
        }
        for (bad, why) in [
            ("", NoKeySequence::Empty),
            ("12345", NoKeySequence::TooLong),
            ("1a", NoKeySequence::NotAKey('a')),
        ] {
            assert_eq!(bad.parse::<KeySequence>(), Err(why));
        }
    }

    #[test]
    fn sequences_are_listed_as_on_a_keypad() {
        let mut sequences: Vec<KeySequence> = ["#", "12", "0", "9", "*", "1", "19", "15"]
            .iter()
            .filter_map(|text| text.parse().ok())
            .collect();
        sequences.sort_by_key(KeySequence::rank);
        let listed: Vec<String> = sequences.iter().map(ToString::to_string).collect();
        assert_eq!(listed, ["1", "9", "0", "*", "#", "12", "15", "19"]);
    }

    #[test]
    fn pressed_keys_are_read_among_the_open_sequences() {
        let open: Vec<Option<KeySequence>> = ["1", "11", "#", "44", "0", "00"]
            .iter()
            .map(|text| text.parse().ok())
            .collect();
        for (pressed, reading) in [
            ("1", Reading::CompleteOrLonger(0)),
            ("11", Reading::Complete(1)),
            ("#", Reading::Complete(2)),
            ("##", Reading::Nothing),
            ("4", Reading::Unfinished),
            ("44", Reading::Complete(3)),
            ("47", Reading::Nothing),
            ("9", Reading::Nothing),
            ("0", Reading::CompleteOrLonger(4)),
            ("00", Reading::Complete(5)),
        ] {
            assert_eq!(read(&keys(pressed), &open), reading, "{pressed}");
        }
    }
}
