//! `ringback demo`: makes the demo organisation, says what can be tried, and serves it.

use std::fmt::Write as _;
use std::io::Write as _;
use std::net::{IpAddr, SocketAddr};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use ipnet::IpNet;
use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use serde::{Deserialize, Serialize};

use super::clock::{ShiftedClock, SystemClock};
use super::wiring::{Server, Setup, StartFault, open_speech, open_store};
use super::{demo, lifecycle};
use crate::config::{Config, PortRange, users_data_folder};
use crate::line::Locale;
use crate::mailbox::embedded::EmbeddedMailbox;
use crate::mailbox::{MailStore, MailboxId};
use crate::organisation::demo::{ACCESS_NUMBER, FIRST_USER, build, is_built};
use crate::organisation::mailboxes::NewPin;
use crate::policy::clock::WallClock;
use crate::policy::pin::PinCost;
use crate::speech::SpeechRoom;
use crate::store::Store;

/// How the demo is served.
pub struct DemoOptions {
    /// Settings of the process; the options below win.
    pub config: Config,
    /// Where they came from.
    pub config_file: Option<PathBuf>,
    /// The data folder; none: the user's data directory.
    pub data: Option<PathBuf>,
    /// Make the demo anew.
    pub fresh: bool,
    /// Address of SIP; none: the settings' file, else 127.0.0.1:5060.
    pub sip: Option<SocketAddr>,
    /// Address of health and metrics; none: the settings.
    pub http: Option<SocketAddr>,
    /// Ports of sound; none: the settings.
    pub rtp: Option<PortRange>,
    /// Who may call besides this machine.
    pub trust: Vec<IpNet>,
    /// Where the wall clock of conversations starts.
    pub clock: Option<DateTime>,
    /// The time zone.
    pub zone: TimeZone,
    /// The address that peers are told.
    pub advertise: Option<IpAddr>,
    /// The transcript.
    pub transcript: Option<PathBuf>,
}

/// What a data folder remembers of how its demo was made and is running.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub(super) struct DemoNote {
    /// The instant that `--clock` meant; none: the machine's clock.
    clock: Option<Timestamp>,
    /// When the demo that runs, or ran last, was started.
    started: Timestamp,
    /// The networks that `--trust` named.
    trust: Vec<IpNet>,
}

const NOTE: &str = "demo.json";

impl DemoNote {
    fn read(data: &Path) -> Option<DemoNote> {
        serde_json::from_slice(&std::fs::read(data.join(NOTE)).ok()?).ok()
    }

    fn write(&self, data: &Path) -> Result<(), StartFault> {
        let path = data.join(NOTE);
        let text = serde_json::to_vec_pretty(self).unwrap_or_default();
        std::fs::write(&path, text)
            .map_err(|error| StartFault(format!("{}: {error}", path.display())))
    }
}

/// The wall clock that holds in a data folder: a demo's may be shifted.
pub fn clock_of(data: &Path) -> Arc<dyn WallClock> {
    let shifted = DemoNote::read(data).and_then(|note| {
        let since = SystemClock.now().duration_since(note.started);
        note.clock?.checked_add(since).ok()
    });
    match shifted {
        Some(now) => Arc::new(ShiftedClock::starting_at(now)),
        None => Arc::new(SystemClock),
    }
}

/// Serves the demo until it is told to stop.
///
/// # Errors
/// What keeps it from starting, and the cure.
pub async fn serve(options: DemoOptions) -> Result<(), StartFault> {
    let listeners = listeners(&options);
    let trust = trusted(&options, &listeners)?;
    let data = options
        .data
        .clone()
        .or_else(|| options.config.storage.data.clone())
        .unwrap_or_else(|| users_data_folder("ringback-demo"));
    let start = options
        .clock
        .map(|clock| clock.to_zoned(options.zone.clone()))
        .transpose()
        .map_err(|error| StartFault(format!("--clock: {error}")))?
        .map(|zoned| zoned.timestamp());
    let clock: Arc<dyn WallClock> = match start {
        Some(start) => Arc::new(ShiftedClock::starting_at(start)),
        None => Arc::new(SystemClock),
    };
    // Before anything is touched: a demo that is running keeps its data.
    let held = super::data_folder::hold(&data).map_err(StartFault)?;
    if options.fresh {
        empty(&data)?;
    }
    let note = DemoNote {
        clock: start,
        started: SystemClock.now(),
        trust: trust.clone(),
    };
    check_note(&data, &note)?;
    let config = configure(&options, listeners.clone(), &data)?;
    let speech = open_speech(&config, &data).await?;
    let pins = make(&data, &trust, clock.now(), &speech).await?;
    note.write(&data)?;
    drop(held);
    let server = Server::start(Setup {
        config,
        config_file: options.config_file.clone(),
        clock,
        speech: Some(speech),
    })
    .await?;
    let words = introduction(&server, &trust, &data, &pins);
    lifecycle::run(server, move || {
        // A closed standard output must not end the service.
        let mut out = std::io::stdout().lock();
        let _ = writeln!(out, "{words}ready");
        let _ = out.flush();
    })
    .await
}

/// Where SIP is served: `--sip`, else what the settings' file names, else this machine only (never
/// what holds for a server of one's own: all addresses).
fn listeners(options: &DemoOptions) -> Vec<SocketAddr> {
    match options.sip {
        Some(address) => vec![address],
        None if names_listeners(options.config_file.as_deref()) => {
            options.config.sip.listen.clone()
        }
        None => vec![SocketAddr::from(([127, 0, 0, 1], 5060))],
    }
}

/// Whether `sip.listen` stands in the file, which was read and found right before.
fn names_listeners(file: Option<&Path>) -> bool {
    let table = file
        .and_then(|file| std::fs::read_to_string(file).ok())
        .and_then(|text| toml::from_str::<toml::Table>(&text).ok());
    table
        .as_ref()
        .and_then(|table| table.get("sip"))
        .is_some_and(|sip| sip.get("listen").is_some())
}

/// Who may call besides 127.0.0.0/8.
fn trusted(options: &DemoOptions, listeners: &[SocketAddr]) -> Result<Vec<IpNet>, StartFault> {
    let mut trust = options.trust.clone();
    for listener in listeners {
        let ip = listener.ip();
        if !ip.is_loopback() && options.trust.is_empty() {
            let named = match options.sip {
                Some(_) => "--sip",
                None => "sip.listen",
            };
            return Err(StartFault(format!(
                "{named} {listener} can be reached from other machines: say who may call with \
                 --trust, for example --trust 192.168.1.0/24"
            )));
        }
        let own = IpNet::from(ip);
        if ip.is_ipv6() && ip.is_loopback() && !trust.contains(&own) {
            trust.push(own);
        }
    }
    Ok(trust)
}

/// Removes the demo, and nothing that is not ours. The prompts stay: they are the same ones.
fn empty(data: &Path) -> Result<(), StartFault> {
    let failed =
        |path: &Path, error: std::io::Error| StartFault(format!("{}: {error}", path.display()));
    for name in ["audio", "outbox"] {
        let path = data.join(name);
        match std::fs::remove_dir_all(&path) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                return Err(failed(&path, error));
            }
            _ => {}
        }
    }
    for name in [
        "ringback.db",
        "ringback.db-wal",
        "ringback.db-shm",
        "call-records.jsonl",
        NOTE,
    ] {
        let path = data.join(name);
        match std::fs::remove_file(&path) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                return Err(failed(&path, error));
            }
            _ => {}
        }
    }
    Ok(())
}

/// Messages and PINs in the data have ages: they mean nothing under another clock.
fn check_note(data: &Path, now: &DemoNote) -> Result<(), StartFault> {
    let Some(before) = DemoNote::read(data) else {
        return Ok(());
    };
    if before.clock != now.clock {
        let told = |clock: Option<Timestamp>| {
            clock.map_or("the machine's clock".to_owned(), |at| {
                format!("--clock {}", at.strftime("%Y-%m-%dT%H:%M:%S (UTC)"))
            })
        };
        return Err(StartFault(format!(
            "--clock: the demo in {} was made with {}, not {}; make it anew with --fresh, \
             or give another folder with --data",
            data.display(),
            told(before.clock),
            told(now.clock),
        )));
    }
    let added = now.trust.iter().find(|net| !before.trust.contains(net));
    if let Some(net) = added {
        return Err(StartFault(format!(
            "--trust: the demo in {} was made without {net}; make it anew with --fresh, \
             or add a gateway with ringback org apply",
            data.display()
        )));
    }
    Ok(())
}

fn configure(
    options: &DemoOptions,
    listeners: Vec<SocketAddr>,
    data: &Path,
) -> Result<Config, StartFault> {
    let mut config = options.config.clone();
    config.storage.data = Some(data.to_owned());
    config.sip.listen = listeners;
    if let Some(http) = options.http {
        config.http.listen = http;
    }
    if let Some(rtp) = options.rtp {
        config.media.ports = rtp;
    }
    let (calls, pairs) = (config.limits.calls_max, config.media.ports.pairs());
    if calls > pairs {
        return Err(StartFault(format!(
            "--rtp {} has room for {pairs} calls, but limits.calls_max is {calls}; widen the \
             range, or lower the limit in the file that --config names",
            config.media.ports
        )));
    }
    if options.advertise.is_some() {
        config.sip.advertised_address = options.advertise;
    }
    if let Some(name) = options.zone.iana_name() {
        name.clone_into(&mut config.conversation.time_zone);
    }
    if options.transcript.is_some() {
        config.log.transcript.clone_from(&options.transcript);
    }
    Ok(config)
}

/// Makes organisation and messages where there are none; gives the PINs of new mailboxes.
async fn make(
    data: &Path,
    trust: &[IpNet],
    now: Timestamp,
    speech: &SpeechRoom,
) -> Result<Vec<NewPin>, StartFault> {
    let store = open_store(data).await?;
    let pins = {
        let (store, trust) = (store.clone(), trust.to_vec());
        let built = tokio::task::spawn_blocking(move || {
            if is_built(&store).map_err(|fault| fault.to_string())? {
                return Ok(Vec::new());
            }
            build(&store, &trust, now, &mut rand::rng(), PinCost::default())
                .map_err(|fault| fault.to_string())
        });
        let built = built.await.map_err(|error| error.to_string());
        built.and_then(|built| built).map_err(StartFault)?
    };
    deposit_messages(&store, now, speech).await?;
    Ok(pins)
}

/// Speaks 2001's messages and leaves them, unless they were left before. An interrupted making is
/// completed: each message has an id of its own and is stored once.
async fn deposit_messages(
    store: &Store,
    now: Timestamp,
    speech: &SpeechRoom,
) -> Result<(), StartFault> {
    let made = store.folder().join("demo-messages");
    if made.exists() {
        return Ok(());
    }
    let mailbox = Arc::new(EmbeddedMailbox::new(store.clone()));
    let owner = MailboxId(Arc::from(FIRST_USER));
    for message in demo::messages(now) {
        let sound = speech
            .render(message.words, Some(message.voice), &Locale::default())
            .await
            .map_err(|fault| StartFault(format!("the demo's messages: {fault}")))?;
        let (deposit, envelope) = (mailbox.clone(), message.envelope.clone());
        let stored = tokio::task::spawn_blocking(move || deposit.deliver_sound(&envelope, &sound));
        let stored = stored
            .await
            .map_err(|error| StartFault(error.to_string()))?;
        stored.map_err(|fault| StartFault(fault.to_string()))?;
        if message.read {
            mailbox
                .set_read(&owner, &message.envelope.id, true)
                .await
                .map_err(|fault| StartFault(fault.to_string()))?;
        }
    }
    std::fs::write(&made, b"").map_err(|error| StartFault(format!("{}: {error}", made.display())))
}

/// What a newcomer needs to know.
fn introduction(server: &Server, trust: &[IpNet], data: &Path, pins: &[NewPin]) -> String {
    let mut text = String::new();
    let mut line = |words: std::fmt::Arguments<'_>| {
        let _ = writeln!(text, "{words}");
    };
    line(format_args!("Ringback {} demo", env!("CARGO_PKG_VERSION")));
    line(format_args!(""));
    let mut addresses: Vec<SocketAddr> = Vec::new();
    for listener in server.sip_listeners() {
        // UDP and TCP of one address are one line.
        if !addresses.contains(&listener.address) {
            addresses.push(listener.address);
        }
    }
    for sip in addresses {
        line(format_args!(
            "  dial       sip:{ACCESS_NUMBER}@{sip}   (UDP or TCP, no registration)"
        ));
    }
    if let Some(http) = server.http_address() {
        line(format_args!(
            "  look       http://{http}/healthz   http://{http}/metrics"
        ));
    }
    line(format_args!("  data       {}", data.display()));
    if let Some(transcript) = &server.house.config().log.transcript {
        line(format_args!("  transcript {}", transcript.display()));
    }
    line(format_args!("  calls from 127.0.0.0/8{}", {
        let mut more = String::new();
        for net in trust {
            let _ = write!(more, ", {net}");
        }
        more
    }));
    line(format_args!(""));
    line(format_args!("  extension  PIN"));
    line(format_args!(
        "  2001       482915  Alice Archer: two new voice messages and an old one"
    ));
    line(format_args!("  2002       739164  Bob Baker"));
    line(format_args!(
        "  2003       615284  Carol Carter: never signed in; change the PIN, then set up"
    ));
    line(format_args!("  2004       950371  Dave Dyer: locked out"));
    let snapshot = server.house.organisation.snapshot();
    let mut others = Vec::new();
    for new in pins {
        use crate::policy::mailbox::Subscribers as _;
        if let Some(subscriber) = snapshot.by_user(&new.user)
            && !["2001", "2002", "2003", "2004"].contains(&subscriber.extension())
        {
            let remark = if subscriber.mailbox.enabled {
                ""
            } else {
                ": disabled for voice mail"
            };
            others.push(format!(
                "  {:<9}  {:<6}  {}{remark}",
                subscriber.extension(),
                new.pin,
                subscriber.display_name
            ));
        }
    }
    if others.is_empty() {
        line(format_args!(
            "  others: PINs were printed when the demo was made; --fresh makes new ones"
        ));
    }
    for other in others {
        line(format_args!("{other}"));
    }
    line(format_args!(""));
    line(format_args!("Three things to try:"));
    line(format_args!(
        "  1. Dial {ACCESS_NUMBER}, enter 2001 and the PIN 482915#, then press 1 for voice messages."
    ));
    line(format_args!(
        "  2. Have a call diverted from 2002 to {ACCESS_NUMBER} (or dial 2002), leave a message, hang up;"
    ));
    line(format_args!(
        "     then sign in as 2002 with 739164# and hear it."
    ));
    line(format_args!(
        "  3. Sign in as 2001, press 6 for personal options, 2 for greetings, and record one."
    ));
    line(format_args!(""));
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn note(clock: Option<&str>, trust: &[&str]) -> DemoNote {
        DemoNote {
            clock: clock.map(|clock| clock.parse().unwrap()),
            started: Timestamp::UNIX_EPOCH,
            trust: trust.iter().map(|net| net.parse().unwrap()).collect(),
        }
    }

    #[test]
    fn another_clock_or_more_trust_needs_a_fresh_demo() {
        let folder = tempfile::tempdir().unwrap();
        let monday = note(Some("2026-11-23T08:30:00Z"), &[]);
        assert!(
            check_note(folder.path(), &monday).is_ok(),
            "nothing there yet"
        );
        monday.write(folder.path()).unwrap();
        assert!(check_note(folder.path(), &monday).is_ok());
        for other in [note(None, &[]), note(Some("2026-11-24T08:30:00Z"), &[])] {
            let said = check_note(folder.path(), &other).unwrap_err().to_string();
            assert!(said.contains("--fresh"), "{said}");
        }
        let trusting = note(Some("2026-11-23T08:30:00Z"), &["192.0.2.0/24"]);
        assert!(check_note(folder.path(), &trusting).is_err());
        empty(folder.path()).unwrap();
        assert!(check_note(folder.path(), &trusting).is_ok());
    }

    #[test]
    fn the_clock_of_a_demo_goes_on_for_the_command_line() {
        let folder = tempfile::tempdir().unwrap();
        let start: Timestamp = "2026-11-23T08:30:00Z".parse().unwrap();
        let real = SystemClock.now();
        let started = real
            .checked_sub(jiff::SignedDuration::from_mins(10))
            .unwrap();
        DemoNote {
            clock: Some(start),
            started,
            trust: Vec::new(),
        }
        .write(folder.path())
        .unwrap();
        let shown = clock_of(folder.path()).now().duration_since(start);
        assert!((600..605).contains(&shown.as_secs()), "{shown}");
    }

    fn options(config_file: Option<PathBuf>, sip: Option<&str>) -> DemoOptions {
        DemoOptions {
            config: match &config_file {
                Some(file) => Config::read(file).unwrap(),
                None => Config::default(),
            },
            config_file,
            data: None,
            fresh: false,
            sip: sip.map(|sip| sip.parse().unwrap()),
            http: None,
            rtp: None,
            trust: Vec::new(),
            clock: None,
            zone: TimeZone::UTC,
            advertise: None,
            transcript: None,
        }
    }

    #[test]
    fn listeners_of_the_file_hold_unless_the_option_names_one() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("ringback.toml");
        std::fs::write(
            &file,
            "[sip]\nlisten = [\"127.0.0.2:15060\", \"[::1]:15061\"]\n\
             [http]\nlisten = \"127.0.0.1:18300\"\n[media]\nports = \"44000-45999\"\n",
        )
        .unwrap();
        let of_file = options(Some(file.clone()), None);
        let found = listeners(&of_file);
        let shown: Vec<String> = found.iter().map(ToString::to_string).collect();
        assert_eq!(shown, ["127.0.0.2:15060", "[::1]:15061"]);
        let trust = trusted(&of_file, &found).unwrap();
        assert_eq!(trust, ["::1/128".parse().unwrap()]);
        let config = configure(&of_file, found, folder.path()).unwrap();
        assert_eq!(config.http.listen.port(), 18_300);
        assert_eq!(config.media.ports.first, 44_000);

        let mut given = options(Some(file), Some("127.0.0.1:5070"));
        given.http = Some("127.0.0.1:8090".parse().unwrap());
        let config = configure(&given, listeners(&given), folder.path()).unwrap();
        assert_eq!(config.sip.listen, ["127.0.0.1:5070".parse().unwrap()]);
        assert_eq!(config.http.listen.port(), 8_090);
    }

    #[test]
    fn without_option_or_file_only_this_machine_is_served() {
        assert_eq!(
            listeners(&options(None, None)),
            ["127.0.0.1:5060".parse().unwrap()]
        );
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("ringback.toml");
        std::fs::write(&file, "[sip]\nlisten = [\"0.0.0.0:5060\"]\n").unwrap();
        let wide = options(Some(file), None);
        let said = trusted(&wide, &listeners(&wide)).unwrap_err().to_string();
        assert!(said.contains("sip.listen 0.0.0.0:5060"), "{said}");
        assert!(said.contains("--trust"), "{said}");
    }

    #[test]
    fn a_port_range_too_small_for_the_calls_is_refused() {
        let mut small = options(None, None);
        small.rtp = Some("40000-40001".parse().unwrap());
        let said = configure(&small, Vec::new(), Path::new("data"))
            .unwrap_err()
            .to_string();
        assert!(said.contains("--rtp 40000-40001 has room for 1"), "{said}");
        assert!(said.contains("limits.calls_max is 100"), "{said}");
    }
}
