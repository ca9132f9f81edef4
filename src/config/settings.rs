//! Every table and key of the settings, with its default.

use std::collections::BTreeMap;
use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;

use ipnet::IpNet;
use serde::{Deserialize, Serialize};
use tracing_subscriber::filter::{LevelFilter, Targets};

use super::PortRange;

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
    /// Mail of other servers.
    pub lmtp: Lmtp,
    /// Where data lies.
    pub storage: Storage,
    /// How much is served at once, and for how long.
    pub limits: Limits,
    /// How callers are talked to.
    pub conversation: Conversation,
    /// Voices.
    pub speech: Speech,
    /// Mail that goes elsewhere.
    pub submission: Submission,
    /// Answers to mail for who is away.
    pub auto_reply: AutoReply,
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
    /// Address of `/healthz` and `/metrics`, and of the web phone and the live view.
    pub listen: SocketAddr,
    /// File with the administrator's token; none: no web phone and no live view, outside of a demo.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub token_file: Option<PathBuf>,
    /// Names under which browsers reach this server, besides `localhost` and addresses.
    pub host_names: Vec<String>,
}

/// `[lmtp]`
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Lmtp {
    /// Addresses that take mail by LMTP (RFC 2033); none: no mail is taken.
    pub listen: Vec<SocketAddr>,
    /// Networks whose mail servers may deliver.
    pub trusted: Vec<IpNet>,
    /// Domains in which `user@domain` is the mailbox of that user, besides the mail addresses of
    /// the directory.
    pub domains: Vec<String>,
    /// Largest mail, in mebibytes.
    pub mail_max_mib: usize,
    /// Most recipients of a mail.
    pub recipients_max: usize,
    /// Connections at once.
    pub connections_max: usize,
    /// How long a peer may be silent, in seconds.
    pub silence_s: u64,
}

/// `[storage]`
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Storage {
    /// Folder of the database, the messages and the prompt cache; none: the user's data directory.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub data: Option<PathBuf>,
    /// Days after which what was deleted is removed for good; 0: never.
    pub deleted_items_days: u32,
}

/// `[limits]`
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Limits {
    /// Calls at once (MaxCallsAllowed); one more is refused with 503.
    pub calls_max: usize,
    /// While sound is late by more than this in the mean, in milliseconds, new calls are refused with
    /// 503; 0: never.
    pub late_ms: u64,
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

/// `[submission]`
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Submission {
    /// The mail relay; none: mail to addresses elsewhere waits in the outbox.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub host: Option<String>,
    /// Its port.
    pub port: u16,
    /// How the way there is protected.
    pub tls: SubmissionTls,
    /// The user that the relay knows us as; none: it asks for none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub user: Option<String>,
    /// The file with that user's password.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub password_file: Option<PathBuf>,
    /// Our own address: From of what we send. What is right of its `@` stands in Message-IDs too.
    pub address: String,
    /// The name beside it, in mails of the system.
    pub name: String,
    /// How long the relay may take for one mail, in seconds.
    pub timeout_s: u64,
    /// Who gets the PIN that replaces one after too many failures.
    pub pin_mails: PinMails,
}

/// How the way to the mail relay is protected.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum SubmissionTls {
    /// TLS from the beginning.
    Required,
    /// STARTTLS, without which nothing is sent.
    Starttls,
    /// None; only for a relay on this machine.
    None,
}

/// Who gets the PIN that replaces one after too many failures.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum PinMails {
    /// Nobody: PINs are not replaced, and sign-in is blocked for 15 minutes instead.
    Nobody,
    /// The subscriber's mailbox.
    Mailbox,
    /// The mailbox, and the subscriber's mail address too if the directory has one.
    MailboxAndAddress,
}

impl Default for Submission {
    fn default() -> Self {
        Submission {
            host: None,
            port: 587,
            tls: SubmissionTls::Starttls,
            user: None,
            password_file: None,
            address: "voicemail@localhost".to_owned(),
            name: "Voice mail".to_owned(),
            timeout_s: 60,
            pin_mails: PinMails::Mailbox,
        }
    }
}

/// `[auto_reply]`
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct AutoReply {
    /// Days until the same sender is answered again.
    pub again_after_days: u32,
    /// Most replies of a mailbox in 24 hours.
    pub per_day_max: u32,
    /// The words of who has chosen none.
    pub text: String,
}

impl Default for AutoReply {
    fn default() -> Self {
        AutoReply {
            again_after_days: 7,
            per_day_max: 200,
            text: "Thank you for your message. I am away at the moment and will answer when I am \
                   back.\n\nThis is an automatic reply."
                .to_owned(),
        }
    }
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
            token_file: None,
            host_names: Vec::new(),
        }
    }
}

impl Default for Lmtp {
    fn default() -> Self {
        Lmtp {
            listen: Vec::new(),
            trusted: vec![
                IpNet::new_assert(IpAddr::from([127, 0, 0, 0]), 8),
                IpNet::from(IpAddr::from(std::net::Ipv6Addr::LOCALHOST)),
            ],
            domains: Vec::new(),
            mail_max_mib: 32,
            recipients_max: 100,
            connections_max: 20,
            silence_s: 60,
        }
    }
}

impl Default for Storage {
    fn default() -> Self {
        Storage {
            data: None,
            deleted_items_days: 14,
        }
    }
}

impl Default for Limits {
    fn default() -> Self {
        Limits {
            calls_max: 100,
            late_ms: 2,
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
