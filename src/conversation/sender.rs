//! Who somebody is, and how a person is named aloud.

use std::sync::Arc;

use tracing::warn;

use super::arrival::Arrival;
use super::desk::{Desk, mailbox_of};
use super::prompts;
use crate::caller::{Saying, Value};
use crate::directory::{Contact, DirectoryFault, Person};
use crate::line::{Number, Sound};
use crate::mailbox::{CallDetails, MailboxId, Recorded, Sender};
use crate::policy::mailbox::Subscriber;

/// Who calls `owner`, as far as the calling number tells: a mailbox of the dial plan called or of one
/// that counts the same, else one of the owner's contacts, else somebody in the directory, else the
/// name that came with the call (`unified-messaging` section 7.5).
pub(super) async fn of(desk: &Desk, arrival: &Arrival, owner: &Subscriber) -> Sender {
    let known = Known::of(desk, arrival, owner).await;
    Sender {
        number: arrival.calling.as_ref().map(Number::to_string),
        name: known.name(arrival),
        user: match known {
            Known::Colleague(colleague) => Some(colleague.user().to_owned()),
            Known::Contact(_) | Known::Person(_) | Known::Nobody => None,
        },
    }
}

/// All that a mail about the call tells of who calls `owner`.
pub(super) async fn details(desk: &Desk, arrival: &Arrival, owner: &Subscriber) -> CallDetails {
    let found = Known::of(desk, arrival, owner).await;
    let details = match &found {
        Known::Colleague(colleague) => {
            let person = desk.directory.by_user(colleague.user()).await;
            known(arrival, person).map(|person| person.call_details())
        }
        Known::Contact(contact) => Some(contact.call_details()),
        Known::Person(person) => Some(person.call_details()),
        Known::Nobody => None,
    };
    CallDetails {
        name: found.name(arrival),
        number: arrival.calling.as_ref().map(Number::to_string),
        called: arrival.answers_for().to_owned(),
        reason: arrival.reason.to_string(),
        call_id: arrival.call_id.clone(),
        ..details.unwrap_or_default()
    }
}

/// Whom a calling number belongs to.
enum Known {
    Colleague(Subscriber),
    Contact(Contact),
    Person(Person),
    Nobody,
}

impl Known {
    async fn of(desk: &Desk, arrival: &Arrival, owner: &Subscriber) -> Known {
        let Some(number) = &arrival.calling else {
            return Known::Nobody;
        };
        if let Some(colleague) = colleague(desk, arrival, number.as_str()) {
            return Known::Colleague(colleague);
        }
        let contact = desk
            .contacts
            .by_number(&mailbox_of(owner), number.as_str())
            .await;
        if let Some(contact) = known(arrival, contact) {
            return Known::Contact(contact);
        }
        if !arrival.dial_plan.allow_heuristic_calling_line_id_resolution {
            return Known::Nobody;
        }
        let person = desk.directory.by_number(number.as_str()).await;
        known(arrival, person).map_or(Known::Nobody, Known::Person)
    }

    /// The name found, else the one that came with the number; none when the number is withheld.
    fn name(&self, arrival: &Arrival) -> Option<String> {
        match self {
            Known::Colleague(colleague) => Some(colleague.display_name.clone()),
            Known::Contact(contact) => Some(contact.display_name()),
            Known::Person(person) => Some(person.display_name()),
            Known::Nobody => arrival
                .calling
                .as_ref()
                .and(arrival.calling_name.as_ref())
                .cloned(),
        }
    }
}

/// A message without a name is better than none.
fn known<T>(arrival: &Arrival, found: Result<Option<T>, DirectoryFault>) -> Option<T> {
    found.unwrap_or_else(|fault| {
        warn!(call = %arrival.call_id, "{fault}");
        None
    })
}

/// Whose number this is in the dial plan called, or in one that counts the same.
fn colleague(desk: &Desk, arrival: &Arrival, number: &str) -> Option<Subscriber> {
    let plan = &arrival.dial_plan;
    let in_plan = |name: &str, number: &str| desk.subscribers.by_number(name, number);
    in_plan(&plan.name, number)
        .or_else(|| in_plan(&plan.name, plan.extension_in(number)?))
        .or_else(|| {
            let others = &plan.equivalent_dial_plan_phone_contexts;
            others.iter().find_map(|other| in_plan(other, number))
        })
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
