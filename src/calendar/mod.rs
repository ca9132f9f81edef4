//! Appointments and meetings, behind a trait; one file per backend.
//!
//! Recurrences are always expanded here, and only inside the asked window (C4). Times are moments;
//! who speaks them turns them into the listener's zone.

pub mod arrivals;
pub mod embedded;
mod event;
mod expand;
mod meeting_mail;
mod object;
mod rule;
mod scheduling;
mod zones;

use async_trait::async_trait;
use jiff::Timestamp;
use jiff::civil::{Date, DateTime};
use jiff::tz::TimeZone;

use crate::mailbox::{Capabilities, MailAddress, MailFault, MailboxId};

/// The identity of an event: its UID (RFC 5545 3.8.4.7).
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct EventId(pub std::sync::Arc<str>);

/// Which one of a series: the value of its RECURRENCE-ID; none for an event that does not recur.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Occurrence {
    /// The event.
    pub event: EventId,
    /// When it would have begun by the rule, on the clock of the series.
    pub recurrence: Option<DateTime>,
}

/// When something is.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Span {
    /// From, to; the same for a reminder without length.
    Timed(Timestamp, Timestamp),
    /// Whole days: the first, and the first one after it.
    AllDay(Date, Date),
}

/// Answer of an attendee (PARTSTAT).
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Attendance {
    /// None yet.
    #[default]
    NeedsAction,
    /// Comes.
    Accepted,
    /// Perhaps comes.
    Tentative,
    /// Does not come.
    Declined,
}

/// Somebody invited.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Attendee {
    /// Who.
    pub who: MailAddress,
    /// The answer.
    pub attendance: Attendance,
    /// Whether it is a room or a thing (CUTYPE), not a person.
    pub is_resource: bool,
}

/// What the owner of the calendar is to a meeting.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Role {
    /// Nobody else is concerned.
    Alone,
    /// Invited others.
    Organiser,
    /// Was invited; with the present answer.
    Attendee(Attendance),
    /// Was invited through a list: no answer of the owner's can be given, as nobody asked by name.
    Unlisted,
}

/// One appointment as it is read aloud: a single event, or one occurrence of a series.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Appointment {
    /// Which one.
    pub occurrence: Occurrence,
    /// When.
    pub span: Span,
    /// Its time zone was unknown, so its times may be wrong: that is said aloud.
    pub zone_uncertain: bool,
    /// What about.
    pub subject: String,
    /// Where.
    pub location: String,
    /// The description.
    pub body: String,
    /// Who invited.
    pub organiser: Option<MailAddress>,
    /// Who was invited, the organiser apart.
    pub attendees: Vec<Attendee>,
    /// What the owner is to it.
    pub role: Role,
    /// CLASS:PRIVATE or CONFIDENTIAL.
    pub private: bool,
    /// Does not make its owner busy (TRANSP:TRANSPARENT).
    pub free: bool,
    /// Whether it is one of a series.
    pub recurs: bool,
}

/// What was found in a window.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Agenda {
    /// All-day appointments first, then by time.
    pub appointments: Vec<Appointment>,
    /// Stored items that could not be read, by their subjects, which may be empty: each was skipped, and
    /// that is said aloud.
    pub broken: Vec<String>,
}

/// What a change made that has to be told to others: iTIP (RFC 5546), unless the backend tells them
/// itself ([`crate::mailbox::Capability::ServerScheduling`]).
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Notice {
    /// REPLY or CANCEL.
    pub method: &'static str,
    /// The iCalendar object.
    pub calendar: String,
    /// Whom to tell.
    pub to: Vec<MailAddress>,
    /// The event's summary.
    pub subject: String,
}

/// What a mail about a meeting is for (METHOD, RFC 5546).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Method {
    /// Somebody invites, or changes a meeting.
    Request,
    /// The meeting will not take place.
    Cancel,
    /// Somebody answers an invitation.
    Reply,
    /// Anything else: nothing that we act upon.
    Other,
}

/// How what a mail says of a meeting stands to what the calendar has of it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Standing {
    /// The calendar has it not, or not any more.
    Absent,
    /// It is there, in this version.
    Current,
    /// It is there in an older version.
    Changed,
    /// The calendar has a newer version.
    Outdated,
    /// It was cancelled since, or by this mail.
    Cancelled,
    /// It is there, and whoever sent the mail has no right to change it.
    NotByOrganiser,
}

/// A mail about a meeting.
#[derive(Clone, PartialEq, Debug)]
pub struct MeetingMail {
    /// What it is for.
    pub method: Method,
    /// The meeting as the mail tells it.
    pub told: Appointment,
    /// When the last of it is over; none for a series without an end.
    pub ends: Option<Timestamp>,
    /// It changes what was sent before (SEQUENCE, RFC 5546 section 2.1.4).
    pub is_revision: bool,
    /// How that stands to the calendar.
    pub standing: Standing,
    /// The meeting as the calendar has it.
    pub kept: Option<Box<Appointment>>,
}

/// The calendar of a mailbox.
#[async_trait]
pub trait Calendar: Send + Sync {
    /// What it can do.
    fn capabilities(&self) -> Capabilities;

    /// What touches the time from `from` to `to`, cancelled items apart. All-day and floating times
    /// are those of `zone`.
    async fn agenda(
        &self,
        mailbox: &MailboxId,
        from: Timestamp,
        to: Timestamp,
        zone: &TimeZone,
    ) -> Result<Agenda, MailFault>;

    /// Takes an iCalendar object into the calendar: an import without METHOD, a REQUEST (tentative
    /// until answered), a CANCEL, a REPLY to an event of our own. Gives what was touched: nothing when
    /// it is older than what is there, or `sender` (the address that a mail came from; none for an
    /// import) has no right to change it.
    async fn take(
        &self,
        mailbox: &MailboxId,
        calendar: &str,
        sender: Option<&str>,
    ) -> Result<Vec<EventId>, MailFault>;

    /// What the iCalendar object of a mail from `sender` says of a meeting, and what the calendar has
    /// of it. Changes nothing.
    async fn read(
        &self,
        mailbox: &MailboxId,
        calendar: &str,
        sender: Option<&str>,
        zone: &TimeZone,
    ) -> Result<MeetingMail, MailFault>;

    /// What invites to this occurrence: the iCalendar object of a REQUEST, as it is forwarded.
    async fn invitation(
        &self,
        mailbox: &MailboxId,
        occurrence: &Occurrence,
    ) -> Result<String, MailFault>;

    /// Answers an invitation, for this occurrence only; a declined one is in no agenda any more.
    /// `words` become its COMMENT. The notice goes to the organiser; none when nobody is to be told.
    async fn respond(
        &self,
        mailbox: &MailboxId,
        occurrence: &Occurrence,
        answer: Attendance,
        words: Option<&str>,
        now: Timestamp,
    ) -> Result<Option<Notice>, MailFault>;

    /// Takes an appointment of the owner's own out of the calendar, this occurrence only. The notice
    /// goes to the attendees; none when there are none.
    async fn cancel(
        &self,
        mailbox: &MailboxId,
        occurrence: &Occurrence,
        words: Option<&str>,
        now: Timestamp,
    ) -> Result<Option<Notice>, MailFault>;
}

#[cfg(test)]
mod tests;
