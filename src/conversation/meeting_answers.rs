//! Accepting, declining and cancelling: in the calendar, and where a mail holds a meeting request
//! (`outlook-voice-access` sections 5.4 and 6.2).

use super::compose::{self, Words};
use super::desk::{Session, Visit};
use super::meeting_mail::{self, tell_notice, words};
use super::{faults, prompts};
use crate::calendar::{Appointment, Attendance, Role};
use crate::caller::{Caller, Leave, Saying, Talk, Value};
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

/// What is asked about a meeting that is to be declined.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum OnDecline {
    Decline,
    Delete,
    Back,
}

/// Declining, or only deleting: the mail, or what stands in the calendar.
pub(super) static MEETING_DECLINE: Menu<OnDecline> = Menu::new(
    "meeting-decline",
    &[
        always("decline", OnDecline::Decline),
        always("delete", OnDecline::Delete),
        always("back", OnDecline::Back),
    ],
);

/// Asks whether to decline, or only to delete what is read: `of` is `email` or `calendar`.
pub(super) async fn ask_whether(caller: &mut Caller, of: &'static str) -> Talk<OnDecline> {
    let open = MEETING_DECLINE
        .open()
        .with_value("delete", "of", Value::Word(of))
        .introduced_by(Saying::new(prompts::DECLINE_OR_DELETE));
    caller.choose(open).await
}

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
    let answered = answered(caller, visit, session, appointment, answer).await?;
    Ok(answered.then_some(answer))
}

/// Declines an invitation, with spoken words if the caller wants, or only takes it out of the
/// calendar; true when it has left it.
pub(super) async fn decline(
    caller: &mut Caller,
    visit: &mut Visit<'_>,
    session: &Session,
    appointment: &Appointment,
) -> Talk<bool> {
    if appointment.role == Role::Unlisted {
        // Nobody asked by name: no answer of ours would be understood.
        let open = YES_NO
            .open()
            .introduced_by(Saying::new(prompts::CANCEL_APPOINTMENT));
        if caller.choose(open).await? == YesNo::No {
            return Ok(false);
        }
        silently_remove(visit, session, appointment).await?;
        caller.say(prompts::DECLINED_WITHOUT_ANSWER).await?;
        return Ok(true);
    }
    match ask_whether(caller, "calendar").await? {
        OnDecline::Decline => {
            answered(caller, visit, session, appointment, Attendance::Declined).await
        }
        OnDecline::Delete => {
            silently_remove(visit, session, appointment).await?;
            caller.say(prompts::APPOINTMENT_REMOVED).await?;
            Ok(true)
        }
        OnDecline::Back => Ok(false),
    }
}

/// Sends the answer; false when the caller thinks better of it.
async fn answered(
    caller: &mut Caller,
    visit: &mut Visit<'_>,
    session: &Session,
    appointment: &Appointment,
    answer: Attendance,
) -> Talk<bool> {
    let Some((recording, gone)) = spoken_words(caller, visit, session).await? else {
        caller.say(prompts::NOTHING_CHANGED).await?;
        return Ok(false);
    };
    send_answer(caller, visit, session, appointment, answer, recording, None).await?;
    say_answered(caller, visit, answer, gone).await?;
    Ok(true)
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

/// The answer without any talk; `request` is the Message-ID of the mail that asks for it, where that
/// is known.
pub(super) async fn send_answer(
    caller: &Caller,
    visit: &mut Visit<'_>,
    session: &Session,
    appointment: &Appointment,
    answer: Attendance,
    recording: Option<Recording>,
    request: Option<&str>,
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
    let words = meeting_mail::Words {
        in_reply_to: request.map(str::to_owned),
        ..words(session, appointment, subject, text)
    };
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
    let words = if meeting {
        spoken_words(caller, visit, session).await?
    } else {
        Some((None, None))
    };
    let Some((recording, gone)) = words else {
        caller.say(prompts::NOTHING_CHANGED).await?;
        return Ok(false);
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

/// Words to go along, if the caller wants to say some and the policy lets him; nothing when he does
/// not want to do it after all. Who hangs up at this question has decided already: what he decided is
/// done, and his leave passed on behind it.
pub(super) async fn spoken_words(
    caller: &mut Caller,
    visit: &Visit<'_>,
    session: &Session,
) -> Talk<Option<(Option<Recording>, Option<Leave>)>> {
    if !compose::may_answer(session, MailKind::VoiceReply) {
        return Ok(Some((None, None)));
    }
    match compose::optional_recording(caller, visit, session).await {
        Ok(Words::Spoken(recording)) => Ok(Some((Some(recording), None))),
        Ok(Words::None) => Ok(Some((None, None))),
        Ok(Words::Back) => Ok(None),
        Err(Leave::HungUp) => Ok(Some((None, Some(Leave::HungUp)))),
        Err(leave) => Err(leave),
    }
}
