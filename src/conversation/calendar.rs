//! The calendar, a day at a time (`outlook-voice-access` section 6): all-day appointments first, then
//! by time, each with what can be done about it.

mod day;
mod details;
mod spoken;

use jiff::civil::Date;

use self::day::Day;
use super::desk::{Session, Visit};
use super::prompts;
use crate::calendar::Appointment;
use crate::caller::{Caller, Saying, Talk};
use crate::turn::menu::{Menu, always, silent};

pub(super) use self::details::MEETING_DETAILS;
pub(super) use self::spoken::next_meeting;

/// What can be done with an appointment.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum OnAppointment {
    Next,
    NextDay,
    Previous,
    Repeat,
    Details,
    Attendance,
}

/// The menu of an appointment. All of it is open while the appointment is read, too.
pub(super) static APPOINTMENT: Menu<OnAppointment> = Menu::new(
    "appointment",
    &[
        always("next", OnAppointment::Next),
        always("next-day", OnAppointment::NextDay),
        always("details", OnAppointment::Details),
        always("repeat", OnAppointment::Repeat).more(),
        always("previous", OnAppointment::Previous).more(),
        always("attendance", OnAppointment::Attendance).more(),
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
        Box::pin(one_day(caller, visit, session, date)).await?;
        // The calendar ends with the calendar: nobody gets there by telephone.
        date = date.tomorrow().unwrap_or(date);
    }
}

/// One day, until the caller wants the next one.
async fn one_day(
    caller: &mut Caller,
    visit: &mut Visit<'_>,
    session: &mut Session,
    date: Date,
) -> Talk {
    let mut day = Day::read(visit, session, date).await?;
    caller.say(spoken::opening(visit, session, &day)).await?;
    loop {
        let direction = match day.current() {
            Some(appointment) => {
                let appointment = appointment.clone();
                Box::pin(present(caller, session, &day, &appointment)).await?
            }
            None => after_the_last(caller, &day).await?,
        };
        match direction {
            Move::NextDay => return Ok(()),
            Move::Next => day.at += 1,
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
    session: &Session,
    day: &Day,
    appointment: &Appointment,
) -> Talk<Move> {
    let read = || spoken::appointment(session, day, appointment);
    caller.start(read()).await?;
    loop {
        let mut open = APPOINTMENT.open();
        for impossible in impossible(appointment) {
            open = open.without(impossible);
        }
        match caller.choose(open).await? {
            OnAppointment::Next => return Ok(Move::Next),
            OnAppointment::NextDay => return Ok(Move::NextDay),
            OnAppointment::Previous => return Ok(Move::Previous),
            OnAppointment::Repeat => caller.start(read()).await?,
            OnAppointment::Details => details::read_out(caller, appointment).await?,
            OnAppointment::Attendance => {
                caller.start(spoken::attendance(appointment)).await?;
            }
        }
    }
}

/// What makes no sense for this appointment: it is neither announced nor understood.
fn impossible(appointment: &Appointment) -> Vec<OnAppointment> {
    let mut without = Vec::new();
    if !is_meeting(appointment) {
        without.push(OnAppointment::Attendance);
    }
    without
}

/// Whether anybody else is concerned.
fn is_meeting(appointment: &Appointment) -> bool {
    use crate::calendar::Role;
    appointment.role != Role::Alone
}
