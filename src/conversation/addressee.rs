//! Somebody who was found, and who can be sent a message: a colleague, a personal contact, a group,
//! a plain address.

use std::collections::{BTreeSet, VecDeque};
use std::sync::Arc;

use super::desk::{Desk, Session, mailbox_of};
use super::sender::SpokenName;
use super::{faults, prompts};
use crate::caller::Talk;
use crate::directory::{Contact, Group, Person};
use crate::line::PromptName;
use crate::mailbox::{MailAddress, Recipient};

/// So many people one message may go to: enough for a whole company of the usual size, and few
/// enough that a slip of the finger does not fill five thousand mailboxes.
pub(super) const RECIPIENTS_MAX: usize = 1_000;

/// Somebody who was found.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum Addressee {
    /// Somebody in the directory, with a mailbox of ours or without.
    Colleague(Arc<Person>),
    /// A personal contact.
    Contact(Arc<Contact>),
    /// Several people.
    Group {
        /// Who.
        group: Group,
        /// Whether it is the subscriber's own, or one of the organisation.
        personal: bool,
    },
    /// Somebody of whom only the address is known.
    Address(MailAddress),
}

impl Addressee {
    /// The name in writing, in a form that our voices can read.
    pub(super) fn name(&self) -> String {
        match self {
            Addressee::Colleague(person) => person
                .romanised_name
                .clone()
                .unwrap_or_else(|| person.display_name()),
            Addressee::Contact(contact) => contact.display_name(),
            Addressee::Group { group, .. } => group.name.clone(),
            Addressee::Address(address) => address
                .name
                .clone()
                .unwrap_or_else(|| address.address.clone()),
        }
    }

    /// The name for the ear: a colleague's own recording, where there is one.
    pub(super) async fn spoken(&self, desk: &Desk) -> SpokenName {
        match self {
            Addressee::Colleague(person) => {
                SpokenName::of_user(desk, &person.user, &self.name()).await
            }
            _ => SpokenName::Written(self.name()),
        }
    }

    /// Who gets a message to this addressee, each once. Nobody, when there is no way to reach him;
    /// of a group, those of its members who can be reached, and no more than one above
    /// [`RECIPIENTS_MAX`].
    pub(super) async fn recipients(&self, desk: &Desk, session: &Session) -> Talk<Vec<Recipient>> {
        let mut recipients: Vec<Recipient> = Vec::new();
        let mut seen = BTreeSet::new();
        let mut groups = BTreeSet::new();
        let mut waiting = VecDeque::from([self.clone()]);
        while let Some(next) = waiting.pop_front() {
            if let Addressee::Group { group, personal } = &next {
                // A group may hold groups, and even itself.
                if groups.insert((*personal, group.name.clone())) {
                    for member in &group.members {
                        waiting.extend(find_member(desk, session, *personal, member).await?);
                    }
                }
                continue;
            }
            let Some(recipient) = next.recipient(desk).await? else {
                continue;
            };
            if seen.insert(identity(&recipient)) {
                recipients.push(recipient);
            }
            if recipients.len() > RECIPIENTS_MAX {
                break;
            }
        }
        Ok(recipients)
    }

    /// What a caller is told when no message can be sent there.
    pub(super) async fn why_not(&self, desk: &Desk, session: &Session) -> Talk<Option<PromptName>> {
        let reached = self.recipients(desk, session).await?.len();
        let is_group = matches!(self, Addressee::Group { .. });
        Ok(match reached {
            0 if is_group => Some(prompts::GROUP_EMPTY),
            0 => Some(prompts::NO_WAY_TO_SEND),
            _ if reached > RECIPIENTS_MAX => Some(prompts::GROUP_TOO_LARGE),
            _ => None,
        })
    }

    /// Where mail to one person goes; to a group it does not go as such.
    async fn recipient(&self, desk: &Desk) -> Talk<Option<Recipient>> {
        Ok(match self {
            Addressee::Colleague(person) => colleague(desk, person),
            Addressee::Group { .. } => None,
            Addressee::Contact(contact) => match contact.mail.clone() {
                Some(address) => Some(outsider(desk, contact.display_name(), address).await?),
                None => None,
            },
            Addressee::Address(MailAddress { name, address }) => {
                let name = name.clone().unwrap_or_default();
                Some(outsider(desk, name, address.clone()).await?)
            }
        })
    }
}

/// Two ways to write one recipient have the same identity.
fn identity(recipient: &Recipient) -> String {
    match (&recipient.mailbox, &recipient.address) {
        (Some(mailbox), _) => mailbox.0.to_string(),
        (None, Some(address)) => address.address.to_ascii_lowercase(),
        (None, None) => String::new(),
    }
}

/// The mailbox and the address of a colleague, as far as there are any.
fn colleague(desk: &Desk, person: &Person) -> Option<Recipient> {
    let mailbox = desk
        .subscribers
        .by_user(&person.user)
        .filter(|subscriber| subscriber.mailbox.enabled)
        .map(|subscriber| mailbox_of(&subscriber));
    let address = person.mail.clone().map(|address| MailAddress {
        name: Some(person.display_name()),
        address,
    });
    (mailbox.is_some() || address.is_some()).then_some(Recipient { mailbox, address })
}

/// An address, which may turn out to be a colleague's.
async fn outsider(desk: &Desk, name: String, address: String) -> Talk<Recipient> {
    let known = desk
        .directory
        .by_address(&address)
        .await
        .map_err(faults::directory)?;
    let known = known.and_then(|person| colleague(desk, &person));
    // Mail that leaves us goes to the address as it is written, with what stands behind its plus.
    let is_written_so = |known: &Recipient| {
        let written = |own: &MailAddress| own.is(&address);
        known.mailbox.is_some() || known.address.as_ref().is_some_and(written)
    };
    Ok(known.filter(is_written_so).unwrap_or_else(|| Recipient {
        mailbox: None,
        address: Some(MailAddress {
            name: Some(name).filter(|name| !name.is_empty()),
            address,
        }),
    }))
}

/// Who a member of a group is: an address, a user, a contact of the subscriber's, another group.
/// Nobody when he has left.
pub(super) async fn find_member(
    desk: &Desk,
    session: &Session,
    personal: bool,
    member: &str,
) -> Talk<Option<Addressee>> {
    if member.contains('@') {
        return Ok(Some(Addressee::Address(MailAddress {
            name: None,
            address: member.to_owned(),
        })));
    }
    let directory = &desk.directory;
    if personal {
        let own = (&desk.contacts, &session.mailbox);
        let contact = own.0.contact(own.1, member).await;
        if let Some(contact) = contact.map_err(faults::directory)? {
            return Ok(Some(Addressee::Contact(contact.into())));
        }
        let group = own
            .0
            .group(own.1, member)
            .await
            .map_err(faults::directory)?;
        if let Some(group) = group {
            return Ok(Some(Addressee::Group { group, personal }));
        }
    }
    let person = directory.by_user(member).await.map_err(faults::directory)?;
    if let Some(person) = person {
        return Ok(Some(Addressee::Colleague(Arc::new(person))));
    }
    let group = directory.group(member).await.map_err(faults::directory)?;
    Ok(group.map(|group| Addressee::Group {
        group,
        personal: false,
    }))
}
