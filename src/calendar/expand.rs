//! What of an iCalendar object falls into a window: recurrences, exceptions, moved instances.

use std::collections::BTreeMap;

use calcard::icalendar::{ICalendar, ICalendarProperty};
use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};

use super::event::{Event, Length, Stamp, Unreadable, days_later, events};
use super::rule::{Budget, Exhausted};
use super::zones::Zones;
use super::{Appointment, Attendance, EventId, Occurrence, Role, Span};
use crate::mailbox::MailAddress;

impl From<Exhausted> for Unreadable {
    /// A rule that costs more than all of a calendar may is not followed.
    fn from(_: Exhausted) -> Unreadable {
        Unreadable
    }
}

/// So many appointments are given at most, whatever calendars and rules name (C4).
pub(super) const INSTANCES_MAX: usize = 2_000;

/// The time that is asked for.
#[derive(Clone, Copy, Debug)]
pub(super) struct Window {
    /// From.
    pub(super) from: Timestamp,
    /// To, not included.
    pub(super) to: Timestamp,
}

impl Window {
    fn touches(&self, from: Timestamp, to: Timestamp) -> bool {
        from < self.to && (to > self.from || from == to && from >= self.from)
    }
}

/// One event with all its instances that are kept apart.
struct Series<'a> {
    master: Option<Event<'a>>,
    apart: Vec<Event<'a>>,
}

/// What touches `window` of the object, which is heard in `zone` by somebody with these addresses;
/// and the subjects of its events that cannot be read, empty where there is none.
pub(super) fn appointments(
    calendar: &ICalendar,
    window: Window,
    zone: &TimeZone,
    own: &[String],
    budget: &mut Budget,
) -> (Vec<Appointment>, Vec<String>) {
    let zones = Zones::of(calendar, zone);
    let mut series: BTreeMap<String, Series<'_>> = BTreeMap::new();
    for event in events(calendar, &zones) {
        let of = series
            .entry(event.text(&ICalendarProperty::Uid))
            .or_insert_with(|| Series {
                master: None,
                apart: Vec::new(),
            });
        if event.component.is_recurrence_override() {
            of.apart.push(event);
        } else {
            of.master = Some(event);
        }
    }
    let (mut found, mut broken) = (Vec::new(), Vec::new());
    for (uid, series) in &series {
        let reader = Reader {
            id: EventId(uid.as_str().into()),
            window,
            own,
        };
        let mut share = budget.share();
        match reader.series(series, &mut share) {
            Ok(mut read) => found.append(&mut read),
            Err(Unreadable) => {
                let named = series.master.or(series.apart.first().copied());
                broken.push(
                    named.map_or_else(String::new, |event| event.text(&ICalendarProperty::Summary)),
                );
            }
        }
        budget.give_back(&share);
        if found.len() >= INSTANCES_MAX {
            found.truncate(INSTANCES_MAX);
            break;
        }
    }
    (found, broken)
}

/// Whether everything of it can be read, whenever it is.
pub(super) fn is_whole(calendar: &ICalendar) -> bool {
    let zone = &TimeZone::UTC;
    // Rules are read whatever is asked for; a short time costs little.
    let window = Window {
        from: Timestamp::UNIX_EPOCH,
        to: Timestamp::UNIX_EPOCH,
    };
    let (_, broken) = appointments(calendar, window, zone, &[], &mut Budget::new());
    broken.is_empty()
}

/// The one event of an object as it stands, whenever it is.
pub(super) fn first_event(
    calendar: &ICalendar,
    zone: &TimeZone,
    own: &[String],
) -> Option<Appointment> {
    let zones = Zones::of(calendar, zone);
    let event = events(calendar, &zones).next()?;
    let reader = Reader {
        id: EventId(event.text(&ICalendarProperty::Uid).as_str().into()),
        window: Window {
            from: Timestamp::MIN,
            to: Timestamp::MAX,
        },
        own,
    };
    let start = event.start().ok()?;
    let length = event.length(&start).ok()?;
    let recurrence = event.recurrence().ok()?.map(|stamp| stamp.local);
    let recurs = event.component.is_recurrent_or_override();
    reader
        .appointment(event, &start, length, recurrence, recurs)
        .ok()
}

struct Reader<'a> {
    id: EventId,
    window: Window,
    own: &'a [String],
}

impl Reader<'_> {
    fn series(
        &self,
        series: &Series<'_>,
        budget: &mut Budget,
    ) -> Result<Vec<Appointment>, Unreadable> {
        let Some(master) = series.master else {
            return series.apart.iter().try_fold(Vec::new(), |mut all, event| {
                let recurrence = event.recurrence()?.map(|stamp| stamp.local);
                all.extend(self.instance(*event, &event.start()?, None, recurrence)?);
                Ok(all)
            });
        };
        let start = master.start()?;
        if !master.component.is_recurrent() && series.apart.is_empty() {
            return Ok(self
                .instance(master, &start, None, None)?
                .into_iter()
                .collect());
        }
        let mut all = Vec::new();
        let mut apart = Vec::new();
        for event in &series.apart {
            let of = event.recurrence()?.ok_or(Unreadable)?;
            let of = of.in_series(&start).ok_or(Unreadable)?;
            all.extend(self.instance(*event, &event.start()?, None, Some(of))?);
            apart.push((of, *event));
        }
        if master.is_cancelled() {
            return Ok(all);
        }
        self.by_rule(master, &start, &apart, budget, &mut all)?;
        Ok(all)
    }

    /// The instances that are not kept apart.
    fn by_rule(
        &self,
        master: Event<'_>,
        start: &Stamp,
        apart: &[(DateTime, Event<'_>)],
        budget: &mut Budget,
        all: &mut Vec<Appointment>,
    ) -> Result<(), Unreadable> {
        let length = master.length(start)?;
        let changes = changes(start, apart)?;
        let further = master.further(start)?;
        let (from, to) = self.local_window(start, length, &changes, &further);
        let mut instances: BTreeMap<DateTime, Option<Length>> = BTreeMap::new();
        if start.local >= from && start.local <= to {
            instances.insert(start.local, None);
        }
        for rule in master.rules(start)? {
            for local in rule.between(start.local, from, to, budget)? {
                instances.entry(local).or_insert(None);
            }
        }
        for (local, own_length) in further {
            if local >= from && local <= to {
                instances.insert(local, own_length);
            }
        }
        let exceptions = master.exceptions(start);
        let is_apart = |local: DateTime| apart.iter().any(|(of, _)| *of == local);
        let recurs = |local: &DateTime| {
            !is_apart(*local) && !exceptions.iter().any(|exception| exception.takes(*local))
        };
        for (local, own_length) in instances.into_iter().filter(|(local, _)| recurs(local)) {
            if all.len() >= INSTANCES_MAX {
                break;
            }
            let change = changes.iter().rev().find(|change| change.from < local);
            let (event, at, usual) = match change {
                Some(change) => (change.event, change.moved(local), change.length),
                None => (master, local, length),
            };
            let stamp = Stamp {
                local: at,
                ..start.clone()
            };
            let own_length = Some(own_length.unwrap_or(usual));
            all.extend(self.instance(event, &stamp, own_length, Some(local))?);
        }
        Ok(())
    }

    /// Where on the series' clock an instance can begin that touches the window, with room for zones,
    /// for changes of clocks and for instances that were moved.
    fn local_window(
        &self,
        start: &Stamp,
        length: Length,
        changes: &[Change<'_>],
        further: &[(DateTime, Option<Length>)],
    ) -> (DateTime, DateTime) {
        let lengths = changes.iter().map(|change| change.length);
        let own = further.iter().filter_map(|(_, length)| *length);
        let longest = lengths
            .chain(own)
            .chain([length])
            .map(Length::at_most)
            .max();
        let moved = changes.iter().map(|change| change.by.abs()).max();
        let slack = moved.unwrap_or(SignedDuration::ZERO).as_hours() / 24 + 2;
        let days = longest.unwrap_or(SignedDuration::ZERO).as_hours() / 24;
        let local = |moment, edge| start.clock.local(moment).unwrap_or(edge);
        (
            days_later(local(self.window.from, DateTime::MIN), -(slack + days)),
            days_later(local(self.window.to, DateTime::MAX), slack),
        )
    }

    /// An instance, if it touches the window and takes place.
    fn instance(
        &self,
        event: Event<'_>,
        start: &Stamp,
        length: Option<Length>,
        recurrence: Option<DateTime>,
    ) -> Result<Option<Appointment>, Unreadable> {
        if event.is_cancelled() {
            return Ok(None);
        }
        let length = match length {
            Some(length) => length,
            None => event.length(start)?,
        };
        let from = start.moment().ok_or(Unreadable)?;
        let to = if start.is_date {
            let end = days_later(start.local, length.days());
            start.clock.moment(end).ok_or(Unreadable)?
        } else {
            length.end(start).ok_or(Unreadable)?
        };
        if !self.window.touches(from, to) {
            return Ok(None);
        }
        let recurs = recurrence.is_some();
        let appointment = self.appointment(event, start, length, recurrence, recurs)?;
        let declined = appointment.role == Role::Attendee(Attendance::Declined);
        Ok((!declined).then_some(appointment))
    }

    fn appointment(
        &self,
        event: Event<'_>,
        start: &Stamp,
        length: Length,
        recurrence: Option<DateTime>,
        recurs: bool,
    ) -> Result<Appointment, Unreadable> {
        let span = if start.is_date {
            let end = days_later(start.local, length.days());
            Span::AllDay(start.local.date(), end.date())
        } else {
            let from = start.moment().ok_or(Unreadable)?;
            Span::Timed(from, length.end(start).ok_or(Unreadable)?)
        };
        let organiser = event.organiser();
        let is_organiser =
            |who: &MailAddress| organiser.as_ref().is_some_and(|o| o.is(&who.address));
        let everybody: Vec<_> = event.attendees().collect();
        let answer = everybody
            .iter()
            .find(|one| self.is_own(&one.who))
            .map(|one| one.attendance);
        let attendees: Vec<_> = everybody
            .into_iter()
            .filter(|one| !is_organiser(&one.who))
            .collect();
        let role = match (&organiser, answer) {
            (Some(organiser), _) if self.is_own(organiser) && attendees.is_empty() => Role::Alone,
            (Some(organiser), _) if self.is_own(organiser) => Role::Organiser,
            (_, Some(answer)) => Role::Attendee(answer),
            (None, None) => Role::Alone,
            (Some(_), None) => Role::Unlisted,
        };
        Ok(Appointment {
            occurrence: Occurrence {
                event: self.id.clone(),
                recurrence,
            },
            span,
            zone_uncertain: start.uncertain,
            subject: event.text(&ICalendarProperty::Summary),
            location: event.text(&ICalendarProperty::Location),
            body: event.text(&ICalendarProperty::Description),
            organiser,
            attendees,
            role,
            private: event.is_private(),
            free: event.is_free(),
            recurs,
        })
    }

    fn is_own(&self, who: &MailAddress) -> bool {
        self.own.iter().any(|own| who.reaches(own))
    }
}

/// A change of an instance and of all later ones (RANGE=THISANDFUTURE).
struct Change<'a> {
    from: DateTime,
    event: Event<'a>,
    by: SignedDuration,
    length: Length,
}

impl Change<'_> {
    fn moved(&self, local: DateTime) -> DateTime {
        local.checked_add(self.by).unwrap_or(local)
    }
}

fn changes<'a>(
    start: &Stamp,
    apart: &[(DateTime, Event<'a>)],
) -> Result<Vec<Change<'a>>, Unreadable> {
    let mut changes = Vec::new();
    for (of, event) in apart.iter().filter(|(_, event)| event.and_future()) {
        let begins = event.start()?;
        let moved = begins.on(&start.clock).ok_or(Unreadable)?;
        changes.push(Change {
            from: *of,
            event: *event,
            by: moved.duration_since(*of),
            length: event.length(&begins)?,
        });
    }
    changes.sort_by_key(|change| change.from);
    Ok(changes)
}

/// From when to when an object has anything to tell, for the index of a store: two days wider than
/// it needs to be, because days are those of whoever listens. Nothing known means always.
pub(super) fn extent(calendar: &ICalendar) -> Option<(Timestamp, Timestamp)> {
    let zones = Zones::of(calendar, &TimeZone::UTC);
    let mut extent: Option<(Timestamp, Timestamp)> = None;
    for event in events(calendar, &zones) {
        let (from, to) = extent_of(event).ok()??;
        extent = Some(match extent {
            Some((first, last)) => (first.min(from), last.max(to)),
            None => (from, to),
        });
    }
    let slack = SignedDuration::from_hours(48);
    let (first, last) = extent?;
    Some((
        first.checked_sub(slack).unwrap_or(Timestamp::MIN),
        last.checked_add(slack).unwrap_or(Timestamp::MAX),
    ))
}

fn extent_of(event: Event<'_>) -> Result<Option<(Timestamp, Timestamp)>, Unreadable> {
    let start = event.start()?;
    let longest = event.length(&start)?.at_most();
    let from = start.moment().ok_or(Unreadable)?;
    let mut last = from;
    if event.and_future() {
        return Ok(None);
    }
    for rule in event.rules(&start)? {
        let Some(until) = rule.until() else {
            return Ok(None);
        };
        last = last.max(start.clock.moment(until).ok_or(Unreadable)?);
    }
    let mut first = from;
    for (local, length) in event.further(&start)? {
        let moment = start.clock.moment(local).ok_or(Unreadable)?;
        let length = length.map_or(SignedDuration::ZERO, Length::at_most);
        first = first.min(moment);
        last = last.max(moment.checked_add(length).map_err(|_| Unreadable)?);
    }
    let longest = longest.max(SignedDuration::from_hours(24));
    let last = last.checked_add(longest).unwrap_or(Timestamp::MAX);
    Ok(Some((first, last)))
}
