//! A tolerant look at a message: start line, header fields, body. It allocates one entry a header line at most.

use std::borrow::Cow;

use super::GateLimits;
use crate::sip::transport::end_of_head;

/// The header fields that the gate knows by name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Name {
    Via,
    From,
    To,
    CallId,
    CSeq,
    MaxForwards,
    Contact,
    ContentLength,
    ContentType,
    ContentEncoding,
    ContentDisposition,
    Require,
    ProxyRequire,
    /// Known, and needed by someone above: never left out to save room.
    Kept,
    /// Anything else.
    Extension,
}

/// Long name, compact form (RFC 3261 section 7.3.3 and the IANA registry), meaning.
const NAMES: &[(&str, &str, Name)] = &[
    ("Via", "v", Name::Via),
    ("From", "f", Name::From),
    ("To", "t", Name::To),
    ("Call-ID", "i", Name::CallId),
    ("CSeq", "", Name::CSeq),
    ("Max-Forwards", "", Name::MaxForwards),
    ("Contact", "m", Name::Contact),
    ("Content-Length", "l", Name::ContentLength),
    ("Content-Type", "c", Name::ContentType),
    ("Content-Encoding", "e", Name::ContentEncoding),
    ("Content-Disposition", "", Name::ContentDisposition),
    ("Require", "", Name::Require),
    ("Proxy-Require", "", Name::ProxyRequire),
    ("Route", "", Name::Kept),
    ("Record-Route", "", Name::Kept),
    ("Supported", "k", Name::Kept),
    ("Session-Expires", "x", Name::Kept),
    ("Min-SE", "", Name::Kept),
    ("Expires", "", Name::Kept),
    ("Diversion", "", Name::Kept),
    ("History-Info", "", Name::Kept),
    ("P-Asserted-Identity", "", Name::Kept),
    ("P-Preferred-Identity", "", Name::Kept),
    ("Remote-Party-ID", "", Name::Kept),
    ("Privacy", "", Name::Kept),
    ("Reason", "", Name::Kept),
    ("RAck", "", Name::Kept),
    ("RSeq", "", Name::Kept),
    ("Replaces", "", Name::Kept),
    ("Refer-To", "r", Name::Kept),
    ("Referred-By", "b", Name::Kept),
    ("Event", "o", Name::Kept),
    ("Authorization", "", Name::Kept),
    ("Proxy-Authorization", "", Name::Kept),
    ("WWW-Authenticate", "", Name::Kept),
    ("Proxy-Authenticate", "", Name::Kept),
    ("Allow", "", Name::Kept),
    ("Retry-After", "", Name::Kept),
    ("Subject", "s", Name::Extension),
    ("Allow-Events", "u", Name::Extension),
    ("Accept-Contact", "a", Name::Extension),
    ("Reject-Contact", "j", Name::Extension),
    ("Request-Disposition", "d", Name::Extension),
    ("Identity", "y", Name::Extension),
    ("Identity-Info", "n", Name::Extension),
];

/// One header field.
#[derive(Debug)]
pub(super) struct Field<'a> {
    pub(super) name: Name,
    /// The long form where we know one, else as it came.
    pub(super) written: &'a [u8],
    /// Without folds and outer white space.
    pub(super) value: Cow<'a, [u8]>,
}

/// What was found.
#[derive(Debug)]
pub(super) struct Scan<'a> {
    pub(super) start: StartLine<'a>,
    pub(super) fields: Vec<Field<'a>>,
    pub(super) body: &'a [u8],
    /// What keeps the rest from being trusted; the fields before it can still be answered.
    pub(super) fault: Option<ScanFault>,
    /// Whether the empty line after the head was there.
    pub(super) head_ends: bool,
    /// How long the message is.
    pub(super) bytes: usize,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ScanFault {
    TooManyHeaders,
    HeaderLineTooLong,
    MalformedHeader,
}

#[derive(Debug)]
pub(super) enum StartLine<'a> {
    Request {
        method: &'a [u8],
        uri: &'a [u8],
        version: &'a [u8],
    },
    Response {
        code: &'a [u8],
    },
    /// Not a line of any SIP version.
    Foreign,
}

impl<'a> Scan<'a> {
    /// Reads as far as the limits allow.
    pub(super) fn of(bytes: &'a [u8], limits: &GateLimits) -> Self {
        let bytes = skip_empty_lines(bytes);
        let head_end = end_of_head(bytes);
        let (head, body) = bytes.split_at(head_end.unwrap_or(bytes.len()));
        let mut lines = Lines { rest: head };
        let start = lines.next().map_or(StartLine::Foreign, read_start_line);
        let mut scan = Self {
            start,
            fields: Vec::new(),
            body,
            fault: None,
            head_ends: head_end.is_some(),
            bytes: bytes.len(),
        };
        if matches!(scan.start, StartLine::Foreign) {
            return scan;
        }
        while let Some(line) = lines.next_folded() {
            if line.is_empty() {
                break;
            }
            if line.len() > limits.header_line_bytes {
                scan.fault = Some(ScanFault::HeaderLineTooLong);
                break;
            }
            if scan.fields.len() == limits.headers {
                scan.fault = Some(ScanFault::TooManyHeaders);
                break;
            }
            match read_field(line) {
                Some(field) => scan.fields.push(field),
                // The fields after it may still be the Via and Call-ID that an answer needs.
                None => scan.fault = Some(ScanFault::MalformedHeader),
            }
        }
        scan
    }

    pub(super) fn all(&self, name: Name) -> impl Iterator<Item = &[u8]> {
        self.fields
            .iter()
            .filter(move |field| field.name == name)
            .map(|field| field.value.as_ref())
    }

    pub(super) fn first(&self, name: Name) -> Option<&[u8]> {
        self.all(name).next()
    }

    pub(super) fn count(&self, name: Name) -> usize {
        self.all(name).count()
    }
}

fn skip_empty_lines(mut bytes: &[u8]) -> &[u8] {
    while let [b'\r' | b'\n', rest @ ..] = bytes {
        bytes = rest;
    }
    bytes
}

/// Lines of a head, with bare line feeds taken for line ends.
struct Lines<'a> {
    rest: &'a [u8],
}

impl<'a> Lines<'a> {
    fn next(&mut self) -> Option<&'a [u8]> {
        if self.rest.is_empty() {
            return None;
        }
        let end = self.rest.iter().position(|byte| *byte == b'\n');
        let line = &self.rest[..end.unwrap_or(self.rest.len())];
        self.rest = &self.rest[end.map_or(self.rest.len(), |end| end + 1)..];
        Some(line.strip_suffix(b"\r").unwrap_or(line))
    }

    /// A line with its continuations (RFC 3261 section 7.3.1), folds still in it.
    fn next_folded(&mut self) -> Option<&'a [u8]> {
        let whole = self.rest;
        let first = self.next()?;
        let mut length = first.len();
        while !first.is_empty() && matches!(self.rest.first(), Some(b' ' | b'\t')) {
            let Some(more) = self.next() else { break };
            // Both are parts of `whole`: the distance of their starts is the length up to here.
            length = (more.as_ptr() as usize - whole.as_ptr() as usize) + more.len();
        }
        Some(&whole[..length])
    }
}

fn read_start_line(line: &[u8]) -> StartLine<'_> {
    let line = trim(line);
    if starts_with_ignoring_case(line, b"SIP/") {
        let mut words = line.splitn(3, |byte| *byte == b' ');
        let (_version, code) = (words.next(), words.next().unwrap_or_default());
        return StartLine::Response { code };
    }
    let Some(method_end) = line.iter().position(|byte| is_blank(*byte)) else {
        return StartLine::Foreign;
    };
    let (method, rest) = (&line[..method_end], trim(&line[method_end..]));
    let (uri, version) = match rest.iter().rposition(|byte| is_blank(*byte)) {
        Some(gap) if starts_with_ignoring_case(&rest[gap + 1..], b"SIP/") => {
            (trim(&rest[..gap]), &rest[gap + 1..])
        }
        Some(gap) if rest[gap + 1..].contains(&b'/') => return StartLine::Foreign,
        _ => (rest, &rest[rest.len()..]),
    };
    if method.iter().all(|byte| is_token(*byte)) {
        StartLine::Request {
            method,
            uri,
            version,
        }
    } else {
        StartLine::Foreign
    }
}

fn read_field(line: &[u8]) -> Option<Field<'_>> {
    let colon = line.iter().position(|byte| *byte == b':')?;
    let written = trim(&line[..colon]);
    if written.is_empty() || !written.iter().all(|byte| is_token(*byte)) {
        return None;
    }
    let value = unfold(trim(&line[colon + 1..]));
    if value.iter().any(|byte| matches!(byte, b'\r' | b'\n')) {
        // A line end that is none of ours might be one for somebody whom we echo it to.
        return None;
    }
    let known = NAMES.iter().find(|(long, compact, _)| {
        written.eq_ignore_ascii_case(long.as_bytes())
            || written.eq_ignore_ascii_case(compact.as_bytes())
    });
    Some(match known {
        Some((long, _, name)) => Field {
            name: *name,
            written: long.as_bytes(),
            value,
        },
        None => Field {
            name: Name::Extension,
            written,
            value,
        },
    })
}

/// A fold counts as one space.
fn unfold(value: &[u8]) -> Cow<'_, [u8]> {
    if !value.contains(&b'\n') {
        return Cow::Borrowed(value);
    }
    let mut whole = Vec::with_capacity(value.len());
    for line in value.split(|byte| *byte == b'\n') {
        let line = trim(line);
        if !line.is_empty() {
            if !whole.is_empty() {
                whole.push(b' ');
            }
            whole.extend_from_slice(line);
        }
    }
    Cow::Owned(whole)
}

pub(super) fn is_blank(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\r' | b'\n')
}

pub(super) fn trim(mut bytes: &[u8]) -> &[u8] {
    while let [first, rest @ ..] = bytes {
        if !is_blank(*first) {
            break;
        }
        bytes = rest;
    }
    while let [rest @ .., last] = bytes {
        if !is_blank(*last) {
            break;
        }
        bytes = rest;
    }
    bytes
}

pub(super) fn is_token(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"-.!%*_+`'~".contains(&byte)
}

pub(super) fn starts_with_ignoring_case(bytes: &[u8], prefix: &[u8]) -> bool {
    bytes.len() >= prefix.len() && bytes[..prefix.len()].eq_ignore_ascii_case(prefix)
}

/// A number that is digits only and not above `most`.
pub(super) fn number(bytes: &[u8], most: u64) -> Option<u64> {
    if bytes.is_empty() {
        return None;
    }
    let mut value: u64 = 0;
    for byte in bytes {
        if !byte.is_ascii_digit() {
            return None;
        }
        value = value.checked_mul(10)?.checked_add(u64::from(byte - b'0'))?;
        if value > most {
            return None;
        }
    }
    Some(value)
}

/// The parts of a list, split where `separator` stands outside quotes and angle brackets.
pub(super) fn split_list(value: &[u8], separator: u8) -> impl Iterator<Item = &[u8]> {
    let mut rest = Some(value);
    std::iter::from_fn(move || {
        let list = rest?;
        let (mut quoted, mut escaped, mut bracketed) = (false, false, false);
        for (at, byte) in list.iter().enumerate() {
            match byte {
                _ if escaped => escaped = false,
                b'\\' if quoted => escaped = true,
                b'"' => quoted = !quoted,
                b'<' if !quoted => bracketed = true,
                b'>' if !quoted => bracketed = false,
                _ if *byte == separator && !quoted && !bracketed => {
                    rest = Some(&list[at + 1..]);
                    return Some(trim(&list[..at]));
                }
                _ => {}
            }
        }
        rest = None;
        Some(trim(list))
    })
}
