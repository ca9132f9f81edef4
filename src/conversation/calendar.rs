//! The calendar, a day at a time (`outlook-voice-access` section 6): all-day appointments first, then
//! by time, each with what can be done about it.

mod clear;
mod day;
mod details;
mod late;
mod replies;
mod spoken;

use jiff::Timestamp;
use jiff::civil::Date;

use self::day::Day;
use super::desk::{Session, Visit};
use super::meeting_mail::everybody;
use super::{compose, find_recipient, meeting_answers, prompts};
use crate::calendar::{Appointment, Attendance, Role, Span};
use crate::caller::{Caller, Saying, Talk};
use crate::mailbox::MailKind;
use crate::policy::areas::Area;
use crate::turn::menu::{Menu, always, silent};

pub(super) use self::details::MEETING_DETAILS;
pub(super) use self::spoken::{clock, name_of, next_meeting};

/// What can be done with an appointment.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum OnAppointment {
    Next,
    NextDay,
    Previous,
    Repeat,
    Late,
    Accept,
    Details,
    Attendance,
    Forward,
    Decline,
    Cancel,
    Clear,
    Reply,
    ReplyAll,
}

/// The menu of an appointment. All of it is open while the appointment is read, too.
pub(super) static APPOINTMENT: Menu<OnAppointment> = Menu::new(
    "appointment",
    &[
        always("next", OnAppointment::Next),
        always("accept", OnAppointment::Accept),
        always("late", OnAppointment::Late),
        always("decline", OnAppointment::Decline),
        always("cancel", OnAppointment::Cancel),
        always("next-day", OnAppointment::NextDay),
        always("details", OnAppointment::Details),
        always("reply", OnAppointment::Reply).more(),
        always("reply-all", OnAppointment::ReplyAll).more(),
        always("forward", OnAppointment::Forward).more(),
        always("attendance", OnAppointment::Attendance).more(),
        always("repeat", OnAppointment::Repeat).more(),
        always("previous", OnAppointment::Previous).more(),
        always("clear", OnAppointment::Clear).more(),
    ],
);

/// What can be done after the last appointment of a day.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum OnDay {
    NextDay,
    Next,
    Previous,
}

/// The menu after the last appointment, and of a day without any.
pub(super) static CALENDAR_DAY: Menu<OnDay> = Menu::new(
    "calendar-day",
    &[
        always("next-day", OnDay::NextDay),
        always("previous", OnDay::Previous),
        // There is nothing else to be next.
        silent("next", OnDay::Next),
    ],
);

/// Where to go from an appointment.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Move {
    Next,
    /// It has left the calendar.
    Removed,
    /// More than this one has changed: the day is read anew.
    Reread,
    Previous,
    NextDay,
}

/// Opens today, and goes through the days.
pub(super) async fn review(
    caller: &mut Caller,
    visit: &mut Visit<'_>,
    session: &mut Session,
) -> Talk {
    let mut date = day::today(visit, session);
    loop {
        if Box::pin(one_day(caller, visit, session, date)).await? == Move::NextDay {
            // The calendar ends with the calendar: nobody gets there by telephone.
            date = date.tomorrow().unwrap_or(date);
        }
    }
}

/// One day, until the caller wants the next one, or it has to be read anew.
async fn one_day(
    caller: &mut Caller,
    visit: &mut Visit<'_>,
    session: &mut Session,
    date: Date,
) -> Talk<Move> {
    let mut day = Day::read(visit, session, date).await?;
    caller.say(spoken::opening(session, &day)).await?;
    // A key while the number of appointments was said, and nothing was heard of the first: "next" is the first.
    let mut is_before_the_first = caller.has_typed_ahead();
    loop {
        let direction = match day.current() {
            Some(appointment) => {
                let mut appointment = appointment.clone();
                let direction =
                    Box::pin(present(caller, visit, session, &day, &mut appointment)).await?;
                if let Some(here) = day.agenda.appointments.get_mut(day.at) {
                    *here = appointment;
                }
                direction
            }
            None => after_the_last(caller, &day).await?,
        };
        let is_first_next = std::mem::take(&mut is_before_the_first) && direction == Move::Next;
        match direction {
            Move::Next if is_first_next => {}
            Move::NextDay | Move::Reread => return Ok(direction),
            Move::Next => day.at += 1,
            Move::Removed => {
                let _ = day.agenda.appointments.remove(day.at);
            }
            Move::Previous if day.at == 0 => caller.say(prompts::FIRST_APPOINTMENT).await?,
            Move::Previous => day.at -= 1,
        }
    }
}

/// What follows the last appointment, and an empty day.
async fn after_the_last(caller: &mut Caller, day: &Day) -> Talk<Move> {
    let empty = day.agenda.appointments.is_empty();
    let introduction = if empty {
        Saying::nothing()
    } else {
        Saying::new(prompts::NO_MORE_APPOINTMENTS)
    };
    let mut open = CALENDAR_DAY.open().introduced_by(introduction);
    if empty {
        open = open.without(OnDay::Previous);
    }
    Ok(match caller.choose(open).await? {
        OnDay::NextDay | OnDay::Next => Move::NextDay,
        OnDay::Previous => Move::Previous,
    })
}

/// Reads one appointment and does what the caller asks until that leads to another.
async fn present(
    caller: &mut Caller,
    visit: &mut Visit<'_>,
    session: &Session,
    day: &Day,
    appointment: &mut Appointment,
) -> Talk<Move> {
    caller
        .start(spoken::appointment(session, day, appointment))
        .await?;
    loop {
        let mut open = APPOINTMENT.open();
        let now = visit.desk.clock.now();
        for impossible in impossible(session, appointment, now) {
            open = open.without(impossible);
        }
        match caller.choose(open).await? {
            OnAppointment::Next => return Ok(Move::Next),
            OnAppointment::NextDay => return Ok(Move::NextDay),
            OnAppointment::Previous => return Ok(Move::Previous),
            OnAppointment::Repeat => {
                caller
                    .start(spoken::appointment(session, day, appointment))
                    .await?;
            }
            OnAppointment::Details => details::read_out(caller, visit.desk, appointment).await?,
            OnAppointment::Attendance => {
                caller.start(spoken::attendance(appointment)).await?;
            }
            OnAppointment::Late => {
                Box::pin(late::late(caller, visit, session, appointment)).await?;
            }
            OnAppointment::Accept => {
                let accepted = meeting_answers::accept(caller, visit, session, appointment);
                if let Some(answer) = Box::pin(accepted).await? {
                    appointment.role = Role::Attendee(answer);
                }
            }
            OnAppointment::Decline => {
                let declined = meeting_answers::decline(caller, visit, session, appointment);
                if Box::pin(declined).await? {
                    return Ok(Move::Removed);
                }
            }
            OnAppointment::Cancel => {
                if Box::pin(meeting_answers::cancel(caller, visit, session, appointment)).await? {
                    return Ok(Move::Removed);
                }
            }
            OnAppointment::Clear => {
                if Box::pin(clear::clear(caller, visit, session, day)).await? {
                    return Ok(Move::Reread);
                }
            }
            OnAppointment::Reply => {
                Box::pin(replies::reply(caller, visit, session, appointment)).await?;
            }
            OnAppointment::ReplyAll => {
                Box::pin(replies::reply_all(caller, visit, session, appointment)).await?;
            }
            OnAppointment::Forward => {
                Box::pin(replies::forward(caller, visit, session, day, appointment)).await?;
            }
        }
    }
}

/// What makes no sense for this appointment, or is switched off: neither announced nor understood.
fn impossible(session: &Session, appointment: &Appointment, now: Timestamp) -> Vec<OnAppointment> {
    let role = appointment.role;
    let is_over = match appointment.span {
        Span::Timed(_, to) => to <= now,
        Span::AllDay(_, to) => day::begin_of(to, &session.time_zone) <= now,
    };
    let mut without = Vec::new();
    let mut only_if = |possible: bool, choice| {
        if !possible {
            without.push(choice);
        }
    };
    let may_answer = compose::may_answer(session, MailKind::VoiceReply);
    let others = !everybody(appointment).is_empty();
    let invited = matches!(role, Role::Attendee(_) | Role::Unlisted);
    only_if(role != Role::Alone, OnAppointment::Attendance);
    only_if(others && !is_over, OnAppointment::Late);
    only_if(
        !is_over && matches!(role, Role::Attendee(answer) if answer != Attendance::Accepted),
        OnAppointment::Accept,
    );
    only_if(invited, OnAppointment::Decline);
    only_if(!invited, OnAppointment::Cancel);
    only_if(
        may_answer && invited && appointment.organiser.is_some(),
        OnAppointment::Reply,
    );
    only_if(may_answer && others, OnAppointment::ReplyAll);
    only_if(
        may_answer && session.may(Area::Compose) && find_recipient::is_open_to(session),
        OnAppointment::Forward,
    );
    without
}
