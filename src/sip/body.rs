//! What a message carries: a session description, alone or as one part among others (RFC 5621), or keys.

use super::address::parameter;
use super::offer_answer::NotAcceptable;
use super::sdp::{self, Description};

/// Parts of one multipart body (security P3).
const PARTS_MAX: usize = 32;
/// Multiparts within multiparts (security P3).
const DEPTH_MAX: usize = 8;

/// The headers that say what a body is.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct BodyHeaders<'a> {
    pub(super) content_type: Option<&'a str>,
    pub(super) content_encoding: Option<&'a str>,
    pub(super) content_disposition: Option<&'a str>,
}

/// The session description in a body; none where there is no body, or only one that we may ignore.
pub(super) fn description(
    headers: BodyHeaders<'_>,
    body: &[u8],
) -> Result<Option<Description>, NotAcceptable> {
    if body.is_empty() {
        return Ok(None);
    }
    let mut parts = 0;
    match find(headers, body, 0, &mut parts)? {
        Found::Description(description) => Ok(Some(description)),
        Found::Ignorable => Ok(None),
        Found::Nothing => Err(NotAcceptable::UnsupportedType),
    }
}

enum Found {
    Description(Description),
    /// The peer said that this body is optional (RFC 3261 section 20.11).
    Ignorable,
    Nothing,
}

fn find(
    headers: BodyHeaders<'_>,
    body: &[u8],
    depth: usize,
    parts: &mut usize,
) -> Result<Found, NotAcceptable> {
    let (media_type, parameters) = match headers.content_type {
        Some(content_type) => content_type.split_once(';').unwrap_or((content_type, "")),
        // RFC 3261 section 20.15 demands a type; without one the first line says whether it is a description.
        None if body.starts_with(b"v=0") => ("application/sdp", ""),
        None => ("application/octet-stream", ""),
    };
    let media_type = media_type.trim().to_ascii_lowercase();
    let optional = headers
        .content_disposition
        .and_then(|disposition| {
            parameter(
                disposition.split_once(';').map_or("", |(_, rest)| rest),
                "handling",
            )
        })
        .is_some_and(|handling| handling.eq_ignore_ascii_case("optional"));
    let encoded = headers.content_encoding.is_some_and(|encoding| {
        let encoding = encoding.trim();
        !encoding.is_empty() && !encoding.eq_ignore_ascii_case("identity")
    });
    if media_type == "application/sdp" && !encoded {
        return Ok(Found::Description(sdp::parse(body)?));
    }
    if media_type.starts_with("multipart/") && !encoded {
        if depth == DEPTH_MAX {
            return Err(NotAcceptable::TooLarge);
        }
        let boundary = parameter(parameters, "boundary")
            .filter(|boundary| !boundary.is_empty() && boundary.len() <= 70);
        let boundary = boundary.ok_or(NotAcceptable::Malformed)?;
        let mut all_ignorable = true;
        for part in split(body, boundary.as_bytes()) {
            *parts += 1;
            if *parts > PARTS_MAX {
                return Err(NotAcceptable::TooLarge);
            }
            let (lines, content) = part_headers(part);
            let header = |name: &str| {
                lines
                    .iter()
                    .find(|(key, _)| key.eq_ignore_ascii_case(name))
                    .map(|(_, value)| value.as_str())
            };
            let headers = BodyHeaders {
                content_type: header("content-type").or(Some("text/plain")),
                content_encoding: header("content-encoding"),
                content_disposition: header("content-disposition"),
            };
            match find(headers, content, depth + 1, parts)? {
                Found::Description(description) => return Ok(Found::Description(description)),
                Found::Ignorable => {}
                Found::Nothing => all_ignorable = false,
            }
        }
        return Ok(if all_ignorable {
            Found::Ignorable
        } else {
            Found::Nothing
        });
    }
    Ok(if optional {
        Found::Ignorable
    } else {
        Found::Nothing
    })
}

/// The parts between `--boundary` lines (RFC 2046 section 5.1.1).
fn split<'a>(body: &'a [u8], boundary: &[u8]) -> impl Iterator<Item = &'a [u8]> {
    let mut delimiter = b"--".to_vec();
    delimiter.extend_from_slice(boundary);
    let mut rest = skip_delimiter(body, &delimiter);
    std::iter::from_fn(move || {
        let here = rest?;
        let end = find_delimiter(here, &delimiter);
        rest = end.and_then(|end| skip_delimiter(&here[end..], &delimiter));
        let part = &here[..end.unwrap_or(here.len())];
        Some(
            part.strip_suffix(b"\r\n")
                .or_else(|| part.strip_suffix(b"\n"))
                .unwrap_or(part),
        )
    })
}

/// What follows the first delimiter's line; none where that delimiter closes the body.
fn skip_delimiter<'a>(body: &'a [u8], delimiter: &[u8]) -> Option<&'a [u8]> {
    let behind = &body[find_delimiter(body, delimiter)? + delimiter.len()..];
    if behind.starts_with(b"--") {
        return None;
    }
    let line_end = behind.iter().position(|byte| *byte == b'\n')?;
    Some(&behind[line_end + 1..])
}

/// A delimiter stands at the start of a line.
fn find_delimiter(body: &[u8], delimiter: &[u8]) -> Option<usize> {
    let mut from = 0;
    while let Some(at) = body[from..]
        .windows(delimiter.len())
        .position(|window| window == delimiter)
    {
        let at = from + at;
        if at == 0 || body[at - 1] == b'\n' {
            return Some(at);
        }
        from = at + 1;
    }
    None
}

/// The header lines of a part, and its content.
fn part_headers(part: &[u8]) -> (Vec<(String, String)>, &[u8]) {
    let mut lines: Vec<(String, String)> = Vec::new();
    let mut rest = part;
    while !rest.is_empty() {
        let end = rest
            .iter()
            .position(|byte| *byte == b'\n')
            .map_or(rest.len(), |at| at + 1);
        let line = String::from_utf8_lossy(&rest[..end]);
        rest = &rest[end..];
        let line = line.trim_end();
        if line.is_empty() {
            break;
        }
        if line.starts_with([' ', '\t']) {
            if let Some((_, value)) = lines.last_mut() {
                value.push(' ');
                value.push_str(line.trim());
            }
        } else if let Some((name, value)) = line.split_once(':') {
            lines.push((name.trim().to_owned(), value.trim().to_owned()));
        }
    }
    (lines, rest)
}

/// The key in the body of an INFO: `Signal=5` of `application/dtmf-relay`, or the bare key of `application/dtmf`.
/// None: no such type. Some(None): such a type without a key that we know.
pub(super) fn info_key(content_type: &str, body: &[u8]) -> Option<Option<char>> {
    let media_type = content_type
        .split(';')
        .next()
        .unwrap_or_default()
        .trim()
        .to_ascii_lowercase();
    let text = String::from_utf8_lossy(body);
    let signal = match media_type.as_str() {
        "application/dtmf-relay" => text.lines().find_map(|line| {
            let (name, value) = line.split_once(['=', ':'])?;
            name.trim()
                .eq_ignore_ascii_case("signal")
                .then(|| value.trim().to_owned())
        }),
        "application/dtmf" => Some(text.trim().to_owned()),
        _ => return None,
    };
    Some(signal.and_then(|signal| key(&signal)))
}

/// Peers write the key itself, or its event number (RFC 4733 section 3.2).
fn key(signal: &str) -> Option<char> {
    match signal {
        "10" => Some('*'),
        "11" => Some('#'),
        "12" => Some('A'),
        "13" => Some('B'),
        "14" => Some('C'),
        "15" => Some('D'),
        _ => {
            let mut characters = signal.chars();
            let only = characters
                .next()
                .filter(|_| characters.next().is_none())?
                .to_ascii_uppercase();
            matches!(only, '0'..='9' | '*' | '#' | 'A'..='D').then_some(only)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SDP: &str = "v=0\r\no=- 1 1 IN IP4 192.0.2.1\r\ns=-\r\nc=IN IP4 192.0.2.1\r\nt=0 0\r\nm=audio 4000 RTP/AVP 0\r\n";

    fn read(content_type: &str, body: &str) -> Result<Option<usize>, NotAcceptable> {
        let headers = BodyHeaders {
            content_type: Some(content_type),
            ..BodyHeaders::default()
        };
        description(headers, body.as_bytes())
            .map(|found| found.map(|description| description.media.len()))
    }

    #[test]
    fn a_plain_description() {
        assert_eq!(read("application/sdp", SDP), Ok(Some(1)));
        assert_eq!(read("Application/SDP; charset=utf-8", SDP), Ok(Some(1)));
        assert_eq!(read("application/sdp", ""), Ok(None));
        assert_eq!(read("text/plain", SDP), Err(NotAcceptable::UnsupportedType));
        assert_eq!(
            read("application/sdp", "hello"),
            Err(NotAcceptable::Malformed)
        );
        assert_eq!(
            description(BodyHeaders::default(), SDP.as_bytes())
                .unwrap()
                .unwrap()
                .media
                .len(),
            1
        );
    }

    #[test]
    fn a_description_among_other_parts() {
        let mixed = format!(
            "preamble\r\n--b1\r\nContent-Type: application/isup;version=x\r\nContent-Disposition: signal;handling=optional\r\n\r\n\
             \x01\x02--b1 not at a line start\r\n--b1\r\nContent-Type: application/sdp\r\n\r\n{SDP}\r\n--b1--\r\nepilogue"
        );
        assert_eq!(
            read("multipart/mixed; boundary=\"b1\"", &mixed),
            Ok(Some(1))
        );
        assert_eq!(
            read("multipart/mixed", &mixed),
            Err(NotAcceptable::Malformed)
        );
        let nested = format!(
            "--o\r\nContent-Type: multipart/related;boundary=i\r\n\r\n--i\r\nContent-Type: application/sdp\r\n\r\n{SDP}\r\n--i--\r\n--o--"
        );
        assert_eq!(read("multipart/mixed;boundary=o", &nested), Ok(Some(1)));
        let optional = "--o\r\nContent-Type: text/x\r\nContent-Disposition: x; handling=optional\r\n\r\nx\r\n--o--";
        assert_eq!(read("multipart/mixed;boundary=o", optional), Ok(None));
        let other = "--o\r\nContent-Type: text/x\r\n\r\nx\r\n--o--";
        assert_eq!(
            read("multipart/mixed;boundary=o", other),
            Err(NotAcceptable::UnsupportedType)
        );
    }

    #[test]
    fn an_encoded_body_is_not_read() {
        let headers = BodyHeaders {
            content_type: Some("application/sdp"),
            content_encoding: Some("gzip"),
            ..BodyHeaders::default()
        };
        assert_eq!(
            description(headers, SDP.as_bytes()),
            Err(NotAcceptable::UnsupportedType)
        );
    }

    #[test]
    fn parts_and_depth_are_bounded() {
        let parts = |count: usize| {
            format!(
                "{}--b--",
                "--b\r\nContent-Type: x/y\r\n\r\nx\r\n".repeat(count)
            )
        };
        assert_eq!(
            read("multipart/mixed;boundary=b", &parts(PARTS_MAX)),
            Err(NotAcceptable::UnsupportedType)
        );
        assert_eq!(
            read("multipart/mixed;boundary=b", &parts(PARTS_MAX + 1)),
            Err(NotAcceptable::TooLarge)
        );
        let nested = |depth: usize| {
            (0..depth).rev().fold(format!("Content-Type: application/sdp\r\n\r\n{SDP}"), |inside, level| {
                format!("Content-Type: multipart/mixed;boundary=b{level}\r\n\r\n--b{level}\r\n{inside}\r\n--b{level}--\r\n")
            })
        };
        let body = |depth: usize| nested(depth).split_once("\r\n\r\n").unwrap().1.to_owned();
        assert_eq!(
            read("multipart/mixed;boundary=b0", &body(DEPTH_MAX)),
            Ok(Some(1))
        );
        assert_eq!(
            read("multipart/mixed;boundary=b0", &body(DEPTH_MAX + 1)),
            Err(NotAcceptable::TooLarge)
        );
    }

    #[test]
    fn keys_in_info() {
        assert_eq!(
            info_key("application/dtmf-relay", b"Signal=5\r\nDuration=160\r\n"),
            Some(Some('5'))
        );
        assert_eq!(
            info_key("application/dtmf-relay", b"signal= 11\nDuration=100"),
            Some(Some('#'))
        );
        assert_eq!(
            info_key("application/dtmf-relay", b"Duration=100"),
            Some(None)
        );
        assert_eq!(info_key("application/dtmf;x=y", b"*\r\n"), Some(Some('*')));
        assert_eq!(info_key("application/dtmf", b"d"), Some(Some('D')));
        assert_eq!(info_key("application/dtmf", b"55"), Some(None));
        assert_eq!(info_key("text/plain", b"5"), None);
    }
}
