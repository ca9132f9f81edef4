//! The process settings: one TOML file, validated whole before anything listens.
//!
//! Everything has a default, an unknown key is refused, and every complaint names the file, the
//! line, the key and what to do. The organisation (dial plans, gateways, mailboxes) is not here: it
//! lives in the store. Each key is explained in `docs/configuration.md` and, with its default, in
//! `packaging/ringback.toml`.

mod examine;
mod port_range;
mod problem;
mod settings;
#[cfg(test)]
mod tests;

use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

pub use port_range::PortRange;
pub use problem::{Problem, Problems, problems_of_toml};
pub use settings::{
    AutoReply, Config, Conversation, Http, Limits, Lmtp, Log, Media, PinMails, Sip, Speech,
    Storage, Submission, SubmissionTls, Transport,
};
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
        let config = Config::parse(&name, &text)?;
        let found = config.examine_folders();
        if found.is_empty() {
            Ok(config)
        } else {
            Err(Problems::located(&name, &text, found))
        }
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
    examples.http.token_file = Some(PathBuf::from("/etc/ringback/token"));
    examples.conversation.words = Some(PathBuf::from("/etc/ringback/words"));
    examples.submission.host = Some("mail.example.com".to_owned());
    examples.submission.user = Some("voicemail".to_owned());
    examples.submission.password_file = Some(PathBuf::from("/etc/ringback/relay-password"));
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
