//! A small telephone over real sockets: it sends what a test writes, reads what comes, and keeps just enough of a
//! dialog to write the next request. It never answers by itself.
//!
//! Every SIP message that it reads must also parse with rsip, our second opinion, except where rsip is known to be
//! wrong: it refuses IPv6 references in URIs and Via.

#![allow(dead_code, reason = "each test binary uses a part of it")]

use std::collections::VecDeque;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpStream, UdpSocket};
use tokio::time::{Instant, timeout_at};

/// How long a test waits for what must come.
pub(crate) const SOON: Duration = Duration::from_secs(5);

/// A SIP message as it came.
#[derive(Clone, Debug)]
pub(crate) struct Message {
    pub(crate) start_line: String,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: String,
}

impl Message {
    fn parse(text: &str) -> Self {
        let (head, body) = text.split_once("\r\n\r\n").expect("a head");
        let mut lines = head.split("\r\n");
        let start_line = lines.next().expect("a start line").to_owned();
        let headers = lines
            .map(|line| {
                line.split_once(':')
                    .unwrap_or_else(|| panic!("a header line: {line}"))
            })
            .map(|(name, value)| (name.trim().to_owned(), value.trim().to_owned()))
            .collect();
        Self {
            start_line,
            headers,
            body: body.to_owned(),
        }
    }

    /// The status of a response, 0 of a request.
    pub(crate) fn status(&self) -> u16 {
        self.start_line
            .strip_prefix("SIP/2.0 ")
            .map_or(0, |rest| rest[..3].parse().expect("a status"))
    }

    /// The method of a request; of a response that of its CSeq.
    pub(crate) fn method(&self) -> &str {
        if self.status() == 0 {
            self.start_line.split(' ').next().expect("a method")
        } else {
            self.header("CSeq").split(' ').nth(1).expect("a method")
        }
    }

    pub(crate) fn all(&self, name: &str) -> Vec<&str> {
        self.headers
            .iter()
            .filter(|(n, _)| n.eq_ignore_ascii_case(name))
            .map(|(_, value)| value.as_str())
            .collect()
    }

    pub(crate) fn maybe(&self, name: &str) -> Option<&str> {
        self.all(name).first().copied()
    }

    pub(crate) fn header(&self, name: &str) -> &str {
        self.maybe(name)
            .unwrap_or_else(|| panic!("no {name} in {self:?}"))
    }

    /// The URI in the Contact.
    pub(crate) fn contact(&self) -> &str {
        let contact = self.header("Contact");
        contact
            .split_once('<')
            .map_or(contact, |(_, rest)| rest.split('>').next().expect("a URI"))
    }

    pub(crate) fn to_tag(&self) -> Option<&str> {
        self.header("To").split_once(";tag=").map(|(_, tag)| tag)
    }

    pub(crate) fn cseq(&self) -> u32 {
        self.header("CSeq")
            .split(' ')
            .next()
            .expect("a number")
            .parse()
            .expect("a number")
    }

    /// The lines of a description that begin so, without that beginning.
    pub(crate) fn sdp(&self, beginning: &str) -> Vec<&str> {
        self.body
            .lines()
            .filter_map(|line| line.strip_prefix(beginning))
            .collect()
    }

    /// Where the description wants RTP.
    pub(crate) fn rtp(&self) -> SocketAddr {
        let address = self.sdp("c=IN IP")[0][2..].trim();
        let port = self.sdp("m=audio ")[0].split(' ').next().expect("a port");
        SocketAddr::new(
            address.parse().expect("an address"),
            port.parse().expect("a port"),
        )
    }
}

enum Wire {
    Udp(UdpSocket),
    Tcp { stream: TcpStream, unread: Vec<u8> },
}

/// A telephone, or a PBX: one socket that speaks SIP with one server.
pub(crate) struct Phone {
    wire: Wire,
    pub(crate) server: SocketAddr,
    pub(crate) local: SocketAddr,
    /// Read already, asked for later.
    waiting: VecDeque<Message>,
    /// The call of the last request that was sent: an answer of another one is none to it.
    talking_about: String,
}

impl Phone {
    pub(crate) async fn udp(server: SocketAddr) -> Self {
        let any: IpAddr = if server.is_ipv6() {
            Ipv6Addr::LOCALHOST.into()
        } else {
            Ipv4Addr::LOCALHOST.into()
        };
        Self::udp_from((any, 0).into(), server).await
    }

    pub(crate) async fn udp_from(local: SocketAddr, server: SocketAddr) -> Self {
        let socket = UdpSocket::bind(local).await.expect("a socket");
        let local = socket.local_addr().expect("an address");
        Self {
            wire: Wire::Udp(socket),
            server,
            local,
            waiting: VecDeque::new(),
            talking_about: String::new(),
        }
    }

    pub(crate) async fn tcp(server: SocketAddr) -> Self {
        let stream = TcpStream::connect(server).await.expect("a connection");
        let local = stream.local_addr().expect("an address");
        Self {
            wire: Wire::Tcp {
                stream,
                unread: Vec::new(),
            },
            server,
            local,
            waiting: VecDeque::new(),
            talking_about: String::new(),
        }
    }

    pub(crate) fn transport(&self) -> &'static str {
        match self.wire {
            Wire::Udp(_) => "UDP",
            Wire::Tcp { .. } => "TCP",
        }
    }

    /// Sends bytes as they are.
    pub(crate) async fn send(&mut self, text: impl AsRef<[u8]>) {
        let written = String::from_utf8_lossy(text.as_ref());
        if let Some((_, rest)) = written.split_once("\r\nCall-ID: ") {
            self.talking_about = rest.lines().next().unwrap_or_default().to_owned();
        }
        match &mut self.wire {
            Wire::Udp(socket) => {
                socket
                    .send_to(text.as_ref(), self.server)
                    .await
                    .expect("sent");
            }
            Wire::Tcp { stream, .. } => stream.write_all(text.as_ref()).await.expect("sent"),
        }
    }

    /// The next message, whatever it is; none when nothing comes within that time.
    pub(crate) async fn any_within(&mut self, within: Duration) -> Option<Message> {
        if let Some(message) = self.waiting.pop_front() {
            return Some(message);
        }
        self.read(Instant::now() + within).await
    }

    async fn read(&mut self, deadline: Instant) -> Option<Message> {
        let text = match &mut self.wire {
            Wire::Udp(socket) => {
                let mut buffer = vec![0; 65_535];
                let (length, _) = timeout_at(deadline, socket.recv_from(&mut buffer))
                    .await
                    .ok()?
                    .expect("received");
                String::from_utf8(buffer[..length].to_vec()).expect("text")
            }
            Wire::Tcp { stream, unread } => loop {
                if let Some(text) = take_from_stream(unread) {
                    break text;
                }
                let read = timeout_at(deadline, stream.read_buf(unread))
                    .await
                    .ok()?
                    .expect("received");
                if read == 0 {
                    return None;
                }
            },
        };
        second_opinion(&text);
        Some(Message::parse(&text))
    }

    /// Waits for the message that `wanted` accepts; others stay for later.
    pub(crate) async fn wait_for(
        &mut self,
        what: &str,
        wanted: impl Fn(&Message) -> bool,
    ) -> Message {
        self.wait_within(SOON, wanted)
            .await
            .unwrap_or_else(|| panic!("no {what}; waiting: {:#?}", self.waiting))
    }

    pub(crate) async fn wait_within(
        &mut self,
        within: Duration,
        wanted: impl Fn(&Message) -> bool,
    ) -> Option<Message> {
        if let Some(at) = self.waiting.iter().position(&wanted) {
            return self.waiting.remove(at);
        }
        let deadline = Instant::now() + within;
        loop {
            let message = self.read(deadline).await?;
            if wanted(&message) {
                return Some(message);
            }
            self.waiting.push_back(message);
        }
    }

    /// The final response to a request with this CSeq and method, of the call last spoken about.
    pub(crate) async fn answer_to(&mut self, cseq: u32, method: &str) -> Message {
        let call_id = self.talking_about.clone();
        self.wait_for(&format!("answer to {cseq} {method}"), |message| {
            message.status() >= 200
                && message.cseq() == cseq
                && message.method() == method
                && message.header("Call-ID") == call_id
        })
        .await
    }

    /// A request of the server.
    pub(crate) async fn request(&mut self, method: &str) -> Message {
        self.wait_for(method, |message| {
            message.status() == 0 && message.method() == method
        })
        .await
    }

    /// Whether nothing that `unwanted` accepts comes within that time.
    pub(crate) async fn stays_quiet(
        &mut self,
        within: Duration,
        unwanted: impl Fn(&Message) -> bool,
    ) -> bool {
        self.wait_within(within, unwanted).await.is_none()
    }

    /// Answers a request of the server.
    pub(crate) async fn reply(&mut self, request: &Message, status: &str, extra: &str, body: &str) {
        let mut text = format!("SIP/2.0 {status}\r\n");
        for name in ["Via", "From", "To", "Call-ID", "CSeq"] {
            for value in request.all(name) {
                text += &format!("{name}: {value}\r\n");
            }
        }
        text += extra;
        text += &format!("Content-Length: {}\r\n\r\n{body}", body.len());
        self.send(text).await;
    }

    /// A new call of this phone; nothing is sent.
    pub(crate) fn call(&self, number: &str) -> Call {
        static CALLS: AtomicU64 = AtomicU64::new(1);
        let serial = CALLS.fetch_add(1, Ordering::Relaxed);
        let unique = format!("{}-{serial}-{}", std::process::id(), self.local.port());
        Call {
            transport: self.transport(),
            local: self.local,
            target: format!("sip:{number}@{}", self.server),
            remote: format!("<sip:{number}@{}>", self.server),
            own: format!(
                "\"Test Phone\" <sip:5551000@{}>;tag=from-{unique}",
                self.local
            ),
            call_id: format!("call-{unique}@phone.example"),
            cseq: 0,
            routes: Vec::new(),
            branch: 0,
        }
    }

    /// Sends INVITE and takes the call to its ACK.
    pub(crate) async fn establish(&mut self, call: &mut Call, sdp: &str) -> Message {
        self.establish_with(call, "", sdp).await
    }

    pub(crate) async fn establish_with(
        &mut self,
        call: &mut Call,
        extra: &str,
        sdp: &str,
    ) -> Message {
        let invite = call.invite(extra, sdp);
        self.send(invite).await;
        let answer = self.answer_to(call.cseq, "INVITE").await;
        assert_eq!(answer.status(), 200, "{answer:?}");
        call.take(&answer);
        let ack = call.ack("");
        self.send(ack).await;
        answer
    }

    /// Hangs up, and waits for the 200.
    pub(crate) async fn hang_up(&mut self, call: &mut Call) -> Message {
        let bye = call.request("BYE", "", "");
        self.send(bye).await;
        self.answer_to(call.cseq, "BYE").await
    }
}

/// The first whole message of what a stream brought.
fn take_from_stream(unread: &mut Vec<u8>) -> Option<String> {
    while unread.starts_with(b"\r\n") {
        unread.drain(..2);
    }
    let head = unread.windows(4).position(|window| window == b"\r\n\r\n")? + 4;
    let text = String::from_utf8_lossy(&unread[..head]).to_lowercase();
    let length: usize = text
        .lines()
        .find_map(|line| line.strip_prefix("content-length:"))
        .map_or(0, |length| length.trim().parse().expect("a length"));
    if unread.len() < head + length {
        return None;
    }
    let message: Vec<u8> = unread.drain(..head + length).collect();
    Some(String::from_utf8(message).expect("text"))
}

/// rsip must read what we send as well.
fn second_opinion(text: &str) {
    if text.contains("[") {
        return;
    }
    let read = rsip::SipMessage::try_from(text.as_bytes().to_vec());
    let message = read.unwrap_or_else(|fault| panic!("rsip refuses ({fault:?}):\n{text}"));
    use rsip::prelude::*;
    let headers = match &message {
        rsip::SipMessage::Request(request) => {
            request
                .via_header()
                .and_then(|via| via.typed())
                .expect("Via");
            request
                .cseq_header()
                .and_then(|cseq| cseq.typed())
                .expect("CSeq");
            request.headers()
        }
        rsip::SipMessage::Response(response) => {
            response
                .via_header()
                .and_then(|via| via.typed())
                .expect("Via");
            response
                .cseq_header()
                .and_then(|cseq| cseq.typed())
                .expect("CSeq");
            response.headers()
        }
    };
    for header in headers.iter() {
        match header {
            rsip::Header::To(to) => assert!(to.typed().is_ok(), "To of:\n{text}"),
            rsip::Header::From(from) => assert!(from.typed().is_ok(), "From of:\n{text}"),
            rsip::Header::Contact(contact) => {
                assert!(contact.typed().is_ok(), "Contact of:\n{text}")
            }
            rsip::Header::ContentLength(length) => {
                let length: usize = length.value().trim().parse().expect("a length");
                let body = text.split_once("\r\n\r\n").expect("a head").1;
                assert_eq!(length, body.len(), "Content-Length of:\n{text}");
            }
            _ => {}
        }
    }
}

/// The phone's memory of one call. Fields may be bent to forge.
#[derive(Clone, Debug)]
pub(crate) struct Call {
    pub(crate) transport: &'static str,
    pub(crate) local: SocketAddr,
    /// Where requests go: the number dialled, later the server's Contact.
    pub(crate) target: String,
    /// Our To.
    pub(crate) remote: String,
    /// Our From.
    pub(crate) own: String,
    pub(crate) call_id: String,
    pub(crate) cseq: u32,
    pub(crate) routes: Vec<String>,
    pub(crate) branch: u32,
}

impl Call {
    /// An INVITE, the first or a later one. An empty body is none.
    pub(crate) fn invite(&mut self, extra: &str, sdp: &str) -> String {
        self.request(
            "INVITE",
            &format!(
                "{}{extra}",
                if sdp.is_empty() {
                    ""
                } else {
                    "Content-Type: application/sdp\r\n"
                }
            ),
            sdp,
        )
    }

    /// The next request of the call.
    pub(crate) fn request(&mut self, method: &str, extra: &str, body: &str) -> String {
        self.cseq += 1;
        self.branch += 1;
        self.write(method, self.cseq, extra, body)
    }

    /// The ACK of a 2xx.
    pub(crate) fn ack(&mut self, sdp: &str) -> String {
        self.branch += 1;
        let extra = if sdp.is_empty() {
            ""
        } else {
            "Content-Type: application/sdp\r\n"
        };
        self.write("ACK", self.cseq, extra, sdp)
    }

    /// The ACK of a refusal, and the CANCEL: in the INVITE's own transaction.
    pub(crate) fn same_transaction(&self, method: &str) -> String {
        self.write(method, self.cseq, "", "")
    }

    /// The ACK of a refusal carries its To tag.
    pub(crate) fn ack_of(&self, refusal: &Message) -> String {
        let mut call = self.clone();
        call.remote = refusal.header("To").to_owned();
        call.same_transaction("ACK")
    }

    pub(crate) fn write(&self, method: &str, cseq: u32, extra: &str, body: &str) -> String {
        let routes: String = self
            .routes
            .iter()
            .map(|route| format!("Route: {route}\r\n"))
            .collect();
        let contact = match method {
            "INVITE" | "UPDATE" => format!(
                "Contact: <sip:phone@{};transport={}>\r\n",
                self.local,
                self.transport.to_lowercase()
            ),
            _ => String::new(),
        };
        format!(
            "{method} {} SIP/2.0\r\nVia: SIP/2.0/{} {};branch=z9hG4bK-{}-{}-{};rport\r\nMax-Forwards: 70\r\n{routes}\
             From: {}\r\nTo: {}\r\nCall-ID: {}\r\nCSeq: {cseq} {method}\r\n{contact}{extra}Content-Length: {}\r\n\r\n{body}",
            self.target,
            self.transport,
            self.local,
            std::process::id(),
            self.call_id.len() + self.local.port() as usize,
            format_args!(
                "{}-{}",
                self.call_id.split('@').next().unwrap_or_default(),
                self.branch
            ),
            self.own,
            self.remote,
            self.call_id,
            body.len(),
        )
    }

    /// Learns the server's tag, Contact and route from a response that makes the dialog.
    pub(crate) fn take(&mut self, answer: &Message) {
        self.remote = answer.header("To").to_owned();
        if answer.maybe("Contact").is_some() {
            self.target = answer.contact().to_owned();
        }
        self.routes = answer
            .all("Record-Route")
            .into_iter()
            .rev()
            .map(str::to_owned)
            .collect();
    }

    /// A PRACK of this reliable response.
    pub(crate) fn prack(&mut self, provisional: &Message) -> String {
        let rack = format!(
            "RAck: {} {}\r\n",
            provisional.header("RSeq"),
            provisional.header("CSeq")
        );
        self.request("PRACK", &rack, "")
    }
}

/// An offer for this RTP address: µ-law, A-law, telephone events.
pub(crate) fn offer(rtp: SocketAddr) -> String {
    offer_of(rtp, "0 8 101", "a=sendrecv\r\n")
}

pub(crate) fn offer_of(rtp: SocketAddr, formats: &str, attributes: &str) -> String {
    let family = if rtp.is_ipv6() { 6 } else { 4 };
    format!(
        "v=0\r\no=phone 1 1 IN IP{family} {ip}\r\ns=-\r\nc=IN IP{family} {ip}\r\nt=0 0\r\nm=audio {port} RTP/AVP {formats}\r\n\
         a=rtpmap:0 PCMU/8000\r\na=rtpmap:8 PCMA/8000\r\na=rtpmap:101 telephone-event/8000\r\na=fmtp:101 0-15\r\na=ptime:20\r\n{attributes}",
        ip = rtp.ip(),
        port = rtp.port(),
    )
}

/// The phone's sound: RTP out and in.
pub(crate) struct Sound {
    pub(crate) socket: UdpSocket,
    pub(crate) local: SocketAddr,
    pub(crate) to: SocketAddr,
    pub(crate) payload_type: u8,
    pub(crate) telephone_event: u8,
    pub(crate) sequence: u16,
    pub(crate) timestamp: u32,
    /// Ticks of the RTP clock in 1/8000 s.
    pub(crate) ticks: u32,
    pub(crate) ssrc: u32,
}

/// An RTP packet as it came.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Packet {
    pub(crate) marker: bool,
    pub(crate) payload_type: u8,
    pub(crate) sequence: u16,
    pub(crate) timestamp: u32,
    pub(crate) ssrc: u32,
    pub(crate) payload: Vec<u8>,
}

impl Sound {
    /// Binds; where to send is told by the answer (`to`).
    pub(crate) async fn new(ip: IpAddr) -> Self {
        let socket = UdpSocket::bind((ip, 0)).await.expect("a socket");
        let local = socket.local_addr().expect("an address");
        Self {
            socket,
            local,
            to: local,
            payload_type: 0,
            telephone_event: 101,
            sequence: 1_000,
            timestamp: 160_000,
            ticks: 1,
            ssrc: 0x5e1f_0001,
        }
    }

    /// One packet of any kind, without moving on.
    pub(crate) async fn send_packet(
        &self,
        payload_type: u8,
        marker: bool,
        timestamp: u32,
        payload: &[u8],
    ) {
        let mut packet = vec![0x80, payload_type | if marker { 0x80 } else { 0 }];
        packet.extend(self.sequence.to_be_bytes());
        packet.extend(timestamp.to_be_bytes());
        packet.extend(self.ssrc.to_be_bytes());
        packet.extend(payload);
        // A peer that is gone answers with ICMP, which the next call reports: no matter here.
        let _ = self.socket.send_to(&packet, self.to).await;
    }

    /// 20 ms of sound, 160 bytes of it in G.711.
    pub(crate) async fn send_sound(&mut self, payload: &[u8]) {
        self.send_packet(self.payload_type, false, self.timestamp, payload)
            .await;
        self.sequence = self.sequence.wrapping_add(1);
        self.timestamp = self.timestamp.wrapping_add(160 * self.ticks);
    }

    /// Silence for that long, in real time.
    pub(crate) async fn send_silence(&mut self, length: Duration) {
        let quiet = if self.payload_type == 8 { 0xd5 } else { 0xff };
        let mut tick = tokio::time::interval(Duration::from_millis(20));
        for _ in 0..length.as_millis() / 20 {
            tick.tick().await;
            self.send_sound(&[quiet; 160]).await;
        }
    }

    /// Presses a key for 100 ms and rests for as long: RFC 4733 events, the end told three times.
    pub(crate) async fn press(&mut self, key: char) {
        self.press_only(key).await;
        self.send_silence(Duration::from_millis(100)).await;
    }

    /// Presses a key for 100 ms.
    pub(crate) async fn press_only(&mut self, key: char) {
        let event = "0123456789*#ABCD".find(key).expect("a key") as u8;
        let start = self.timestamp;
        let mut tick = tokio::time::interval(Duration::from_millis(20));
        for packet in 1..=5_u16 {
            tick.tick().await;
            let [high, low] = (packet * 160 * self.ticks as u16).to_be_bytes();
            self.send_packet(
                self.telephone_event,
                packet == 1,
                start,
                &[event, 10, high, low],
            )
            .await;
            self.sequence = self.sequence.wrapping_add(1);
        }
        let [high, low] = (800 * self.ticks as u16).to_be_bytes();
        for _ in 0..3 {
            self.send_packet(
                self.telephone_event,
                false,
                start,
                &[event, 0x80 | 10, high, low],
            )
            .await;
            self.sequence = self.sequence.wrapping_add(1);
        }
        self.timestamp = self.timestamp.wrapping_add(800 * self.ticks);
    }

    pub(crate) async fn press_all(&mut self, keys: &str) {
        for key in keys.chars() {
            self.press(key).await;
        }
    }

    pub(crate) async fn receive(&self, within: Duration) -> Option<Packet> {
        let mut buffer = [0; 2_048];
        let deadline = Instant::now() + within;
        let length = loop {
            match timeout_at(deadline, self.socket.recv_from(&mut buffer))
                .await
                .ok()?
            {
                Ok((length, _)) if length >= 12 => break length,
                // Too short, or the report that an earlier packet found nobody.
                Ok(_) | Err(_) => {}
            }
        };
        let word =
            |at: usize| u32::from_be_bytes(buffer[at..at + 4].try_into().expect("four bytes"));
        Some(Packet {
            marker: buffer[1] & 0x80 != 0,
            payload_type: buffer[1] & 0x7f,
            sequence: u16::from_be_bytes([buffer[2], buffer[3]]),
            timestamp: word(4),
            ssrc: word(8),
            payload: buffer[12..length].to_vec(),
        })
    }
}
