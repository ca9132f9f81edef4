//! Accepting, declining and cancelling: in the calendar, and where a mail holds a meeting request
//! (`outlook-voice-access` sections 5.4 and 6.2).

use super::desk::{Session, Visit};
use super::meeting_mail::{tell_notice, words};
use super::{compose, faults, prompts};
use crate::calendar::{Appointment, Attendance, Role};
use crate::caller::{Caller, Leave, Saying, Talk};
use crate::line::PromptName;
use crate::mailbox::MailKind;
use crate::outbox::Recording;
use crate::turn::menu::{Menu, YES_NO, YesNo, always};

/// How an invitation is accepted.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum OnAccept {
    Accept,
    Tentative,
    Back,
}

/// The question after "accept".
pub(super) static MEETING_ACCEPT: Menu<OnAccept> = Menu::new(
    "meeting-accept",
    &[
        always("accept", OnAccept::Accept),
        always("tentative", OnAccept::Tentative),
        always("back", OnAccept::Back),
    ],
);

/// Asks how an invitation is accepted; nothing when the caller thinks better of it.
pub(super) async fn ask_how(caller: &mut Caller) -> Talk<Option<Attendance>> {
    let open = MEETING_ACCEPT.open().introduced_by(prompts::ACCEPT_HOW);
    Ok(match caller.choose(open).await? {
        OnAccept::Accept => Some(Attendance::Accepted),
        OnAccept::Tentative => Some(Attendance::Tentative),
        OnAccept::Back => None,
    })
}

/// Asks how an invitation is accepted, offers to say something with the answer, and answers. The
/// answer given; nothing when the caller thinks better of it.
pub(super) async fn accept(
    caller: &mut Caller,
    visit: &mut Visit<'_>,
    session: &Session,
    appointment: &Appointment,
) -> Talk<Option<Attendance>> {
    let Some(answer) = ask_how(caller).await? else {
        return Ok(None);
    };
    answered(caller, visit, session, appointment, answer).await?;
    Ok(Some(answer))
}

/// Declines an invitation, with spoken words if the caller wants; it leaves the calendar.
pub(super) async fn decline(
    caller: &mut Caller,
    visit: &mut Visit<'_>,
    session: &Session,
    appointment: &Appointment,
) -> Talk {
    if appointment.role == Role::Unlisted {
        // Nobody asked by name: no answer of ours would be understood.
        silently_remove(visit, session, appointment).await?;
        return caller.say(prompts::DECLINED_WITHOUT_ANSWER).await;
    }
    answered(caller, visit, session, appointment, Attendance::Declined).await
}

async fn answered(
    caller: &mut Caller,
    visit: &mut Visit<'_>,
    session: &Session,
    appointment: &Appointment,
    answer: Attendance,
) -> Talk {
    let (recording, gone) = spoken_words(caller, visit, session).await?;
    send_answer(caller, visit, session, appointment, answer, recording).await?;
    say_answered(caller, visit, answer, gone).await
}

/// Says what was answered, or passes on the leave of who is `gone` meanwhile.
pub(super) async fn say_answered(
    caller: &mut Caller,
    visit: &mut Visit<'_>,
    answer: Attendance,
    gone: Option<Leave>,
) -> Talk {
    let said = match answer {
        Attendance::Accepted => prompts::MEETING_ACCEPTED,
        Attendance::Tentative => prompts::MEETING_TENTATIVE,
        Attendance::Declined | Attendance::NeedsAction => prompts::MEETING_DECLINED,
    };
    match gone {
        Some(leave) => Err(leave),
        None => compose::say_sent(caller, visit, said).await,
    }
}

/// The answer without any talk.
pub(super) async fn send_answer(
    caller: &Caller,
    visit: &mut Visit<'_>,
    session: &Session,
    appointment: &Appointment,
    answer: Attendance,
    recording: Option<Recording>,
) -> Talk {
    let now = visit.desk.clock.now();
    let calendar = &visit.desk.calendar;
    let of = &appointment.occurrence;
    let notice = calendar
        .respond(&session.mailbox, of, answer, None, now)
        .await;
    let notice = keep_or_discard(visit, notice.map_err(faults::calendar), &recording).await?;
    if answer == Attendance::Declined {
        session.memory.nothing_to_take_back();
    }
    let (subject, text) = mail_of(answer);
    let words = words(session, appointment, subject, text);
    tell_notice(caller, visit, session, notice, words, recording).await
}

/// A recording that nothing comes of is thrown away.
pub(super) async fn keep_or_discard<T>(
    visit: &Visit<'_>,
    done: Result<T, Leave>,
    recording: &Option<Recording>,
) -> Talk<T> {
    if let (Err(_), Some(recording)) = (&done, recording) {
        visit.desk.outbox.discard(&recording.tape).await;
    }
    done
}

fn mail_of(answer: Attendance) -> (PromptName, PromptName) {
    match answer {
        Attendance::Accepted => (prompts::MAIL_ACCEPTED_SUBJECT, prompts::MAIL_ACCEPTED),
        Attendance::Tentative => (prompts::MAIL_TENTATIVE_SUBJECT, prompts::MAIL_TENTATIVE),
        Attendance::Declined | Attendance::NeedsAction => {
            (prompts::MAIL_DECLINED_SUBJECT, prompts::MAIL_DECLINED)
        }
    }
}

/// Cancels a meeting of the subscriber's own, once confirmed, with spoken words if he wants; or takes
/// an appointment that concerns nobody else out of the calendar. True when it is gone.
pub(super) async fn cancel(
    caller: &mut Caller,
    visit: &mut Visit<'_>,
    session: &Session,
    appointment: &Appointment,
) -> Talk<bool> {
    let meeting = appointment.role == Role::Organiser;
    let question = if meeting {
        prompts::CANCEL_MEETING
    } else {
        prompts::CANCEL_APPOINTMENT
    };
    let open = YES_NO.open().introduced_by(Saying::new(question));
    if caller.choose(open).await? == YesNo::No {
        return Ok(false);
    }
    let (recording, gone) = if meeting {
        spoken_words(caller, visit, session).await?
    } else {
        (None, None)
    };
    send_cancellation(caller, visit, session, appointment, recording).await?;
    if let Some(leave) = gone {
        return Err(leave);
    }
    let said = if meeting {
        prompts::MEETING_CANCELLED
    } else {
        prompts::APPOINTMENT_REMOVED
    };
    compose::say_sent(caller, visit, said).await?;
    Ok(true)
}

/// The cancellation without any talk.
pub(super) async fn send_cancellation(
    caller: &Caller,
    visit: &mut Visit<'_>,
    session: &Session,
    appointment: &Appointment,
    recording: Option<Recording>,
) -> Talk {
    let now = visit.desk.clock.now();
    let calendar = &visit.desk.calendar;
    let of = &appointment.occurrence;
    let notice = calendar.cancel(&session.mailbox, of, None, now).await;
    let notice = keep_or_discard(visit, notice.map_err(faults::calendar), &recording).await?;
    session.memory.nothing_to_take_back();
    let (subject, text) = (prompts::MAIL_CANCELLED_SUBJECT, prompts::MAIL_CANCELLED);
    let words = words(session, appointment, subject, text);
    tell_notice(caller, visit, session, notice, words, recording).await
}

async fn silently_remove(visit: &Visit<'_>, session: &Session, appointment: &Appointment) -> Talk {
    let now = visit.desk.clock.now();
    let calendar = &visit.desk.calendar;
    let removed = calendar.cancel(&session.mailbox, &appointment.occurrence, None, now);
    removed.await.map_err(faults::calendar)?;
    session.memory.nothing_to_take_back();
    Ok(())
}

/// Words to go along, if the caller wants to say some and the policy lets him. Who hangs up at this question has decided
/// already: what he decided is done, and his leave passed on behind it.
pub(super) async fn spoken_words(
    caller: &mut Caller,
    visit: &Visit<'_>,
    session: &Session,
) -> Talk<(Option<Recording>, Option<Leave>)> {
    if !compose::may_answer(session, MailKind::VoiceReply) {
        return Ok((None, None));
    }
    match compose::optional_recording(caller, visit, session).await {
        Ok(recording) => Ok((recording, None)),
        Err(Leave::HungUp) => Ok((None, Some(Leave::HungUp))),
        Err(leave) => Err(leave),
    }
}
