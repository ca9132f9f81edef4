//! Keys pressed before the question they answer. They may be digits of a PIN: they are wiped when
//! they are taken or dropped, and never printed.

use std::collections::VecDeque;
use std::time::Instant;

use crate::line::Key;

/// So many keys are kept; further ones are dropped.
const KEYS_MAX: usize = 64;

pub(super) struct TypeAhead {
    keys: VecDeque<(Instant, Key)>,
}

impl TypeAhead {
    pub(super) fn new() -> TypeAhead {
        TypeAhead {
            // All of it at once, so that growing leaves no copy behind.
            keys: VecDeque::with_capacity(KEYS_MAX),
        }
    }

    /// Keeps a key; false when there is no room.
    pub(super) fn push(&mut self, at: Instant, key: Key) -> bool {
        let room = self.keys.len() < KEYS_MAX;
        if room {
            self.keys.push_back((at, key));
        }
        room
    }

    /// Puts keys back that a question read but did not need.
    pub(super) fn put_back(&mut self, keys: &[(Instant, Key)]) {
        for key in keys.iter().rev() {
            if self.keys.len() < KEYS_MAX {
                self.keys.push_front(*key);
            }
        }
    }

    pub(super) fn first(&self) -> Option<(Instant, Key)> {
        self.keys.front().copied()
    }

    pub(super) fn take(&mut self) -> Option<(Instant, Key)> {
        let first = self.keys.front_mut()?;
        let taken = *first;
        first.1 = Key::POUND;
        self.keys.pop_front();
        Some(taken)
    }

    /// Forgets all keys; how many they were.
    pub(super) fn clear(&mut self) -> usize {
        let count = self.keys.len();
        for (_, key) in &mut self.keys {
            *key = Key::POUND;
        }
        self.keys.clear();
        count
    }

    pub(super) fn is_empty(&self) -> bool {
        self.keys.is_empty()
    }
}

impl Drop for TypeAhead {
    fn drop(&mut self) {
        self.clear();
    }
}
