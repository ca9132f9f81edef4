//! What is written to others about a meeting: answers, cancellations, "I'll be late"
//! (`mailbox-backends` section 6).

use super::addressee::Addressee;
use super::compose;
use super::desk::{Session, Visit};
use crate::calendar::{Appointment, Attendance, Notice, Role};
use crate::caller::{Caller, Talk, Value};
use crate::line::PromptName;
use crate::mailbox::{MailAddress, MailKind, OutgoingMail, Recipient};
use crate::outbox::Recording;

/// A subject and a text, whose words stand in the prompts.
pub(super) struct Words {
    pub(super) subject: PromptName,
    pub(super) text: PromptName,
    pub(super) values: Vec<(&'static str, Value)>,
    /// Message-ID of the mail that this answers, if it answers one.
    pub(super) in_reply_to: Option<String>,
}

/// Everybody a meeting concerns besides the subscriber: the organiser, and whoever is invited and has
/// not declined; rooms do not read mail.
pub(super) fn everybody(appointment: &Appointment) -> Vec<MailAddress> {
    let mut all = organiser(appointment);
    for attendee in &appointment.attendees {
        if attendee.is_resource || attendee.attendance == Attendance::Declined {
            continue;
        }
        if !all.iter().any(|known| known.is(&attendee.who.address)) {
            all.push(attendee.who.clone());
        }
    }
    all
}

/// The organiser, when that is somebody else.
pub(super) fn organiser(appointment: &Appointment) -> Vec<MailAddress> {
    match appointment.role {
        Role::Organiser | Role::Alone => Vec::new(),
        Role::Attendee(_) | Role::Unlisted => appointment.organiser.iter().cloned().collect(),
    }
}

/// Where mail to these people goes; the subscriber gets none of his own.
pub(super) async fn recipients(
    visit: &Visit<'_>,
    session: &Session,
    people: &[MailAddress],
) -> Talk<Vec<Recipient>> {
    let mut found: Vec<Recipient> = Vec::new();
    for person in people {
        let addressee = Addressee::Address(person.clone());
        for recipient in addressee.recipients(visit.desk, session).await? {
            let own = recipient.mailbox.as_ref() == Some(&session.mailbox);
            if !own && !found.contains(&recipient) {
                found.push(recipient);
            }
        }
    }
    Ok(found)
}

/// Tells these people in words, with a recording if there is one, and with an iCalendar object if
/// something has been answered or cancelled. Does nothing when there is nobody to tell.
pub(super) async fn tell(
    caller: &Caller,
    visit: &mut Visit<'_>,
    session: &Session,
    people: &[MailAddress],
    words: Words,
    calendar: Option<(String, String)>,
    recording: Option<Recording>,
) -> Talk {
    let to = recipients(visit, session, people).await?;
    if to.is_empty() {
        if let Some(recording) = recording {
            visit.desk.outbox.discard(&recording.tape).await;
        }
        return Ok(());
    }
    // An answer or a cancellation stays one when words go with it.
    let kind = match (&recording, &calendar) {
        (Some(_), None) => MailKind::VoiceReply,
        _ => MailKind::Note,
    };
    let now = visit.desk.clock.now();
    let mut mail = OutgoingMail::new(kind, Some(session.mailbox.clone()), now);
    mail.to = to;
    let prompts = &caller.language().prompts;
    let written = |name| prompts.text(caller.locale(), name, &words.values);
    mail.subject = written(words.subject)?;
    mail.text = written(words.text)?;
    mail.in_reply_to = words.in_reply_to;
    mail.calendar = calendar;
    compose::send(visit, mail, recording).await
}

/// Sends what a calendar wants to have told. Nothing when the backend tells it itself.
pub(super) async fn tell_notice(
    caller: &Caller,
    visit: &mut Visit<'_>,
    session: &Session,
    notice: Option<Notice>,
    words: Words,
    recording: Option<Recording>,
) -> Talk {
    let Some(notice) = notice else {
        if let Some(recording) = recording {
            visit.desk.outbox.discard(&recording.tape).await;
        }
        return Ok(());
    };
    let calendar = Some((notice.method.to_owned(), notice.calendar));
    tell(
        caller, visit, session, &notice.to, words, calendar, recording,
    )
    .await
}

/// The words of a mail about this appointment; `$name` is the subscriber, `$named` and `$subject` are
/// those of the appointment.
pub(super) fn words(
    session: &Session,
    appointment: &Appointment,
    subject: PromptName,
    text: PromptName,
) -> Words {
    let named = if appointment.subject.is_empty() {
        "no"
    } else {
        "yes"
    };
    Words {
        subject,
        text,
        values: vec![
            ("name", Value::Name(session.subscriber.display_name.clone())),
            ("named", Value::Word(named)),
            ("subject", Value::Name(appointment.subject.clone())),
        ],
        in_reply_to: None,
    }
}
