//! Who is who: the people of the organisation, behind a trait; one file per backend.

pub mod contacts;
pub mod digit_map;
pub mod embedded;
pub mod embedded_contacts;
pub mod index;
mod numbers;
pub mod text_file;
pub mod vcard;

use std::sync::Arc;

use async_trait::async_trait;
use serde::{Deserialize, Serialize};

use crate::mailbox::CallDetails;

pub use contacts::{Contact, Contacts, Group};

/// Somebody in the directory.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Person {
    /// User name.
    pub user: String,
    /// Given names.
    pub given_name: String,
    /// Family name.
    pub surname: String,
    /// A form that an English voice can read, when the name is in another script.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub romanised_name: Option<String>,
    /// Job title.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub title: String,
    /// Department.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub department: String,
    /// Extension, if any.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub extension: Option<String>,
    /// Where somebody works: a town, a building, a room.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub location: String,
    /// Company.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub company: String,
    /// Office number as dialled from outside, if any.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub business: Option<String>,
    /// Mobile number, if any.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mobile: Option<String>,
    /// Number at home, if any.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub home: Option<String>,
    /// Mail address, if any.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mail: Option<String>,
    /// Not found by callers.
    pub hidden: bool,
}

impl Person {
    /// Given name and surname.
    pub fn display_name(&self) -> String {
        format!("{} {}", self.given_name, self.surname)
            .trim()
            .to_owned()
    }

    /// What a mail about a call tells of this person, the call itself apart.
    pub fn call_details(&self) -> CallDetails {
        CallDetails {
            name: Some(self.display_name()),
            mail: self.mail.clone(),
            title: Some(self.title.clone()),
            company: Some(self.company.clone()),
            work: self.business.clone().or_else(|| self.extension.clone()),
            mobile: self.mobile.clone(),
            home: self.home.clone(),
            ..CallDetails::default()
        }
    }
}

/// In which order a name is spelled on the keypad.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum SpelledBy {
    /// Family name, then given name.
    LastFirst,
    /// Given name, then family name.
    FirstLast,
    /// The mail address left of the `@`.
    Alias,
}

/// The directory cannot be read now.
#[derive(Debug, thiserror::Error)]
#[error("the directory cannot be reached: {0}")]
pub struct DirectoryFault(pub String);

/// The people of the organisation.
#[async_trait]
pub trait Directory: Send + Sync {
    /// By user name.
    async fn by_user(&self, user: &str) -> Result<Option<Person>, DirectoryFault>;
    /// The one person whose extension or number this is, however much of area and country is written
    /// before it; nobody when two differ.
    async fn by_number(&self, number: &str) -> Result<Option<Person>, DirectoryFault>;
    /// The one person with this mail address; nobody when two differ.
    async fn by_address(&self, address: &str) -> Result<Option<Person>, DirectoryFault>;

    /// The people whose name or alias begins with these keys ([`digit_map::is_spelled_by`]), by
    /// surname, then given name, then user; never those who are hidden.
    async fn search(&self, digits: &str, by: SpelledBy)
    -> Result<Vec<Arc<Person>>, DirectoryFault>;
    /// The distribution groups whose name begins with these keys, by name; none that is hidden.
    async fn search_groups(&self, digits: &str) -> Result<Vec<Group>, DirectoryFault>;
    /// A distribution group by name, hidden or not.
    async fn group(&self, name: &str) -> Result<Option<Group>, DirectoryFault>;
}
