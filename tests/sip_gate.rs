//! The SIP room as strangers and torturers see it: RFC 4475 over real sockets, forged Via, and who may call.

#![allow(clippy::unwrap_used, reason = "a test fails where it cannot go on")]

use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use ringback::sip::{CallLegEvent, Endpoint, Listener, Peer, Peers, Reason, SipConfig, Transport};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpSocket, UdpSocket};
use tokio::task::JoinHandle;
use tokio::time::timeout;

const PATIENCE: Duration = Duration::from_millis(400);
/// Addresses of this test alone, so that the ports in its messages are free.
const PEER: &str = "127.44.75.2";
const STRANGER: &str = "127.9.75.3";

struct House;

impl Peers for House {
    fn peer(&self, source: IpAddr) -> Option<Peer> {
        source.to_string().starts_with("127.44.").then(|| Peer {
            name: "house".to_owned(),
            requests_per_second: 1_000,
            calls_per_second: 1_000,
            behind_nat: false,
        })
    }
}

/// Takes every call and keeps it.
struct Server {
    endpoint: Endpoint,
    calls: JoinHandle<()>,
}

impl Drop for Server {
    fn drop(&mut self) {
        self.calls.abort();
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "a server of a test lives in a task of its own"
)]
async fn serve() -> Server {
    let listeners = [Transport::Udp, Transport::Tcp].map(|transport| Listener {
        transport,
        address: "127.0.0.1:0".parse().unwrap(),
    });
    let config = SipConfig {
        listeners: listeners.to_vec(),
        ..SipConfig::default()
    };
    let (endpoint, mut incoming) = Endpoint::start(config, Arc::new(House)).await.unwrap();
    let calls = tokio::spawn(async move {
        let mut legs = Vec::new();
        while let Some(call) = incoming.recv().await {
            if let Ok(leg) = call
                .answer(
                    "127.0.0.1:40000".parse().unwrap(),
                    "127.0.0.1:40001".parse().unwrap(),
                )
                .await
            {
                legs.push(leg);
            }
        }
    });
    Server { endpoint, calls }
}

impl Server {
    fn address(&self, transport: Transport) -> SocketAddr {
        self.endpoint
            .bound()
            .iter()
            .find(|listener| listener.transport == transport)
            .unwrap()
            .address
    }

    /// The final status that a message earns; 0 when nothing final comes.
    async fn status_of(&self, source: &str, transport: Transport, message: &[u8]) -> u16 {
        match transport {
            Transport::Udp => {
                let socket = bind(source, via_port(message)).await;
                socket
                    .send_to(message, self.address(transport))
                    .await
                    .unwrap();
                let mut buffer = vec![0; 65_535];
                while let Ok(received) = timeout(PATIENCE, socket.recv(&mut buffer)).await {
                    // An earlier call that we did not acknowledge may still be answered here.
                    let response = &buffer[..received.unwrap()];
                    let status = final_status(response);
                    if status >= 200 && call_id(response) == call_id(message) {
                        return status;
                    }
                }
                0
            }
            Transport::Tcp => {
                let socket = TcpSocket::new_v4().unwrap();
                socket
                    .bind(SocketAddr::new(source.parse().unwrap(), 0))
                    .unwrap();
                let mut stream = socket.connect(self.address(transport)).await.unwrap();
                stream.write_all(message).await.unwrap();
                let mut bytes = Vec::new();
                while let Ok(Ok(1..)) = timeout(PATIENCE, stream.read_buf(&mut bytes)).await {
                    let status = last_status(&bytes);
                    if status >= 200 {
                        return status;
                    }
                }
                0
            }
        }
    }

    async fn is_alive(&self) -> bool {
        let options = format!(
            "OPTIONS sip:ping@127.0.0.1 SIP/2.0\r\nVia: SIP/2.0/UDP {STRANGER};rport;branch=z9hG4bK{}\r\n\
             From: <sip:a@b>;tag=1\r\nTo: <sip:ping@127.0.0.1>\r\nCall-ID: {}\r\nCSeq: 1 OPTIONS\r\nMax-Forwards: 70\r\n\
             User-Agent: nobody in particular\r\nAccept: application/sdp\r\nContent-Length: 0\r\n\r\n",
            rand::random::<u32>(),
            rand::random::<u32>()
        );
        self.status_of(STRANGER, Transport::Udp, options.as_bytes())
            .await
            == 200
    }
}

/// A socket at the port of the message's Via, where answers go when it has no rport.
async fn bind(source: &str, port: u16) -> UdpSocket {
    UdpSocket::bind((source.parse::<IpAddr>().unwrap(), port))
        .await
        .unwrap()
}

fn call_id(message: &[u8]) -> Option<String> {
    let text = String::from_utf8_lossy(message);
    text.lines().find_map(|line| {
        let (name, value) = line.split_once(':')?;
        let is_call_id =
            name.trim().eq_ignore_ascii_case("call-id") || name.trim().eq_ignore_ascii_case("i");
        is_call_id.then(|| value.trim().to_owned())
    })
}

fn via_port(message: &[u8]) -> u16 {
    let text = String::from_utf8_lossy(message);
    let folded = text.replace("\r\n ", " ");
    let via = folded.lines().find(|line| {
        let name = line
            .split(':')
            .next()
            .unwrap_or("")
            .trim()
            .to_ascii_lowercase();
        name == "via" || name == "v"
    });
    let Some(via) = via.filter(|via| !via.contains("rport")) else {
        return 5_060;
    };
    let sent_by = via.split(';').next().unwrap();
    sent_by
        .rsplit_once(':')
        .and_then(|(_, port)| port.trim().parse().ok())
        .unwrap_or(5_060)
}

fn final_status(response: &[u8]) -> u16 {
    let text = String::from_utf8_lossy(response);
    if std::str::from_utf8(response).is_ok() {
        // Another reader's opinion of what we send.
        rsip::Response::try_from(response).unwrap_or_else(|fault| panic!("{fault}: {text}"));
    }
    text[8..11].parse().unwrap()
}

/// Of several responses on a stream, the first that is final.
fn last_status(bytes: &[u8]) -> u16 {
    let text = String::from_utf8_lossy(bytes);
    let statuses = text
        .lines()
        .filter_map(|line| line.strip_prefix("SIP/2.0 "))
        .filter_map(|line| line[..3].parse().ok());
    statuses
        .into_iter()
        .find(|status| *status >= 200)
        .unwrap_or(0)
}

/// File, final status over UDP, over TCP; 0 is silence.
const EXPECTED: &[(&str, u16, u16)] = &[
    ("badaspec", 200, 200),
    ("badbranch", 200, 200),
    ("baddate", 200, 200),
    // Its head has no end: a datagram ends anyway, a stream waits for more.
    ("baddn", 200, 0),
    ("badinv01", 400, 400),
    ("badvers", 505, 505),
    ("bcast", 0, 0),
    ("bext01", 420, 420),
    ("bigcode", 0, 0),
    // It promises more than it sends: a stream waits for the rest.
    ("clerr", 400, 0),
    ("cparam01", 405, 405),
    ("cparam02", 405, 405),
    ("dblreq", 405, 405),
    ("esc01", 200, 200),
    ("esc02", 501, 501),
    ("escnull", 405, 405),
    ("escruri", 400, 400),
    ("insuf", 400, 400),
    ("intmeth", 501, 501),
    ("inv2543", 200, 200),
    ("invut", 415, 415),
    ("longreq", 200, 200),
    ("ltgtruri", 200, 200),
    ("lwsdisp", 200, 200),
    ("lwsruri", 400, 400),
    ("lwsstart", 200, 200),
    ("mcl01", 400, 400),
    ("mismatch01", 400, 400),
    ("mismatch02", 400, 400),
    ("mpart01", 405, 405),
    ("multi01", 400, 400),
    ("ncl", 400, 400),
    ("noreason", 0, 0),
    ("novelsc", 416, 416),
    ("quotbal", 400, 400),
    ("regaut01", 405, 405),
    ("regbadct", 405, 405),
    ("regescrt", 405, 405),
    ("scalar02", 400, 400),
    ("scalarlg", 0, 0),
    ("sdp01", 200, 200),
    ("semiuri", 200, 200),
    ("test", 0, 0),
    ("transports", 200, 200),
    ("trws", 200, 200),
    ("unkscm", 416, 416),
    ("unksm2", 405, 405),
    ("unreason", 0, 0),
    // It names a dialog that we do not have.
    ("wsinv", 481, 481),
    ("zeromf", 200, 200),
];

#[tokio::test]
async fn rfc4475_ends_nothing_and_is_answered_as_it_says() {
    let data = std::env::var_os("RINGBACK_TESTDATA").map_or_else(
        || PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../shared/testdata"),
        PathBuf::from,
    );
    let folder = data.join("rfc4475");
    if !folder.is_dir() {
        eprintln!(
            "SKIPPED: no RFC 4475 messages in {}; set RINGBACK_TESTDATA",
            folder.display()
        );
        return;
    }
    let server = serve().await;
    let mut wrong = Vec::new();
    for (name, over_udp, over_tcp) in EXPECTED {
        let message = std::fs::read(folder.join(format!("{name}.dat"))).unwrap();
        for (transport, expected) in [(Transport::Tcp, *over_tcp), (Transport::Udp, *over_udp)] {
            // The same message twice would be a repetition to the second transport: another Call-ID makes it new.
            let fresh = renamed(&message, &format!("{name}.{transport}."));
            let status = server.status_of(PEER, transport, &fresh).await;
            if status != expected {
                wrong.push(format!(
                    "{name} over {transport}: {status} instead of {expected}"
                ));
            }
            assert!(
                server.is_alive().await,
                "dead after {name} over {transport}"
            );
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

/// Every Call-ID of these messages begins with the name of its file, but one.
fn renamed(message: &[u8], fresh: &str) -> Vec<u8> {
    let old = [fresh.split('.').next().unwrap().as_bytes(), b"."].concat();
    match message.windows(old.len()).position(|window| window == old) {
        // The new name is longer, which only headers can bear.
        Some(at) if !message[..at].windows(4).any(|window| window == b"\r\n\r\n") => {
            [&message[..at], fresh.as_bytes(), &message[at + old.len()..]].concat()
        }
        _ => message.to_vec(),
    }
}

fn request(method: &str, via: &str) -> Vec<u8> {
    format!(
        "{method} sip:7000@127.0.0.1 SIP/2.0\r\nVia: {via}\r\nFrom: <sip:1042@example.com>;tag=1\r\n\
         To: <sip:7000@example.com>\r\nCall-ID: {}@client\r\nCSeq: 1 {method}\r\nMax-Forwards: 70\r\nContent-Length: 0\r\n\r\n",
        rand::random::<u32>()
    )
    .into_bytes()
}

#[tokio::test]
async fn nobody_but_peers_gets_a_call_or_anything_else_but_options() {
    let server = serve().await;
    for method in [
        "INVITE",
        "REGISTER",
        "SUBSCRIBE",
        "NOTIFY",
        "MESSAGE",
        "INFO",
        "REFER",
        "PUBLISH",
        "UPDATE",
        "BYE",
        "CANCEL",
    ] {
        for transport in [Transport::Udp, Transport::Tcp] {
            let message = request(method, "SIP/2.0/UDP 127.9.75.3;rport;branch=z9hG4bK1");
            assert_eq!(
                server.status_of(STRANGER, transport, &message).await,
                403,
                "{method} over {transport}"
            );
        }
    }
    let ack = request("ACK", "SIP/2.0/UDP 127.9.75.3;rport;branch=z9hG4bK1");
    assert_eq!(server.status_of(STRANGER, Transport::Udp, &ack).await, 0);
    assert_eq!(server.endpoint.counts().invites, 0);
    assert_eq!(server.endpoint.gate_counts().of(Reason::Forbidden), 22);
}

#[tokio::test]
async fn a_forged_via_reaches_nobody_but_its_sender() {
    let server = serve().await;
    let victim = bind("127.9.76.9", 0).await;
    let address = victim.local_addr().unwrap();
    for method in ["OPTIONS", "INVITE", "REGISTER", "FETCH"] {
        for via in [
            format!("SIP/2.0/UDP {address};branch=z9hG4bK1"),
            format!(
                "SIP/2.0/UDP 127.44.76.2;branch=z9hG4bK1;maddr={}",
                address.ip()
            ),
            format!(
                "SIP/2.0/UDP 127.44.76.2;branch=z9hG4bK1;received={};rport={}",
                address.ip(),
                address.port()
            ),
        ] {
            for source in ["127.44.76.2", "127.9.76.3"] {
                let sender = bind(source, 0).await;
                sender
                    .send_to(&request(method, &via), server.address(Transport::Udp))
                    .await
                    .unwrap();
            }
        }
    }
    let mut buffer = [0; 2_048];
    assert!(
        timeout(PATIENCE, victim.recv_from(&mut buffer))
            .await
            .is_err(),
        "the victim got something"
    );
}

/// An offer from this address, and the ACK for its answer.
fn invite(from: SocketAddr, transport: Transport) -> String {
    let sdp = "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\nm=audio 40002 RTP/AVP 0\r\n";
    let fresh = rand::random::<u64>();
    format!(
        "INVITE sip:7000@127.0.0.1 SIP/2.0\r\nVia: SIP/2.0/{transport} {from};branch=z9hG4bK{fresh}\r\n\
         From: <sip:1042@example.com>;tag={fresh}\r\nTo: <sip:7000@example.com>\r\nCall-ID: {fresh}\r\nCSeq: 1 INVITE\r\n\
         Contact: <sip:1042@{from}>\r\nMax-Forwards: 70\r\nContent-Type: application/sdp\r\nContent-Length: {}\r\n\r\n{sdp}",
        sdp.len()
    )
}

fn acknowledge(invite: &str, answer: &str) -> String {
    let line = |text: &str, name: &str| {
        text.lines()
            .find(|line| line.starts_with(name))
            .unwrap()
            .to_owned()
    };
    let uri = line(answer, "Contact: ")
        .replace("Contact: <", "")
        .replace('>', "");
    format!(
        "ACK {uri} SIP/2.0\r\n{}-ack\r\n{}\r\n{}\r\n{}\r\nCSeq: 1 ACK\r\nMax-Forwards: 70\r\nContent-Length: 0\r\n\r\n",
        line(invite, "Via: "),
        line(invite, "From: "),
        line(answer, "To: "),
        line(invite, "Call-ID: "),
    )
}

/// A phone's end of a datagram socket or of a connection.
enum Line {
    Udp(UdpSocket),
    Tcp(tokio::net::TcpStream),
}

impl Line {
    async fn to(server: Listener) -> Self {
        let ip: IpAddr = if server.address.is_ipv6() {
            "::1"
        } else {
            "127.44.77.2"
        }
        .parse()
        .unwrap();
        match server.transport {
            Transport::Udp => Self::Udp(UdpSocket::bind((ip, 0)).await.unwrap()),
            Transport::Tcp => {
                let socket = TcpSocket::new_v4().unwrap();
                socket.bind((ip, 0).into()).unwrap();
                Self::Tcp(socket.connect(server.address).await.unwrap())
            }
        }
    }

    fn address(&self) -> SocketAddr {
        match self {
            Self::Udp(socket) => socket.local_addr().unwrap(),
            Self::Tcp(stream) => stream.local_addr().unwrap(),
        }
    }

    async fn send(&mut self, message: &str, server: SocketAddr) {
        match self {
            Self::Udp(socket) => drop(socket.send_to(message.as_bytes(), server).await.unwrap()),
            Self::Tcp(stream) => stream.write_all(message.as_bytes()).await.unwrap(),
        }
    }

    /// The first message that begins so, and where it came from.
    async fn hear(&mut self, beginning: &str) -> (String, SocketAddr) {
        let mut buffer = vec![0; 65_535];
        let mut stream_text = String::new();
        loop {
            let (length, from) = timeout(Duration::from_secs(5), async {
                match self {
                    Self::Udp(socket) => socket.recv_from(&mut buffer).await.unwrap(),
                    Self::Tcp(stream) => {
                        let from = stream.peer_addr().unwrap();
                        let length = stream.read(&mut buffer).await.unwrap();
                        assert!(length > 0, "closed before {beginning}: {stream_text}");
                        (length, from)
                    }
                }
            })
            .await
            .unwrap_or_else(|_| panic!("no {beginning}"));
            let text = String::from_utf8(buffer[..length].to_vec()).unwrap();
            let text = if matches!(self, Self::Tcp(_)) {
                stream_text.push_str(&text);
                stream_text
                    .find(beginning)
                    .map_or(String::new(), |at| stream_text[at..].to_owned())
            } else {
                text
            };
            if text.starts_with(beginning) {
                return (text, from);
            }
        }
    }
}

#[tokio::test]
#[expect(
    clippy::disallowed_methods,
    reason = "a server of a test lives in a task of its own"
)]
async fn our_own_requests_leave_the_way_the_call_came() {
    struct Everybody;
    impl Peers for Everybody {
        fn peer(&self, _: IpAddr) -> Option<Peer> {
            Some(Peer {
                name: "all".to_owned(),
                requests_per_second: 100,
                calls_per_second: 100,
                behind_nat: false,
            })
        }
    }
    let listeners = [
        (Transport::Udp, "127.0.0.1:0"),
        (Transport::Udp, "127.44.77.1:0"),
        (Transport::Udp, "[::1]:0"),
        (Transport::Udp, "0.0.0.0:0"),
        (Transport::Tcp, "127.0.0.1:0"),
        (Transport::Tcp, "127.44.77.1:0"),
    ]
    .map(|(transport, address)| Listener {
        transport,
        address: address.parse().unwrap(),
    });
    let config = SipConfig {
        listeners: listeners.to_vec(),
        ..SipConfig::default()
    };
    let (endpoint, mut incoming) = Endpoint::start(config, Arc::new(Everybody)).await.unwrap();
    let host = tokio::spawn(async move {
        while let Some(call) = incoming.recv().await {
            let (rtp, rtcp) = (
                "127.0.0.1:40000".parse().unwrap(),
                "127.0.0.1:40001".parse().unwrap(),
            );
            let mut leg = call.answer(rtp, rtcp).await.unwrap();
            assert!(matches!(
                leg.events.recv().await,
                Some(CallLegEvent::Confirmed)
            ));
            leg.hang_up().await;
        }
    });
    for listener in endpoint.bound() {
        let mut line = Line::to(listener).await;
        let target = match listener.address {
            any if any.ip().is_unspecified() => {
                SocketAddr::new("127.0.0.1".parse().unwrap(), any.port())
            }
            address => address,
        };
        let invite = invite(line.address(), listener.transport);
        line.send(&invite, target).await;
        let (answer, from) = line.hear("SIP/2.0 200 ").await;
        assert_eq!(from.port(), target.port(), "{listener}");
        line.send(&acknowledge(&invite, &answer), target).await;
        let (bye, from) = line.hear("BYE ").await;
        assert_eq!(
            from.port(),
            target.port(),
            "the BYE of {listener} came from {from}"
        );
        if !from.is_ipv6() {
            // rsip reads no IPv6 address in a Request-URI.
            rsip::Request::try_from(bye.as_bytes())
                .unwrap_or_else(|fault| panic!("{fault}: {bye}"));
        }
        let via = bye.lines().find(|line| line.starts_with("Via: ")).unwrap();
        let sent_by = format!(
            "Via: SIP/2.0/{} {}:{};",
            listener.transport,
            bracketed(from.ip()),
            target.port()
        );
        assert!(via.starts_with(&sent_by), "{via} instead of {sent_by}");
        let head = bye.split_once("\r\n").unwrap().1;
        line.send(&format!("SIP/2.0 200 OK\r\n{head}"), target)
            .await;
    }
    host.abort();
}

fn bracketed(ip: IpAddr) -> String {
    if ip.is_ipv6() {
        format!("[{ip}]")
    } else {
        ip.to_string()
    }
}
