//! The organisation as TOML: reading it with errors that help, and writing it.

use serde::de::{self, DeserializeOwned, Deserializer, Visitor};
use serde::forward_to_deserialize_any;

use super::whole::{OrganisationFault, Whole, nearest};
use crate::directory::{Group, Person};
use crate::policy::dial_plan::{DialPlan, Gateway, HuntGroup};
use crate::policy::mailbox::Mailbox;
use crate::policy::mailbox_policy::MailboxPolicy;

/// The longest text that is read: some 50,000 mailboxes.
const LONGEST: usize = 32 * 1_024 * 1_024;

const HEADING: &str = "\
# The organisation: dial plans, gateways, hunt groups, mailbox policies, people, groups, mailboxes.
# `ringback org apply FILE` makes the server's organisation equal to this file, whole or not at
# all; `--dry-run` only says what would change. What is left out is removed.

";

/// Reads TOML. Unknown keys are refused by name before anything else, because most mistakes are
/// misspelt keys, and a parser that meets one first complains of what is missing.
pub(super) fn parse(text: &str) -> Result<Whole, OrganisationFault> {
    if text.len() > LONGEST {
        return Err(OrganisationFault::wrong("the file is longer than 32 MiB"));
    }
    let table: toml::Table = text.parse().map_err(OrganisationFault::wrong)?;
    let mut unknown = Vec::new();
    for (kind, value) in &table {
        let Some(keys) = keys_of(kind) else {
            unknown.push(unknown_key("", kind, fields::<Whole>()));
            continue;
        };
        let objects = value.as_array().map_or(&[][..], Vec::as_slice);
        for (at, object) in objects.iter().enumerate() {
            let Some(object) = object.as_table() else {
                continue;
            };
            let name = object.get("name").or_else(|| object.get("user"));
            let place = match name.and_then(toml::Value::as_str) {
                Some(name) => format!("{kind} {name:?}: "),
                None => format!("{kind}[{at}]: "),
            };
            let strange = object.keys().filter(|key| !keys.contains(&key.as_str()));
            unknown.extend(strange.map(|key| unknown_key(&place, key, keys)));
        }
    }
    if !unknown.is_empty() {
        return Err(OrganisationFault::Wrong(unknown));
    }
    toml::from_str(text).map_err(OrganisationFault::wrong)
}

/// Writes TOML that [`parse`] reads back to the same.
pub(super) fn write(whole: &Whole) -> Result<String, OrganisationFault> {
    let text = toml::to_string_pretty(whole).map_err(OrganisationFault::wrong)?;
    Ok(format!("{HEADING}{text}"))
}

fn unknown_key(place: &str, key: &str, known: &[&str]) -> String {
    match nearest(key, known.iter().copied()) {
        Some(near) => format!("{place}unknown key {key:?}; did you mean {near:?}?"),
        None => format!("{place}unknown key {key:?}; known are {}", known.join(", ")),
    }
}

/// The keys that objects of this kind can have.
fn keys_of(kind: &str) -> Option<&'static [&'static str]> {
    Some(match kind {
        "dial_plan" => fields::<DialPlan>(),
        "gateway" => fields::<Gateway>(),
        "hunt_group" => fields::<HuntGroup>(),
        "mailbox_policy" => fields::<MailboxPolicy>(),
        "person" => fields::<Person>(),
        "group" => fields::<Group>(),
        "mailbox" => fields::<Mailbox>(),
        _ => return None,
    })
}

/// The field names of a struct, as its own `Deserialize` states them.
fn fields<T: DeserializeOwned>() -> &'static [&'static str] {
    let mut fields: &'static [&'static str] = &[];
    // Always an error: it only looks at what is asked for.
    let _ = T::deserialize(FieldsOf(&mut fields));
    fields
}

struct FieldsOf<'a>(&'a mut &'static [&'static str]);

impl<'de> Deserializer<'de> for FieldsOf<'_> {
    type Error = de::value::Error;

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _name: &'static str,
        fields: &'static [&'static str],
        _visitor: V,
    ) -> Result<V::Value, Self::Error> {
        *self.0 = fields;
        Err(de::Error::custom("only looking"))
    }

    fn deserialize_any<V: Visitor<'de>>(self, _visitor: V) -> Result<V::Value, Self::Error> {
        Err(de::Error::custom("not a struct"))
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf option
        unit unit_struct newtype_struct seq tuple tuple_struct map enum identifier ignored_any
    }
}
