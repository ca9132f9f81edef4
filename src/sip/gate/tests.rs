//! What the gate decides, row by row.

use std::collections::HashMap;
use std::path::PathBuf;
use std::time::Duration;

use super::*;

#[expect(
    clippy::disallowed_methods,
    reason = "tests of pure code need one moment to count from"
)]
pub(super) fn start() -> Instant {
    Instant::now()
}

const PEER: &str = "192.0.2.10:5062";
const STRANGER: &str = "198.51.100.9:5060";

/// Trusts 192.0.2.0/24 and loopback without counting much; 192.0.2.66 sits behind a NAT.
struct House;

impl Peers for House {
    fn peer(&self, source: IpAddr) -> Option<Peer> {
        let trusted = match source {
            IpAddr::V4(address) => address.octets()[..3] == [192, 0, 2] || address.is_loopback(),
            IpAddr::V6(address) => address.is_loopback(),
        };
        trusted.then(|| Peer {
            name: "house".to_owned(),
            requests_per_second: 100_000,
            calls_per_second: 100_000,
            behind_nat: source.to_string() == "192.0.2.66",
        })
    }
}

fn gate() -> Gate {
    Gate::new(Arc::new(House), GateLimits::default())
}

fn judge_from(source: &str, transport: Transport, message: &[u8]) -> Verdict {
    gate().judge(start(), source.parse().unwrap(), transport, message)
}

fn judge(message: &str) -> Verdict {
    judge_from(PEER, Transport::Udp, message.as_bytes())
}

/// An ordinary request, with these lines instead of those of the same name, or beside them.
fn request(method: &str, changes: &[&str]) -> String {
    let mut lines = vec![
        "Via: SIP/2.0/UDP 192.0.2.10:5062;branch=z9hG4bK776asdhds;rport".to_owned(),
        "Max-Forwards: 70".to_owned(),
        "From: \"Alice\" <sip:1042@example.com>;tag=1928301774".to_owned(),
        "To: <sip:7000@example.com>".to_owned(),
        "Call-ID: a84b4c76e66710@pc33.example.com".to_owned(),
        format!("CSeq: 314159 {method}"),
        "Contact: <sip:1042@192.0.2.10:5062>".to_owned(),
    ];
    for change in changes {
        let name = change.split(':').next().unwrap();
        lines.retain(|line| line.split(':').next().unwrap() != name);
        if !change.ends_with(": (none)") {
            lines.push((*change).to_owned());
        }
    }
    format!(
        "{method} sip:7000@192.0.2.1 SIP/2.0\r\n{}\r\nContent-Length: 0\r\n\r\n",
        lines.join("\r\n")
    )
}

fn status(verdict: &Verdict) -> u16 {
    match verdict {
        Verdict::Answer { response, .. } => std::str::from_utf8(&response[8..11])
            .unwrap()
            .parse()
            .unwrap(),
        Verdict::Pass { .. } => 0,
        Verdict::Drop { .. } => 1,
    }
}

fn text(verdict: &Verdict) -> String {
    match verdict {
        Verdict::Answer {
            response: bytes, ..
        }
        | Verdict::Pass { message: bytes, .. } => String::from_utf8_lossy(bytes).into_owned(),
        Verdict::Drop { reason, .. } => panic!("dropped: {reason:?}"),
    }
}

const PASSED: u16 = 0;
const DROPPED: u16 = 1;

#[test]
fn requests_get_what_their_flaws_earn() {
    let rows: &[(&str, &[&str], u16)] = &[
        ("INVITE", &[], PASSED),
        ("ACK", &[], PASSED),
        ("BYE", &[], PASSED),
        ("OPTIONS", &[], 200),
        ("REGISTER", &[], 405),
        ("SUBSCRIBE", &[], 405),
        ("MESSAGE", &[], 405),
        ("FETCH", &[], 501),
        ("INVITE", &["From: (none)"], 400),
        ("INVITE", &["To: (none)"], 400),
        ("INVITE", &["Call-ID: (none)"], 400),
        ("INVITE", &["CSeq: (none)"], 400),
        ("INVITE", &["Via: (none)"], DROPPED),
        ("INVITE", &["Max-Forwards: (none)"], PASSED),
        ("INVITE", &["Max-Forwards: 0"], PASSED),
        ("INVITE", &["Max-Forwards: 255"], PASSED),
        ("INVITE", &["Max-Forwards: 256"], 400),
        ("INVITE", &["Max-Forwards: -1"], 400),
        ("INVITE", &["CSeq: 2147483647 INVITE"], PASSED),
        ("INVITE", &["CSeq: 2147483648 INVITE"], 400),
        ("INVITE", &["CSeq: 4294967296 INVITE"], 400),
        ("INVITE", &["CSeq: 36893488147419103232 INVITE"], 400),
        ("INVITE", &["CSeq: 1 ACK"], 400),
        ("INVITE", &["CSeq: one INVITE"], 400),
        ("INVITE", &["CSeq: 1"], 400),
        ("INVITE", &["Contact: (none)"], PASSED),
        (
            "INVITE",
            &["Contact: \"Joe\" <sip:joe@example.org>;;;;"],
            400,
        ),
        (
            "INVITE",
            &["Contact: <sip:joe@example.org;transport=carrier-pigeon>"],
            PASSED,
        ),
        ("INVITE", &["From: sip:1042@example.com"], PASSED),
        ("INVITE", &["From: <sip:1042@example.com>;tag=1;tag=2"], 400),
        ("INVITE", &["From: <sip:1042@example.com>;tag="], 400),
        ("INVITE", &["From: <sip:1042@example.com>;tag"], 400),
        (
            "INVITE",
            &["From: \"Alice <sip:1042@example.com>;tag=1"],
            400,
        ),
        ("INVITE", &["From: <sip:1042@example.com;tag=1"], 400),
        ("INVITE", &["Require: 100rel"], PASSED),
        ("INVITE", &["Require: 100rel, timer"], PASSED),
        ("INVITE", &["Require: precondition"], 420),
        ("INVITE", &["Proxy-Require: sec-agree"], 420),
        ("CANCEL", &["Require: precondition"], PASSED),
        ("ACK", &["Require: precondition"], PASSED),
        ("ACK", &["CSeq: 1 INVITE"], DROPPED),
        (
            "INVITE",
            &["Via: SIP/2.0/UDP 192.0.2.10;branch=z9hG4bK1;maddr=192.0.2.200"],
            PASSED,
        ),
        (
            "INVITE",
            &["Via: SIP/2.0/UDP 192.0.2.10:0;branch=z9hG4bK1"],
            DROPPED,
        ),
        ("INVITE", &["Via: SIP/2.0/UDP 192.0.2.10;;"], 400),
        (
            "INVITE",
            &["Via: SIP/2.0/UDP [2001:db8::1]:5060;branch=z9hG4bK1"],
            PASSED,
        ),
        (
            "INVITE",
            &["Via: SIP/2.0/QUIC host.example.com;branch=z9hG4bK1"],
            PASSED,
        ),
        (
            "INVITE",
            &["Via: SIP/2.0/UDP 192.0.2.10;branch=\"z9hG4bK;sealed=x\""],
            400,
        ),
        ("INVITE", &["Subject without a colon"], 400),
    ];
    for (method, changes, expected) in rows {
        let verdict = judge(&request(method, changes));
        assert_eq!(
            status(&verdict),
            *expected,
            "{method} {changes:?}: {verdict:?}"
        );
    }
}

#[test]
fn start_lines_get_what_their_flaws_earn() {
    let rows: &[(&str, u16)] = &[
        ("INVITE sip:7000@192.0.2.1 SIP/2.0", PASSED),
        ("INVITE sip:7000@192.0.2.1 sip/2.0", PASSED),
        ("INVITE   sip:7000@192.0.2.1   SIP/2.0", PASSED),
        ("INVITE tel:+15551234 SIP/2.0", PASSED),
        (
            "INVITE sip:7000;phone-context=a?b@192.0.2.1:5060;user=phone SIP/2.0",
            PASSED,
        ),
        ("INVITE sip:[2001:db8::1] SIP/2.0", PASSED),
        ("INVITE sip:7000@192.0.2.1 SIP/3.0", 505),
        (
            "INVITE sip:7000@192.0.2.1 SIP/2.00000000000000000000000",
            505,
        ),
        ("INVITE sip:7000@192.0.2.1 SIP/two", 400),
        ("INVITE sip:7000@192.0.2.1", 400),
        ("INVITE sip:7000@192.0.2.1 HTTP/1.1", DROPPED),
        ("INVITE sip:7000@192.0.2.1; lr SIP/2.0", 400),
        ("INVITE sip:7000@192.0.2.1?Route=%3Csip:a%3E SIP/2.0", 400),
        ("INVITE sip: SIP/2.0", 400),
        ("INVITE sip:7000@ SIP/2.0", 400),
        ("INVITE sip:7000@192.0.2.1:99999 SIP/2.0", 400),
        ("INVITE http://example.com SIP/2.0", 416),
        ("INVITE isbn:2983792873 SIP/2.0", 416),
        ("INVITE 7000 SIP/2.0", 400),
        ("invite sip:7000@192.0.2.1 SIP/2.0", 400),
        ("\u{1}\u{2}", DROPPED),
    ];
    for (line, expected) in rows {
        let message = request("INVITE", &[]).replace("INVITE sip:7000@192.0.2.1 SIP/2.0", line);
        let verdict = judge(&message);
        assert_eq!(status(&verdict), *expected, "{line}: {verdict:?}");
    }
}

#[test]
fn bodies_get_what_their_flaws_earn() {
    let sdp = "v=0\r\no=- 1 1 IN IP4 192.0.2.10\r\ns=-\r\nc=IN IP4 192.0.2.10\r\nt=0 0\r\nm=audio 4000 RTP/AVP 0\r\n";
    let mixed = format!(
        "--x\r\nContent-Type: application/isup\r\n\r\n\u{1}\r\n--x\r\nContent-Type: application/sdp\r\n\r\n{sdp}\r\n--x--\r\n"
    );
    let rows: &[(&[&str], &str, u16)] = &[
        (&["Content-Type: application/sdp"], sdp, PASSED),
        (
            &["Content-Type: Application/SDP;charset=utf-8"],
            sdp,
            PASSED,
        ),
        (&["c: application/sdp"], sdp, PASSED),
        (
            &["Content-Type: multipart/mixed;boundary=x"],
            &mixed,
            PASSED,
        ),
        (
            &["Content-Type: multipart/mixed;boundary=\"x\""],
            &mixed,
            PASSED,
        ),
        (&["Content-Type: multipart/mixed;boundary=y"], &mixed, 415),
        (&["Content-Type: text/html"], "<p>", 415),
        (
            &[
                "Content-Type: text/html",
                "Content-Disposition: render;handling=optional",
            ],
            "<p>",
            PASSED,
        ),
        (
            &["Content-Type: application/sdp", "Content-Encoding: gzip"],
            sdp,
            415,
        ),
        (
            &[
                "Content-Type: application/sdp",
                "Content-Encoding: identity",
            ],
            sdp,
            PASSED,
        ),
        (
            &[
                "Content-Type: application/sdp",
                "Content-Type : application/sdp",
            ],
            sdp,
            400,
        ),
        (&[], sdp, 400),
    ];
    for (lines, body, expected) in rows {
        let length = format!("Content-Length: {}", body.len());
        let head = request("INVITE", lines).replace("Content-Length: 0", &length);
        let verdict = judge(&(head + body));
        assert_eq!(status(&verdict), *expected, "{lines:?} {body}: {verdict:?}");
    }
    let length = format!(
        "Content-Type: multipart/mixed;boundary=x\r\nContent-Length: {}",
        mixed.len()
    );
    let passed = text(&judge(
        &(request("INVITE", &[]).replace("Content-Length: 0", &length) + &mixed),
    ));
    assert!(
        passed.contains("Content-Type: application/sdp\r\n")
            && passed.ends_with(&format!("\r\n\r\n{sdp}")),
        "{passed}"
    );
}

#[test]
fn content_lengths_get_what_their_flaws_earn() {
    let rows: &[(&str, &str, u16, u16)] = &[
        ("Content-Length: 4", "abcd", PASSED, PASSED),
        ("l: 4", "abcd", PASSED, PASSED),
        ("Content-Length: 0004", "abcd", PASSED, PASSED),
        ("Content-Length: 3", "abcd", PASSED, PASSED),
        ("Content-Length: 5", "abcd", 400, 513),
        ("Content-Length: -4", "abcd", 400, 400),
        ("Content-Length: 4x", "abcd", 400, 400),
        ("Content-Length:", "abcd", 400, 400),
        ("Content-Length: 4, 4", "abcd", 400, 400),
        (
            "Content-Length: 99999999999999999999999999",
            "abcd",
            400,
            400,
        ),
        ("Content-Length: 4\r\nContent-Length: 4", "abcd", 400, 400),
        ("Content-Length: 4\r\nl: 5", "abcd", 400, 400),
        ("X-None: 0", "abcd", PASSED, 400),
    ];
    for (line, body, over_udp, over_tcp) in rows {
        let message = request("INFO", &["Content-Type: application/dtmf"])
            .replace("Content-Length: 0", line)
            + body;
        for (transport, expected) in [(Transport::Udp, over_udp), (Transport::Tcp, over_tcp)] {
            let verdict = judge_from(PEER, transport, message.as_bytes());
            assert_eq!(
                status(&verdict),
                *expected,
                "{line} over {transport}: {verdict:?}"
            );
            if *expected >= 400 {
                let closes = matches!(verdict, Verdict::Answer { close: true, .. });
                assert_eq!(
                    closes,
                    transport == Transport::Tcp,
                    "{line} over {transport}"
                );
            }
        }
    }
}

#[test]
fn strangers_may_ask_for_options_and_acknowledge_and_nothing_else() {
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
        "PRACK",
        "FETCH",
    ] {
        for transport in [Transport::Udp, Transport::Tcp] {
            let verdict = judge_from(STRANGER, transport, request(method, &[]).as_bytes());
            assert_eq!(status(&verdict), 403, "{method} over {transport}");
        }
    }
    assert_eq!(
        status(&judge_from(
            STRANGER,
            Transport::Udp,
            request("OPTIONS", &[]).as_bytes()
        )),
        200
    );
    assert_eq!(
        status(&judge_from(
            STRANGER,
            Transport::Udp,
            request("ACK", &[]).as_bytes()
        )),
        PASSED
    );
}

#[test]
fn a_stranger_gets_no_more_than_it_sent_and_half_as_much_again() {
    let shortest = "OPTIONS sip:a SIP/2.0\r\nv:SIP/2.0/UDP h;branch=z9hG4bK1;rport\r\nf:sip:a;tag=1\r\nt:sip:a\r\ni:1\r\nCSeq:1 OPTIONS\r\n\r\n";
    let ordinary = request("OPTIONS", &[]);
    for message in [
        shortest,
        &ordinary,
        &request("INVITE", &[]),
        &request("FETCH", &[]),
    ] {
        if let Verdict::Answer { response, .. } =
            judge_from(STRANGER, Transport::Udp, message.as_bytes())
        {
            assert!(
                response.len() * 2 <= message.len() * 3,
                "{} to {}",
                response.len(),
                message.len()
            );
        }
    }
    assert_eq!(
        status(&judge_from(STRANGER, Transport::Udp, shortest.as_bytes())),
        DROPPED
    );
    assert!(
        text(&judge_from(STRANGER, Transport::Udp, ordinary.as_bytes()))
            .contains("Allow: INVITE, ACK")
    );
}

#[test]
fn answers_go_to_the_true_source() {
    let rows: &[(&str, &str, &str, &str)] = &[
        (
            "192.0.2.10:4000",
            "SIP/2.0/UDP 192.0.2.10:5062;branch=z9hG4bK1",
            "192.0.2.10:5062",
            ";branch=z9hG4bK1",
        ),
        (
            "192.0.2.10:4000",
            "SIP/2.0/UDP 192.0.2.10;branch=z9hG4bK1",
            "192.0.2.10:5060",
            ";branch=z9hG4bK1",
        ),
        (
            "192.0.2.10:4000",
            "SIP/2.0/UDP 192.0.2.10:5062;rport;branch=z9hG4bK1",
            "192.0.2.10:4000",
            ";rport=4000;branch=z9hG4bK1;received=192.0.2.10",
        ),
        (
            "192.0.2.10:4000",
            "SIP/2.0/UDP pbx.example.com:5070;branch=z9hG4bK1",
            "192.0.2.10:5070",
            ";branch=z9hG4bK1;received=192.0.2.10",
        ),
        (
            "192.0.2.10:4000",
            "SIP/2.0/UDP 203.0.113.7:5070;branch=z9hG4bK1;received=203.0.113.8;maddr=203.0.113.9",
            "192.0.2.10:5070",
            ";branch=z9hG4bK1;maddr=203.0.113.9;received=192.0.2.10",
        ),
        (
            "192.0.2.66:4000",
            "SIP/2.0/UDP 10.0.0.7:5062;branch=z9hG4bK1",
            "192.0.2.66:4000",
            ";branch=z9hG4bK1;received=192.0.2.66",
        ),
        (
            "[::1]:4000",
            "SIP/2.0/UDP [::1]:5062;branch=z9hG4bK1",
            "[::1]:5062",
            ";branch=z9hG4bK1",
        ),
        (
            "[::1]:4000",
            "SIP/2.0/UDP host:5062;rport;branch=z9hG4bK1",
            "[::1]:4000",
            ";rport=4000;branch=z9hG4bK1;received=::1",
        ),
    ];
    for (source, via, destination, echoed) in rows {
        let message = request("OPTIONS", &[&format!("Via: {via}")]);
        let Verdict::Answer {
            response,
            respond_to,
            ..
        } = judge_from(source, Transport::Udp, message.as_bytes())
        else {
            panic!("{via} was not answered")
        };
        assert_eq!(respond_to, destination.parse().unwrap(), "{via}");
        let response = String::from_utf8(response).unwrap();
        let line = response
            .lines()
            .find(|line| line.starts_with("Via: "))
            .unwrap();
        assert!(
            line.ends_with(echoed) && line[5..].starts_with(via.split(';').next().unwrap()),
            "{line}"
        );
    }
}

#[test]
fn an_answer_has_the_lines_of_its_request_and_a_tag() {
    let message = request("REGISTER", &[]).replace(
        "Max-Forwards",
        "Via: SIP/2.0/TCP 10.0.0.1;branch=b\r\nMax-Forwards",
    );
    let answer = text(&judge(&message));
    let expected = "SIP/2.0 405 Method Not Allowed\r\n\
        Via: SIP/2.0/UDP 192.0.2.10:5062;branch=z9hG4bK776asdhds;rport=5062;received=192.0.2.10\r\n\
        Via: SIP/2.0/TCP 10.0.0.1;branch=b\r\n\
        From: \"Alice\" <sip:1042@example.com>;tag=1928301774\r\n\
        To: <sip:7000@example.com>;tag=";
    assert!(answer.starts_with(expected), "{answer}");
    assert!(answer.contains(
        "\r\nCall-ID: a84b4c76e66710@pc33.example.com\r\nCSeq: 314159 REGISTER\r\nAllow: INVITE,"
    ));
    assert!(answer.ends_with("\r\nContent-Length: 0\r\n\r\n"));
}

#[test]
fn a_copy_of_a_request_gets_the_same_answer() {
    let gate = gate();
    let answer = || {
        text(&gate.judge(
            start(),
            PEER.parse().unwrap(),
            Transport::Udp,
            request("OPTIONS", &[]).as_bytes(),
        ))
    };
    assert_eq!(answer(), answer());
}

#[test]
fn responses_are_never_answered_and_pass_only_when_they_can_be_ours() {
    let response = |first: &str, via: &str| {
        format!(
            "{first}\r\n{via}\r\nFrom: <sip:7000@example.com>;tag=1\r\nTo: <sip:a@example.com>;tag=2\r\n\
             Call-ID: 1@a\r\nCSeq: 2 BYE\r\nContent-Length: 0\r\n\r\n"
        )
    };
    let ours = "Via: SIP/2.0/UDP 192.0.2.1:5060;branch=z9hG4bKours;rport=5060";
    let rows: &[(&str, &str, u16)] = &[
        ("SIP/2.0 200 OK", ours, PASSED),
        ("SIP/2.0 200 ", ours, PASSED),
        ("SIP/2.0 200", ours, PASSED),
        ("SIP/2.0 699 Odd", ours, PASSED),
        ("SIP/2.0 700 Odd", ours, DROPPED),
        ("SIP/2.0 99 Odd", ours, DROPPED),
        (
            "SIP/2.0 4294967301 better not break the receiver",
            ours,
            DROPPED,
        ),
        (
            "SIP/2.0 200 OK",
            "Via: SIP/2.0/UDP 192.0.2.1;branch=a\r\nVia: SIP/2.0/UDP 255.255.255.255;branch=b",
            DROPPED,
        ),
        (
            "SIP/2.0 200 OK",
            "Via: SIP/2.0/UDP 192.0.2.1;branch=a, SIP/2.0/UDP 192.0.2.2;branch=b",
            DROPPED,
        ),
        ("SIP/2.0 200 OK", "X-Via: none", DROPPED),
    ];
    for (first, via, expected) in rows {
        let verdict = judge(&response(first, via));
        assert_eq!(status(&verdict), *expected, "{first} {via}: {verdict:?}");
    }
}

#[test]
fn empty_datagrams_and_foreign_protocols_are_silently_dropped() {
    for bytes in [
        &b""[..],
        b"\r\n\r\n",
        b"\0\0\0\0",
        b"GET / HTTP/1.1\r\nHost: x\r\n\r\n",
        b"\x00\x01\x00\x00\x21\x12\xa4\x42",
        b"hello",
    ] {
        assert_eq!(
            status(&judge_from(PEER, Transport::Udp, bytes)),
            DROPPED,
            "{bytes:?}"
        );
    }
}

#[test]
fn over_the_rate_come_503_and_then_silence() {
    let gate = gate();
    let now = start();
    let mut statuses: HashMap<u16, usize> = HashMap::new();
    for _ in 0..1_100 {
        let verdict = gate.judge(
            now,
            STRANGER.parse().unwrap(),
            Transport::Udp,
            request("OPTIONS", &[]).as_bytes(),
        );
        *statuses.entry(status(&verdict)).or_default() += 1;
        if status(&verdict) == 503 {
            assert!(text(&verdict).contains("\r\nRetry-After: 5\r\n"));
        }
    }
    assert_eq!(
        statuses,
        HashMap::from([(200, 100), (503, 900), (DROPPED, 100)])
    );
    let counts = gate.counts();
    assert_eq!(
        [
            counts.of(Reason::Options),
            counts.of(Reason::RateLimited),
            counts.of(Reason::Flooded)
        ],
        [100, 900, 100]
    );
    let verdict = gate.judge(
        now + Duration::from_secs(30),
        STRANGER.parse().unwrap(),
        Transport::Udp,
        request("OPTIONS", &[]).as_bytes(),
    );
    assert_eq!(status(&verdict), 200);
}

#[test]
fn draining_refuses_new_calls_and_lets_running_ones_go_on() {
    let gate = gate();
    gate.drain(30);
    let judge = |message: &str| {
        gate.judge(
            start(),
            PEER.parse().unwrap(),
            Transport::Udp,
            message.as_bytes(),
        )
    };
    for message in [request("INVITE", &[]), request("OPTIONS", &[])] {
        let verdict = judge(&message);
        assert_eq!(status(&verdict), 503);
        assert!(text(&verdict).contains("\r\nRetry-After: 30\r\n"));
    }
    let to = "To: <sip:7000@example.com>;tag=ours";
    for method in ["INVITE", "BYE", "ACK", "INFO", "UPDATE"] {
        assert_eq!(status(&judge(&request(method, &[to]))), PASSED, "{method}");
    }
}

/// What the stack would answer: its response has the lines of the request, a tag, and goes out through the gate.
fn answered_by_the_stack(passed: &[u8]) -> String {
    let message = rsipstack::sip::SipMessage::try_from(passed).unwrap();
    let rsipstack::sip::SipMessage::Request(request) = message else {
        panic!("not a request")
    };
    let mut lines = vec!["SIP/2.0 200 OK".to_owned()];
    for header in request.headers.iter() {
        use rsipstack::sip::Header;
        match header {
            Header::Via(_) | Header::From(_) | Header::CallId(_) | Header::CSeq(_) => {
                lines.push(header.to_string())
            }
            Header::To(to) if to.tag().unwrap().is_some() => lines.push(header.to_string()),
            Header::To(to) => lines.push(Header::To(to.with_tag("ours".into())).to_string()),
            _ => {}
        }
    }
    let response = lines.join("\r\n") + "\r\nContent-Length: 0\r\n\r\n";
    String::from_utf8(restore_outgoing(response.as_bytes(), Transport::Udp, None).into_owned())
        .unwrap()
}

#[test]
fn a_peer_gets_its_own_lines_back_to_the_byte() {
    let rows: &[&[&str]] = &[
        &[],
        &["From: sip:1042@example.com"],
        &["From: Alice   Smith<sip:1042@example.com> ; tag = 7"],
        &["From: \"A <b> \\\" c\" <sip:1042;npdi=yes@example.com;user=phone>;tag=7"],
        &["From: \"%Z%45\" <sip:a%20b@example.com>;tag=f232jadfj23"],
        &["To: \"100%\" <sip:%75se%72@example.com>"],
        &["To: sip:user@example.com"],
        &["To: \"Watson, Thomas\" < sip:t.watson@example.org >"],
        &["To: <sip:7000@example.com>;tag=already"],
        &["CSeq: 0009   INVITE"],
        &["Via: SIP  /  2.0 / UDP  192.0.2.10 : 5062 ; branch = z9hG4bK9ikj8"],
        &["Via: SIP/2.0/TLS [2001:db8::9]:5061;branch=z9hG4bK-.!%66*_+`'~;rport;ttl=16"],
        &["Via: SIP/2.0/UDP 192.0.2.10"],
        &[
            "Via: SIP/2.0/UDP 192.0.2.10;branch=z9hG4bK1, SIP/2.0/TCP 10.0.0.1;branch=^|!$%, SIP/2.0/SCTP 10.0.0.2",
        ],
    ];
    for changes in rows {
        let request = request("INVITE", changes);
        let Verdict::Pass { message, .. } = judge(&request) else {
            panic!("{changes:?} did not pass")
        };
        let answer = answered_by_the_stack(&message);
        for name in ["From", "To", "Call-ID", "CSeq"] {
            let value = |text: &str| {
                let line = text
                    .lines()
                    .find(|line| line.starts_with(&format!("{name}: ")))
                    .unwrap();
                line[name.len() + 2..].to_owned()
            };
            let (asked, got) = (value(&request), value(&answer));
            let untagged_to = name == "To" && !asked.contains("tag=");
            let expected = if untagged_to {
                format!("{asked};tag=ours")
            } else {
                asked.clone()
            };
            // The stack may put brackets round a To that it adds a tag to; that means the same.
            let same = got == expected || (name == "To" && got == format!("<{asked}>;tag=ours"));
            assert!(same, "{name} of {changes:?}: {got}");
        }
        assert!(
            !answer.contains("sealed") && !answer.contains("rfc2543"),
            "{answer}"
        );
        let vias = |text: &str| {
            text.lines()
                .filter(|line| line.starts_with("Via: "))
                .collect::<Vec<_>>()
                .join(", ")
        };
        let (asked, got) = (vias(&request), vias(&answer));
        let spaceless = |text: &str| text.replace([' ', '\t'], "").replace("Via:", "");
        let branch = asked
            .split(',')
            .next()
            .unwrap()
            .split("branch")
            .nth(1)
            .map(|rest| spaceless(rest.split(';').next().unwrap()));
        assert!(
            spaceless(&got).contains(&branch.unwrap_or_default()),
            "{got}"
        );
        assert!(
            spaceless(&got).ends_with(&spaceless(
                asked.split_once(',').map_or("", |(_, lower)| lower)
            )),
            "{got}"
        );
    }
}

#[test]
fn our_own_requests_leave_with_a_true_via_and_without_our_marks() {
    let bye = "BYE sip:cal%256Cer@192.0.2.10:5062 SIP/2.0\r\nVia: SIP/2.0/UDP 0.0.0.0:5060;branch=z9hG4bKours;rport\r\n\
        From: <sip:7000@example.com>;tag=ours\r\nTo: <sip:1042@example.com>;tag=rfc2543-has-no-tag\r\n\
        Call-ID: 1@a\r\nCSeq: 2 BYE\r\nContent-Length: 0\r\n\r\n";
    let sent = restore_outgoing(
        bye.as_bytes(),
        Transport::Tcp,
        Some("[::1]:5070".parse().unwrap()),
    );
    let sent = String::from_utf8(sent.into_owned()).unwrap();
    assert!(sent.starts_with("BYE sip:cal%6Cer@192.0.2.10:5062 SIP/2.0\r\nVia: SIP/2.0/TCP [::1]:5070;branch=z9hG4bKours;rport\r\n"), "{sent}");
    assert!(
        sent.contains("\r\nTo: <sip:1042@example.com>\r\n"),
        "{sent}"
    );
}

#[test]
fn the_stack_reads_the_caller_and_the_called_as_they_were_meant() {
    use rsipstack::sip::prelude::ToTypedHeader;
    use rsipstack::sip::{HeadersExt, SipMessage};
    let message = request(
        "INVITE",
        &["From: \"A <b>\" <sip:+15551234;npdi=yes@example.com:5080;user=phone>  ; tag = 7"],
    )
    .replace(
        "INVITE sip:7000@192.0.2.1 ",
        "INVITE sip:7000;x=?@192.0.2.1:5070;user=phone ",
    );
    let Verdict::Pass { message, .. } = judge(&message) else {
        panic!("did not pass")
    };
    let Ok(SipMessage::Request(request)) = SipMessage::try_from(&message[..]) else {
        panic!("unreadable")
    };
    assert_eq!(request.uri.user(), Some("7000%3Bx=%3F"));
    assert_eq!(request.uri.host_with_port.to_string(), "192.0.2.1:5070");
    let from = request.from_header().unwrap().typed().unwrap();
    assert_eq!(from.uri.user(), Some("+15551234%3Bnpdi=yes"));
    assert_eq!(from.uri.host_with_port.to_string(), "example.com:5080");
    assert_eq!(from.tag().unwrap().value(), "7");
}

#[test]
fn the_longest_allowed_datagram_fits_the_stack() {
    let message = request("INVITE", &[]);
    let padding = "x".repeat(8_000 - message.len() - "X-Long: \r\n".len());
    let longest = message.replace(
        "Max-Forwards",
        &format!("X-Long: {padding}\r\nMax-Forwards"),
    );
    assert_eq!(longest.len(), 8_000);
    let Verdict::Pass { message, .. } = judge(&longest) else {
        panic!("did not pass")
    };
    assert!(message.len() <= STACK_DATAGRAM_BYTES, "{}", message.len());
    assert_eq!(
        status(&judge(&longest.replace("X-Long: ", "X-Long:  "))),
        513
    );
}

proptest::proptest! {
    #[test]
    fn no_bytes_panic_the_gate(bytes: Vec<u8>, is_stream: bool) {
        let transport = if is_stream { Transport::Tcp } else { Transport::Udp };
        for source in [PEER, STRANGER, "[::1]:5060"] {
            judge_from(source, transport, &bytes);
        }
    }

    #[test]
    fn whatever_passes_comes_back_as_it_was_sent(
        display in "[ -~]{0,12}",
        user in "[a-z0-9;?%+&=.-]{1,12}",
        tag in "[ -~]{0,12}",
        branch in "[a-zA-Z0-9!#$%^&*()+.:/@=|~-]{0,16}",
        parameter in "[a-z0-9 :/@=%^|!$~]{0,12}",
    ) {
        let message = request("INVITE", &[
            &format!("From: \"{display}\" <sip:{user}@example.com>;tag={tag}"),
            &format!("To: {display} <sip:{user}@example.com>"),
            &format!("Via: SIP/2.0/UDP 192.0.2.10;branch={branch};x={parameter}"),
        ]);
        if let Verdict::Pass { message: passed, .. } = judge(&message) {
            let answer = answered_by_the_stack(&passed);
            let line = |text: &str, name: &str| text.lines().find(|line| line.starts_with(name)).unwrap().trim().to_owned();
            proptest::prop_assert_eq!(line(&answer, "From:"), line(&message, "From:"));
            let spaceless = |text: &str| text.replace([' ', '\t'], "");
            let via = spaceless(&line(&message, "Via:"));
            proptest::prop_assert!(spaceless(&line(&answer, "Via:")).starts_with(&via), "{}", answer);
            proptest::prop_assert!(line(&answer, "To:").ends_with(";tag=ours"));
        }
    }
}

/// The shapes of RFC 5118.
#[test]
fn ipv6_addresses_are_read_wherever_they_stand() {
    let rows: &[(&str, &str, u16)] = &[
        ("sip:[2001:db8::10]", "[2001:db8::9:1]", PASSED),
        ("sip:2001:db8::10", "[2001:db8::9:1]", 400),
        ("sip:[2001:db8::10:5070]", "[2001:db8::9:1]", PASSED),
        ("sip:[2001:db8::10]:5070", "[2001:db8::9:1]", PASSED),
        (
            "sip:user@[2001:db8::10]",
            "[2001:db8::9:1];received=[2001:db8::9:255]",
            PASSED,
        ),
        (
            "sip:user@[2001:db8::10]",
            "[2001:db8::9:1];received=2001:db8::9:255",
            PASSED,
        ),
        (
            "sip:user@[2001:db8::10]",
            "[2001:db8::9:1]:5060;received=192.0.2.200",
            PASSED,
        ),
        (
            "sip:user@[::ffff:192.0.2.10]",
            "[::ffff:192.0.2.10]",
            PASSED,
        ),
        (
            "sip:user@[2001:db8:::192.0.2.1]",
            "[2001:db8:::192.0.2.1]",
            PASSED,
        ),
        ("sip:user@[2001:db8::10", "[2001:db8::9:1]", 400),
        ("sip:user@[2001:db8::g]", "[2001:db8::9:1]", 400),
        ("sip:user@[2001:db8::10]", "2001:db8::9:1", DROPPED),
    ];
    for (uri, sent_by, expected) in rows {
        let via = format!("Via: SIP/2.0/UDP {sent_by};branch=z9hG4bKas3-111");
        let message = request("BYE", &[&via]).replace("sip:7000@192.0.2.1 ", &format!("{uri} "));
        let verdict = judge_from("[::1]:5060", Transport::Udp, message.as_bytes());
        assert_eq!(status(&verdict), *expected, "{uri} {sent_by}: {verdict:?}");
    }
}

/// The RFC 4475 set, where it is at hand.
fn torture() -> Option<Vec<(String, String, Vec<u8>)>> {
    let data = std::env::var_os("RINGBACK_TESTDATA").map_or_else(
        || PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../shared/testdata"),
        PathBuf::from,
    );
    let folder = data.join("rfc4475");
    let Ok(verdicts) = std::fs::read_to_string(folder.join("VERDICTS.tsv")) else {
        eprintln!(
            "SKIPPED: no RFC 4475 messages in {}; set RINGBACK_TESTDATA",
            folder.display()
        );
        return None;
    };
    let rows = verdicts.lines().skip(1).map(|row| {
        let mut columns = row.split('\t');
        let file = columns.next().unwrap().to_owned();
        let verdict = columns.nth(1).unwrap().to_owned();
        let message = std::fs::read(folder.join(&file)).unwrap();
        (file, verdict, message)
    });
    Some(rows.collect())
}

#[test]
fn rfc4475_is_answered_as_it_says() {
    let Some(messages) = torture() else { return };
    // The 49 of the RFC, and one that is only in its archive.
    assert_eq!(messages.len(), 50);
    // What we do with each: the same over UDP and TCP unless two are given.
    let expected: HashMap<&str, (u16, u16)> = [
        ("badaspec.dat", (200, 200)),
        ("badbranch.dat", (200, 200)),
        ("baddate.dat", (PASSED, PASSED)),
        // Its head has no end, which only a datagram can do without.
        ("baddn.dat", (200, 513)),
        ("badinv01.dat", (400, 400)),
        ("badvers.dat", (505, 505)),
        ("bcast.dat", (DROPPED, DROPPED)),
        ("bext01.dat", (420, 420)),
        ("bigcode.dat", (DROPPED, DROPPED)),
        ("clerr.dat", (400, 513)),
        ("cparam01.dat", (405, 405)),
        ("cparam02.dat", (405, 405)),
        ("dblreq.dat", (405, 405)),
        ("esc01.dat", (PASSED, PASSED)),
        ("esc02.dat", (501, 501)),
        ("escnull.dat", (405, 405)),
        ("escruri.dat", (400, 400)),
        ("insuf.dat", (400, 400)),
        ("intmeth.dat", (501, 501)),
        ("inv2543.dat", (PASSED, PASSED)),
        ("invut.dat", (415, 415)),
        ("longreq.dat", (PASSED, PASSED)),
        ("ltgtruri.dat", (PASSED, PASSED)),
        ("lwsdisp.dat", (200, 200)),
        ("lwsruri.dat", (400, 400)),
        ("lwsstart.dat", (PASSED, PASSED)),
        ("mcl01.dat", (400, 400)),
        ("mismatch01.dat", (400, 400)),
        ("mismatch02.dat", (400, 400)),
        ("mpart01.dat", (405, 405)),
        ("multi01.dat", (400, 400)),
        ("ncl.dat", (400, 400)),
        ("noreason.dat", (PASSED, PASSED)),
        ("novelsc.dat", (416, 416)),
        ("quotbal.dat", (400, 400)),
        ("regaut01.dat", (405, 405)),
        ("regbadct.dat", (405, 405)),
        ("regescrt.dat", (405, 405)),
        ("scalar02.dat", (400, 400)),
        ("scalarlg.dat", (DROPPED, DROPPED)),
        ("sdp01.dat", (PASSED, PASSED)),
        ("semiuri.dat", (200, 200)),
        ("test.dat", (DROPPED, DROPPED)),
        ("transports.dat", (200, 200)),
        ("trws.dat", (200, 200)),
        ("unkscm.dat", (416, 416)),
        ("unksm2.dat", (405, 405)),
        ("unreason.dat", (PASSED, PASSED)),
        ("wsinv.dat", (PASSED, PASSED)),
        ("zeromf.dat", (200, 200)),
    ]
    .into();
    for (file, verdict, message) in &messages {
        let (over_udp, over_tcp) = expected[file.as_str()];
        for (transport, expected) in [(Transport::Udp, over_udp), (Transport::Tcp, over_tcp)] {
            let judged = judge_from("127.0.0.2:5060", transport, message);
            assert_eq!(
                status(&judged),
                expected,
                "{file} over {transport} ({verdict}): {judged:?}"
            );
            assert!(
                !(verdict.starts_with("valid") && expected == 400),
                "{file} is valid"
            );
            assert!(
                !(verdict.starts_with("invalid:") && expected == 200),
                "{file} is not"
            );
        }
    }
}
