//! Who somebody is, and how a person is named aloud.

use std::sync::Arc;

use tracing::warn;

use super::arrival::Arrival;
use super::desk::Desk;
use super::prompts;
use crate::caller::{Saying, Value};
use crate::line::{Number, Sound};
use crate::mailbox::{MailboxId, Recorded, Sender};

/// Who left a message, as far as the calling number tells: a mailbox of the dial plan called, else
/// somebody in the directory, else the name that came with the call.
pub(super) async fn of(desk: &Desk, arrival: &Arrival) -> Sender {
    let Some(number) = &arrival.calling else {
        return Sender::default();
    };
    let mut sender = Sender {
        number: Some(number.to_string()),
        ..Sender::default()
    };
    if let Some(colleague) = desk
        .subscribers
        .by_number(&arrival.dial_plan.name, number.as_str())
    {
        sender.user = Some(colleague.user().to_owned());
        sender.name = Some(colleague.display_name);
        return sender;
    }
    sender.name = match desk.directory.by_number(number.as_str()).await {
        Ok(Some(person)) => Some(person.display_name()),
        Ok(None) => arrival.calling_name.clone(),
        // A message without a name is better than none.
        Err(fault) => {
            warn!(call = %arrival.call_id, "{fault}");
            arrival.calling_name.clone()
        }
    };
    sender
}

/// A person's name for the ear: the recording of it, else words.
pub(super) enum SpokenName {
    /// In the person's own voice.
    Recorded(Arc<Sound>),
    /// To be read by a voice.
    Written(String),
}

impl SpokenName {
    /// The name of a user. `written` is used when there is no recording, in the form that our
    /// voices can read where the directory has one.
    pub(super) async fn of_user(desk: &Desk, user: &str, written: &str) -> SpokenName {
        let mailbox = MailboxId(user.into());
        match desk.settings.recorded(&mailbox, Recorded::Name).await {
            Ok(Some(sound)) => return SpokenName::Recorded(sound),
            Ok(None) => {}
            Err(fault) => warn!("the recorded name of {user} cannot be had: {fault}"),
        }
        SpokenName::Written(readable_name(desk, user, written).await)
    }

    /// The name as a sentence of its own.
    pub(super) fn alone(self) -> Saying {
        match self {
            SpokenName::Recorded(sound) => Saying::nothing().play("name", sound),
            SpokenName::Written(name) => Saying::new(prompts::NAME).with("name", Value::Name(name)),
        }
    }
}

/// The form of a user's name that our voices can read, where the directory has one.
pub(super) async fn readable_name(desk: &Desk, user: &str, written: &str) -> String {
    let person = match desk.directory.by_user(user).await {
        Ok(person) => person,
        Err(fault) => {
            warn!("{fault}");
            None
        }
    };
    person
        .and_then(|person| person.romanised_name)
        .unwrap_or_else(|| written.to_owned())
}

/// A number for the ear; `None` when it is no number that can be read digit by digit.
pub(super) fn spoken_number(number: &str) -> Option<Value> {
    Number::parse(number).map(Value::Number)
}
