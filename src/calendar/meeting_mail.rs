//! What a mail about a meeting says, and how that stands to what the calendar has of it.

use std::cmp::Ordering;

use calcard::icalendar::ICalendarMethod;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};

use super::embedded::Stored;
use super::expand::{self, Window};
use super::object::{self, Piece};
use super::rule::Budget;
use super::scheduling::Draft;
use super::{Appointment, EventId, MeetingMail, Method, Span, Standing};
use crate::mailbox::MailFault;

/// An occurrence is looked for so long before and after the time that a mail tells of it.
const AROUND: SignedDuration = SignedDuration::from_hours(7 * 24);

/// The first meeting of an object, and how its text asks to be found.
pub(super) struct Told {
    method: Option<ICalendarMethod>,
    piece: Piece,
    appointment: Appointment,
}

impl Told {
    /// Reads the object of a mail to somebody with these addresses.
    pub(super) fn of(text: &str, zone: &TimeZone, own: &[String]) -> Result<Told, MailFault> {
        let unreadable = || MailFault::Refused("the event cannot be read".to_owned());
        let method = object::parse(text).as_ref().and_then(object::method);
        let piece = object::pieces(text)?.into_iter().next();
        let piece = piece.ok_or_else(unreadable)?;
        let object = object::parse(&piece.text).ok_or_else(unreadable)?;
        let appointment = expand::first_event(&object, zone, own).ok_or_else(unreadable)?;
        Ok(Told {
            method,
            piece,
            appointment,
        })
    }

    /// The UID that it is stored under.
    pub(super) fn uid(&self) -> &str {
        &self.piece.uid
    }

    /// Compared with what is stored under that UID, by a mail of this sender.
    pub(super) fn beside(
        self,
        stored: Option<&Stored>,
        sender: Option<&str>,
        zone: &TimeZone,
        own: &[String],
    ) -> Result<MeetingMail, MailFault> {
        let method = match self.method {
            Some(ICalendarMethod::Request) => Method::Request,
            Some(ICalendarMethod::Cancel) => Method::Cancel,
            Some(ICalendarMethod::Reply) => Method::Reply,
            _ => Method::Other,
        };
        let ends = last_end(&self.piece.text, &self.appointment, zone);
        let mut told = self.appointment;
        told.occurrence.event = EventId(self.piece.uid.as_str().into());
        let new = Draft::of(&self.piece.text);
        let mut mail = MeetingMail {
            method,
            told,
            ends,
            is_revision: new.as_ref().is_ok_and(Draft::is_revision),
            standing: Standing::Absent,
            kept: None,
        };
        // What is stored and cannot be read any more is replaced by what can.
        let old = stored.and_then(|stored| Some((stored, Draft::of(&stored.text).ok()?)));
        let Some((stored, old)) = old else {
            return Ok(mail);
        };
        let new = new?;
        if stored.is_cancelled {
            let newer = old.compared_with(&new, self.method.as_ref())? == Ordering::Greater;
            if method == Method::Cancel || (method == Method::Request && !newer) {
                mail.standing = Standing::Cancelled;
            }
            return Ok(mail);
        }
        mail.told.occurrence.recurrence = old.occurrence_of(&new)?;
        mail.kept = kept(&stored.text, &mail.told, zone, own);
        if mail.kept.is_none() {
            return Ok(mail);
        }
        let foreign = sender.is_some_and(|sender| !old.may_change(sender));
        mail.standing = match old.compared_with(&new, self.method.as_ref())? {
            _ if foreign && method != Method::Reply => Standing::NotByOrganiser,
            Ordering::Less => Standing::Outdated,
            Ordering::Equal => Standing::Current,
            Ordering::Greater => Standing::Changed,
        };
        Ok(mail)
    }
}

/// The same meeting, or the same occurrence of the series, as the calendar has it.
fn kept(
    stored: &str,
    told: &Appointment,
    zone: &TimeZone,
    own: &[String],
) -> Option<Box<Appointment>> {
    let object = object::parse(stored)?;
    let Some(recurrence) = told.occurrence.recurrence else {
        return expand::first_event(&object, zone, own).map(Box::new);
    };
    let begins = recurrence.to_zoned(zone.clone()).ok()?.timestamp();
    let (from, to) = match told.span {
        Span::Timed(from, to) => (from.min(begins), to.max(begins)),
        Span::AllDay(..) => (begins, begins),
    };
    let window = Window {
        from: from.checked_sub(AROUND).unwrap_or(Timestamp::MIN),
        to: to.checked_add(AROUND).unwrap_or(Timestamp::MAX),
    };
    let (found, _) = expand::appointments(&object, window, zone, own, &mut Budget::new());
    let is_it = |one: &Appointment| one.occurrence.recurrence == Some(recurrence);
    found.into_iter().find(is_it).map(Box::new)
}

/// When the last of it is over; nothing when it goes on for ever.
fn last_end(text: &str, told: &Appointment, zone: &TimeZone) -> Option<Timestamp> {
    if told.recurs && told.occurrence.recurrence.is_none() {
        return expand::extent(&object::parse(text)?).map(|(_, last)| last);
    }
    match told.span {
        Span::Timed(_, to) => Some(to),
        Span::AllDay(_, to) => {
            let midnight: DateTime = to.to_datetime(jiff::civil::Time::midnight());
            Some(midnight.to_zoned(zone.clone()).ok()?.timestamp())
        }
    }
}
