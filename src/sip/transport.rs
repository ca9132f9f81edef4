//! The sockets: listeners over UDP and TCP, each with the gate in front of the SIP stack.
//!
//! The stack reads a datagram or a stream message only after the gate has judged and, where needed,
//! rewritten it, and everything the stack sends passes the gate again on its way out,
//! so that a peer gets back its own Via, From and To to the byte.

mod dialled;
mod framing;
mod stream_listener;
mod udp_socket;

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use rsipstack::transaction::endpoint::TransportEventInspector;
use rsipstack::transport::channel::ChannelConnection;
use rsipstack::transport::udp::UdpConnection;
use rsipstack::transport::{SipAddr, SipConnection, TransportLayer};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::gate::Gate;

pub(super) use framing::end_of_head;
pub use framing::{Frame, Framer};

/// What a stream writes below a message for the rest of the room: which address of ours it came to. Never sent, and
/// the last one counts, so that a peer cannot write it for us.
pub(super) const ARRIVED_AT: &str = "Ringback-Arrived-At";

/// How SIP messages travel. TLS will join when certificates do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Transport {
    /// Datagrams, RFC 3261 section 18.
    Udp,
    /// A stream with Content-Length framing, RFC 3261 section 18.3.
    Tcp,
}

impl Transport {
    /// Whether messages follow one another on a connection.
    #[must_use]
    pub fn is_stream(self) -> bool {
        matches!(self, Self::Tcp)
    }

    pub(super) fn token(self) -> &'static str {
        match self {
            Self::Udp => "UDP",
            Self::Tcp => "TCP",
        }
    }

    pub(super) fn of_the_stack(self) -> rsipstack::sip::Transport {
        match self {
            Self::Udp => rsipstack::sip::Transport::Udp,
            Self::Tcp => rsipstack::sip::Transport::Tcp,
        }
    }
}

impl std::fmt::Display for Transport {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(self.token())
    }
}

/// Where to listen. Port 0 takes a free one; what is bound then is named by `Endpoint::bound`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Listener {
    /// Over which transport.
    pub transport: Transport,
    /// On which address; an unspecified one means all of its family.
    pub address: SocketAddr,
}

impl std::fmt::Display for Listener {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "{}/{}", self.address, self.transport)
    }
}

/// What a connection may cost us (security S6).
#[derive(Clone, Debug)]
pub struct StreamLimits {
    /// From the first byte of a message to its last.
    pub message_within: Duration,
    /// Without a byte from the peer; keep-alives count as bytes.
    pub idle_within: Duration,
    /// Connections from one source address.
    pub connections_per_source: usize,
    /// Connections in all.
    pub connections: usize,
    /// What may wait for a peer that reads slowly.
    pub backlog_bytes: usize,
}

impl Default for StreamLimits {
    fn default() -> Self {
        Self {
            message_within: Duration::from_secs(10),
            idle_within: Duration::from_secs(300),
            connections_per_source: 32,
            connections: 1_024,
            backlog_bytes: 256 * 1024,
        }
    }
}

/// Why the SIP room could not start.
#[derive(Debug, thiserror::Error)]
pub enum SipFault {
    /// Somebody else has the port.
    #[error("cannot listen on {listener}: the port is in use")]
    AddressInUse {
        /// Which listener.
        listener: Listener,
    },
    /// The system refused the socket for another reason.
    #[error("cannot listen on {listener}: {source}")]
    Listen {
        /// Which listener.
        listener: Listener,
        /// What the system said.
        source: io::Error,
    },
    /// The stack refused.
    #[error("the SIP stack did not start: {0}")]
    Stack(String),
}

impl SipFault {
    fn listen(listener: Listener, source: io::Error) -> Self {
        if source.kind() == io::ErrorKind::AddrInUse {
            Self::AddressInUse { listener }
        } else {
            Self::Listen { listener, source }
        }
    }
}

/// What [`open`] needs.
pub(super) struct Opening<'a> {
    pub(super) listeners: &'a [Listener],
    /// The address peers must use for us, where a NAT stands between; else the local address that routes to them.
    pub(super) advertised: Option<IpAddr>,
    pub(super) stream_limits: StreamLimits,
    pub(super) gate: Arc<Gate>,
    /// Cancelled: every socket closes.
    pub(super) stop: CancellationToken,
}

/// Open sockets, ready for an endpoint of the stack.
pub(super) struct Transports {
    /// To be given to the stack's `EndpointBuilder`.
    pub(super) layer: TransportLayer,
    /// Too: it judges what comes over connections that the stack opens itself.
    pub(super) inspector: Box<dyn TransportEventInspector>,
    /// The listeners with the addresses that they really have, in the order asked for.
    pub(super) bound: Vec<Listener>,
    /// The tasks that serve streams; they end soon after `stop`.
    pub(super) tasks: TaskTracker,
}

/// Binds every listener, or none.
pub(super) async fn open(opening: Opening<'_>) -> Result<Transports, SipFault> {
    let mut bound = Vec::with_capacity(opening.listeners.len());
    let mut datagrams = Vec::new();
    let mut streams = Vec::new();
    for listener in opening.listeners {
        let failed = |source| SipFault::listen(*listener, source);
        let address = match listener.transport {
            Transport::Udp => {
                let socket = udp_socket::bind(listener.address).map_err(failed)?;
                let address = socket.local_addr().map_err(failed)?;
                datagrams.push(socket);
                address
            }
            Transport::Tcp => {
                let socket = stream_listener::bind(listener.address).map_err(failed)?;
                let address = socket.local_addr().map_err(failed)?;
                streams.push(socket);
                address
            }
        };
        bound.push(Listener {
            transport: listener.transport,
            address,
        });
    }

    let layer = TransportLayer::new(opening.stop.clone());
    let stack_failed = |fault: rsipstack::Error| SipFault::Stack(fault.to_string());
    let sockets = udp_socket::GatedSocket::family(datagrams, &opening.gate, opening.advertised)
        .map_err(|fault| SipFault::Stack(fault.to_string()))?;
    for socket in sockets {
        let connection = UdpConnection::from_socket(socket, None, Some(opening.stop.child_token()))
            .await
            .map_err(stack_failed)?;
        layer.add_transport(connection.into());
    }
    let tasks = TaskTracker::new();
    if !streams.is_empty() {
        // One channel carries the messages of all streams into the stack; each message names the
        // connection that it came over, and answers go back there.
        let (ingress, from_streams) = tokio::sync::mpsc::unbounded_channel();
        let (unused, _) = tokio::sync::mpsc::unbounded_channel();
        let address = streams[0]
            .local_addr()
            .map_err(|fault| SipFault::Stack(fault.to_string()))?;
        let door = ChannelConnection::create_connection(
            from_streams,
            unused,
            stack_address(Transport::Tcp, address),
            None,
        )
        .await
        .map_err(stack_failed)?;
        layer.add_connection(SipConnection::Channel(door));
        let house = Arc::new(stream_listener::House {
            gate: opening.gate.clone(),
            limits: opening.stream_limits.clone(),
            advertised: opening.advertised,
            ingress,
            stop: opening.stop.clone(),
            tasks: tasks.clone(),
            connections: Arc::default(),
        });
        for socket in streams {
            house.clone().serve(socket);
        }
    }
    let inspector = Box::new(dialled::DialledConnections { gate: opening.gate });
    Ok(Transports {
        layer,
        inspector,
        bound,
        tasks,
    })
}

fn stack_address(transport: Transport, address: SocketAddr) -> SipAddr {
    SipAddr::new(transport.of_the_stack(), address.into())
}

/// The local address from which packets to `peer` leave, by asking the routing table.
pub(super) fn local_address_towards(peer: SocketAddr) -> io::Result<IpAddr> {
    let any: SocketAddr = if peer.is_ipv6() {
        (std::net::Ipv6Addr::UNSPECIFIED, 0).into()
    } else {
        (std::net::Ipv4Addr::UNSPECIFIED, 0).into()
    };
    let probe = std::net::UdpSocket::bind(any)?;
    // Connecting a datagram socket sends nothing: it only looks up the route.
    probe.connect(peer)?;
    Ok(probe.local_addr()?.ip())
}

#[cfg(test)]
mod tests;
