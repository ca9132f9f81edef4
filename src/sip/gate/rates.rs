//! How much each source may ask, in bounded memory (security S5).

use std::collections::HashMap;
use std::net::{IpAddr, Ipv6Addr};
use std::time::{Duration, Instant};

use super::counts::Reason;

/// A source gets one line in the log for each reason in this time (security R5).
const ONE_LINE_WITHIN: Duration = Duration::from_secs(60);
/// Beyond so many times the rate there is no answer at all.
const SILENCE_BEYOND: f64 = 10.0;
/// How much of a rate may come at once, in seconds' worth.
const BURST_SECONDS: f64 = 2.0;

/// What a source may do.
#[derive(Clone, Copy, Debug)]
pub(super) struct Rate {
    pub(super) requests_per_second: u32,
    pub(super) calls_per_second: u32,
}

/// What a request asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Asks {
    /// A new call: counted as a request and as a call.
    NewCall,
    /// Anything else.
    Request,
    /// The end of something: refusing it would only keep us busy longer.
    Ending,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Ruling {
    Allowed,
    /// 503 with Retry-After.
    Refused,
    /// Nothing.
    Silence,
}

/// A bucket that fills with time; what is in it may be spent at once.
#[derive(Clone, Copy, Debug)]
struct Bucket {
    tokens: f64,
}

impl Bucket {
    fn full(per_second: f64) -> Self {
        Self {
            tokens: per_second * BURST_SECONDS,
        }
    }

    fn refill(&mut self, per_second: f64, elapsed: Duration) {
        self.tokens =
            (self.tokens + per_second * elapsed.as_secs_f64()).min(per_second * BURST_SECONDS);
    }

    fn has_one(self) -> bool {
        self.tokens >= 1.0
    }

    fn take_one(&mut self) {
        self.tokens -= 1.0;
    }
}

#[derive(Debug)]
struct Source {
    seen: Instant,
    requests: Bucket,
    calls: Bucket,
    all: Bucket,
    logged: [Option<Instant>; Reason::COUNT],
}

/// The sources heard of lately. When it is full, those not heard of since the last time are forgotten: a flood from
/// invented addresses costs the others at most a fresh burst, never memory.
#[derive(Debug)]
pub(super) struct Sources {
    recent: HashMap<IpAddr, Source>,
    older: HashMap<IpAddr, Source>,
    half: usize,
}

impl Sources {
    pub(super) fn new(most: usize) -> Self {
        Self {
            recent: HashMap::new(),
            older: HashMap::new(),
            half: (most / 2).max(1),
        }
    }

    /// Judges one request, and counts it.
    pub(super) fn rule(&mut self, now: Instant, source: IpAddr, rate: Rate, asks: Asks) -> Ruling {
        let requests = f64::from(rate.requests_per_second);
        let calls = f64::from(rate.calls_per_second);
        let all = requests * SILENCE_BEYOND;
        let entry = self.entry(now, source, rate);
        let elapsed = now.saturating_duration_since(entry.seen);
        entry.seen = entry.seen.max(now);
        entry.requests.refill(requests, elapsed);
        entry.calls.refill(calls, elapsed);
        entry.all.refill(all, elapsed);
        if !entry.all.has_one() {
            return Ruling::Silence;
        }
        entry.all.take_one();
        if asks == Asks::Ending {
            return Ruling::Allowed;
        }
        if !entry.requests.has_one() || (asks == Asks::NewCall && !entry.calls.has_one()) {
            return Ruling::Refused;
        }
        entry.requests.take_one();
        if asks == Asks::NewCall {
            entry.calls.take_one();
        }
        Ruling::Allowed
    }

    /// Whether this source's refusal for this reason should be logged now.
    pub(super) fn is_line_due(
        &mut self,
        now: Instant,
        source: IpAddr,
        rate: Rate,
        reason: Reason,
    ) -> bool {
        let logged = &mut self.entry(now, source, rate).logged[reason as usize];
        let due = logged.is_none_or(|then| now.saturating_duration_since(then) >= ONE_LINE_WITHIN);
        if due {
            *logged = Some(now);
        }
        due
    }

    #[cfg(test)]
    pub(super) fn known(&self) -> usize {
        self.recent.len() + self.older.len()
    }

    fn entry(&mut self, now: Instant, source: IpAddr, rate: Rate) -> &mut Source {
        let source = subscriber_network(source);
        if self.recent.len() >= self.half && !self.recent.contains_key(&source) {
            self.older = std::mem::take(&mut self.recent);
        }
        let older = &mut self.older;
        self.recent.entry(source).or_insert_with(|| {
            older.remove(&source).unwrap_or_else(|| Source {
                seen: now,
                requests: Bucket::full(f64::from(rate.requests_per_second)),
                calls: Bucket::full(f64::from(rate.calls_per_second)),
                all: Bucket::full(f64::from(rate.requests_per_second) * SILENCE_BEYOND),
                logged: [None; Reason::COUNT],
            })
        })
    }
}

/// One IPv6 subscriber has a /64 of addresses to send from; they count as one source.
fn subscriber_network(source: IpAddr) -> IpAddr {
    match source {
        IpAddr::V4(_) => source,
        IpAddr::V6(address) => {
            let [a, b, c, d, ..] = address.segments();
            IpAddr::V6(Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RATE: Rate = Rate {
        requests_per_second: 50,
        calls_per_second: 10,
    };

    fn count(
        sources: &mut Sources,
        now: Instant,
        source: &str,
        asks: Asks,
        times: usize,
    ) -> [usize; 3] {
        let mut rulings = [0; 3];
        for _ in 0..times {
            match sources.rule(now, source.parse().unwrap(), RATE, asks) {
                Ruling::Allowed => rulings[0] += 1,
                Ruling::Refused => rulings[1] += 1,
                Ruling::Silence => rulings[2] += 1,
            }
        }
        rulings
    }

    #[test]
    fn a_burst_of_twice_the_rate_passes_then_503_then_silence() {
        let (mut sources, now) = (Sources::new(100), crate::sip::gate::tests::start());
        assert_eq!(
            count(&mut sources, now, "192.0.2.1", Asks::Request, 1_500),
            [100, 900, 500]
        );
        let later = now + Duration::from_secs(1);
        assert_eq!(
            count(&mut sources, later, "192.0.2.1", Asks::Request, 51),
            [50, 1, 0]
        );
        assert_eq!(
            count(&mut sources, later, "192.0.2.2", Asks::Request, 100),
            [100, 0, 0]
        );
    }

    #[test]
    fn new_calls_have_a_rate_of_their_own() {
        let (mut sources, now) = (Sources::new(100), crate::sip::gate::tests::start());
        assert_eq!(
            count(&mut sources, now, "192.0.2.1", Asks::NewCall, 21),
            [20, 1, 0]
        );
        assert_eq!(
            count(&mut sources, now, "192.0.2.1", Asks::Request, 81),
            [80, 1, 0]
        );
        assert_eq!(
            count(&mut sources, now, "192.0.2.1", Asks::Ending, 500),
            [500, 0, 0]
        );
        let later = now + Duration::from_secs(1);
        assert_eq!(
            count(&mut sources, later, "192.0.2.1", Asks::NewCall, 11),
            [10, 1, 0]
        );
    }

    #[test]
    fn memory_is_bounded_and_known_sources_survive_while_heard() {
        let (mut sources, now) = (Sources::new(100), crate::sip::gate::tests::start());
        for number in 0..10_000_u32 {
            sources.rule(now, IpAddr::from(number.to_be_bytes()), RATE, Asks::Request);
            assert!(sources.known() <= 100);
            if number % 20 == 0 {
                count(&mut sources, now, "192.0.2.1", Asks::Request, 1);
            }
        }
        assert_eq!(
            count(&mut sources, now, "192.0.2.1", Asks::Request, 1),
            [0, 1, 0]
        );
    }

    #[test]
    fn neighbours_in_one_ipv6_network_share_a_rate() {
        let (mut sources, now) = (Sources::new(100), crate::sip::gate::tests::start());
        assert_eq!(
            count(&mut sources, now, "2001:db8::1", Asks::Request, 100),
            [100, 0, 0]
        );
        assert_eq!(
            count(&mut sources, now, "2001:db8::2", Asks::Request, 1),
            [0, 1, 0]
        );
        assert_eq!(
            count(&mut sources, now, "2001:db8:0:1::1", Asks::Request, 1),
            [1, 0, 0]
        );
    }

    #[test]
    fn one_line_a_minute_for_each_source_and_reason() {
        let (mut sources, now) = (Sources::new(100), crate::sip::gate::tests::start());
        let source = "192.0.2.1".parse().unwrap();
        assert!(sources.is_line_due(now, source, RATE, Reason::Forbidden));
        assert!(!sources.is_line_due(
            now + Duration::from_secs(59),
            source,
            RATE,
            Reason::Forbidden
        ));
        assert!(sources.is_line_due(now, source, RATE, Reason::NotSip));
        assert!(sources.is_line_due(
            now + Duration::from_secs(60),
            source,
            RATE,
            Reason::Forbidden
        ));
    }
}
