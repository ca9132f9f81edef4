//! Calls that go on: what a prompt, a recording, a key take, and what too many calls do.

use std::time::Duration;

use super::curve::{self, Point};
use super::scripts::{GREETING, leaves_message, listens};
use super::server::Server;
use super::signalling::Script;
use super::{Bench, CALLS_MOST, FULL, Load, MEASURED, SETTLED, USUAL, most, ms};

/// The calls of the curve's points, but for the greatest number that is found.
const STEPS: [usize; 4] = [100, 250, 500, USUAL];

impl Bench {
    pub(super) fn playing(&mut self) {
        let floor = self.floor.unwrap();
        let server = self.used_server();

        println!("playing:");
        let mut points = Vec::new();
        let mut cost = 0.0;
        for calls in STEPS {
            let load = self.load_of(&server, calls, listens, Duration::ZERO);
            points.push(self.point(&server, &load));
            cost = load.cost_ms() / 1_000.0;
            self.telephones.hang_up_all(1_000.0);
        }
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
        // The same again the other way round, and the floor too: a machine that becomes faster or slower
        // meanwhile bends neither the curve nor the ratio.
        for point in points.iter_mut().rev() {
            let load = self.load_of(&server, point.calls, listens, Duration::ZERO);
            point.processor = (point.processor + load.used * 100.0) / 2.0;
            self.telephones.hang_up_all(1_000.0);
        }
        let cost = points.last().unwrap().processor / 100.0 / USUAL as f64;
        let again = self.floor_of(USUAL, floor.way).cost_ms() / 1_000.0;
        let floor_cost = (floor.cost + again) / 2.0;
        let ratio = cost / floor_cost;
        self.row(
            "prompt playing, processor time against the floor's, each before and after",
            format!(
                "{ratio:.2} ({:.3} ms against {:.3} ms a call-second)",
                cost * 1_000.0,
                floor_cost * 1_000.0
            ),
            "≤ 1.6",
            ratio <= 1.6,
        );
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

        self.curve(&points);
    }

    /// A server that has had its first calls, so that what is made once is there.
    fn used_server(&mut self) -> Server {
        let server = Server::start(CALLS_MOST);
        self.telephones.begin(server.sip);
        self.telephones.ramp(20, 100.0, listens);
        self.telephones.run_for(SETTLED);
        self.telephones.hang_up_all(400.0);
        server
    }

    fn point(&self, server: &Server, load: &Load) -> Point {
        Point {
            calls: load.calls,
            processor: load.used * 100.0,
            memory: server.process.resident() as f64 / 1_024.0,
        }
    }

    /// What 2,000 calls take, and what they leave behind.
    pub(super) fn memory(&mut self) {
        let server = self.used_server();
        println!("memory:");
        let idle = server.process.resident();
        let burst = 2_000;
        let mut after = 0;
        let mut each = 0.0;
        for _ in 0..2 {
            self.telephones.begin(server.sip);
            // Few packets are heard meanwhile: it is memory that is measured here.
            self.telephones.ramp(burst, 400.0, listens);
            let during = server.process.resident();
            each = during.saturating_sub(idle) as f64 / burst as f64;
            self.telephones.hang_up_all(1_000.0);
            // SIP remembers a call for 32 s, to answer what is repeated (RFC 3261: timers H, J).
            self.telephones.run_for(Duration::from_secs(40));
            after = server.process.resident();
            println!("{idle} KiB idle, {during} KiB with {burst} calls, {after} KiB after them");
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

    pub(super) fn recording(&mut self) {
        let floor = self.floor.unwrap();
        let server = Server::start(CALLS_MOST);
        println!("recording:");
        self.recorded(&server, 20);
        let load = self.recorded(&server, 400);
        assert!(load.all_taken, "a core that is not full loses nothing");
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

    /// So many calls that leave messages; the load is good where every one of them is there in the end.
    pub(super) fn recorded(&mut self, server: &Server, calls: usize) -> Load {
        let left = || server.gauge("ringback_messages_left_total");
        let before = left();
        // Who speaks from the beginning is recorded after the tone.
        let script = |number| Script {
            hangs_up_at: None,
            ..leaves_message(number, 0, 0)
        };
        let mut load = self.load_of(
            server,
            calls,
            script,
            Duration::from_millis(GREETING + 1_000),
        );
        self.telephones.hang_up_all(200.0);
        // Those of a full core are delivered when it has time again. A caller of a core that is more
        // than full may have hung up before his greeting was over: that load is not good.
        let mut kept = 0;
        for _ in 0..60 {
            self.telephones.run_for(Duration::from_secs(1));
            kept = (left() - before) as usize;
            if kept == calls {
                break;
            }
        }
        if kept != calls {
            println!("{kept} messages of {calls} calls");
            load.all_taken = false;
        }
        load
    }

    /// A key among 1,000 calls that hear a prompt.
    pub(super) fn keys(&mut self) {
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

    /// As many calls as allowed go on while more are refused.
    pub(super) fn overload(&mut self) {
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
    pub(super) fn too_many(&mut self) {
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
}
