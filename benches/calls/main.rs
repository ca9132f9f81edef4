//! What calls cost: the whole server on one core, thousands of telephones on the other, and in the
//! same run the floor, which is what the kernel alone takes for the same packets.
//!
//! `cargo bench --bench calls` measures everything; with names behind `--` only these: `playing`,
//! `memory`, `recording`, `setup`, `calls`, `keys`, `overload`, `codecs`, `pumps`, `disk`, `soak`. One table is printed, every figure
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
mod going_on;
mod process;
mod scripts;
mod server;
mod short;
mod signalling;
mod telephones;
mod wider;

use std::time::{Duration, Instant};

use nix::sched::{CpuSet, sched_setaffinity};
use nix::unistd::Pid;

use floor::Way;
use process::Measured;
use server::Server;
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
    if wants("memory") {
        bench.memory();
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
    if wants("codecs") {
        bench.codecs();
    }
    if wants("pumps") {
        bench.pumps();
    }
    if wants("disk") {
        bench.disk();
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
}

/// More than one core carries.
const CALLS_MOST: usize = 4_000;

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
