//! What the stack gets to read, and how its answers become the peer's own again.
//!
//! The stack's reader is stricter than RFC 3261 in places and looser in others: it drops a message silently when
//! From has no tag or white space stands round an `=`, and routes answers by whatever Via claims. So every message
//! is written anew in the one form that it reads as meant. The top Via then names the address that answers must go
//! to, and carries, sealed in a parameter, the lines that the peer must get back as it sent them.

use std::borrow::Cow;
use std::net::SocketAddr;

use super::address::{NameAddress, Via, uri_for_the_stack};
use super::scan::{Name, Scan, StartLine, number, split_list};
use crate::sip::transport::{Transport, end_of_head};

/// The parameter of the top Via that holds what must be restored.
const SEAL: &[u8] = b";sealed=";
/// The tag of a From that has none (RFC 2543): the stack identifies dialogs by it. It never leaves this machine.
const NO_TAG: &[u8] = b"rfc2543-has-no-tag";

/// How a request is to be written for the stack.
pub(super) struct Rewrite<'a> {
    pub(super) scan: &'a Scan<'a>,
    pub(super) via: &'a Via<'a>,
    pub(super) transport: Transport,
    pub(super) source: SocketAddr,
    pub(super) respond_to: SocketAddr,
    /// The body to pass on, and whether it was taken out of a multipart one.
    pub(super) body: &'a [u8],
    pub(super) body_is_extracted_sdp: bool,
    pub(super) body_is_dropped: bool,
}

impl Rewrite<'_> {
    /// The request, no longer than `most` bytes where leaving out headers that nobody here reads can achieve it.
    pub(super) fn request(&self, most: usize) -> Option<Vec<u8>> {
        let whole = self.write(usize::MAX);
        let Some(excess) = whole.len().checked_sub(most).filter(|excess| *excess > 0) else {
            return Some(whole);
        };
        let extensions = self
            .scan
            .fields
            .iter()
            .filter(|field| field.name == Name::Extension);
        let mut lengths: Vec<usize> = extensions.map(|field| field.value.len()).collect();
        lengths.sort_unstable_by(|one, other| other.cmp(one));
        // The longest go, as many as needed.
        let mut saved = 0;
        let shortest_to_go = lengths.into_iter().find(|length| {
            saved += length;
            saved >= excess
        })?;
        Some(self.write(shortest_to_go)).filter(|shorter| shorter.len() <= most)
    }

    fn write(&self, extensions_shorter_than: usize) -> Vec<u8> {
        let StartLine::Request { method, uri, .. } = &self.scan.start else {
            return Vec::new();
        };
        let mut out = Writer::default();
        out.bytes.extend_from_slice(method);
        out.bytes.push(b' ');
        out.text(&uri_for_the_stack(
            uri.strip_prefix(b"<")
                .and_then(|uri| uri.strip_suffix(b">"))
                .unwrap_or(uri),
        ));
        out.bytes.extend_from_slice(b" SIP/2.0\r\n");

        let mut seal = Seal::new(self.via, self.source);
        let identity: Vec<(&[u8], Vec<u8>)> = self.identity(&mut seal);
        out.line(b"Via", &self.via_for_the_stack(&seal));
        if !self.via.following.is_empty() {
            out.line(b"Via", self.via.following);
        }
        for lower in self.scan.all(Name::Via).skip(1) {
            out.line(b"Via", lower);
        }
        for (name, value) in identity {
            out.line(name, &value);
        }
        self.write_the_rest(&mut out, extensions_shorter_than);
        out.finish(self.body)
    }

    /// From, To, Call-ID and CSeq; what changed on the way goes under the seal.
    fn identity(&self, seal: &mut Seal) -> Vec<(&'static [u8], Vec<u8>)> {
        let mut identity = Vec::with_capacity(4);
        for (name, written, letter) in [
            (Name::From, &b"From"[..], b'F'),
            (Name::To, b"To", b'T'),
            (Name::CallId, b"Call-ID", b'I'),
            (Name::CSeq, b"CSeq", b'C'),
        ] {
            let Some(original) = self.scan.first(name) else {
                continue;
            };
            let canonical = readable(match name {
                Name::From | Name::To => canonical_address(original, name == Name::From),
                Name::CSeq => canonical_sequence(original),
                _ => original.to_vec(),
            });
            if canonical != original || (name == Name::To && is_fragile(original)) {
                seal.add(letter, original);
            }
            identity.push((written, canonical));
        }
        identity
    }

    fn via_for_the_stack(&self, seal: &Seal) -> Vec<u8> {
        let mut value =
            format!("SIP/2.0/{} {}", self.transport.token(), self.respond_to).into_bytes();
        if let Some(branch) = self.via.branch() {
            value.extend_from_slice(b";branch=");
            value.extend_from_slice(branch);
        }
        value.extend_from_slice(SEAL);
        value.extend_from_slice(&seal.closed(self.via.branch()));
        value
    }

    fn write_the_rest(&self, out: &mut Writer, extensions_shorter_than: usize) {
        let mut has_contact = false;
        for field in &self.scan.fields {
            match field.name {
                Name::Via
                | Name::From
                | Name::To
                | Name::CallId
                | Name::CSeq
                | Name::ContentLength => {}
                Name::Contact => {
                    has_contact = true;
                    out.line(b"Contact", &canonical_list(&field.value));
                }
                Name::MaxForwards => {
                    if let Some(hops) = number(&field.value, 255) {
                        out.line(b"Max-Forwards", hops.to_string().as_bytes());
                    }
                }
                Name::ContentType | Name::ContentDisposition if self.body_is_dropped => {}
                Name::ContentType if self.body_is_extracted_sdp => {
                    out.line(b"Content-Type", super::body::SDP)
                }
                Name::Extension if field.value.len() >= extensions_shorter_than => {}
                Name::Kept if holds_addresses(field.written) => {
                    out.line(field.written, &canonical_list(&field.value))
                }
                _ => out.line(field.written, &field.value),
            }
        }
        let is_invite = matches!(
            self.scan.start,
            StartLine::Request {
                method: b"INVITE",
                ..
            }
        );
        if is_invite && !has_contact {
            // RFC 2543 did not ask for one; the caller is where the request came from.
            out.line(b"Contact", format!("<sip:{}>", self.respond_to).as_bytes());
        }
    }
}

/// A response to a request of ours, in the form that the stack reads.
pub(super) fn response(scan: &Scan<'_>, code: u64, body: &[u8]) -> Vec<u8> {
    let mut out = Writer::default();
    // The phrase is for people; the stack only compares it, so the code stands for it.
    out.bytes
        .extend_from_slice(format!("SIP/2.0 {code} \r\n").as_bytes());
    for field in &scan.fields {
        match field.name {
            Name::From | Name::To => {
                out.line(field.written, &canonical_address(&field.value, false))
            }
            Name::CSeq => out.line(b"CSeq", &canonical_sequence(&field.value)),
            Name::Via => out.line(b"Via", &canonical_via(&field.value)),
            Name::Contact => out.line(b"Contact", &canonical_list(&field.value)),
            Name::ContentLength => {}
            _ => out.line(field.written, &field.value),
        }
    }
    out.finish(body)
}

#[derive(Default)]
struct Writer {
    bytes: Vec<u8>,
}

impl Writer {
    fn text(&mut self, text: &[u8]) {
        self.bytes.extend_from_slice(&readable(text.to_vec()));
    }

    fn line(&mut self, name: &[u8], value: &[u8]) {
        self.bytes.extend_from_slice(name);
        self.bytes.extend_from_slice(b": ");
        self.text(value);
        self.bytes.extend_from_slice(b"\r\n");
    }

    fn finish(mut self, body: &[u8]) -> Vec<u8> {
        self.bytes
            .extend_from_slice(format!("Content-Length: {}\r\n\r\n", body.len()).as_bytes());
        self.bytes.extend_from_slice(body);
        self.bytes
    }
}

/// The stack stops reading at the first line that is not UTF-8, and a stray control character could split one.
fn readable(mut text: Vec<u8>) -> Vec<u8> {
    while let Err(fault) = std::str::from_utf8(&text) {
        let from = fault.valid_up_to();
        let to = fault.error_len().map_or(text.len(), |length| from + length);
        text[from..to].fill(b'?');
    }
    for byte in &mut text {
        if byte.is_ascii_control() && *byte != b'\t' {
            *byte = b' ';
        }
    }
    text
}

fn canonical_address(value: &[u8], needs_tag: bool) -> Vec<u8> {
    let Some(address) = NameAddress::read(value) else {
        return value.to_vec();
    };
    let mut text = address.canonical();
    if needs_tag && address.tag().is_none() {
        text.extend_from_slice(b";tag=");
        text.extend_from_slice(NO_TAG);
    }
    text
}

/// The stack reads a To and writes it anew when it adds the tag; escapes and odd quotes do not survive that.
fn is_fragile(to: &[u8]) -> bool {
    let quotes = to.iter().filter(|byte| **byte == b'"').count();
    let display = NameAddress::read(to)
        .map(|to| to.display)
        .unwrap_or_default();
    let is_quoted = display.len() > 2 && display.starts_with(b"\"") && display.ends_with(b"\"");
    to.iter().any(|byte| matches!(byte, b'%' | b'\\'))
        || (quotes > 0 && !(quotes == 2 && is_quoted))
}

fn canonical_list(value: &[u8]) -> Vec<u8> {
    let mut text = Vec::with_capacity(value.len());
    for (index, element) in split_list(value, b',').enumerate() {
        if index > 0 {
            text.extend_from_slice(b", ");
        }
        text.extend_from_slice(&canonical_address(element, false));
    }
    text
}

fn canonical_sequence(value: &[u8]) -> Vec<u8> {
    let mut words = value
        .split(|byte| matches!(byte, b' ' | b'\t'))
        .filter(|word| !word.is_empty());
    match (
        words
            .next()
            .and_then(|digits| number(digits, u64::from(u32::MAX))),
        words.next(),
    ) {
        (Some(sequence), Some(method)) => [sequence.to_string().as_bytes(), b" ", method].concat(),
        _ => value.to_vec(),
    }
}

fn canonical_via(value: &[u8]) -> Vec<u8> {
    let Some((via, true)) = Via::read(value) else {
        return value.to_vec();
    };
    let mut text = via.sent.to_vec();
    for (name, value) in &via.parameters {
        text.push(b';');
        text.extend_from_slice(name);
        if let Some(value) = value {
            text.push(b'=');
            text.extend_from_slice(value);
        }
    }
    text
}

/// Headers whose user parts the rooms above read. Routes are not among them: they must go back as they came.
fn holds_addresses(name: &[u8]) -> bool {
    [
        &b"Diversion"[..],
        b"History-Info",
        b"P-Asserted-Identity",
        b"P-Preferred-Identity",
        b"Remote-Party-ID",
    ]
    .contains(&name)
}

/// What a peer must get back as it sent it: its Via, and of the other lines those that were changed.
struct Seal {
    plain: Vec<u8>,
}

const BETWEEN: u8 = b'\n';

impl Seal {
    fn new(via: &Via<'_>, source: SocketAddr) -> Self {
        Self {
            plain: via.echo(source),
        }
    }

    fn add(&mut self, letter: u8, original: &[u8]) {
        self.plain.push(BETWEEN);
        self.plain.push(letter);
        self.plain.extend_from_slice(original);
    }

    /// As one Via parameter, kept short: the branch stands beside it already.
    fn closed(&self, branch: Option<&[u8]>) -> Vec<u8> {
        let mut text = Vec::with_capacity(self.plain.len() + 16);
        let mut rest = &self.plain[..];
        while let Some(byte) = rest.first() {
            if let Some(branch) = branch
                && branch.len() > 1
                && rest.starts_with(branch)
            {
                text.push(b'^');
                rest = &rest[branch.len()..];
                continue;
            }
            match *byte {
                b' ' => text.push(b'|'),
                b';' => text.push(b'!'),
                BETWEEN => text.push(b'$'),
                kept if kept.is_ascii_alphanumeric() || b"-._~:/@=+*[]()".contains(&kept) => {
                    text.push(kept)
                }
                _ => text.extend_from_slice(format!("%{byte:02X}").as_bytes()),
            }
            rest = &rest[1..];
        }
        text
    }

    fn opened(text: &[u8], branch: &[u8]) -> Option<Vec<u8>> {
        let mut plain = Vec::with_capacity(text.len());
        let mut rest = text;
        while let [byte, after @ ..] = rest {
            rest = after;
            match byte {
                b'^' => plain.extend_from_slice(branch),
                b'|' => plain.push(b' '),
                b'!' => plain.push(b';'),
                b'$' => plain.push(BETWEEN),
                b'%' => {
                    let digits = std::str::from_utf8(rest.get(..2)?).ok()?;
                    plain.push(u8::from_str_radix(digits, 16).ok()?);
                    rest = &rest[2..];
                }
                _ => plain.push(*byte),
            }
        }
        // No line that we sealed had a line end in it.
        (!plain.contains(&b'\r')).then_some(plain)
    }
}

/// What the stack wants to send, as the peer must see it. `sent_by` is the address for the Via of a request of ours.
pub(in crate::sip) fn restore_outgoing(
    message: &[u8],
    transport: Transport,
    sent_by: Option<SocketAddr>,
) -> Cow<'_, [u8]> {
    let Some(head_end) = end_of_head(message) else {
        return Cow::Borrowed(message);
    };
    let (head, body) = message.split_at(head_end);
    let Ok(head) = std::str::from_utf8(head) else {
        return Cow::Borrowed(message);
    };
    let restored = match sent_by {
        Some(sent_by) => restore_request(head, transport, sent_by),
        None => match restore_response(head) {
            Some(restored) => restored,
            None => return Cow::Borrowed(message),
        },
    };
    Cow::Owned([&restored[..], body].concat())
}

fn restore_response(head: &str) -> Option<Vec<u8>> {
    let via = head
        .lines()
        .find_map(|line| line.strip_prefix("Via: "))?
        .as_bytes();
    let at = find(via, SEAL)?;
    let sealed = &via[at + SEAL.len()..];
    let sealed = &sealed[..sealed
        .iter()
        .position(|byte| matches!(byte, b';' | b',' | b' '))
        .unwrap_or(sealed.len())];
    let branch = find(via, b";branch=")
        .map(|at| &via[at + 8..])
        .unwrap_or_default();
    let branch = &branch[..branch
        .iter()
        .position(|byte| *byte == b';')
        .unwrap_or(branch.len())];
    let plain = Seal::opened(sealed, branch)?;
    let mut pieces = plain.split(|byte| *byte == BETWEEN);
    let mut echo = Some(pieces.next()?);
    let originals: Vec<(u8, &[u8])> = pieces
        .filter_map(|piece| piece.split_first().map(|(letter, value)| (*letter, value)))
        .collect();

    let mut restored = Vec::with_capacity(head.len());
    for line in head.split_inclusive("\r\n") {
        let (name, value) = line.split_once(": ").unwrap_or((line, ""));
        let letter = match name {
            "From" => b'F',
            "To" => b'T',
            "Call-ID" => b'I',
            "CSeq" => b'C',
            _ => 0,
        };
        let original = originals
            .iter()
            .find(|(each, _)| *each == letter)
            .map(|(_, value)| *value);
        if let (true, Some(echo)) = (name == "Via", echo) {
            restored.extend_from_slice(b"Via: ");
            restored.extend_from_slice(echo);
            restored.extend_from_slice(b"\r\n");
        } else if let Some(original) = original {
            restored.extend_from_slice(name.as_bytes());
            restored.extend_from_slice(b": ");
            restored.extend_from_slice(original);
            if letter == b'T' && NameAddress::read(original).is_some_and(|to| to.tag().is_none()) {
                // The stack puts its tag last.
                if let Some((_, tag)) = value.trim_end().rsplit_once(";tag=") {
                    restored.extend_from_slice(b";tag=");
                    restored.extend_from_slice(tag.as_bytes());
                }
            }
            restored.extend_from_slice(b"\r\n");
        } else {
            restored.extend_from_slice(line.as_bytes());
        }
        if name == "Via" {
            echo = None;
        }
    }
    Some(restored)
}

fn restore_request(head: &str, transport: Transport, sent_by: SocketAddr) -> Vec<u8> {
    let no_tag = [b";tag=", NO_TAG].concat();
    let mut restored = Vec::with_capacity(head.len());
    let mut top = true;
    for (index, line) in head.split_inclusive("\r\n").enumerate() {
        if index == 0 {
            restored.extend_from_slice(unescape_twice_escaped_user(line).as_bytes());
        } else if let (true, Some(via)) = (top, line.strip_prefix("Via: ")) {
            top = false;
            let parameters = via.find(';').map_or("\r\n", |at| &via[at..]);
            restored.extend_from_slice(
                format!(
                    "Via: SIP/2.0/{} {}{}",
                    transport.token(),
                    sent_by,
                    parameters
                )
                .as_bytes(),
            );
        } else if let (true, Some(at)) = (line.starts_with("To: "), find(line.as_bytes(), &no_tag))
        {
            restored.extend_from_slice(&line.as_bytes()[..at]);
            restored.extend_from_slice(&line.as_bytes()[at + no_tag.len()..]);
        } else {
            restored.extend_from_slice(line.as_bytes());
        }
    }
    restored
}

/// The stack does not read the escapes of a user part, but escapes their percent signs once more when it writes.
fn unescape_twice_escaped_user(line: &str) -> Cow<'_, str> {
    match line.split_once('@') {
        Some((user, rest)) if user.contains("%25") => {
            format!("{}@{rest}", user.replace("%25", "%")).into()
        }
        _ => line.into(),
    }
}

fn find(bytes: &[u8], wanted: &[u8]) -> Option<usize> {
    bytes
        .windows(wanted.len())
        .position(|window| window == wanted)
}
