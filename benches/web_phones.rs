//! A hundred web phones at once, on a server that has one core.
//!
//! Half of them leave a message and speak all the time, half have signed in and hear messages. Each notes when
//! every frame of 20 ms came, and plays it through a buffer that follows the page's rules: 40 ms at
//! first, 20 ms more after a gap. A frame that never came, or a gap once the call goes on for two seconds, is
//! a failure. The server runs on core 0 and this program on core 1 (`taskset`); with one core only, or
//! beside other work, the figures say nothing.

#![allow(
    clippy::disallowed_methods,
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a measurement has a clock, prints what it found, and ends where it cannot go on"
)]

use std::io::{BufRead, BufReader};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, UdpSocket};
use std::process::{Child, Command, ExitCode, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use futures_util::stream::{SplitSink, SplitStream};
use futures_util::{SinkExt, StreamExt};
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio::sync::{Semaphore, watch};
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::{WebSocketStream, client_async};

const PHONES: usize = 100;
const MEASURED: Duration = Duration::from_secs(30);
/// Between two beginnings of a call.
const APART: Duration = Duration::from_millis(100);
/// Nothing counts until all are in their calls and their buffers know the way.
const SETTLED: Duration = Duration::from_secs(2);
const PATIENCE: Duration = Duration::from_secs(120);
const FRAME: Duration = Duration::from_millis(20);
/// The page's buffer: what it begins with, and how much more it takes after a gap.
const AIM: Duration = Duration::from_millis(40);
const GROWTH: Duration = Duration::from_millis(20);

type Socket = WebSocketStream<TcpStream>;

struct Server {
    child: Child,
    http: SocketAddr,
    _folder: tempfile::TempDir,
}

impl Server {
    fn start() -> Server {
        let folder = tempfile::tempdir().unwrap();
        let config = folder.path().join("ringback.toml");
        std::fs::write(
            &config,
            "[speech]\nrender_ahead = false\n[media]\npumps = 1\n",
        )
        .unwrap();
        let free = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let http = free.local_addr().unwrap();
        let free_sip = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let sip = free_sip.local_addr().unwrap();
        drop((free, free_sip));
        let mut child = Command::new("taskset")
            .args(["--cpu-list", "0", env!("CARGO_BIN_EXE_ringback"), "demo"])
            .arg("--data")
            .arg(folder.path().join("data"))
            .arg("--config")
            .arg(&config)
            .args(["--sip", &sip.to_string(), "--http", &http.to_string()])
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let out = child.stdout.take().unwrap();
        let mut lines = BufReader::new(out).lines().map_while(Result::ok);
        assert!(lines.any(|line| line == "ready"), "the demo did not start");
        Server {
            child,
            http,
            _folder: folder,
        }
    }

    /// Processor time used so far.
    fn used(&self) -> Duration {
        let file = format!("/proc/{}/stat", self.child.id());
        let stat = std::fs::read_to_string(file).unwrap();
        let (_, after) = stat.rsplit_once(')').unwrap();
        let fields: Vec<&str> = after.split_whitespace().collect();
        let ticks: u64 = fields[11..13]
            .iter()
            .map(|n| n.parse::<u64>().unwrap())
            .sum();
        // A tick is a hundredth of a second on every Linux.
        Duration::from_millis(ticks * 10)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

struct Phone {
    send: SplitSink<Socket, Message>,
    receive: SplitStream<Socket>,
}

impl Phone {
    async fn open(http: SocketAddr) -> Phone {
        let mut request = format!("ws://{http}/phone").into_client_request().unwrap();
        let origin = format!("http://{http}").parse().unwrap();
        request.headers_mut().insert("origin", origin);
        let stream = TcpStream::connect(http).await.unwrap();
        stream.set_nodelay(true).unwrap();
        let (socket, _) = client_async(request, stream).await.unwrap();
        let (send, receive) = socket.split();
        Phone { send, receive }
    }

    async fn ask(&mut self, message: Value) {
        let sent = self.send.send(Message::text(message.to_string())).await;
        sent.unwrap();
    }

    async fn press(&mut self, keys: &str) {
        for key in keys.chars() {
            self.ask(json!({ "do": "key", "key": key })).await;
            tokio::time::sleep(Duration::from_millis(80)).await;
        }
    }

    /// Waits until this is asked.
    async fn asked(&mut self, menu: &str) {
        let wait = async {
            while let Some(Ok(message)) = self.receive.next().await {
                let Message::Text(text) = message else {
                    continue;
                };
                let told: Value = serde_json::from_str(&text).unwrap();
                assert_ne!(told["tell"], "refused", "{told}");
                if told["event"]["event"] == "asks" && told["event"]["menu"] == *menu {
                    return;
                }
            }
            panic!("the server ended the connection before {menu}");
        };
        let waited = tokio::time::timeout(PATIENCE, wait).await;
        assert!(waited.is_ok(), "never asked: {menu}");
    }

    /// Signs in and hears a message.
    async fn hears(http: SocketAddr) -> Phone {
        let mut phone = Phone::open(http).await;
        phone.ask(json!({ "do": "call", "to": "7000" })).await;
        phone.asked("digits").await;
        phone.press("2001").await;
        phone.asked("pin").await;
        phone.press("482915#").await;
        phone.asked("main-menu").await;
        phone.press("1").await;
        phone
    }

    /// Leaves a message.
    async fn speaks(http: SocketAddr) -> Phone {
        let mut phone = Phone::open(http).await;
        let call = json!({ "do": "call", "to": "2002", "from": "5550100", "diverted": "busy" });
        phone.ask(call).await;
        phone.asked("recording").await;
        phone.ask(json!({ "do": "microphone", "on": true })).await;
        phone
    }

    /// Sends 20 ms of a hum as a page does, again and again.
    async fn hum(mut send: SplitSink<Socket, Message>) {
        let mut tick = tokio::time::interval(FRAME);
        for sequence in 0_u16.. {
            tick.tick().await;
            let mut packet = vec![0x80, 0];
            packet.extend(sequence.to_be_bytes());
            packet.extend((u32::from(sequence) * 160).to_be_bytes());
            packet.extend(77_u32.to_be_bytes());
            packet.extend((0..160_u8).map(|sample| 0x90 | (sample & 0x0f)));
            if send.send(Message::binary(packet)).await.is_err() {
                return;
            }
        }
    }

    /// Goes to the main menu and to the messages again and again, so that something is always said.
    async fn wander(mut send: SplitSink<Socket, Message>) {
        for key in ["*", "1"].into_iter().cycle() {
            tokio::time::sleep(Duration::from_secs(3)).await;
            let press = json!({ "do": "key", "key": key }).to_string();
            if send.send(Message::text(press)).await.is_err() {
                return;
            }
        }
    }

    /// The sequence numbers and arrivals of the frames from when `measured` is known until then.
    async fn frames(
        mut receive: SplitStream<Socket>,
        mut measured: watch::Receiver<Option<Instant>>,
    ) -> Vec<(u16, Instant)> {
        let mut frames = Vec::new();
        let until = loop {
            tokio::select! {
                until = measured.wait_for(Option::is_some) => break until.unwrap().unwrap(),
                message = receive.next() => assert!(message.is_some(), "a call ended early"),
            }
        };
        let until = tokio::time::Instant::from_std(until);
        while let Ok(Some(Ok(message))) = tokio::time::timeout_at(until, receive.next()).await {
            if let Message::Binary(packet) = message {
                let sequence = u16::from_be_bytes([packet[2], packet[3]]);
                frames.push((sequence, Instant::now()));
            }
        }
        frames
    }
}

/// What became of one phone's frames.
#[derive(Default)]
struct Figures {
    frames: usize,
    missing: usize,
    early_gaps: usize,
    gaps: usize,
    /// How much later than 20 ms after the one before each frame came, in milliseconds.
    late: Vec<f64>,
}

impl Figures {
    fn of(frames: &[(u16, Instant)], settled: Instant) -> Figures {
        let mut figures = Figures {
            frames: frames.len(),
            ..Figures::default()
        };
        for two in frames.windows(2) {
            figures.missing += usize::from(two[1].0.wrapping_sub(two[0].0).wrapping_sub(1));
            let between = two[1].1 - two[0].1;
            let late = between.saturating_sub(FRAME).as_secs_f64() * 1_000.0;
            if two[1].1 >= settled {
                figures.late.push(late);
            }
        }
        figures.play(frames, settled);
        figures
    }

    /// Plays the frames: one after the other, each no earlier than it came.
    fn play(&mut self, frames: &[(u16, Instant)], settled: Instant) {
        let Some((_, first)) = frames.first() else {
            return;
        };
        let mut aim = AIM;
        let mut next = *first + aim;
        for (_, came) in frames {
            if *came > next {
                if *came < settled {
                    self.early_gaps += 1;
                } else {
                    self.gaps += 1;
                }
                aim += GROWTH;
                next = *came + aim;
            }
            next += FRAME;
        }
    }
}

fn percentile(sorted: &[f64], share: f64) -> f64 {
    let at = (sorted.len() as f64 * share) as usize;
    sorted
        .get(at.min(sorted.len().saturating_sub(1)))
        .copied()
        .unwrap_or(0.0)
}

async fn measure(server: &Server) -> bool {
    // What is said is spoken once, so that it is at hand for the hundred.
    drop(Phone::hears(server.http).await);
    drop(Phone::speaks(server.http).await);
    let http = server.http;
    let (measured, measure) = watch::channel(None);
    let ready = Arc::new(Semaphore::new(0));
    let mut calls = Vec::new();
    for number in 0..PHONES {
        let (measure, ready) = (measure.clone(), ready.clone());
        // Not all in the same moment: checks of one PIN that run side by side count as guesses.
        tokio::time::sleep(APART).await;
        calls.push(tokio::spawn(async move {
            let speaks = number % 2 == 0;
            let phone = match speaks {
                true => Phone::speaks(http).await,
                false => Phone::hears(http).await,
            };
            ready.add_permits(1);
            let Phone { send, receive } = phone;
            let does = match speaks {
                true => tokio::spawn(Phone::hum(send)),
                false => tokio::spawn(Phone::wander(send)),
            };
            let frames = Phone::frames(receive, measure).await;
            does.abort();
            frames
        }));
    }
    let all_ready = ready.acquire_many(PHONES as u32);
    let all_ready = tokio::time::timeout(PATIENCE, all_ready).await;
    assert!(all_ready.is_ok(), "not all phones came into their calls");
    let (began, used) = (Instant::now(), server.used());
    let settled = began + SETTLED;
    measured.send_replace(Some(settled + MEASURED));
    let mut all = Figures::default();
    for call in calls {
        let figures = Figures::of(&call.await.unwrap(), settled);
        all.frames += figures.frames;
        all.missing += figures.missing;
        all.early_gaps += figures.early_gaps;
        all.gaps += figures.gaps;
        all.late.extend(figures.late);
    }
    let share = (server.used() - used).as_secs_f64() / began.elapsed().as_secs_f64();
    all.late.sort_by(f64::total_cmp);
    let expected = PHONES as u128 * began.elapsed().as_millis() / FRAME.as_millis();
    println!(
        "{PHONES} web phones for {} s: {} frames came (about {expected} were due), {} were missing\n\
         gaps in what is heard: {} in the first {} s, {} after that\n\
         later than 20 ms after the one before: half by {:.1} ms, 99 % by {:.1} ms, 99.9 % by {:.1} ms, \
         the worst by {:.1} ms\n\
         the server used {:.0} % of its core",
        began.elapsed().as_secs(),
        all.frames,
        all.missing,
        all.early_gaps,
        SETTLED.as_secs(),
        all.gaps,
        percentile(&all.late, 0.5),
        percentile(&all.late, 0.99),
        percentile(&all.late, 0.999),
        percentile(&all.late, 1.0),
        share * 100.0,
    );
    let nearly_all = all.frames as u128 * 100 >= expected * 97;
    nearly_all && all.missing == 0 && all.gaps == 0
}

fn main() -> ExitCode {
    // `cargo bench` hands on what it is asked for; this is measured when it is named, or nothing is.
    let mut arguments = std::env::args().skip(1);
    if arguments.any(|argument| !argument.starts_with('-') && !"web_phones".contains(&argument)) {
        return ExitCode::SUCCESS;
    }
    let own = std::process::id().to_string();
    let pinned = Command::new("taskset")
        .args(["--cpu-list", "--pid", "1", &own])
        .stdout(Stdio::null())
        .status();
    if !pinned.is_ok_and(|status| status.success()) {
        println!("web_phones: NOT MEASURED, it needs taskset (util-linux) and two cores");
        return ExitCode::SUCCESS;
    }
    let server = Server::start();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    if runtime.block_on(measure(&server)) {
        println!("gapless");
        ExitCode::SUCCESS
    } else {
        println!("NOT gapless");
        ExitCode::FAILURE
    }
}
