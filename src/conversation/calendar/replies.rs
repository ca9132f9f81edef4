//! Answering the people of a meeting by voice, and forwarding it.

use super::super::desk::{Session, Visit};
use super::super::meeting_mail::{everybody, organiser, recipients, words};
use super::super::{compose, faults, prompts};
use super::day::Day;
use super::spoken;
use crate::calendar::Appointment;
use crate::caller::{Caller, Talk};
use crate::mailbox::writing::answer_subject;
use crate::mailbox::{MailAddress, MailKind};

/// A spoken answer to the organiser.
pub(super) async fn reply(
    caller: &mut Caller,
    visit: &mut Visit<'_>,
    session: &Session,
    appointment: &Appointment,
) -> Talk {
    answer(caller, visit, session, appointment, &organiser(appointment)).await
}

/// A spoken answer to everybody who has not declined.
pub(super) async fn reply_all(
    caller: &mut Caller,
    visit: &mut Visit<'_>,
    session: &Session,
    appointment: &Appointment,
) -> Talk {
    answer(caller, visit, session, appointment, &everybody(appointment)).await
}

async fn answer(
    caller: &mut Caller,
    visit: &mut Visit<'_>,
    session: &Session,
    appointment: &Appointment,
    people: &[MailAddress],
) -> Talk {
    let to = recipients(visit, session, people).await?;
    if to.is_empty() {
        return caller.say(prompts::NOBODY_TO_TELL).await;
    }
    let reply = compose::Reply {
        to,
        cc: Vec::new(),
        subject: answer_subject(&appointment.subject),
        in_reply_to: None,
        references: Vec::new(),
        quoted: None,
        kind: MailKind::VoiceReply,
    };
    compose::reply(caller, visit, session, reply).await
}

/// The invitation to somebody else, as it is.
pub(super) async fn forward(
    caller: &mut Caller,
    visit: &mut Visit<'_>,
    session: &Session,
    day: &Day,
    appointment: &Appointment,
) -> Talk {
    let calendar = &visit.desk.calendar;
    let object = calendar
        .invitation(&session.mailbox, &appointment.occurrence)
        .await;
    let object = object.map_err(faults::calendar)?;
    let mut words = words(
        session,
        appointment,
        prompts::MAIL_FORWARDED,
        prompts::MAIL_FORWARDED,
    );
    words
        .values
        .push(("when", spoken::begins(session, day, appointment)));
    let written = &caller.language().prompts;
    let text = written.text(caller.locale(), words.text, &words.values)?;
    let forwarded = compose::Forwarded::Meeting {
        subject: &appointment.subject,
        calendar: ("REQUEST", &object),
        text: &text,
    };
    compose::forward(caller, visit, session, forwarded).await
}
