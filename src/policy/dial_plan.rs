//! Dial plans, gateways and hunt groups (`unified-messaging` sections 2 and 3).

use serde::{Deserialize, Serialize};

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
    /// Take the most recent diversion that is a mailbox (true), or the first party ever called.
    #[serde(default = "yes")]
    pub prefer_most_recent_diversion: bool,
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
    pub address: ipnet::IpNet,
    /// Whether its calls are taken.
    #[serde(default)]
    pub status: GatewayStatus,
    /// Requests a second that are served; twice that for a moment.
    #[serde(default = "fifty")]
    pub requests_per_second: u32,
    /// New calls a second that are served; twice that for a moment.
    #[serde(default = "ten")]
    pub calls_per_second: u32,
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

fn default_language() -> String {
    "en-US".to_owned()
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
fn fifty() -> u32 {
    50
}
fn yes() -> bool {
    true
}
