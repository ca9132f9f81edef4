//! The whole server, as a process of its own on free ports, and what every test needs of it.

mod admission;
mod codecs;
mod command_line;
mod deposits;
mod ending;
mod journey;
mod long_call;
mod web_phone;

use std::io::{BufRead, BufReader, Read};
use std::net::{IpAddr, Ipv4Addr, SocketAddr, TcpListener, UdpSocket};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Output, Stdio};
use std::sync::atomic::{AtomicU16, Ordering};
use std::sync::{Mutex, OnceLock};
use std::time::{Duration, Instant};

use serde_json::Value;
use tempfile::TempDir;
use tokio::sync::{Semaphore, SemaphorePermit};

use crate::phone::{Call, Phone, Sound, offer};

pub(crate) const BINARY: &str = env!("CARGO_BIN_EXE_ringback");
/// A loaded machine renders prompts and hashes PINs slowly.
const READY_WITHIN: Duration = Duration::from_secs(600);
/// Each server is a process with threads of its own; more at once would disturb each other's sound.
static AT_ONCE: Semaphore = Semaphore::const_new(4);

/// A demo that serves.
pub(crate) struct Server {
    pub(crate) child: Child,
    pub(crate) sip: SocketAddr,
    pub(crate) http: SocketAddr,
    pub(crate) folder: TempDir,
    rtp: u16,
    options: Vec<String>,
    environment: Vec<(String, String)>,
    said: Mutex<String>,
    _turn: SemaphorePermit<'static>,
}

/// How a server is wanted.
#[derive(Default)]
pub(crate) struct Wanted {
    /// More options of `demo`.
    pub(crate) options: Vec<String>,
    /// The configuration, as TOML.
    pub(crate) config: Option<String>,
    /// Environment variables.
    pub(crate) environment: Vec<(String, String)>,
    /// With nothing made before.
    pub(crate) first_start: bool,
}

impl Server {
    pub(crate) async fn start() -> Server {
        Server::start_as(Wanted::default()).await
    }

    pub(crate) async fn start_with_config(config: &str) -> Server {
        Server::start_as(Wanted {
            config: Some(config.to_owned()),
            ..Wanted::default()
        })
        .await
    }

    pub(crate) async fn start_as(wanted: Wanted) -> Server {
        let turn = AT_ONCE.acquire().await.unwrap();
        let folder = tempfile::tempdir().unwrap();
        if !wanted.first_start {
            let template = tokio::task::spawn_blocking(template).await.unwrap();
            copy_folder(template, &folder.path().join("data"));
        }
        let mut options = wanted.options;
        // Rendering all prompts is a minute's work, and each test says but a few.
        let quiet = "[speech]\nrender_ahead = false\n";
        let config =
            wanted.config.unwrap_or_default() + if wanted.first_start { "" } else { quiet };
        if !config.is_empty() {
            let file = folder.path().join("ringback.toml");
            std::fs::write(&file, config).unwrap();
            options.extend(["--config".to_owned(), file.display().to_string()]);
        }
        let (sip, http, rtp) = free_addresses();
        let mut server = Server {
            child: spawn(folder.path(), sip, http, rtp, &options, &wanted.environment),
            sip,
            http,
            rtp,
            folder,
            options,
            environment: wanted.environment,
            said: Mutex::default(),
            _turn: turn,
        };
        server.wait_until_ready();
        server
    }

    /// The same data again, after the process was killed or ended.
    pub(crate) fn start_again(&mut self) {
        let _ = self.child.wait();
        self.child = spawn(
            self.folder.path(),
            self.sip,
            self.http,
            self.rtp,
            &self.options,
            &self.environment,
        );
        self.wait_until_ready();
    }

    fn wait_until_ready(&mut self) {
        let text = wait_until_ready(&mut self.child, self.folder.path());
        *self.said.lock().unwrap() = text;
    }

    /// What the demo printed before it was ready.
    pub(crate) fn said(&self) -> String {
        self.said.lock().unwrap().clone()
    }

    pub(crate) fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    pub(crate) fn log(&self) -> String {
        std::fs::read_to_string(self.folder.path().join("log")).unwrap_or_default()
    }

    pub(crate) fn signal(&self, signal: rustix::process::Signal) {
        let id = rustix::process::Pid::from_child(&self.child);
        rustix::process::kill_process(id, signal).unwrap();
    }

    /// Waits for the process to end.
    pub(crate) async fn ended_within(&mut self, within: Duration) -> Option<ExitStatus> {
        let until = Instant::now() + within;
        loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                return Some(status);
            }
            if Instant::now() > until {
                return None;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    pub(crate) fn command(&self, arguments: &[&str]) -> Output {
        Command::new(BINARY)
            .args(arguments)
            .arg("--data")
            .arg(self.data())
            .output()
            .unwrap()
    }

    /// Runs a subcommand that must succeed; gives what it printed.
    pub(crate) fn run(&self, arguments: &[&str]) -> String {
        let output = self.command(arguments);
        assert!(
            output.status.success(),
            "{arguments:?}: {}",
            String::from_utf8_lossy(&output.stderr)
        );
        String::from_utf8(output.stdout).unwrap()
    }

    pub(crate) fn transcript_text(&self) -> String {
        std::fs::read_to_string(self.folder.path().join("transcript.jsonl")).unwrap_or_default()
    }

    /// The events of a call so far.
    pub(crate) fn events(&self, call_id: &str) -> Vec<Value> {
        of_call(&self.transcript_text(), "call", call_id)
    }

    /// Waits until the transcript of a call has an event with these values.
    pub(crate) async fn wait_for(&self, call_id: &str, wanted: &[(&str, &str)]) -> Value {
        let until = Instant::now() + Duration::from_secs(30);
        loop {
            let events = self.events(call_id);
            let found = events
                .iter()
                .find(|event| wanted.iter().all(|(key, value)| event[*key] == **value));
            if let Some(event) = found {
                return event.clone();
            }
            assert!(
                Instant::now() < until,
                "never came: {wanted:?}; there is {events:#?}\n{}",
                self.log()
            );
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    /// Waits for a prompt.
    pub(crate) async fn hears(&self, call_id: &str, prompt: &str) -> Value {
        self.wait_for(call_id, &[("event", "says"), ("prompt", prompt)])
            .await
    }

    /// The record of a call.
    pub(crate) async fn record(&self, call_id: &str) -> Value {
        let until = Instant::now() + Duration::from_secs(10);
        loop {
            let text = std::fs::read_to_string(self.data().join("call-records.jsonl"));
            let found = of_call(&text.unwrap_or_default(), "CallIdentity", call_id);
            if let Some(record) = found.into_iter().next() {
                return record;
            }
            assert!(Instant::now() < until, "no record of {call_id}");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    /// The messages of a mailbox as `mailbox messages` lists them, without the heading.
    pub(crate) fn messages(&self, user: &str) -> Vec<String> {
        let text = self.run(&["mailbox", "messages", user]);
        text.lines().skip(1).map(ToOwned::to_owned).collect()
    }

    /// Exports the organisation, lets `change` edit the text, applies it, and waits until the server has
    /// read it. Blocks.
    pub(crate) fn change_organisation(&self, change: impl FnOnce(String) -> String) {
        let file = self.folder.path().join("organisation.toml");
        let text = change(self.run(&["org", "export"]));
        std::fs::write(&file, text).unwrap();
        let read = || self.log().matches("organisation was changed").count();
        let before = read();
        self.run(&["org", "apply", file.to_str().unwrap()]);
        let until = Instant::now() + Duration::from_secs(15);
        while read() == before {
            assert!(Instant::now() < until, "not read:\n{}", self.log());
            std::thread::park_timeout(Duration::from_millis(20));
        }
    }

    /// A page of the HTTP side: status and body.
    pub(crate) fn page(&self, path: &str) -> (u16, String) {
        use std::io::Write;
        let mut stream = std::net::TcpStream::connect(self.http).unwrap();
        write!(
            stream,
            "GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
        )
        .unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        let status = answer.split(' ').nth(1).unwrap().parse().unwrap();
        let body = answer.split_once("\r\n\r\n").unwrap().1.to_owned();
        (status, body)
    }

    /// The value of a metric; of all its kinds together.
    pub(crate) fn metric(&self, name: &str) -> f64 {
        let (_, page) = self.page("/metrics");
        let of_name = |line: &&str| {
            line.strip_prefix(name)
                .is_some_and(|rest| rest.starts_with(' ') || rest.starts_with('{'))
        };
        page.lines()
            .filter(of_name)
            .map(|line| line.rsplit(' ').next().unwrap().parse::<f64>().unwrap())
            .sum()
    }

    pub(crate) async fn metric_becomes(&self, name: &str, value: f64) {
        self.metric_comes_to(name, |now| now == value).await;
    }

    /// Waits until a metric is as `wanted`.
    pub(crate) async fn metric_comes_to(&self, name: &str, wanted: impl Fn(f64) -> bool) {
        let until = Instant::now() + Duration::from_secs(15);
        loop {
            let now = self.metric(name);
            if wanted(now) {
                return;
            }
            assert!(Instant::now() < until, "{name} is {now}");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn of_call(text: &str, key: &str, call_id: &str) -> Vec<Value> {
    text.lines()
        .filter_map(|line| serde_json::from_str::<Value>(line).ok())
        .filter(|value| value[key] == *call_id)
        .collect()
}

fn spawn(
    folder: &Path,
    sip: SocketAddr,
    http: SocketAddr,
    rtp: u16,
    options: &[String],
    environment: &[(String, String)],
) -> Child {
    let log = std::fs::OpenOptions::new()
        .create(true)
        .append(true)
        .open(folder.join("log"))
        .unwrap();
    let mut options = options.to_vec();
    if !options.iter().any(|option| option == "--clock") {
        options.extend(["--clock".to_owned(), "2026-11-23T08:30:00".to_owned()]);
    }
    Command::new(BINARY)
        .arg("demo")
        .arg("--data")
        .arg(folder.join("data"))
        .arg("--transcript")
        .arg(folder.join("transcript.jsonl"))
        .args(["--sip", &sip.to_string(), "--http", &http.to_string()])
        .args(["--rtp", &format!("{rtp}-{}", rtp + 399)])
        .args(options)
        .envs(environment.iter().cloned())
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(log)
        .spawn()
        .unwrap()
}

/// Reads what the demo prints up to the line `ready`.
fn wait_until_ready(child: &mut Child, folder: &Path) -> String {
    let out = child.stdout.take().unwrap();
    let (line_came, lines) = std::sync::mpsc::channel();
    std::thread::spawn(move || {
        for line in BufReader::new(out).lines().map_while(Result::ok) {
            if line_came.send(line).is_err() {
                break;
            }
        }
    });
    let mut said = String::new();
    let until = Instant::now() + READY_WITHIN;
    loop {
        let left = until.saturating_duration_since(Instant::now());
        match lines.recv_timeout(left) {
            Ok(line) if line == "ready" => return said,
            Ok(line) => said += &(line + "\n"),
            Err(error) => {
                let log = std::fs::read_to_string(folder.join("log")).unwrap_or_default();
                panic!("the demo did not become ready: {error}\n{said}\n{log}");
            }
        }
    }
}

/// A demo's data, made once for all tests of this process: hashing its PINs takes a while.
fn template() -> &'static Path {
    static MADE: OnceLock<TempDir> = OnceLock::new();
    let folder = MADE.get_or_init(|| {
        let folder = tempfile::tempdir().unwrap();
        let (sip, http, rtp) = free_addresses();
        let mut child = spawn(folder.path(), sip, http, rtp, &[], &[]);
        wait_until_ready(&mut child, folder.path());
        let until = Instant::now() + READY_WITHIN;
        let log = folder.path().join("log");
        while !std::fs::read_to_string(&log)
            .unwrap()
            .contains("prompts are rendered")
        {
            assert!(Instant::now() < until, "prompts were not rendered in time");
            std::thread::yield_now();
            std::thread::park_timeout(Duration::from_millis(100));
        }
        let id = rustix::process::Pid::from_child(&child);
        rustix::process::kill_process(id, rustix::process::Signal::TERM).unwrap();
        assert!(child.wait().unwrap().success());
        folder
    });
    // A static is never dropped: the folder, a megabyte, stays for the system to clean.
    static DATA: OnceLock<PathBuf> = OnceLock::new();
    DATA.get_or_init(|| folder.path().join("data"))
}

fn copy_folder(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy_folder(&entry.path(), &target);
        } else {
            std::fs::copy(entry.path(), target).unwrap();
        }
    }
}

/// Addresses that nobody has, and a range of 400 ports for sound that no other test of ours takes.
fn free_addresses() -> (SocketAddr, SocketAddr, u16) {
    static NEXT: AtomicU16 = AtomicU16::new(0);
    let loopback = IpAddr::V4(Ipv4Addr::LOCALHOST);
    // One port for both transports.
    let (udp, _tcp) = loop {
        let udp = UdpSocket::bind((loopback, 0)).unwrap();
        if let Ok(tcp) = TcpListener::bind(udp.local_addr().unwrap()) {
            break (udp, tcp);
        }
    };
    let http = TcpListener::bind((loopback, 0)).unwrap();
    let start = (std::process::id() % 8) as u16 * 3_200;
    let rtp = 20_000 + (start + NEXT.fetch_add(1, Ordering::Relaxed) * 400) % 12_000;
    (udp.local_addr().unwrap(), http.local_addr().unwrap(), rtp)
}

/// Words to speak: one of the demo's messages as µ-law.
fn speech(server: &Server) -> Vec<u8> {
    let wav = std::fs::read(server.data().join("audio/demo-1.wav")).unwrap();
    wav[44..]
        .chunks_exact(2)
        .map(|pair| mulaw(i16::from_le_bytes([pair[0], pair[1]])))
        .collect()
}

fn mulaw(sample: i16) -> u8 {
    let sign = if sample < 0 { 0x80 } else { 0 };
    let magnitude = u32::from(sample.unsigned_abs()).min(32_635) + 132;
    let exponent = (31 - magnitude.leading_zeros()).saturating_sub(7);
    let mantissa = (magnitude >> (exponent + 3)) & 15;
    !(sign | (exponent << 4) as u8 | mantissa as u8)
}

/// A phone with its sound, in a call.
struct InCall {
    phone: Phone,
    sound: Sound,
    call: Call,
}

impl InCall {
    /// Calls from `calling`, with more headers, and is answered.
    async fn dial(server: &Server, number: &str, calling: &str, extra: &str) -> InCall {
        InCall::dial_with(server, number, calling, extra, offer).await
    }

    /// The same with an offer of another kind.
    async fn dial_with(
        server: &Server,
        number: &str,
        calling: &str,
        extra: &str,
        offer: impl FnOnce(SocketAddr) -> String,
    ) -> InCall {
        let mut phone = Phone::udp(server.sip).await;
        let mut sound = Sound::new(IpAddr::V4(Ipv4Addr::LOCALHOST)).await;
        let mut call = phone.call(number);
        call.own = call.own.replace("5551000", calling);
        let answer = phone
            .establish_with(&mut call, extra, &offer(sound.local))
            .await;
        sound.to = answer.rtp();
        InCall { phone, sound, call }
    }

    fn id(&self) -> &str {
        &self.call.call_id
    }

    /// Speaks for so long, in real time.
    async fn speak(&mut self, words: &[u8], length: Duration) {
        let mut tick = tokio::time::interval(Duration::from_millis(20));
        for packet in words
            .chunks_exact(160)
            .cycle()
            .take(length.as_millis() as usize / 20)
        {
            tick.tick().await;
            self.sound.send_sound(packet).await;
        }
    }

    /// Hangs up; gives how long the answer to the BYE took.
    async fn hang_up(&mut self) -> Duration {
        let began = Instant::now();
        let answer = self.phone.hang_up(&mut self.call).await;
        assert_eq!(answer.status(), 200);
        began.elapsed()
    }
}

/// The Diversion header of a call that somebody did not take.
fn diverted_from(extension: &str) -> String {
    format!("Diversion: <sip:{extension}@pbx.example>;reason=no-answer\r\n")
}
