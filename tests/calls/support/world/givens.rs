//! What the `given` lines of a story name: people and what belongs to them, the policies, the clock.

use std::collections::BTreeMap;
use std::time::Duration;

use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use ringback::directory::{Group, Person};
use ringback::mailbox::{Recorded, Sender, UserSettings};
use ringback::policy::dial_plan::DialPlan;
use ringback::policy::mailbox::Mailbox;
use ringback::policy::mailbox_policy::MailboxPolicy;
use ringback::policy::pin::{PinCost, PinRecord};
use ringback::store::{Store, count_organisation_change};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::json;

use super::super::appointments::Given;
use super::super::contacts::{Acquaintances, OTHER_PLAN, describe, group};
use super::super::emails::GivenEmail;
use super::super::story::{Line, Story, parse_duration, split_outside_quotes};
use super::{DIAL_PLAN, text};

const POLICY: &str = "stories";

/// A person of the story and what belongs to it.
pub(super) struct Resident {
    pub(super) user: String,
    pub(super) mailbox: Option<Mailbox>,
    pub(super) person: Person,
    pub(super) pins: Vec<String>,
    pub(super) pin_set: SignedDuration,
    pub(super) must_change: bool,
    pub(super) locked: bool,
    pub(super) failures: u32,
    pub(super) settings: UserSettings,
    pub(super) recordings: Vec<(Recorded, Duration)>,
    pub(super) messages: Vec<Message>,
    pub(super) knows: Acquaintances,
    pub(super) emails: Vec<GivenEmail>,
    pub(super) appointments: Vec<Given>,
}

pub(super) struct Message {
    pub(super) name: String,
    pub(super) read: bool,
    pub(super) from: Option<String>,
    pub(super) length: Duration,
    pub(super) important: bool,
    pub(super) private: bool,
    pub(super) cut_short: bool,
    /// Subject of a message that it forwards.
    pub(super) forwards: Option<String>,
    pub(super) age: Option<Duration>,
}

/// The rows of an organisation while a story names them.
pub(super) struct Givens {
    pub(super) dial_plan: DialPlan,
    pub(super) policy: MailboxPolicy,
    pub(super) residents: Vec<Resident>,
    /// Distribution groups.
    pub(super) groups: Vec<Group>,
    pub(super) custom: BTreeMap<String, Duration>,
    pub(super) voices: Vec<String>,
    pub(super) chosen_voices: Vec<String>,
    pub(super) no_auto_reply: bool,
    pub(super) no_relay: bool,
    pub(super) clock: Timestamp,
    pub(super) zone: TimeZone,
    pub(super) call: Option<String>,
}

pub(super) fn sender(givens: &Givens, from: Option<&str>) -> Sender {
    let Some(from) = from else {
        return Sender::default();
    };
    let resident = givens
        .residents
        .iter()
        .find(|one| one.user == from || one.extension() == from);
    match resident {
        Some(resident) => Sender {
            number: Some(resident.extension().to_owned()),
            name: Some(resident.person.display_name()),
            user: Some(resident.user.clone()),
        },
        None if from.starts_with('"') => Sender {
            name: Some(from.trim_matches('"').to_owned()),
            ..Sender::default()
        },
        None => Sender {
            number: Some(from.to_owned()),
            ..Sender::default()
        },
    }
}

pub(super) fn write_rows(store: &Store, givens: &Givens) -> Result<(), String> {
    let body = |object: &dyn erased::Json| object.json();
    let written = store.write_now(|db| {
        let put = |table: &str, name: &str, body: String| {
            db.execute(
                &format!("INSERT INTO {table} VALUES (?1, ?2)"),
                [name, &body],
            )
        };
        put("dial_plan", DIAL_PLAN, body(&givens.dial_plan))?;
        put("mailbox_policy", POLICY, body(&givens.policy))?;
        for group in &givens.groups {
            put("distribution_group", &group.name, body(group))?;
        }
        let policies = givens.residents.iter().flat_map(|one| &one.mailbox);
        if policies.into_iter().any(|one| one.policy == OTHER_PLAN) {
            let plan = DialPlan {
                name: OTHER_PLAN.to_owned(),
                access_telephone_numbers: vec!["6000".to_owned()],
                ..givens.dial_plan.clone()
            };
            let policy = MailboxPolicy {
                name: OTHER_PLAN.to_owned(),
                dial_plan: OTHER_PLAN.to_owned(),
                ..givens.policy.clone()
            };
            put("dial_plan", OTHER_PLAN, body(&plan))?;
            put("mailbox_policy", OTHER_PLAN, body(&policy))?;
        }
        for resident in &givens.residents {
            put("person", &resident.user, body(&resident.person))?;
            let Some(mailbox) = &resident.mailbox else {
                continue;
            };
            put("mailbox", &resident.user, body(mailbox))?;
            let mut records = Vec::new();
            for (index, pin) in resident.pins.iter().enumerate() {
                // Whose PIN it is hides behind a salt of its own, as in life.
                let salt = [resident.user.len() as u8 + index as u8; 16];
                let record = PinRecord::new(pin, salt, PinCost::CHEAPEST);
                records.push(record.map(|record| record.to_string()).unwrap_or_default());
            }
            let Some((present, former)) = records.split_first() else {
                continue;
            };
            let set_at = givens.clock - resident.pin_set;
            db.execute(
                "INSERT INTO pin (user, record, former, set_at, must_change, failures, locked)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
                (
                    &resident.user,
                    present,
                    former.join(" "),
                    set_at.as_microsecond(),
                    resident.must_change,
                    resident.failures,
                    resident.locked,
                ),
            )?;
        }
        count_organisation_change(db)
    });
    written.map_err(text)
}

mod erased {
    /// Anything that is kept as JSON.
    pub(super) trait Json {
        fn json(&self) -> String;
    }
    impl<T: serde::Serialize> Json for T {
        fn json(&self) -> String {
            serde_json::to_string(self).unwrap()
        }
    }
}

/// The same with one setting changed, by its name in the configuration.
fn with_setting<T: Serialize + DeserializeOwned>(object: &T, setting: &str) -> Result<T, String> {
    let (name, value) = setting
        .split_once(' ')
        .ok_or_else(|| format!("`{setting}` has no value"))?;
    let mut all = serde_json::to_value(object).map_err(text)?;
    let value = value.trim();
    let value = match value.parse::<u64>() {
        Ok(number) => json!(number),
        Err(_) => match value {
            "true" => json!(true),
            "false" => json!(false),
            list if list.starts_with('[') => serde_json::from_str(list).map_err(text)?,
            other => json!(other.trim_matches('"')),
        },
    };
    all[name] = value;
    serde_json::from_value(all).map_err(|error| format!("`{setting}`: {error}"))
}

impl Givens {
    pub(super) fn of(story: &Story) -> Result<Givens, String> {
        let dial_plan = json!({
            "name": DIAL_PLAN,
            "number_of_digits_in_extension": 4,
            "access_telephone_numbers": ["5000"],
        });
        let mut givens = Givens {
            dial_plan: serde_json::from_value(dial_plan).map_err(text)?,
            policy: MailboxPolicy {
                name: POLICY.to_owned(),
                dial_plan: DIAL_PLAN.to_owned(),
                ..MailboxPolicy::default()
            },
            residents: Vec::new(),
            groups: Vec::new(),
            custom: BTreeMap::new(),
            no_auto_reply: false,
            no_relay: false,
            voices: vec!["en".to_owned()],
            chosen_voices: vec!["en".to_owned()],
            // A Monday.
            clock: "2026-11-23T10:05:00Z".parse().map_err(text)?,
            zone: TimeZone::UTC,
            call: None,
        };
        for line in &story.lines {
            if let Line::Given(given) = line {
                for clause in split_outside_quotes(given, ';') {
                    givens
                        .take(&clause)
                        .map_err(|what| format!("given {clause}: {what}"))?;
                }
            }
        }
        Ok(givens)
    }

    fn take(&mut self, clause: &str) -> Result<(), String> {
        let (word, rest) = clause.split_once(' ').unwrap_or((clause, ""));
        match word {
            "calls" => self.call = Some(rest.to_owned()),
            "policy" => self.policy = with_setting(&self.policy, rest)?,
            "dial-plan" => self.dial_plan = with_setting(&self.dial_plan, rest)?,
            "clock" => {
                let (time, zone) = rest.split_once(' ').unwrap_or((rest, "UTC"));
                self.zone = TimeZone::get(zone).map_err(text)?;
                let time: DateTime = time.parse().map_err(text)?;
                self.clock = time.to_zoned(self.zone.clone()).map_err(text)?.timestamp();
            }
            "relay" if rest == "none" => self.no_relay = true,
            "mailboxes" if rest == "without automatic reply" => self.no_auto_reply = true,
            "chosen-voices" => {
                self.chosen_voices = rest.split(' ').map(str::to_owned).collect();
            }
            "voices" => self.voices = rest.split(' ').map(str::to_owned).collect(),
            "group" => {
                let words = split_outside_quotes(rest, ' ');
                let words: Vec<&str> = words.iter().map(String::as_str).collect();
                self.groups.push(group(&words)?);
            }
            "sound" => {
                let (name, length) = rest.split_once(' ').unwrap_or((rest, "4s"));
                self.custom.insert(name.to_owned(), parse_duration(length)?);
            }
            _ => {
                let mut words = split_outside_quotes(clause, ',').into_iter();
                let user = words.next().unwrap_or_default();
                let mut resident = Resident::new(&user);
                for property in words {
                    resident
                        .take(&property)
                        .map_err(|what| format!("{property}: {what}"))?;
                }
                self.residents.push(resident);
            }
        }
        Ok(())
    }
}

impl Resident {
    fn new(user: &str) -> Resident {
        let mut name = user.to_owned();
        if let Some(first) = name.get_mut(0..1) {
            first.make_ascii_uppercase();
        }
        let mailbox = json!({ "user": user, "policy": POLICY, "extensions": [] });
        Resident {
            user: user.to_owned(),
            mailbox: serde_json::from_value(mailbox).ok(),
            person: Person {
                user: user.to_owned(),
                given_name: name,
                mail: Some(format!("{user}@example.test")),
                ..Person::default()
            },
            pins: Vec::new(),
            pin_set: SignedDuration::from_hours(24),
            must_change: false,
            locked: false,
            failures: 0,
            settings: UserSettings {
                set_up: true,
                ..UserSettings::default()
            },
            recordings: Vec::new(),
            messages: Vec::new(),
            knows: Acquaintances::default(),
            emails: Vec::new(),
            appointments: Vec::new(),
        }
    }

    pub(super) fn extension(&self) -> &str {
        self.person.extension.as_deref().unwrap_or_default()
    }

    fn take(&mut self, property: &str) -> Result<(), String> {
        let words = split_outside_quotes(property, ' ');
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        let set = |mailbox: &mut Option<Mailbox>, setting: &str| -> Result<(), String> {
            if let Some(present) = mailbox {
                *mailbox = Some(with_setting(present, setting)?);
            }
            Ok(())
        };
        match words.as_slice() {
            ["extension", extension] => {
                self.person.extension = Some((*extension).to_owned());
                if let Some(mailbox) = &mut self.mailbox {
                    mailbox.extensions.push((*extension).to_owned());
                }
            }
            ["number", number] => {
                if let Some(mailbox) = &mut self.mailbox {
                    mailbox.addresses.push((*number).to_owned());
                }
            }
            ["mobile", number] => self.person.mobile = Some((*number).to_owned()),
            ["name", name] => {
                let name = name.trim_matches('"');
                let (given, surname) = name.split_once(' ').unwrap_or((name, ""));
                given.clone_into(&mut self.person.given_name);
                surname.clone_into(&mut self.person.surname);
            }
            ["pin", pin] => self.pins.insert(0, (*pin).to_owned()),
            ["earlier", "pins", earlier @ ..] => {
                self.pins
                    .extend(earlier.iter().map(|pin| (*pin).to_owned()));
            }
            ["pin", number, "days", "old"] => {
                let days: i64 = number.parse().map_err(text)?;
                self.pin_set = SignedDuration::from_hours(24 * days);
            }
            ["must", "change", "pin"] => self.must_change = true,
            ["locked", "out"] => self.locked = true,
            [number, "failures"] => self.failures = number.parse().map_err(text)?,
            ["not", "set", "up"] => self.settings.set_up = false,
            ["no", "mailbox"] => self.mailbox = None,
            ["hidden"] => self.person.hidden = true,
            ["greeting", length] => {
                self.recordings
                    .push((Recorded::Greeting, parse_duration(length)?));
            }
            ["recorded", "name", length] => {
                self.recordings
                    .push((Recorded::Name, parse_duration(length)?));
            }
            ["appointment", words @ ..] => {
                self.appointments.push(Given::parse(words)?);
            }
            ["24-hour", "clock"] => self.settings.twenty_four_hours = Some(true),
            ["12-hour", "clock"] => self.settings.twenty_four_hours = Some(false),
            ["away", "greeting", length] => {
                self.recordings
                    .push((Recorded::AwayGreeting, parse_duration(length)?));
            }
            ["setting", name, value] => {
                self.settings = with_setting(&self.settings, &format!("{name} {value}"))?;
            }
            ["language", language] => self.settings.language = Some((*language).to_owned()),
            ["zone", zone] => self.settings.time_zone = Some((*zone).to_owned()),
            ["mailbox", setting, value] => set(&mut self.mailbox, &format!("{setting} {value}"))?,
            ["mail", address] => self.person.mail = Some((*address).to_owned()),
            ["no", "mail", "address"] => self.person.mail = None,
            [state @ ("new" | "old"), "email", name, marks @ ..] => {
                self.emails
                    .push(GivenEmail::parse(name, *state == "old", marks)?);
            }
            [
                state @ ("new" | "old"),
                "voice",
                "message",
                name,
                marks @ ..,
            ] => {
                self.messages
                    .push(Message::parse(name, *state == "old", marks)?);
            }
            ["in", "other", "plan"] => {
                if let Some(mailbox) = &mut self.mailbox {
                    OTHER_PLAN.clone_into(&mut mailbox.policy);
                }
            }
            _ if describe(&mut self.person, &words) || self.knows.take(&words)? => {}
            _ => return Err("nobody has such a property".to_owned()),
        }
        Ok(())
    }
}

impl Message {
    fn parse(name: &str, read: bool, marks: &[&str]) -> Result<Message, String> {
        let mut message = Message {
            name: name.to_owned(),
            read,
            from: None,
            length: Duration::from_secs(6),
            important: false,
            private: false,
            cut_short: false,
            forwards: None,
            age: None,
        };
        let mut marks = marks.iter();
        while let Some(mark) = marks.next() {
            match *mark {
                "from" => message.from = marks.next().map(|from| (*from).to_owned()),
                "of" => {
                    let length = marks.next().ok_or("of how many seconds?")?;
                    message.length = parse_duration(length)?;
                }
                "left" => {
                    // `left 26h ago`
                    let age = marks.next().ok_or("left when?")?;
                    message.age = Some(parse_duration(age)?);
                    marks.next();
                }
                "important" => message.important = true,
                "private" => message.private = true,
                "cut-short" => message.cut_short = true,
                "forwards" => {
                    let subject = marks.next().ok_or("forwards what?")?;
                    message.forwards = Some(format!("FW: {}", subject.trim_matches('"')));
                }
                _ => return Err(format!("`{mark}` is nothing that a message has")),
            }
        }
        Ok(message)
    }
}
