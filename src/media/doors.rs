//! What other rooms hold of media: all pumps together, a pair of ports, a leg at work.
//!
//! Nothing here waits for a pump: wishes go to its thread by a queue, and what it knows of a leg is
//! read from where it was last published.

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::ops::RangeInclusive;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::mpsc::{Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use rustix::event::epoll;
use tokio::sync::watch;

use super::plan::LegPlan;
use super::ports::{MediaFault, Ports, Sockets};
use super::pump::Pump;
use super::statistics::LegStatistics;
use super::way::{PacketDoor, Way};
use crate::line::{FarEnd, HangUpCause, Key};

/// How the media of a server behaves.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct MediaConfig {
    /// The ports for RTP and RTCP.
    pub rtp_ports: RangeInclusive<u16>,
    /// How many pump threads there are: one per core unless told otherwise.
    pub pumps: usize,
    /// A call that sends nothing for so long is over.
    pub no_media_timeout: Duration,
}

impl Default for MediaConfig {
    fn default() -> Self {
        MediaConfig {
            rtp_ports: 20_000..=29_999,
            pumps: std::thread::available_parallelism().map_or(1, usize::from),
            no_media_timeout: Duration::from_secs(60),
        }
    }
}

/// What the media has done so far.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct MediaCounts {
    /// Legs at work now.
    pub legs: usize,
    /// Port pairs in use now.
    pub ports: usize,
    /// RTP packets sent.
    pub packets_sent: u64,
    /// Packets that the system would not take.
    pub packets_unsent: u64,
    /// Packets received, refused ones included.
    pub packets_received: u64,
    /// Slots that began more than 10 ms late.
    pub slots_late: u64,
    /// Legs that failed.
    pub legs_failed: u64,
    /// How late the pump that would take the next call runs, as a mean of half a second.
    pub lateness: Duration,
}

#[derive(Debug, Default)]
pub(super) struct Counters {
    pub(super) legs: AtomicUsize,
    pub(super) packets_sent: AtomicU64,
    pub(super) packets_unsent: AtomicU64,
    pub(super) packets_received: AtomicU64,
    pub(super) slots_late: AtomicU64,
    pub(super) legs_failed: AtomicU64,
}

/// All pumps and all ports.
#[derive(Debug)]
pub struct Media {
    ports: Arc<Ports>,
    hub: Arc<Hub>,
    threads: Vec<JoinHandle<()>>,
}

/// What ports and handles need of the pumps.
#[derive(Debug)]
pub(super) struct Hub {
    pumps: Vec<PumpDoor>,
    counters: Arc<Counters>,
    next_leg: AtomicU64,
}

impl Hub {
    /// The pump that has fewest legs.
    fn idlest(&self) -> (usize, &PumpDoor) {
        let pumps = self.pumps.iter().enumerate();
        pumps
            .min_by_key(|(_, pump)| pump.load.legs.load(Ordering::Relaxed))
            .unwrap_or((0, &self.pumps[0]))
    }
}

#[derive(Debug)]
struct PumpDoor {
    control: Sender<Control>,
    load: Arc<Load>,
}

/// What a pump has to do, and whether it manages.
#[derive(Debug, Default)]
pub(super) struct Load {
    pub(super) legs: AtomicUsize,
    /// The mean lateness, in microseconds.
    pub(super) late_us: AtomicU64,
}

pub(super) enum Control {
    Start(Box<Start>),
    Change(u64, Box<LegPlan>),
    Press(u64, Key),
    /// A packet that came another way than through a socket of ours.
    Packet(u64, Box<[u8]>),
    HangUp(u64, HangUpCause),
    Stop,
}

pub(super) struct Start {
    pub(super) id: u64,
    pub(super) way: Way,
    pub(super) plan: Option<LegPlan>,
    pub(super) line: FarEnd,
    pub(super) shared: Arc<Shared>,
}

/// What a leg tells its handle.
#[derive(Debug)]
pub(super) struct Shared {
    pub(super) statistics: Mutex<LegStatistics>,
    pub(super) ended: watch::Sender<Option<HangUpCause>>,
}

impl Shared {
    pub(super) fn publish(&self, statistics: LegStatistics) {
        *self
            .statistics
            .lock()
            .unwrap_or_else(PoisonError::into_inner) = statistics;
    }
}

impl Media {
    /// Starts the pumps.
    pub fn start(config: MediaConfig) -> Result<Media, MediaFault> {
        let ports = Arc::new(Ports::new(&config.rtp_ports)?);
        let counters = Arc::new(Counters::default());
        let mut pumps = Vec::new();
        let mut threads = Vec::new();
        for number in 0..config.pumps.max(1) {
            let (control, commands) = channel();
            let epoll = epoll::create(epoll::CreateFlags::CLOEXEC).map_err(io::Error::from)?;
            let load = Arc::new(Load::default());
            let of_pump = Arc::clone(&load);
            let counters = Arc::clone(&counters);
            let no_media_timeout = config.no_media_timeout;
            let thread = std::thread::Builder::new().name(format!("media-pump-{number}"));
            // Built on its own thread, since voice detectors must not move.
            threads.push(thread.spawn(move || {
                Pump::new(commands, of_pump, counters, no_media_timeout, epoll).run();
            })?);
            pumps.push(PumpDoor { control, load });
        }
        let hub = Hub {
            pumps,
            counters,
            next_leg: AtomicU64::new(0),
        };
        Ok(Media {
            ports,
            hub: Arc::new(hub),
            threads,
        })
    }

    /// Takes a random pair of ports on this address of ours. It is free again when the [`Port`] is
    /// dropped, or when the leg started on it ends.
    pub fn open(&self, local: IpAddr) -> Result<Port, MediaFault> {
        Ok(Port {
            sockets: self.ports.open(local)?,
            hub: Arc::clone(&self.hub),
        })
    }

    /// Starts the leg of a call whose packets travel in somebody else's stream of messages (a
    /// WebSocket): they go in by the [`PacketDoor`] and come out of the receiver, where `waiting` of
    /// them may wait; one more is lost. The receiver ends with the leg.
    pub fn start_streamed(
        &self,
        plan: LegPlan,
        line: FarEnd,
        waiting: usize,
    ) -> (
        LegHandle,
        PacketDoor,
        tokio::sync::mpsc::Receiver<bytes::Bytes>,
    ) {
        let (out, packets) = tokio::sync::mpsc::channel(waiting.max(1));
        let handle = start(Arc::clone(&self.hub), Way::Stream(out), Some(plan), line);
        let door = PacketDoor::new(Arc::clone(&self.hub), handle.id, handle.pump);
        (handle, door, packets)
    }

    /// What was done so far.
    pub fn counts(&self) -> MediaCounts {
        let counters = &self.hub.counters;
        MediaCounts {
            legs: counters.legs.load(Ordering::Relaxed),
            ports: self.ports.in_use(),
            packets_sent: counters.packets_sent.load(Ordering::Relaxed),
            packets_unsent: counters.packets_unsent.load(Ordering::Relaxed),
            packets_received: counters.packets_received.load(Ordering::Relaxed),
            slots_late: counters.slots_late.load(Ordering::Relaxed),
            legs_failed: counters.legs_failed.load(Ordering::Relaxed),
            lateness: self.lateness(),
        }
    }

    /// How late the pump that would take the next call runs, as a mean of half a second.
    pub fn lateness(&self) -> Duration {
        let (_, pump) = self.hub.idlest();
        Duration::from_micros(pump.load.late_us.load(Ordering::Relaxed))
    }

    /// Ends all legs (`Shutdown`) and the pumps, and waits for them.
    pub fn close(mut self) {
        self.stop();
        for thread in self.threads.drain(..) {
            if thread.join().is_err() {
                tracing::error!("a media pump had failed");
            }
        }
    }

    fn stop(&self) {
        for pump in &self.hub.pumps {
            // A pump that is gone needs no telling.
            let _ = pump.control.send(Control::Stop);
        }
    }
}

impl Drop for Media {
    fn drop(&mut self) {
        self.stop();
    }
}

/// A pair of ports for a call that is not agreed on yet.
#[derive(Debug)]
pub struct Port {
    sockets: Sockets,
    hub: Arc<Hub>,
}

impl Port {
    /// The address for RTP; RTCP is on the port above.
    pub fn local(&self) -> SocketAddr {
        self.sockets.local
    }

    /// Starts the leg of a call on its line. Without a plan (an INVITE without an offer) it is
    /// silent and deaf until [`LegHandle::change`] brings one.
    pub fn start(self, plan: Option<LegPlan>, line: FarEnd) -> LegHandle {
        start(self.hub, Way::Sockets(self.sockets), plan, line)
    }
}

/// Gives a leg to the pump that has fewest.
fn start(hub: Arc<Hub>, way: Way, plan: Option<LegPlan>, line: FarEnd) -> LegHandle {
    let id = hub.next_leg.fetch_add(1, Ordering::Relaxed);
    let shared = Arc::new(Shared {
        statistics: Mutex::default(),
        ended: watch::Sender::new(None),
    });
    let (pump, _) = hub.idlest();
    let start = Start {
        id,
        way,
        plan,
        line,
        shared: Arc::clone(&shared),
    };
    let door = &hub.pumps[pump];
    door.load.legs.fetch_add(1, Ordering::Relaxed);
    hub.counters.legs.fetch_add(1, Ordering::Relaxed);
    if door.control.send(Control::Start(Box::new(start))).is_err() {
        // The pump is gone: the line was dropped with the message, which ends the talk.
        shared.ended.send_replace(Some(HangUpCause::Shutdown));
        door.load.legs.fetch_sub(1, Ordering::Relaxed);
        hub.counters.legs.fetch_sub(1, Ordering::Relaxed);
    }
    LegHandle {
        id,
        pump,
        hub,
        shared,
    }
}

/// A leg at work, in the hands of whoever does its signalling. Dropping it hangs up.
#[derive(Debug)]
pub struct LegHandle {
    id: u64,
    pump: usize,
    hub: Arc<Hub>,
    shared: Arc<Shared>,
}

impl LegHandle {
    /// A new offer and answer agreed on this.
    pub fn change(&self, plan: LegPlan) {
        self.tell(Control::Change(self.id, Box::new(plan)));
    }

    /// A key that came by signalling (SIP INFO).
    pub fn press(&self, key: Key) {
        self.tell(Control::Press(self.id, key));
    }

    /// The signalling ended: a recording ends with `RecordEnded`, `HungUp(cause)` follows and the
    /// ports are freed.
    pub fn hang_up(&self, cause: HangUpCause) {
        self.tell(Control::HangUp(self.id, cause));
    }

    /// Waits until the leg is over, and says why: the conversation hung up, the far end fell
    /// silent, or the leg failed (then the signalling must say goodbye), or [`LegHandle::hang_up`]
    /// was called.
    pub async fn ended(&self) -> HangUpCause {
        let mut ended = self.shared.ended.subscribe();
        match ended.wait_for(Option::is_some).await {
            Ok(cause) => cause.unwrap_or(HangUpCause::Fault),
            Err(_) => HangUpCause::Fault,
        }
    }

    /// The figures for the call record, at most a second old; final once the leg has ended.
    pub fn statistics(&self) -> LegStatistics {
        self.watch().statistics()
    }

    /// Lets somebody else read the figures too.
    pub fn watch(&self) -> LegWatch {
        LegWatch(Arc::clone(&self.shared))
    }

    fn tell(&self, control: Control) {
        self.hub.tell(self.pump, control);
    }
}

impl Hub {
    pub(super) fn tell(&self, pump: usize, control: Control) {
        // A pump that is gone has ended all its legs.
        let _ = self.pumps[pump].control.send(control);
    }
}

/// The figures of a leg, for those who only watch it.
#[derive(Clone, Debug)]
pub struct LegWatch(Arc<Shared>);

impl LegWatch {
    /// As [`LegHandle::statistics`].
    pub fn statistics(&self) -> LegStatistics {
        let statistics = &self.0.statistics;
        *statistics.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for LegHandle {
    fn drop(&mut self) {
        if self.shared.ended.borrow().is_none() {
            self.hang_up(HangUpCause::Fault);
        }
    }
}
