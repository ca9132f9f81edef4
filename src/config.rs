//! The process settings: one TOML file, validated whole before anything listens.
//!
//! Everything has a default, an unknown key is refused, and every complaint names the file, the
//! line, the key and what to do. The organisation (dial plans, gateways, mailboxes) is not here: it
//! lives in the store. Each key is explained in `docs/configuration.md` and, with its default, in
//! `packaging/ringback.toml`.

mod problem;

use std::collections::BTreeMap;
use std::fmt;
use std::net::{IpAddr, SocketAddr};
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use tracing_subscriber::filter::{LevelFilter, Targets};

pub use problem::{Problem, Problems, problems_of_toml};

/// All process settings.
#[derive(Clone, PartialEq, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Config {
    /// Signalling.
    pub sip: Sip,
    /// Sound.
    pub media: Media,
    /// Health, metrics.
    pub http: Http,
    /// Where data lies.
    pub storage: Storage,
    /// How much is served at once, and for how long.
    pub limits: Limits,
    /// How callers are talked to.
    pub conversation: Conversation,
    /// Voices.
    pub speech: Speech,
    /// Logs, call records, transcripts.
    pub log: Log,
}

/// `[sip]`
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Sip {
    /// Addresses that listen, each on every one of `transports`.
    pub listen: Vec<SocketAddr>,
    /// Which transports listen.
    pub transports: Vec<Transport>,
    /// The address that peers are told to send to, when a NAT stands between (none: the local
    /// address that routes to the peer).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub advertised_address: Option<IpAddr>,
    /// Session interval that is asked for (RFC 4028), in seconds.
    pub session_expires_s: u32,
    /// Smallest session interval that is accepted (RFC 4028 Min-SE), in seconds.
    pub min_session_expires_s: u32,
    /// How long it rings before a call is answered, in milliseconds.
    pub answer_after_ms: u64,
}

/// A transport of SIP.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Transport {
    /// Datagrams.
    Udp,
    /// Streams.
    Tcp,
}

/// `[media]`
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Media {
    /// UDP ports for RTP and RTCP; two are taken by each call.
    pub ports: PortRange,
    /// Threads that move sound; 0 = one for each core.
    pub pumps: usize,
    /// A call that receives no packet for so long is ended, in seconds; 0 = never.
    pub no_media_s: u64,
}

/// `[http]`
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Http {
    /// Address of `/healthz` and `/metrics`.
    pub listen: SocketAddr,
}

/// `[storage]`
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Storage {
    /// Folder of the database, the messages and the prompt cache; none: the user's data directory.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub data: Option<PathBuf>,
}

/// `[limits]`
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Limits {
    /// Calls at once (MaxCallsAllowed); one more is refused with 503.
    pub calls_max: usize,
    /// How long running calls may go on after SIGTERM, in seconds.
    pub drain_s: u64,
    /// How long the answer to a BYE may wait for a recording to be safe on disk, in milliseconds.
    pub hang_up_wait_ms: u64,
}

/// `[conversation]`
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Conversation {
    /// Time zone of subscribers who have not chosen one (IANA name).
    pub time_zone: String,
    /// Silence before options are repeated, in milliseconds.
    pub menu_patience_ms: u64,
    /// Wait after a key that begins a longer sequence (`1` or `11`), in milliseconds.
    pub between_keys_ms: u64,
    /// Wait after a digit of an extension or PIN before it counts as complete, in milliseconds.
    pub between_digits_ms: u64,
    /// Which keys mean what: a file in `grammars/keys`.
    pub key_layout: String,
    /// Folder with `prompts/` and `grammars/` of one's own, studio recordings among them; they take
    /// the place of the built-in files. None: all built in.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub words: Option<PathBuf>,
}

/// `[speech]`
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Speech {
    /// Voices by language or locale: `en = "flite/rms"`.
    pub voices: BTreeMap<String, String>,
    /// Voice programs at once; 0 = one for each core.
    pub jobs: usize,
    /// Whether prompts are spoken ahead of time, in the background; otherwise when they are first
    /// wanted.
    pub render_ahead: bool,
}

/// `[log]`
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Log {
    /// What is written to standard error: `error`, `warn`, `info`, `debug`, `trace`, or such a
    /// level for a part, as in `info,ringback::media=debug`.
    pub level: String,
    /// Call records, one JSON object a line; none: `call-records.jsonl` in the data folder.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub call_records: Option<PathBuf>,
    /// Transcripts of calls, one JSON object an event; none: not written.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub transcript: Option<PathBuf>,
}

impl Default for Sip {
    fn default() -> Self {
        Sip {
            listen: vec![SocketAddr::from(([0, 0, 0, 0], 5060))],
            transports: vec![Transport::Udp, Transport::Tcp],
            advertised_address: None,
            session_expires_s: 1_800,
            min_session_expires_s: 90,
            answer_after_ms: 0,
        }
    }
}

impl Default for Media {
    fn default() -> Self {
        Media {
            ports: PortRange {
                first: 20_000,
                last: 29_999,
            },
            pumps: 0,
            no_media_s: 60,
        }
    }
}

impl Default for Http {
    fn default() -> Self {
        Http {
            listen: SocketAddr::from(([127, 0, 0, 1], 8080)),
        }
    }
}

impl Default for Limits {
    fn default() -> Self {
        Limits {
            calls_max: 100,
            drain_s: 600,
            hang_up_wait_ms: 2_000,
        }
    }
}

impl Default for Conversation {
    fn default() -> Self {
        Conversation {
            time_zone: "UTC".to_owned(),
            menu_patience_ms: 5_000,
            between_keys_ms: 1_000,
            between_digits_ms: 3_000,
            key_layout: "outlook-voice-access".to_owned(),
            words: None,
        }
    }
}

impl Default for Speech {
    fn default() -> Self {
        Speech {
            voices: BTreeMap::from([("en".to_owned(), "flite/rms".to_owned())]),
            jobs: 0,
            render_ahead: true,
        }
    }
}

impl Default for Log {
    fn default() -> Self {
        Log {
            level: "info".to_owned(),
            call_records: None,
            transcript: None,
        }
    }
}

impl Log {
    /// The level as a filter.
    ///
    /// # Errors
    /// What is wrong with it. (A bare word that is no level would be read as a part's name, and
    /// switch everything else off.)
    pub fn targets(&self) -> Result<Targets, String> {
        let cure = "write error, warn, info, debug or trace, or a list such as \
                    info,ringback::media=debug";
        let odd = self.level.split(',').find(|directive| {
            let level = directive.rsplit('=').next().unwrap_or_default().trim();
            level.parse::<LevelFilter>().is_err()
        });
        match odd {
            Some(odd) => Err(format!("`{odd}` is no log level; {cure}")),
            None => self
                .level
                .parse()
                .map_err(|error| format!("`{}`: {error}; {cure}", self.level)),
        }
    }
}

/// A range of UDP ports, written `20000-29999`, both ends included.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct PortRange {
    /// The first.
    pub first: u16,
    /// The last.
    pub last: u16,
}

impl PortRange {
    /// How many calls fit: each takes an even port for RTP and the odd one above it for RTCP.
    pub fn pairs(self) -> usize {
        let first_even = usize::from(self.first).next_multiple_of(2);
        (usize::from(self.last) + 1).saturating_sub(first_even) / 2
    }
}

impl fmt::Display for PortRange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}", self.first, self.last)
    }
}

impl FromStr for PortRange {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let wanted = || format!("`{text}` is no port range; write it like 20000-29999");
        let (first, last) = text.split_once('-').ok_or_else(wanted)?;
        let port = |digits: &str| digits.trim().parse::<u16>().map_err(|_| wanted());
        let (first, last) = (port(first)?, port(last)?);
        if first < 1_024 || first > last {
            return Err(wanted() + ", from 1024 up, the smaller port first");
        }
        Ok(PortRange { first, last })
    }
}

impl Serialize for PortRange {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for PortRange {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?
            .parse()
            .map_err(serde::de::Error::custom)
    }
}

impl Config {
    /// Reads and checks the settings in `file`.
    ///
    /// # Errors
    /// Everything that is wrong with the file, each with line, key and cure.
    pub fn read(file: &Path) -> Result<Config, Problems> {
        let name = file.display().to_string();
        let text = std::fs::read_to_string(file).map_err(|error| {
            let cure = match error.kind() {
                std::io::ErrorKind::InvalidData => "save it as UTF-8 text",
                std::io::ErrorKind::PermissionDenied => "let this user read it",
                _ => "give an existing file with --config",
            };
            Problems::one(Problem::of_file(
                &name,
                format!("cannot be read: {error}; {cure}"),
            ))
        })?;
        Config::parse(&name, &text)
    }

    /// Checks the settings in `text`, which came from the file called `name`.
    ///
    /// # Errors
    /// As [`Config::read`].
    pub fn parse(name: &str, text: &str) -> Result<Config, Problems> {
        let config: Config = toml::from_str(text)
            .map_err(|error| problems_of_toml(name, text, &error).with_examples(&examples()))?;
        let found = config.examine();
        if found.is_empty() {
            Ok(config)
        } else {
            Err(Problems::located(name, text, found))
        }
    }

    /// What cannot work, as (key, what is wrong and the cure).
    fn examine(&self) -> Vec<(&'static str, String)> {
        let mut found = Vec::new();
        if self.sip.listen.is_empty() {
            found.push((
                "sip.listen",
                "is empty; name at least one address such as 0.0.0.0:5060".to_owned(),
            ));
        }
        if self.sip.transports.is_empty() {
            found.push((
                "sip.transports",
                "is empty; name \"udp\", \"tcp\" or both".to_owned(),
            ));
        }
        if let Some(address) = self.sip.advertised_address
            && address.is_unspecified()
        {
            found.push((
                "sip.advertised_address",
                format!("{address} reaches nobody; give the address that peers can send to"),
            ));
        }
        if self.sip.min_session_expires_s < 90 {
            found.push((
                "sip.min_session_expires_s",
                "is below 90, the least that RFC 4028 allows; raise it".to_owned(),
            ));
        }
        if self.sip.session_expires_s < self.sip.min_session_expires_s {
            found.push((
                "sip.session_expires_s",
                "is below sip.min_session_expires_s; raise it".to_owned(),
            ));
        }
        if self.sip.answer_after_ms > 20_000 {
            found.push((
                "sip.answer_after_ms",
                "is above 20000; callers would give up, so lower it".to_owned(),
            ));
        }
        self.examine_limits(&mut found);
        if jiff::tz::TimeZone::get(&self.conversation.time_zone).is_err() {
            found.push((
                "conversation.time_zone",
                format!(
                    "`{}` is no time zone; give an IANA name such as Europe/Berlin",
                    self.conversation.time_zone
                ),
            ));
        }
        for (key, value) in [
            (
                "conversation.menu_patience_ms",
                self.conversation.menu_patience_ms,
            ),
            (
                "conversation.between_keys_ms",
                self.conversation.between_keys_ms,
            ),
            (
                "conversation.between_digits_ms",
                self.conversation.between_digits_ms,
            ),
        ] {
            if !(200..=60_000).contains(&value) {
                found.push((
                    key,
                    format!("is {value}; choose between 200 and 60000 milliseconds"),
                ));
            }
        }
        if let Err(problem) = self.log.targets() {
            found.push(("log.level", problem));
        }
        found
    }

    fn examine_limits(&self, found: &mut Vec<(&'static str, String)>) {
        let (calls, pairs) = (self.limits.calls_max, self.media.ports.pairs());
        if calls == 0 {
            found.push((
                "limits.calls_max",
                "is 0; allow at least one call".to_owned(),
            ));
        }
        if calls > pairs {
            found.push((
                "limits.calls_max",
                format!(
                    "is {calls}, but media.ports {} has room for {pairs} calls; \
                     widen the range or lower the limit",
                    self.media.ports
                ),
            ));
        }
        if self.limits.drain_s > 86_400 {
            found.push((
                "limits.drain_s",
                "is more than a day (86400); lower it".to_owned(),
            ));
        }
        if self.limits.hang_up_wait_ms > 10_000 {
            found.push((
                "limits.hang_up_wait_ms",
                "is above 10000; peers give up on a BYE after 32 s, so lower it".to_owned(),
            ));
        }
    }

    /// The time zone of subscribers who have not chosen one.
    pub fn time_zone(&self) -> jiff::tz::TimeZone {
        jiff::tz::TimeZone::get(&self.conversation.time_zone).unwrap_or(jiff::tz::TimeZone::UTC)
    }

    /// The folder of the data: as configured, else the user's data directory.
    pub fn data(&self) -> PathBuf {
        self.storage
            .data
            .clone()
            .unwrap_or_else(|| users_data_folder("ringback"))
    }

    /// Where call records go.
    pub fn call_records(&self) -> PathBuf {
        self.log
            .call_records
            .clone()
            .unwrap_or_else(|| self.data().join("call-records.jsonl"))
    }

    /// How long running calls may go on after SIGTERM.
    pub fn drain(&self) -> Duration {
        Duration::from_secs(self.limits.drain_s)
    }
}

/// How every key is written: the defaults, and something for keys that have none.
fn examples() -> toml::Table {
    let mut examples = Config::default();
    examples.sip.advertised_address = Some(IpAddr::from([192, 0, 2, 1]));
    examples.storage.data = Some(PathBuf::from("/var/lib/ringback"));
    examples.conversation.words = Some(PathBuf::from("/etc/ringback/words"));
    examples.log.call_records = Some(PathBuf::from("/var/log/ringback/call-records.jsonl"));
    examples.log.transcript = Some(PathBuf::from("/var/log/ringback/transcript.jsonl"));
    toml::Table::try_from(examples).unwrap_or_default()
}

/// The folder called `name` under the user's data directory; under the present directory for a
/// user without a home.
pub fn users_data_folder(name: &str) -> PathBuf {
    directories::BaseDirs::new()
        .map_or_else(|| PathBuf::from(name), |base| base.data_dir().join(name))
}

#[cfg(test)]
mod tests {
    use super::*;

    const SHIPPED: &str = include_str!("../packaging/ringback.toml");
    const MANUAL: &str = include_str!("../docs/configuration.md");

    fn complaint(text: &str) -> String {
        Config::parse("ringback.toml", text)
            .expect_err("must be refused")
            .to_string()
    }

    #[test]
    fn nothing_configured_is_the_default() {
        assert_eq!(Config::parse("x", "").unwrap(), Config::default());
    }

    #[test]
    fn an_unknown_key_is_refused_with_file_line_key_and_suggestion() {
        let said =
            complaint("# mine\n[sip]\nlisten = [\"127.0.0.1:5060\"]\nmin_sesion_expires_s = 90\n");
        assert_eq!(
            said,
            "ringback.toml:4: sip.min_sesion_expires_s: unknown key; \
             did you mean `min_session_expires_s`?"
        );
        let said = complaint("[limit]\ncalls_max = 3\n");
        assert_eq!(
            said,
            "ringback.toml:1: limit: unknown key; did you mean `limits`?"
        );
    }

    #[test]
    fn a_key_that_resembles_nothing_is_refused_with_the_keys_there_are() {
        let said = complaint("[http]\nzzzzzzzz = 1\n");
        assert!(
            said.starts_with("ringback.toml:2: http.zzzzzzzz: unknown key"),
            "{said}"
        );
        assert!(said.contains("`listen`"), "{said}");
    }

    #[test]
    fn a_wrong_value_names_line_and_key() {
        let said = complaint("[media]\n\nports = \"70000-1\"\n");
        assert!(said.starts_with("ringback.toml:3: media.ports: "), "{said}");
        assert!(said.contains("20000-29999"), "{said}");
        let said = complaint("[limits]\ncalls_max = \"many\"\n");
        assert!(
            said.starts_with("ringback.toml:2: limits.calls_max: "),
            "{said}"
        );
    }

    #[test]
    fn a_wrong_type_or_address_says_how_it_is_written() {
        for (text, key, cure) in [
            (
                "[sip]\nlisten = \"x\"\n",
                "sip.listen",
                "write it like listen = [\"0.0.0.0:5060\"]",
            ),
            (
                "[sip]\nlisten = [\"1.2.3.4\"]\n",
                "sip.listen",
                "write it like listen = [\"0.0.0.0:5060\"]",
            ),
            (
                "[http]\nlisten = \"foo\"\n",
                "http.listen",
                "write it like listen = \"127.0.0.1:8080\"",
            ),
            (
                "[sip]\nadvertised_address = 3\n",
                "sip.advertised_address",
                "= \"192.0.2.1\"",
            ),
            (
                "[limits]\ncalls_max = \"many\"\n",
                "limits.calls_max",
                "write it like calls_max = 100",
            ),
        ] {
            let said = complaint(text);
            assert!(
                said.starts_with(&format!("ringback.toml:2: {key}")),
                "{said}"
            );
            assert!(said.contains(cure), "{said}");
        }
        let said = complaint("sip = 3\n");
        assert!(said.contains("[sip]"), "{said}");
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("ringback.toml");
        std::fs::write(&file, [0xff, 0xfe, 0]).unwrap();
        let said = Config::read(&file).unwrap_err().to_string();
        assert!(said.contains("UTF-8 text"), "{said}");
    }

    #[test]
    fn every_problem_is_told_at_once() {
        let said = complaint(
            "[media]\nports = \"20000-20009\"\n[limits]\ncalls_max = 6\n\
             [conversation]\ntime_zone = \"Mars/Olympus\"\n[log]\nlevel = \"loud\"\n",
        );
        let lines: Vec<&str> = said.lines().collect();
        assert_eq!(lines.len(), 3, "{said}");
        assert!(
            lines[0].starts_with("ringback.toml:4: limits.calls_max: is 6"),
            "{said}"
        );
        assert!(
            lines[1].starts_with("ringback.toml:6: conversation.time_zone: "),
            "{said}"
        );
        assert!(
            lines[2].starts_with("ringback.toml:8: log.level: "),
            "{said}"
        );
    }

    #[test]
    fn a_syntax_error_names_its_line() {
        let said = complaint("[sip]\nlisten = [\n");
        assert!(said.starts_with("ringback.toml:"), "{said}");
    }

    #[test]
    fn ports_count_in_pairs_from_an_even_one() {
        let pairs = |text: &str| text.parse::<PortRange>().unwrap().pairs();
        assert_eq!(pairs("20000-20001"), 1);
        assert_eq!(pairs("20001-20004"), 1);
        assert_eq!(pairs("20000-20000"), 0);
        assert_eq!(pairs("20000-29999"), 5_000);
        assert_eq!(pairs("65534-65535"), 1);
        assert!("29999-20000".parse::<PortRange>().is_err());
        assert!("80-90".parse::<PortRange>().is_err());
    }

    #[test]
    fn the_shipped_file_holds_exactly_the_defaults() {
        assert_eq!(
            Config::parse("packaging/ringback.toml", SHIPPED).unwrap(),
            Config::default()
        );
        let shipped: toml::Table = toml::from_str(SHIPPED).unwrap();
        let defaults = toml::Table::try_from(Config::default()).unwrap();
        assert_eq!(shipped, defaults, "a key is missing in the shipped file");
    }

    #[test]
    fn optional_keys_of_the_shipped_file_exist() {
        let uncommented: String = SHIPPED
            .lines()
            .map(|line| {
                line.strip_prefix("#")
                    .filter(|rest| rest.starts_with(|c: char| c.is_ascii_lowercase()))
                    .unwrap_or(line)
            })
            .map(|line| format!("{line}\n"))
            .collect();
        let config = Config::parse("packaging/ringback.toml", &uncommented).unwrap();
        assert!(config.sip.advertised_address.is_some());
        assert!(config.storage.data.is_some());
        assert!(config.conversation.words.is_some());
        assert!(config.log.call_records.is_some());
        assert!(config.log.transcript.is_some());
    }

    #[test]
    fn the_manual_explains_every_key() {
        let mut table = "";
        for line in SHIPPED.lines() {
            if let Some(name) = line
                .strip_prefix('[')
                .and_then(|rest| rest.strip_suffix(']'))
            {
                table = name;
                assert!(MANUAL.contains(&format!("`[{table}]`")), "[{table}]");
            } else if let Some((key, _)) = line.trim_start_matches('#').split_once(" = ")
                && key.chars().all(|c| c.is_ascii_lowercase() || c == '_')
            {
                assert!(MANUAL.contains(&format!("| `{key}` |")), "{table}.{key}");
            }
        }
    }
}
