//! Finding the messages of one sender by spelling the name on the keypad
//! (`outlook-voice-access` section 5.3, `00` `3`).

use std::collections::BTreeSet;

use super::prompts;
use crate::caller::{AskDigits, Caller, Digits, Saying, Talk, Value};
use crate::directory::digit_map;
use crate::line::Key;
use crate::mailbox::{Email, VoiceMessage};

/// The longest name anybody spells.
const LETTERS_MAX: usize = 40;

/// So many messages are looked through, the unread and the newest ones first: enough for years of
/// voice mail, and quick enough that nobody waits.
pub(super) const SEARCHED_MAX: usize = 1_000;

/// A message that somebody has sent.
pub(super) trait Sent {
    /// The sender's name as it is spoken, if there is one.
    fn name(&self) -> Option<&str>;
    /// What the sender's address begins with, as far as the at sign.
    fn alias(&self) -> Option<&str>;
}

impl Sent for Email {
    fn name(&self) -> Option<&str> {
        let from = self.from.as_ref()?;
        let written = from.name.as_deref().filter(|name| !name.trim().is_empty());
        Some(written.unwrap_or(&from.address))
    }
    fn alias(&self) -> Option<&str> {
        self.from.as_ref()?.address.split('@').next()
    }
}

impl Sent for VoiceMessage {
    fn name(&self) -> Option<&str> {
        self.envelope.from.name.as_deref()
    }
    fn alias(&self) -> Option<&str> {
        self.envelope.from.user.as_deref()
    }
}

/// Asks for a name until it is that of one sender; gives his messages. Nothing when the caller goes
/// back.
pub(super) async fn choose_sender<T: Sent>(
    caller: &mut Caller,
    mut messages: Vec<T>,
) -> Talk<Option<Vec<T>>> {
    loop {
        let question = AskDigits {
            prompt: Saying::new(prompts::SPELL_SENDER),
            longest: LETTERS_MAX,
            complete_at: None,
            lone_keys: &[Key::STAR, Key::POUND],
        };
        let Digits::Entered(letters) = caller.ask_digits(question).await? else {
            return Ok(None);
        };
        let senders = senders(&messages, &letters);
        // A name that nobody has was spelled as well as one that somebody has.
        caller.forgive_failures();
        match senders.len() {
            0 => {
                caller.say(prompts::SENDER_NOT_FOUND).await?;
            }
            1 => {
                messages
                    .retain(|message| message.name().is_some_and(|name| senders.contains(name)));
                let sender = senders.into_iter().next().unwrap_or_default();
                caller
                    .say(
                        Saying::new(prompts::MESSAGES_OF_SENDER)
                            .with("count", Value::Count(messages.len() as u64))
                            .with("sender", Value::Text(sender)),
                    )
                    .await?;
                return Ok(Some(messages));
            }
            many => {
                caller
                    .say(
                        Saying::new(prompts::MANY_SENDERS).with("count", Value::Count(many as u64)),
                    )
                    .await?;
            }
        }
    }
}

/// The names that are spelled by these digits: those that are spelled by them to the end, else those
/// that begin so.
fn senders<T: Sent>(messages: &[T], digits: &str) -> BTreeSet<String> {
    let (mut whole, mut begun) = (BTreeSet::new(), BTreeSet::new());
    for message in messages {
        let Some(name) = message.name() else { continue };
        for spelled in spellings(name, message.alias()) {
            if spelled == digits {
                whole.insert(name.to_owned());
            } else if spelled.starts_with(digits) {
                begun.insert(name.to_owned());
            }
        }
    }
    if whole.is_empty() { begun } else { whole }
}

/// How a name may be spelled: from any of its words on, the words before it last; or the alias.
fn spellings(name: &str, alias: Option<&str>) -> Vec<String> {
    let words: Vec<&str> = name
        .split(|character: char| character.is_whitespace() || character == ',')
        .filter(|word| !word.is_empty())
        .collect();
    let rotated = (0..words.len()).flat_map(|first| {
        let (before, from) = words.split_at(first);
        digit_map::spellings(&[from, before].concat().concat())
    });
    rotated
        .chain(alias.map(digit_map::keys))
        .filter(|spelled| !spelled.is_empty())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Note(&'static str, &'static str);

    impl Sent for Note {
        fn name(&self) -> Option<&str> {
            Some(self.0)
        }
        fn alias(&self) -> Option<&str> {
            Some(self.1)
        }
    }

    #[test]
    fn a_sender_is_found_by_any_of_the_names() {
        let notes = [
            Note("ann lee", "alee"),
            Note("ann leeson", "aleeson"),
            Note("müller, jörg", "jm"),
        ];
        for (letters, found) in [
            ("Ann", &["ann lee", "ann leeson"][..]),
            ("AnnLee", &["ann lee"]),
            ("LeeAnn", &["ann lee"]),
            ("Leeson", &["ann leeson"]),
            ("Muller", &["müller, jörg"]),
            ("MuellerJoerg", &["müller, jörg"]),
            ("jm", &["müller, jörg"]),
            ("Zoe", &[]),
        ] {
            let found_by: Vec<String> = senders(&notes, &digit_map::keys(letters))
                .into_iter()
                .collect();
            assert_eq!(found_by, found, "{letters}");
        }
    }
}
