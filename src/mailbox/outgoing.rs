//! What subscribers and the system send: voice messages, replies, forwards, "I'll be late",
//! meeting answers, PIN mails. One shape for all; the outbox brings it to local mailboxes and to
//! the mail relay.

use std::sync::Arc;

use async_trait::async_trait;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{CallDetails, Folder, Importance, MailAddress, MailFault, MailboxId, MessageId};
use crate::line::Sound;

/// Somebody who gets a mail: a mailbox of ours, an address elsewhere, or a mailbox with its address.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Recipient {
    /// The mailbox, when it is one of ours.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mailbox: Option<MailboxId>,
    /// Name and address as they stand in the header; none for a mailbox without an address.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub address: Option<MailAddress>,
}

impl Recipient {
    /// A mailbox of ours.
    pub fn mailbox(mailbox: MailboxId) -> Recipient {
        Recipient {
            mailbox: Some(mailbox),
            address: None,
        }
    }

    /// An address elsewhere.
    pub fn address(address: MailAddress) -> Recipient {
        Recipient {
            mailbox: None,
            address: Some(address),
        }
    }

    /// Whether the two are one: the same mailbox, else the same address.
    pub fn is(&self, other: &Recipient) -> bool {
        match (&self.mailbox, &other.mailbox) {
            (Some(one), Some(two)) => one == two,
            (None, None) => match (&self.address, &other.address) {
                (Some(one), Some(two)) => one.is(&two.address),
                _ => false,
            },
            _ => false,
        }
    }
}

/// What an outgoing mail is; decides Content-Class, and as what it arrives in a local mailbox.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum MailKind {
    /// A voice message that a caller left (IPM.Note.Microsoft.Voicemail.UM.CA, `voice-ca`).
    CallAnswering,
    /// A voice message from a subscriber (IPM.Note.Microsoft.Voicemail.UM, `voice`): new, or a reply
    /// to or forward of a voice message.
    Voice,
    /// A spoken reply to, or forward of, an e-mail or a meeting (IPM.Note.Microsoft.Voicemail).
    VoiceReply,
    /// Words only: meeting answers, cancellations, "I'll be late".
    Note,
    /// From the system, about a caller who left nothing (IPM.Note.Microsoft.Missed.Voice,
    /// `missedcall`). Auto-Submitted, with an empty envelope sender.
    MissedCall,
    /// The automatic reply of who is away. Auto-Submitted, with an empty envelope sender; there is no
    /// copy of it, and nobody is told when it fails.
    AutoReply,
    /// From the system: PINs, reports. Auto-Submitted, with an empty envelope sender.
    System,
}

/// Sound that was there before: the original of a forward.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct AttachedSound {
    /// The stored voice message whose sound it is; its owner is the sender.
    pub message: MessageId,
    /// Who spoke it, for the attachment's name.
    pub from: String,
}

/// A mail on its way out. Its recording, if there is one, lies beside it in the outbox.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct OutgoingMail {
    /// Identity, and the left half of the Message-ID; given by the outbox.
    pub id: MessageId,
    /// What it is.
    pub kind: MailKind,
    /// The sender's mailbox, which gets a copy in Sent and reports of failure; none: the system.
    pub from: Option<MailboxId>,
    /// To.
    pub to: Vec<Recipient>,
    /// Cc.
    #[serde(default)]
    pub cc: Vec<Recipient>,
    /// Subject.
    pub subject: String,
    /// The words of the body, in plain text; lines end in `\n`.
    pub text: String,
    /// When it was sent.
    pub sent: Timestamp,
    /// Importance.
    #[serde(default)]
    pub importance: Importance,
    /// Marked as private.
    #[serde(default)]
    pub private: bool,
    /// Message-ID of what it answers, without angle brackets.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub in_reply_to: Option<String>,
    /// References, oldest first, without angle brackets.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub references: Vec<String>,
    /// The call that it is about, when it is about one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub call: Option<Box<CallDetails>>,
    /// An iCalendar object with its METHOD: a text/calendar alternative (RFC 6047).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub calendar: Option<(String, String)>,
    /// Voice messages forwarded with it, newest first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub sounds: Vec<AttachedSound>,
    /// An e-mail of the sender's forwarded with it, as message/rfc822.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub original: Option<MessageId>,
}

impl OutgoingMail {
    /// A mail of this kind from `from`, to nobody yet and without words. The outbox gives it its id.
    pub fn new(kind: MailKind, from: Option<MailboxId>, sent: Timestamp) -> OutgoingMail {
        OutgoingMail {
            id: MessageId("".into()),
            kind,
            from,
            to: Vec::new(),
            cc: Vec::new(),
            subject: String::new(),
            text: String::new(),
            sent,
            importance: Importance::Normal,
            private: false,
            in_reply_to: None,
            references: Vec::new(),
            call: None,
            calendar: None,
            sounds: Vec::new(),
            original: None,
        }
    }
}

/// How the owner of a mailbox appears in mails.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Card {
    /// The name as the directory writes it.
    pub name: String,
    /// The mail address, if there is one.
    pub address: Option<String>,
    /// The extension.
    pub number: Option<String>,
}

/// Knows how the owners of mailboxes appear in mails.
#[async_trait]
pub trait Cards: Send + Sync {
    /// The card of a mailbox of ours.
    async fn card(&self, mailbox: &MailboxId) -> Result<Card, MailFault>;
}

/// How we appear in mails ourselves.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Letterhead {
    /// The name beside our address.
    pub name: String,
    /// Our address: From of all mails, so that no caller can forge a sender's.
    pub address: String,
}

impl Letterhead {
    /// The right half of our Message-IDs, and of addresses of mailboxes that have none.
    pub fn domain(&self) -> &str {
        self.address
            .rsplit_once('@')
            .map_or("localhost", |(_, domain)| domain)
    }
}

impl Default for Letterhead {
    fn default() -> Letterhead {
        Letterhead {
            name: "Voice mail".to_owned(),
            address: "voicemail@localhost".to_owned(),
        }
    }
}

/// The mailboxes as the outbox needs them: where finished mails go, and where those that are
/// forwarded come from.
#[async_trait]
pub trait Letterbox: Send + Sync {
    /// Puts a finished mail (RFC 5322, CRLF) into a folder: unread into the inbox, else read. The
    /// same Message-ID twice is one mail.
    async fn put(
        &self,
        mailbox: &MailboxId,
        folder: Folder,
        message: Arc<[u8]>,
        received: Timestamp,
    ) -> Result<(), MailFault>;
    /// A stored e-mail as it was delivered.
    async fn original(&self, mailbox: &MailboxId, id: &MessageId) -> Result<Arc<[u8]>, MailFault>;
    /// The sound of a stored voice message.
    async fn spoken(&self, mailbox: &MailboxId, id: &MessageId) -> Result<Arc<Sound>, MailFault>;
}

/// What became of one recipient.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Submitted {
    /// Taken over by the relay.
    Accepted,
    /// Try again later; what the relay said.
    Later(String),
    /// Final; what the relay said.
    Refused(String),
}

/// Takes finished messages for addresses elsewhere: SMTP submission (RFC 6409), or a test.
#[async_trait]
pub trait Submission: Send + Sync {
    /// Sends one message (RFC 5322, CRLF) to these addresses; the answer has one entry for each, in
    /// their order. A fault is one of the connection: everybody is tried again.
    async fn submit(
        &self,
        sender: Option<&str>,
        recipients: &[String],
        message: &[u8],
    ) -> Result<Vec<Submitted>, MailFault>;

    /// Whether there is anybody who could take it. Where not, senders are told that it waits.
    fn is_configured(&self) -> bool {
        true
    }
}
