//! Answers that the gate gives itself: stateless, one for each request, never retransmitted.

use std::hash::{BuildHasher, RandomState};
use std::net::SocketAddr;

use super::address::{NameAddress, Via};
use super::scan::{Name, Scan};

/// What we serve, for `Allow`.
pub(super) const ALLOW: &str = "INVITE, ACK, CANCEL, BYE, OPTIONS, INFO, UPDATE, PRACK";
/// The extensions that we have, for `Supported`.
pub(super) const SUPPORTED: &[&str] = &["100rel", "timer"];

/// A status line and the header lines that belong to it.
#[derive(Debug)]
pub(super) struct Status {
    pub(super) code: u16,
    pub(super) phrase: &'static str,
    pub(super) headers: Vec<String>,
}

impl Status {
    pub(super) fn new(code: u16, phrase: &'static str) -> Self {
        Self {
            code,
            phrase,
            headers: Vec::new(),
        }
    }

    pub(super) fn with(mut self, name: &str, value: &str) -> Self {
        self.headers.push(format!("{name}: {value}"));
        self
    }
}

/// The response to what was scanned (RFC 3261 section 8.2.6).
pub(super) fn write(
    status: &Status,
    scan: &Scan<'_>,
    via: &Via<'_>,
    source: SocketAddr,
    secret: &RandomState,
    with_headers: bool,
) -> Vec<u8> {
    let mut text = format!("SIP/2.0 {} {}\r\n", status.code, status.phrase).into_bytes();
    let mut line = |name: &str, value: &[u8]| {
        text.extend_from_slice(name.as_bytes());
        text.extend_from_slice(b": ");
        text.extend_from_slice(value);
        text.extend_from_slice(b"\r\n");
    };
    line("Via", &via.echo(source));
    if !via.following.is_empty() {
        line("Via", via.following);
    }
    for lower in scan.all(Name::Via).skip(1) {
        line("Via", lower);
    }
    if let Some(from) = scan.first(Name::From) {
        line("From", from);
    }
    if let Some(to) = scan.first(Name::To) {
        let mut to = to.to_vec();
        if NameAddress::read(&to).is_some_and(|address| address.tag().is_none()) {
            to.extend_from_slice(format!(";tag={}", to_tag(scan, via, secret)).as_bytes());
        }
        line("To", &to);
    }
    if let Some(call_id) = scan.first(Name::CallId) {
        line("Call-ID", call_id);
    }
    if let Some(sequence) = scan.first(Name::CSeq) {
        line("CSeq", sequence);
    }
    if with_headers {
        for header in &status.headers {
            text.extend_from_slice(header.as_bytes());
            text.extend_from_slice(b"\r\n");
        }
    }
    text.extend_from_slice(b"Content-Length: 0\r\n\r\n");
    text
}

/// The same for every copy of a request, so that a stateless answer repeats itself (RFC 3261 section 8.2.7).
fn to_tag(scan: &Scan<'_>, via: &Via<'_>, secret: &RandomState) -> String {
    let identity = (
        scan.first(Name::CallId),
        scan.first(Name::From),
        scan.first(Name::CSeq),
        via.branch(),
    );
    format!("{:016x}", secret.hash_one(identity))
}
