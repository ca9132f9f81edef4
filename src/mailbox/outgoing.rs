//! What subscribers and the system send: voice messages, replies, forwards, "I'll be late",
//! meeting answers, PIN mails. One shape for all; the outbox brings it to local mailboxes and to
//! the mail relay.

use async_trait::async_trait;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{Importance, MailAddress, MailFault, MailboxId, MessageId};

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

/// What an outgoing mail is; decides Content-Class, and as what it arrives in a local mailbox.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum MailKind {
    /// A voice message from a subscriber (IPM.Note.Microsoft.Voicemail.UM, `voice`): new, or a reply
    /// to or forward of a voice message.
    Voice,
    /// A spoken reply to, or forward of, an e-mail or a meeting (IPM.Note.Microsoft.Voicemail).
    VoiceReply,
    /// Words only: meeting answers, cancellations, "I'll be late".
    Note,
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
}
