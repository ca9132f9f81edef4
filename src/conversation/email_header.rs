//! What is said about an e-mail before it is read, and on request.

use jiff::Zoned;

use super::desk::{Session, Visit};
use super::message_header::position;
use super::prompts;
use super::sender::spoken_number;
use crate::caller::{Reading, Saying, Value};
use crate::language::{ClockFormat, readable_line};
use crate::line::{Locale, PromptName};
use crate::mailbox::{Content, Email, Guard, Importance, MailAddress, MessageClass};

/// Under this name the subject stands in transcripts.
pub(super) const SUBJECT: PromptName = PromptName("email-subject");

/// So many attachments are named; of more, only the number is said.
const NAMED_MAX: usize = 5;
/// So many recipients are named.
const RECIPIENTS_NAMED_MAX: usize = 10;
/// A subject that is longer is cut: nobody listens to a page before the message.
const SUBJECT_MAX: usize = 200;

/// Which one it is, who sent it, what about, when, and what is special about it.
pub(super) fn header(
    visit: &Visit<'_>,
    session: &Session,
    email: &Email,
    place: (usize, usize),
    locale: &Locale,
) -> Saying {
    position(place)
        .then(sender_and_subject(email, locale))
        .then(prompts::EMAIL_WHEN)
        .with("when", moment(visit, session, email))
        .with("importance", importance(email))
        .with("private", yes(email.private))
        .with("flagged", yes(email.flags.flagged))
}

/// Who sent it and what about: enough to name it.
pub(super) fn sender_and_subject(email: &Email, locale: &Locale) -> Saying {
    let from = match &email.from {
        Some(from) => Saying::new(prompts::EMAIL_FROM)
            .with("kind", kind(email.class))
            .with("sender", sender(email, from)),
        None => Saying::new(prompts::EMAIL_FROM_NOBODY).with("kind", kind(email.class)),
    };
    if email.class == MessageClass::MissedCall {
        // Its subject says the same once more.
        return from;
    }
    let subject = readable_line(&email.subject);
    let subject: String = subject.chars().take(SUBJECT_MAX).collect();
    if subject.contains(char::is_alphanumeric) {
        from.read(Reading::new(SUBJECT, subject, locale.clone()))
    } else {
        from.then(prompts::EMAIL_NO_SUBJECT)
    }
}

/// What is attached, and whether the text that follows, if there is any, is all there.
pub(super) fn before_the_text(content: &Content, has_text: bool) -> Saying {
    let mut said = Saying::nothing();
    let attachments = &content.attachments;
    if !attachments.is_empty() {
        said = said
            .then(prompts::EMAIL_ATTACHMENTS)
            .with("count", Value::Count(attachments.len() as u64));
        for attachment in attachments.iter().take(NAMED_MAX) {
            said = match &*attachment.name {
                "" => said.then(prompts::EMAIL_ATTACHMENT_NAMELESS),
                name => said
                    .then(prompts::EMAIL_ATTACHMENT)
                    .with("name", Value::Text(name.to_owned())),
            };
        }
        let more = attachments.len().saturating_sub(NAMED_MAX);
        if more > 0 {
            said = said
                .then(prompts::EMAIL_MORE_ATTACHMENTS)
                .with("count", Value::Count(more as u64));
        }
    }
    match content.guard {
        Some(Guard::Encrypted) => said.then(prompts::EMAIL_ENCRYPTED),
        Some(Guard::Protected) => said.then(prompts::EMAIL_PROTECTED),
        None if content.cut && has_text => said.then(prompts::EMAIL_CUT),
        None if content.cut => said.then(prompts::EMAIL_TOO_COMPLICATED),
        None => said,
    }
}

/// Everything that is known about it.
pub(super) fn envelope(visit: &Visit<'_>, session: &Session, email: &Email) -> Saying {
    let mut said = match &email.from {
        Some(from) => {
            let said =
                Saying::new(prompts::EMAIL_ENVELOPE_FROM).with("sender", sender(email, from));
            let from = match email.class {
                // The address beside the caller's name is the system's.
                MessageClass::MissedCall => email.reply_to.first(),
                _ => Some(from).filter(|from| from.name.is_some()),
            };
            match from {
                Some(from) => said
                    .then(prompts::EMAIL_ENVELOPE_ADDRESS)
                    .with("address", Value::Text(from.address.clone())),
                None => said,
            }
        }
        None => Saying::new(prompts::EMAIL_ENVELOPE_FROM_NOBODY),
    };
    said = recipients(said, prompts::EMAIL_ENVELOPE_TO, &email.to);
    said = recipients(said, prompts::EMAIL_ENVELOPE_CC, &email.cc);
    said = said
        .then(prompts::EMAIL_ENVELOPE_WHEN)
        .with("when", moment(visit, session, email))
        .with("importance", importance(email))
        .with("private", yes(email.private))
        .with("flagged", yes(email.flags.flagged));
    let kilobytes = email.bytes.div_ceil(1_024);
    if kilobytes < 1_024 {
        said.then(prompts::EMAIL_ENVELOPE_KILOBYTES)
            .with("count", Value::Count(kilobytes))
    } else {
        said.then(prompts::EMAIL_ENVELOPE_MEGABYTES)
            .with("count", Value::Count(kilobytes.div_ceil(1_024)))
    }
}

fn recipients(mut said: Saying, introduction: PromptName, people: &[MailAddress]) -> Saying {
    if people.is_empty() {
        return said;
    }
    said = said
        .then(introduction)
        .with("count", Value::Count(people.len() as u64));
    for person in people.iter().take(RECIPIENTS_NAMED_MAX) {
        said = said.then(prompts::NAME).with("name", name(person));
    }
    let more = people.len().saturating_sub(RECIPIENTS_NAMED_MAX);
    if more > 0 {
        said = said
            .then(prompts::EMAIL_ENVELOPE_OTHERS)
            .with("count", Value::Count(more as u64));
    }
    said
}

/// The name that was written beside an address; without one the address itself.
pub(super) fn name(address: &MailAddress) -> Value {
    let written = address.name.as_ref().filter(|_| address.is_named());
    Value::Text(written.unwrap_or(&address.address).clone())
}

/// Who sent an e-mail: a missed call may know a number only.
fn sender(email: &Email, from: &MailAddress) -> Value {
    let number = match email.class {
        MessageClass::MissedCall => from.name.as_deref().and_then(spoken_number),
        _ => None,
    };
    number.unwrap_or_else(|| name(from))
}

/// What kind of message it is, as prompts know it.
fn kind(class: MessageClass) -> Value {
    Value::Word(match class {
        MessageClass::Note => "note",
        MessageClass::VoiceReply => "voice",
        MessageClass::MissedCall => "missed-call",
        MessageClass::MeetingRequest => "request",
        MessageClass::MeetingResponse => "response",
        MessageClass::MeetingCancellation => "cancellation",
        MessageClass::Report => "report",
    })
}

fn importance(email: &Email) -> Value {
    Value::Word(match email.importance {
        Importance::High => "high",
        Importance::Normal => "normal",
        Importance::Low => "low",
    })
}

fn yes(it_is: bool) -> Value {
    Value::Word(if it_is { "yes" } else { "no" })
}

fn moment(visit: &Visit<'_>, session: &Session, email: &Email) -> Value {
    let zone = &session.time_zone;
    let told = |timestamp: jiff::Timestamp| -> Zoned { timestamp.to_zoned(zone.clone()) };
    Value::Moment {
        when: told(email.received),
        now: told(visit.desk.clock.now()),
        clock: match session.settings.twenty_four_hours {
            Some(true) => ClockFormat::TwentyFourHours,
            Some(false) | None => ClockFormat::TwelveHours,
        },
    }
}
