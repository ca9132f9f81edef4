//! Our end of one call's sound, as a pure state machine: packets, commands and ticks go in, packets
//! and events come out. It owns no socket and no clock.

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use rtp_rs::{RtpPacketBuilder, RtpReader};

use crate::line::{
    HangUpCause, Key, LineCommand, LineEvent, PlayId, RecordingLimits, TakeEnd, Tape,
    TransferOutcome,
};

use super::codec::{Codec, SampleClock};
use super::jitter_buffer::{FRAME, JitterBuffer};
use super::payload::Payload;
use super::plan::{LegIdentity, LegPlan};
use super::player::Player;
use super::recorder::{Recorder, Wish};
use super::rtcp::{Reception, Reports, Sent};
use super::source::Source;
use super::speech_edges::SpeechEdges;
use super::statistics::LegStatistics;
use super::telephone_event::TelephoneEvents;
use super::tone_detector::ToneDetector;

/// Keys that may wait in the leg when the line is full; the next one is dropped.
const KEYS_WAITING: usize = 16;

/// When so many events wait in the leg, no beginning of a segment is added: the end of the play will
/// have to tell it.
const BEGINNINGS_WAITING: usize = 3 * KEYS_WAITING;
/// A hang-up waits so many ticks for words that are still to be spoken.
const WORDS_AWAITED: u32 = 500;
/// Another synchronisation source takes over at once after so much silence of the one before.
const SILENT_SOURCE: Duration = Duration::from_millis(100);

/// Our end of one call's sound.
#[derive(Debug)]
pub struct Leg {
    identity: LegIdentity,
    began: Option<Instant>,
    no_media_timeout: Duration,
    plan: Option<LegPlan>,
    source: Option<Source>,
    /// When the far end was heard last, and whether it was heard since the plan changed.
    heard_at: Instant,
    heard_since_change: bool,

    sequence: u16,
    timestamp: u32,
    marker: bool,
    payload: Payload,
    sent: Sent,
    player: Player,

    reception: Option<Reception>,
    /// Tells the times of its packets in samples.
    clock: SampleClock,
    newcomer: Option<(u32, u16)>,
    telephone_events: TelephoneEvents,
    half_heard: bool,
    jitter_buffer: Option<JitterBuffer>,
    tones: Option<Box<ToneDetector>>,
    recorder: Option<Box<Recorder>>,
    edges: SpeechEdges,
    reports: Reports,

    events: VecDeque<LineEvent>,
    hanging_up: bool,
    ended: Option<(HangUpCause, Instant)>,
    now: Instant,
    /// What earlier sources of this leg add to the figures.
    before: LegStatistics,
}

impl Leg {
    /// A leg that has not agreed on anything yet: it is silent and deaf until it gets a plan.
    pub fn new(now: Instant, identity: LegIdentity, no_media_timeout: Duration) -> Leg {
        Leg {
            identity,
            began: None,
            no_media_timeout,
            plan: None,
            source: None,
            heard_at: now,
            heard_since_change: false,
            sequence: identity.first_sequence,
            timestamp: identity.first_timestamp,
            marker: true,
            payload: Payload::new(Codec::PCMU),
            sent: Sent::default(),
            player: Player::default(),
            reception: None,
            clock: SampleClock::default(),
            newcomer: None,
            telephone_events: TelephoneEvents::new(),
            half_heard: false,
            jitter_buffer: None,
            tones: None,
            recorder: None,
            edges: SpeechEdges::default(),
            reports: Reports::new(now, identity.ssrc, identity.random, identity.clock),
            events: VecDeque::new(),
            hanging_up: false,
            ended: None,
            now,
            before: LegStatistics::default(),
        }
    }

    /// What makes this leg's stream its own.
    pub fn identity(&self) -> LegIdentity {
        self.identity
    }

    /// Takes what an offer and its answer agreed on, the first time and at every change.
    pub fn set_plan(&mut self, now: Instant, plan: LegPlan) {
        self.now = now;
        self.began.get_or_insert(now);
        self.heard_at = now;
        self.heard_since_change = false;
        match (&mut self.source, self.plan) {
            (Some(source), Some(before)) if before.behind_nat == plan.behind_nat => {
                source.change(now, plan.remote, plan.behind_nat);
            }
            (source, _) => *source = Some(Source::new(now, plan.remote, plan.behind_nat)),
        }
        let before = self.plan.replace(plan);
        if self.payload.codec() != plan.codec {
            self.payload = Payload::new(plan.codec);
            self.clock = SampleClock::default();
            self.reports.set_clock(plan.codec.ticks_for_a_sample());
            if let Some(buffer) = &mut self.jitter_buffer {
                buffer.restart(plan.codec);
            }
        }
        if before.is_some_and(|before| before.remote != plan.remote) {
            self.reports.forget();
        }
        // Named events have priority: once agreed on, tones in the sound are only sound.
        match (plan.telephone_event, &self.tones) {
            (Some(_), _) => self.tones = None,
            (None, None) => self.tones = Some(Box::default()),
            (None, Some(_)) => {}
        }
        self.listen_or_rest();
    }

    /// Takes an RTP packet.
    pub fn on_packet(&mut self, now: Instant, from: SocketAddr, packet: &[u8]) {
        self.now = now;
        let (Some(plan), Some(source), None) = (self.plan, &mut self.source, self.ended) else {
            return;
        };
        let Ok(rtp) = RtpReader::new(packet) else {
            self.before.packets_refused += 1;
            return;
        };
        let sequence = u16::from(rtp.sequence_number());
        if !source.accepts(now, from, rtp.ssrc(), sequence) {
            self.before.packets_refused += 1;
            return;
        }
        let silent_for = now.saturating_duration_since(self.heard_at);
        self.heard_at = now;
        self.heard_since_change = true;
        if !plan.receive || !self.is_known_source(now, rtp.ssrc(), sequence, silent_for) {
            return;
        }
        let Some(reception) = &mut self.reception else {
            return;
        };
        let newest = reception.on_packet(sequence);
        if plan.telephone_event == Some(rtp.payload_type()) {
            self.on_telephone_event(plan.codec, sequence, &rtp);
        } else if plan.payload_type == rtp.payload_type() {
            let ticks = plan.codec.ticks_for_a_sample();
            let time = self.clock.samples(rtp.timestamp(), ticks);
            if newest {
                reception.measure(now, time);
            }
            if let Some(buffer) = &mut self.jitter_buffer {
                buffer.insert(time, rtp.payload(), newest);
            }
        }
    }

    /// Takes an RTCP packet.
    pub fn on_rtcp(&mut self, now: Instant, from: SocketAddr, packet: &[u8]) {
        self.now = now;
        let (Some(plan), Some(source), None) = (self.plan, &mut self.source, self.ended) else {
            return;
        };
        if !source.accepts_control(now, from, plan.remote_rtcp) {
            self.before.packets_refused += 1;
            return;
        }
        // A telephone that sends no sound while it is muted still tells that it is there.
        self.heard_at = now;
        let far_ssrc = self.reception.as_ref().map(Reception::ssrc);
        self.reports.on_packet(now, from, packet, far_ssrc);
    }

    /// Does what the conversation asks.
    pub fn on_command(&mut self, command: LineCommand) {
        if self.ended.is_some() {
            return;
        }
        match command {
            LineCommand::Play(id, segments) => self.player.play(id, segments),
            LineCommand::Continue(id, segments) => self.player.continue_with(id, segments),
            LineCommand::Skip(skip) => self.player.skip(skip),
            LineCommand::PauseOrResume => self.player.pause_or_resume(),
            LineCommand::SetPace(pace) => self.player.set_pace(pace),
            LineCommand::StopPlaying => {
                self.player.stop();
                // Sound that waits for its packet to be full is not heard either.
                self.payload.silence();
            }
            LineCommand::Record(tape, limits) => self.record(tape, *limits),
            LineCommand::StopRecording => self.end_recording(TakeEnd::Stopped),
            // Speech has heard this already.
            LineCommand::Listen(_) | LineCommand::StopListening => {}
            // Signalling takes transfers out of the line before they come here.
            LineCommand::Transfer(_) => {
                self.events
                    .push_back(LineEvent::TransferEnded(TransferOutcome::Failed));
            }
            LineCommand::HangUp => {
                self.player.resume();
                self.hanging_up = true;
            }
        }
    }

    /// A key that came another way than by RTP (SIP INFO).
    pub fn press(&mut self, key: Key) {
        if self.ended.is_none() {
            press(&mut self.events, &mut self.before, key);
        }
    }

    /// The call is over: the recording ends, then the line.
    pub fn end(&mut self, cause: HangUpCause) {
        if self.ended.is_some() {
            return;
        }
        self.hear_what_waits();
        self.end_recording(TakeEnd::HungUp);
        self.player.stop();
        self.tones = None;
        self.listen_or_rest();
        self.events.push_back(LineEvent::HungUp(cause));
        self.ended = Some((cause, self.now));
    }

    /// How often this leg must be ticked: each 10 or 20 ms.
    pub fn tick(&self) -> Duration {
        let samples = self.plan.map_or(FRAME, |plan| plan.tick_samples());
        Duration::from_millis(samples as u64 / 8)
    }

    /// Time goes on by one [`Leg::tick`]. Fills `packet` with what is to be sent now; it is empty
    /// when there is nothing.
    pub fn on_tick(&mut self, now: Instant, packet: &mut Vec<u8>) {
        packet.clear();
        self.now = now;
        if self.ended.is_some() {
            return;
        }
        let Some(plan) = self.plan else {
            if self.hanging_up {
                self.end(HangUpCause::Ringback);
            }
            return;
        };
        self.speak(&plan, packet);
        // What is heard goes in frames of 20 ms, whatever the packets of ours.
        self.half_heard = plan.tick_samples() < FRAME && !self.half_heard;
        if !self.half_heard && self.jitter_buffer.is_some() {
            self.hear();
        }
        let both_ways = plan.send && plan.receive;
        if both_ways && now.saturating_duration_since(self.heard_at) >= self.no_media_timeout {
            self.end(HangUpCause::NoMedia);
        }
        let said_all = !self.player.is_playing() || self.player.waiting() > WORDS_AWAITED;
        if self.hanging_up && said_all {
            self.end(HangUpCause::Ringback);
        }
    }

    /// The next thing that the conversation must learn.
    pub fn next_event(&mut self) -> Option<LineEvent> {
        self.events.pop_front()
    }

    /// Whether there is an event to fetch.
    pub fn has_event(&self) -> bool {
        !self.events.is_empty()
    }

    /// Whether all that there is to fetch is the beginning of a segment, which has time.
    pub(super) fn has_only_a_beginning(&self) -> bool {
        self.events.len() == 1 && matches!(self.events.front(), Some(LineEvent::Began(..)))
    }

    /// Why the leg is over, once it is.
    pub fn ended(&self) -> Option<HangUpCause> {
        self.ended.map(|(cause, _)| cause)
    }

    /// Where packets go.
    pub fn destination(&self) -> Option<SocketAddr> {
        self.source.as_ref().map(Source::destination)
    }

    /// The one source of this leg, once it was heard and no other can take its place: the socket
    /// may be connected to it.
    pub fn settled_source(&self) -> Option<SocketAddr> {
        let source = self.source.as_ref().filter(|_| self.heard_since_change)?;
        source.locked()
    }

    /// Where control packets go.
    pub fn rtcp_destination(&self) -> Option<SocketAddr> {
        let plan = self.plan?;
        let destination = self.destination()?;
        if destination == plan.remote {
            return Some(plan.remote_rtcp);
        }
        // Behind a NAT: where its own come from, or else the port beside its sound.
        self.reports.answer_to().or_else(|| {
            let port = destination.port().checked_add(1)?;
            Some(SocketAddr::new(destination.ip(), port))
        })
    }

    /// Writes a control packet when one is due; `packet` is empty when none is.
    pub fn write_rtcp(&mut self, now: Instant, packet: &mut Vec<u8>) {
        packet.clear();
        if self.plan.is_some() && self.ended.is_none() && self.reports.due(now) {
            self.sent.timestamp = self.timestamp;
            self.reports
                .write(now, self.sent, self.reception.as_mut(), packet);
        }
    }

    /// Writes the last control packet of the leg, which says goodbye.
    pub fn write_goodbye(&mut self, packet: &mut Vec<u8>) {
        packet.clear();
        if self.plan.is_some() {
            self.sent.timestamp = self.timestamp;
            self.reports
                .write_bye(self.now, self.sent, self.reception.as_mut(), packet);
        }
    }

    /// The figures so far.
    pub fn statistics(&self) -> LegStatistics {
        let mut figures = self.before;
        figures.codec = self.plan.map(|plan| plan.codec);
        figures.packets_sent = u64::from(self.sent.packets);
        if let Some(reception) = &self.reception {
            figures.packets_received += u64::from(reception.received());
            figures.packets_lost += u64::from(reception.lost());
            figures.jitter = Duration::from_micros(u64::from(reception.jitter()) * 125);
        }
        if let Some(buffer) = &self.jitter_buffer {
            figures.samples_late += buffer.late();
        }
        figures.round_trip = self.reports.round_trip();
        let until = self.ended.map_or(self.now, |(_, at)| at);
        figures.duration = self.began.map_or(Duration::ZERO, |began| {
            until.saturating_duration_since(began)
        });
        figures
    }

    /// Whether packets of this synchronisation source are heard. Another one takes over when the
    /// one before has fallen silent, or with its second packet in sequence: two that speak at the
    /// same time must not tear the buffer to and fro.
    fn is_known_source(
        &mut self,
        now: Instant,
        ssrc: u32,
        sequence: u16,
        silent_for: Duration,
    ) -> bool {
        match &self.reception {
            Some(reception) if reception.ssrc() == ssrc => {
                self.newcomer = None;
                return true;
            }
            Some(reception) => {
                let expected = self.newcomer.replace((ssrc, sequence.wrapping_add(1)));
                if expected != Some((ssrc, sequence)) && silent_for < SILENT_SOURCE {
                    return false;
                }
                self.before.packets_received += u64::from(reception.received());
                self.before.packets_lost += u64::from(reception.lost());
            }
            None => {}
        }
        self.newcomer = None;
        self.reception = Some(Reception::new(now, ssrc, sequence));
        self.clock = SampleClock::default();
        self.telephone_events.forget();
        if let (Some(buffer), Some(plan)) = (&mut self.jitter_buffer, self.plan) {
            buffer.restart(plan.codec);
        }
        true
    }

    fn on_telephone_event(&mut self, codec: Codec, sequence: u16, rtp: &RtpReader<'_>) {
        let playing = self.jitter_buffer.as_ref().and_then(JitterBuffer::next);
        // Events count in the clock of the sound beside them (RFC 4733 section 2.1).
        let ticks = codec.ticks_for_a_sample();
        let Leg {
            clock,
            telephone_events,
            recorder,
            events,
            before,
            ..
        } = self;
        telephone_events.on_packet(
            sequence,
            rtp.timestamp(),
            rtp.mark(),
            rtp.payload(),
            |heard| {
                if let Some(recorder) = recorder {
                    let position = recorder.position() as i64;
                    let from = clock.samples(heard.from, ticks);
                    let ahead = playing.map_or(0, |next| from.wrapping_sub(next) as i32);
                    // The clock of events should be that of the sound; if it is not, a key is now.
                    let ahead = if ahead.abs() < 80_000 { ahead } else { 0 };
                    let from = position + i64::from(ahead);
                    let mut until = from + i64::from(u32::from(heard.duration) / ticks);
                    if !heard.end {
                        // Until the next packet tells more.
                        until += FRAME as i64;
                    }
                    recorder.cut_out(from, until);
                }
                if let Some(key) = heard.key {
                    press(events, before, key);
                }
            },
        );
    }

    fn speak(&mut self, plan: &LegPlan, packet: &mut Vec<u8>) {
        self.payload.fill(&mut self.player, plan.tick_samples());
        if let Some((id, segment)) = self.player.take_began() {
            tell_began(&mut self.events, id, segment);
        }
        if let Some(id) = self.player.take_ended() {
            self.events.push_back(LineEvent::PlayEnded(id));
        }
        let samples = self.payload.length();
        if samples < plan.packet_samples() {
            return;
        }
        if plan.send {
            let payload = self.payload.bytes();
            let rtp = RtpPacketBuilder::new()
                .payload_type(plan.payload_type)
                .marked(self.marker)
                .sequence(self.sequence.into())
                .ssrc(self.identity.ssrc)
                .timestamp(self.timestamp)
                .payload(payload);
            packet.resize(rtp.target_length(), 0);
            match rtp.build_into(packet) {
                Ok(length) => packet.truncate(length),
                Err(error) => {
                    tracing::error!(?error, "an RTP packet could not be built");
                    packet.clear();
                }
            }
            self.marker = false;
            self.sequence = self.sequence.wrapping_add(1);
            self.sent.packets = self.sent.packets.wrapping_add(1);
            self.sent.octets = self.sent.octets.wrapping_add(payload.len() as u32);
        } else {
            // The first packet after a hold begins a new spurt (RFC 3551 section 4.1).
            self.marker = true;
        }
        let ticks = samples as u32 * plan.codec.ticks_for_a_sample();
        self.timestamp = self.timestamp.wrapping_add(ticks);
        self.payload.clear();
    }

    fn hear(&mut self) {
        let Some(buffer) = &mut self.jitter_buffer else {
            return;
        };
        let mut frame = [0; FRAME];
        buffer.play(&mut frame);
        if let Some(tones) = &mut self.tones {
            let Leg {
                recorder,
                events,
                before,
                ..
            } = self;
            tones.listen(&frame, |tone| {
                if let Some(recorder) = recorder {
                    let until = (recorder.position() + FRAME as u64) as i64;
                    recorder.cut_out(until - tone.began_ago as i64, until);
                }
                if let Some(key) = tone.key {
                    press(events, before, key);
                }
            });
        }
        let Some(recorder) = &mut self.recorder else {
            return;
        };
        match recorder.frame(&frame, &mut self.edges) {
            Wish::More => {}
            Wish::Warning => self.player.warn(),
            Wish::End(end) => self.end_recording(end),
        }
    }

    /// What had arrived before the caller hung up belongs to the message.
    fn hear_what_waits(&mut self) {
        while self.recorder.is_some()
            && self
                .jitter_buffer
                .as_ref()
                .is_some_and(JitterBuffer::holds_sound)
        {
            self.hear();
        }
    }

    fn record(&mut self, tape: Tape, limits: RecordingLimits) {
        self.end_recording(TakeEnd::Stopped);
        self.recorder = Some(Box::new(Recorder::new(tape, limits)));
        self.listen_or_rest();
    }

    fn end_recording(&mut self, end: TakeEnd) {
        if let Some(recorder) = self.recorder.take() {
            let take = recorder.finish(end, &mut self.edges);
            self.edges.rest();
            self.events
                .push_back(LineEvent::RecordEnded(Box::new(take)));
        }
        self.listen_or_rest();
    }

    /// Sound is decoded only while somebody listens.
    fn listen_or_rest(&mut self) {
        if self.recorder.is_none() && self.tones.is_none() {
            if let Some(buffer) = self.jitter_buffer.take() {
                self.before.samples_late += buffer.late();
            }
        } else if self.jitter_buffer.is_none()
            && let Some(plan) = self.plan
        {
            let jitter = self.reception.as_ref().map_or(0, Reception::jitter);
            self.jitter_buffer = Some(JitterBuffer::new(plan.codec, jitter));
        }
    }
}

/// Puts the beginning of a segment after what waits. One that waits at the end says less and gives way.
fn tell_began(events: &mut VecDeque<LineEvent>, id: PlayId, segment: usize) {
    if let Some(LineEvent::Began(last, earlier)) = events.back_mut()
        && *last == id
    {
        *earlier = segment;
    } else if events.len() < BEGINNINGS_WAITING {
        events.push_back(LineEvent::Began(id, segment));
    }
}

fn press(events: &mut VecDeque<LineEvent>, figures: &mut LegStatistics, key: Key) {
    let is_beginning = |event: &&LineEvent| matches!(event, LineEvent::Began(..));
    if events.len() - events.iter().filter(is_beginning).count() < KEYS_WAITING {
        figures.keys += 1;
        events.push_back(LineEvent::Key(key));
    } else {
        figures.keys_dropped += 1;
    }
}

#[cfg(test)]
mod tests;
