//! The server under measurement: an organisation of its own, on core 0.

use std::io::{BufRead, BufReader, Read as _, Write as _};
use std::net::{Ipv4Addr, SocketAddrV4, TcpListener, TcpStream, UdpSocket};
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use ringback::line::Sound;
use ringback::mailbox::embedded::EmbeddedMailbox;
use ringback::mailbox::{MailboxId, Recorded, Settings};
use ringback::store::Store;

use super::process::Measured;

const PROGRAM: &str = env!("CARGO_BIN_EXE_ringback");
/// Length of the welcome, so that something is played for as long as anybody measures.
const WELCOME_SECONDS: u32 = 110;
/// Who has signed in before, by the demo: extensions and PINs.
pub(super) const SUBSCRIBERS: [(&str, &str); 2] = [("2001", "482915"), ("2002", "739164")];
/// Length of each person's greeting.
const GREETING_SECONDS: u32 = 5;
/// An appointment in the last minute of every hour.
const HOURLY: &str = "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//Ringback//benchmark\r\nBEGIN:VEVENT\r\n\
                      UID:hourly@ringback\r\nDTSTAMP:20260101T000000Z\r\nDTSTART:20260101T005900Z\r\n\
                      DTEND:20260101T010000Z\r\nRRULE:FREQ=HOURLY\r\nSUMMARY:Look at the figures\r\n\
                      END:VEVENT\r\nEND:VCALENDAR\r\n";
const PATIENCE: Duration = Duration::from_secs(60);

/// A running server.
pub(super) struct Server {
    pub(super) process: Measured,
    pub(super) sip: SocketAddrV4,
    http: SocketAddrV4,
    folder: tempfile::TempDir,
}

/// How a server is wanted.
pub(super) struct Wanted<'a> {
    /// Calls at once, at most.
    pub(super) calls_max: usize,
    pub(super) pumps: usize,
    /// The cores it may use, as `taskset` writes them.
    pub(super) cores: &'static str,
    /// Where its folder lies, if that matters.
    pub(super) disk: Option<&'a Path>,
}

impl Server {
    /// Makes the organisation and serves it on one core, so many calls at once at most.
    pub(super) fn start(calls_max: usize) -> Server {
        Server::start_as(Wanted {
            calls_max,
            pumps: 1,
            cores: "0",
            disk: None,
        })
    }

    /// Makes the organisation and serves it.
    pub(super) fn start_as(wanted: Wanted<'_>) -> Server {
        let folder = match wanted.disk {
            Some(disk) => tempfile::tempdir_in(disk).unwrap(),
            None => tempfile::tempdir().unwrap(),
        };
        let place = folder.path();
        let Wanted {
            calls_max,
            pumps,
            cores,
            ..
        } = wanted;
        let (sip, http) = (free_port(), free_port());
        std::fs::write(
            place.join("ringback.toml"),
            format!(
                "[sip]\nlisten = [\"{sip}\"]\ntransports = [\"udp\"]\n\
                 [http]\nlisten = \"{http}\"\n\
                 [storage]\ndata = {:?}\n\
                 [speech]\nrender_ahead = false\n\
                 [media]\npumps = {pumps}\nports = \"20000-32767\"\n\
                 [limits]\ncalls_max = {calls_max}\n\
                 [log]\nlevel = \"warn\"\n",
                place.join("data")
            ),
        )
        .unwrap();
        make_demo(place);
        ringback(place, &["org", "export", "organisation.toml"]);
        change_organisation(place);
        set_calendar_access(place, false);
        ringback(place, &["org", "apply", "organisation.toml"]);
        record_greetings(place);
        let mut child = Command::new("taskset")
            .args([
                "--cpu-list",
                cores,
                PROGRAM,
                "serve",
                "--config",
                "ringback.toml",
            ])
            .current_dir(place)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let errors = child.stderr.take().unwrap();
        std::thread::spawn(move || {
            // What the server complains of belongs beside the figures, but not without end.
            for line in BufReader::new(errors)
                .lines()
                .map_while(Result::ok)
                .take(40)
            {
                eprintln!("server: {line}");
            }
        });
        let server = Server {
            process: Measured(child),
            sip,
            http,
            folder,
        };
        let end = Instant::now() + PATIENCE;
        while !server.page("/healthz").contains("200 OK") {
            assert!(Instant::now() < end, "the server did not begin to serve");
            std::thread::sleep(Duration::from_millis(50));
        }
        server
    }

    /// Opens the calendars to the telephone from the next call on; each holds something for later today.
    pub(super) fn open_calendars(&self) {
        let place = self.folder.path();
        std::fs::write(place.join("hourly.ics"), HOURLY).unwrap();
        for (extension, _) in SUBSCRIBERS {
            ringback(place, &["mailbox", "import", extension, "hourly.ics"]);
        }
        set_calendar_access(place, true);
        ringback(place, &["org", "apply", "organisation.toml"]);
    }

    /// A gauge of `/metrics`.
    pub(super) fn gauge(&self, name: &str) -> f64 {
        let page = self.page("/metrics");
        let line = page
            .lines()
            .find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
        line.unwrap_or_else(|| panic!("no {name} in:\n{page}"))
            .parse()
            .unwrap()
    }

    fn page(&self, path: &str) -> String {
        let mut text = String::new();
        if let Ok(mut stream) = TcpStream::connect(self.http) {
            let asked = write!(
                stream,
                "GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
            );
            if asked.is_ok() {
                let _ = stream.read_to_string(&mut text);
            }
        }
        text
    }
}

fn free_port() -> SocketAddrV4 {
    let udp = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let port = udp.local_addr().unwrap().port();
    let tcp = TcpListener::bind((Ipv4Addr::LOCALHOST, port));
    match tcp {
        Ok(_) => SocketAddrV4::new(Ipv4Addr::LOCALHOST, port),
        Err(_) => free_port(),
    }
}

fn ringback(place: &Path, arguments: &[&str]) {
    let done = Command::new(PROGRAM)
        .args(arguments)
        .args(["--config", "ringback.toml"])
        .current_dir(place)
        .output()
        .unwrap();
    assert!(
        done.status.success(),
        "ringback {arguments:?}: {}",
        String::from_utf8_lossy(&done.stderr)
    );
}

/// Has the demo make its organisation, its mailboxes and their messages.
fn make_demo(place: &Path) {
    let mut child = Command::new(PROGRAM)
        .args(["demo", "--config", "ringback.toml", "--data", "data"])
        .current_dir(place)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let out = child.stdout.take().unwrap();
    let ready = BufReader::new(out)
        .lines()
        .map_while(Result::ok)
        .any(|line| line == "ready");
    let _ = child.kill();
    let _ = child.wait();
    assert!(ready, "the demo did not start");
}

/// Everybody has a greeting of five seconds.
fn record_greetings(place: &Path) {
    let mailbox = EmbeddedMailbox::new(Store::open(&place.join("data")).unwrap());
    let samples = (0..GREETING_SECONDS * 8_000).map(|index| {
        let time = index as f32 / 8_000.0;
        ((time * 1_900.0).sin() * 4_000.0) as i16
    });
    let greeting = Arc::new(Sound::new(samples.collect::<Vec<i16>>()));
    let text = std::fs::read_to_string(place.join("organisation.toml")).unwrap();
    let whole: toml::Table = text.parse().unwrap();
    let runtime = tokio::runtime::Runtime::new().unwrap();
    for owner in whole["mailbox"].as_array().unwrap() {
        let id = MailboxId(owner["user"].as_str().unwrap().into());
        let kept = mailbox.set_recorded(&id, Recorded::Greeting, Some(greeting.clone()));
        runtime.block_on(kept).unwrap();
    }
}

/// Whether the telephone tells of appointments. The demo's lie at certain hours, and whether a caller
/// hears of one must not depend on the hour at which somebody measures.
fn set_calendar_access(place: &Path, open: bool) {
    let file = place.join("organisation.toml");
    let text = std::fs::read_to_string(&file).unwrap();
    let mut whole: toml::Table = text.parse().unwrap();
    for policy in whole["mailbox_policy"].as_array_mut().unwrap() {
        let policy = policy.as_table_mut().unwrap();
        policy.insert("allow_tui_access_to_calendar".to_owned(), open.into());
    }
    std::fs::write(&file, toml::to_string(&whole).unwrap()).unwrap();
}

/// As many calls a second as wanted, and a second access number, 7001, with a long welcome.
fn change_organisation(place: &Path) {
    let file = place.join("organisation.toml");
    let text = std::fs::read_to_string(&file).unwrap();
    let mut whole: toml::Table = text.parse().unwrap();
    let first = |whole: &mut toml::Table, kind: &str| -> toml::Table {
        whole[kind][0].as_table().unwrap().clone()
    };
    let gateways = whole["gateway"].as_array_mut().unwrap();
    for gateway in gateways {
        let gateway = gateway.as_table_mut().unwrap();
        gateway.insert("requests_per_second".to_owned(), 1_000_000.into());
        gateway.insert("calls_per_second".to_owned(), 1_000_000.into());
    }
    let mut plan = first(&mut whole, "dial_plan");
    let own = [
        ("name", "long".into()),
        ("access_telephone_numbers", vec!["7001"].into()),
        ("welcome_greeting_enabled", true.into()),
        ("welcome_greeting_filename", "welcome.wav".into()),
    ];
    plan.extend(own.map(|(key, value): (&str, toml::Value)| (key.to_owned(), value)));
    whole["dial_plan"].as_array_mut().unwrap().push(plan.into());
    let mut group = first(&mut whole, "hunt_group");
    let own = [
        ("name", "long".into()),
        ("dial_plan", "long".into()),
        ("pilot_identifiers", vec!["7001"].into()),
    ];
    group.extend(own.map(|(key, value): (&str, toml::Value)| (key.to_owned(), value)));
    whole["hunt_group"]
        .as_array_mut()
        .unwrap()
        .push(group.into());
    std::fs::write(&file, toml::to_string(&whole).unwrap()).unwrap();

    let format = hound::WavSpec {
        channels: 1,
        sample_rate: 8_000,
        bits_per_sample: 16,
        sample_format: hound::SampleFormat::Int,
    };
    let mut wav = hound::WavWriter::create(place.join("welcome.wav"), format).unwrap();
    for sample in 0..WELCOME_SECONDS * 8_000 {
        let time = sample as f32 / 8_000.0;
        let level = 4_000.0 + 2_000.0 * (time * 9.0).sin();
        wav.write_sample(((time * 1_300.0).sin() * level) as i16)
            .unwrap();
    }
    wav.finalize().unwrap();
}
