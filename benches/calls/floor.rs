//! The least that calls can cost: a socket for each, a packet each way in 20 ms, nothing else.
//!
//! One thread, connected sockets, a tick of 20 ms spread over eight slots, receive until nothing is
//! left, send. Once with plain calls, once with batches; the cheaper of the two is the floor.

use std::io::{BufRead, BufReader, IoSliceMut, Write as _};
use std::net::{Ipv4Addr, UdpSocket};
use std::os::fd::AsRawFd;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use nix::sys::socket::{MsgFlags, MultiHeaders, SockaddrIn, recvmmsg};

use super::process::Measured;

const SLOTS: usize = 8;
const SLOT: Duration = Duration::from_micros(2_500);

/// How the floor asks the kernel.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Way {
    Plain,
    Batches,
}

impl Way {
    fn word(self) -> &'static str {
        match self {
            Way::Plain => "plain",
            Way::Batches => "batches",
        }
    }
}

/// Starts a floor of so many calls on core 0, which talks to these ports in turn; with its own ports.
pub(super) fn start(calls: usize, way: Way, peers: &[u16]) -> (Measured, Vec<u16>) {
    let myself = std::env::current_exe().unwrap();
    let peers: Vec<String> = peers.iter().map(u16::to_string).collect();
    let mut child = Command::new("taskset")
        .args(["--cpu-list", "0"])
        .arg(myself)
        .args(["floor", way.word(), &calls.to_string()])
        .args(peers)
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut line = String::new();
    let out = child.stdout.take().unwrap();
    BufReader::new(out).read_line(&mut line).unwrap();
    let ports = line.split_whitespace().map(|port| port.parse().unwrap());
    (Measured(child), ports.collect())
}

/// The floor itself, in its own process: `floor plain|batches CALLS PEER...`.
pub(super) fn serve(arguments: &[String]) -> ! {
    let batches = arguments[0] == "batches";
    let calls: usize = arguments[1].parse().unwrap();
    let peers: Vec<u16> = arguments[2..]
        .iter()
        .map(|port| port.parse().unwrap())
        .collect();
    let sockets: Vec<UdpSocket> = (0..calls)
        .map(|call| {
            let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
            socket.set_nonblocking(true).unwrap();
            socket
                .connect((Ipv4Addr::LOCALHOST, peers[call % peers.len()]))
                .unwrap();
            socket
        })
        .collect();
    let mut out = std::io::stdout();
    for socket in &sockets {
        write!(out, "{} ", socket.local_addr().unwrap().port()).unwrap();
    }
    writeln!(out).unwrap();
    out.flush().unwrap();

    let mut headers: MultiHeaders<SockaddrIn> = MultiHeaders::preallocate(4, None);
    let mut room = vec![0; 4 * 256];
    let mut packet = [0xFF_u8; 172];
    packet[..2].copy_from_slice(&[0x80, 0]);
    let mut sequence = 0_u16;
    let mut slot = 0;
    let mut due = Instant::now();
    loop {
        if slot == 0 {
            sequence = sequence.wrapping_add(1);
            packet[2..4].copy_from_slice(&sequence.to_be_bytes());
            packet[4..8].copy_from_slice(&(u32::from(sequence) * 160).to_be_bytes());
        }
        for socket in sockets.iter().skip(slot).step_by(SLOTS) {
            if batches {
                let mut slices: Vec<[IoSliceMut; 1]> = room
                    .chunks_exact_mut(256)
                    .map(|chunk| [IoSliceMut::new(chunk)])
                    .collect();
                let _ = recvmmsg(
                    socket.as_raw_fd(),
                    &mut headers,
                    slices.iter_mut(),
                    MsgFlags::MSG_DONTWAIT,
                    None,
                );
            } else {
                while socket.recv(&mut room).is_ok() {}
            }
            let _ = socket.send(&packet);
        }
        slot = (slot + 1) % SLOTS;
        due += SLOT;
        let pause = due.saturating_duration_since(Instant::now());
        if !pause.is_zero() {
            std::thread::sleep(pause);
        }
    }
}
