//! The gate on real sockets: every limit at the limit and one beyond, over UDP and TCP.

use std::collections::HashMap;

use rsipstack::EndpointBuilder;
use rsipstack::sip::StatusCode;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpSocket, TcpStream, UdpSocket};
use tokio::time::timeout;

use super::*;
use crate::sip::gate::{GateLimits, Peer, Peers, Reason};

/// 127.0.0.0/8 and ::1 are peers, 127.9.0.0/16 are strangers.
struct House;

impl Peers for House {
    fn peer(&self, source: IpAddr) -> Option<Peer> {
        let stranger = matches!(source, IpAddr::V4(address) if address.octets()[1] == 9);
        (!stranger).then(|| Peer {
            name: "house".to_owned(),
            requests_per_second: 10_000,
            calls_per_second: 10_000,
            behind_nat: false,
        })
    }
}

/// A server that answers each call with 486, over UDP and TCP, IPv4 and IPv6.
struct Server {
    bound: Vec<Listener>,
    gate: Arc<Gate>,
    stop: CancellationToken,
    tasks: TaskTracker,
    stack: rsipstack::transaction::endpoint::EndpointInnerRef,
}

impl Drop for Server {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "a server of a test lives in tasks of its own"
)]
async fn serve(stream_limits: StreamLimits) -> Server {
    let gate = Arc::new(Gate::new(Arc::new(House), GateLimits::default()));
    let stop = CancellationToken::new();
    let listeners: Vec<Listener> = [Transport::Udp, Transport::Tcp]
        .into_iter()
        .flat_map(|transport| {
            ["127.0.0.1:0", "[::1]:0"].map(|address| Listener {
                transport,
                address: address.parse().unwrap(),
            })
        })
        .collect();
    let opening = Opening {
        listeners: &listeners,
        advertised: None,
        stream_limits,
        gate: gate.clone(),
        stop: stop.clone(),
    };
    let opened = open(opening).await.unwrap();
    let endpoint = EndpointBuilder::new()
        .with_transport_layer(opened.layer)
        .with_transport_inspector(opened.inspector)
        .with_cancel_token(stop.clone())
        .build();
    let mut calls = endpoint.incoming_transactions().unwrap();
    let stack = endpoint.inner.clone();
    tokio::spawn(async move {
        tokio::join!(endpoint.serve(), async {
            while let Some(mut call) = calls.recv().await {
                tokio::spawn(async move {
                    let _ = call.reply(StatusCode::BusyHere).await;
                    while call.receive().await.is_some() {}
                });
            }
        })
    });
    Server {
        bound: opened.bound,
        gate,
        stop,
        tasks: opened.tasks,
        stack,
    }
}

impl Server {
    fn address(&self, transport: Transport, of_ipv6: bool) -> SocketAddr {
        let listener = self
            .bound
            .iter()
            .find(|each| each.transport == transport && each.address.is_ipv6() == of_ipv6);
        listener.unwrap().address
    }

    /// What comes back to one message from a fresh socket at this address; 0 when nothing does.
    async fn ask_from(&self, ip: &str, transport: Transport, message: &[u8]) -> Answer {
        let ip: IpAddr = ip.parse().unwrap();
        let server = self.address(transport, ip.is_ipv6());
        match transport {
            Transport::Udp => {
                let socket = UdpSocket::bind((ip, 0)).await.unwrap();
                let port = socket.local_addr().unwrap().port();
                let message = with_port(message, port);
                socket.send_to(&message, server).await.unwrap();
                let mut buffer = vec![0; 65_535];
                let answer = match timeout(PATIENCE, socket.recv_from(&mut buffer)).await {
                    Ok(received) => buffer[..received.unwrap().0].to_vec(),
                    Err(_) => Vec::new(),
                };
                Answer::read(&answer, false)
            }
            Transport::Tcp => {
                let mut stream = connect_from(ip, server).await;
                stream
                    .write_all(&with_port(message, stream.local_addr().unwrap().port()))
                    .await
                    .unwrap();
                read_answer(&mut stream).await
            }
        }
    }

    async fn ask(&self, transport: Transport, message: &[u8]) -> Answer {
        self.ask_from("127.0.0.1", transport, message).await
    }
}

const PATIENCE: Duration = Duration::from_millis(300);

#[derive(Debug)]
struct Answer {
    status: u16,
    text: String,
    closed: bool,
}

impl Answer {
    fn read(bytes: &[u8], closed: bool) -> Self {
        let text = String::from_utf8_lossy(bytes).into_owned();
        let status = text
            .get(8..11)
            .and_then(|code| code.parse().ok())
            .unwrap_or(0);
        if status != 0 {
            // The second opinion: another reader of SIP must understand what we say.
            rsip::Response::try_from(bytes).unwrap_or_else(|fault| panic!("{fault}: {text}"));
        }
        Self {
            status,
            text,
            closed,
        }
    }
}

async fn connect_from(ip: IpAddr, server: SocketAddr) -> TcpStream {
    let socket = if ip.is_ipv6() {
        TcpSocket::new_v6()
    } else {
        TcpSocket::new_v4()
    }
    .unwrap();
    socket.bind((ip, 0).into()).unwrap();
    socket.connect(server).await.unwrap()
}

/// One answer, and whether the stream ended after it.
async fn read_answer(stream: &mut TcpStream) -> Answer {
    let mut bytes = Vec::new();
    loop {
        match timeout(PATIENCE, stream.read_buf(&mut bytes)).await {
            Ok(Ok(0) | Err(_)) => return Answer::read(&bytes, true),
            Ok(Ok(_)) => {}
            Err(_) => return Answer::read(&bytes, false),
        }
    }
}

/// Where the port of the sending socket and the identity of this one sending go; what replaces them is as long.
const PORT: &str = "PORT0";
const UNIQUE: &str = "UNIQUE0123456789";

fn with_port(message: &[u8], port: u16) -> Vec<u8> {
    let unique = format!("{:016x}", rand::random::<u64>());
    let mut message = message.to_vec();
    for (placeholder, value) in [(PORT, format!("{port:05}")), (UNIQUE, unique)] {
        let found = |message: &[u8]| {
            message
                .windows(placeholder.len())
                .position(|each| each == placeholder.as_bytes())
        };
        while let Some(at) = found(&message) {
            message[at..at + placeholder.len()].copy_from_slice(value.as_bytes());
        }
    }
    message
}

/// A request with these header lines more, and this body.
fn request(method: &str, lines: &str, body: &str) -> Vec<u8> {
    format!(
        "{method} sip:7000@127.0.0.1 SIP/2.0\r\nVia: SIP/2.0/UDP client.example.com:{PORT};branch=z9hG4bK{UNIQUE}\r\n\
         From: <sip:1042@example.com>;tag={UNIQUE}\r\nTo: <sip:7000@example.com>\r\nCall-ID: {UNIQUE}@client\r\n\
         CSeq: 1 {method}\r\nMax-Forwards: 70\r\n{lines}Content-Length: {}\r\n\r\n{body}",
        body.len()
    )
    .into_bytes()
}

/// The same for a stream, where the port in Via is of no account.
fn on_stream(method: &str) -> Vec<u8> {
    with_port(&request(method, "", ""), 5060)
}

const BOTH: [Transport; 2] = [Transport::Udp, Transport::Tcp];

#[tokio::test]
async fn calls_reach_the_stack_and_answers_come_back_over_every_transport() {
    let server = serve(StreamLimits::default()).await;
    for ip in ["127.0.0.1", "127.0.0.7", "::1"] {
        for transport in BOTH {
            let answer = server
                .ask_from(ip, transport, &request("INVITE", "", ""))
                .await;
            assert_eq!(answer.status, 486, "{ip} over {transport}: {answer:?}");
            let via = answer
                .text
                .lines()
                .find(|line| line.starts_with("Via: "))
                .unwrap();
            assert!(
                via.starts_with("Via: SIP/2.0/UDP client.example.com:"),
                "{via}"
            );
            assert!(via.ends_with(&format!(";received={ip}")), "{via}");
            assert!(
                answer.text.contains("\r\nTo: <sip:7000@example.com>;tag="),
                "{answer:?}"
            );
        }
    }
    assert_eq!(server.gate.counts().passed, 6);
}

#[tokio::test]
async fn options_are_answered_to_everybody_and_calls_of_strangers_are_not() {
    let server = serve(StreamLimits::default()).await;
    for transport in BOTH {
        let answer = server
            .ask_from("127.9.0.1", transport, &request("OPTIONS", "", ""))
            .await;
        assert_eq!(answer.status, 200);
        assert!(
            answer
                .text
                .contains("\r\nAllow: INVITE, ACK, CANCEL, BYE, OPTIONS, INFO, UPDATE, PRACK\r\n")
        );
        let answer = server
            .ask_from("127.9.0.1", transport, &request("INVITE", "", ""))
            .await;
        assert_eq!(answer.status, 403);
        assert!(!answer.closed);
    }
    assert_eq!(server.gate.counts().of(Reason::Forbidden), 2);
}

/// `count` copies of a line.
fn lines(line: &str, count: usize) -> String {
    line.repeat(count)
}

fn sdp(media: usize, attributes: usize) -> String {
    let medium = format!("m=audio 4000 RTP/AVP 0\r\n{}", lines("a=x\r\n", attributes));
    format!(
        "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\n{}",
        lines(&medium, media)
    )
}

fn multipart(parts: usize) -> String {
    format!(
        "--x\r\nContent-Type: application/sdp\r\n\r\n{}\r\n{}--x--\r\n",
        sdp(1, 0),
        lines("--x\r\n\r\na\r\n", parts - 1)
    )
}

/// Multipart bodies inside one another, the innermost holding a session description.
fn nested(depth: usize) -> String {
    let (mut body, mut kind) = (sdp(1, 0), "application/sdp".to_owned());
    for level in 0..depth {
        body = format!("--b{level}\r\nContent-Type: {kind}\r\n\r\n{body}\r\n--b{level}--\r\n");
        kind = format!("multipart/mixed;boundary=b{level}");
    }
    body
}

#[tokio::test]
async fn every_limit_holds_at_the_limit_and_beyond() {
    let server = serve(StreamLimits::default()).await;
    let sdp_type = "Content-Type: application/sdp\r\n";
    let mixed = "Content-Type: multipart/mixed;boundary=x\r\n";
    let nested_type =
        |depth: usize| format!("Content-Type: multipart/mixed;boundary=b{}\r\n", depth - 1);
    // A request has seven header lines of its own.
    let rows: Vec<(&str, Vec<u8>, Vec<u8>, u16)> = vec![
        (
            "header lines",
            request("INVITE", &lines("A: 1\r\n", 249), ""),
            request("INVITE", &lines("A: 1\r\n", 250), ""),
            400,
        ),
        (
            "Via values",
            request("INVITE", &lines("v: SIP/2.0/UDP a\r\n", 63), ""),
            request("INVITE", &lines("v: SIP/2.0/UDP a\r\n", 64), ""),
            400,
        ),
        (
            "Via values in one line",
            request(
                "INVITE",
                &format!("v: {}\r\n", vec!["SIP/2.0/UDP a"; 63].join(",")),
                "",
            ),
            request(
                "INVITE",
                &format!("v: {}\r\n", vec!["SIP/2.0/UDP a"; 64].join(",")),
                "",
            ),
            400,
        ),
        (
            "media",
            request("INVITE", sdp_type, &sdp(64, 0)),
            request("INVITE", sdp_type, &sdp(65, 0)),
            413,
        ),
        (
            "attributes",
            request("INVITE", sdp_type, &sdp(2, 256)),
            request("INVITE", sdp_type, &sdp(2, 257)),
            413,
        ),
        (
            "parts",
            request("INVITE", mixed, &multipart(32)),
            request("INVITE", mixed, &multipart(33)),
            413,
        ),
        (
            "nesting",
            request("INVITE", &nested_type(8), &nested(8)),
            request("INVITE", &nested_type(9), &nested(9)),
            413,
        ),
    ];
    for (name, at_limit, beyond, expected) in rows {
        for transport in BOTH {
            let answer = server.ask(transport, &at_limit).await;
            assert_eq!(
                (answer.status, answer.closed),
                (486, false),
                "{name} at the limit over {transport}: {answer:?}"
            );
            let answer = server.ask(transport, &beyond).await;
            let closes = transport == Transport::Tcp;
            assert_eq!(
                (answer.status, answer.closed),
                (expected, closes),
                "{name} beyond over {transport}: {answer:?}"
            );
        }
    }
}

/// A call of exactly so many bytes, most of them in one header or in the body.
fn call_of(bytes: usize, in_body: bool) -> Vec<u8> {
    let kind = "Content-Type: application/sdp\r\n";
    let missing = bytes - request("INVITE", if in_body { kind } else { "X: \r\n" }, "").len();
    let call = if in_body {
        // The Content-Length of a large body has four digits more than that of none.
        request("INVITE", kind, &"a".repeat(missing - 4))
    } else {
        request("INVITE", &format!("X: {}\r\n", "a".repeat(missing)), "")
    };
    assert_eq!(call.len(), bytes);
    call
}

#[tokio::test]
async fn sizes_hold_at_the_limit_and_beyond() {
    let server = serve(StreamLimits::default()).await;
    let sized = |bytes: usize| call_of(bytes, false);
    assert_eq!(server.ask(Transport::Udp, &sized(8_000)).await.status, 486);
    assert_eq!(server.ask(Transport::Udp, &sized(8_001)).await.status, 513);
    assert_eq!(server.ask(Transport::Udp, &sized(60_000)).await.status, 513);

    let line = |bytes: usize| request("INVITE", &format!("X: {}\r\n", "a".repeat(bytes - 3)), "");
    let answer = server.ask(Transport::Tcp, &line(8_192)).await;
    assert_eq!((answer.status, answer.closed), (486, false));
    let answer = server.ask(Transport::Tcp, &line(8_193)).await;
    assert_eq!((answer.status, answer.closed), (400, true));
    let folded = request(
        "INVITE",
        &format!("X: {}\r\n", vec!["a".repeat(78); 105].join("\r\n ")),
        "",
    );
    let answer = server.ask(Transport::Tcp, &folded).await;
    assert_eq!(
        (answer.status, answer.closed),
        (400, true),
        "continuations count"
    );

    let with_body = |bytes: usize| call_of(bytes, true);
    let answer = server.ask(Transport::Tcp, &with_body(64_000)).await;
    assert_eq!((answer.status, answer.closed), (486, false));
    let answer = server.ask(Transport::Tcp, &with_body(64_001)).await;
    assert_eq!((answer.status, answer.closed), (513, true));
    let promised = String::from_utf8(request("INVITE", "", ""))
        .unwrap()
        .replace("Content-Length: 0", "Content-Length: 4000000000");
    let answer = server.ask(Transport::Tcp, promised.as_bytes()).await;
    assert_eq!(
        (answer.status, answer.closed),
        (513, true),
        "refused before any of the body has come"
    );
}

#[tokio::test]
async fn a_stream_is_cut_into_messages_wherever_it_is_split() {
    let server = serve(StreamLimits::default()).await;
    let two = [
        &b"\r\n"[..],
        &on_stream("OPTIONS"),
        b"\r\n",
        &on_stream("INVITE"),
    ]
    .concat();
    let mut stream = connect_from(
        "127.0.0.1".parse().unwrap(),
        server.address(Transport::Tcp, false),
    )
    .await;
    for piece in two.chunks(7) {
        stream.write_all(piece).await.unwrap();
        tokio::task::yield_now().await;
    }
    let mut both = Vec::new();
    while let Ok(Ok(1..)) = timeout(PATIENCE, stream.read_buf(&mut both)).await {}
    let both = String::from_utf8(both).unwrap();
    assert!(
        both.contains("SIP/2.0 200 OK\r\n") && both.contains("SIP/2.0 486 "),
        "{both}"
    );

    stream.write_all(b"\r\n\r\n").await.unwrap();
    let mut pong = [0; 2];
    timeout(PATIENCE, stream.read_exact(&mut pong))
        .await
        .unwrap()
        .unwrap();
    assert_eq!(&pong, b"\r\n");

    stream.write_all(b"GET / HTTP/1.1\r\n\r\n").await.unwrap();
    let answer = read_answer(&mut stream).await;
    assert_eq!((answer.status, answer.closed), (0, true));
}

fn quick() -> StreamLimits {
    StreamLimits {
        message_within: Duration::from_millis(200),
        idle_within: Duration::from_millis(600),
        connections_per_source: 3,
        connections: 5,
        backlog_bytes: 16 * 1024,
    }
}

#[tokio::test]
async fn a_message_a_byte_at_a_time_ends_the_connection() {
    let server = serve(quick()).await;
    let mut stream = connect_from(
        "127.0.0.1".parse().unwrap(),
        server.address(Transport::Tcp, false),
    )
    .await;
    let begun = tokio::time::Instant::now();
    for byte in on_stream("OPTIONS") {
        if stream.write_all(&[byte]).await.is_err() {
            break;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    assert!(read_answer(&mut stream).await.closed);
    assert!(begun.elapsed() < Duration::from_secs(5));
    assert_eq!(server.gate.counts().of(Reason::SlowMessage), 1);
}

#[tokio::test]
async fn keep_alives_keep_a_connection_and_silence_ends_it() {
    let server = serve(quick()).await;
    let mut stream = connect_from(
        "127.0.0.1".parse().unwrap(),
        server.address(Transport::Tcp, false),
    )
    .await;
    for _ in 0..5 {
        stream.write_all(b"\r\n\r\n").await.unwrap();
        let mut pong = [0; 2];
        timeout(PATIENCE, stream.read_exact(&mut pong))
            .await
            .unwrap()
            .unwrap();
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    tokio::time::sleep(Duration::from_millis(700)).await;
    assert!(read_answer(&mut stream).await.closed);
    assert_eq!(server.gate.counts().of(Reason::IdleConnection), 1);
}

#[tokio::test]
async fn connections_are_limited_by_source_and_in_all() {
    let server = serve(quick()).await;
    let address = server.address(Transport::Tcp, false);
    let mut open = Vec::new();
    let mut served: HashMap<&str, usize> = HashMap::new();
    for ip in [
        "127.0.0.1",
        "127.0.0.1",
        "127.0.0.1",
        "127.0.0.1",
        "127.0.0.2",
        "127.0.0.2",
        "127.0.0.2",
    ] {
        let mut stream = connect_from(ip.parse().unwrap(), address).await;
        let _ = stream.write_all(&on_stream("OPTIONS")).await;
        if read_answer(&mut stream).await.status == 200 {
            *served.entry(ip).or_default() += 1;
            open.push(stream);
        }
        for stream in &mut open {
            // Still there, and kept from falling idle.
            stream.write_all(b"\r\n\r\n").await.unwrap();
        }
    }
    assert_eq!(served, HashMap::from([("127.0.0.1", 3), ("127.0.0.2", 2)]));
    assert_eq!(server.gate.counts().of(Reason::TooManyConnections), 2);
    drop(open);
    tokio::time::sleep(Duration::from_millis(100)).await;
    assert_eq!(
        server
            .ask(Transport::Tcp, &request("OPTIONS", "", ""))
            .await
            .status,
        200
    );
}

#[tokio::test]
async fn a_peer_that_does_not_read_is_closed_and_others_are_served() {
    let server = serve(StreamLimits {
        backlog_bytes: 16 * 1024,
        ..StreamLimits::default()
    })
    .await;
    let socket = TcpSocket::new_v4().unwrap();
    socket.set_recv_buffer_size(2_048).unwrap();
    let mut deaf = socket
        .connect(server.address(Transport::Tcp, false))
        .await
        .unwrap();
    let question = on_stream("OPTIONS");
    let mut closed = false;
    for _ in 0..20_000 {
        match timeout(Duration::from_millis(500), deaf.write_all(&question)).await {
            Ok(Ok(())) => {}
            _ => {
                closed = true;
                break;
            }
        }
    }
    assert!(closed);
    assert_eq!(server.gate.counts().of(Reason::SlowReader), 1);
    assert_eq!(
        server
            .ask(Transport::Tcp, &request("OPTIONS", "", ""))
            .await
            .status,
        200
    );
}

#[tokio::test]
async fn a_port_in_use_is_named() {
    let server = serve(StreamLimits::default()).await;
    for transport in BOTH {
        let taken = Listener {
            transport,
            address: server.address(transport, false),
        };
        let opening = Opening {
            listeners: &[taken],
            advertised: None,
            stream_limits: StreamLimits::default(),
            gate: server.gate.clone(),
            stop: CancellationToken::new(),
        };
        match open(opening).await.map(|_| ()) {
            Err(SipFault::AddressInUse { listener }) => assert_eq!(listener, taken),
            other => panic!("{other:?}"),
        }
    }
}

#[tokio::test]
async fn everything_closes_when_told() {
    let server = serve(StreamLimits::default()).await;
    let mut stream = connect_from(
        "127.0.0.1".parse().unwrap(),
        server.address(Transport::Tcp, false),
    )
    .await;
    stream.write_all(&on_stream("OPTIONS")).await.unwrap();
    assert_eq!(read_answer(&mut stream).await.status, 200);
    server.stop.cancel();
    server.tasks.close();
    timeout(Duration::from_secs(2), server.tasks.wait())
        .await
        .unwrap();
    assert!(read_answer(&mut stream).await.closed);
}

#[tokio::test]
async fn a_connection_that_the_stack_opened_is_judged_too() {
    use rsipstack::sip::{HeadersExt, Request, SipMessage};
    use rsipstack::transaction::Transaction;
    use rsipstack::transaction::key::{TransactionKey, TransactionRole};

    let server = serve(StreamLimits::default()).await;
    let far_end = tokio::net::TcpListener::bind("127.9.0.1:0").await.unwrap();
    let target = far_end.local_addr().unwrap();
    let ours = format!(
        "OPTIONS sip:peer@{target};transport=tcp SIP/2.0\r\nVia: SIP/2.0/TCP 127.0.0.1;branch=z9hG4bKours\r\n\
         From: <sip:7000@127.0.0.1>;tag=1\r\nTo: <sip:peer@127.9.0.1>\r\nCall-ID: 1\r\nCSeq: 1 OPTIONS\r\n\r\n"
    );
    let request = Request::try_from(ours.as_bytes()).unwrap();
    let key = TransactionKey::from_request(&request, TransactionRole::Client).unwrap();
    let mut transaction = Transaction::new_client(key, request, server.stack.clone(), None);
    let (sent, accepted) = tokio::join!(transaction.send(), far_end.accept());
    sent.unwrap();
    let mut peer = accepted.unwrap().0;
    let mut asked = vec![0; 4_096];
    let length = peer.read(&mut asked).await.unwrap();
    assert!(asked[..length].starts_with(b"OPTIONS "));

    peer.write_all(&on_stream("INVITE")).await.unwrap();
    assert_eq!(
        read_answer(&mut peer).await.status,
        403,
        "the address is a stranger's, whoever dialled"
    );

    let answer = format!(
        "SIP/2.0 200 OK{}",
        ours.split_once(" SIP/2.0")
            .unwrap()
            .1
            .replace("\r\n\r\n", "\r\nContent-Length: 0\r\n\r\n")
    );
    peer.write_all(answer.as_bytes()).await.unwrap();
    let received = timeout(Duration::from_secs(2), transaction.receive())
        .await
        .unwrap();
    let Some(SipMessage::Response(response)) = received else {
        panic!("no response: {received:?}")
    };
    assert_eq!(response.call_id_header().unwrap().value(), "1");
}
