//! A mail with its files read and its people looked up, written as it goes over the wire.

use std::sync::Arc;

use super::super::{DEADLINE, Outbox, OutboxFault, PostRoom, blocking};
use super::state::MailOnItsWay;
use super::unsendable;
use crate::mailbox::report::{self, Failure, Report};
use crate::mailbox::writing::{self, Writing, WrittenSound};
use crate::mailbox::{
    Card, Envelope, MailAddress, MailFault, MailKind, MailboxId, MessageId, Recipient, Sender,
    SentVoice,
};

impl Outbox {
    /// Reads the files of a mail and writes it as it goes over the wire.
    pub(super) async fn open_up(
        &self,
        room: &PostRoom,
        state: MailOnItsWay,
    ) -> Result<Opened, OutboxFault> {
        let sender = match &state.mail.from {
            Some(from) => Some(card(room, from).await?),
            None => None,
        };
        let to = header(room, &state.mail.to).await?;
        let cc = header(room, &state.mail.cc).await?;
        let (folder, id) = (self.folder.clone(), state.mail.id.clone());
        let (sound, original) =
            blocking(move || Ok((folder.mail_sound(&id)?, folder.mail_original(&id)?))).await?;
        let sounds = WrittenSound::split(
            &state.sounds,
            sound.as_deref().unwrap_or_default(),
            room.attach,
        );
        let writing = Writing {
            mail: &state.mail,
            letterhead: &room.letterhead,
            sender: sender.as_ref(),
            to: &to,
            cc: &cc,
            sounds: &sounds,
            original: original.as_deref(),
            zone: &room.time_zone,
        };
        Ok(Opened {
            message: writing.bytes().into(),
            subject: report::subject_of(&writing),
            sender,
            state,
        })
    }
}

/// A mail with everything that is needed to bring it somewhere.
pub(super) struct Opened {
    pub(super) state: MailOnItsWay,
    sender: Option<Card>,
    subject: String,
    pub(super) message: Arc<[u8]>,
}

impl Opened {
    /// The envelope of the voice message that recipient `at` gets.
    pub(super) fn envelope(&self, room: &PostRoom, mailbox: &MailboxId, at: usize) -> Envelope {
        let mail = &self.state.mail;
        let card = self.sender.clone().unwrap_or_default();
        Envelope {
            // The recipient's place makes it another message than that of the next one.
            id: MessageId(format!("{}-{at}", mail.id.0).into()),
            to: mailbox.clone(),
            from: Sender {
                number: card.number,
                name: (!card.name.is_empty()).then_some(card.name),
                user: mail.from.as_ref().map(|user| user.0.to_string()),
            },
            received: mail.sent,
            importance: mail.importance,
            private: mail.private,
            called: String::new(),
            reason: String::new(),
            call_id: String::new(),
            cut_short: false,
            sent: Some(Box::new(SentVoice {
                subject: mail.subject.clone(),
                message_id: writing::message_id(mail, &room.letterhead),
                in_reply_to: mail.in_reply_to.clone(),
                sounds: match self.state.sounds.len() {
                    0 | 1 => Vec::new(),
                    _ => self.state.sounds.clone(),
                },
            })),
        }
    }

    /// Whom the relay tells of failures that it finds later (RFC 5321 section 4.5.5: nobody for what
    /// no person has sent).
    pub(super) fn envelope_sender(&self) -> Option<String> {
        let automatic = [
            MailKind::System,
            MailKind::CallAnswering,
            MailKind::MissedCall,
            MailKind::AutoReply,
        ];
        if automatic.contains(&self.state.mail.kind) {
            return None;
        }
        let own = self.sender.as_ref()?.address.clone()?;
        writing::is_plain_address(&own).then_some(own)
    }

    pub(super) fn report(&self, room: &PostRoom, id: &MessageId, failures: &[Failure]) -> Vec<u8> {
        let card = self.sender.clone().unwrap_or_default();
        let from = self.state.mail.from.as_ref();
        let to = address_of(room, from, &card);
        Report {
            id,
            letterhead: &room.letterhead,
            to: &to,
            failures,
            subject: &self.subject,
            message: &self.message,
            sent: self.state.mail.sent,
        }
        .bytes()
    }
}

async fn card(room: &PostRoom, mailbox: &MailboxId) -> Result<Card, OutboxFault> {
    match tokio::time::timeout(DEADLINE, room.cards.card(mailbox)).await {
        Ok(Ok(card)) => Ok(card),
        // A mailbox that is gone meanwhile still has its name.
        Ok(Err(MailFault::NotFound)) => Ok(Card {
            name: mailbox.0.to_string(),
            ..Card::default()
        }),
        Ok(Err(fault)) => Err(unsendable(fault)),
        Err(_) => Err(OutboxFault::Stalled),
    }
}

/// The recipients as they stand in a header.
async fn header(
    room: &PostRoom,
    recipients: &[Recipient],
) -> Result<Vec<MailAddress>, OutboxFault> {
    let mut header = Vec::new();
    for recipient in recipients {
        header.push(match (&recipient.address, &recipient.mailbox) {
            (Some(address), _) => address.clone(),
            (None, Some(mailbox)) => {
                let card = card(room, mailbox).await?;
                address_of(room, Some(mailbox), &card)
            }
            (None, None) => continue,
        });
    }
    Ok(header)
}

/// A mailbox that has no address gets one for the header: its name, in our domain.
fn address_of(room: &PostRoom, mailbox: Option<&MailboxId>, card: &Card) -> MailAddress {
    let made_up = || {
        let user = mailbox.map_or("nobody", |mailbox| &*mailbox.0);
        format!("{user}@{}", room.letterhead.domain())
    };
    MailAddress {
        name: (!card.name.is_empty()).then(|| card.name.clone()),
        address: card.address.clone().unwrap_or_else(made_up),
    }
}
