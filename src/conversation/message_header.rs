//! What is said about a voice message before it is played, and on request.

use jiff::Zoned;

use super::desk::{Session, Visit};
use super::prompts;
use super::sender::{SpokenName, spoken_number};
use crate::caller::{Saying, Value};
use crate::line::PromptName;
use crate::mailbox::writing::FORWARD_PREFIX;
use crate::mailbox::{Importance, VoiceMessage};

/// Who left the message and when, and what is special about it.
pub(super) async fn header(
    visit: &Visit<'_>,
    session: &Session,
    message: &VoiceMessage,
    place: (usize, usize),
) -> Saying {
    let from = match Sender::of(visit, message).await {
        Sender::Named(SpokenName::Recorded(sound)) => {
            marks(Saying::new(prompts::MESSAGE_FROM_RECORDED_NAME), message)
                .play("name", sound)
                .then(prompts::MESSAGE_WHEN)
        }
        Sender::Named(SpokenName::Written(name)) => {
            marks(Saying::new(prompts::MESSAGE_FROM), message).with("sender", Value::Name(name))
        }
        Sender::Number(number) => {
            marks(Saying::new(prompts::MESSAGE_FROM_NUMBER), message).with("number", number)
        }
        Sender::Unknown => marks(Saying::new(prompts::MESSAGE_FROM_UNKNOWN), message),
    };
    let header = from.with("when", moment(visit, session, message));
    let mut header = position(place).then(header);
    if let Some(original) = forwarded(message) {
        header = header
            .then(prompts::MESSAGE_IS_FORWARDED)
            .with("subject", Value::Text(original.to_owned()));
    }
    if message.flagged {
        header = header.then(prompts::MESSAGE_IS_FLAGGED);
    }
    if message.envelope.cut_short {
        header.then(prompts::MESSAGE_CUT_SHORT)
    } else {
        header
    }
}

/// What a message forwards, in its sender's words or ours; nothing when it is its sender's own.
fn forwarded(message: &VoiceMessage) -> Option<&str> {
    let subject = &message.envelope.sent.as_ref()?.subject;
    subject.strip_prefix(FORWARD_PREFIX).map(str::trim)
}

/// Which one of how many, unless it is the only one.
pub(super) fn position((number, all): (usize, usize)) -> Saying {
    if all <= 1 {
        return Saying::nothing();
    }
    Saying::new(prompts::MESSAGE_POSITION)
        .with("number", Value::Count(number as u64))
        .with("count", Value::Count(all as u64))
}

/// Everything that is known about the message.
pub(super) async fn envelope(
    visit: &Visit<'_>,
    session: &Session,
    message: &VoiceMessage,
) -> Saying {
    let prompt = |name: PromptName| {
        marks(Saying::new(name), message)
            .with("when", moment(visit, session, message))
            .with("length", Value::Length(message.length))
    };
    let from = &message.envelope.from;
    match Sender::of_written(visit, message).await {
        Sender::Named(SpokenName::Written(name)) => {
            let said = prompt(prompts::ENVELOPE).with("sender", Value::Name(name));
            match from.number.as_deref().and_then(spoken_number) {
                Some(number) => said.then(prompts::ENVELOPE_NUMBER).with("number", number),
                None => said,
            }
        }
        Sender::Number(number) => prompt(prompts::ENVELOPE_FROM_NUMBER).with("number", number),
        Sender::Named(SpokenName::Recorded(_)) | Sender::Unknown => {
            prompt(prompts::ENVELOPE_FROM_UNKNOWN)
        }
    }
}

/// What can be said of a sender.
enum Sender {
    Named(SpokenName),
    Number(Value),
    Unknown,
}

impl Sender {
    /// In the sender's own voice where there is one.
    async fn of(visit: &Visit<'_>, message: &VoiceMessage) -> Sender {
        let from = &message.envelope.from;
        match (&from.user, &from.name) {
            (Some(user), name) => {
                let written = name.as_deref().unwrap_or(user);
                Sender::Named(SpokenName::of_user(visit.desk, user, written).await)
            }
            (None, _) => Sender::of_written(visit, message).await,
        }
    }

    /// In words.
    async fn of_written(visit: &Visit<'_>, message: &VoiceMessage) -> Sender {
        let from = &message.envelope.from;
        if let Some(name) = &from.name {
            let readable = match &from.user {
                Some(user) => super::sender::readable_name(visit.desk, user, name).await,
                None => name.clone(),
            };
            return Sender::Named(SpokenName::Written(readable));
        }
        match from.number.as_deref().and_then(spoken_number) {
            Some(number) => Sender::Number(number),
            None => Sender::Unknown,
        }
    }
}

fn marks(saying: Saying, message: &VoiceMessage) -> Saying {
    let importance = match message.envelope.importance {
        Importance::High => "high",
        Importance::Normal | Importance::Low => "normal",
    };
    let private = if message.envelope.private {
        "yes"
    } else {
        "no"
    };
    saying
        .with("importance", Value::Word(importance))
        .with("private", Value::Word(private))
}

fn moment(visit: &Visit<'_>, session: &Session, message: &VoiceMessage) -> Value {
    let zone = &session.time_zone;
    let told = |timestamp: jiff::Timestamp| -> Zoned { timestamp.to_zoned(zone.clone()) };
    Value::Moment {
        when: told(message.envelope.received),
        now: told(visit.desk.clock.now()),
        clock: session.clock_format(),
    }
}
