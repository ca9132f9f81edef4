//! The organisation in memory, with the lookups that calls need.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::Arc;

use rusqlite::Connection;

use super::rows;
use crate::directory::Person;
use crate::line::Sound;
use crate::policy::dial_plan::{DialPlan, Gateway, HuntGroup};
use crate::policy::mailbox::{Mailbox, Subscriber, Subscribers};
use crate::policy::mailbox_policy::MailboxPolicy;
use crate::policy::party;
use crate::policy::routing::{self, Hunted, Offered, Route};
use crate::store::{self, StoreFault, wav};

/// One state of the organisation, whole and consistent.
#[derive(Debug, Default)]
pub struct OrganisationSnapshot {
    version: i64,
    dial_plans: HashMap<String, Arc<DialPlan>>,
    gateways: Vec<Arc<Gateway>>,
    hunted_by_gateway: HashMap<String, Vec<Hunted>>,
    policies: HashMap<String, Arc<MailboxPolicy>>,
    subscribers: HashMap<String, Subscriber>,
    /// By dial plan, then by every key of [`party::keys`].
    users_by_number: HashMap<String, HashMap<String, String>>,
    people: HashMap<String, Arc<Person>>,
    custom_prompts: HashMap<String, Arc<Sound>>,
}

impl OrganisationSnapshot {
    /// Reads all of it. Blocks.
    pub(super) fn read(db: &Connection) -> Result<OrganisationSnapshot, StoreFault> {
        let by_name = |plan: DialPlan| (plan.name.clone(), Arc::new(plan));
        let mut snapshot = OrganisationSnapshot {
            version: store::organisation_version(db)?,
            dial_plans: rows::all(db)?.into_iter().map(by_name).collect(),
            gateways: rows::all(db)?.into_iter().map(Arc::new).collect(),
            policies: rows::all::<MailboxPolicy>(db)?
                .into_iter()
                .map(|policy| (policy.name.clone(), Arc::new(policy)))
                .collect(),
            people: rows::all::<Person>(db)?
                .into_iter()
                .map(|person| (person.user.clone(), Arc::new(person)))
                .collect(),
            ..OrganisationSnapshot::default()
        };
        for group in rows::all::<HuntGroup>(db)? {
            if let Some(dial_plan) = snapshot.dial_plans.get(&group.dial_plan) {
                let hunted = Hunted {
                    dial_plan: dial_plan.clone(),
                    hunt_group: Arc::new(group),
                };
                let gateway = hunted.hunt_group.gateway.clone();
                let groups = snapshot.hunted_by_gateway.entry(gateway).or_default();
                groups.push(hunted);
            }
        }
        for mailbox in rows::all::<Mailbox>(db)? {
            snapshot.add_mailbox(mailbox);
        }
        let mut prompts = db.prepare("SELECT file_name, wav FROM custom_prompt")?;
        let prompts = prompts.query_map([], |row| {
            Ok((row.get::<_, String>(0)?, row.get::<_, Vec<u8>>(1)?))
        })?;
        for prompt in prompts {
            let (file_name, bytes) = prompt?;
            if let Some(samples) = wav::decode(&bytes) {
                let sound = Arc::new(Sound::new(samples));
                snapshot.custom_prompts.insert(file_name, sound);
            }
        }
        Ok(snapshot)
    }

    fn add_mailbox(&mut self, mailbox: Mailbox) {
        let Some(policy) = self.policies.get(&mailbox.policy) else {
            return;
        };
        let Some(dial_plan) = self.dial_plans.get(&policy.dial_plan) else {
            return;
        };
        let user = mailbox.user.clone();
        let numbers = self
            .users_by_number
            .entry(dial_plan.name.clone())
            .or_default();
        for number in mailbox_keys(&mailbox) {
            numbers.insert(number, user.clone());
        }
        let subscriber = Subscriber {
            display_name: self
                .people
                .get(&user)
                .map(|person| person.display_name())
                .filter(|name| !name.is_empty())
                .unwrap_or_else(|| user.clone()),
            policy: policy.clone(),
            dial_plan: dial_plan.clone(),
            mailbox: Arc::new(mailbox),
        };
        self.subscribers.insert(user, subscriber);
    }

    /// Counts changes; a later state has a greater one.
    pub fn version(&self) -> i64 {
        self.version
    }

    /// Where a call from `source` goes.
    pub fn route(&self, source: IpAddr, offered: &Offered) -> Route {
        let gateway = self.gateway(source);
        let hunted = gateway
            .and_then(|gateway| self.hunted_by_gateway.get(&gateway.name))
            .map_or(&[][..], Vec::as_slice);
        routing::route(gateway.map(Arc::as_ref), hunted, self, offered)
    }

    /// The gateway that sends from this address: the narrowest network wins.
    pub fn gateway(&self, source: IpAddr) -> Option<&Arc<Gateway>> {
        let source = source.to_canonical();
        self.gateways
            .iter()
            .filter(|gateway| gateway.address.contains(&source))
            .max_by_key(|gateway| gateway.address.prefix_len())
    }

    /// All gateways, by name.
    pub fn gateways(&self) -> &[Arc<Gateway>] {
        &self.gateways
    }

    /// The dial plan of this name.
    pub fn dial_plan(&self, name: &str) -> Option<&Arc<DialPlan>> {
        self.dial_plans.get(name)
    }

    /// All dial plans.
    pub fn dial_plans(&self) -> impl Iterator<Item = &Arc<DialPlan>> {
        self.dial_plans.values()
    }

    /// All mailboxes.
    pub fn subscribers(&self) -> impl Iterator<Item = &Subscriber> {
        self.subscribers.values()
    }

    /// The directory's entry of this user.
    pub fn person(&self, user: &str) -> Option<&Arc<Person>> {
        self.people.get(user)
    }

    /// A welcome or announcement that an administrator recorded, by its file name.
    pub fn custom_prompt(&self, file_name: &str) -> Option<Arc<Sound>> {
        self.custom_prompts.get(file_name).cloned()
    }

    /// What belongs to a subscriber besides his extensions: none of it may contain his PIN.
    pub(super) fn numbers_of(&self, user: &str) -> Vec<String> {
        let person = self.people.get(user).map(Arc::as_ref);
        self.subscribers
            .get(user)
            .map(|subscriber| own_numbers(&subscriber.mailbox, person))
            .unwrap_or_default()
    }
}

/// A subscriber's numbers besides his extensions.
pub(super) fn own_numbers(mailbox: &Mailbox, person: Option<&Person>) -> Vec<String> {
    // Of a SIP address only the part that names the person is his.
    let mut numbers: Vec<String> = mailbox
        .addresses
        .iter()
        .map(|address| address.split('@').next().unwrap_or(address).to_owned())
        .collect();
    if let Some(person) = person {
        numbers.extend(person.extension.iter().chain(&person.mobile).cloned());
    }
    numbers
}

/// Every key under which a mailbox is found.
pub(super) fn mailbox_keys(mailbox: &Mailbox) -> impl Iterator<Item = String> + '_ {
    mailbox
        .extensions
        .iter()
        .chain(&mailbox.addresses)
        .filter_map(|number| party::keys(number).into_iter().next())
}

impl Subscribers for OrganisationSnapshot {
    fn by_number(&self, dial_plan: &str, number: &str) -> Option<Subscriber> {
        let numbers = self.users_by_number.get(dial_plan)?;
        let user = party::keys(number)
            .iter()
            .find_map(|key| numbers.get(key))?;
        self.by_user(user)
    }

    fn by_user(&self, user: &str) -> Option<Subscriber> {
        self.subscribers.get(user).cloned()
    }
}
