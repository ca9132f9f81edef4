//! How far a mail is for each of its recipients, as it stands in its file; and all mails that are not
//! done, with the time of the next try.

use std::collections::BTreeMap;
use std::sync::Mutex;

use serde::{Deserialize, Serialize};
use tokio::sync::Notify;
use tokio::time::Instant;

use super::super::{PostRoom, lock};
use crate::mailbox::report;
use crate::mailbox::{MailKind, MessageId, OutgoingMail, Recipient, SpokenPart};

/// A mail on its way, as it stands in a file.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub(in crate::outbox) struct MailOnItsWay {
    pub(in crate::outbox) mail: OutgoingMail,
    /// The sounds in its file, behind each other, newest first.
    pub(super) sounds: Vec<SpokenPart>,
    /// Whoever gets it, and how far that is.
    pub(super) recipients: Vec<Addressed>,
    /// Whether the sender's copy is in Sent, or there is none to make.
    pub(super) copied: bool,
    /// How often people here could not be reached, and the relay.
    pub(super) attempts: (u32, u32),
}

#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub(super) struct Addressed {
    pub(super) recipient: Recipient,
    pub(super) state: MailState,
}

/// What has become of a mail for one recipient.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum MailState {
    /// Not delivered yet; what the last try met.
    Waiting(Option<String>),
    /// Delivered.
    Delivered,
    /// Never to be delivered.
    Failed {
        /// Why.
        why: String,
        /// After many tries, not at once.
        given_up: bool,
        /// Whether the sender has been told.
        told: bool,
    },
}

/// Where a recipient is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(in crate::outbox) enum Route {
    Here,
    Elsewhere,
}

impl Addressed {
    pub(super) fn route(&self) -> Route {
        match self.recipient.mailbox {
            Some(_) => Route::Here,
            None => Route::Elsewhere,
        }
    }

    pub(super) fn waits(&self) -> bool {
        matches!(self.state, MailState::Waiting(_))
    }
}

impl MailOnItsWay {
    pub(super) fn new(mail: OutgoingMail, sounds: Vec<SpokenPart>) -> MailOnItsWay {
        let mut recipients: Vec<Addressed> = Vec::new();
        for recipient in mail.to.iter().chain(&mail.cc) {
            if recipients.iter().any(|known| known.recipient.is(recipient)) {
                continue;
            }
            recipients.push(Addressed {
                recipient: recipient.clone(),
                state: MailState::Waiting(None),
            });
        }
        MailOnItsWay {
            copied: mail.from.is_none() || mail.kind == MailKind::AutoReply,
            mail,
            sounds,
            recipients,
            attempts: (0, 0),
        }
    }

    /// Whether there is anything to do on this way. Copies and reports are for people here.
    pub(super) fn has_work(&self, route: Route) -> bool {
        let waits = |one: &Addressed| one.waits() && one.route() == route;
        let here = !self.copied || self.has_failures_to_tell();
        self.recipients.iter().any(waits) || (route == Route::Here && here)
    }

    pub(super) fn has_failures_to_tell(&self) -> bool {
        let untold = |one: &Addressed| matches!(one.state, MailState::Failed { told: false, .. });
        self.recipients.iter().any(untold)
    }

    pub(super) fn is_done(&self) -> bool {
        !self.has_work(Route::Here) && !self.has_work(Route::Elsewhere)
    }

    pub(super) fn attempts_mut(&mut self, route: Route) -> &mut u32 {
        match route {
            Route::Here => &mut self.attempts.0,
            Route::Elsewhere => &mut self.attempts.1,
        }
    }

    /// A mail that another process has written.
    pub(in crate::outbox) fn without_sound(mail: OutgoingMail) -> MailOnItsWay {
        MailOnItsWay::new(mail, Vec::new())
    }

    /// How often it was tried, on the way that was tried more often.
    pub(in crate::outbox) fn tries(&self) -> u32 {
        self.attempts.0.max(self.attempts.1)
    }

    /// For `outbox list`.
    pub(in crate::outbox) fn recipients(&self) -> impl Iterator<Item = (String, &MailState)> {
        self.recipients
            .iter()
            .map(|one| (report::who(&one.recipient), &one.state))
    }
}

/// All mails on their way.
pub(in crate::outbox) struct Mails {
    pub(in crate::outbox) post_room: Option<PostRoom>,
    pub(super) due: Mutex<BTreeMap<MessageId, DueMail>>,
    pub(super) wake: [Notify; 2],
    /// Held while a state is written, so that no older one overwrites it.
    pub(super) writing: tokio::sync::Mutex<()>,
}

pub(super) struct DueMail {
    pub(super) state: MailOnItsWay,
    /// When it is tried next, here and elsewhere.
    pub(super) at: [Instant; 2],
}

impl Mails {
    pub(in crate::outbox) fn from_folder(found: Vec<MailOnItsWay>) -> Mails {
        let due = found.into_iter().map(|state| {
            let id = state.mail.id.clone();
            (id, DueMail::new(state))
        });
        Mails {
            post_room: None,
            due: Mutex::new(due.collect()),
            wake: [Notify::new(), Notify::new()],
            writing: tokio::sync::Mutex::new(()),
        }
    }

    pub(super) fn add(&self, state: MailOnItsWay) {
        let id = state.mail.id.clone();
        // What is there already is further than what comes again.
        lock(&self.due)
            .entry(id)
            .or_insert_with(|| DueMail::new(state));
        self.wake.iter().for_each(Notify::notify_one);
    }
}

impl DueMail {
    pub(super) fn new(state: MailOnItsWay) -> DueMail {
        DueMail {
            state,
            at: [Instant::now(); 2],
        }
    }
}
