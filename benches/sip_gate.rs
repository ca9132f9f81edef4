//! What one SIP message costs at the gate: this bounds the flood that a core can stand.

use std::hint::black_box;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::{Duration, Instant};

use criterion::{Criterion, criterion_group, criterion_main};
use ringback::sip::{Gate, GateLimits, Peer, Peers, Transport};

struct House;

impl Peers for House {
    fn peer(&self, source: IpAddr) -> Option<Peer> {
        source.is_loopback().then(|| Peer {
            name: "house".to_owned(),
            requests_per_second: u32::MAX,
            calls_per_second: u32::MAX,
            behind_nat: false,
        })
    }
}

fn seed(name: &str) -> Vec<u8> {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("fuzz/seeds/sip_gate")
        .join(name);
    std::fs::read(&path).unwrap_or_else(|fault| panic!("{}: {fault}", path.display()))
}

#[expect(
    clippy::disallowed_methods,
    reason = "a benchmark counts from one moment"
)]
fn parse(criterion: &mut Criterion) {
    let begun = Instant::now();
    let mut group = criterion.benchmark_group("sip_gate");
    for (name, message, source) in [
        ("a call of a peer passes", seed("invite"), "127.0.0.1:5060"),
        ("OPTIONS is answered", seed("options"), "127.0.0.1:5060"),
        (
            "a call of a stranger is refused",
            seed("invite"),
            "198.51.100.9:5060",
        ),
        ("not SIP", vec![0x80; 172], "198.51.100.9:5060"),
    ] {
        let source: SocketAddr = source.parse().unwrap_or_else(|fault| panic!("{fault}"));
        let gate = Gate::new(Arc::new(House), GateLimits::default());
        let mut judged = 0_u32;
        group.bench_function(name, |bencher| {
            bencher.iter(|| {
                // Time enough between them that the rate refuses none.
                judged += 1;
                let now = begun + Duration::from_millis(100) * judged;
                black_box(gate.judge(now, source, Transport::Udp, black_box(&message)))
            });
        });
    }
    group.finish();
}

criterion_group!(benches, parse);
criterion_main!(benches);
