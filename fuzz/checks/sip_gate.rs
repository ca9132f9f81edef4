//! What must hold for any bytes that reach the SIP gate.

use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, LazyLock};
use std::time::{Duration, Instant};

use ringback::sip::{Frame, Framer, Gate, GateLimits, Peer, Peers, Transport, Verdict};

struct House;

impl Peers for House {
    fn peer(&self, source: IpAddr) -> Option<Peer> {
        source.is_loopback().then(|| Peer {
            name: "house".to_owned(),
            requests_per_second: 1_000_000,
            calls_per_second: 1_000_000,
            behind_nat: source.is_ipv6(),
        })
    }
}

static GATE: LazyLock<(Gate, Instant)> = LazyLock::new(|| {
    (
        Gate::new(Arc::new(House), GateLimits::default()),
        Instant::now(),
    )
});

/// Judges the bytes as a datagram and as a stream, from a peer and from a stranger.
pub(crate) fn check(data: &[u8]) {
    for source in ["127.0.0.1:5060", "[::1]:5062", "198.51.100.9:40000"] {
        let source: SocketAddr = source.parse().unwrap();
        judge(source, Transport::Udp, data);
        let mut framer = Framer::new(GateLimits::default());
        // The first byte says how the stream comes in pieces.
        let piece = data.first().map_or(1, |byte| usize::from(*byte) + 1);
        let mut frames = 0;
        for bytes in data.chunks(piece) {
            framer.buffer().extend_from_slice(bytes);
            while let Some(frame) = framer.next_frame() {
                frames += 1;
                assert!(frames <= data.len(), "a frame is made of bytes");
                match frame {
                    Frame::Ping => {}
                    Frame::Message(message) | Frame::Broken(message) => {
                        judge(source, Transport::Tcp, &message)
                    }
                }
            }
        }
    }
}

fn judge(source: SocketAddr, transport: Transport, message: &[u8]) {
    let (gate, begun) = &*GATE;
    // A second later each time: rates are not what is looked for.
    let counts = gate.counts();
    let judged: u64 = counts.passed + counts.refused.iter().map(|(_, count)| count).sum::<u64>();
    match gate.judge(
        *begun + Duration::from_secs(judged),
        source,
        transport,
        message,
    ) {
        Verdict::Pass {
            message,
            respond_to,
        } => {
            assert_eq!(respond_to.ip(), source.ip());
            assert!(
                transport == Transport::Tcp || message.len() <= 8_192,
                "the stack cannot receive it"
            );
            // Passing once more must not change anybody's mind about it.
            let head_ends = message.windows(4).any(|window| window == b"\r\n\r\n");
            assert!(head_ends && std::str::from_utf8(&message[..message.len().min(8)]).is_ok());
        }
        Verdict::Answer {
            response,
            respond_to,
            ..
        } => {
            assert_eq!(respond_to.ip(), source.ip());
            assert!(
                response.starts_with(b"SIP/2.0 ")
                    && response.ends_with(b"\r\nContent-Length: 0\r\n\r\n")
            );
            let start = message
                .iter()
                .position(|byte| !matches!(byte, b'\r' | b'\n'))
                .unwrap_or(0);
            let request = &message[start..];
            assert!(
                !request.starts_with(b"SIP/") && !request.starts_with(b"ACK "),
                "answered what must not be"
            );
            if !source.ip().is_loopback() {
                assert!(
                    response.len() * 2 <= message.len() * 3,
                    "more than a stranger may cause"
                );
            }
            let empty_line = response.windows(4).position(|window| window == b"\r\n\r\n");
            assert_eq!(
                empty_line,
                Some(response.len() - 4),
                "somebody else's lines split the answer"
            );
        }
        Verdict::Drop { .. } => {}
    }
}
