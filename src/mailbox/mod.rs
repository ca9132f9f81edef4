//! Messages and greetings, behind traits; one file per backend.
//!
//! Capabilities are data: a conversation asks before it offers what a backend cannot do. Every
//! call has a deadline that the backend keeps (2 s for what a caller waits for).

pub mod auto_reply;
pub mod call_details;
pub mod email;
pub mod embedded;
pub mod mime;
pub mod outgoing;
pub mod report;
pub mod submission;
pub mod writing;

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::line::Sound;

pub use call_details::{CallDetails, NothingLeft};
pub use email::{
    Attachment, ChangeMark, Changes, Content, ConversationId, Email, Flag, Flags, FolderState,
    Guard, MailAddress, MessageClass, Page, PartId,
};
pub use outgoing::{
    AttachedSound, Card, Cards, Letterbox, Letterhead, MailKind, OutgoingMail, Recipient,
    Submission, Submitted,
};

/// The identity of a mailbox: its user name.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
pub struct MailboxId(pub Arc<str>);

/// The identity of a message, stable within its store. For what we took ourselves it is the id of
/// the tape, and guards against doubles.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
pub struct MessageId(pub Arc<str>);

/// Why a backend could not do what it was asked.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum MailFault {
    /// Try again later.
    #[error("unavailable: {0}")]
    Unavailable(String),
    /// Credentials or rights.
    #[error("access denied: {0}")]
    Denied(String),
    /// It is gone; another session may have deleted it.
    #[error("not found")]
    NotFound,
    /// Changed meanwhile: read again and decide.
    #[error("changed meanwhile")]
    Conflict,
    /// Final.
    #[error("refused: {0}")]
    Refused(String),
    /// No room.
    #[error("the mailbox is full")]
    QuotaFull,
}

/// Who a message is from, as far as it is known.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct Sender {
    /// The calling number; none when withheld.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub number: Option<String>,
    /// The name found for it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// The sender's own mailbox, when it is one of ours.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user: Option<String>,
}

/// How urgent a message is.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Importance {
    /// Marked as less important than usual; only e-mail has it.
    Low,
    /// As usual.
    #[default]
    Normal,
    /// Marked as important.
    High,
}

/// A voice message before it is stored: what the outbox keeps beside the sound.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Envelope {
    /// Identity; the same on every try.
    pub id: MessageId,
    /// The mailbox it is for.
    pub to: MailboxId,
    /// Who left it.
    pub from: Sender,
    /// When the recording began.
    pub received: Timestamp,
    /// Urgency.
    #[serde(default)]
    pub importance: Importance,
    /// Marked as private.
    #[serde(default)]
    pub private: bool,
    /// The number that was called or diverted.
    #[serde(default)]
    pub called: String,
    /// ReasonForCall.
    #[serde(default)]
    pub reason: String,
    /// SIP Call-ID.
    #[serde(default)]
    pub call_id: String,
    /// Whether a crash cut it short.
    #[serde(default)]
    pub cut_short: bool,
    /// What only a message has that a subscriber sent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sent: Option<Box<SentVoice>>,
}

/// What a voice message has that was sent by a subscriber (IPM.Note.Microsoft.Voicemail.UM,
/// Content-Class `voice`) and not left by a caller.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct SentVoice {
    /// Subject; empty: the usual one.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub subject: String,
    /// Its own Message-ID, without angle brackets: what answers to it refer to.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub message_id: String,
    /// Message-ID of what it answers, without angle brackets.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub in_reply_to: Option<String>,
    /// Its sounds behind each other, newest first: an introduction, and what it forwards. Empty:
    /// one sound.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub sounds: Vec<SpokenPart>,
}

/// One of several sounds behind each other.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct SpokenPart {
    /// Who spoke it.
    pub from: String,
    /// How many samples it has, the pause behind it included.
    pub samples: u64,
}

/// A stored voice message, without its sound.
#[derive(Clone, PartialEq, Debug)]
pub struct VoiceMessage {
    /// As deposited.
    pub envelope: Envelope,
    /// Length of the sound.
    pub length: Duration,
    /// Heard already.
    pub read: bool,
    /// Flagged for follow-up.
    pub flagged: bool,
    /// In which folder it lies.
    pub folder: Folder,
}

/// The folders of a mailbox.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Folder {
    /// New and kept messages.
    Inbox,
    /// What the subscriber sent.
    Sent,
    /// What is not finished.
    Drafts,
    /// Deleted Items: some key layouts lead there.
    Deleted,
}

/// What a backend can do beyond what every one must. A conversation asks before it offers.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Capability {
    /// Changes made elsewhere are told at once.
    Watch,
    /// Any keyword can be kept with a message.
    Keywords,
    /// The calendar sends answers and cancellations itself (RFC 6638): no mail of ours.
    ServerScheduling,
    /// It knows when others are busy.
    FreeBusyOthers,
    /// The automatic reply to e-mail can be switched.
    AutoReply,
}

/// What a backend can do.
pub type Capabilities = std::collections::BTreeSet<Capability>;

/// New and old messages.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Counts {
    /// Unread.
    pub unread: usize,
    /// Read.
    pub read: usize,
}

/// Whether there is room.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Usage {
    /// Bytes stored, deleted items included.
    pub bytes: u64,
}

/// Takes messages for a mailbox. Depositing the same id twice stores one message.
#[async_trait]
pub trait Deposit: Send + Sync {
    /// Stores the message whose sound is the WAV file at `sound`.
    async fn deposit(&self, envelope: &Envelope, sound: &Path) -> Result<(), MailFault>;
    /// Stores a mail (RFC 5322) as new in the inbox. A voice message written as mail
    /// (`unified-messaging` 11.2) becomes a voice message. A mail whose Message-ID was delivered to
    /// this mailbox before is not stored again.
    async fn deposit_mail(
        &self,
        to: &MailboxId,
        mail: Arc<[u8]>,
        received: Timestamp,
    ) -> Result<MessageId, MailFault>;
}

/// The messages of a mailbox. What is wrong with one message is never a fault of a list: it is
/// listed with what could be read of it.
#[async_trait]
pub trait MailStore: Send + Sync {
    /// What this backend can do.
    fn capabilities(&self) -> Capabilities;
    /// Voice messages of a folder: unread first, then read, newest first in both.
    async fn voice_messages(
        &self,
        mailbox: &MailboxId,
        folder: Folder,
    ) -> Result<Vec<VoiceMessage>, MailFault>;
    /// How many voice messages lie in the inbox.
    async fn counts(&self, mailbox: &MailboxId) -> Result<Counts, MailFault>;
    /// How much is stored: voice messages and e-mail, in all folders.
    async fn usage(&self, mailbox: &MailboxId) -> Result<Usage, MailFault>;
    /// The sound of a message.
    async fn sound(&self, mailbox: &MailboxId, id: &MessageId) -> Result<Arc<Sound>, MailFault>;
    /// E-mails of a folder (voice messages are none): unread first, then read, newest first in both.
    async fn emails(
        &self,
        mailbox: &MailboxId,
        folder: Folder,
        page: Page,
    ) -> Result<Vec<Email>, MailFault>;
    /// How many e-mails lie in a folder.
    async fn email_counts(&self, mailbox: &MailboxId, folder: Folder) -> Result<Counts, MailFault>;
    /// One e-mail, as a list shows it.
    async fn email(&self, mailbox: &MailboxId, id: &MessageId) -> Result<Email, MailFault>;
    /// The e-mails of a conversation, in whatever folder they lie, oldest first.
    async fn conversation(
        &self,
        mailbox: &MailboxId,
        conversation: &ConversationId,
    ) -> Result<Vec<Email>, MailFault>;
    /// What is read of an e-mail.
    async fn content(&self, mailbox: &MailboxId, id: &MessageId)
    -> Result<Arc<Content>, MailFault>;
    /// The bytes of an attachment, decoded.
    async fn part(
        &self,
        mailbox: &MailboxId,
        id: &MessageId,
        part: PartId,
    ) -> Result<Arc<[u8]>, MailFault>;
    /// The sound of an attachment that [`Attachment::is_sound`]; `Refused` when it is broken.
    async fn part_sound(
        &self,
        mailbox: &MailboxId,
        id: &MessageId,
        part: PartId,
    ) -> Result<Arc<Sound>, MailFault>;
    /// An e-mail as it was delivered.
    async fn raw(&self, mailbox: &MailboxId, id: &MessageId) -> Result<Arc<[u8]>, MailFault>;
    /// Sets or clears a mark of an e-mail; of a voice message, [`Flag::Read`]
    /// and [`Flag::Flagged`] only.
    async fn set_flag(
        &self,
        mailbox: &MailboxId,
        id: &MessageId,
        flag: Flag,
        on: bool,
    ) -> Result<(), MailFault>;
    /// Puts an e-mail into a folder. One with the Message-ID of an earlier one that was put into the
    /// same folder is not stored again; the answer is then the earlier one.
    async fn append(
        &self,
        mailbox: &MailboxId,
        folder: Folder,
        mail: Arc<[u8]>,
        flags: Flags,
        received: Timestamp,
    ) -> Result<MessageId, MailFault>;
    /// The folders, with what lies in them: e-mails and voice messages.
    async fn folders(&self, mailbox: &MailboxId) -> Result<Vec<FolderState>, MailFault>;
    /// Which messages have come or changed since `since` ([`ChangeMark::default`]: ever).
    async fn changes(&self, mailbox: &MailboxId, since: ChangeMark) -> Result<Changes, MailFault>;
    /// Waits until something has changed since `since`. This is for workers: it has no deadline.
    async fn watch(&self, mailbox: &MailboxId, since: ChangeMark) -> Result<ChangeMark, MailFault>;
    /// Marks a message as read or unread: a voice message or an e-mail.
    async fn set_read(
        &self,
        mailbox: &MailboxId,
        id: &MessageId,
        read: bool,
    ) -> Result<(), MailFault>;
    /// Moves a message to a folder: a voice message or an e-mail.
    async fn move_to(
        &self,
        mailbox: &MailboxId,
        id: &MessageId,
        folder: Folder,
    ) -> Result<(), MailFault>;
}

/// The recordings a subscriber makes of himself.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Recorded {
    /// The spoken name.
    Name,
    /// The personal greeting.
    Greeting,
    /// The greeting while away (out of office).
    AwayGreeting,
}

/// What a subscriber has chosen.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct UserSettings {
    /// First-time set-up has been completed.
    pub set_up: bool,
    /// Language of prompts; none: the dial plan's.
    pub language: Option<String>,
    /// IANA time zone; none: the server's.
    pub time_zone: Option<String>,
    /// 24-hour clock; none: as usual for the language.
    pub twenty_four_hours: Option<bool>,
    /// Callers hear the greeting for absence.
    pub away: bool,
    /// The automatic reply to e-mail is on.
    pub auto_reply: bool,
    /// Its words; none: the system's.
    pub auto_reply_text: Option<String>,
    /// Which keys do what; none: the organisation's.
    pub key_layout: Option<String>,
    /// How much prompts say.
    pub prompts: PromptStyle,
    /// How long we wait for keys.
    pub patience: PatienceLevel,
    /// Keys or voice commands at the beginning of a call.
    pub interface: Interface,
    /// Playing speed in hundredths at the beginning of a call; none: normal.
    pub pace: Option<u16>,
    /// The folder that e-mail is read from (TelephoneAccessFolderEmail); none: the inbox.
    pub email_folder: Option<Folder>,
}

/// How much prompts say.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum PromptStyle {
    /// Whole sentences.
    #[default]
    Full,
    /// A word or two, for who knows the way.
    Brief,
}

/// How long we wait for keys.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum PatienceLevel {
    /// Half as long as usual.
    Short,
    /// As long as the configuration says.
    #[default]
    Usual,
    /// Twice as long.
    Long,
    /// Four times as long, for hands that are slow.
    VeryLong,
}

/// How a subscriber steers.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Interface {
    /// By voice, where it is allowed and can be recognised; by keys all the same.
    #[default]
    Voice,
    /// By keys.
    TouchTone,
}

/// How often mail is answered automatically.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct ReplyLimits {
    /// Days until the same sender is answered again.
    pub again_after_days: u32,
    /// Most replies of a mailbox in 24 hours.
    pub per_day_max: u32,
}

/// Remembers whom automatic replies went to.
#[async_trait]
pub trait Replied: Send + Sync {
    /// Notes that `sender` gets a reply now; false, and nothing noted, when the limits do not allow
    /// one.
    async fn note_reply(
        &self,
        mailbox: &MailboxId,
        sender: &str,
        now: Timestamp,
        limits: ReplyLimits,
    ) -> Result<bool, MailFault>;
}

/// A subscriber's settings and recordings.
#[async_trait]
pub trait Settings: Send + Sync {
    /// The settings.
    async fn settings(&self, mailbox: &MailboxId) -> Result<UserSettings, MailFault>;
    /// Saves the settings.
    async fn save_settings(
        &self,
        mailbox: &MailboxId,
        settings: &UserSettings,
    ) -> Result<(), MailFault>;
    /// A recording, if there is one.
    async fn recorded(
        &self,
        mailbox: &MailboxId,
        which: Recorded,
    ) -> Result<Option<Arc<Sound>>, MailFault>;
    /// Replaces a recording, or removes it.
    async fn set_recorded(
        &self,
        mailbox: &MailboxId,
        which: Recorded,
        sound: Option<Arc<Sound>>,
    ) -> Result<(), MailFault>;
}
