//! Calls from beginning to end: set-up, messages left and heard, and what thousands leave behind.

use std::time::{Duration, Instant};

use ringback::policy::pin::{PinCost, PinRecord};

use super::scripts::{GREETING, hears_message, leaves_message, listens};
use super::server::Server;
use super::signalling::Script;
use super::telephones::Findings;
use super::{Bench, CALLS_MOST, ms};

const WHOLE_CALLS: usize = 200;
/// Calls a second of the soak: what two cores carry beside Argon2.
const SOAK_RATE: f64 = 60.0;

impl Bench {
    /// Calls that are answered and hang up.
    pub(super) fn setup(&mut self) {
        let server = Server::start(CALLS_MOST);
        let short = |number| Script {
            hangs_up_at: Some(60),
            ..listens(number)
        };
        println!("set-up:");
        self.telephones.begin(server.sip);
        self.telephones.ramp(400, 400.0, short);
        self.telephones.settle(Duration::from_secs(10));
        // Other guests of the host only ever add to it: the least is what the program costs.
        let runs: Vec<_> = (0..3).map(|_| self.rate(&server, 400.0, short)).collect();
        let each = runs.iter().map(|(each, _)| *each).fold(f64::MAX, f64::min);
        let found = &runs[0].1;
        self.row(
            "set-up and tear-down at 400 calls/s, processor time of a call, the least of three runs",
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
    pub(super) fn whole_calls(&mut self) {
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
        let (each, told) = self.message_heard(&server);
        self.row(
            "sign in and hear a message, 25 s: processor time of a call without Argon2",
            told,
            "≤ 25 ms",
            each <= 25e-3,
        );
        // What an appointment is about is nobody else's business, so each caller's is spoken anew.
        server.open_calendars();
        let (_, told) = self.message_heard(&server);
        self.row(
            "the same, with the next appointment's subject spoken anew",
            told,
            "stated",
            true,
        );
    }

    /// Processor time of a call without Argon2, and the same in words.
    fn message_heard(&mut self, server: &Server) -> (f64, String) {
        let each = self.calls_of(server, |number| hears_message(number, 25_000));
        let argon2 = argon2_time();
        let rest = each - argon2;
        let told = format!(
            "{:.1} ms (Argon2 {:.1} ms besides)",
            rest * 1e3,
            argon2 * 1e3
        );
        (rest, told)
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

    /// Many short calls of all kinds: what stays behind.
    pub(super) fn soak(&mut self) {
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

/// What checking one PIN takes.
fn argon2_time() -> f64 {
    let record = PinRecord::new("482915", [7; 16], PinCost::default()).unwrap();
    let began = Instant::now();
    for _ in 0..10 {
        assert!(record.is("482915").unwrap());
    }
    began.elapsed().as_secs_f64() / 10.0
}
