//! E-mail as conversations see it: what a list tells of a message, and what is read aloud of it.

use std::sync::Arc;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{Counts, Folder, Importance, MessageId};

/// A mail address with the name that was written beside it.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default, Serialize, Deserialize)]
pub struct MailAddress {
    /// The name, decoded and without control characters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// `local@domain`.
    pub address: String,
}

impl MailAddress {
    /// Whether this is that address; letters count the same in either case.
    pub fn is(&self, address: &str) -> bool {
        self.address.eq_ignore_ascii_case(address)
    }

    /// Whether mail to both addresses goes to one mailbox: what follows a plus is its owner's business
    /// (RFC 5233).
    pub fn reaches(&self, address: &str) -> bool {
        let bare = |address: &str| {
            let (local, domain) = address.rsplit_once('@').unwrap_or((address, ""));
            let local = local.split_once('+').map_or(local, |(user, _)| user);
            format!("{local}@{domain}").to_lowercase()
        };
        bare(&self.address) == bare(address)
    }

    /// Whether there is a name that can be spoken: what is left of one that cannot be read is none.
    pub fn is_named(&self) -> bool {
        let name = self.name.as_deref().unwrap_or_default();
        name.contains(char::is_alphanumeric)
    }
}

/// What belongs together by References, In-Reply-To and subject (RFC 5256 threads).
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
pub struct ConversationId(pub Arc<str>);

/// What kind of message it is, by Content-Class, Message-Context and the parts it has
/// (`unified-messaging` section 11.1).
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum MessageClass {
    /// IPM.Note: ordinary mail.
    #[default]
    Note,
    /// IPM.Note.Microsoft.Voicemail: a reply or forward by voice to an e-mail or a meeting.
    VoiceReply,
    /// IPM.Note.Microsoft.Missed.Voice: somebody called and left nothing.
    MissedCall,
    /// A meeting request (METHOD:REQUEST).
    MeetingRequest,
    /// Somebody's answer to a meeting request (METHOD:REPLY).
    MeetingResponse,
    /// A meeting that will not take place (METHOD:CANCEL).
    MeetingCancellation,
    /// A delivery-status report (RFC 3464).
    Report,
}

/// Marks of a message.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Flags {
    /// `\Seen`
    pub read: bool,
    /// `\Flagged`
    pub flagged: bool,
    /// `\Answered`
    pub answered: bool,
    /// `$Forwarded`
    pub forwarded: bool,
}

/// One mark.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Flag {
    /// `\Seen`
    Read,
    /// `\Flagged`
    Flagged,
    /// `\Answered`
    Answered,
    /// `$Forwarded`
    Forwarded,
}

/// An e-mail as a list shows it.
#[derive(Clone, PartialEq, Debug)]
pub struct Email {
    /// Identity, stable within its store.
    pub id: MessageId,
    /// Where it lies.
    pub folder: Folder,
    /// What it belongs to.
    pub conversation: ConversationId,
    /// Its Message-ID without angle brackets.
    pub message_id: Option<String>,
    /// Its References, oldest first, without angle brackets.
    pub references: Vec<String>,
    /// From.
    pub from: Option<MailAddress>,
    /// Reply-To; empty: answers go to From.
    pub reply_to: Vec<MailAddress>,
    /// To.
    pub to: Vec<MailAddress>,
    /// Cc.
    pub cc: Vec<MailAddress>,
    /// Subject, decoded; empty when there is none.
    pub subject: String,
    /// When it was delivered.
    pub received: Timestamp,
    /// Importance.
    pub importance: Importance,
    /// Sensitivity: private.
    pub private: bool,
    /// What kind of message it is.
    pub class: MessageClass,
    /// Marks.
    pub flags: Flags,
    /// Size in bytes as it was delivered.
    pub bytes: u64,
    /// How many attachments it has.
    pub attachments: usize,
}

/// A part of a message, counted as the backend counts.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct PartId(pub u32);

/// Something attached. It is named; only sound is opened, and only when a caller wants to hear it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Attachment {
    /// Which part.
    pub part: PartId,
    /// Its file name, cleaned; empty when it has none.
    pub name: String,
    /// Its media type, as `application/pdf`, in small letters.
    pub media_type: String,
    /// Its size in bytes, decoded.
    pub bytes: u64,
    /// Whether it is sound in a format that we can play.
    pub is_sound: bool,
}

/// Why a body cannot be read aloud.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Guard {
    /// S/MIME or OpenPGP.
    Encrypted,
    /// Rights-protected.
    Protected,
}

/// What is read of an e-mail. Within the limits of C3: at most 1 MiB of text, 500 parts, nesting 16.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Content {
    /// The text as it was written: plain, or HTML turned to text.
    pub text: String,
    /// A limit was reached: there is more than this.
    pub cut: bool,
    /// Why there is no text.
    pub guard: Option<Guard>,
    /// Content-Language, if the sender named one.
    pub language: Option<String>,
    /// What is attached, in the order of the message.
    pub attachments: Vec<Attachment>,
    /// The iCalendar object of a meeting request, response or cancellation.
    pub invitation: Option<String>,
}

/// A part of a long list.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Page {
    /// How many come before it.
    pub skip: usize,
    /// At most so many.
    pub limit: usize,
}

impl Default for Page {
    /// The newest fifty (`mailbox-backends` section 2).
    fn default() -> Page {
        Page { skip: 0, limit: 50 }
    }
}

/// What lies in a folder.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct FolderState {
    /// Which.
    pub folder: Folder,
    /// E-mails.
    pub emails: Counts,
    /// Voice messages.
    pub voice_messages: Counts,
}

/// A moment in the life of a mailbox, counted by its backend.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
pub struct ChangeMark(pub u64);

/// What has happened to a mailbox.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Changes {
    /// Where the mailbox stands now: ask from here the next time.
    pub mark: ChangeMark,
    /// Messages that have come or changed, each once, those that changed last at the end.
    pub messages: Vec<MessageId>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_follows_a_plus_is_the_owners_business() {
        let reaches = |one: &str, other: &str| {
            let address = one.to_owned();
            let one = MailAddress {
                name: None,
                address,
            };
            one.reaches(other)
        };
        for (one, other, same) in [
            ("alice@example.test", "Alice@EXAMPLE.test", true),
            ("alice+cal@example.test", "alice@example.test", true),
            ("alice@example.test", "alice+lists@example.test", true),
            ("alice@example.test", "alice@example.org", false),
            ("alice+bob@example.test", "bob@example.test", false),
            ("a+b", "a", true),
        ] {
            assert_eq!(reaches(one, other), same, "{one} {other}");
        }
    }
}
