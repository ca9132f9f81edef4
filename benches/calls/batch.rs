//! UDP sockets that send and take many packets with one system call, and tell when the kernel had each.

use std::io::{IoSlice, IoSliceMut};
use std::net::{Ipv4Addr, SocketAddrV4, UdpSocket};
use std::os::fd::AsRawFd;

use nix::cmsg_space;
use nix::errno::Errno;
use nix::sys::socket::{
    ControlMessageOwned, MsgFlags, MultiHeaders, SockaddrIn, recvmmsg, sendmmsg, setsockopt,
    sockopt,
};
use nix::sys::time::TimeSpec;

/// Packets in one system call.
const AT_ONCE: usize = 64;
/// Longest packet of interest: an answer with SDP.
const LONGEST: usize = 2_048;
/// What may wait in a socket, in bytes.
const WAITING: usize = 4 << 20;

/// A socket, with room for a batch each way.
pub(super) struct Batch {
    socket: UdpSocket,
    received: MultiHeaders<SockaddrIn>,
    sent: MultiHeaders<SockaddrIn>,
    buffer: Vec<u8>,
    waiting: Vec<u8>,
    ends: Vec<usize>,
    to: Vec<Option<SockaddrIn>>,
}

impl Batch {
    pub(super) fn open() -> Batch {
        let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        socket.set_nonblocking(true).unwrap();
        setsockopt(&socket, sockopt::ReceiveTimestampns, &true).unwrap();
        // As root whatever is wanted, else what the system allows.
        if setsockopt(&socket, sockopt::RcvBufForce, &WAITING).is_err() {
            setsockopt(&socket, sockopt::RcvBuf, &WAITING).unwrap();
        }
        Batch {
            socket,
            received: MultiHeaders::preallocate(AT_ONCE, Some(cmsg_space!(TimeSpec))),
            sent: MultiHeaders::preallocate(AT_ONCE, None),
            buffer: vec![0; AT_ONCE * LONGEST],
            waiting: Vec::new(),
            ends: Vec::new(),
            to: Vec::new(),
        }
    }

    pub(super) fn port(&self) -> u16 {
        self.socket.local_addr().unwrap().port()
    }

    /// Takes all that came: from where, when the kernel had it (nanoseconds of the wall clock), what.
    pub(super) fn take_all(&mut self, mut take: impl FnMut(u16, u64, &[u8])) {
        loop {
            let mut slices: Vec<[IoSliceMut; 1]> = self
                .buffer
                .chunks_exact_mut(LONGEST)
                .map(|chunk| [IoSliceMut::new(chunk)])
                .collect();
            let received = recvmmsg(
                self.socket.as_raw_fd(),
                &mut self.received,
                slices.iter_mut(),
                MsgFlags::MSG_DONTWAIT,
                None,
            );
            let mut count = 0;
            match received {
                Ok(messages) => {
                    for message in messages {
                        count += 1;
                        let at = message.cmsgs().unwrap().find_map(|message| match message {
                            ControlMessageOwned::ScmTimestampns(time) => {
                                Some(time.tv_sec() as u64 * 1_000_000_000 + time.tv_nsec() as u64)
                            }
                            _ => None,
                        });
                        let bytes = message.iovs().next().unwrap_or_default();
                        let from = message.address.map_or(0, |from| from.port());
                        take(from, at.unwrap(), &bytes[..message.bytes.min(bytes.len())]);
                    }
                }
                // The echo of a packet that nobody took.
                Err(Errno::ECONNREFUSED | Errno::EINTR) => continue,
                Err(Errno::EAGAIN) => return,
                Err(error) => panic!("receiving: {error}"),
            }
            if count < AT_ONCE {
                return;
            }
        }
    }

    /// Puts a packet into the batch.
    pub(super) fn put(&mut self, to: SocketAddrV4, packet: &[u8]) {
        self.waiting.extend(packet);
        self.ends.push(self.waiting.len());
        self.to.push(Some(SockaddrIn::from(to)));
        if self.ends.len() == AT_ONCE {
            self.send();
        }
    }

    /// Sends what waits in the batch.
    pub(super) fn send(&mut self) {
        let mut first = 0;
        while first < self.ends.len() {
            let mut begin = first.checked_sub(1).map_or(0, |before| self.ends[before]);
            let slices: Vec<[IoSlice; 1]> = self.ends[first..]
                .iter()
                .map(|&end| {
                    let slice = [IoSlice::new(&self.waiting[begin..end])];
                    begin = end;
                    slice
                })
                .collect();
            let sent = sendmmsg(
                self.socket.as_raw_fd(),
                &mut self.sent,
                slices.iter(),
                &self.to[first..],
                [],
                MsgFlags::empty(),
            );
            match sent {
                Ok(results) => first += results.count().max(1),
                Err(Errno::ECONNREFUSED | Errno::EINTR) => {}
                // Whoever listens finds the packet missing, as it is.
                Err(_) => first += 1,
            }
        }
        self.waiting.clear();
        self.ends.clear();
        self.to.clear();
    }
}
