//! What an administrator does with mailboxes from the command line. Everything here blocks, and a
//! running server sees the change within a second.

use std::collections::HashMap;
use std::fmt;

use jiff::Timestamp;
use rand::Rng;
use rusqlite::Transaction;

use super::pin_rows;
use super::snapshot::own_numbers;
use super::whole::{OrganisationFault, Whole};
use crate::directory::Person;
use crate::policy::lockout::{Failures, Gate};
use crate::policy::mailbox::Mailbox;
use crate::policy::pin::{self, PinCost, PinRecord, PinRefusal};
use crate::store::{Store, StoreFault};

/// A PIN that was made for somebody: told once, kept nowhere.
#[derive(Clone, PartialEq, Eq)]
pub struct NewPin {
    /// Whose.
    pub user: String,
    /// The digits.
    pub pin: String,
}

impl fmt::Debug for NewPin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "NewPin({})", self.user)
    }
}

/// A mailbox to be made, or to be enabled again.
#[derive(Clone, Debug, Default)]
pub struct Enabling {
    /// Whose.
    pub user: String,
    /// Its policy; none: the only one there is.
    pub policy: Option<String>,
    /// Its extensions, primary first. Not needed for a mailbox that exists.
    pub extensions: Vec<String>,
    /// SIP addresses and E.164 numbers.
    pub addresses: Vec<String>,
    /// The directory entry to make, for somebody who is not there yet.
    pub person: Option<Person>,
    /// The PIN; none: one is made.
    pub pin: Option<String>,
    /// Whether the PIN has to be changed at the first sign-in.
    pub must_change: bool,
}

/// A mailbox in a list.
#[derive(Clone, PartialEq, Debug)]
pub struct MailboxState {
    /// Its settings.
    pub mailbox: Mailbox,
    /// Its owner in the directory.
    pub person: Option<Person>,
    /// Its PIN; none if it never had one.
    pub pin: Option<PinState>,
}

/// All that anybody can learn of a PIN.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct PinState {
    /// When it was set.
    pub set_at: Timestamp,
    /// Whether it has to be changed at the next sign-in.
    pub must_change: bool,
    /// Whether there was another one before it.
    pub changed: bool,
    /// Failed sign-ins in a row, and what they led to.
    pub failures: Failures,
    /// Whether sign-in is open now.
    pub gate: Gate,
}

/// Makes a mailbox, or enables one that was disabled. Gives the PIN if one was made.
pub fn enable(
    store: &Store,
    enabling: Enabling,
    cost: PinCost,
    now: Timestamp,
) -> Result<Option<NewPin>, OrganisationFault> {
    let before = store.read_now(Whole::read)?;
    let mut after = before.clone();
    let person = enabling.person.as_ref().or_else(|| {
        let known = |person: &&Person| person.user == enabling.user;
        before.person.iter().find(known)
    });
    let is_new = !before.mailbox.iter().any(|old| old.user == enabling.user);
    match after
        .mailbox
        .iter_mut()
        .find(|old| old.user == enabling.user)
    {
        Some(mailbox) => {
            mailbox.enabled = true;
            if !enabling.extensions.is_empty() {
                mailbox.extensions = enabling.extensions;
            }
            if !enabling.addresses.is_empty() {
                mailbox.addresses = enabling.addresses;
            }
            if let Some(policy) = enabling.policy {
                mailbox.policy = policy;
            }
        }
        None => {
            let Some(person) = person else {
                return Err(unlisted(&enabling.user, &before));
            };
            let mut extensions = enabling.extensions;
            if extensions.is_empty() && enabling.addresses.is_empty() {
                let Some(extension) = &person.extension else {
                    return Err(OrganisationFault::wrong(format!(
                        "{} has no extension in the directory; give one with --extension",
                        enabling.user
                    )));
                };
                extensions.push(extension.clone());
            }
            let policy = policy_for(enabling.policy, &before)?;
            after.mailbox.push(Mailbox {
                addresses: enabling.addresses,
                ..new_mailbox(&enabling.user, policy, extensions)
            });
        }
    }
    if let Some(person) = enabling.person {
        after.person.retain(|old| old.user != person.user);
        after.person.push(person);
    }
    after.sort();
    after.check(&before)?;
    let has_pin = store
        .read_now(|db| pin_rows::read(db, &enabling.user))?
        .is_some();
    let user = enabling.user;
    let new_pin = match enabling.pin {
        Some(pin) => Some((examined(&after, &user, pin)?, false)),
        None if is_new || !has_pin => Some((generated(&after, &user, &mut rand::rng())?, true)),
        None => None,
    };
    let record = new_pin
        .as_ref()
        .map(|(pin, _)| hash(pin, cost))
        .transpose()?;
    commit(store, &before, &after, |db| match &record {
        Some(record) => pin_rows::replace(db, &user, record, now, enabling.must_change),
        None => Ok(()),
    })?;
    Ok(new_pin.and_then(|(pin, was_made)| was_made.then_some(NewPin { user, pin })))
}

/// A mailbox as it is made: everything open that the policy opens.
pub(super) fn new_mailbox(user: &str, policy: String, extensions: Vec<String>) -> Mailbox {
    Mailbox {
        user: user.to_owned(),
        policy,
        extensions,
        addresses: Vec::new(),
        enabled: true,
        subscriber_access_enabled: true,
        tui_access_to_calendar_enabled: true,
        tui_access_to_email_enabled: true,
        pinless_access_to_voice_mail_enabled: false,
        missed_call_notification_enabled: true,
        may_manage_prompts: false,
        anonymous_callers_can_leave_messages: true,
        quota_bytes: 0,
    }
}

/// Disables a mailbox for voice mail; everything in it stays.
pub fn disable(store: &Store, user: &str) -> Result<(), OrganisationFault> {
    let before = store.read_now(Whole::read)?;
    let mut after = before.clone();
    find(&mut after, user)?.enabled = false;
    commit(store, &before, &after, |_| Ok(()))
}

/// Every mailbox, by user.
pub fn list(store: &Store, now: Timestamp) -> Result<Vec<MailboxState>, OrganisationFault> {
    let whole = store.read_now(Whole::read)?;
    let users: Vec<String> = whole
        .mailbox
        .iter()
        .map(|mailbox| mailbox.user.clone())
        .collect();
    let pins = store.read_now(|db| {
        users
            .iter()
            .map(|user| pin_rows::read(db, user))
            .collect::<Result<Vec<_>, _>>()
    })?;
    let mut people: HashMap<String, Person> = whole
        .person
        .into_iter()
        .map(|person| (person.user.clone(), person))
        .collect();
    let states = whole
        .mailbox
        .into_iter()
        .zip(pins)
        .map(|(mailbox, pin)| MailboxState {
            person: people.remove(&mailbox.user),
            mailbox,
            pin: pin.map(|row| PinState {
                set_at: row.set_at,
                must_change: row.must_change,
                changed: row.history.len() > 1,
                failures: row.failures,
                gate: row.failures.at(now).gate(now),
            }),
        });
    Ok(states.collect())
}

/// One mailbox.
pub fn show(store: &Store, user: &str, now: Timestamp) -> Result<MailboxState, OrganisationFault> {
    list(store, now)?
        .into_iter()
        .find(|state| state.mailbox.user == user)
        .ok_or_else(|| nobody(user))
}

/// Sets a PIN, or makes one and gives it. Unlocks the mailbox.
pub fn set_pin(
    store: &Store,
    user: &str,
    pin: Option<String>,
    must_change: bool,
    cost: PinCost,
    now: Timestamp,
) -> Result<Option<NewPin>, OrganisationFault> {
    let mut whole = store.read_now(Whole::read)?;
    find(&mut whole, user)?;
    let was_given = pin.is_some();
    let pin = match pin {
        Some(pin) => {
            let pin = examined(&whole, user, pin)?;
            refuse_former(store, &whole, user, &pin)?;
            pin
        }
        None => generated(&whole, user, &mut rand::rng())?,
    };
    let record = hash(&pin, cost)?;
    store.write_now(|db| pin_rows::replace(db, user, &record, now, must_change))?;
    let user = user.to_owned();
    Ok((!was_given).then_some(NewPin { user, pin }))
}

/// Lets a subscriber try again: unlocks and unblocks sign-in, and starts counting anew. A PIN that
/// was guessed at until the mailbox was locked has to be changed.
pub fn unlock(store: &Store, user: &str) -> Result<(), OrganisationFault> {
    find(&mut store.read_now(Whole::read)?, user)?;
    store.write_now(|db| pin_rows::demand_change_if_locked(db, user))?;
    write_failures(store, user, &Failures::default())
}

/// Locks a mailbox for sign-in until it is unlocked.
pub fn lock(store: &Store, user: &str) -> Result<(), OrganisationFault> {
    let locked = Failures {
        locked: true,
        ..Failures::default()
    };
    write_failures(store, user, &locked)
}

fn write_failures(store: &Store, user: &str, failures: &Failures) -> Result<(), OrganisationFault> {
    match store.write_now(|db| pin_rows::write_failures(db, user, failures))? {
        0 => Err(OrganisationFault::wrong(format!(
            "{user} has no PIN; set one with set-pin"
        ))),
        _ => Ok(()),
    }
}

/// PINs and their records for these mailboxes.
pub(super) fn new_pins(
    whole: &Whole,
    users: &[String],
    cost: PinCost,
) -> Result<Vec<(NewPin, PinRecord)>, OrganisationFault> {
    users
        .iter()
        .map(|user| {
            let pin = generated(whole, user, &mut rand::rng())?;
            let record = hash(&pin, cost)?;
            let user = user.clone();
            Ok((NewPin { user, pin }, record))
        })
        .collect()
}

pub(super) fn hash(pin: &str, cost: PinCost) -> Result<PinRecord, OrganisationFault> {
    PinRecord::new(pin, rand::random(), cost).map_err(OrganisationFault::wrong)
}

/// Writes a changed organisation, and with it, in one transaction, what `more` writes.
pub(super) fn commit(
    store: &Store,
    before: &Whole,
    after: &Whole,
    more: impl FnOnce(&Transaction<'_>) -> Result<(), StoreFault>,
) -> Result<(), OrganisationFault> {
    let written = store.write_now(|db| {
        // Somebody else may have changed it since it was read and found right.
        if Whole::read(db)? != *before {
            return Ok(false);
        }
        after.write(db, before)?;
        more(db)?;
        Ok(true)
    })?;
    match written {
        true => Ok(()),
        false => Err(OrganisationFault::wrong(
            "the organisation was changed by somebody else at the same moment; try again",
        )),
    }
}

fn find<'a>(whole: &'a mut Whole, user: &str) -> Result<&'a mut Mailbox, OrganisationFault> {
    whole
        .mailbox
        .iter_mut()
        .find(|mailbox| mailbox.user == user)
        .ok_or_else(|| nobody(user))
}

fn nobody(user: &str) -> OrganisationFault {
    OrganisationFault::wrong(format!(
        "there is no mailbox {user:?}; `ringback mailbox list` shows all"
    ))
}

/// Somebody of whom the directory knows nothing: a mistyped name must not make a mailbox.
fn unlisted(user: &str, whole: &Whole) -> OrganisationFault {
    let nearest = whole
        .person
        .iter()
        .map(|person| (strsim::jaro_winkler(&person.user, user), &person.user))
        .filter(|(likeness, _)| *likeness > 0.75)
        .max_by(|(one, _), (other, _)| one.total_cmp(other));
    let cure = match nearest {
        Some((_, nearest)) => format!("did you mean {nearest}?"),
        None => "add the person with ringback org apply first".to_owned(),
    };
    OrganisationFault::wrong(format!("{user} is not in the directory; {cure}"))
}

pub(super) fn policy_for(
    asked: Option<String>,
    whole: &Whole,
) -> Result<String, OrganisationFault> {
    match (asked, whole.mailbox_policy.as_slice()) {
        (Some(policy), _) => Ok(policy),
        (None, [only]) => Ok(only.name.clone()),
        (None, policies) => {
            let names: Vec<&str> = policies.iter().map(|policy| &*policy.name).collect();
            Err(OrganisationFault::wrong(format!(
                "name a mailbox policy; there are: {}",
                names.join(", ")
            )))
        }
    }
}

/// What the rules of PINs have to know of a mailbox: policy, extensions, other numbers.
type Rules = (
    crate::policy::mailbox_policy::MailboxPolicy,
    Vec<String>,
    Vec<String>,
);

fn rules(whole: &Whole, user: &str) -> Result<Rules, OrganisationFault> {
    let mailbox = whole
        .mailbox
        .iter()
        .find(|mailbox| mailbox.user == user)
        .ok_or_else(|| nobody(user))?;
    let policy = whole
        .mailbox_policy
        .iter()
        .find(|policy| policy.name == mailbox.policy)
        .cloned()
        .unwrap_or_default();
    let person = whole.person.iter().find(|person| person.user == user);
    let numbers = own_numbers(mailbox, person);
    Ok((policy, mailbox.extensions.clone(), numbers))
}

fn examined(whole: &Whole, user: &str, pin: String) -> Result<String, OrganisationFault> {
    let (policy, extensions, numbers) = rules(whole, user)?;
    match pin::examine(&pin, &policy, &extensions, &numbers) {
        None => Ok(pin),
        Some(refusal) => Err(OrganisationFault::wrong(said(refusal))),
    }
}

pub(super) fn generated(
    whole: &Whole,
    user: &str,
    random: &mut impl Rng,
) -> Result<String, OrganisationFault> {
    let (policy, extensions, numbers) = rules(whole, user)?;
    Ok(pin::generate(&policy, &extensions, &numbers, || {
        random.random_range(0..10)
    }))
}

fn refuse_former(
    store: &Store,
    whole: &Whole,
    user: &str,
    pin: &str,
) -> Result<(), OrganisationFault> {
    let (policy, ..) = rules(whole, user)?;
    let row = store.read_now(|db| pin_rows::read(db, user))?;
    let former = row.map(|row| row.history).unwrap_or_default();
    for record in former.iter().take(usize::from(policy.pin_history_count)) {
        let same = record
            .is(pin)
            .map_err(|damaged| StoreFault::Database(damaged.to_string()))?;
        if same {
            return Err(OrganisationFault::wrong(said(PinRefusal::UsedBefore)));
        }
    }
    Ok(())
}

/// A refusal in words for an administrator.
fn said(refusal: PinRefusal) -> String {
    match refusal {
        PinRefusal::TooShort { at_least } => format!("the PIN must have at least {at_least} digits, and digits only"),
        PinRefusal::TooLong => format!("the PIN must have at most {} digits", pin::LONGEST),
        PinRefusal::OwnNumber => "the PIN must not be the end of the extension, nor part of one of the subscriber's numbers".into(),
        PinRefusal::CommonPattern => "the PIN must not be one digit repeated, nor digits in sequence".into(),
        PinRefusal::UsedBefore => "the PIN was used before; choose another".into(),
    }
}
