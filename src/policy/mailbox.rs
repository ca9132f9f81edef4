//! A subscriber's mailbox as the administrator sees it (`unified-messaging` section 8).

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::dial_plan::{DialPlan, UriType};
use super::mailbox_policy::MailboxPolicy;
use super::problem::{Problem, Problems};

/// The administrator's settings of one mailbox.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Mailbox {
    /// The user name: the mailbox's identity, from `a`–`z`, `0`–`9`, `.`, `-`, `_`.
    pub user: String,
    /// Its policy, and so its dial plan.
    pub policy: String,
    /// Extensions, primary first, each of the dial plan's length.
    pub extensions: Vec<String>,
    /// SIP addresses and E.164 numbers that are this mailbox too.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub addresses: Vec<String>,
    /// Whether voice mail is taken; a disabled mailbox apologises.
    #[serde(default = "yes")]
    pub enabled: bool,
    /// Whether this subscriber may sign in.
    #[serde(default = "yes")]
    pub subscriber_access_enabled: bool,
    /// Whether the calendar may be heard by telephone, where the policy allows it too.
    #[serde(default = "yes")]
    pub tui_access_to_calendar_enabled: bool,
    /// Whether e-mail may be heard by telephone, where the policy allows it too.
    #[serde(default = "yes")]
    pub tui_access_to_email_enabled: bool,
    /// Whether voice mail opens without a PIN from the subscriber's own telephone, where the policy
    /// allows it too.
    #[serde(default)]
    pub pinless_access_to_voice_mail_enabled: bool,
    /// Whether a caller who leaves nothing is noted, where the policy allows it too.
    #[serde(default = "yes")]
    pub missed_call_notification_enabled: bool,
    /// Whether this subscriber may record the prompts of the dial plan by telephone.
    #[serde(default)]
    pub may_manage_prompts: bool,
    /// Whether a caller without a number may leave a message.
    #[serde(default = "yes")]
    pub anonymous_callers_can_leave_messages: bool,
    /// Most bytes of stored messages; a mailbox above it takes no more. 0 = unlimited.
    #[serde(default)]
    pub quota_bytes: u64,
}

impl Mailbox {
    /// What is wrong with it in this dial plan.
    pub fn problems(&self, dial_plan: &DialPlan) -> Vec<Problem> {
        let mut problems = Problems::default();
        problems.user(&self.user);
        let digits = usize::from(dial_plan.number_of_digits_in_extension);
        if self.extensions.is_empty() {
            problems.add(
                "extensions",
                &self.extensions,
                "must have at least one extension",
            );
        }
        for extension in &self.extensions {
            let fits =
                extension.len() == digits && extension.bytes().all(|byte| byte.is_ascii_digit());
            if !fits {
                let cure = format!(
                    "must have {digits} digits, as in dial plan {:?}",
                    dial_plan.name
                );
                problems.add("extensions", extension, cure);
            }
        }
        for address in &self.addresses {
            if !is_address(address) {
                let cure = "must be a SIP address such as sip:alice@example.com, or an E.164 number: + and at most 15 digits";
                problems.add("addresses", address, cure);
            }
        }
        if dial_plan.uri_type != UriType::TelExtn && self.addresses.is_empty() {
            let cure = format!(
                "must not be empty: dial plan {:?} is not of type TelExtn",
                dial_plan.name
            );
            problems.add("addresses", &self.addresses, cure);
        }
        if i64::try_from(self.quota_bytes).is_err() {
            problems.add(
                "quota_bytes",
                self.quota_bytes,
                format!("must be 0 to {}", i64::MAX),
            );
        }
        problems.0
    }
}

/// A SIP address or an E.164 number (ITU-T E.164: 15 digits at most).
fn is_address(text: &str) -> bool {
    let Some(key) = super::party::keys(text).into_iter().next() else {
        return false;
    };
    match key.split_once('@') {
        Some((user, host)) => !user.is_empty() && !host.is_empty() && text.len() <= 255,
        None => key.strip_prefix('+').is_some_and(|digits| {
            digits.len() <= 15 && digits.bytes().all(|byte| byte.is_ascii_digit())
        }),
    }
}

fn yes() -> bool {
    true
}

/// A mailbox with everything that governs it: what conversations pass around.
#[derive(Clone, Debug)]
pub struct Subscriber {
    /// The mailbox's settings.
    pub mailbox: Arc<Mailbox>,
    /// Its policy.
    pub policy: Arc<MailboxPolicy>,
    /// The dial plan of the policy.
    pub dial_plan: Arc<DialPlan>,
    /// The owner's name as the directory writes it.
    pub display_name: String,
}

impl Subscriber {
    /// The identity of the mailbox.
    pub fn user(&self) -> &str {
        &self.mailbox.user
    }

    /// The primary extension.
    pub fn extension(&self) -> &str {
        self.mailbox.extensions.first().map_or("", String::as_str)
    }
}

/// Finds mailboxes by what was dialled or signalled. Answers come from memory.
pub trait Subscribers: Send + Sync {
    /// The mailbox with this extension, SIP address or E.164 number in this dial plan.
    fn by_number(&self, dial_plan: &str, number: &str) -> Option<Subscriber>;
    /// The mailbox of this user.
    fn by_user(&self, user: &str) -> Option<Subscriber>;
}
