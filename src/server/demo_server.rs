//! `ringback demo`: makes the demo organisation, says what can be tried, and serves it.

use std::io::Write as _;
use std::net::{IpAddr, SocketAddr};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use ipnet::IpNet;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;

use super::clock::{ShiftedClock, SystemClock};
use super::demo_data::{DemoNote, check_note, empty, leave_others_alone, make};
use super::demo_introduction::{introduction, people};
use super::lifecycle;
use super::wiring::{Server, Setup, StartFault, open_speech};
use crate::config::{Config, PortRange, users_data_folder};
use crate::policy::clock::WallClock;

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
    /// Address that takes mail; none: the settings, else any free port of 127.0.0.1.
    pub lmtp: Option<SocketAddr>,
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
        empty(&data).await?;
    } else {
        leave_others_alone(&data).await?;
    }
    let note = DemoNote::new(start, trust.clone());
    check_note(&data, &note)?;
    let config = configure(&options, listeners.clone(), &data)?;
    let speech = open_speech(&config, &data).await?;
    let made = make(&data, &trust, clock.now(), Some(&speech)).await?;
    let people = people(&made, clock.now()).await?;
    drop(made);
    note.write(&data)?;
    drop(held);
    let server = Server::start(Setup {
        config,
        config_file: options.config_file.clone(),
        clock,
        demo: true,
        speech: Some(speech),
    })
    .await?;
    let words = introduction(&server, &trust, &data, &people);
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
    if let Some(lmtp) = options.lmtp {
        config.lmtp.listen = vec![lmtp];
    } else if config.lmtp.listen.is_empty() {
        config.lmtp.listen = vec![SocketAddr::from(([127, 0, 0, 1], 0))];
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

#[cfg(test)]
mod tests {
    use super::*;

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
            lmtp: None,
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
