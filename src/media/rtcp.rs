//! RTCP (RFC 3550 section 6): what we tell the far end about its sound and ours, and what it tells
//! us. The statistics of a call record come from here.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use rtcp_types::{
    Bye, Compound, Packet, ReceiverReport, ReportBlock, ReportBlockBuilder, RtcpPacketWriterExt,
    Sdes, SdesChunk, SdesItem, SenderReport,
};

/// How often reports are sent on average.
const INTERVAL: Duration = Duration::from_secs(5);
/// Room for a compound report: sender report, one block, CNAME.
const REPORT_ROOM: usize = 256;

/// Relates the monotonic clock to NTP time, so that pure code can stamp a sender report.
#[derive(Clone, Copy, Debug)]
pub struct NtpClock {
    /// A moment of the monotonic clock.
    pub instant: Instant,
    /// The same moment as a 64 bit NTP timestamp.
    pub ntp: u64,
}

impl NtpClock {
    fn at(self, now: Instant) -> u64 {
        self.ntp
            .wrapping_add(fixed_point(now.saturating_duration_since(self.instant)))
    }
}

/// Seconds in 32.32 fixed point.
fn fixed_point(time: Duration) -> u64 {
    (time.as_secs() << 32) + (u64::from(time.subsec_nanos()) << 32) / 1_000_000_000
}

/// The middle 32 bits of an NTP timestamp, as reports carry it.
fn middle(ntp: u64) -> u32 {
    (ntp >> 16) as u32
}

/// What was received of one synchronisation source (RFC 3550 appendix A).
#[derive(Debug)]
pub(super) struct Reception {
    ssrc: u32,
    first: u32,
    highest: u32,
    received: u32,
    expected_before: u32,
    received_before: u32,
    transit: Option<u32>,
    /// Sixteen times the jitter, in samples.
    jitter: u32,
    began: Instant,
}

impl Reception {
    /// The source whose first packet has this sequence number.
    pub(super) fn new(now: Instant, ssrc: u32, sequence: u16) -> Reception {
        Reception {
            ssrc,
            first: u32::from(sequence),
            highest: u32::from(sequence),
            received: 0,
            expected_before: 0,
            received_before: 0,
            transit: None,
            jitter: 0,
            began: now,
        }
    }

    /// Which source it is.
    pub(super) fn ssrc(&self) -> u32 {
        self.ssrc
    }

    /// Counts a packet. True when it is newer than all before it.
    pub(super) fn on_packet(&mut self, sequence: u16) -> bool {
        self.received += 1;
        let ahead = sequence.wrapping_sub(self.highest as u16);
        if self.received == 1 {
            return true;
        }
        if ahead == 0 || ahead >= 0x8000 {
            return false;
        }
        self.highest = self.highest.wrapping_add(u32::from(ahead));
        true
    }

    /// Measures the jitter with a packet of sound (RFC 3550 appendix A.8). Events do not take part:
    /// all packets of one event share their timestamp.
    pub(super) fn measure(&mut self, now: Instant, timestamp: u32) {
        let arrival = now.saturating_duration_since(self.began).as_micros() as u64 * 8 / 1_000;
        let transit = (arrival as u32).wrapping_sub(timestamp);
        if let Some(before) = self.transit.replace(transit) {
            // A leap of the sender's clock is no jitter.
            let change = (transit.wrapping_sub(before) as i32)
                .unsigned_abs()
                .min(8_000);
            self.jitter = self.jitter + change - ((self.jitter + 8) >> 4);
        }
    }

    /// How many packets should have come.
    pub(super) fn expected(&self) -> u32 {
        if self.received == 0 {
            0
        } else {
            self.highest.wrapping_sub(self.first).wrapping_add(1)
        }
    }

    /// How many of them came, doubles included.
    pub(super) fn received(&self) -> u32 {
        self.received
    }

    /// How many never came.
    pub(super) fn lost(&self) -> u32 {
        self.expected().saturating_sub(self.received)
    }

    /// The jitter, in samples.
    pub(super) fn jitter(&self) -> u32 {
        self.jitter >> 4
    }

    /// `ticks_for_a_sample`: reports count in the RTP clock of the source.
    fn report(&mut self, ticks_for_a_sample: u32) -> ReportBlockBuilder {
        let expected = self.expected();
        let expected_now = expected.wrapping_sub(self.expected_before);
        let received_now = self.received.wrapping_sub(self.received_before);
        self.expected_before = expected;
        self.received_before = self.received;
        let lost_now = expected_now.saturating_sub(received_now);
        let fraction = (u64::from(lost_now) * 256)
            .checked_div(u64::from(expected_now))
            .unwrap_or(0);
        ReportBlock::builder(self.ssrc)
            .fraction_lost(fraction.min(255) as u8)
            .cumulative_lost(self.lost().min(0x7F_FFFF))
            .extended_sequence_number(self.highest)
            .interarrival_jitter(self.jitter().saturating_mul(ticks_for_a_sample))
    }
}

/// What was sent, for sender reports.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Sent {
    /// Packets.
    pub(super) packets: u32,
    /// Payload bytes.
    pub(super) octets: u32,
    /// The RTP timestamp that belongs to now.
    pub(super) timestamp: u32,
}

/// Our half of the RTCP talk of one leg.
#[derive(Debug)]
pub(super) struct Reports {
    ssrc: u32,
    cname: String,
    clock: NtpClock,
    ticks_for_a_sample: u32,
    next: Instant,
    sent_before: u32,
    random: u64,
    last_sender_report: Option<(u32, Instant)>,
    round_trip: Option<Duration>,
    answer_to: Option<SocketAddr>,
}

impl Reports {
    /// The reports of the source `ssrc`. `random` spreads them, so that calls that began together
    /// do not report together.
    pub(super) fn new(now: Instant, ssrc: u32, random: u64, clock: NtpClock) -> Reports {
        let mut reports = Reports {
            ssrc,
            // Random for each call (RFC 7022 section 4.2), so that calls cannot be linked by it.
            cname: format!("{random:016x}"),
            clock,
            ticks_for_a_sample: 1,
            next: now,
            sent_before: 0,
            random: random | 1,
            last_sender_report: None,
            round_trip: None,
            answer_to: None,
        };
        reports.next = now + reports.interval() / 2;
        reports
    }

    /// Half to one and a half of the usual interval (RFC 3550 section 6.2).
    fn interval(&mut self) -> Duration {
        self.random ^= self.random << 13;
        self.random ^= self.random >> 7;
        self.random ^= self.random << 17;
        INTERVAL / 2 + INTERVAL.mul_f64((self.random >> 40) as f64 / (1_u64 << 24) as f64)
    }

    /// How long a packet takes to the far end and back, when it told us enough to know.
    pub(super) fn round_trip(&self) -> Option<Duration> {
        self.round_trip
    }

    /// Where the far end's control packets really come from.
    pub(super) fn answer_to(&self) -> Option<SocketAddr> {
        self.answer_to
    }

    /// How many ticks of the RTP clock a sample is from now on.
    pub(super) fn set_clock(&mut self, ticks_for_a_sample: u32) {
        self.ticks_for_a_sample = ticks_for_a_sample;
    }

    /// Another far end speaks now.
    pub(super) fn forget(&mut self) {
        self.last_sender_report = None;
        self.answer_to = None;
    }

    /// Whether a report is due.
    pub(super) fn due(&self, now: Instant) -> bool {
        now >= self.next
    }

    /// Writes the report of now into `packet`, which stays empty when nothing can be said.
    pub(super) fn write(
        &mut self,
        now: Instant,
        sent: Sent,
        reception: Option<&mut Reception>,
        packet: &mut Vec<u8>,
    ) {
        self.next = now + self.interval();
        self.compose(now, sent, reception, false, packet);
    }

    /// Writes the last packet of a leg: a report with a BYE.
    pub(super) fn write_bye(
        &mut self,
        now: Instant,
        sent: Sent,
        reception: Option<&mut Reception>,
        packet: &mut Vec<u8>,
    ) {
        self.compose(now, sent, reception, true, packet);
    }

    fn compose(
        &mut self,
        now: Instant,
        sent: Sent,
        reception: Option<&mut Reception>,
        bye: bool,
        packet: &mut Vec<u8>,
    ) {
        let block = reception.map(|reception| {
            let block = reception.report(self.ticks_for_a_sample);
            match self.last_sender_report {
                Some((timestamp, at)) => block
                    .last_sender_report_timestamp(timestamp)
                    .delay_since_last_sender_report_timestamp(
                        (fixed_point(now.saturating_duration_since(at)) >> 16) as u32,
                    ),
                None => block,
            }
        });
        let mut compound = Compound::builder();
        if sent.packets == self.sent_before {
            let report = ReceiverReport::builder(self.ssrc);
            compound = compound.add_packet(match block {
                Some(block) => report.add_report_block(block),
                None => report,
            });
        } else {
            let report = SenderReport::builder(self.ssrc)
                .ntp_timestamp(self.clock.at(now))
                .rtp_timestamp(sent.timestamp)
                .packet_count(sent.packets)
                .octet_count(sent.octets);
            compound = compound.add_packet(match block {
                Some(block) => report.add_report_block(block),
                None => report,
            });
        }
        self.sent_before = sent.packets;
        let name = SdesItem::builder(SdesItem::CNAME, &self.cname);
        let chunk = SdesChunk::builder(self.ssrc).add_item(name);
        compound = compound.add_packet(Sdes::builder().add_chunk(chunk));
        if bye {
            compound = compound.add_packet(Bye::builder().add_source(self.ssrc));
        }
        packet.clear();
        packet.resize(REPORT_ROOM, 0);
        let length = compound.write_into(packet).unwrap_or_default();
        packet.truncate(length);
    }

    /// Takes a control packet from the far end; what cannot be read changes nothing.
    pub(super) fn on_packet(
        &mut self,
        now: Instant,
        source: SocketAddr,
        packet: &[u8],
        far_ssrc: Option<u32>,
    ) {
        let Some(report) = FarReport::parse(packet, self.ssrc) else {
            return;
        };
        self.answer_to = Some(source);
        if let Some((ssrc, ntp)) = report.sender
            && far_ssrc.is_none_or(|far| far == ssrc)
        {
            self.last_sender_report = Some((middle(ntp), now));
        }
        if let Some((last, delay)) = report.about_us
            && last != 0
        {
            let trip = middle(self.clock.at(now))
                .wrapping_sub(last)
                .wrapping_sub(delay);
            // A trip of more than ten seconds is a clock that was set, or a lie.
            if trip < 10 << 16 {
                self.round_trip = Some(Duration::from_micros((u64::from(trip) * 1_000_000) >> 16));
            }
        }
    }
}

/// What we use of a control packet.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct FarReport {
    /// The sender of a sender report and its NTP time.
    pub sender: Option<(u32, u64)>,
    /// From the block about us: which report of ours it saw last, and how long ago.
    pub about_us: Option<(u32, u32)>,
}

impl FarReport {
    /// Reads a compound packet; `None` when it is not one.
    pub fn parse(packet: &[u8], our_ssrc: u32) -> Option<FarReport> {
        // The crate reads the version of the first packet only; a packet of four bytes at least.
        let compound = Compound::parse(packet).ok()?;
        let mut report = FarReport::default();
        for part in compound {
            match part {
                Ok(Packet::Sr(sender)) => {
                    report.sender = Some((sender.ssrc(), sender.ntp_timestamp()));
                    report.take(sender.report_blocks(), our_ssrc);
                }
                Ok(Packet::Rr(receiver)) => report.take(receiver.report_blocks(), our_ssrc),
                Ok(_) => {}
                Err(_) => return None,
            }
        }
        Some(report)
    }

    fn take<'a>(&mut self, blocks: impl Iterator<Item = ReportBlock<'a>>, our_ssrc: u32) {
        for block in blocks {
            if block.ssrc() == our_ssrc {
                self.about_us = Some((
                    block.last_sender_report_timestamp(),
                    block.delay_since_last_sender_report_timestamp(),
                ));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn clock() -> NtpClock {
        NtpClock {
            instant: crate::media::test_clock(),
            ntp: 0xE5A0_0000_8000_0000,
        }
    }

    #[test]
    fn losses_doubles_and_wraparound_are_counted() {
        let mut reception = Reception::new(clock().instant, 7, 65_530);
        assert!(reception.on_packet(65_530));
        for sequence in [65_531, 65_532, 65_534, 65_535, 0, 1, 3] {
            assert!(reception.on_packet(sequence));
        }
        assert!(!reception.on_packet(65_531));
        assert_eq!(reception.expected(), 10);
        assert_eq!(reception.received(), 9);
        assert_eq!(reception.lost(), 1);
    }

    #[test]
    fn a_steady_stream_has_no_jitter_and_a_shaky_one_has() {
        let start = clock().instant;
        let mut steady = Reception::new(start, 7, 0);
        let mut shaky = Reception::new(start, 7, 0);
        for packet in 0..200_u32 {
            let at = start + Duration::from_millis(20) * packet;
            let late = Duration::from_millis(u64::from(packet % 2) * 10);
            steady.measure(at, packet * 160);
            shaky.measure(at + late, packet * 160);
        }
        assert!(steady.jitter() <= 1, "{}", steady.jitter());
        assert!((70..=85).contains(&shaky.jitter()), "{}", shaky.jitter());
    }

    #[test]
    fn reports_are_read_back_and_give_the_round_trip() {
        let clock = clock();
        let start = clock.instant;
        let mut ours = Reports::new(start, 0x1111, 42, clock);
        let mut theirs = Reports::new(start, 0x2222, 43, clock);
        let here: SocketAddr = "192.0.2.1:5".parse().unwrap();
        let mut packet = Vec::new();
        let sent = Sent {
            packets: 10,
            octets: 1_600,
            timestamp: 5,
        };
        ours.write(start, sent, None, &mut packet);
        theirs.on_packet(start + Duration::from_millis(30), here, &packet, None);
        let mut heard = Reception::new(start, 0x1111, 1);
        heard.on_packet(1);
        theirs.write(
            start + Duration::from_millis(530),
            sent,
            Some(&mut heard),
            &mut packet,
        );
        ours.on_packet(start + Duration::from_millis(560), here, &packet, None);
        let trip = ours.round_trip().unwrap();
        assert!(
            trip.abs_diff(Duration::from_millis(60)) < Duration::from_millis(1),
            "{trip:?}"
        );
        assert_eq!(ours.answer_to(), Some(here));
    }

    #[test]
    fn a_goodbye_has_report_name_and_bye() {
        let clock = clock();
        let mut reports = Reports::new(clock.instant, 9, 1, clock);
        let mut packet = Vec::new();
        reports.write_bye(clock.instant, Sent::default(), None, &mut packet);
        let kinds: Vec<_> = Compound::parse(&packet)
            .unwrap()
            .map(|part| part.unwrap())
            .collect();
        assert!(
            matches!(kinds[..], [Packet::Rr(_), Packet::Sdes(_), Packet::Bye(_)]),
            "{kinds:?}"
        );
    }

    #[test]
    fn reports_come_every_five_seconds_but_not_in_step() {
        let clock = clock();
        let mut reports = Reports::new(clock.instant, 9, 77, clock);
        let mut total = Duration::ZERO;
        for _ in 0..1_000 {
            let interval = reports.interval();
            assert!(interval >= INTERVAL / 2 && interval <= INTERVAL * 3 / 2);
            total += interval;
        }
        let mean = total / 1_000;
        assert!(mean.abs_diff(INTERVAL) < INTERVAL / 20, "{mean:?}");
    }
}
