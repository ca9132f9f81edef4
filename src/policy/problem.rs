//! What is wrong with a setting, in words that name it and say how to put it right.

use std::fmt;

/// A setting that cannot be used.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Problem {
    /// Its key.
    pub key: &'static str,
    /// Its value.
    pub value: String,
    /// What it has to be.
    pub cure: String,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} = {}: {}", self.key, self.value, self.cure)
    }
}

/// Collects the problems of one object.
#[derive(Debug, Default)]
pub struct Problems(pub Vec<Problem>);

/// Characters that no name may have.
const FORBIDDEN_IN_NAMES: &str = "\"/\\[]:;|=,+*?<>";

impl Problems {
    /// Notes that `value` of `key` is wrong.
    pub fn add(&mut self, key: &'static str, value: impl fmt::Debug, cure: impl Into<String>) {
        self.0.push(Problem {
            key,
            value: format!("{value:?}"),
            cure: cure.into(),
        });
    }

    /// Notes a number that is out of its range.
    pub fn range<T: Into<u64>>(&mut self, key: &'static str, value: T, lowest: u64, highest: u64) {
        let value = value.into();
        if !(lowest..=highest).contains(&value) {
            self.add(key, value, format!("must be {lowest} to {highest}"));
        }
    }

    /// Notes a name that breaks the rules of names.
    pub fn name(&mut self, name: &str, longest: usize) {
        let length = name.chars().count();
        if !(1..=longest).contains(&length) || name.trim() != name {
            let cure =
                format!("must have 1 to {longest} characters, none of them a space at an end");
            self.add("name", name, cure);
        }
        let forbidden = |c: &char| FORBIDDEN_IN_NAMES.contains(*c) || c.is_control();
        if let Some(character) = name.chars().find(forbidden) {
            let cure = format!("must not contain {character:?}, nor any of {FORBIDDEN_IN_NAMES}");
            self.add("name", name, cure);
        }
    }

    /// Notes a user name that breaks the rules of mailbox identities.
    pub fn user(&mut self, user: &str) {
        let fits = (1..=64).contains(&user.len())
            && user
                .bytes()
                .all(|byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'.' | b'-' | b'_'))
            && !user.starts_with('.');
        if !fits {
            let cure = "must have 1 to 64 characters of a-z, 0-9, '.', '-' and '_', not beginning with '.'";
            self.add("user", user, cure);
        }
    }

    /// Notes a voice access number or pilot that is neither a number nor a SIP address.
    pub fn party(&mut self, key: &'static str, party: &str) {
        let known =
            (1..=32).contains(&party.chars().count()) && !super::party::keys(party).is_empty();
        if !known {
            let cure = "must be a number or a SIP address of at most 32 characters";
            self.add(key, party, cure);
        }
    }
}
