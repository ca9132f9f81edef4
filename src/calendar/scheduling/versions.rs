//! Which of two texts about a meeting is the newer one, and who may change it (RFC 5546 section 2.1.5).

use std::cmp::Ordering;

use calcard::icalendar::{ICalendarComponent, ICalendarMethod, ICalendarProperty};
use jiff::civil::DateTime;

use super::super::zones::local;
use super::{Draft, Place};
use crate::mailbox::MailFault;

impl Draft {
    /// Whether `sender` may change the event: its organiser, or who speaks for it.
    pub(in super::super) fn may_change(&self, sender: &str) -> bool {
        let mut organised = self.events().filter_map(|(_, event)| {
            let organiser = event.organiser()?;
            Some(
                organiser.is(sender)
                    || event
                        .sent_by()
                        .is_some_and(|by| by.eq_ignore_ascii_case(sender)),
            )
        });
        organised.next().is_none_or(|first| first)
    }

    /// Whether `newer` is at least as new, by SEQUENCE and then DTSTAMP.
    pub(in super::super) fn is_not_older(&self, newer: &Draft) -> bool {
        let version = |draft: &Draft| {
            let event = draft.master().or_else(|| draft.events().next());
            event.map(|(_, event)| version(event.component))
        };
        version(newer) >= version(self)
    }

    /// How what `other` says of the meeting stands to what is here: `Greater` is newer. Answers and
    /// cancellations are about the version whose SEQUENCE they name, whenever they were written.
    pub(in super::super) fn compared_with(
        &self,
        other: &Draft,
        method: Option<&ICalendarMethod>,
    ) -> Result<Ordering, MailFault> {
        let first = other.master().or_else(|| other.events().next());
        let (_, event) = first.ok_or(MailFault::NotFound)?;
        let of = self.recurrence_here(event)?;
        let here = match (self.place(of)?, self.master()) {
            // A change of the whole series counts for each of its occurrences.
            (Place::Apart(index), Some((_, master))) => {
                version(self.component(index)?).max(version(master.component))
            }
            (Place::Apart(index) | Place::ByRule(index) | Place::Only(index), _) => {
                version(self.component(index)?)
            }
        };
        let there = version(event.component);
        Ok(match method {
            Some(ICalendarMethod::Reply | ICalendarMethod::Cancel) => there.0.cmp(&here.0),
            _ => there.cmp(&here),
        })
    }

    /// Whether anything was sent before this.
    pub(in super::super) fn is_revision(&self) -> bool {
        self.events()
            .any(|(_, event)| sequence(event.component) > 0)
    }

    /// Which occurrence of what is here the first event of `other` is about.
    pub(in super::super) fn occurrence_of(
        &self,
        other: &Draft,
    ) -> Result<Option<DateTime>, MailFault> {
        match other.master().or_else(|| other.events().next()) {
            Some((_, event)) => self.recurrence_here(event),
            None => Ok(None),
        }
    }
}

pub(super) fn sequence(event: &ICalendarComponent) -> i64 {
    let entry = event.property(&ICalendarProperty::Sequence);
    let sequence = entry.and_then(|entry| entry.values.first()?.as_integer());
    sequence.unwrap_or(0).clamp(0, i64::from(i32::MAX))
}

pub(super) fn version(event: &ICalendarComponent) -> (i64, Option<DateTime>) {
    let entry = event.property(&ICalendarProperty::Dtstamp);
    let stamp = entry.and_then(|entry| local(entry.values.first()?.as_partial_date_time()?));
    (sequence(event), stamp)
}
