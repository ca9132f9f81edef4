//! What lies in 2001's mailbox when a demo is made. (The organisation itself is
//! `organisation::demo`.)

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};

use crate::directory::vcard::{self, Card};
use crate::directory::{Contact, Group};
use crate::line::{SAMPLE_RATE, Sound};
use crate::mailbox::{Envelope, Importance, MailboxId, MessageId, Sender};
use crate::organisation::demo::FIRST_USER;

/// A voice message that lies in a mailbox when the demo is made.
pub struct DemoMessage {
    /// The words of the caller.
    pub words: &'static str,
    /// The voice that speaks them.
    pub voice: &'static str,
    /// Who left it and when.
    pub envelope: Envelope,
    /// Whether it has been heard.
    pub read: bool,
}

/// Whom 2001 knows.
pub fn acquaintances() -> (Vec<Contact>, Vec<Group>) {
    let (mut contacts, mut groups) = (Vec::new(), Vec::new());
    for card in vcard::read(include_bytes!("demo.vcf"))
        .into_iter()
        .flatten()
    {
        match card {
            Card::Contact(contact) => contacts.push(contact),
            Card::Group(group) => groups.push(group),
        }
    }
    (contacts, groups)
}

/// 2001's messages, as of `now`.
pub fn messages(now: Timestamp) -> Vec<DemoMessage> {
    let left = |number: u8, ago_minutes: i64, from: Sender, importance| Envelope {
        id: MessageId(Arc::from(format!("demo-{number}"))),
        to: MailboxId(Arc::from(FIRST_USER)),
        from,
        received: now
            .checked_sub(SignedDuration::from_mins(ago_minutes))
            .unwrap_or(now),
        importance,
        private: false,
        called: "2001".to_owned(),
        reason: "DivertNoAnswer".to_owned(),
        call_id: format!("demo-{number}"),
        cut_short: false,
        sent: None,
    };
    vec![
        DemoMessage {
            words: "Hi Alice, this is Bob. The meeting about the new laboratory has moved to \
                    Thursday at ten. Could you bring the floor plan? Thanks, and see you then.",
            voice: "flite/rms",
            envelope: left(
                1,
                48,
                Sender {
                    number: Some("2002".to_owned()),
                    name: Some("Bob Baker".to_owned()),
                    user: Some("bob".to_owned()),
                },
                Importance::Normal,
            ),
            read: false,
        },
        DemoMessage {
            words: "Good morning, this is Grace from the travel desk. Your train at four o'clock \
                    has been cancelled. Please call me back before noon, and I will book you on \
                    the next one.",
            voice: "flite/slt",
            envelope: left(
                2,
                17,
                Sender {
                    number: Some("+15550109876".to_owned()),
                    ..Sender::default()
                },
                Importance::High,
            ),
            read: false,
        },
        DemoMessage {
            words: "Hello, I found a grey scarf in the lift on the second floor, and somebody \
                    said that it might be yours. I have left it with the front desk. Bye bye.",
            voice: "flite/slt",
            envelope: left(3, 26 * 60, Sender::default(), Importance::Normal),
            read: true,
        },
    ]
}

/// A soft tone, as long as the words would take to say.
pub(super) fn tone_instead_of(words: &str) -> Arc<Sound> {
    const CHARACTERS_PER_SECOND: usize = 15;
    const HERTZ: f64 = 330.0;
    let length = words.chars().count() * SAMPLE_RATE as usize / CHARACTERS_PER_SECOND;
    let samples: Vec<i16> = (0..length)
        .map(|sample| {
            let turn = std::f64::consts::TAU * HERTZ * sample as f64 / f64::from(SAMPLE_RATE);
            (3_000.0 * turn.sin()) as i16
        })
        .collect();
    Arc::new(Sound::new(samples))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_messages_are_those_of_the_contract() {
        let now: Timestamp = "2026-11-23T08:30:00Z".parse().unwrap();
        let messages = messages(now);
        assert_eq!(messages.len(), 3);
        assert_eq!(messages.iter().filter(|message| !message.read).count(), 2);
        let high = messages
            .iter()
            .filter(|message| message.envelope.importance == Importance::High);
        assert_eq!(high.count(), 1);
        assert!(
            messages
                .iter()
                .all(|message| message.envelope.received < now)
        );
        let voices: std::collections::BTreeSet<_> =
            messages.iter().map(|message| message.voice).collect();
        assert_eq!(voices.len(), 2);
    }
}
