//! The host that takes calls for these tests, and what every test needs of it.

mod basics;
mod changes;
mod forgeries;
mod parties;
mod paths;
mod sipp;
mod timers;

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use ringback::sip::{
    CallLeg, CallLegEvent, Endpoint, EndpointCounts, IncomingCall, LegEnd, Listener, MediaPlan,
    Peer, Peers, SipConfig, Transport,
};
use tokio::sync::mpsc;

use crate::phone::{Call, Phone, SOON, offer};

/// Trusts this machine.
pub(crate) struct Loopback;

impl Peers for Loopback {
    fn peer(&self, source: IpAddr) -> Option<Peer> {
        source.is_loopback().then(|| Peer {
            name: "test".into(),
            requests_per_second: 10_000,
            calls_per_second: 10_000,
            behind_nat: false,
        })
    }
}

/// A SIP room on free ports of 127.0.0.1 and ::1.
pub(crate) struct House {
    pub(crate) endpoint: Endpoint,
    pub(crate) calls: mpsc::Receiver<IncomingCall>,
}

impl House {
    pub(crate) async fn open() -> Self {
        Self::open_with(|_| {}).await
    }

    pub(crate) async fn open_with(change: impl FnOnce(&mut SipConfig)) -> Self {
        let listener = |transport, ip: &str| Listener {
            transport,
            address: (ip.parse::<IpAddr>().unwrap(), 0).into(),
        };
        let mut config = SipConfig {
            listeners: vec![
                listener(Transport::Udp, "127.0.0.1"),
                listener(Transport::Tcp, "127.0.0.1"),
                listener(Transport::Udp, "::1"),
                listener(Transport::Tcp, "::1"),
            ],
            // Most tests drop the leg after the caller: nobody should wait for that.
            release_within: Duration::from_millis(50),
            ..SipConfig::default()
        };
        change(&mut config);
        let (endpoint, calls) = Endpoint::start(config, Arc::new(Loopback))
            .await
            .expect("listens");
        Self { endpoint, calls }
    }

    pub(crate) fn address(&self, transport: Transport, is_ipv6: bool) -> SocketAddr {
        self.endpoint
            .bound()
            .into_iter()
            .find(|listener| {
                listener.transport == transport && listener.address.is_ipv6() == is_ipv6
            })
            .expect("listens there")
            .address
    }

    pub(crate) async fn udp_phone(&self) -> Phone {
        Phone::udp(self.address(Transport::Udp, false)).await
    }

    pub(crate) async fn tcp_phone(&self) -> Phone {
        Phone::tcp(self.address(Transport::Tcp, false)).await
    }

    pub(crate) async fn next_call(&mut self) -> IncomingCall {
        tokio::time::timeout(SOON, self.calls.recv())
            .await
            .expect("a call in time")
            .expect("a call")
    }

    /// A room whose transaction timers run ten times as fast: T1 is 50 ms, so nothing takes longer than 3.2 s.
    pub(crate) async fn open_fast(change: impl FnOnce(&mut SipConfig)) -> Self {
        Self::open_with(|config| {
            config.t1 = Duration::from_millis(50);
            change(config);
        })
        .await
    }

    /// A call that is up: its phone's side and ours.
    pub(crate) async fn call(&mut self, phone: &mut Phone, extra: &str) -> (Call, CallLeg) {
        let mut call = phone.call("7000");
        let sdp = offer(phone_rtp());
        let (_, mut leg) =
            tokio::join!(phone.establish_with(&mut call, extra, &sdp), self.answer());
        assert!(matches!(event(&mut leg).await, CallLegEvent::Confirmed));
        (call, leg)
    }

    /// Takes the next call with sound at a fixed address.
    pub(crate) async fn answer(&mut self) -> CallLeg {
        self.next_call()
            .await
            .answer(rtp(), rtcp())
            .await
            .expect("answered")
    }

    /// Waits until no call and no task is left. What the stack remembers for repetitions may stay.
    pub(crate) async fn is_empty_within(&self, within: Duration) -> Result<(), EndpointCounts> {
        let deadline = tokio::time::Instant::now() + within;
        loop {
            let counts = self.endpoint.counts();
            if (counts.calls, counts.tasks, counts.transactions) == (0, 0, 0) {
                return Ok(());
            }
            if tokio::time::Instant::now() > deadline {
                return Err(counts);
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }
}

pub(crate) fn rtp() -> SocketAddr {
    "127.0.0.1:40000".parse().unwrap()
}

pub(crate) fn rtcp() -> SocketAddr {
    "127.0.0.1:40001".parse().unwrap()
}

/// Where the phones of these tests claim to take sound.
pub(crate) fn phone_rtp() -> SocketAddr {
    "127.0.0.1:50000".parse().unwrap()
}

pub(crate) async fn event(leg: &mut CallLeg) -> CallLegEvent {
    tokio::time::timeout(SOON, leg.events.recv())
        .await
        .expect("an event in time")
        .expect("an event")
}

/// The caller hung up, and hears so at once.
pub(crate) async fn is_hung_up(leg: &mut CallLeg) -> LegEnd {
    match event(leg).await {
        CallLegEvent::HungUp { cause, release } => {
            drop(release);
            cause
        }
        other => panic!("{other:?}"),
    }
}

pub(crate) async fn new_plan(leg: &mut CallLeg) -> MediaPlan {
    match event(leg).await {
        CallLegEvent::Media(plan) => *plan,
        other => panic!("{other:?}"),
    }
}

/// Whether nothing happens on our side.
pub(crate) async fn is_silent(leg: &mut CallLeg) -> bool {
    tokio::time::timeout(Duration::from_millis(150), leg.events.recv())
        .await
        .is_err()
}
