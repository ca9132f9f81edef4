//! Sign-in: checks PINs, counts failures and changes PINs, in the store.
//!
//! An attempt is written down as failed, synced, before the PIN is looked at, and taken back when
//! it was right. The slow hash runs on few blocking threads, and costs the same for a mailbox
//! that does not exist. Attempts at one mailbox are looked at one after the other: those that are
//! under way count as failed, and several right ones at once would lock each other out.

use std::hash::{BuildHasher as _, RandomState};
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use jiff::{SignedDuration, Timestamp};
use tokio::sync::{Mutex, MutexGuard, Semaphore};

use super::Organisation;
use super::pin_rows::{self, PinRow, Reserved, ReservedGate};
use crate::policy::clock::WallClock;
use crate::policy::lockout::Gate;
use crate::policy::mailbox::{Subscriber, Subscribers};
use crate::policy::mailbox_policy::MailboxPolicy;
use crate::policy::pin::{
    self, DamagedRecord, PinCheck, PinCost, PinFault, PinPost, PinRecord, PinRefusal, Pins,
};
use crate::store::StoreFault;

/// How much longer an answer takes while the system is being sprayed with guesses.
const SLOWED_BY: Duration = Duration::from_secs(3);

/// Hashes at once: each holds a processor and the memory of [`PinCost`].
const HASHES_AT_ONCE: usize = 2;

/// How long a hash waits for its turn before sign-in counts as failing.
const HASH_PATIENCE: Duration = Duration::from_secs(10);

/// Mailboxes share so many queues.
const QUEUES: usize = 64;

/// Whom callers without a number are counted as.
const WITHHELD: &str = "withheld";

/// The keeper of the PINs of an organisation.
pub struct PinKeeper {
    organisation: Arc<Organisation>,
    clock: Arc<dyn WallClock>,
    cost: PinCost,
    hashing: Arc<Semaphore>,
    queues: [Mutex<()>; QUEUES],
    queue_of: RandomState,
    post: Option<Arc<dyn PinPost>>,
}

impl std::fmt::Debug for PinKeeper {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("PinKeeper")
    }
}

impl From<StoreFault> for PinFault {
    fn from(fault: StoreFault) -> Self {
        PinFault(fault.to_string())
    }
}

impl From<DamagedRecord> for PinFault {
    fn from(damaged: DamagedRecord) -> Self {
        PinFault(damaged.to_string())
    }
}

impl PinKeeper {
    /// Keeps the PINs of this organisation; new ones are hashed at `cost`.
    pub fn new(
        organisation: Arc<Organisation>,
        clock: Arc<dyn WallClock>,
        cost: PinCost,
    ) -> PinKeeper {
        PinKeeper {
            organisation,
            clock,
            cost,
            hashing: Arc::new(Semaphore::new(HASHES_AT_ONCE)),
            queues: std::array::from_fn(|_| Mutex::default()),
            queue_of: RandomState::new(),
            post: None,
        }
    }

    /// The same keeper, which can bring new PINs to their owners: after too many failures a PIN is
    /// replaced then, where without this sign-in is blocked for a while.
    #[must_use]
    pub fn with_post(mut self, post: Arc<dyn PinPost>) -> PinKeeper {
        self.post = Some(post);
        self
    }

    /// Replaces the PIN of a mailbox whose failures have just reached the policy's number, if the
    /// new one can be brought to its owner. The block that the failure has set stands until then,
    /// and stays when anything fails: nobody gets a PIN that he does not learn.
    async fn reset(&self, owner: &Subscriber, attempt: u32) -> Result<(), PinFault> {
        let Some(post) = &self.post else {
            return Ok(());
        };
        let numbers = self.organisation.snapshot().numbers_of(owner.user());
        let extensions = &owner.mailbox.extensions;
        let row = self.row(owner.user()).await?;
        let mut pin = pin::generate(&owner.policy, extensions, &numbers, rand::random);
        while self.refusal(owner, &pin, row.as_ref()).await?.is_some() {
            pin = pin::generate(&owner.policy, extensions, &numbers, rand::random);
        }
        let (cost, new_pin) = (self.cost, pin.clone());
        let record = self
            .hash(move || PinRecord::new(&new_pin, rand::random(), cost))
            .await?;
        post.post(owner, &pin).await?;
        let (now, user) = (self.clock.now(), owner.user().to_owned());
        self.organisation
            .store()
            .write(move |db| pin_rows::reset(db, &user, &record, now, attempt))
            .await?;
        tracing::warn!(
            mailbox = owner.user(),
            "the PIN was replaced after too many failures"
        );
        Ok(())
    }

    /// Waits until nobody else's attempt at this mailbox is under way.
    async fn turn(&self, mailbox: &str) -> Result<MutexGuard<'_, ()>, PinFault> {
        let queue = self.queue_of.hash_one(mailbox) as usize % QUEUES;
        tokio::time::timeout(HASH_PATIENCE, self.queues[queue].lock())
            .await
            .map_err(|_| PinFault("too many sign-ins at once".into()))
    }

    async fn hash<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> Result<T, DamagedRecord> + Send + 'static,
    ) -> Result<T, PinFault> {
        let turn = tokio::time::timeout(HASH_PATIENCE, self.hashing.clone().acquire_owned());
        let Ok(Ok(permit)) = turn.await else {
            return Err(PinFault("too many sign-ins at once".into()));
        };
        let hashed = tokio::task::spawn_blocking(move || {
            let hashed = work();
            drop(permit);
            hashed
        });
        Ok(hashed
            .await
            .map_err(|error| PinFault(error.to_string()))??)
    }

    async fn row(&self, user: &str) -> Result<Option<PinRow>, PinFault> {
        let user = user.to_owned();
        let read = self
            .organisation
            .store()
            .read(move |db| pin_rows::read(db, &user));
        Ok(read.await?)
    }

    /// Why `pin` cannot be this subscriber's next PIN.
    async fn refusal(
        &self,
        subscriber: &Subscriber,
        pin: &str,
        row: Option<&PinRow>,
    ) -> Result<Option<PinRefusal>, PinFault> {
        let numbers = self.organisation.snapshot().numbers_of(subscriber.user());
        let extensions = &subscriber.mailbox.extensions;
        if let Some(refusal) = pin::examine(pin, &subscriber.policy, extensions, &numbers) {
            return Ok(Some(refusal));
        }
        let former: Vec<PinRecord> = row
            .map(|row| row.history.clone())
            .unwrap_or_default()
            .into_iter()
            .take(usize::from(subscriber.policy.pin_history_count))
            .collect();
        let pin = pin.to_owned();
        let used_before = self.hash(move || was_used(&former, &pin)).await?;
        Ok(used_before.then_some(PinRefusal::UsedBefore))
    }

    fn subscriber(&self, user: &str) -> Result<Subscriber, PinFault> {
        self.organisation
            .by_user(user)
            .ok_or_else(|| PinFault(format!("there is no mailbox {user}")))
    }

    async fn reserve(
        &self,
        subscriber: Option<&Subscriber>,
        calling: Option<&str>,
        now: Timestamp,
    ) -> Result<Reserved, PinFault> {
        let asked = subscriber.map(|found| (found.user().to_owned(), found.policy.clone()));
        let calling = calling.unwrap_or(WITHHELD).to_owned();
        let reserved = self.organisation.store().write(move |db| {
            let asked = asked.as_ref().map(|(user, policy)| (&**user, &**policy));
            pin_rows::reserve(db, asked, &calling, now)
        });
        let reserved = reserved.await?;
        if reserved.sprayed {
            tracing::error!("very many wrong sign-ins in ten minutes: answers are slowed down");
            tokio::time::sleep(SLOWED_BY).await;
        }
        Ok(reserved)
    }

    /// What follows from a right PIN.
    async fn accept(
        &self,
        subscriber: Subscriber,
        pin_length: usize,
        reserved: Reserved,
        now: Timestamp,
    ) -> Result<PinCheck, PinFault> {
        let ReservedGate::Open { row, .. } = &reserved.gate else {
            return Ok(PinCheck::Refused);
        };
        let policy = subscriber.policy.clone();
        let must_change = row.must_change
            || pin_length < usize::from(policy.min_pin_length)
            || is_expired(row.set_at, now, &policy);
        let user = subscriber.user().to_owned();
        let forgiven = self
            .organisation
            .store()
            .write(move |db| pin_rows::forgive(db, &user, &reserved, &policy, now))
            .await?;
        let allowed = subscriber.policy.allow_subscriber_access
            && subscriber.mailbox.subscriber_access_enabled;
        Ok(match (forgiven, allowed, must_change) {
            (false, ..) => PinCheck::Refused,
            (true, false, _) => PinCheck::NotAllowed,
            (true, true, true) => PinCheck::MustChange(subscriber),
            (true, true, false) => PinCheck::Accepted(subscriber),
        })
    }
}

fn was_used(former: &[PinRecord], pin: &str) -> Result<bool, DamagedRecord> {
    for record in former {
        if record.is(pin)? {
            return Ok(true);
        }
    }
    Ok(false)
}

fn is_expired(set_at: Timestamp, now: Timestamp, policy: &MailboxPolicy) -> bool {
    const DAY: i64 = 24;
    let lifetime = SignedDuration::from_hours(DAY * i64::from(policy.pin_lifetime_days));
    policy.pin_lifetime_days > 0 && now.duration_since(set_at) >= lifetime
}

#[async_trait]
impl Pins for PinKeeper {
    async fn check(
        &self,
        dial_plan: &str,
        number: &str,
        pin: &str,
        calling: Option<&str>,
    ) -> Result<PinCheck, PinFault> {
        let now = self.clock.now();
        // A mailbox that is disabled is as good as none.
        let subscriber = self
            .organisation
            .by_number(dial_plan, number)
            .filter(|subscriber| subscriber.mailbox.enabled);
        let mailbox = subscriber.as_ref().map_or(number, Subscriber::user);
        let _turn = self.turn(mailbox).await?;
        let reserved = self.reserve(subscriber.as_ref(), calling, now).await?;
        // The same work whether there is a PIN to compare with or not.
        let (record, counts) = match &reserved.gate {
            ReservedGate::Open { row, .. } => (row.record.clone(), true),
            _ => (PinRecord::nobodys(self.cost), false),
        };
        let guess = pin.to_owned();
        let right = self.hash(move || record.is(&guess)).await? && counts;
        match (&reserved.gate, subscriber) {
            (ReservedGate::Open { .. }, Some(subscriber)) if right => {
                self.accept(subscriber, pin.len(), reserved, now).await
            }
            (ReservedGate::Closed, Some(subscriber)) => {
                tracing::warn!(mailbox = subscriber.user(), "a sign-in while locked out");
                Ok(PinCheck::LockedOut)
            }
            (gate, subscriber) => {
                let mailbox = subscriber.as_ref().map_or("none", Subscriber::user);
                let locks = matches!(gate, ReservedGate::Open { locks: true, .. });
                if matches!(gate, ReservedGate::Sprayer) {
                    tracing::warn!(
                        mailbox,
                        "a sign-in was refused unheard: too many from its calling number were wrong \
                         in the last ten minutes"
                    );
                } else {
                    tracing::warn!(mailbox, locks, "a sign-in failed");
                }
                if let (Some(owner), ReservedGate::Open { attempt, .. }) = (&subscriber, gate)
                    && !locks
                    && owner.policy.resets_pin_at(*attempt)
                    && let Err(fault) = self.reset(owner, *attempt).await
                {
                    tracing::error!(mailbox, %fault, "the PIN could not be replaced: sign-in is blocked instead");
                }
                Ok(PinCheck::Refused)
            }
        }
    }

    async fn is_in_order(&self, user: &str) -> Result<bool, PinFault> {
        let now = self.clock.now();
        let policy = self.subscriber(user)?.policy;
        Ok(self.row(user).await?.is_some_and(|row| {
            row.failures.at(now).gate(now) == Gate::Open
                && !row.must_change
                && !is_expired(row.set_at, now, &policy)
        }))
    }

    async fn examine(&self, user: &str, pin: &str) -> Result<Option<PinRefusal>, PinFault> {
        let subscriber = self.subscriber(user)?;
        let row = self.row(user).await?;
        self.refusal(&subscriber, pin, row.as_ref()).await
    }

    async fn change(&self, user: &str, pin: &str) -> Result<Option<PinRefusal>, PinFault> {
        let subscriber = self.subscriber(user)?;
        let row = self.row(user).await?;
        let refusal = self.refusal(&subscriber, pin, row.as_ref()).await?;
        if refusal.is_some() {
            return Ok(refusal);
        }
        let (cost, new_pin) = (self.cost, pin.to_owned());
        let record = self
            .hash(move || PinRecord::new(&new_pin, rand::random(), cost))
            .await?;
        let (now, user) = (self.clock.now(), user.to_owned());
        self.organisation
            .store()
            .write(move |db| pin_rows::replace(db, &user, &record, now, false))
            .await?;
        Ok(None)
    }
}
