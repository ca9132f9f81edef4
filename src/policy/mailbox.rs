//! A subscriber's mailbox as the administrator sees it (`unified-messaging` section 8).

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::dial_plan::DialPlan;
use super::mailbox_policy::MailboxPolicy;

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
    /// Whether a caller without a number may leave a message.
    #[serde(default = "yes")]
    pub anonymous_callers_can_leave_messages: bool,
    /// Most bytes of stored messages; a mailbox above it takes no more. 0 = unlimited.
    #[serde(default)]
    pub quota_bytes: u64,
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
