//! UDP: what the stack takes for a socket is ours, and shows it only what the gate lets through.

use std::collections::HashMap;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, Mutex, PoisonError};

use rsipstack::platform::net::UdpSocket as StackSocket;
use socket2::{Domain, Protocol, Socket, Type};
use tokio::net::UdpSocket;

use super::{Transport, local_address_towards};
use crate::sip::gate::{Gate, Verdict, restore_outgoing};

/// A datagram cannot be longer; reading less would make a long one look like a short one.
const LARGEST_DATAGRAM_BYTES: usize = 65_535;
/// A burst of requests waits here while we work.
const RECEIVE_BUFFER_BYTES: usize = 1 << 20;
/// How many peers' listeners are remembered before the older half is forgotten.
const ROUTES_MAX: usize = 4_096;

pub(super) fn bind(address: SocketAddr) -> io::Result<UdpSocket> {
    let socket = Socket::new(
        Domain::for_address(address),
        Type::DGRAM,
        Some(Protocol::UDP),
    )?;
    if address.is_ipv6() {
        // Else [::] would also take IPv4, and 0.0.0.0 beside it would be refused.
        socket.set_only_v6(true)?;
    }
    // The system may grant less; that is no reason not to serve.
    let _ = socket.set_recv_buffer_size(RECEIVE_BUFFER_BYTES);
    socket.set_nonblocking(true)?;
    socket.bind(&address.into())?;
    UdpSocket::from_std(socket.into())
}

/// The UDP sockets of one endpoint. The stack sends each of its own requests over the first; we know better.
struct Family {
    sockets: Vec<UdpSocket>,
    addresses: Vec<SocketAddr>,
    gate: Arc<Gate>,
    advertised: Option<IpAddr>,
    /// Which listener a peer last used, where that is not the only one of its family.
    routes: Mutex<HashMap<IpAddr, usize>>,
}

/// One of them, as the stack sees it.
pub(super) struct GatedSocket {
    family: Arc<Family>,
    own: usize,
    buffer: tokio::sync::Mutex<Vec<u8>>,
}

impl GatedSocket {
    pub(super) fn family(
        sockets: Vec<UdpSocket>,
        gate: &Arc<Gate>,
        advertised: Option<IpAddr>,
    ) -> io::Result<Vec<Arc<dyn StackSocket>>> {
        let addresses = sockets
            .iter()
            .map(UdpSocket::local_addr)
            .collect::<io::Result<Vec<_>>>()?;
        let family = Arc::new(Family {
            sockets,
            addresses,
            gate: gate.clone(),
            advertised,
            routes: Mutex::new(HashMap::new()),
        });
        Ok((0..family.sockets.len())
            .map(|own| {
                Arc::new(Self {
                    family: family.clone(),
                    own,
                    buffer: tokio::sync::Mutex::new(vec![0; LARGEST_DATAGRAM_BYTES]),
                }) as Arc<dyn StackSocket>
            })
            .collect())
    }
}

impl Family {
    fn remember(&self, peer: IpAddr, socket: usize) {
        if self.sockets.len() < 2 {
            return;
        }
        let mut routes = self.routes.lock().unwrap_or_else(PoisonError::into_inner);
        if routes.len() >= ROUTES_MAX {
            routes.clear();
        }
        routes.insert(peer, socket);
    }

    /// The socket for a request of ours: the one that this peer used, else one of its address family.
    fn socket_towards(&self, peer: SocketAddr, default: usize) -> usize {
        if self.sockets.len() < 2 {
            return default;
        }
        let known = self
            .routes
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .get(&peer.ip())
            .copied();
        known
            .or_else(|| (self.addresses[default].is_ipv6() == peer.is_ipv6()).then_some(default))
            .or_else(|| {
                self.addresses
                    .iter()
                    .position(|address| address.is_ipv6() == peer.is_ipv6())
            })
            .unwrap_or(default)
    }

    /// How peers there reach us: it stands in the Via of our requests.
    fn sent_by(&self, socket: usize, peer: SocketAddr) -> SocketAddr {
        let address = self.addresses[socket];
        let ip = match self.advertised {
            Some(advertised) if advertised.is_ipv6() == address.is_ipv6() => advertised,
            _ if address.ip().is_unspecified() => {
                local_address_towards(peer).unwrap_or(address.ip())
            }
            _ => address.ip(),
        };
        SocketAddr::new(ip, address.port())
    }
}

#[async_trait::async_trait]
impl StackSocket for GatedSocket {
    async fn recv_from(&self, for_the_stack: &mut [u8]) -> rsipstack::Result<(usize, SocketAddr)> {
        let mut buffer = self.buffer.lock().await;
        let socket = &self.family.sockets[self.own];
        loop {
            let (length, source) = match socket.recv_from(&mut buffer).await {
                Ok(received) => received,
                Err(fault) => {
                    // The stack would ask again at once and for ever; a pause keeps the core cool.
                    tracing::warn!(%fault, "cannot receive SIP datagrams");
                    tokio::time::sleep(std::time::Duration::from_millis(100)).await;
                    continue;
                }
            };
            let now = tokio::time::Instant::now().into_std();
            match self
                .family
                .gate
                .judge(now, source, Transport::Udp, &buffer[..length])
            {
                Verdict::Pass {
                    message,
                    respond_to,
                } => {
                    if message.len() > for_the_stack.len() {
                        continue;
                    }
                    self.family.remember(respond_to.ip(), self.own);
                    for_the_stack[..message.len()].copy_from_slice(&message);
                    return Ok((message.len(), respond_to));
                }
                Verdict::Answer {
                    response,
                    respond_to,
                    ..
                } => {
                    // Nobody waits for it: a lost answer is asked for again.
                    let _ = socket.try_send_to(&response, respond_to);
                }
                Verdict::Drop { .. } => {}
            }
        }
    }

    async fn send_to(&self, message: &[u8], peer: SocketAddr) -> rsipstack::Result<usize> {
        let is_response = message.starts_with(b"SIP/2.0 ");
        let socket = if is_response {
            self.own
        } else {
            self.family.socket_towards(peer, self.own)
        };
        let sent_by = (!is_response).then(|| self.family.sent_by(socket, peer));
        let restored = restore_outgoing(message, Transport::Udp, sent_by);
        self.family.sockets[socket].send_to(&restored, peer).await?;
        Ok(message.len())
    }

    fn local_addr(&self) -> rsipstack::Result<SocketAddr> {
        Ok(self.family.addresses[self.own])
    }
}
