//! Clearing hours or days: own meetings are cancelled, others declined, what concerns nobody else is
//! deleted (`outlook-voice-access` section 6.3).

use jiff::civil::DateTime;
use jiff::{SignedDuration, Timestamp, ToSpan};
use tracing::warn;

use super::super::desk::{Session, Visit};
use super::super::meeting_mail::{Words, everybody, tell};
use super::super::{compose, faults, meeting_answers, prompts};
use super::day::{Day, begin_of};
use super::spoken::{clock, day_value};
use crate::calendar::{Appointment, Attendance, Role, Span};
use crate::caller::{AskDigits, Caller, Digits, Leave, Saying, Talk, Value};
use crate::line::Key;
use crate::mailbox::MailAddress;
use crate::outbox::Recording;
use crate::turn::menu::{YES_NO, YesNo};

/// A day has no more.
const HOURS_MAX: i64 = 24;
/// A month: who is away longer uses a calendar program.
const DAYS_MAX: i64 = 31;

/// How much is cleared.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Extent {
    Hours(i64),
    Days(i64),
}

/// From when to when is cleared.
#[derive(Clone, Copy, Debug)]
struct Range {
    from: Timestamp,
    to: Timestamp,
    extent: Extent,
}

/// Asks how much to clear, says what that is, and clears it once confirmed. True when the calendar has
/// changed.
pub(super) async fn clear(
    caller: &mut Caller,
    visit: &mut Visit<'_>,
    session: &Session,
    day: &Day,
) -> Talk<bool> {
    let Some(extent) = how_much(caller).await? else {
        return Ok(false);
    };
    let range = range(visit, session, day, extent);
    let affected = affected(visit, session, range).await?;
    let range = told(range, session, day);
    if affected.is_empty() {
        caller.say(range.then(prompts::CLEAR_NOTHING)).await?;
        return Ok(false);
    }
    let open = YES_NO.open().introduced_by(counted(range, &affected));
    if caller.choose(open).await? == YesNo::No {
        caller.say(prompts::NOTHING_CHANGED).await?;
        return Ok(false);
    }
    let words = if affected.iter().any(|one| one.role != Role::Alone) {
        meeting_answers::spoken_words(caller, visit, session).await?
    } else {
        Some((None, None))
    };
    let Some((recording, gone)) = words else {
        caller.say(prompts::NOTHING_CHANGED).await?;
        return Ok(false);
    };
    let failed = clear_all(caller, visit, session, &affected, recording).await;
    if let Some(leave) = gone {
        return Err(leave);
    }
    let done = (affected.len() - failed) as u64;
    let mut said = match done {
        0 => Saying::nothing(),
        done => Saying::new(prompts::CLEAR_DONE).with("count", Value::Count(done)),
    };
    if failed > 0 {
        said = said
            .then(prompts::CLEAR_FAILED)
            .with("count", Value::Count(failed as u64));
    }
    compose::say_sent(caller, visit, said).await?;
    Ok(true)
}

/// Hours, or days behind `*`; nothing when the caller goes back by `#`.
async fn how_much(caller: &mut Caller) -> Talk<Option<Extent>> {
    let mut days = false;
    let mut wrong = false;
    loop {
        let prompt = match (days, wrong) {
            (false, false) => prompts::CLEAR_HOW_MANY_HOURS,
            (false, true) => prompts::CLEAR_HOURS_AGAIN,
            (true, false) => prompts::CLEAR_HOW_MANY_DAYS,
            (true, true) => prompts::CLEAR_DAYS_AGAIN,
        };
        let answer = caller
            .ask_digits(AskDigits {
                prompt: Saying::new(prompt),
                longest: 2,
                complete_at: None,
                lone_keys: &[Key::STAR, Key::POUND],
            })
            .await?;
        let digits = match answer {
            Digits::Lone(Key::STAR) => {
                days = true;
                wrong = false;
                continue;
            }
            Digits::Lone(_) => return Ok(None),
            Digits::Entered(digits) => digits,
        };
        let extent = match (digits.parse(), days) {
            (Ok(hours @ 1..=HOURS_MAX), false) => Extent::Hours(hours),
            (Ok(number @ 1..=DAYS_MAX), true) => Extent::Days(number),
            _ => {
                caller.count_failure().await?;
                wrong = true;
                continue;
            }
        };
        caller.forgive_failures();
        return Ok(Some(extent));
    }
}

/// From now on, or from the beginning of the day that is read when that is not today.
fn range(visit: &Visit<'_>, session: &Session, day: &Day, extent: Extent) -> Range {
    let zone = &session.time_zone;
    let from = if day.date == day.today {
        visit.desk.clock.now()
    } else {
        begin_of(day.date, zone)
    };
    let to = match extent {
        Extent::Hours(hours) => from.checked_add(SignedDuration::from_hours(hours)),
        Extent::Days(days) => Ok(day
            .date
            .checked_add(days.days())
            .map_or(Timestamp::MAX, |end| begin_of(end, zone))),
    };
    Range {
        from,
        to: to.unwrap_or(Timestamp::MAX),
        extent,
    }
}

/// What is touched. Hours leave alone what lasts all day.
async fn affected(visit: &Visit<'_>, session: &Session, range: Range) -> Talk<Vec<Appointment>> {
    let Range { from, to, extent } = range;
    let calendar = &visit.desk.calendar;
    let agenda = calendar
        .agenda(&session.mailbox, from, to, &session.time_zone)
        .await;
    let mut found = agenda.map_err(faults::calendar)?.appointments;
    if let Extent::Hours(_) = extent {
        found.retain(|one| matches!(one.span, Span::Timed(..)));
    }
    Ok(found)
}

/// From when to when.
fn told(range: Range, session: &Session, day: &Day) -> Saying {
    let local = |moment| session.time_zone.to_datetime(moment);
    let (begins, ends) = (local(range.from), local(range.to));
    let is_today = day.date == day.today;
    let (extent, last) = match range.extent {
        Extent::Days(1) if is_today => ("rest-of-today", day.date),
        Extent::Days(1) => ("day", day.date),
        Extent::Days(_) => {
            let extent = if is_today { "days-from-now" } else { "days" };
            // The midnight at the end is not of the days that are cleared.
            (extent, ends.date().yesterday().unwrap_or(ends.date()))
        }
        Extent::Hours(_) if begins.date() == ends.date() => ("hours", ends.date()),
        Extent::Hours(_) => ("hours-beyond-midnight", ends.date()),
    };
    let time = |at: DateTime| Value::Time {
        time: at.time(),
        clock: clock(session),
    };
    Saying::new(prompts::CLEAR_RANGE)
        .with("extent", Value::Word(extent))
        .with("from-day", day_value(day, begins.date()))
        .with("to-day", day_value(day, last))
        .with("from", time(begins))
        .with("to", time(ends))
}

/// How many that are, and what becomes of them.
fn counted(said: Saying, affected: &[Appointment]) -> Saying {
    let count = |is: fn(Role) -> bool| {
        let number = affected.iter().filter(|one| is(one.role)).count();
        Value::Count(number as u64)
    };
    said.then(prompts::CLEAR_COUNT)
        .with("count", Value::Count(affected.len() as u64))
        .with("cancelled", count(|role| role == Role::Organiser))
        .with("declined", count(|role| matches!(role, Role::Attendee(_))))
        .with(
            "deleted",
            count(|role| matches!(role, Role::Alone | Role::Unlisted)),
        )
}

/// Clears one after the other; what fails stays, and is counted.
async fn clear_all(
    caller: &Caller,
    visit: &mut Visit<'_>,
    session: &Session,
    affected: &[Appointment],
    recording: Option<Recording>,
) -> usize {
    let mut failed = 0;
    let mut told: Vec<MailAddress> = Vec::new();
    for appointment in affected {
        let people = match appointment.role {
            Role::Organiser => everybody(appointment),
            Role::Attendee(_) => appointment.organiser.iter().cloned().collect(),
            Role::Alone | Role::Unlisted => Vec::new(),
        };
        let cleared = match appointment.role {
            Role::Attendee(_) => {
                let answer = Attendance::Declined;
                meeting_answers::send_answer(
                    caller,
                    visit,
                    session,
                    appointment,
                    answer,
                    None,
                    None,
                )
                .await
            }
            Role::Organiser | Role::Alone | Role::Unlisted => {
                meeting_answers::send_cancellation(caller, visit, session, appointment, None).await
            }
        };
        match cleared {
            Ok(()) => {
                for person in people {
                    if !told.iter().any(|known| known.is(&person.address)) {
                        told.push(person);
                    }
                }
            }
            Err(leave) => {
                failed += 1;
                if let Leave::Fault(fault) = leave {
                    warn!(call = %visit.arrival.call_id, "an appointment stays: {}", fault.log);
                }
            }
        }
    }
    if recording.is_some() {
        // One mail with the words for everybody: each of the others is about one meeting.
        let words = Words {
            subject: prompts::MAIL_CLEARED_SUBJECT,
            text: prompts::MAIL_CLEARED,
            values: vec![("name", Value::Name(session.subscriber.display_name.clone()))],
            in_reply_to: None,
        };
        if let Err(Leave::Fault(fault)) =
            tell(caller, visit, session, &told, words, None, recording).await
        {
            warn!(call = %visit.arrival.call_id, "nobody hears why: {}", fault.log);
        }
    }
    failed
}
