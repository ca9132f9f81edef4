//! Bodies: how many media, attributes and parts they have, and which part is the session description.

use super::GateLimits;
use super::counts::Reason;
use super::scan::{Name, Scan, split_list, starts_with_ignoring_case, trim};
use crate::sip::transport::end_of_head;

/// The only kind of body that a call is made of.
pub(super) const SDP: &[u8] = b"application/sdp";

/// The media type without its parameters.
pub(super) fn media_type(content_type: &[u8]) -> &[u8] {
    trim(
        content_type
            .split(|byte| *byte == b';')
            .next()
            .unwrap_or_default(),
    )
}

pub(super) fn is_multipart(content_type: &[u8]) -> bool {
    starts_with_ignoring_case(media_type(content_type), b"multipart/")
}

/// Counts what is in a body, without recursing deeper than allowed.
pub(super) fn check(content_type: &[u8], body: &[u8], limits: &GateLimits) -> Result<(), Reason> {
    if media_type(content_type).eq_ignore_ascii_case(SDP) {
        return check_sdp(body, limits);
    }
    let mut parts_left = limits.multipart_parts;
    walk(
        content_type,
        body,
        limits,
        0,
        &mut parts_left,
        &mut |kind, part| {
            if media_type(kind).eq_ignore_ascii_case(SDP) {
                check_sdp(part, limits)
            } else {
                Ok(())
            }
        },
    )
}

/// The first session description in a multipart body.
pub(super) fn sdp_within<'a>(
    content_type: &[u8],
    body: &'a [u8],
    limits: &GateLimits,
) -> Option<&'a [u8]> {
    let mut found = None;
    let mut parts_left = limits.multipart_parts;
    walk(
        content_type,
        body,
        limits,
        0,
        &mut parts_left,
        &mut |kind, part| {
            if found.is_none() && media_type(kind).eq_ignore_ascii_case(SDP) {
                found = Some(part);
            }
            Ok(())
        },
    )
    .ok()?;
    found
}

fn check_sdp(sdp: &[u8], limits: &GateLimits) -> Result<(), Reason> {
    let (mut media, mut attributes) = (0, 0);
    for line in sdp.split(|byte| matches!(byte, b'\n' | b'\r')) {
        match line {
            [b'm', b'=', ..] => {
                media += 1;
                attributes = 0;
            }
            [b'a', b'=', ..] => attributes += 1,
            _ => {}
        }
        if media > limits.sdp_media || attributes > limits.sdp_attributes_per_media {
            return Err(Reason::SdpTooLarge);
        }
    }
    Ok(())
}

type OnPart<'a, 'f> = &'f mut dyn FnMut(&[u8], &'a [u8]) -> Result<(), Reason>;

fn walk<'a>(
    content_type: &[u8],
    body: &'a [u8],
    limits: &GateLimits,
    depth: usize,
    parts_left: &mut usize,
    on_part: OnPart<'a, '_>,
) -> Result<(), Reason> {
    if !is_multipart(content_type) {
        return on_part(content_type, body);
    }
    if depth == limits.multipart_nesting {
        return Err(Reason::MultipartTooLarge);
    }
    let Some(boundary) = boundary(content_type) else {
        return Ok(());
    };
    for part in parts(body, boundary) {
        if *parts_left == 0 {
            return Err(Reason::MultipartTooLarge);
        }
        *parts_left -= 1;
        let (kind, content) = open_part(part, limits);
        walk(&kind, content, limits, depth + 1, parts_left, on_part)?;
    }
    Ok(())
}

fn boundary(content_type: &[u8]) -> Option<&[u8]> {
    split_list(content_type, b';')
        .skip(1)
        .find_map(|parameter| {
            let equals = parameter.iter().position(|byte| *byte == b'=')?;
            let value = trim(&parameter[equals + 1..]);
            let value = value
                .strip_prefix(b"\"")
                .and_then(|value| value.strip_suffix(b"\""))
                .unwrap_or(value);
            (trim(&parameter[..equals]).eq_ignore_ascii_case(b"boundary") && !value.is_empty())
                .then_some(value)
        })
}

/// What stands between the boundary lines (RFC 2046 section 5.1.1).
fn parts<'a, 'b>(
    body: &'a [u8],
    boundary: &'b [u8],
) -> impl Iterator<Item = &'a [u8]> + use<'a, 'b> {
    let mut rest = body;
    let mut begun: Option<&'a [u8]> = None;
    let mut ended = false;
    std::iter::from_fn(move || {
        while !ended {
            if rest.is_empty() {
                ended = true;
                // A last part without its closing boundary is still a part.
                return begun.take();
            }
            let line_end = rest
                .iter()
                .position(|byte| *byte == b'\n')
                .map_or(rest.len(), |feed| feed + 1);
            let (line, after) = rest.split_at(line_end);
            let is_boundary = line
                .strip_prefix(b"--")
                .and_then(|line| line.strip_prefix(boundary));
            let before = rest;
            rest = after;
            let Some(tail) = is_boundary else { continue };
            let finished = begun.take().map(|part| {
                let content = &part[..part.len() - before.len()];
                let content = content.strip_suffix(b"\n").unwrap_or(content);
                content.strip_suffix(b"\r").unwrap_or(content)
            });
            if tail.starts_with(b"--") {
                ended = true;
            } else {
                begun = Some(after);
            }
            if finished.is_some() {
                return finished;
            }
        }
        None
    })
}

fn open_part<'a>(part: &'a [u8], limits: &GateLimits) -> (Vec<u8>, &'a [u8]) {
    let plain = || b"text/plain".to_vec();
    if part.starts_with(b"\r\n") || part.starts_with(b"\n") {
        return (
            plain(),
            &part[part
                .iter()
                .position(|byte| *byte == b'\n')
                .map_or(0, |feed| feed + 1)..],
        );
    }
    let Some(head_end) = end_of_head(part) else {
        return (plain(), part);
    };
    let (head, content) = part.split_at(head_end);
    // The scanner wants a start line; a part has none.
    let mut message = b"PART x SIP/2.0\r\n".to_vec();
    message.extend_from_slice(head);
    let kind = Scan::of(&message, limits)
        .first(Name::ContentType)
        .map_or_else(plain, <[u8]>::to_vec);
    (kind, content)
}
