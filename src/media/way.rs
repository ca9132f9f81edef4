//! How the packets of a leg travel: through sockets of ours, or in somebody else's stream of messages.

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;

use bytes::Bytes;
use tokio::sync::mpsc::Sender;

use super::doors::{Control, Hub};
use super::ports::Sockets;

/// Stands for the one far end of a stream, which has no address of its own.
pub(super) const STREAM: SocketAddr =
    SocketAddr::new(std::net::IpAddr::V4(Ipv4Addr::UNSPECIFIED), 0);

/// The longest packet that a stream may bring: 60 ms of sound and every header extension we know of.
pub const STREAMED_PACKET_MOST: usize = 1_024;

/// How the packets of a leg travel.
#[derive(Debug)]
pub(super) enum Way {
    /// As datagrams.
    Sockets(Sockets),
    /// As messages. Control packets do not travel: the stream tells itself that it is alive.
    Stream(Sender<Bytes>),
}

impl Way {
    pub(super) fn sockets(&self) -> Option<&Sockets> {
        match self {
            Way::Sockets(sockets) => Some(sockets),
            Way::Stream(_) => None,
        }
    }
}

/// Hands a packet to whoever reads the stream; one who does not keep up loses it.
pub(super) fn stream(to: &Sender<Bytes>, packet: &[u8]) -> io::Result<()> {
    to.try_send(Bytes::copy_from_slice(packet))
        .map_err(|_| io::ErrorKind::WouldBlock.into())
}

/// Where the packets of a streamed leg go in.
#[derive(Clone, Debug)]
pub struct PacketDoor {
    hub: Arc<Hub>,
    leg: u64,
    pump: usize,
}

impl PacketDoor {
    pub(super) fn new(hub: Arc<Hub>, leg: u64, pump: usize) -> PacketDoor {
        PacketDoor { hub, leg, pump }
    }

    /// Takes an RTP packet. Whoever calls this bounds how many there are: nothing is refused here
    /// but packets beyond [`STREAMED_PACKET_MOST`].
    pub fn take(&self, packet: &[u8]) {
        if packet.len() <= STREAMED_PACKET_MOST {
            self.hub
                .tell(self.pump, Control::Packet(self.leg, packet.into()));
        }
    }
}
