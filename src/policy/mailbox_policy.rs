//! Mailbox policies (`unified-messaging` section 5): what a group of subscribers may do.

use serde::{Deserialize, Serialize};

use super::problem::{Problem, Problems};

/// What a group of subscribers may do, and how safe their PINs must be.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct MailboxPolicy {
    /// Unique name.
    pub name: String,
    /// The dial plan of its mailboxes.
    pub dial_plan: String,
    /// Shortest PIN, 4–24 digits.
    pub min_pin_length: u8,
    /// How many former PINs are refused, the present one included, 1–20.
    pub pin_history_count: u8,
    /// Days until a PIN must be changed, 1–999; 0 = never.
    pub pin_lifetime_days: u16,
    /// Failures in a row, over all calls, before the PIN is reset or sign-in is blocked for
    /// 15 minutes; 0 = never. Below `max_logon_attempts`.
    pub logon_failures_before_pin_reset: u16,
    /// Failures in a row before the mailbox is locked until an administrator unlocks it, 1–999.
    pub max_logon_attempts: u16,
    /// Whether sequences and repeated digits are accepted as a PIN.
    pub allow_common_patterns: bool,
    /// Whether subscribers may sign in by telephone.
    pub allow_subscriber_access: bool,
    /// Length of a greeting in minutes, 1–10.
    pub max_greeting_duration: u8,
    /// Which messages of callers are protected; `None` does not offer the private mark.
    pub protect_unauthenticated_voice_mail: Protect,
    /// The same for what its subscribers send by telephone.
    pub protect_authenticated_voice_mail: Protect,
    /// Whether subscribers may hear their calendar by telephone.
    pub allow_tui_access_to_calendar: bool,
    /// Whether subscribers may search the directory once they have signed in.
    pub allow_tui_access_to_directory: bool,
    /// Whether subscribers may hear their e-mail by telephone.
    pub allow_tui_access_to_email: bool,
    /// Whether subscribers may search their personal contacts by telephone.
    pub allow_tui_access_to_personal_contacts: bool,
    /// Whether voice mail may be opened without a PIN from the subscriber's own telephone, where the
    /// mailbox allows it too.
    pub allow_pinless_voice_mail_access: bool,
    /// Whether e-mail and meetings may be answered by voice.
    pub allow_voice_response_to_other_message_types: bool,
    /// Whether a caller who leaves nothing is noted in the mailbox.
    pub allow_missed_call_notifications: bool,
    /// Words at the end of the mail that brings a new PIN, at most 512 characters.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub reset_pin_text: String,
    /// Words at the end of a voice message written as mail, at most 512 characters.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub voice_mail_text: String,
    /// Words at the end of the welcome mail, at most 512 characters.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub um_enabled_text: String,
}

impl MailboxPolicy {
    /// Whether failure number `failure` in a row resets the PIN, or blocks sign-in for a while.
    pub fn resets_pin_at(&self, failure: u32) -> bool {
        let every = u32::from(self.logon_failures_before_pin_reset);
        every > 0 && failure > 0 && failure.is_multiple_of(every)
    }

    /// What is wrong with it, taken by itself.
    pub fn problems(&self) -> Vec<Problem> {
        let mut problems = Problems::default();
        problems.name(&self.name, 64);
        problems.range("min_pin_length", self.min_pin_length, 4, 24);
        problems.range("pin_history_count", self.pin_history_count, 1, 20);
        problems.range("pin_lifetime_days", self.pin_lifetime_days, 0, 999);
        let block_at = self.logon_failures_before_pin_reset;
        problems.range("logon_failures_before_pin_reset", block_at, 0, 998);
        problems.range("max_logon_attempts", self.max_logon_attempts, 1, 999);
        if block_at > 0 && block_at >= self.max_logon_attempts {
            let cure = format!(
                "must be below max_logon_attempts, which is {}, or 0",
                self.max_logon_attempts
            );
            problems.add("logon_failures_before_pin_reset", block_at, cure);
        }
        problems.range("max_greeting_duration", self.max_greeting_duration, 1, 10);
        for (key, text) in [
            ("reset_pin_text", &self.reset_pin_text),
            ("um_enabled_text", &self.um_enabled_text),
            ("voice_mail_text", &self.voice_mail_text),
        ] {
            if text.chars().count() > 512 {
                problems.add(key, text, "must have at most 512 characters");
            }
        }
        problems.0
    }
}

/// Which messages are protected.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub enum Protect {
    /// None; the private mark is not offered.
    #[default]
    None,
    /// Those marked private.
    Private,
    /// All.
    All,
}

impl Default for MailboxPolicy {
    fn default() -> Self {
        MailboxPolicy {
            name: String::new(),
            dial_plan: String::new(),
            min_pin_length: 6,
            pin_history_count: 5,
            pin_lifetime_days: 60,
            logon_failures_before_pin_reset: 5,
            max_logon_attempts: 15,
            allow_common_patterns: false,
            allow_subscriber_access: true,
            max_greeting_duration: 5,
            protect_unauthenticated_voice_mail: Protect::None,
            protect_authenticated_voice_mail: Protect::None,
            allow_tui_access_to_calendar: true,
            allow_tui_access_to_directory: true,
            allow_tui_access_to_email: true,
            allow_tui_access_to_personal_contacts: true,
            allow_pinless_voice_mail_access: false,
            allow_voice_response_to_other_message_types: true,
            allow_missed_call_notifications: true,
            reset_pin_text: String::new(),
            um_enabled_text: String::new(),
            voice_mail_text: String::new(),
        }
    }
}
