//! What every conversation works with: the rooms behind the traits, and the visit of one caller.

use std::sync::Arc;

use jiff::Timestamp;
use jiff::tz::TimeZone;

use super::arrival::{Arrival, CustomPrompts, Outcome};
use super::missed_call::Missed;
use super::undo::Memory;
use crate::calendar::Calendar;
use crate::caller::Manner;
use crate::directory::{Contacts, Directory};
use crate::language::ClockFormat;
use crate::line::Locale;
use crate::mailbox::{MailStore, MailboxId, Settings, UserSettings};
use crate::outbox::Outbox;
use crate::policy::areas::Area;
use crate::policy::clock::WallClock;
use crate::policy::mailbox::{Subscriber, Subscribers};
use crate::policy::pin::Pins;

/// What conversations work with; one for all calls.
pub struct Desk {
    /// Finds mailboxes by number.
    pub subscribers: Arc<dyn Subscribers>,
    /// Checks and changes PINs.
    pub pins: Arc<dyn Pins>,
    /// Reads messages.
    pub mail: Arc<dyn MailStore>,
    /// Reads and saves greetings, recorded names and preferences.
    pub settings: Arc<dyn Settings>,
    /// Knows who is who.
    pub directory: Arc<dyn Directory>,
    /// Knows whom subscribers know.
    pub contacts: Arc<dyn Contacts>,
    /// Keeps appointments.
    pub calendar: Arc<dyn Calendar>,
    /// Keeps recordings and delivers messages.
    pub outbox: Arc<Outbox>,
    /// The day and time of conversations.
    pub clock: Arc<dyn WallClock>,
    /// The zone of subscribers who have not chosen one.
    pub time_zone: TimeZone,
    /// Welcomes and announcements of dial plans.
    pub custom_prompts: Arc<dyn CustomPrompts>,
    /// The languages that some voice reads aloud.
    pub voices: Arc<[Locale]>,
    /// Those that the administrator has chosen a voice for. Where a caller picks a language they come first: a program
    /// that speaks a hundred languages speaks few of them for anybody here.
    pub chosen_voices: Arc<[Locale]>,
}

/// One call, as its conversations pass it on.
pub(super) struct Visit<'a> {
    /// What conversations work with.
    pub(super) desk: &'a Desk,
    /// What is known of the call.
    pub(super) arrival: Arrival,
    /// What the call record will say.
    pub(super) outcome: Outcome,
    /// When it began.
    pub(super) began: Timestamp,
    /// The mailbox that answered, as long as the caller has left nothing there.
    pub(super) missed: Option<Missed>,
    /// How we talk with a caller of whom nothing is known.
    pub(super) manner: Manner,
    /// Wrong sign-ins in this call.
    pub(super) sign_in_failures: u8,
    /// Something was sent that waits for want of a mail relay, and its sender does not know it yet.
    pub(super) waits_untold: bool,
}

/// A subscriber who has signed in.
pub(super) struct Session {
    /// Who.
    pub(super) subscriber: Subscriber,
    /// The identity of the mailbox.
    pub(super) mailbox: MailboxId,
    /// What the subscriber has chosen.
    pub(super) settings: UserSettings,
    /// The zone in which dates and times are told.
    pub(super) time_zone: TimeZone,
    /// Whether the PIN was entered in this call. It is not where voice mail opened without one.
    pub(super) pin_given: bool,
    /// What was deleted and hidden in this call.
    pub(super) memory: Memory,
}

impl Session {
    /// The session of `subscriber`, with these settings.
    pub(super) fn new(desk: &Desk, subscriber: Subscriber, settings: UserSettings) -> Session {
        // A zone that the database does not know any more must not keep anybody from his messages.
        let time_zone = settings
            .time_zone
            .as_deref()
            .and_then(|name| TimeZone::get(name).ok())
            .unwrap_or_else(|| desk.time_zone.clone());
        Session {
            mailbox: mailbox_of(&subscriber),
            subscriber,
            settings,
            time_zone,
            pin_given: true,
            memory: Memory::default(),
        }
    }

    /// How times are told.
    pub(super) fn clock_format(&self) -> ClockFormat {
        match self.settings.twenty_four_hours {
            Some(true) => ClockFormat::TwentyFourHours,
            Some(false) | None => ClockFormat::TwelveHours,
        }
    }

    /// Whether dial plan, policy and mailbox all allow this area.
    pub(super) fn may(&self, area: Area) -> bool {
        self.subscriber.may(area)
    }
}

/// The identity of a subscriber's mailbox.
pub(super) fn mailbox_of(subscriber: &Subscriber) -> MailboxId {
    MailboxId(subscriber.user().into())
}
