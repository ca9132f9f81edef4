//! The pumps: threads that own the sockets and the clock of all legs.
//!
//! A pump sleeps for 2.5 ms, reads what came on any of its sockets, hands over what conversations
//! asked, and ticks the eighth of its legs whose turn it is: each leg every 20 ms, its packets
//! spread over that time. Sleeping, not waiting on the sockets, is what makes a thousand calls
//! cheap: one wake-up serves all packets that came meanwhile. A panic in one leg ends that leg.
#![expect(
    clippy::disallowed_methods,
    reason = "the pump is where the clock and the sleep of media live"
)]

use std::collections::HashMap;
use std::io;
use std::net::SocketAddr;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, TryRecvError};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, Wake, Waker};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use rand::Rng;
use rustix::buffer::spare_capacity;
use rustix::event::{Timespec, epoll};
use rustix::fd::OwnedFd;
use tokio::sync::mpsc::error::TrySendError;

use crate::line::{FarEnd, HangUpCause, LINE_QUEUE};

use super::doors::{Control, Counters, Load, Shared, Start};
use super::lateness::Lateness;
use super::leg::Leg;
use super::plan::LegIdentity;
use super::rtcp::NtpClock;
use super::slots::{self, SLOT, SLOTS};
use super::way::{STREAM, Way, stream};

/// A pump that was kept from running for longer starts its rhythm anew: a burst helps nobody.
const HOPELESSLY_LATE: Duration = Duration::from_millis(200);
/// How often the sockets are asked again in one slot before the ticks have their turn.
const READ_ROUNDS: usize = 8;
/// The niceness that a pump asks for.
const PRIORITY: i32 = -10;
/// Socket readiness is fetched in batches of this size.
const READY_AT_ONCE: usize = 256;
/// The longest packet that is of interest; more is cut and then refused.
const PACKET_MOST: usize = 2_048;
/// A leg whose conversation does not fetch its last events is given up after so many ticks.
const FAREWELL_TICKS: u32 = 3_000;
/// How often the figures of a leg are published, in ticks.
const PUBLISH_TICKS: u32 = 50;

/// Legs whose conversations have asked for something.
#[derive(Debug, Default)]
struct Calling {
    legs: Mutex<Vec<u64>>,
}

/// Wakes a leg's command queue: notes the leg, once, for the pump's next round.
struct LegWaker {
    id: u64,
    noted: AtomicBool,
    calling: Arc<Calling>,
}

impl Wake for LegWaker {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        if !self.noted.swap(true, Ordering::AcqRel) {
            let mut legs = self
                .calling
                .legs
                .lock()
                .unwrap_or_else(PoisonError::into_inner);
            legs.push(self.id);
        }
    }
}

/// A leg with everything that is not pure about it.
struct Entry {
    id: u64,
    leg: Leg,
    line: FarEnd,
    line_closed: bool,
    way: Option<Way>,
    connected: Option<SocketAddr>,
    noted: Arc<LegWaker>,
    waker: Waker,
    shared: Arc<Shared>,
    slot: usize,
    tick: Duration,
    ticks: u32,
    ticks_since_end: u32,
}

pub(super) struct Pump {
    control: Receiver<Control>,
    load: Arc<Load>,
    lateness: Lateness,
    counters: Arc<Counters>,
    no_media_timeout: Duration,
    epoll: OwnedFd,
    ready: Vec<epoll::Event>,
    entries: Vec<Option<Box<Entry>>>,
    free: Vec<usize>,
    by_id: HashMap<u64, usize>,
    slots: [Vec<usize>; SLOTS],
    next_slot: usize,
    /// Legs that are ticked each 10 ms have a second slot.
    second_slots: [Vec<usize>; SLOTS],
    calling: Arc<Calling>,
    called: Vec<u64>,
    packet: Vec<u8>,
    buffer: Vec<u8>,
    clock: NtpClock,
}

impl Pump {
    pub(super) fn new(
        control: Receiver<Control>,
        load: Arc<Load>,
        counters: Arc<Counters>,
        no_media_timeout: Duration,
        epoll: OwnedFd,
    ) -> Pump {
        Pump {
            control,
            load,
            lateness: Lateness::default(),
            counters,
            no_media_timeout,
            epoll,
            ready: Vec::with_capacity(READY_AT_ONCE),
            entries: Vec::new(),
            free: Vec::new(),
            by_id: HashMap::new(),
            slots: Default::default(),
            next_slot: 0,
            second_slots: Default::default(),
            calling: Arc::default(),
            called: Vec::new(),
            packet: Vec::with_capacity(PACKET_MOST),
            buffer: vec![0; PACKET_MOST],
            clock: ntp_clock(),
        }
    }

    pub(super) fn run(&mut self) {
        // Sound before all else, where the system lets us. Without the right to it the pump runs
        // like any other thread.
        let _ = rustix::process::setpriority_process(None, PRIORITY);
        let mut due = Instant::now();
        loop {
            if self.by_id.is_empty() {
                // Nothing to tick: sleep until somebody calls.
                self.lateness = Lateness::default();
                self.load.late_us.store(0, Ordering::Relaxed);
                match self.control.recv() {
                    Ok(control) => {
                        if !self.obey(control) {
                            return;
                        }
                    }
                    Err(_) => return,
                }
                due = Instant::now();
            }
            loop {
                match self.control.try_recv() {
                    Ok(control) => {
                        if !self.obey(control) {
                            return;
                        }
                    }
                    Err(TryRecvError::Empty) => break,
                    Err(TryRecvError::Disconnected) => return self.stop(),
                }
            }
            self.read_sockets();
            self.hear_conversations();
            let now = Instant::now();
            let late = now.saturating_duration_since(due);
            self.lateness.note(late);
            let mean = self.lateness.mean().as_micros() as u64;
            self.load.late_us.store(mean, Ordering::Relaxed);
            if late > SLOT * 4 {
                self.counters.slots_late.fetch_add(1, Ordering::Relaxed);
            }
            if late > HOPELESSLY_LATE {
                tracing::warn!(
                    late_ms = late.as_millis() as u64,
                    "a media pump was held up"
                );
                due = now;
            }
            // What was missed is made up for before more is read, so that a flood of packets
            // cannot keep a pump from sending.
            for _ in 0..SLOTS {
                if now < due {
                    break;
                }
                self.tick(self.next_slot, now);
                self.next_slot = (self.next_slot + 1) % SLOTS;
                due += SLOT;
            }
            // Never more than one, so that whoever calls or presses a key waits 5 ms at the most.
            if self.is_nobodys_turn(self.next_slot) {
                self.next_slot = (self.next_slot + 1) % SLOTS;
                due += SLOT;
            }
            let pause = due.saturating_duration_since(Instant::now());
            if !pause.is_zero() {
                std::thread::sleep(pause);
            }
        }
    }

    /// Does what the signalling asks; false when the pump is to end.
    fn obey(&mut self, control: Control) -> bool {
        match control {
            Control::Start(start) => self.start(*start),
            Control::Change(id, plan) => self.with(id, |pump, index| {
                let now = Instant::now();
                pump.guard(index, |entry| entry.leg.set_plan(now, *plan));
                pump.assign_slots(index);
                pump.settle(index);
            }),
            Control::Press(id, key) => self.with(id, |pump, index| {
                pump.guard(index, |entry| entry.leg.press(key));
            }),
            Control::Packet(id, packet) => self.with(id, |pump, index| {
                let now = Instant::now();
                pump.counters
                    .packets_received
                    .fetch_add(1, Ordering::Relaxed);
                pump.guard(index, |entry| entry.leg.on_packet(now, STREAM, &packet));
            }),
            Control::HangUp(id, cause) => self.with(id, |pump, index| {
                pump.guard(index, |entry| entry.leg.end(cause));
            }),
            Control::Stop => {
                self.stop();
                return false;
            }
        }
        true
    }

    fn with(&mut self, id: u64, act: impl FnOnce(&mut Pump, usize)) {
        if let Some(&index) = self.by_id.get(&id) {
            act(self, index);
            self.after(index);
        }
    }

    fn start(&mut self, start: Start) {
        let now = Instant::now();
        let mut random = rand::rng();
        let identity = LegIdentity {
            ssrc: random.random(),
            first_sequence: random.random(),
            first_timestamp: random.random(),
            random: random.random(),
            clock: self.clock,
        };
        let mut leg = Leg::new(now, identity, self.no_media_timeout);
        if let Some(plan) = start.plan {
            leg.set_plan(now, plan);
        }
        let noted = Arc::new(LegWaker {
            id: start.id,
            noted: AtomicBool::new(false),
            calling: Arc::clone(&self.calling),
        });
        let index = self.free.pop().unwrap_or_else(|| {
            self.entries.push(None);
            self.entries.len() - 1
        });
        let legs = std::array::from_fn(|slot| self.slots[slot].len());
        let slot = slots::for_newcomer(legs, self.next_slot);
        let sockets = start.way.sockets().into_iter();
        for (socket, is_rtcp) in sockets.flat_map(|pair| [(&pair.rtp, 0), (&pair.rtcp, 1)]) {
            let data = epoll::EventData::new_u64((index as u64) << 1 | is_rtcp);
            if let Err(error) = epoll::add(&self.epoll, socket, data, epoll::EventFlags::IN) {
                tracing::error!(%error, "a media socket cannot be watched");
                leg.end(HangUpCause::Fault);
            }
        }
        self.entries[index] = Some(Box::new(Entry {
            id: start.id,
            tick: leg.tick(),
            leg,
            line: start.line,
            line_closed: false,
            way: Some(start.way),
            connected: None,
            waker: Waker::from(Arc::clone(&noted)),
            noted,
            shared: start.shared,
            slot,
            ticks: 0,
            ticks_since_end: 0,
        }));
        self.by_id.insert(start.id, index);
        self.slots[slot].push(index);
        self.assign_slots(index);
        // What was asked before the leg began, and the waker for what will be asked.
        self.hear_conversation(index);
        self.after(index);
    }

    fn is_nobodys_turn(&self, slot: usize) -> bool {
        self.slots[slot].is_empty() && self.second_slots[slot].is_empty()
    }

    /// Gives a leg its second slot, or takes it away, as its packets need.
    fn assign_slots(&mut self, index: usize) {
        let Some(entry) = &mut self.entries[index] else {
            return;
        };
        let second = (entry.slot + SLOTS / 2) % SLOTS;
        entry.tick = entry.leg.tick();
        self.second_slots[second].retain(|&other| other != index);
        if entry.tick < SLOT * SLOTS as u32 {
            self.second_slots[second].push(index);
        }
    }

    /// Takes what came on the sockets since the last slot.
    fn read_sockets(&mut self) {
        let at_once = Timespec {
            tv_sec: 0,
            tv_nsec: 0,
        };
        for _ in 0..READ_ROUNDS {
            self.ready.clear();
            let waited = epoll::wait(&self.epoll, spare_capacity(&mut self.ready), Some(&at_once));
            if let Err(error) = waited {
                if error != rustix::io::Errno::INTR {
                    tracing::error!(%error, "media sockets cannot be polled");
                }
                return;
            }
            if self.ready.is_empty() {
                return;
            }
            let now = Instant::now();
            for position in 0..self.ready.len() {
                let token = self.ready[position].data.u64();
                self.read_socket((token >> 1) as usize, token & 1 == 1, now);
            }
            self.counters
                .packets_received
                .fetch_add(self.ready.len() as u64, Ordering::Relaxed);
        }
    }

    fn read_socket(&mut self, index: usize, is_rtcp: bool, now: Instant) {
        let Some(Some(entry)) = self.entries.get(index) else {
            return;
        };
        let Some(sockets) = entry.way.as_ref().and_then(Way::sockets) else {
            return;
        };
        let socket = if is_rtcp { &sockets.rtcp } else { &sockets.rtp };
        // An error here is the echo of a packet that the far end did not take: it is gone now.
        let Ok((length, from)) = socket.recv_from(&mut self.buffer[..]) else {
            return;
        };
        let buffer = std::mem::take(&mut self.buffer);
        self.guard(index, |entry| {
            if is_rtcp {
                entry.leg.on_rtcp(now, from, &buffer[..length]);
            } else {
                entry.leg.on_packet(now, from, &buffer[..length]);
            }
        });
        self.buffer = buffer;
        if !is_rtcp {
            self.settle(index);
        }
        self.after(index);
    }

    /// Hands over what conversations asked since the last slot.
    fn hear_conversations(&mut self) {
        let mut called = std::mem::take(&mut self.called);
        {
            let mut legs = self
                .calling
                .legs
                .lock()
                .unwrap_or_else(PoisonError::into_inner);
            std::mem::swap(&mut *legs, &mut called);
        }
        for id in called.drain(..) {
            self.with(id, |pump, index| pump.hear_conversation(index));
        }
        self.called = called;
    }

    fn hear_conversation(&mut self, index: usize) {
        self.guard(index, |entry| {
            // From here on a new command notes the leg again.
            entry.noted.noted.store(false, Ordering::Release);
            let mut context = Context::from_waker(&entry.waker);
            while !entry.line_closed {
                match entry.line.commands.poll_recv(&mut context) {
                    Poll::Ready(Some(command)) => entry.leg.on_command(command),
                    Poll::Ready(None) => {
                        // The conversation is gone: what it said last is still heard.
                        entry.line_closed = true;
                        entry.leg.on_command(crate::line::LineCommand::HangUp);
                    }
                    Poll::Pending => break,
                }
            }
        });
    }

    /// Ticks the legs of a slot.
    fn tick(&mut self, slot: usize, now: Instant) {
        let mut sent = 0;
        let mut unsent = 0;
        for position in (0..self.slots[slot].len()).rev() {
            let index = self.slots[slot][position];
            self.tick_leg(index, now, &mut sent, &mut unsent);
        }
        for position in (0..self.second_slots[slot].len()).rev() {
            let index = self.second_slots[slot][position];
            self.tick_leg(index, now, &mut sent, &mut unsent);
        }
        self.counters
            .packets_sent
            .fetch_add(sent, Ordering::Relaxed);
        self.counters
            .packets_unsent
            .fetch_add(unsent, Ordering::Relaxed);
    }

    fn tick_leg(&mut self, index: usize, now: Instant, sent: &mut u64, unsent: &mut u64) {
        let mut packet = std::mem::take(&mut self.packet);
        self.guard(index, |entry| {
            entry.ticks = entry.ticks.wrapping_add(1);
            entry.leg.on_tick(now, &mut packet);
            if !packet.is_empty() {
                match entry.send(&packet) {
                    Ok(()) => *sent += 1,
                    Err(_) => *unsent += 1,
                }
            }
            entry.leg.write_rtcp(now, &mut packet);
            if !packet.is_empty() {
                entry.send_rtcp(&packet);
            }
            if entry.ticks.is_multiple_of(PUBLISH_TICKS) {
                entry.shared.publish(entry.leg.statistics());
            }
            if entry.leg.ended().is_some() {
                entry.ticks_since_end += 1;
            }
        });
        self.packet = packet;
        self.after(index);
    }

    /// Connects the socket to the one source that counts, once there is one.
    fn settle(&mut self, index: usize) {
        let Some(entry) = &mut self.entries[index] else {
            return;
        };
        let wanted = entry.leg.settled_source();
        if wanted == entry.connected {
            return;
        }
        let Some(sockets) = entry.way.as_ref().and_then(Way::sockets) else {
            return;
        };
        let done = match wanted {
            Some(source) => sockets.rtp.connect(source),
            None => rustix::net::connect_unspec(&sockets.rtp).map_err(io::Error::from),
        };
        match done {
            Ok(()) => entry.connected = wanted,
            // Unconnected sockets work too: the leg looks at every source itself.
            Err(error) => tracing::debug!(%error, "a media socket was not connected"),
        }
    }

    /// Whatever happened to a leg: its events go to the conversation, and a leg that is over lets
    /// go of its sockets, and of itself when all was told.
    fn after(&mut self, index: usize) {
        let Some(entry) = &mut self.entries[index] else {
            return;
        };
        let told = entry.tell_events();
        let Some(cause) = entry.leg.ended() else {
            return;
        };
        if entry.way.is_some() {
            entry.leg.write_goodbye(&mut self.packet);
            if !self.packet.is_empty() {
                let packet = std::mem::take(&mut self.packet);
                entry.send_rtcp(&packet);
                self.packet = packet;
            }
            // Who learns that no more packets come finds the last figures.
            entry.shared.publish(entry.leg.statistics());
            entry.way = None;
            entry.shared.ended.send_replace(Some(cause));
        }
        if told || entry.ticks_since_end > FAREWELL_TICKS {
            self.remove(index);
        }
    }

    fn remove(&mut self, index: usize) {
        let Some(entry) = self.entries[index].take() else {
            return;
        };
        self.by_id.remove(&entry.id);
        for legs in self.slots.iter_mut().chain(&mut self.second_slots) {
            legs.retain(|&other| other != index);
        }
        self.free.push(index);
        self.load.legs.fetch_sub(1, Ordering::Relaxed);
        self.counters.legs.fetch_sub(1, Ordering::Relaxed);
    }

    /// Runs something of one leg; if it panics, that leg is over and no other is touched.
    fn guard(&mut self, index: usize, act: impl FnOnce(&mut Entry)) {
        let Some(Some(entry)) = self.entries.get_mut(index) else {
            return;
        };
        if catch_unwind(AssertUnwindSafe(|| act(entry))).is_ok() {
            return;
        }
        self.counters.legs_failed.fetch_add(1, Ordering::Relaxed);
        tracing::error!(leg = entry.id, "the sound of a call failed; the call ends");
        let ended = catch_unwind(AssertUnwindSafe(|| entry.leg.end(HangUpCause::Fault)));
        if ended.is_err() || entry.leg.ended().is_none() {
            // Not even that: a fresh leg that is over stands in for it. The tape is dropped, which
            // tells its owner.
            let now = Instant::now();
            entry.leg = Leg::new(now, entry.leg.identity(), self.no_media_timeout);
            entry.leg.end(HangUpCause::Fault);
        }
    }

    fn stop(&mut self) {
        for index in 0..self.entries.len() {
            self.guard(index, |entry| entry.leg.end(HangUpCause::Shutdown));
            self.after(index);
            self.remove(index);
        }
    }
}

impl Entry {
    fn send(&self, packet: &[u8]) -> io::Result<()> {
        let (Some(way), Some(to)) = (&self.way, self.leg.destination()) else {
            return Ok(());
        };
        let sockets = match way {
            Way::Sockets(sockets) => sockets,
            Way::Stream(out) => return stream(out, packet),
        };
        let send = || {
            if self.connected == Some(to) {
                sockets.rtp.send(packet)
            } else {
                sockets.rtp.send_to(packet, to)
            }
        };
        match send() {
            // The echo of an earlier packet that the far end did not take, not of this one.
            Err(error) if error.kind() == io::ErrorKind::ConnectionRefused => send().map(drop),
            other => other.map(drop),
        }
    }

    fn send_rtcp(&self, packet: &[u8]) {
        let sockets = self.way.as_ref().and_then(Way::sockets);
        if let (Some(sockets), Some(to)) = (sockets, self.leg.rtcp_destination()) {
            // A report that is lost is followed by another one.
            let _ = sockets.rtcp.send_to(packet, to);
        }
    }

    /// Hands events over while the line has room; true when none is left.
    fn tell_events(&mut self) -> bool {
        while self.leg.has_event() {
            // Half of the line is kept for what cannot wait. A beginning becomes one with the next.
            let room = self.line.events.capacity();
            if self.leg.has_only_a_beginning()
                && room <= LINE_QUEUE / 2
                && self.leg.ended().is_none()
            {
                return false;
            }
            match self.line.events.try_reserve() {
                Ok(permit) => {
                    if let Some(event) = self.leg.next_event() {
                        permit.send(event);
                    }
                }
                Err(TrySendError::Full(())) => return false,
                Err(TrySendError::Closed(())) => while self.leg.next_event().is_some() {},
            }
        }
        true
    }
}

/// The wall clock as NTP time, once, against the monotonic clock.
fn ntp_clock() -> NtpClock {
    /// Seconds from 1900 to 1970.
    const EPOCH: u64 = 2_208_988_800;
    let wall = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default();
    let fraction = (u64::from(wall.subsec_nanos()) << 32) / 1_000_000_000;
    NtpClock {
        instant: Instant::now(),
        ntp: ((wall.as_secs() + EPOCH) << 32) | fraction,
    }
}

#[cfg(test)]
mod tests;
