//! A day of the calendar as it is gone through.

use jiff::Timestamp;
use jiff::civil::{Date, Time};
use jiff::tz::TimeZone;

use super::super::desk::{Session, Visit};
use super::super::faults;
use crate::calendar::{Agenda, Appointment};
use crate::caller::Talk;

/// A day with its appointments.
pub(super) struct Day {
    /// Which day.
    pub(super) date: Date,
    /// The listener's day.
    pub(super) today: Date,
    /// Its appointments.
    pub(super) agenda: Agenda,
    /// The one that is read.
    pub(super) at: usize,
}

/// The day it is for the listener.
pub(super) fn today(visit: &Visit<'_>, session: &Session) -> Date {
    session.time_zone.to_datetime(visit.desk.clock.now()).date()
}

/// When a day begins in this zone.
pub(super) fn begin_of(date: Date, zone: &TimeZone) -> Timestamp {
    let midnight = date.to_datetime(Time::midnight());
    midnight
        .to_zoned(zone.clone())
        .map_or(Timestamp::MAX, |at| at.timestamp())
}

impl Day {
    /// The appointments of a day.
    pub(super) async fn read(visit: &Visit<'_>, session: &Session, date: Date) -> Talk<Day> {
        let zone = &session.time_zone;
        let from = begin_of(date, zone);
        let to = date
            .tomorrow()
            .map_or(Timestamp::MAX, |next| begin_of(next, zone));
        let calendar = &visit.desk.calendar;
        let agenda = calendar.agenda(&session.mailbox, from, to, zone).await;
        Ok(Day {
            date,
            today: today(visit, session),
            agenda: agenda.map_err(faults::calendar)?,
            at: 0,
        })
    }

    /// The appointment that is read; none after the last.
    pub(super) fn current(&self) -> Option<&Appointment> {
        self.agenda.appointments.get(self.at)
    }
}
