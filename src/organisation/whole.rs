//! The whole organisation as data: what a TOML file says and the tables hold, and whether its
//! parts fit together.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::fmt;

use rusqlite::{Connection, Transaction, params};
use serde::{Deserialize, Serialize};

use super::people::{check_groups, person_problems};
use super::rows::{self, Object};
use super::snapshot::mailbox_keys;
use crate::directory::{Group, Person};
use crate::policy::dial_plan::{DialPlan, Gateway, HuntGroup};
use crate::policy::mailbox::Mailbox;
use crate::policy::mailbox_policy::MailboxPolicy;
use crate::policy::party;
use crate::policy::problem::Problem;
use crate::store::{StoreFault, count_organisation_change};

/// Gateways that may serve one dial plan.
const GATEWAYS_MAX: usize = 200;

/// All objects of an organisation.
#[derive(Clone, PartialEq, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Whole {
    /// Dial plans.
    pub dial_plan: Vec<DialPlan>,
    /// Gateways.
    pub gateway: Vec<Gateway>,
    /// Hunt groups.
    pub hunt_group: Vec<HuntGroup>,
    /// Mailbox policies.
    pub mailbox_policy: Vec<MailboxPolicy>,
    /// The people of the directory.
    pub person: Vec<Person>,
    /// Distribution groups.
    pub group: Vec<Group>,
    /// Mailboxes.
    pub mailbox: Vec<Mailbox>,
    /// Sounds of dial plans, by file name; files beside the TOML, never in it.
    #[serde(skip)]
    pub custom_prompts: BTreeMap<String, Vec<u8>>,
}

/// Why a change of the organisation was not made; nothing was changed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum OrganisationFault {
    /// It would not be right. One line each: where, key, value and cure.
    #[error("{}", .0.join("\n"))]
    Wrong(Vec<String>),
    /// The store did not take it.
    #[error(transparent)]
    Store(#[from] StoreFault),
}

impl OrganisationFault {
    /// One thing that is wrong.
    pub(super) fn wrong(text: impl fmt::Display) -> OrganisationFault {
        OrganisationFault::Wrong(vec![text.to_string()])
    }
}

impl Whole {
    /// Reads the organisation from the tables.
    pub(super) fn read(db: &Connection) -> Result<Whole, StoreFault> {
        let mut prompts = db.prepare("SELECT file_name, wav FROM custom_prompt")?;
        let prompts = prompts.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?;
        Ok(Whole {
            dial_plan: rows::all(db)?,
            gateway: rows::all(db)?,
            hunt_group: rows::all(db)?,
            mailbox_policy: rows::all(db)?,
            person: rows::all(db)?,
            group: rows::all(db)?,
            mailbox: rows::all(db)?,
            custom_prompts: prompts.collect::<Result<_, _>>()?,
        })
    }

    /// Makes the tables say this instead of `before`.
    pub(super) fn write(&self, db: &Transaction<'_>, before: &Whole) -> Result<(), StoreFault> {
        // Objects may refer to each other only by name, so the order matters to nobody but
        // mailbox numbers: all are taken away before any is given, so that two can be swapped.
        write_kind(db, &before.dial_plan, &self.dial_plan)?;
        write_kind(db, &before.gateway, &self.gateway)?;
        write_kind(db, &before.hunt_group, &self.hunt_group)?;
        write_kind(db, &before.mailbox_policy, &self.mailbox_policy)?;
        write_kind(db, &before.person, &self.person)?;
        write_kind(db, &before.group, &self.group)?;
        write_kind(db, &before.mailbox, &self.mailbox)?;
        if before.mailbox != self.mailbox || before.mailbox_policy != self.mailbox_policy {
            db.execute("DELETE FROM mailbox_number", [])?;
            let mut insert = db.prepare(
                "INSERT INTO mailbox_number (dial_plan, number, user) VALUES (?1, ?2, ?3)",
            )?;
            let plans = self.dial_plan_by_policy();
            for mailbox in &self.mailbox {
                let plan = plans.get(&*mailbox.policy).map_or("", |plan| &plan.name);
                let mut given = HashSet::new();
                for number in mailbox_keys(mailbox).filter(|key| given.insert(key.clone())) {
                    insert.execute(params![plan, number, mailbox.user])?;
                }
            }
        }
        if before.custom_prompts != self.custom_prompts {
            db.execute("DELETE FROM custom_prompt", [])?;
            for (file_name, wav) in &self.custom_prompts {
                db.execute(
                    "INSERT INTO custom_prompt (file_name, wav) VALUES (?1, ?2)",
                    params![file_name, wav],
                )?;
            }
        }
        count_organisation_change(db)
    }

    /// Makes what comes with a new dial plan: its default policy.
    pub(super) fn complete(&mut self, before: &Whole) {
        for plan in &self.dial_plan {
            let is_new = !before.dial_plan.iter().any(|old| old.name == plan.name);
            let has_policy = self
                .mailbox_policy
                .iter()
                .any(|policy| policy.dial_plan == plan.name);
            if is_new && !has_policy {
                self.mailbox_policy.push(MailboxPolicy {
                    name: plan.default_policy_name(),
                    dial_plan: plan.name.clone(),
                    ..MailboxPolicy::default()
                });
            }
        }
        self.sort();
    }

    /// Puts everything in the order in which the tables give it back.
    pub(super) fn sort(&mut self) {
        sort(&mut self.dial_plan);
        sort(&mut self.gateway);
        sort(&mut self.hunt_group);
        sort(&mut self.mailbox_policy);
        sort(&mut self.person);
        sort(&mut self.group);
        sort(&mut self.mailbox);
    }

    /// The primary extension of a user's mailbox.
    pub(super) fn extension(&self, user: &str) -> Option<String> {
        let mailbox = self.mailbox.iter().find(|mailbox| mailbox.user == user)?;
        mailbox.extensions.first().cloned()
    }

    pub(super) fn dial_plan_by_policy(&self) -> HashMap<&str, &DialPlan> {
        let plans: HashMap<&str, &DialPlan> = self
            .dial_plan
            .iter()
            .map(|plan| (&*plan.name, plan))
            .collect();
        self.mailbox_policy
            .iter()
            .filter_map(|policy| Some((&*policy.name, *plans.get(&*policy.dial_plan)?)))
            .collect()
    }

    /// Everything that is wrong, in lines that name object, key, value and cure.
    pub(super) fn check(&self, before: &Whole) -> Result<(), OrganisationFault> {
        let mut wrong = Wrong::default();
        wrong.twice(&self.dial_plan);
        wrong.twice(&self.gateway);
        wrong.twice(&self.hunt_group);
        wrong.twice(&self.mailbox_policy);
        wrong.twice(&self.person);
        wrong.twice(&self.group);
        wrong.twice(&self.mailbox);
        self.check_routing(&mut wrong);
        self.check_policies(&mut wrong, before);
        self.check_mailboxes(&mut wrong, before);
        for person in &self.person {
            wrong.all(person, person_problems(person));
        }
        check_groups(&mut wrong, &self.group, &self.person);
        if wrong.lines.is_empty() {
            Ok(())
        } else {
            Err(OrganisationFault::Wrong(wrong.lines))
        }
    }

    fn check_routing(&self, wrong: &mut Wrong) {
        let mut access_numbers = HashMap::new();
        for plan in &self.dial_plan {
            wrong.all(plan, plan.problems());
            for number in &plan.access_telephone_numbers {
                let key = party::keys(number).into_iter().next().unwrap_or_default();
                if let Some(other) = access_numbers.insert(key, &plan.name) {
                    let cure = format!(
                        "belongs to dial plan {other:?} already; a number belongs to one dial plan only"
                    );
                    wrong.one(plan, "access_telephone_numbers", number, cure);
                }
            }
            for other in &plan.equivalent_dial_plan_phone_contexts {
                let key = "equivalent_dial_plan_phone_contexts";
                wrong.reference(plan, key, other, &self.dial_plan);
            }
            for file_name in [
                &plan.welcome_greeting_filename,
                &plan.info_announcement_filename,
            ] {
                if let Some(file_name) = file_name
                    && !self.custom_prompts.contains_key(file_name)
                {
                    let cure = "names a file that is not here; put it beside the TOML file";
                    wrong.one(plan, "…_filename", file_name, cure);
                }
            }
            let gateways: HashSet<&str> = self
                .hunt_group
                .iter()
                .filter(|group| group.dial_plan == plan.name)
                .map(|group| &*group.gateway)
                .collect();
            if gateways.len() > GATEWAYS_MAX {
                let cure = format!("must have at most {GATEWAYS_MAX} gateways");
                wrong.one(plan, "gateways", gateways.len(), cure);
            }
        }
        let mut addresses = HashMap::new();
        for gateway in &self.gateway {
            wrong.all(gateway, gateway.problems());
            if let Some(other) = addresses.insert(gateway.address, &gateway.name) {
                let cure = format!("is the address of gateway {other:?} already");
                wrong.one(gateway, "address", gateway.address, cure);
            }
        }
        let mut pilots = HashMap::new();
        for group in &self.hunt_group {
            wrong.all(group, group.problems());
            wrong.reference(group, "dial_plan", &group.dial_plan, &self.dial_plan);
            wrong.reference(group, "gateway", &group.gateway, &self.gateway);
            let mut keys: Vec<String> = group
                .pilot_identifiers
                .iter()
                .filter_map(|pilot| party::keys(pilot).into_iter().next())
                .collect();
            if keys.is_empty() {
                keys.push("any number".to_owned());
            }
            for key in keys {
                if let Some(other) = pilots.insert((&group.gateway, key.clone()), &group.name) {
                    let cure = format!("hunt group {other:?} has it already for the same gateway");
                    wrong.one(group, "pilot_identifiers", key, cure);
                }
            }
        }
    }

    fn check_policies(&self, wrong: &mut Wrong, before: &Whole) {
        for policy in &self.mailbox_policy {
            wrong.all(policy, policy.problems());
            wrong.reference(policy, "dial_plan", &policy.dial_plan, &self.dial_plan);
            let old = before
                .mailbox_policy
                .iter()
                .find(|old| old.name == policy.name);
            if let Some(old) = old.filter(|old| old.dial_plan != policy.dial_plan) {
                let cure = format!("was {:?} and is fixed; make another policy", old.dial_plan);
                wrong.one(policy, "dial_plan", &policy.dial_plan, cure);
            }
        }
        for plan in &self.dial_plan {
            let old = before.dial_plan.iter().find(|old| old.name == plan.name);
            if let Some(old) = old.filter(|old| old.uri_type != plan.uri_type) {
                let cure = format!(
                    "was {:?} and is fixed; make another dial plan",
                    old.uri_type
                );
                wrong.one(plan, "uri_type", format!("{:?}", plan.uri_type), cure);
            }
        }
    }

    fn check_mailboxes(&self, wrong: &mut Wrong, before: &Whole) {
        let plans = self.dial_plan_by_policy();
        let plans_before = before.dial_plan_by_policy();
        let policy_before: HashMap<&str, &str> = before
            .mailbox
            .iter()
            .map(|old| (&*old.user, &*old.policy))
            .collect();
        let mut owners: HashMap<(&str, String), &str> = HashMap::new();
        for mailbox in &self.mailbox {
            wrong.reference(mailbox, "policy", &mailbox.policy, &self.mailbox_policy);
            let Some(plan) = plans.get(&*mailbox.policy) else {
                continue;
            };
            wrong.all(mailbox, mailbox.problems(plan));
            let old_plan = policy_before
                .get(&*mailbox.user)
                .and_then(|policy| plans_before.get(policy));
            if old_plan.is_some_and(|old| old.name != plan.name) {
                let cure =
                    "is of another dial plan; remove the mailbox and make it again to move it";
                wrong.one(mailbox, "policy", &mailbox.policy, cure);
            }
            for number in mailbox_keys(mailbox) {
                let owner = owners
                    .entry((&*plan.name, number.clone()))
                    .or_insert(&mailbox.user);
                if *owner != mailbox.user {
                    let cure = format!(
                        "belongs to {owner:?} already; a number can have one mailbox in a dial plan"
                    );
                    wrong.one(mailbox, "extensions", number, cure);
                }
            }
        }
    }
}

fn write_kind<T: Object>(
    db: &Transaction<'_>,
    before: &[T],
    after: &[T],
) -> Result<(), StoreFault> {
    let old: HashMap<&str, &T> = before
        .iter()
        .map(|object| (object.name(), object))
        .collect();
    let kept: HashSet<&str> = after.iter().map(Object::name).collect();
    for gone in before.iter().filter(|object| !kept.contains(object.name())) {
        rows::remove::<T>(db, gone.name())?;
    }
    for object in after {
        if old.get(object.name()) != Some(&object) {
            rows::put(db, object)?;
        }
    }
    Ok(())
}

fn sort<T: Object>(objects: &mut [T]) {
    objects.sort_by(|a, b| a.name().cmp(b.name()));
}

/// What an object is called in messages: `dial_plan "demo"`.
pub(super) fn title<T: Object>(object: &T) -> String {
    format!("{} {:?}", T::TABLE, object.name())
}

/// Everything that is wrong, in lines that name object, key, value and cure.
#[derive(Default)]
pub(super) struct Wrong {
    lines: Vec<String>,
}

impl Wrong {
    /// All problems of an object.
    pub(super) fn all<T: Object>(&mut self, object: &T, problems: Vec<Problem>) {
        for problem in problems {
            self.lines.push(format!("{}: {problem}", title(object)));
        }
    }

    fn one<T: Object>(
        &mut self,
        object: &T,
        key: &str,
        value: impl fmt::Display,
        cure: impl fmt::Display,
    ) {
        let title = title(object);
        self.lines.push(format!("{title}: {key} = {value}: {cure}"));
    }

    fn twice<T: Object>(&mut self, objects: &[T]) {
        let mut seen = HashSet::new();
        for object in objects {
            if !seen.insert(object.name()) {
                let cure = "stands there twice; each needs a name of its own";
                self.one(object, T::KEY, object.name(), cure);
            }
        }
    }

    fn reference<T: Object, U: Object>(&mut self, object: &T, key: &str, name: &str, among: &[U]) {
        if among.iter().any(|other| other.name() == name) {
            return;
        }
        self.unknown(object, key, name, U::TABLE, among.iter().map(Object::name));
    }

    /// A name that is none of the known ones.
    pub(super) fn unknown<'a, T: Object>(
        &mut self,
        object: &T,
        key: &str,
        name: &str,
        kind: &str,
        known: impl Iterator<Item = &'a str>,
    ) {
        let cure = match nearest(name, known) {
            Some(near) => format!("there is no such {kind}; did you mean {near:?}?"),
            None => format!("there is no such {kind}; make it first"),
        };
        self.one(object, key, format!("{name:?}"), cure);
    }
}

/// What was most likely meant.
pub(super) fn nearest<'a>(word: &str, known: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    known
        .map(|candidate| (strsim::jaro_winkler(word, candidate), candidate))
        .filter(|(likeness, _)| *likeness > 0.75)
        .max_by(|(a, _), (b, _)| a.total_cmp(b))
        .map(|(_, candidate)| candidate)
}
