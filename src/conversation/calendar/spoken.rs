//! Appointments in words.

use jiff::civil::Date;
use jiff::tz::AmbiguousOffset;
use jiff::{SignedDuration, Timestamp};
use tracing::warn;

use super::super::desk::{Session, Visit};
use super::super::prompts;
use super::day::{Day, begin_of, today};
use crate::calendar::{Appointment, Attendance, Role, Span};
use crate::caller::{Saying, Value};
use crate::language::ClockFormat;
use crate::mailbox::MailAddress;

/// More names than this are counted, not read.
const NAMES_MAX: usize = 20;
/// So many items that cannot be read are named; of more, only the number is said.
const BROKEN_NAMED_MAX: usize = 3;

/// Which day it is, how much there is, and, once in a call, what could not be read.
pub(super) fn opening(session: &Session, day: &Day) -> Saying {
    let mut said = Saying::new(prompts::CALENDAR_DAY)
        .with("day", day_value(day, day.date))
        .with("count", Value::Count(day.agenda.appointments.len() as u64));
    let broken = &day.agenda.broken;
    if !session.memory.is_news_of_broken(broken) {
        return said;
    }
    // Who is to put it right has to know which.
    let named = broken.iter().filter(|name| !name.is_empty());
    let mut others = broken.len();
    for name in named.take(BROKEN_NAMED_MAX) {
        said = said
            .then(prompts::CALENDAR_BROKEN_ITEM)
            .with("name", Value::Text(name.clone()));
        others -= 1;
    }
    if others > 0 {
        said = said
            .then(prompts::CALENDAR_BROKEN)
            .with("count", Value::Count(others as u64));
    }
    said
}

/// Subject, time, location, organiser, and what is special about it.
pub(super) fn appointment(session: &Session, day: &Day, one: &Appointment) -> Saying {
    let mut said = when(session, day, one)
        .with("named", word(!one.subject.is_empty()))
        .with("subject", Value::Text(one.subject.clone()));
    if one.zone_uncertain {
        said = said.then(prompts::APPOINTMENT_ZONE_UNCERTAIN);
    }
    if !one.location.is_empty() {
        said = said
            .then(prompts::APPOINTMENT_LOCATION)
            .with("location", Value::Text(one.location.clone()));
    }
    said = match (&one.role, &one.organiser) {
        (Role::Organiser, _) => said.then(prompts::APPOINTMENT_OWN),
        (Role::Alone, _) | (_, None) => said,
        (_, Some(organiser)) => said
            .then(prompts::APPOINTMENT_ORGANISER)
            .with("name", name(organiser)),
    };
    if let Role::Attendee(answer) = one.role {
        said = said
            .then(prompts::APPOINTMENT_ANSWER)
            .with("answer", Value::Word(answer_word(answer)));
    }
    if one.private {
        said = said.then(prompts::APPOINTMENT_PRIVATE);
    }
    said
}

fn when(session: &Session, day: &Day, one: &Appointment) -> Saying {
    let clock = clock(session);
    match one.span {
        Span::AllDay(from, to) => {
            let last = to.yesterday().unwrap_or(to);
            if from == last {
                return Saying::new(prompts::APPOINTMENT_ALL_DAY);
            }
            Saying::new(prompts::APPOINTMENT_DAYS)
                .with("from", day_value(day, from))
                .with("to", day_value(day, last))
        }
        Span::Timed(from, to) => {
            let local = |moment| session.time_zone.to_datetime(moment);
            let (begins, ends) = (local(from), local(to));
            let time = |at: jiff::civil::DateTime| Value::Time {
                time: at.time(),
                clock,
            };
            if from == to {
                return Saying::new(prompts::APPOINTMENT_MOMENT)
                    .with("from", time(begins))
                    .with("from-hour", which_hour(session, from));
            }
            // An end at midnight is still the same day's.
            let last = local(to.checked_sub(SignedDuration::from_nanos(1)).unwrap_or(to));
            if begins.date() == day.date && last.date() == day.date {
                return Saying::new(prompts::APPOINTMENT_TIMED)
                    .with("from", time(begins))
                    .with("from-hour", which_hour(session, from))
                    .with("to", time(ends))
                    .with("to-hour", which_hour(session, to));
            }
            Saying::new(prompts::APPOINTMENT_LONG)
                .with("from-day", day_value(day, begins.date()))
                .with("from", time(begins))
                .with("to-day", day_value(day, ends.date()))
                .with("to", time(ends))
        }
    }
}

/// When it begins, for a mail about it: a day, or a time on it.
pub(super) fn begins(session: &Session, day: &Day, one: &Appointment) -> Value {
    match one.span {
        Span::AllDay(from, _) => day_value(day, from),
        Span::Timed(from, _) => {
            // Whoever reads it reads it later: the day is not told as today.
            let when = from.to_zoned(session.time_zone.clone());
            let now = jiff::Timestamp::UNIX_EPOCH.to_zoned(session.time_zone.clone());
            Value::Moment {
                when,
                now,
                clock: clock(session),
            }
        }
    }
}

/// Who comes, who perhaps, who does not, who has not said.
pub(super) fn attendance(one: &Appointment) -> Saying {
    let mut said = match &one.organiser {
        Some(organiser) if one.role != Role::Organiser => {
            Saying::new(prompts::APPOINTMENT_ORGANISER).with("name", name(organiser))
        }
        _ => Saying::new(prompts::APPOINTMENT_OWN),
    };
    for answer in [
        Attendance::Accepted,
        Attendance::Tentative,
        Attendance::Declined,
        Attendance::NeedsAction,
    ] {
        let names: Vec<String> = one
            .attendees
            .iter()
            .filter(|attendee| attendee.attendance == answer && !attendee.is_resource)
            .map(|attendee| name_of(&attendee.who))
            .collect();
        if names.is_empty() {
            continue;
        }
        let more = names.len().saturating_sub(NAMES_MAX);
        let read: Vec<String> = names.into_iter().take(NAMES_MAX).collect();
        said = said
            .then(prompts::ATTENDANCE)
            .with("answer", Value::Word(answer_word(answer)))
            .with("names", Value::Name(read.join(", ")))
            .with("more", Value::Count(more as u64));
    }
    said
}

/// The next meeting that has not ended today, for the summary; nothing when there is none, or the
/// calendar cannot be read.
pub(in super::super) async fn next_meeting(visit: &Visit<'_>, session: &Session) -> Option<Saying> {
    let now = visit.desk.clock.now();
    let zone = &session.time_zone;
    let date = today(visit, session);
    let to = date
        .tomorrow()
        .map_or(Timestamp::MAX, |next| begin_of(next, zone));
    let agenda = visit
        .desk
        .calendar
        .agenda(&session.mailbox, now, to, zone)
        .await;
    let agenda = match agenda {
        Ok(agenda) => agenda,
        Err(fault) => {
            warn!("{} hears of no meeting: {fault}", session.subscriber.user());
            return None;
        }
    };
    let next = agenda
        .appointments
        .into_iter()
        .find_map(|one| match one.span {
            Span::Timed(from, _) if from >= now => Some((from, one.subject)),
            _ => None,
        });
    let (from, subject) = next?;
    let named = word(!subject.is_empty());
    Some(
        Saying::new(prompts::SUMMARY_NEXT_MEETING)
            .with(
                "from",
                Value::Time {
                    time: zone.to_datetime(from).time(),
                    clock: clock(session),
                },
            )
            .with("named", named)
            .with("subject", Value::Text(subject)),
    )
}

/// How the listener's clock is told.
pub(in super::super) fn clock(session: &Session) -> ClockFormat {
    match session.settings.twenty_four_hours {
        Some(true) => ClockFormat::TwentyFourHours,
        Some(false) | None => ClockFormat::TwelveHours,
    }
}

/// Which of the two, where the clocks go back and an hour comes twice.
fn which_hour(session: &Session, moment: Timestamp) -> Value {
    let zone = &session.time_zone;
    let on_the_clock = zone.to_ambiguous_timestamp(zone.to_datetime(moment));
    Value::Word(match on_the_clock.offset() {
        AmbiguousOffset::Fold { before, .. } if zone.to_offset(moment) == before => "first",
        AmbiguousOffset::Fold { .. } => "second",
        _ => "once",
    })
}

/// A day, as it is told while this one is gone through.
pub(super) fn day_value(day: &Day, date: Date) -> Value {
    Value::Day {
        date,
        today: day.today,
    }
}

fn word(yes: bool) -> Value {
    Value::Word(if yes { "yes" } else { "no" })
}

fn answer_word(answer: Attendance) -> &'static str {
    match answer {
        Attendance::NeedsAction => "none",
        Attendance::Accepted => "accepted",
        Attendance::Tentative => "tentative",
        Attendance::Declined => "declined",
    }
}

/// The name, or the address where there is none.
pub(in super::super) fn name_of(who: &MailAddress) -> String {
    who.name.clone().unwrap_or_else(|| who.address.clone())
}

fn name(who: &MailAddress) -> Value {
    Value::Name(name_of(who))
}
