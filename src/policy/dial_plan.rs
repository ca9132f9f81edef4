//! Dial plans, gateways and hunt groups (`unified-messaging` sections 2 and 3).

use std::net::IpAddr;

use ipnet::IpNet;
use serde::{Deserialize, Deserializer, Serialize};

use super::problem::{Problem, Problems};

/// A numbering space: extensions of one length, the numbers that reach it, and what callers hear.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DialPlan {
    /// Unique name, at most 49 characters.
    pub name: String,
    /// Length of every extension, 1–20.
    pub number_of_digits_in_extension: u8,
    /// Form of party numbers.
    #[serde(default)]
    pub uri_type: UriType,
    /// Voice access numbers: calling one leads to sign-in.
    #[serde(default)]
    pub access_telephone_numbers: Vec<String>,
    /// Language of prompts where the caller's own is unknown.
    #[serde(default = "default_language")]
    pub default_language: String,
    /// Wrong PINs in one call before it ends, 1–20.
    #[serde(default = "three")]
    pub logon_failures_before_disconnect: u8,
    /// Wrong inputs in sequence before the call ends, 1–20.
    #[serde(default = "three")]
    pub input_failures_before_disconnect: u8,
    /// Length of a call in minutes, 10–120.
    #[serde(default = "thirty")]
    pub max_call_duration: u16,
    /// So many seconds before that the caller is told, 0–300; 0: not at all.
    #[serde(default = "sixty")]
    pub call_end_warning: u16,
    /// Length of a recording in minutes, 1–100, below `max_call_duration`.
    #[serde(default = "twenty")]
    pub max_recording_duration: u16,
    /// Seconds of silence that end a recording, 2–10.
    #[serde(default = "five")]
    pub recording_idle_timeout: u8,
    /// Whether the custom welcome is played instead of the system's.
    #[serde(default)]
    pub welcome_greeting_enabled: bool,
    /// WAV file of the custom welcome: 16 bit linear, 8 kHz, mono.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub welcome_greeting_filename: Option<String>,
    /// Whether an announcement follows the welcome, and whether keys stop it.
    #[serde(default)]
    pub info_announcement_enabled: InfoAnnouncement,
    /// WAV file of the announcement.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub info_announcement_filename: Option<String>,
    /// Whether messages may be sent to people without calling them (SendVoiceMsgEnabled).
    #[serde(default = "yes")]
    pub send_voice_messages_enabled: bool,
    /// Whom callers can find.
    #[serde(default)]
    pub contact_scope: ContactScope,
    /// How names are spelled on the keypad.
    #[serde(default)]
    pub dial_by_name_primary: DialByName,
    /// The other way, after `##`.
    #[serde(default = "smtp_address")]
    pub dial_by_name_secondary: DialByName,
    /// What tells people of the same name apart.
    #[serde(default)]
    pub matched_name_selection_method: MatchedName,
    /// Other dial plans whose extensions name callers too (EquivalentDialPlanPhoneContexts).
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub equivalent_dial_plan_phone_contexts: Vec<String>,
    /// Forms of long numbers that end in an extension of this plan, such as `142570xxxxx`: digits as
    /// they are, and an `x` for each that varies.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub numbering_plan_formats: Vec<String>,
    /// Whether callers are named by the numbers in the directory, beyond extensions
    /// (AllowHeuristicADCallingLineIdResolution).
    #[serde(default = "yes")]
    pub allow_heuristic_calling_line_id_resolution: bool,
    /// Whether authorised subscribers may record welcome and announcement by telephone.
    #[serde(default)]
    pub tui_prompt_editing_enabled: bool,
    /// Take the most recent diversion that is a mailbox (true), or the first party ever called.
    #[serde(default = "yes")]
    pub prefer_most_recent_diversion: bool,
}

/// Whom callers can find (ContactScope).
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub enum ContactScope {
    /// The mailboxes of the dial plan called.
    #[default]
    DialPlan,
    /// Everybody in the directory, with or without a mailbox.
    GlobalAddressList,
}

/// How a name is spelled on the keypad (DialByNamePrimary, DialByNameSecondary).
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub enum DialByName {
    /// Family name, then given name.
    #[default]
    LastFirst,
    /// Given name, then family name.
    FirstLast,
    /// The mail address left of the `@`.
    SMTPAddress,
    /// No such way; only for the secondary one.
    None,
}

/// What tells people of the same name apart (MatchedNameSelectionMethod).
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub enum MatchedName {
    /// Job title.
    Title,
    /// Department.
    Department,
    /// Location.
    Location,
    /// Nothing: the department where there is one.
    #[default]
    None,
    /// The caller spells the alias instead of choosing from a list.
    PromptForAlias,
}

/// Form of party numbers in a dial plan.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub enum UriType {
    /// Extensions.
    #[default]
    TelExtn,
    /// SIP addresses.
    SipName,
    /// E.164 numbers.
    E164,
}

/// The announcement after the welcome.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub enum InfoAnnouncement {
    /// None.
    #[default]
    False,
    /// Played; a key stops it.
    True,
    /// Played to its end.
    Uninterruptible,
}

/// A trusted SIP peer.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Gateway {
    /// Unique name.
    pub name: String,
    /// The addresses it sends from: an address or a network such as `127.0.0.0/8`.
    #[serde(deserialize_with = "address_or_network")]
    pub address: IpNet,
    /// Whether its calls are taken.
    #[serde(default)]
    pub status: GatewayStatus,
    /// Requests a second that are served; twice that for a moment.
    #[serde(default = "fifty")]
    pub requests_per_second: u32,
    /// New calls a second that are served; twice that for a moment.
    #[serde(default = "ten")]
    pub calls_per_second: u32,
    /// Whether it has made sure that calling numbers are true, so that a subscriber's own number may
    /// open voice mail without a PIN where that is allowed.
    #[serde(default)]
    pub asserts_calling_number: bool,
    /// Whether its media may come from another address than it signals (NAT).
    #[serde(default)]
    pub behind_nat: bool,
}

/// Whether a gateway's calls are taken.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub enum GatewayStatus {
    /// Served.
    #[default]
    Enabled,
    /// Refused with 403; running calls are ended.
    Disabled,
    /// Running calls go on, new ones are refused with 503.
    NoNewCalls,
}

/// (gateway, pilot) → dial plan.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HuntGroup {
    /// Unique name.
    pub name: String,
    /// Which dial plan its calls belong to.
    pub dial_plan: String,
    /// Which gateway they come from.
    pub gateway: String,
    /// Called numbers that belong to it; none: any.
    #[serde(default)]
    pub pilot_identifiers: Vec<String>,
}

impl DialPlan {
    /// What is wrong with it, taken by itself.
    pub fn problems(&self) -> Vec<Problem> {
        let mut problems = Problems::default();
        // 49: the name of its default policy appends 15 characters.
        problems.name(&self.name, 49);
        for (key, value, lowest, highest) in [
            (
                "number_of_digits_in_extension",
                self.number_of_digits_in_extension,
                1,
                20,
            ),
            (
                "logon_failures_before_disconnect",
                self.logon_failures_before_disconnect,
                1,
                20,
            ),
            (
                "input_failures_before_disconnect",
                self.input_failures_before_disconnect,
                1,
                20,
            ),
            ("recording_idle_timeout", self.recording_idle_timeout, 2, 10),
        ] {
            problems.range(key, value, lowest, highest);
        }
        problems.range("max_call_duration", self.max_call_duration, 10, 120);
        problems.range("call_end_warning", self.call_end_warning, 0, 300);
        problems.range(
            "max_recording_duration",
            self.max_recording_duration,
            1,
            100,
        );
        if self.max_recording_duration >= self.max_call_duration {
            let cure = format!(
                "must be below max_call_duration, which is {}",
                self.max_call_duration
            );
            problems.add("max_recording_duration", self.max_recording_duration, cure);
        }
        for number in &self.access_telephone_numbers {
            problems.party("access_telephone_numbers", number);
        }
        let language = &self.default_language;
        if !is_language_tag(language) {
            problems.add(
                "default_language",
                language,
                "must be a language tag such as \"en-US\"",
            );
        }
        if self.dial_by_name_primary == DialByName::None {
            problems.add(
                "dial_by_name_primary",
                "None",
                "must be LastFirst, FirstLast or SMTPAddress",
            );
        }
        if self.dial_by_name_primary == self.dial_by_name_secondary {
            problems.add(
                "dial_by_name_secondary",
                format!("{:?}", self.dial_by_name_secondary),
                "must differ from dial_by_name_primary, or be None",
            );
        }
        for format in &self.numbering_plan_formats {
            let fits = (1..=32).contains(&format.len())
                && format
                    .bytes()
                    .all(|byte| byte.is_ascii_digit() || byte == b'x');
            if !fits {
                let cure = "must be digits and x, such as 142570xxxxx";
                problems.add("numbering_plan_formats", format, cure);
            }
        }
        self.prompt_problems(&mut problems);
        problems.0
    }

    /// The extension that a long number ends in, where it has a form of this plan.
    pub fn extension_in<'a>(&self, number: &'a str) -> Option<&'a str> {
        let number = number.strip_prefix('+').unwrap_or(number);
        let has_form = |format: &String| {
            format.len() == number.len()
                && format
                    .bytes()
                    .zip(number.bytes())
                    .all(|(form, digit)| form == digit || (form == b'x' && digit.is_ascii_digit()))
        };
        let digits = usize::from(self.number_of_digits_in_extension);
        let from = number.len().checked_sub(digits)?;
        let is_known = self.numbering_plan_formats.iter().any(has_form);
        is_known.then(|| &number[from..])
    }

    fn prompt_problems(&self, problems: &mut Problems) {
        let announces = self.info_announcement_enabled != InfoAnnouncement::False;
        let welcome = (
            "welcome_greeting_filename",
            &self.welcome_greeting_filename,
            self.welcome_greeting_enabled,
        );
        let announcement = (
            "info_announcement_filename",
            &self.info_announcement_filename,
            announces,
        );
        for (key, file_name, enabled) in [welcome, announcement] {
            match file_name {
                None if enabled => problems.add(key, "", "must name a WAV file while it is enabled"),
                Some(name) if !is_plain_file_name(name) => problems.add(
                    key,
                    name,
                    "must be a plain file name of at most 255 bytes, of a WAV file beside the TOML file",
                ),
                _ => {}
            }
        }
    }

    /// The name of the policy that is made with the dial plan.
    pub fn default_policy_name(&self) -> String {
        format!("{} Default Policy", self.name)
    }
}

fn is_plain_file_name(name: &str) -> bool {
    (1..=255).contains(&name.len())
        && !name.starts_with('.')
        && !name.contains(|c: char| matches!(c, '/' | '\\') || c.is_control())
}

impl Gateway {
    /// What is wrong with it, taken by itself.
    pub fn problems(&self) -> Vec<Problem> {
        let mut problems = Problems::default();
        problems.name(&self.name, 64);
        problems.range(
            "requests_per_second",
            self.requests_per_second,
            1,
            1_000_000,
        );
        problems.range("calls_per_second", self.calls_per_second, 1, 1_000_000);
        problems.0
    }
}

impl HuntGroup {
    /// What is wrong with it, taken by itself.
    pub fn problems(&self) -> Vec<Problem> {
        let mut problems = Problems::default();
        problems.name(&self.name, 64);
        for pilot in &self.pilot_identifiers {
            problems.party("pilot_identifiers", pilot);
        }
        problems.0
    }
}

/// An address alone is the network of that one address.
fn address_or_network<'de, D: Deserializer<'de>>(deserializer: D) -> Result<IpNet, D::Error> {
    let text = String::deserialize(deserializer)?;
    text.parse::<IpNet>()
        .or_else(|_| text.parse::<IpAddr>().map(IpNet::from))
        .map(|network| network.trunc())
        .map_err(|_| {
            serde::de::Error::custom(format!(
                "{text:?} is no address; write an address such as 192.0.2.10, or a network such as 192.0.2.0/24"
            ))
        })
}

/// Whether this may be the tag of a language (RFC 5646), such as `en-US`.
pub fn is_language_tag(text: &str) -> bool {
    (2..=35).contains(&text.len())
        && text
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
}

fn default_language() -> String {
    "en-US".to_owned()
}
fn smtp_address() -> DialByName {
    DialByName::SMTPAddress
}
fn three() -> u8 {
    3
}
fn five() -> u8 {
    5
}
fn ten() -> u32 {
    10
}
fn twenty() -> u16 {
    20
}
fn thirty() -> u16 {
    30
}
fn sixty() -> u16 {
    60
}
fn fifty() -> u32 {
    50
}
fn yes() -> bool {
    true
}
