//! Whose packets count: the address that the signalling gave, or, behind a NAT, the one source
//! that proves itself in time. Packets from anywhere else change nothing.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

/// How long a source behind a NAT may be learnt after an answer.
pub(super) const LEARN_WITHIN: Duration = Duration::from_millis(1_500);
/// How many packets in sequence, of one synchronisation source, prove a source.
pub(super) const PROOF: u8 = 5;
/// How many strangers are watched at a time while learning.
const CANDIDATES: usize = 4;

#[derive(Clone, Copy, Debug)]
struct Candidate {
    address: SocketAddr,
    ssrc: u32,
    expected: u16,
    proof: u8,
}

/// The one source whose packets a leg hears.
#[derive(Debug)]
pub(super) struct Source {
    signalled: SocketAddr,
    locked: Option<SocketAddr>,
    learn_until: Option<Instant>,
    candidates: Vec<Candidate>,
}

impl Source {
    /// The source of a leg that was answered `now`.
    pub(super) fn new(now: Instant, signalled: SocketAddr, behind_nat: bool) -> Source {
        Source {
            signalled,
            locked: (!behind_nat).then_some(signalled),
            learn_until: behind_nat.then(|| now + LEARN_WITHIN),
            candidates: Vec::new(),
        }
    }

    /// A new answer was agreed on. A source that was learnt stays until another one proves itself,
    /// or at once when it still speaks: holding and resuming must not open a door for long.
    pub(super) fn change(&mut self, now: Instant, signalled: SocketAddr, behind_nat: bool) {
        if !behind_nat || signalled != self.signalled {
            *self = Source::new(now, signalled, behind_nat);
        } else {
            self.candidates.clear();
            self.learn_until = Some(now + LEARN_WITHIN);
        }
    }

    /// Whether a packet from `from` counts. While learning, packets prove their source; the one
    /// that completes the proof is the first that counts.
    pub(super) fn accepts(
        &mut self,
        now: Instant,
        from: SocketAddr,
        ssrc: u32,
        sequence: u16,
    ) -> bool {
        self.settle(now);
        if self.learn_until.is_none() {
            return self.locked == Some(from);
        }
        if self.locked == Some(from) {
            self.lock(from);
            return true;
        }
        if self.proves(from, ssrc, sequence) {
            self.lock(from);
            return true;
        }
        false
    }

    /// Whether a control packet from `from` counts: only from the host whose sound counts.
    pub(super) fn accepts_control(
        &mut self,
        now: Instant,
        from: SocketAddr,
        signalled: SocketAddr,
    ) -> bool {
        self.settle(now);
        match self.locked {
            Some(locked) if locked == self.signalled => from == signalled,
            Some(locked) => from.ip() == locked.ip(),
            None => false,
        }
    }

    /// Where to send: the source, or the signalled address while none is locked.
    pub(super) fn destination(&self) -> SocketAddr {
        self.locked.unwrap_or(self.signalled)
    }

    /// The source, once no other can take its place.
    pub(super) fn locked(&self) -> Option<SocketAddr> {
        match self.learn_until {
            None => self.locked,
            Some(_) => None,
        }
    }

    /// Ends the learning when its time is over: nobody proved himself, so the signalling holds.
    fn settle(&mut self, now: Instant) {
        if self.learn_until.is_some_and(|until| now >= until) {
            self.lock(self.destination());
        }
    }

    fn lock(&mut self, address: SocketAddr) {
        self.locked = Some(address);
        self.learn_until = None;
        self.candidates = Vec::new();
    }

    fn proves(&mut self, from: SocketAddr, ssrc: u32, sequence: u16) -> bool {
        let known = self
            .candidates
            .iter_mut()
            .find(|candidate| candidate.address == from && candidate.ssrc == ssrc);
        match known {
            Some(candidate) if candidate.expected == sequence => {
                candidate.proof += 1;
                candidate.expected = sequence.wrapping_add(1);
                candidate.proof >= PROOF
            }
            Some(candidate) => {
                candidate.proof = 1;
                candidate.expected = sequence.wrapping_add(1);
                false
            }
            None => {
                if self.candidates.len() == CANDIDATES {
                    // The one with the least proof makes room, so that a spray of strangers
                    // cannot keep the true source out.
                    let weakest = self.candidates.iter().enumerate();
                    if let Some((index, _)) = weakest.min_by_key(|(_, known)| known.proof) {
                        self.candidates.swap_remove(index);
                    }
                }
                self.candidates.push(Candidate {
                    address: from,
                    ssrc,
                    expected: sequence.wrapping_add(1),
                    proof: 1,
                });
                false
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TRUE: &str = "192.0.2.1:4000";
    const OTHER: &str = "192.0.2.1:4002";
    const NATTED: &str = "198.51.100.7:61000";

    fn address(text: &str) -> SocketAddr {
        text.parse().unwrap()
    }

    fn start() -> Instant {
        crate::media::test_clock()
    }

    #[test]
    fn without_nat_only_the_signalled_address_and_port_count() {
        let now = start();
        let mut source = Source::new(now, address(TRUE), false);
        assert!(source.accepts(now, address(TRUE), 1, 1));
        for sequence in 0..50 {
            assert!(!source.accepts(now, address(OTHER), 1, sequence));
        }
        assert_eq!(source.locked(), Some(address(TRUE)));
        assert!(source.accepts_control(now, address("192.0.2.1:4001"), address("192.0.2.1:4001")));
        assert!(!source.accepts_control(now, address(OTHER), address("192.0.2.1:4001")));
    }

    #[test]
    fn behind_nat_five_packets_in_sequence_lock_the_source() {
        let now = start();
        let mut source = Source::new(now, address(TRUE), true);
        for sequence in [65_533, 65_534, 65_535, 0] {
            assert!(!source.accepts(now, address(NATTED), 9, sequence));
            assert_eq!(source.destination(), address(TRUE));
            assert_eq!(source.locked(), None);
        }
        assert!(source.accepts(now, address(NATTED), 9, 1));
        assert_eq!(source.locked(), Some(address(NATTED)));
        for sequence in 0..50 {
            assert!(!source.accepts(now, address(OTHER), 9, sequence));
        }
    }

    #[test]
    fn gaps_and_changing_sources_prove_nothing() {
        let now = start();
        let mut source = Source::new(now, address(TRUE), true);
        for round in 0..100_u16 {
            assert!(!source.accepts(now, address(NATTED), 9, round * 2));
            assert!(!source.accepts(now, address(OTHER), u32::from(round), round));
        }
        assert_eq!(source.locked(), None);
    }

    #[test]
    fn learning_ends_after_its_time_with_the_signalled_address() {
        let now = start();
        let mut source = Source::new(now, address(TRUE), true);
        let late = now + LEARN_WITHIN;
        for sequence in 0..50 {
            assert!(!source.accepts(late, address(NATTED), 9, sequence));
        }
        assert!(source.accepts(late, address(TRUE), 9, 7));
        assert_eq!(source.locked(), Some(address(TRUE)));
    }

    #[test]
    fn a_changed_answer_lets_the_speaking_source_stay() {
        let now = start();
        let mut source = Source::new(now, address(TRUE), true);
        for sequence in 0..5 {
            source.accepts(now, address(NATTED), 9, sequence);
        }
        source.change(now, address(TRUE), true);
        for sequence in 0..4 {
            assert!(!source.accepts(now, address(OTHER), 9, sequence));
        }
        assert!(source.accepts(now, address(NATTED), 9, 5));
        assert!(!source.accepts(now, address(OTHER), 9, 4));
        assert_eq!(source.locked(), Some(address(NATTED)));

        source.change(now, address(OTHER), false);
        assert!(source.accepts(now, address(OTHER), 9, 5));
        assert!(!source.accepts(now, address(NATTED), 9, 6));
    }
}
