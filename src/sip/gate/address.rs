//! Via values and addresses, read closely enough to route an answer and to rewrite for the stack.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use super::scan::{is_blank, is_token, number, split_list, starts_with_ignoring_case, trim};

/// The port of SIP when none is written (RFC 3261 section 19.1.2).
pub(super) const SIP_PORT: u16 = 5060;
/// What every branch of RFC 3261 begins with.
pub(super) const MAGIC_COOKIE: &[u8] = b"z9hG4bK";

/// A parameter: its name, and its value where one is given.
pub(super) type Parameter<'a> = (&'a [u8], Option<&'a [u8]>);

/// The topmost Via of a message.
#[derive(Debug)]
pub(super) struct Via<'a> {
    /// `SIP/2.0/UDP host:port`, as it came.
    pub(super) sent: &'a [u8],
    pub(super) host: &'a [u8],
    pub(super) port: Option<u16>,
    pub(super) parameters: Vec<Parameter<'a>>,
    /// Values after a comma in the same line.
    pub(super) following: &'a [u8],
}

impl<'a> Via<'a> {
    /// Reads the first value, and says whether all of it is sound; an unsound one can still be answered.
    pub(super) fn read(line: &'a [u8]) -> Option<(Self, bool)> {
        let first = split_list(line, b',').next()?;
        let following = trim(line.get(first.len()..).unwrap_or_default());
        let following = trim(following.strip_prefix(b",").unwrap_or(following));
        let mut parts = split_list(first, b';');
        let sent = parts.next()?;
        let (host, port) = read_sent_by(sent)?;
        let mut sound = true;
        let mut parameters = Vec::new();
        for part in parts {
            match read_parameter(part) {
                Some(parameter) => parameters.push(parameter),
                None => sound = false,
            }
        }
        Some((
            Self {
                sent,
                host,
                port,
                parameters,
                following,
            },
            sound,
        ))
    }

    pub(super) fn parameter(&self, name: &[u8]) -> Option<Option<&'a [u8]>> {
        self.parameters
            .iter()
            .find(|(each, _)| each.eq_ignore_ascii_case(name))
            .map(|(_, value)| *value)
    }

    pub(super) fn branch(&self) -> Option<&'a [u8]> {
        self.parameter(b"branch").flatten()
    }

    /// Where an answer goes over UDP: to the address the request came from, never to `maddr` or a foreign
    /// `received`; to the port it came from when `rport` asks for it (RFC 3581 section 4), else to the one in Via
    /// (RFC 3261 section 18.2.2).
    pub(super) fn respond_to(&self, source: SocketAddr, behind_nat: bool) -> SocketAddr {
        if behind_nat || self.parameter(b"rport").is_some() {
            source
        } else {
            SocketAddr::new(source.ip(), self.port.unwrap_or(SIP_PORT))
        }
    }

    /// The value as it stands in every answer: with `received` and, where asked for, `rport` put right.
    pub(super) fn echo(&self, source: SocketAddr) -> Vec<u8> {
        let mut echo = self.sent.to_vec();
        let wants_port = self.parameter(b"rport").is_some();
        for (name, value) in &self.parameters {
            if name.eq_ignore_ascii_case(b"received") {
                continue;
            }
            echo.push(b';');
            echo.extend_from_slice(name);
            if name.eq_ignore_ascii_case(b"rport") {
                echo.extend_from_slice(format!("={}", source.port()).as_bytes());
            } else if let Some(value) = value {
                echo.push(b'=');
                echo.extend_from_slice(value);
            }
        }
        if wants_port || literal(self.host) != Some(source.ip()) {
            echo.extend_from_slice(format!(";received={}", source.ip()).as_bytes());
        }
        echo
    }
}

/// `SIP / 2.0 / UDP   host : port`, white space allowed where the grammar has it.
fn read_sent_by(sent: &[u8]) -> Option<(&[u8], Option<u16>)> {
    let mut pieces = sent.splitn(3, |byte| *byte == b'/');
    let (protocol, version, rest) = (
        trim(pieces.next()?),
        trim(pieces.next()?),
        trim(pieces.next()?),
    );
    if !protocol.eq_ignore_ascii_case(b"SIP") || version.is_empty() {
        return None;
    }
    let gap = rest.iter().position(|byte| is_blank(*byte))?;
    if !rest[..gap].iter().all(|byte| is_token(*byte)) {
        return None;
    }
    read_host_port(trim(&rest[gap..]))
}

/// A host and its port; nothing when either cannot be one.
pub(super) fn read_host_port(text: &[u8]) -> Option<(&[u8], Option<u16>)> {
    let host_end = if text.first() == Some(&b'[') {
        text.iter().position(|byte| *byte == b']')? + 1
    } else {
        text.iter()
            .position(|byte| *byte == b':')
            .unwrap_or(text.len())
    };
    let (host, rest) = (trim(&text[..host_end]), trim(&text[host_end..]));
    let is_host = if host.starts_with(b"[") {
        literal(host).is_some()
    } else {
        !host.is_empty()
            && host
                .iter()
                .all(|byte| byte.is_ascii_alphanumeric() || b"-._".contains(byte))
    };
    if !is_host {
        return None;
    }
    match rest.strip_prefix(b":") {
        None if rest.is_empty() => Some((host, None)),
        None => None,
        Some(port) => match number(trim(port), u64::from(u16::MAX))? {
            0 => None,
            port => Some((host, u16::try_from(port).ok())),
        },
    }
}

/// An address written as one.
pub(super) fn literal(host: &[u8]) -> Option<IpAddr> {
    let text = std::str::from_utf8(host).ok()?;
    match text.strip_prefix('[') {
        // Three colons were right by the grammar that RFC 3261 first had (RFC 5118 section 4.10).
        Some(inner) => inner
            .strip_suffix(']')?
            .replace(":::", "::")
            .parse::<Ipv6Addr>()
            .ok()
            .map(IpAddr::V6),
        None => text.parse::<Ipv4Addr>().ok().map(IpAddr::V4),
    }
}

fn read_parameter(part: &[u8]) -> Option<Parameter<'_>> {
    let (name, value) = match part.iter().position(|byte| *byte == b'=') {
        Some(equals) => (trim(&part[..equals]), Some(trim(&part[equals + 1..]))),
        None => (part, None),
    };
    (!name.is_empty() && name.iter().all(|byte| is_token(*byte))).then_some((name, value))
}

/// A From, To or Contact: `"name" <uri>;parameters` or `uri;parameters`.
#[derive(Debug)]
pub(super) struct NameAddress<'a> {
    pub(super) display: &'a [u8],
    pub(super) uri: &'a [u8],
    pub(super) bracketed: bool,
    pub(super) parameters: Vec<Parameter<'a>>,
}

impl<'a> NameAddress<'a> {
    /// Nothing when quotes or brackets do not close, there is no URI, or a parameter is none.
    pub(super) fn read(value: &'a [u8]) -> Option<Self> {
        let open = find_outside_quotes(value, b'<')?;
        let (display, uri, bracketed, rest) = match open {
            Some(open) => {
                let close = open + value[open..].iter().position(|byte| *byte == b'>')?;
                (
                    trim(&value[..open]),
                    trim(&value[open + 1..close]),
                    true,
                    trim(&value[close + 1..]),
                )
            }
            None => {
                let end = value
                    .iter()
                    .position(|byte| *byte == b';')
                    .unwrap_or(value.len());
                (&value[..0], trim(&value[..end]), false, &value[end..])
            }
        };
        if uri.is_empty()
            || uri
                .iter()
                .any(|byte| is_blank(*byte) || b"<>\"".contains(byte))
        {
            return None;
        }
        let mut parameters = Vec::new();
        if !rest.is_empty() {
            for part in split_list(rest.strip_prefix(b";")?, b';') {
                parameters.push(read_parameter(part)?);
            }
        }
        Some(Self {
            display,
            uri,
            bracketed,
            parameters,
        })
    }

    pub(super) fn tag(&self) -> Option<&'a [u8]> {
        self.tags().next().flatten()
    }

    /// Whether it has at most one tag, and that with a value.
    pub(super) fn has_sound_tag(&self) -> bool {
        let mut tags = self.tags();
        let first_is_sound = tags
            .next()
            .is_none_or(|tag| tag.is_some_and(|tag| !tag.is_empty()));
        first_is_sound && tags.next().is_none()
    }

    fn tags(&self) -> impl Iterator<Item = Option<&'a [u8]>> {
        let tags = self
            .parameters
            .iter()
            .filter(|(name, _)| name.eq_ignore_ascii_case(b"tag"));
        tags.map(|(_, value)| *value)
    }

    /// In the one form that the stack's reader cannot misread.
    pub(super) fn canonical(&self) -> Vec<u8> {
        let mut text = Vec::new();
        if !self.display.is_empty() {
            // The stack takes the first `<` for the URI's, be it quoted or not.
            text.extend(self.display.iter().map(|byte| {
                if matches!(byte, b'<' | b'>') {
                    b' '
                } else {
                    *byte
                }
            }));
            text.push(b' ');
        }
        if self.bracketed {
            text.push(b'<');
        }
        text.extend_from_slice(&uri_for_the_stack(self.uri));
        if self.bracketed {
            text.push(b'>');
        }
        for (name, value) in &self.parameters {
            text.push(b';');
            text.extend_from_slice(name);
            if let Some(value) = value {
                text.push(b'=');
                text.extend_from_slice(value);
            }
        }
        text
    }
}

/// Where `wanted` stands outside a quoted string; the outer nothing means that a quote never ends.
fn find_outside_quotes(value: &[u8], wanted: u8) -> Option<Option<usize>> {
    let (mut quoted, mut escaped) = (false, false);
    for (at, byte) in value.iter().enumerate() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if quoted => escaped = true,
            b'"' => quoted = !quoted,
            _ if *byte == wanted && !quoted => return Some(Some(at)),
            _ => {}
        }
    }
    (!quoted).then_some(None)
}

/// The scheme of a URI, if it has one (RFC 3986 section 3.1).
pub(super) fn scheme(uri: &[u8]) -> Option<&[u8]> {
    let colon = uri.iter().position(|byte| *byte == b':')?;
    let scheme = &uri[..colon];
    let sound = scheme.first().is_some_and(u8::is_ascii_alphabetic)
        && scheme
            .iter()
            .all(|byte| byte.is_ascii_alphanumeric() || b"+-.".contains(byte));
    sound.then_some(scheme)
}

/// Whether a `sip:` URI names a host that could be one.
pub(super) fn has_sound_host(uri: &[u8]) -> bool {
    let Some(rest) = uri
        .iter()
        .position(|byte| *byte == b':')
        .map(|colon| &uri[colon + 1..])
    else {
        return false;
    };
    let after_user = rest
        .iter()
        .rposition(|byte| *byte == b'@')
        .map_or(rest, |at| &rest[at + 1..]);
    let end = after_user
        .iter()
        .position(|byte| matches!(byte, b';' | b'?'))
        .unwrap_or(after_user.len());
    read_host_port(&after_user[..end]).is_some()
}

/// A `sip:` URI so written that the stack reads it as meant: it takes the first `;` or `?` for the end of the
/// host, though both may stand in the user part (RFC 3261 section 25.1), and refuses transports it does not know.
pub(super) fn uri_for_the_stack(uri: &[u8]) -> Vec<u8> {
    if !starts_with_ignoring_case(uri, b"sip:") && !starts_with_ignoring_case(uri, b"sips:") {
        return uri.to_vec();
    }
    let at = uri.iter().position(|byte| *byte == b'@');
    let mut text = Vec::with_capacity(uri.len());
    for byte in &uri[..at.unwrap_or(0)] {
        match byte {
            b';' => text.extend_from_slice(b"%3B"),
            b'?' => text.extend_from_slice(b"%3F"),
            _ => text.push(*byte),
        }
    }
    let rest = &uri[at.unwrap_or(0)..];
    let fewer_colons = String::from_utf8_lossy(rest)
        .replace(":::", "::")
        .into_bytes();
    let rest = if rest.contains(&b'[') {
        &fewer_colons
    } else {
        rest
    };
    let headers = rest
        .iter()
        .position(|byte| *byte == b'?')
        .unwrap_or(rest.len());
    for (index, part) in rest[..headers].split(|byte| *byte == b';').enumerate() {
        if index > 0 && is_unknown_to_the_stack(part) {
            continue;
        }
        if index > 0 {
            text.push(b';');
        }
        text.extend_from_slice(part);
    }
    text.extend_from_slice(&rest[headers..]);
    text
}

fn is_unknown_to_the_stack(parameter: &[u8]) -> bool {
    let Some((name, Some(value))) = read_parameter(parameter) else {
        return false;
    };
    let known: &[&str] = if name.eq_ignore_ascii_case(b"transport") {
        &["udp", "tcp", "tls", "sctp", "tls-sctp", "ws", "wss"]
    } else if name.eq_ignore_ascii_case(b"method") {
        &[
            "invite",
            "ack",
            "bye",
            "cancel",
            "info",
            "options",
            "update",
            "prack",
            "refer",
            "notify",
            "subscribe",
        ]
    } else if name.eq_ignore_ascii_case(b"rport") {
        return number(value, u64::from(u16::MAX)).is_none();
    } else {
        return false;
    };
    !known
        .iter()
        .any(|known| value.eq_ignore_ascii_case(known.as_bytes()))
}
