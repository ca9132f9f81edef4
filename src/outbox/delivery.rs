//! Bringing acknowledged messages to the mailbox, again and again until they are there.

use std::collections::BTreeMap;
use std::time::Duration;

use rand::Rng;
use tokio::time::Instant;

use super::folder::OnItsWay;
use super::mail::Route;
use super::{Outbox, OutboxFault, blocking, lock};
use crate::mailbox::{Envelope, MailFault, MessageId};

/// Waiting times after the first failures; the last one holds for all later ones.
pub(super) const RETRY_AFTER: [Duration; 5] = [
    Duration::from_secs(5),
    Duration::from_secs(30),
    Duration::from_secs(2 * 60),
    Duration::from_secs(10 * 60),
    Duration::from_secs(30 * 60),
];

/// After so many failures, about five days, a message is parked.
pub(super) const ATTEMPTS_MAX: u32 = 5 * 48 + 4;

/// How long a mailbox may take for one message.
pub(super) const DEPOSIT_DEADLINE: Duration = Duration::from_secs(30);

/// What waits to be delivered, by id: ids sort by time, so messages arrive in order.
#[derive(Debug, Default)]
pub(super) struct Due {
    due: BTreeMap<MessageId, DueMessage>,
    parked: BTreeMap<MessageId, OnItsWay>,
}

#[derive(Debug)]
struct DueMessage {
    on_its_way: OnItsWay,
    /// When it is tried next.
    at: Instant,
    /// Since when it waits, as far as this process knows.
    since: Instant,
}

impl Due {
    pub(super) fn from_folder(found: Vec<OnItsWay>) -> Due {
        let mut due = Due::default();
        for on_its_way in found {
            due.put(on_its_way, Instant::now());
        }
        due
    }

    pub(super) fn add(&mut self, envelope: Envelope) {
        let on_its_way = OnItsWay {
            envelope,
            attempts: 0,
            parked: None,
        };
        self.put(on_its_way, Instant::now());
    }

    fn put(&mut self, on_its_way: OnItsWay, at: Instant) {
        let id = on_its_way.envelope.id.clone();
        if on_its_way.parked.is_some() {
            self.due.remove(&id);
            self.parked.insert(id, on_its_way);
        } else {
            self.parked.remove(&id);
            let since = self.due.get(&id).map_or_else(Instant::now, |due| due.since);
            let due = DueMessage {
                on_its_way,
                at,
                since,
            };
            self.due.insert(id, due);
        }
    }

    /// The first that is due at `now`.
    fn first(&self, now: Instant) -> Option<OnItsWay> {
        self.due
            .values()
            .find(|due| due.at <= now)
            .map(|due| due.on_its_way.clone())
    }

    /// Tries it as soon as possible; false when it does not wait.
    pub(super) fn hasten(&mut self, id: &MessageId) -> bool {
        let due = self.due.get_mut(id);
        due.map(|due| due.at = Instant::now()).is_some()
    }

    fn next_at(&self) -> Option<Instant> {
        self.due.values().map(|due| due.at).min()
    }
}

/// A message that its mailbox refused for good.
#[derive(Clone, PartialEq, Debug)]
pub struct Parked {
    /// The message.
    pub envelope: Envelope,
    /// What the mailbox said.
    pub reason: String,
}

/// How much waits in the outbox.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Waiting {
    /// Acknowledged, not yet in the mailbox.
    pub due: usize,
    /// Refused for good; an administrator has to look at them.
    pub parked: usize,
    /// How long the oldest has been due, as far as this process knows.
    pub oldest: Duration,
    /// Mails that somebody has not got yet.
    pub mails: usize,
    /// Those of them that wait for the mail relay.
    pub elsewhere: usize,
}

impl Outbox {
    /// Delivers what is due, as long as this future lives. The server runs it once. Messages of
    /// callers never wait for mails, nor mails for people here for those to people elsewhere.
    pub async fn run(&self) {
        tokio::join!(
            self.run_messages(),
            self.run_mails(Route::Here),
            self.run_mails(Route::Elsewhere),
            self.watch_hand_in(),
        );
    }

    async fn run_messages(&self) {
        loop {
            self.deliver_due_messages().await;
            let next_at = lock(&self.due).next_at();
            let woken = self.wake.notified();
            match next_at {
                Some(at) => {
                    let _ = tokio::time::timeout_at(at, woken).await;
                }
                None => woken.await,
            }
        }
    }

    /// Tries everything that is due now, once, in order. For tests and the end of the server;
    /// [`Outbox::run`] does it by itself.
    pub async fn deliver_due(&self) {
        self.deliver_due_messages().await;
        self.send_due(Route::Here).await;
        self.send_due(Route::Elsewhere).await;
    }

    async fn deliver_due_messages(&self) {
        let now = Instant::now();
        loop {
            let Some(on_its_way) = lock(&self.due).first(now) else {
                return;
            };
            self.try_one(on_its_way).await;
        }
    }

    /// How much waits.
    pub fn waiting(&self) -> Waiting {
        let (mails, elsewhere) = self.mails_waiting();
        let due = lock(&self.due);
        Waiting {
            mails,
            elsewhere,
            due: due.due.len(),
            parked: due.parked.len(),
            oldest: due
                .due
                .values()
                .map(|due| due.since.elapsed())
                .max()
                .unwrap_or_default(),
        }
    }

    /// What its mailbox refused for good.
    pub fn parked(&self) -> Vec<Parked> {
        lock(&self.due)
            .parked
            .values()
            .map(|on_its_way| Parked {
                envelope: on_its_way.envelope.clone(),
                reason: on_its_way.parked.clone().unwrap_or_default(),
            })
            .collect()
    }

    /// Sends a parked message again, or tries a waiting one or a waiting mail now.
    pub async fn retry(&self, id: &MessageId) -> Result<(), OutboxFault> {
        if self.hasten(id) {
            return Ok(());
        }
        let parked = lock(&self.due).parked.get(id).cloned();
        let mut on_its_way = parked.ok_or_else(|| OutboxFault::NotFound(id.0.to_string()))?;
        on_its_way.parked = None;
        on_its_way.attempts = 0;
        let (folder, again) = (self.folder.clone(), on_its_way.clone());
        blocking(move || folder.unpark(&again)).await?;
        lock(&self.due).put(on_its_way, Instant::now());
        self.wake.notify_one();
        Ok(())
    }

    async fn try_one(&self, mut on_its_way: OnItsWay) {
        let id = on_its_way.envelope.id.clone();
        let sound = self.folder.sound_file(&id);
        let deposited = self.deposit.deposit(&on_its_way.envelope, &sound);
        let answer = match tokio::time::timeout(DEPOSIT_DEADLINE, deposited).await {
            Ok(answer) => answer,
            Err(_) => Err(MailFault::Unavailable("no answer in time".into())),
        };
        let Err(fault) = answer else {
            lock(&self.due).due.remove(&id);
            let (folder, message) = (self.folder.clone(), id.clone());
            if let Err(fault) = blocking(move || folder.delivered(&message)).await {
                // It will be deposited again after a restart, which does no harm.
                tracing::warn!(id = %id.0, %fault, "a delivered message stays in the outbox");
            }
            return;
        };
        on_its_way.attempts += 1;
        let wait = match &fault {
            MailFault::Refused(_) | MailFault::NotFound => None,
            _ if on_its_way.attempts >= ATTEMPTS_MAX => None,
            // Neither rights nor room come back within seconds, and hammering locks accounts.
            MailFault::QuotaFull | MailFault::Denied(_) => Some(RETRY_AFTER[4]),
            MailFault::Unavailable(_) | MailFault::Conflict => {
                let tried = usize::try_from(on_its_way.attempts).unwrap_or(usize::MAX);
                Some(RETRY_AFTER[tried.clamp(1, RETRY_AFTER.len()) - 1])
            }
        };
        let folder = self.folder.clone();
        let noted = match wait {
            Some(wait) => {
                let wait = wait.mul_f64(rand::rng().random_range(0.8..=1.2));
                tracing::warn!(id = %id.0, %fault, seconds = wait.as_secs(), "a message could not be delivered yet");
                lock(&self.due).put(on_its_way.clone(), Instant::now() + wait);
                blocking(move || folder.note_attempts(&on_its_way)).await
            }
            None => {
                tracing::error!(id = %id.0, %fault, "a message cannot be delivered and is parked");
                on_its_way.parked = Some(fault.to_string());
                lock(&self.due).put(on_its_way.clone(), Instant::now());
                blocking(move || folder.park(&on_its_way)).await
            }
        };
        if let Err(fault) = noted {
            tracing::warn!(id = %id.0, %fault, "the state of a message could not be written");
        }
    }
}
