//! Which RTP ports are free. A call gets a random even port of the range, and its RTCP the odd one
//! above; a port number must not tell which call comes next.

use std::io;
use std::net::{IpAddr, SocketAddr, UdpSocket};
use std::ops::RangeInclusive;
use std::sync::{Arc, Mutex, PoisonError};

use rand::Rng;
use socket2::{Domain, Socket, Type};

/// Why there is no sound.
#[derive(Debug, thiserror::Error)]
pub enum MediaFault {
    /// The configured range holds no pair of ports.
    #[error("the RTP port range {first}-{last} holds no even port with an odd one above it")]
    EmptyRange {
        /// The first port of the range.
        first: u16,
        /// The last port of the range.
        last: u16,
    },
    /// All ports are taken, by our calls or by other programs.
    #[error(
        "no free RTP port on {address}: {in_use} of {all} pairs carry calls; the last error was: {last}"
    )]
    NoPort {
        /// The address that was asked for.
        address: IpAddr,
        /// How many pairs our own calls hold.
        in_use: usize,
        /// How many pairs the range has.
        all: usize,
        /// What the system said last.
        last: String,
    },
    /// The address is not one of this machine.
    #[error("cannot receive sound on {address}: {source}")]
    Address {
        /// The address.
        address: IpAddr,
        /// What the system said.
        source: io::Error,
    },
    /// A pump could not be started.
    #[error("cannot start a media pump: {0}")]
    Pump(#[from] io::Error),
    /// The media has been closed.
    #[error("the media is closed")]
    Closed,
}

/// The port pairs of the range.
#[derive(Debug)]
pub(super) struct Ports {
    /// The RTP port of the first pair.
    first: u16,
    taken: Mutex<Taken>,
}

#[derive(Debug)]
struct Taken {
    pairs: Vec<bool>,
    count: usize,
}

/// A pair of ports in the hands of one call; free again when dropped.
#[derive(Debug)]
pub(super) struct Lease {
    ports: Arc<Ports>,
    pair: usize,
}

/// The two sockets of a leg. The ports are free once the sockets are closed, in this order.
#[derive(Debug)]
pub(super) struct Sockets {
    pub(super) rtp: UdpSocket,
    pub(super) rtcp: UdpSocket,
    pub(super) local: SocketAddr,
    _lease: Lease,
}

impl Ports {
    pub(super) fn new(range: &RangeInclusive<u16>) -> Result<Ports, MediaFault> {
        let (first, last) = (*range.start(), *range.end());
        let even = u32::from(first).next_multiple_of(2).max(2);
        let pairs = (u32::from(last) + 1).saturating_sub(even) / 2;
        if range.is_empty() || pairs == 0 {
            return Err(MediaFault::EmptyRange { first, last });
        }
        Ok(Ports {
            first: even as u16,
            taken: Mutex::new(Taken {
                pairs: vec![false; pairs as usize],
                count: 0,
            }),
        })
    }

    /// How many pairs are taken.
    pub(super) fn in_use(&self) -> usize {
        self.taken().count
    }

    fn taken(&self) -> std::sync::MutexGuard<'_, Taken> {
        self.taken.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A random free pair.
    fn lease(self: &Arc<Self>) -> Option<Lease> {
        let mut taken = self.taken();
        let all = taken.pairs.len();
        if taken.count == all {
            return None;
        }
        let mut random = rand::rng();
        let mut pair = random.random_range(0..all);
        for _ in 0..16 {
            if !taken.pairs[pair] {
                break;
            }
            pair = random.random_range(0..all);
        }
        // Nearly all are taken: the next free one from a random place.
        while taken.pairs[pair] {
            pair = (pair + 1) % all;
        }
        taken.pairs[pair] = true;
        taken.count += 1;
        Some(Lease {
            ports: Arc::clone(self),
            pair,
        })
    }

    /// Two bound sockets on a random pair of ports.
    pub(super) fn open(self: &Arc<Self>, address: IpAddr) -> Result<Sockets, MediaFault> {
        let mut last = "none is left".to_owned();
        // What other programs hold stays leased while we look on, so that no port is tried twice.
        let mut refused = Vec::new();
        while let Some(lease) = self.lease() {
            match bind(address, &lease) {
                Ok((rtp, rtcp)) => {
                    return Ok(Sockets {
                        local: SocketAddr::new(address, lease.port()),
                        rtp,
                        rtcp,
                        _lease: lease,
                    });
                }
                Err(error) if error.kind() == io::ErrorKind::AddrInUse => {
                    last = error.to_string();
                    refused.push(lease);
                }
                Err(error) if error.kind() == io::ErrorKind::PermissionDenied => {
                    last = error.to_string();
                    refused.push(lease);
                }
                Err(source) => return Err(MediaFault::Address { address, source }),
            }
            if refused.len() >= 256 {
                break;
            }
        }
        let all = self.taken().pairs.len();
        let in_use = self.in_use() - refused.len();
        Err(MediaFault::NoPort {
            address,
            in_use,
            all,
            last,
        })
    }
}

impl Lease {
    fn port(&self) -> u16 {
        self.ports.first + 2 * self.pair as u16
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        let mut taken = self.ports.taken();
        taken.pairs[self.pair] = false;
        taken.count -= 1;
    }
}

/// Expedited forwarding (RFC 3246), as the first six bits of the traffic class.
const EXPEDITED: u32 = 46 << 2;

fn bind(address: IpAddr, lease: &Lease) -> io::Result<(UdpSocket, UdpSocket)> {
    let bound = |port| {
        let address = SocketAddr::new(address, port);
        // Never waits from the beginning: asked for later, that is one more system call for each socket of a call.
        let socket = Socket::new(
            Domain::for_address(address),
            Type::DGRAM.nonblocking(),
            None,
        )?;
        socket.bind(&address.into())?;
        // A network that ignores or forbids the mark carries the call all the same.
        let _ = match address {
            SocketAddr::V4(_) => socket.set_tos_v4(EXPEDITED),
            SocketAddr::V6(_) => socket.set_tclass_v6(EXPEDITED),
        };
        io::Result::Ok(socket.into())
    };
    Ok((bound(lease.port())?, bound(lease.port() + 1)?))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;
    use std::net::Ipv4Addr;

    const HERE: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);

    #[test]
    fn pairs_are_random_even_and_come_back() {
        let ports = Arc::new(Ports::new(&(31_001..=31_400)).unwrap());
        let held: Vec<Sockets> = (0..100).map(|_| ports.open(HERE).unwrap()).collect();
        let numbers: Vec<u16> = held.iter().map(|sockets| sockets.local.port()).collect();
        let distinct: BTreeSet<u16> = numbers.iter().copied().collect();
        assert_eq!(distinct.len(), 100);
        assert!(
            numbers
                .iter()
                .all(|port| port % 2 == 0 && (31_002..31_400).contains(port))
        );
        let steps = numbers
            .windows(2)
            .filter(|pair| pair[1] == pair[0] + 2)
            .count();
        assert!(steps < 20, "{steps} of 99 ports followed the one before");
        for sockets in &held {
            assert_eq!(
                sockets.rtcp.local_addr().unwrap().port(),
                sockets.local.port() + 1
            );
        }
        assert_eq!(ports.in_use(), 100);
        drop(held);
        assert_eq!(ports.in_use(), 0);
    }

    #[test]
    fn a_full_range_says_so_and_recovers() {
        let ports = Arc::new(Ports::new(&(31_500..=31_505)).unwrap());
        let mut held: Vec<Sockets> = (0..3).map(|_| ports.open(HERE).unwrap()).collect();
        let fault = ports.open(HERE).unwrap_err();
        assert!(
            matches!(
                fault,
                MediaFault::NoPort {
                    in_use: 3,
                    all: 3,
                    ..
                }
            ),
            "{fault}"
        );
        held.pop();
        ports.open(HERE).unwrap();
        assert_eq!(ports.in_use(), 2);
    }

    #[test]
    fn a_port_of_another_program_is_passed_over() {
        let ports = Arc::new(Ports::new(&(31_600..=31_603)).unwrap());
        let foreign = UdpSocket::bind((HERE, 31_603)).unwrap();
        assert_eq!(ports.open(HERE).unwrap().local.port(), 31_600);
        let held = ports.open(HERE).unwrap();
        let fault = ports.open(HERE).unwrap_err();
        assert!(
            matches!(
                fault,
                MediaFault::NoPort {
                    in_use: 1,
                    all: 2,
                    ..
                }
            ),
            "{fault}"
        );
        drop((held, foreign));
        assert_eq!(ports.in_use(), 0);
    }

    #[test]
    fn ranges_without_a_pair_are_refused() {
        for range in [31_001..=31_001, 31_001..=31_002, 31_000..=31_000] {
            assert!(Ports::new(&range).is_err(), "{range:?}");
        }
        assert!(Ports::new(&(65_534..=65_535)).is_ok());
        assert!(Ports::new(&(0..=3)).is_ok());
    }

    #[test]
    fn an_address_of_another_machine_is_named() {
        let ports = Arc::new(Ports::new(&(31_700..=31_703)).unwrap());
        let fault = ports.open("192.0.2.1".parse().unwrap()).unwrap_err();
        assert!(fault.to_string().contains("192.0.2.1"), "{fault}");
        assert_eq!(ports.in_use(), 0);
    }
}
