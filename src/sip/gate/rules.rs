//! The rules a message must obey, each with the answer that its breach earns.

use rsipstack::sip::{HeadersExt, SipMessage};
use rsipstack::transaction::key::{TransactionKey, TransactionRole};

use super::address::{MAGIC_COOKIE, NameAddress, Via, has_sound_host, scheme};
use super::answer::{ALLOW, SUPPORTED};
use super::body;
use super::counts::Reason;
use super::scan::{Name, Scan, ScanFault, StartLine, is_blank, number, split_list, trim};
use super::{GateLimits, Refusal};
use crate::sip::transport::Transport;

/// RFC 3261 section 8.1.1.5.
const SEQUENCE_BEYOND: u64 = 1 << 31;

const SERVED: &[&[u8]] = &[
    b"INVITE", b"ACK", b"CANCEL", b"BYE", b"OPTIONS", b"INFO", b"UPDATE", b"PRACK",
];
/// Not served, but at home in dialogs.
const OF_DIALOGS: &[&[u8]] = &[b"SUBSCRIBE", b"NOTIFY", b"MESSAGE", b"REFER"];
const KNOWN: &[&[u8]] = &[
    b"REGISTER",
    b"SUBSCRIBE",
    b"NOTIFY",
    b"MESSAGE",
    b"REFER",
    b"PUBLISH",
];

/// The body that goes on.
pub(super) struct Body<'a> {
    pub(super) bytes: &'a [u8],
    pub(super) is_extracted_sdp: bool,
    pub(super) is_dropped: bool,
}

/// Checks a request from the outside in, and finds its body.
pub(super) fn check_request<'a>(
    scan: &'a Scan<'a>,
    via: &Via<'_>,
    via_is_sound: bool,
    transport: Transport,
    limits: &GateLimits,
) -> Result<Body<'a>, Refusal> {
    let StartLine::Request {
        method,
        uri,
        version,
    } = &scan.start
    else {
        return Err(Refusal::malformed("Bad Request"));
    };
    check_head(scan, limits)?;
    check_version(version)?;
    check_identity(scan, method)?;
    if !via_is_sound || via.branch().is_some_and(|branch| !is_sound_branch(branch)) {
        return Err(Refusal::malformed("Malformed Via"));
    }
    let content = content(scan, transport)?;
    check_counts(scan, content, limits)?;
    check_method(method, has_to_tag(scan))?;
    check_request_uri(uri)?;
    check_contacts(scan)?;
    check_extensions(scan, method)?;
    check_content(scan, method, content, limits)
}

/// Checks a response; the error is the reason to drop it.
pub(super) fn check_response<'a>(
    scan: &'a Scan<'a>,
    transport: Transport,
    limits: &GateLimits,
) -> Result<&'a [u8], Reason> {
    check_head(scan, limits).map_err(|refusal| refusal.reason)?;
    // We answer for nobody else: what reaches us with two Via values was never meant for us (RFC 3261 section 8.1.3.3).
    let mut vias = scan.all(Name::Via).flat_map(|line| split_list(line, b','));
    let (Some(via), None) = (vias.next(), vias.next()) else {
        return Err(Reason::BadResponse);
    };
    if !matches!(Via::read(via), Some((_, true))) {
        return Err(Reason::BadResponse);
    }
    let sequence = scan
        .first(Name::CSeq)
        .and_then(read_sequence)
        .map(|(_, method)| method);
    let Some(method) = sequence else {
        return Err(Reason::BadResponse);
    };
    check_identity(scan, method).map_err(|_| Reason::BadResponse)?;
    let content = content(scan, transport).map_err(|refusal| refusal.reason)?;
    check_counts(scan, content, limits).map_err(|refusal| refusal.reason)?;
    Ok(content)
}

/// Whether the stack can make anything of it: what it cannot read, it drops without a word. It costs as much as the
/// stack's own reading, and is only for what can be answered.
pub(super) fn stack_reads(message: &[u8]) -> bool {
    match SipMessage::try_from(message) {
        Ok(SipMessage::Request(request)) => {
            TransactionKey::from_request(&request, TransactionRole::Server).is_ok()
                && request.to_header().and_then(|to| to.tag()).is_ok()
                && request.typed_contact_headers().is_ok()
        }
        Ok(SipMessage::Response(response)) => {
            TransactionKey::from_response(&response, TransactionRole::Client).is_ok()
        }
        Err(_) => false,
    }
}

pub(super) fn has_to_tag(scan: &Scan<'_>) -> bool {
    scan.first(Name::To)
        .and_then(NameAddress::read)
        .is_some_and(|to| to.tag().is_some())
}

/// Whether the sender is older than RFC 3261, whose branches all begin alike.
pub(super) fn is_of_rfc2543(scan: &Scan<'_>) -> bool {
    let via = scan.first(Name::Via).and_then(Via::read);
    via.is_some_and(|(via, _)| {
        via.branch()
            .is_none_or(|branch| !branch.starts_with(MAGIC_COOKIE))
    })
}

/// A branch is a token; more than that is in use, but nothing that could end the parameter.
fn is_sound_branch(branch: &[u8]) -> bool {
    !branch.is_empty()
        && branch
            .iter()
            .all(|byte| byte.is_ascii_graphic() && !b"\";,<>\\".contains(byte))
}

fn check_head(scan: &Scan<'_>, limits: &GateLimits) -> Result<(), Refusal> {
    match scan.fault {
        Some(ScanFault::TooManyHeaders) => {
            return Err(Refusal::new(
                Reason::TooManyHeaders,
                400,
                "Too Many Headers",
            ));
        }
        Some(ScanFault::HeaderLineTooLong) => {
            return Err(Refusal::new(
                Reason::HeaderLineTooLong,
                400,
                "Header Line Too Long",
            ));
        }
        Some(ScanFault::MalformedHeader) => {
            return Err(Refusal::malformed("Malformed Header Line"));
        }
        None => {}
    }
    let vias: usize = scan
        .all(Name::Via)
        .map(|line| split_list(line, b',').count())
        .sum();
    if vias > limits.vias {
        return Err(Refusal::new(
            Reason::TooManyVias,
            400,
            "Too Many Via Values",
        ));
    }
    Ok(())
}

fn check_version(version: &[u8]) -> Result<(), Refusal> {
    if version.eq_ignore_ascii_case(b"SIP/2.0") {
        return Ok(());
    }
    let numbers = version.get(4..).unwrap_or_default();
    let mut parts = numbers.split(|byte| *byte == b'.');
    let is_version =
        parts.clone().count() == 2 && parts.all(|part| number(part, u64::MAX).is_some());
    if is_version {
        Err(Refusal::new(
            Reason::UnsupportedVersion,
            505,
            "Version Not Supported",
        ))
    } else {
        Err(Refusal::malformed("Malformed Start Line"))
    }
}

/// The headers that every message has exactly once (RFC 3261 section 8.1.1).
fn check_identity(scan: &Scan<'_>, method: &[u8]) -> Result<(), Refusal> {
    for (name, missing, doubled) in [
        (Name::From, "Missing From", "More Than One From"),
        (Name::To, "Missing To", "More Than One To"),
        (Name::CallId, "Missing Call-ID", "More Than One Call-ID"),
        (Name::CSeq, "Missing CSeq", "More Than One CSeq"),
    ] {
        match scan.count(name) {
            0 => return Err(Refusal::malformed(missing)),
            1 => {}
            _ => return Err(Refusal::malformed(doubled)),
        }
    }
    if scan.count(Name::MaxForwards) > 1 || scan.count(Name::ContentType) > 1 {
        return Err(Refusal::malformed("Doubled Header"));
    }
    if scan
        .first(Name::MaxForwards)
        .is_some_and(|hops| number(hops, 255).is_none())
    {
        return Err(Refusal::malformed("Malformed Max-Forwards"));
    }
    for (name, phrase) in [(Name::From, "Malformed From"), (Name::To, "Malformed To")] {
        let address = scan.first(name).and_then(NameAddress::read);
        if !address.is_some_and(|address| address.has_sound_tag()) {
            return Err(Refusal::malformed(phrase));
        }
    }
    if scan
        .first(Name::CallId)
        .is_none_or(|id| id.is_empty() || id.iter().any(|byte| is_blank(*byte)))
    {
        return Err(Refusal::malformed("Malformed Call-ID"));
    }
    match scan.first(Name::CSeq).and_then(read_sequence) {
        Some((sequence, _)) if sequence >= SEQUENCE_BEYOND => {
            Err(Refusal::malformed("CSeq Out Of Range"))
        }
        Some((_, named)) if named == method => Ok(()),
        Some(_) => Err(Refusal::malformed("CSeq Names Another Method")),
        None => Err(Refusal::malformed("Malformed CSeq")),
    }
}

fn read_sequence(value: &[u8]) -> Option<(u64, &[u8])> {
    let gap = value.iter().position(|byte| is_blank(*byte))?;
    let method = trim(&value[gap..]);
    (!method.is_empty() && !method.iter().any(|byte| is_blank(*byte)))
        .then_some((number(&value[..gap], u64::from(u32::MAX))?, method))
}

/// The body, by Content-Length or by the end of the datagram (RFC 3261 section 18.3).
fn content<'a>(scan: &'a Scan<'a>, transport: Transport) -> Result<&'a [u8], Refusal> {
    let refused = |phrase| Err(Refusal::new(Reason::BadContentLength, 400, phrase));
    if !scan.head_ends && transport.is_stream() {
        return Err(Refusal::new(
            Reason::MessageTooLarge,
            513,
            "Message Too Large",
        ));
    }
    let mut lengths = scan.all(Name::ContentLength);
    let Some(length) = lengths.next() else {
        if transport.is_stream() && !is_of_rfc2543(scan) {
            return refused("Missing Content-Length");
        }
        return Ok(scan.body);
    };
    if lengths.next().is_some() {
        return refused("More Than One Content-Length");
    }
    match number(trim(length), u64::from(u32::MAX)).map(usize::try_from) {
        Some(Ok(length)) if length <= scan.body.len() => Ok(&scan.body[..length]),
        Some(_) if transport.is_stream() => Err(Refusal::new(
            Reason::MessageTooLarge,
            513,
            "Message Too Large",
        )),
        Some(_) => refused("Content-Length Beyond The Datagram"),
        None => refused("Malformed Content-Length"),
    }
}

fn check_counts(scan: &Scan<'_>, content: &[u8], limits: &GateLimits) -> Result<(), Refusal> {
    let Some(content_type) = scan.first(Name::ContentType) else {
        return Ok(());
    };
    body::check(content_type, content, limits)
        .map_err(|reason| Refusal::new(reason, 413, "Request Entity Too Large"))
}

/// A method that we do not serve is refused here, unless it may belong to a call: whether there is one decides between
/// 405 and 481 (RFC 3261 section 12.2.2), and only what is behind the gate knows.
fn check_method(method: &[u8], is_in_dialog: bool) -> Result<(), Refusal> {
    if SERVED.contains(&method) || is_in_dialog && OF_DIALOGS.contains(&method) {
        Ok(())
    } else if KNOWN.contains(&method) {
        Err(Refusal::new(Reason::MethodNotAllowed, 405, "Method Not Allowed").with("Allow", ALLOW))
    } else {
        Err(Refusal::new(Reason::UnknownMethod, 501, "Not Implemented").with("Allow", ALLOW))
    }
}

fn check_request_uri(uri: &[u8]) -> Result<(), Refusal> {
    let uri = uri
        .strip_prefix(b"<")
        .and_then(|uri| uri.strip_suffix(b">"))
        .unwrap_or(uri);
    if uri.is_empty()
        || uri
            .iter()
            .any(|byte| is_blank(*byte) || byte.is_ascii_control())
    {
        return Err(Refusal::malformed("Malformed Request-URI"));
    }
    let Some(scheme) = scheme(uri) else {
        return Err(Refusal::malformed("Malformed Request-URI"));
    };
    if scheme.eq_ignore_ascii_case(b"tel") {
        return Ok(());
    }
    if !scheme.eq_ignore_ascii_case(b"sip") && !scheme.eq_ignore_ascii_case(b"sips") {
        return Err(Refusal::new(
            Reason::UnsupportedScheme,
            416,
            "Unsupported URI Scheme",
        ));
    }
    let after_user = uri
        .iter()
        .rposition(|byte| *byte == b'@')
        .map_or(uri, |at| &uri[at..]);
    if after_user.contains(&b'?') {
        return Err(Refusal::malformed("Headers In Request-URI"));
    }
    if has_sound_host(uri) {
        Ok(())
    } else {
        Err(Refusal::malformed("Malformed Request-URI"))
    }
}

fn check_contacts(scan: &Scan<'_>) -> Result<(), Refusal> {
    let sound = scan
        .all(Name::Contact)
        .flat_map(|line| split_list(line, b','))
        .all(|contact| contact == b"*" || NameAddress::read(contact).is_some());
    if sound {
        Ok(())
    } else {
        Err(Refusal::malformed("Malformed Contact"))
    }
}

/// Extensions that we must have and do not (RFC 3261 section 8.2.2.3). ACK and CANCEL cannot be refused so.
fn check_extensions(scan: &Scan<'_>, method: &[u8]) -> Result<(), Refusal> {
    if matches!(method, b"ACK" | b"CANCEL") {
        return Ok(());
    }
    let unsupported: Vec<String> = [Name::Require, Name::ProxyRequire]
        .into_iter()
        .flat_map(|name| scan.all(name))
        .flat_map(|line| split_list(line, b','))
        .filter(|option| {
            !option.is_empty()
                && !SUPPORTED
                    .iter()
                    .any(|ours| option.eq_ignore_ascii_case(ours.as_bytes()))
        })
        .map(|option| String::from_utf8_lossy(option).into_owned())
        .collect();
    if unsupported.is_empty() {
        return Ok(());
    }
    Err(
        Refusal::new(Reason::UnsupportedExtension, 420, "Bad Extension")
            .with("Unsupported", &unsupported.join(", ")),
    )
}

/// Whether we can read the body (RFC 3261 section 8.2.3), and which part of it is meant for us.
fn check_content<'a>(
    scan: &'a Scan<'a>,
    method: &[u8],
    content: &'a [u8],
    limits: &GateLimits,
) -> Result<Body<'a>, Refusal> {
    let whole = Body {
        bytes: content,
        is_extracted_sdp: false,
        is_dropped: false,
    };
    if content.is_empty() || !matches!(method, b"INVITE" | b"UPDATE" | b"PRACK") {
        return Ok(whole);
    }
    let encoded = scan
        .all(Name::ContentEncoding)
        .any(|coding| !coding.eq_ignore_ascii_case(b"identity"));
    if encoded {
        let refusal = Refusal::new(Reason::UnsupportedMedia, 415, "Unsupported Media Type");
        return Err(refusal.with("Accept-Encoding", "identity"));
    }
    let Some(content_type) = scan.first(Name::ContentType) else {
        return Err(Refusal::malformed("Missing Content-Type"));
    };
    if body::media_type(content_type).eq_ignore_ascii_case(body::SDP) {
        return Ok(whole);
    }
    if body::is_multipart(content_type)
        && let Some(sdp) = body::sdp_within(content_type, content, limits)
    {
        return Ok(Body {
            bytes: sdp,
            is_extracted_sdp: true,
            is_dropped: false,
        });
    }
    let is_optional = scan
        .first(Name::ContentDisposition)
        .is_some_and(|disposition| {
            split_list(disposition, b';')
                .any(|part| part.eq_ignore_ascii_case(b"handling=optional"))
        });
    if is_optional {
        return Ok(Body {
            bytes: &content[..0],
            is_extracted_sdp: false,
            is_dropped: true,
        });
    }
    let refusal = Refusal::new(Reason::UnsupportedMedia, 415, "Unsupported Media Type");
    Err(refusal.with("Accept", "application/sdp"))
}
