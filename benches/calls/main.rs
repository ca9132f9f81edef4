//! What calls cost: the whole server on one core, thousands of telephones on the other, and in the
//! same run the floor, which is what the kernel alone takes for the same packets.
//!
//! `cargo bench --bench calls` measures everything; with names behind `--` only these: `playing`,
//! `recording`, `setup`, `calls`, `keys`, `overload`, `soak`. One table is printed, every figure
//! beside what it should be; `docs/performance.md` keeps one with its conditions, and
//! `docs/pictures/calls.svg` the curve. It needs two cores with nothing else on them.

#![allow(
    clippy::disallowed_methods,
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a measurement has a clock, prints what it found, and ends where it cannot go on"
)]

mod batch;
mod curve;
mod floor;
mod gaps;
mod process;
mod server;
mod signalling;
mod telephones;

use std::time::{Duration, Instant};

use nix::sched::{CpuSet, sched_setaffinity};
use nix::unistd::Pid;

use ringback::policy::pin::{PinCost, PinRecord};

use curve::Point;
use floor::Way;
use process::Measured;
use server::{SUBSCRIBERS, Server};
use signalling::Script;
use telephones::{Findings, Telephones};

/// How long is measured with one number of calls.
const MEASURED: Duration = Duration::from_secs(10);
/// Until new calls have found their rhythm.
const SETTLED: Duration = Duration::from_secs(2);
/// What a core may be used to.
const FULL: f64 = 0.90;
/// How many calls the floor is measured with.
const USUAL: usize = 1_000;

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if arguments.first().is_some_and(|word| word == "floor") {
        floor::serve(&arguments[1..]);
    }
    if std::thread::available_parallelism().map_or(1, usize::from) < 2 {
        eprintln!(
            "calls: NOT MEASURED, needs two cores: one for the server, one for the telephones"
        );
        std::process::exit(1);
    }
    let wanted: Vec<&str> = arguments
        .iter()
        .map(String::as_str)
        .filter(|word| !word.starts_with('-'))
        .collect();
    let wants = |name: &str| wanted.is_empty() || wanted.contains(&name);
    println!("machine: {}", process::machine());
    let mut cores = CpuSet::new();
    cores.set(1).unwrap();
    sched_setaffinity(Pid::from_raw(0), &cores).unwrap();
    let mut bench = Bench {
        telephones: Telephones::new(),
        rows: Vec::new(),
        floor: None,
    };
    if wants("playing") || wants("recording") {
        bench.floor();
    }
    if wants("playing") {
        bench.playing();
    }
    if wants("recording") {
        bench.recording();
    }
    if wants("keys") {
        bench.keys();
    }
    if wants("setup") {
        bench.setup();
    }
    if wants("calls") {
        bench.whole_calls();
    }
    if wants("overload") {
        bench.overload();
        bench.too_many();
    }
    if wants("soak") {
        bench.soak();
    }
    bench.print();
}

/// A line of the table.
struct Row {
    what: &'static str,
    measured: String,
    gate: &'static str,
    met: bool,
}

/// What the floor carries.
#[derive(Clone, Copy)]
struct Floor {
    /// Processor time of a call in a second.
    cost: f64,
    /// Calls that one core carries.
    most: usize,
    way: Way,
}

/// What one number of calls took.
struct Load {
    calls: usize,
    all_taken: bool,
    /// Share of a core.
    used: f64,
    found: Findings,
}

impl Load {
    fn cost_ms(&self) -> f64 {
        self.used * 1_000.0 / self.calls as f64
    }

    /// Whether callers heard every packet in time.
    fn is_good(&self) -> bool {
        self.all_taken
            && self.used < FULL
            && self.found.lost == 0
            && self.found.gaps.share(0.999) <= Duration::from_millis(30)
    }

    fn line(&self) -> String {
        format!(
            "{} calls: {:.1} % of a core, {:.3} ms a call-second; gaps 99.9 % {}, worst {}; {} of {} \
             packets lost; the telephones themselves late by {} (99.9 %), {} at most",
            self.calls,
            self.used * 100.0,
            self.cost_ms(),
            ms(self.found.gaps.share(0.999)),
            ms(self.found.gaps.longest()),
            self.found.lost,
            self.found.packets,
            ms(self.found.own_lateness.share(0.999)),
            ms(self.found.own_lateness.longest()),
        )
    }
}

fn ms(time: Duration) -> String {
    format!("{:.1} ms", time.as_secs_f64() * 1_000.0)
}

struct Bench {
    telephones: Telephones,
    rows: Vec<Row>,
    floor: Option<Floor>,
}

/// Hears the long welcome.
fn listens(_: usize) -> Script {
    Script {
        called: "7001".to_owned(),
        calling: "9000".to_owned(),
        ..Script::default()
    }
}

/// An extension of the demo that takes messages.
fn extension(number: usize) -> String {
    (2_010 + number % 20).to_string()
}

/// Leaves a message, if nothing else, of this many milliseconds.
fn leaves_message(number: usize, from: u64, length: u64) -> Script {
    Script {
        called: "7000".to_owned(),
        calling: "9000".to_owned(),
        diverted_from: Some(extension(number)),
        speaks_from: Some(from),
        hangs_up_at: Some(from + length),
        ..Script::default()
    }
}

/// Signs in, hears the first message, hangs up after so long.
fn hears_message(number: usize, length: u64) -> Script {
    let (extension, pin) = SUBSCRIBERS[number % SUBSCRIBERS.len()];
    let mut keys = Vec::new();
    let mut at = 1_000;
    for digit in extension.chars().chain(pin.chars()).chain("#".chars()) {
        keys.push((at, digit));
        at += 200;
    }
    keys.push((at + 3_000, '1'));
    Script {
        called: "7000".to_owned(),
        calling: "9000".to_owned(),
        keys,
        hangs_up_at: Some(length),
        ..Script::default()
    }
}

impl Bench {
    fn row(&mut self, what: &'static str, measured: String, gate: &'static str, met: bool) {
        println!(
            "=> {what}: {measured} ({gate}: {})",
            if met { "met" } else { "NOT MET" }
        );
        self.rows.push(Row {
            what,
            measured,
            gate,
            met,
        });
    }

    fn print(&self) {
        println!("\n| what | measured | gate | |\n|---|---|---|---|");
        for Row {
            what,
            measured,
            gate,
            met,
        } in &self.rows
        {
            let met = if *met { "met" } else { "**not met**" };
            println!("| {what} | {measured} | {gate} | {met} |");
        }
    }

    /// Measures a process whose calls go on.
    fn measure(&mut self, process: &Measured, calls: usize) -> Load {
        self.telephones.run_for(SETTLED);
        self.telephones.look_anew();
        let (before, began) = (process.used(), Instant::now());
        self.telephones.run_for(MEASURED);
        let used = process.used().saturating_sub(before);
        let used = used.as_secs_f64() / began.elapsed().as_secs_f64();
        let found = self.telephones.look_anew();
        Load {
            calls,
            all_taken: true,
            used,
            found,
        }
    }

    fn floor_of(&mut self, calls: usize, way: Way) -> Load {
        let (process, ports) = floor::start(calls, way, &self.telephones.media_ports());
        self.telephones.begin(std::net::SocketAddrV4::new(
            std::net::Ipv4Addr::LOCALHOST,
            9,
        ));
        self.telephones.join(&ports);
        let load = self.measure(&process, calls);
        println!("floor, {way:?}: {}", load.line());
        load
    }

    fn floor(&mut self) {
        let plain = self.floor_of(USUAL, Way::Plain);
        let batches = self.floor_of(USUAL, Way::Batches);
        let (way, cheaper) = if plain.used <= batches.used {
            (Way::Plain, plain)
        } else {
            (Way::Batches, batches)
        };
        let cost = cheaper.cost_ms() / 1_000.0;
        let most = most(FULL / cost, |calls| self.floor_of(calls, way).is_good());
        self.floor = Some(Floor { cost, most, way });
        println!(
            "=> floor ({way:?}): {:.3} ms a call-second, {most} calls on one core",
            cost * 1_000.0
        );
    }

    /// Server with so many calls that all do the same, measured.
    fn load_of(
        &mut self,
        server: &Server,
        calls: usize,
        script: impl Fn(usize) -> Script,
        wait: Duration,
    ) -> Load {
        self.telephones.begin(server.sip);
        self.telephones.ramp(calls, 400.0, script);
        let all_taken = self.telephones.until_talking(calls);
        self.telephones.run_for(wait);
        let load = Load {
            all_taken,
            ..self.measure(&server.process, calls)
        };
        let late = server.gauge("ringback_media_late_microseconds");
        println!("{}; sound late by {late} µs in the mean", load.line());
        load
    }

    fn playing(&mut self) {
        let floor = self.floor.unwrap();
        let server = Server::start(CALLS_MOST);
        self.telephones.begin(server.sip);
        self.telephones.ramp(20, 100.0, listens);
        self.telephones.run_for(SETTLED);
        self.telephones.hang_up_all(400.0);
        let idle = server.process.resident();

        println!("playing:");
        let mut points = Vec::new();
        let mut cost = 0.0;
        for calls in [100, 250, 500, USUAL] {
            let load = self.load_of(&server, calls, listens, Duration::ZERO);
            points.push(self.point(&server, &load));
            cost = load.cost_ms() / 1_000.0;
            self.telephones.hang_up_all(1_000.0);
        }
        let ratio = cost / floor.cost;
        self.row(
            "prompt playing, processor time against the floor's",
            format!(
                "{ratio:.2} ({:.3} ms against {:.3} ms a call-second)",
                cost * 1_000.0,
                floor.cost * 1_000.0
            ),
            "≤ 1.6",
            ratio <= 1.6,
        );
        let mut best = None;
        let most = most(FULL / cost, |calls| {
            let load = self.load_of(&server, calls, listens, Duration::ZERO);
            let good = load.is_good();
            let point = self.point(&server, &load);
            self.telephones.hang_up_all(1_000.0);
            if good {
                best = Some(point);
            }
            good
        });
        points.extend(best);
        let share = most as f64 / floor.most as f64;
        self.row(
            "calls that hear a prompt on one core",
            format!(
                "{most}, {share:.2} of the floor's {} ({:?})",
                floor.most, floor.way
            ),
            "≥ 0.625 of the floor's",
            share >= 1.0 / 1.6,
        );
        let half = self.load_of(&server, most / 2, listens, Duration::ZERO);
        self.telephones.hang_up_all(1_000.0);
        let worst = half.found.gaps.longest();
        self.row(
            "worst gap at half of that",
            ms(worst),
            "≤ 30 ms",
            worst <= Duration::from_millis(30),
        );

        self.memory(&server, idle);
        self.curve(&points);
    }

    fn point(&self, server: &Server, load: &Load) -> Point {
        Point {
            calls: load.calls,
            processor: load.used * 100.0,
            memory: server.process.resident() as f64 / 1_024.0,
        }
    }

    /// What 2,000 calls take, and what they leave behind.
    fn memory(&mut self, server: &Server, idle: u64) {
        let burst = 2_000;
        let mut after = 0;
        let mut each = 0.0;
        for _ in 0..2 {
            self.telephones.begin(server.sip);
            let before = server.process.resident();
            // Few packets are heard meanwhile: it is memory that is measured here.
            self.telephones.ramp(burst, 400.0, listens);
            each =
                (server.process.resident().saturating_sub(before.min(idle))) as f64 / burst as f64;
            self.telephones.hang_up_all(1_000.0);
            // SIP remembers a call for 32 s, to answer what is repeated (RFC 3261: timers H, J).
            self.telephones.run_for(Duration::from_secs(40));
            after = server.process.resident();
        }
        self.row(
            "resident memory of a call",
            format!("{each:.1} KiB"),
            "≤ 64 KiB",
            each <= 64.0,
        );
        let more = after as f64 / idle as f64 - 1.0;
        self.row(
            "resident memory after 2,000 calls at once, twice",
            format!("{:+.0} % ({} KiB, before {idle} KiB)", more * 100.0, after),
            "within 20 %",
            more <= 0.2,
        );
    }

    fn curve(&mut self, points: &[Point]) {
        let (Some(low), Some(high)) = (
            points.iter().find(|point| point.calls == 100),
            points.iter().find(|point| point.calls == USUAL),
        ) else {
            return;
        };
        println!("calls\tof a core\tMiB\toff the line through 100 and 1,000 calls");
        let mut furthest: f64 = 0.0;
        for point in points {
            let share = (point.calls - low.calls) as f64 / (high.calls - low.calls) as f64;
            let line = |value: fn(&Point) -> f64| value(low) + share * (value(high) - value(low));
            let off = |value: fn(&Point) -> f64| value(point) / line(value) - 1.0;
            let (processor, memory) = (off(|point| point.processor), off(|point| point.memory));
            println!(
                "{}\t{:.1} %\t{:.1}\t{:+.1} %, {:+.1} %",
                point.calls,
                point.processor,
                point.memory,
                processor * 100.0,
                memory * 100.0
            );
            furthest = furthest.max(processor.abs()).max(memory.abs());
        }
        let svg = curve::picture(points, "Calls that hear a prompt, on one core");
        std::fs::write(
            concat!(env!("CARGO_MANIFEST_DIR"), "/docs/pictures/calls.svg"),
            svg,
        )
        .unwrap();
        self.row(
            "processor time and memory, furthest from the line through 100 and 1,000 calls",
            format!("{:.1} %", furthest * 100.0),
            "within 10 %",
            furthest <= 0.1,
        );
    }

    fn recording(&mut self) {
        let floor = self.floor.unwrap();
        let server = Server::start(CALLS_MOST);
        println!("recording:");
        self.recorded(&server, 20);
        let load = self.recorded(&server, 400);
        let most = most(FULL / (load.cost_ms() / 1_000.0), |calls| {
            self.recorded(&server, calls).is_good()
        });
        let share = most as f64 / floor.most as f64;
        self.row(
            "calls that are recorded on one core",
            format!("{most}, {share:.2} of the floor's {}", floor.most),
            "≥ 0.4 of the floor's",
            share >= 0.4,
        );
    }

    /// So many calls that leave messages, every one of which has to be there in the end.
    fn recorded(&mut self, server: &Server, calls: usize) -> Load {
        let left = || server.gauge("ringback_messages_left_total");
        let before = left();
        // Who speaks from the beginning is recorded after the tone.
        let script = |number| Script {
            hangs_up_at: None,
            ..leaves_message(number, 0, 0)
        };
        let load = self.load_of(
            server,
            calls,
            script,
            Duration::from_millis(GREETING + 1_000),
        );
        self.telephones.hang_up_all(200.0);
        self.telephones.run_for(Duration::from_secs(2));
        let kept = left() - before;
        assert!(kept as usize == calls, "{kept} messages of {calls} calls");
        load
    }

    /// A key among 1,000 calls that hear a prompt.
    fn keys(&mut self) {
        let server = Server::start(CALLS_MOST);
        self.telephones.begin(server.sip);
        self.telephones.ramp(USUAL, 400.0, |number| {
            let mut script = listens(number);
            if number % 10 == 0 {
                // After all have called.
                script.keys = vec![(8_000 + number as u64 * 3, '2')];
            }
            script
        });
        self.telephones.look_anew();
        self.telephones.run_for(Duration::from_secs(14));
        let found = self.telephones.look_anew();
        self.telephones.hang_up_all(1_000.0);
        println!("keys: {} pressed", found.silences.count());
        let worst = found.silences.longest();
        self.row(
            "key to the last packet of the prompt, 1,000 calls playing",
            format!(
                "{} at most, {} half of {}",
                ms(worst),
                ms(found.silences.share(0.5)),
                found.silences.count()
            ),
            "≤ 20 ms",
            worst <= Duration::from_millis(20) && found.silences.count() >= 90,
        );
    }

    /// Calls that are answered and hang up.
    fn setup(&mut self) {
        let server = Server::start(CALLS_MOST);
        let short = |number| Script {
            hangs_up_at: Some(60),
            ..listens(number)
        };
        println!("set-up:");
        self.telephones.begin(server.sip);
        self.telephones.ramp(400, 400.0, short);
        self.telephones.settle(Duration::from_secs(10));
        let (each, found) = self.rate(&server, 400.0, short);
        self.row(
            "set-up and tear-down at 400 calls/s, processor time of a call",
            format!("{:.0} µs", each * 1e6),
            "≤ 300 µs",
            each <= 300e-6,
        );
        let (answer, first) = (found.answers.share(0.5), found.first_packets.share(0.5));
        self.row(
            "INVITE to 200, ACK to the first packet, half of all",
            format!("{}, {}", ms(answer), ms(first)),
            "≤ 1 ms, ≤ 5 ms",
            answer <= Duration::from_millis(1) && first <= Duration::from_millis(5),
        );
        let mut most = 0;
        for rate in [800, 1_200, 1_600, 2_000, 2_500, 3_000, 4_000] {
            let (_, found) = self.rate(&server, f64::from(rate), short);
            if found.failed + found.turned_away > found.answered / 1_000 {
                break;
            }
            most = rate;
        }
        self.row(
            "set-up rate on one core, less than 0.1 % failed",
            format!("{most}/s"),
            "≥ 2,000/s",
            most >= 2_000,
        );
    }

    /// Five seconds of calls at this rate: processor time of one.
    fn rate(
        &mut self,
        server: &Server,
        rate: f64,
        script: impl Fn(usize) -> Script,
    ) -> (f64, Findings) {
        self.telephones.begin(server.sip);
        let before = server.process.used();
        let calls = (rate * 5.0) as usize;
        self.telephones.ramp(calls, rate, script);
        let open = self.telephones.settle(Duration::from_secs(10));
        self.telephones.run_for(Duration::from_secs(1));
        let each = (server.process.used() - before).as_secs_f64() / calls as f64;
        let found = self.telephones.look_anew();
        println!(
            "{rate} calls/s: {:.0} µs a call, {} answered, {} failed, {} turned away, {open} not over; \
             INVITE to 200 {} (half), {} (99 %)",
            each * 1e6,
            found.answered,
            found.failed,
            found.turned_away,
            ms(found.answers.share(0.5)),
            ms(found.answers.share(0.99)),
        );
        (each, found)
    }

    /// Whole calls of the two usual kinds.
    fn whole_calls(&mut self) {
        let server = Server::start(CALLS_MOST);
        println!("whole calls:");
        // Everything that is said comes out of the cache from the second time on.
        for warm in [hears_message(0, 25_000), hears_message(1, 25_000)] {
            self.telephones.begin(server.sip);
            self.telephones.ramp(1, 1.0, |_| warm.clone());
            self.telephones.settle(Duration::from_secs(40));
        }
        self.telephones.begin(server.sip);
        self.telephones
            .ramp(20, 10.0, |number| leaves_message(number, GREETING, 3_000));
        self.telephones.settle(Duration::from_secs(40));

        let before = server.gauge("ringback_messages_left_total");
        let each = self.calls_of(&server, |number| leaves_message(number, GREETING, 10_000));
        let left = server.gauge("ringback_messages_left_total") - before;
        self.row(
            "greeting, beep, 10 s of message: processor time of a call",
            format!(
                "{:.1} ms ({left} messages of {WHOLE_CALLS} calls)",
                each * 1e3
            ),
            "≤ 12 ms",
            each <= 12e-3 && left as usize == WHOLE_CALLS,
        );
        let each = self.calls_of(&server, |number| hears_message(number, 25_000));
        let argon2 = argon2_time();
        self.row(
            "sign in and hear a message, 25 s: processor time of a call without Argon2",
            format!(
                "{:.1} ms (Argon2 {:.1} ms besides)",
                (each - argon2) * 1e3,
                argon2 * 1e3
            ),
            "≤ 25 ms",
            each - argon2 <= 25e-3,
        );
    }

    fn calls_of(&mut self, server: &Server, script: impl Fn(usize) -> Script) -> f64 {
        self.telephones.begin(server.sip);
        let before = server.process.used();
        self.telephones.ramp(WHOLE_CALLS, 10.0, script);
        let open = self.telephones.settle(Duration::from_secs(60));
        self.telephones.run_for(Duration::from_secs(1));
        let found = self.telephones.look_anew();
        println!(
            "{} answered, {} failed, {} ended by the server, {open} not over",
            found.answered, found.failed, found.ended_by_server
        );
        (server.process.used() - before).as_secs_f64() / WHOLE_CALLS as f64
    }

    /// As many calls as allowed go on while more are refused.
    fn overload(&mut self) {
        let allowed = 500;
        let server = Server::start(allowed);
        self.telephones.begin(server.sip);
        self.telephones.ramp(allowed, 400.0, listens);
        assert!(self.telephones.until_talking(allowed));
        self.telephones.look_anew();
        self.telephones.ramp(5_000, 500.0, listens);
        let found = self.telephones.look_anew();
        self.telephones.hang_up_all(1_000.0);
        let gap = found.gaps.share(0.999);
        self.row(
            "500 calls more a second refused, gaps of the 500 that go on, 99.9 %",
            format!(
                "{} ({} refused with 503 and Retry-After, {} failed, {} lost, worst gap {})",
                ms(gap),
                found.turned_away,
                found.failed,
                found.lost,
                ms(found.gaps.longest())
            ),
            "≤ 30 ms, all refused",
            gap <= Duration::from_millis(30) && found.turned_away >= 4_990 && found.lost == 0,
        );
    }

    /// More and more calls, until the server itself refuses: those that go on stay whole.
    fn too_many(&mut self) {
        let server = Server::start(CALLS_MOST);
        self.telephones.begin(server.sip);
        self.telephones.ramp(CALLS_MOST + 2_000, 300.0, listens);
        self.telephones.run_for(SETTLED);
        let all = self.telephones.look_anew();
        self.telephones.run_for(MEASURED);
        let found = self.telephones.look_anew();
        self.telephones.hang_up_all(1_000.0);
        let gap = found.gaps.share(0.999);
        self.row(
            "300 calls more a second than a core carries, gaps of those it took, 99.9 %",
            format!(
                "{} while they came, {} after; {} taken, {} refused with 503 and Retry-After, {} failed, {} lost",
                ms(all.gaps.share(0.999)), ms(gap), all.answered, all.turned_away, all.failed, all.lost + found.lost
            ),
            "≤ 30 ms after, none failed",
            gap <= Duration::from_millis(30) && all.failed == 0,
        );
    }

    /// Many short calls of all kinds: what stays behind.
    fn soak(&mut self) {
        let server = Server::start(CALLS_MOST);
        println!("soak:");
        let script = |number: usize| match number % 4 {
            0 => leaves_message(number, 1_000, 6_000),
            1 => hears_message(number, 7_000),
            2 => Script {
                hangs_up_at: Some(500 + number as u64 % 900),
                ..listens(number)
            },
            _ => Script {
                called: "7000".to_owned(),
                calling: "9000".to_owned(),
                keys: vec![(700, '#'), (1_400, '7'), (1_600, '6')],
                hangs_up_at: Some(3_000),
                ..Script::default()
            },
        };
        let mut points = Vec::new();
        let figures = |server: &Server| {
            (
                server.process.resident(),
                server.process.descriptors(),
                server.gauge("ringback_rtp_ports"),
                server.gauge("ringback_calls"),
            )
        };
        let before = figures(&server);
        let mut trouble = 0;
        let mut calls = 0;
        for thousand in 1..=20 {
            self.telephones.begin(server.sip);
            self.telephones.ramp(1_000, SOAK_RATE, script);
            let open = self.telephones.settle(Duration::from_secs(60));
            let found = self.telephones.look_anew();
            trouble += found.failed + open as u64;
            calls += found.answered;
            points.push(server.process.resident() as f64);
            println!(
                "{thousand},000 calls: {} KiB, {} failed, {open} not over",
                points[points.len() - 1],
                found.failed
            );
        }
        self.telephones.run_for(Duration::from_secs(10));
        let after = figures(&server);
        // Warm-up are the first 5,000; the slope is a line through the rest.
        let rest = &points[5..];
        let middle = (rest.len() - 1) as f64 / 2.0;
        let mean = rest.iter().sum::<f64>() / rest.len() as f64;
        let (mut above, mut below) = (0.0, 0.0);
        for (index, point) in rest.iter().enumerate() {
            let x = index as f64 - middle;
            above += x * (point - mean);
            below += x * x;
        }
        let slope = above / below;
        self.row(
            "memory of 1,000 short calls of all kinds, of 20,000",
            format!("{slope:+.0} KiB ({calls} answered, {trouble} failed)"),
            "< 1,024 KiB",
            slope < 1_024.0 && trouble == 0,
        );
        let same = before.1.abs_diff(after.1) <= 2 && after.2 <= 0.0 && after.3 <= 0.0;
        self.row(
            "descriptors, ports, calls after these",
            format!(
                "{}, {}, {} (before {}, {}, {})",
                after.1, after.2, after.3, before.1, before.2, before.3
            ),
            "as before",
            same,
        );
    }
}

/// More than one core carries.
const CALLS_MOST: usize = 4_000;
/// Until the tone that follows the demo's greeting, in milliseconds.
const GREETING: u64 = 10_500;
const WHOLE_CALLS: usize = 200;
/// Calls a second of the soak: what two cores carry beside Argon2.
const SOAK_RATE: f64 = 60.0;

/// The greatest number of calls that is good, near this guess, in steps of 3 %.
fn most(guess: f64, mut good: impl FnMut(usize) -> bool) -> usize {
    let mut calls = guess;
    if good(calls as usize) {
        for _ in 0..8 {
            if !good((calls * 1.03) as usize) {
                break;
            }
            calls *= 1.03;
        }
        return calls as usize;
    }
    for _ in 0..16 {
        calls *= 0.97;
        if good(calls as usize) {
            return calls as usize;
        }
    }
    0
}

/// What checking one PIN takes.
fn argon2_time() -> f64 {
    let record = PinRecord::new("482915", [7; 16], PinCost::default()).unwrap();
    let began = Instant::now();
    for _ in 0..10 {
        assert!(record.is("482915").unwrap());
    }
    began.elapsed().as_secs_f64() / 10.0
}
