//! Which sound we exchange: offer and answer (RFC 3264) for one G.711 stream with telephone events (RFC 4733).

use std::fmt::Write as _;
use std::net::{IpAddr, SocketAddr};

use super::sdp::{Connection, Description, Direction, Medium, SdpFault};

/// How sound is written in RTP.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Codec {
    /// G.711 µ-law.
    Pcmu,
    /// G.711 A-law.
    Pcma,
}

impl Codec {
    fn name(self) -> &'static str {
        match self {
            Self::Pcmu => "PCMU",
            Self::Pcma => "PCMA",
        }
    }

    /// `PCMU/8000` and `PCMU/8000/1`, in any case.
    fn of_encoding(encoding: &str) -> Option<Self> {
        let mut parts = encoding.split('/');
        let (name, rate, channels) = (
            parts.next()?.trim(),
            parts.next()?.trim(),
            parts.next().unwrap_or("1").trim(),
        );
        if rate != "8000" || channels != "1" {
            return None;
        }
        [Self::Pcmu, Self::Pcma]
            .into_iter()
            .find(|codec| name.eq_ignore_ascii_case(codec.name()))
    }
}

/// What both sides agreed to: where to send what, and what may come.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MediaPlan {
    /// Where the peer takes RTP.
    pub remote: SocketAddr,
    /// Where the peer takes RTCP.
    pub remote_rtcp: SocketAddr,
    /// How sound is written, in both directions.
    pub codec: Codec,
    /// Its payload type, in both directions.
    pub payload_type: u8,
    /// The payload type of telephone events, where the peer knows them.
    pub telephone_event: Option<u8>,
    /// How much sound the peer wants in a packet, 10 to 60.
    pub ptime_ms: u8,
    /// Whether the peer wants our sound now: not while it holds the call.
    pub send: bool,
    /// Whether the peer sends sound.
    pub receive: bool,
}

/// Why an offer or an answer cannot be taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotAcceptable {
    /// The body is no session description.
    #[error("the session description cannot be read")]
    Malformed,
    /// It exceeds our limits.
    #[error("the session description is too large")]
    TooLarge,
    /// The body is of a type that we do not read.
    #[error("the body is of a type that is not supported")]
    UnsupportedType,
    /// No audio that we speak, or no address that we can send to.
    #[error("nothing in the offer fits")]
    NothingFits,
}

impl NotAcceptable {
    /// The status that tells the peer.
    #[must_use]
    pub fn status(self) -> u16 {
        match self {
            Self::Malformed => 400,
            Self::TooLarge => 413,
            Self::UnsupportedType => 415,
            Self::NothingFits => 488,
        }
    }
}

impl From<SdpFault> for NotAcceptable {
    fn from(fault: SdpFault) -> Self {
        match fault {
            SdpFault::Malformed => Self::Malformed,
            SdpFault::TooLarge => Self::TooLarge,
        }
    }
}

/// What we would answer to a body with an offer, were our sound at `rtp`; for tests and tools.
///
/// # Errors
/// The offer is none, or nothing in it fits.
pub fn answer_to_offer(
    content_type: Option<&str>,
    body: &[u8],
    rtp: SocketAddr,
) -> Result<(MediaPlan, String), NotAcceptable> {
    let headers = super::body::BodyHeaders {
        content_type,
        ..Default::default()
    };
    let description = super::body::description(headers, body)?.ok_or(NotAcceptable::NothingFits)?;
    let (at, plan) = choose(&description)?;
    let local = LocalMedia {
        rtp,
        rtcp_port: rtp.port().wrapping_add(1),
        session_id: 1,
    };
    let text = answer(&description, Some((at, &plan)), local, 1);
    Ok((plan, text))
}

/// Our end of the stream as the peer must address it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct LocalMedia {
    pub(super) rtp: SocketAddr,
    pub(super) rtcp_port: u16,
    /// Session id of our `o=` line; the same for all descriptions of a call.
    pub(super) session_id: u64,
}

/// Payload types that we name when we offer.
const OFFERED_TELEPHONE_EVENT: u8 = 101;
const PTIME_MS: u8 = 20;

/// The stream that we take of a description from the peer, and at which `m=` line it stands.
pub(super) fn choose(description: &Description) -> Result<(usize, MediaPlan), NotAcceptable> {
    description
        .media
        .iter()
        .enumerate()
        .find_map(|(index, medium)| plan(description, medium).map(|plan| (index, plan)))
        .ok_or(NotAcceptable::NothingFits)
}

/// Whether a later offer only takes its audio away (RFC 3264 section 8.2): allowed, and no reason to hang up.
pub(super) fn removes_audio(description: &Description) -> bool {
    description.media.iter().any(is_audio)
        && description
            .media
            .iter()
            .filter(|medium| is_audio(medium))
            .all(|m| m.port == 0)
}

fn is_audio(medium: &Medium) -> bool {
    medium.kind.eq_ignore_ascii_case("audio")
}

fn plan(description: &Description, medium: &Medium) -> Option<MediaPlan> {
    // AVPF only adds feedback that nobody is obliged to send; encrypted profiles come later.
    let protocol = &medium.protocol;
    if !is_audio(medium)
        || medium.port == 0
        || !(protocol.eq_ignore_ascii_case("RTP/AVP") || protocol.eq_ignore_ascii_case("RTP/AVPF"))
    {
        return None;
    }
    let Connection::Address(address) = description.connection_of(medium)? else {
        return None;
    };
    if address.is_multicast() || address == IpAddr::from([255, 255, 255, 255]) {
        return None;
    }
    let payload_types = || {
        medium
            .formats
            .iter()
            .filter_map(|format| format.parse::<u8>().ok())
            .filter(|format| *format < 128)
    };
    let (payload_type, codec) = payload_types().find_map(|payload_type| {
        Some((
            payload_type,
            Codec::of_encoding(medium.encoding(payload_type)?)?,
        ))
    })?;
    let telephone_event = payload_types().find(|payload_type| {
        medium.encoding(*payload_type).is_some_and(|encoding| {
            let (name, rate) = encoding.split_once('/').unwrap_or((encoding, ""));
            name.trim().eq_ignore_ascii_case("telephone-event")
                && rate.split('/').next() == Some("8000")
        })
    });
    let remote = SocketAddr::new(address, medium.port);
    let remote_rtcp = match medium.rtcp() {
        Some((port, other)) => SocketAddr::new(other.unwrap_or(address), port),
        None => SocketAddr::new(address, medium.port.checked_add(1).unwrap_or(medium.port)),
    };
    let direction = description.direction_of(medium);
    // The way to hold a call before RFC 3264 (section 8.4): an address that nobody can send to.
    let held = address.is_unspecified();
    let (ptime, maxptime) = description.ptime_of(medium);
    Some(MediaPlan {
        remote,
        remote_rtcp,
        codec,
        payload_type,
        telephone_event,
        ptime_ms: ptime_ms(ptime, maxptime),
        send: !held && matches!(direction, Direction::SendReceive | Direction::ReceiveOnly),
        receive: matches!(direction, Direction::SendReceive | Direction::SendOnly),
    })
}

/// What the peer asked for where we can, 20 ms otherwise (security P4).
fn ptime_ms(ptime: Option<u32>, maxptime: Option<u32>) -> u8 {
    let in_range = |value: u32| {
        u8::try_from(value)
            .ok()
            .filter(|value| (10..=60).contains(value))
    };
    let wanted = ptime.and_then(in_range).unwrap_or(PTIME_MS);
    maxptime
        .and_then(in_range)
        .map_or(wanted, |longest| wanted.min(longest))
}

/// Our answer to an offer: the chosen stream, every other one refused in its place (RFC 3264 section 6).
pub(super) fn answer(
    offer: &Description,
    chosen: Option<(usize, &MediaPlan)>,
    local: LocalMedia,
    version: u64,
) -> String {
    let mut text = opening(local, version);
    for (index, medium) in offer.media.iter().enumerate() {
        match chosen {
            Some((chosen, plan)) if chosen == index => {
                let direction = offer.direction_of(medium);
                stream(
                    &mut text,
                    &medium.protocol,
                    plan,
                    local,
                    mirrored(direction),
                );
            }
            _ => {
                let format = medium.formats.first().map_or("0", String::as_str);
                let _ = write!(text, "m={} 0 {} {format}\r\n", medium.kind, medium.protocol);
            }
        }
    }
    text
}

fn mirrored(direction: Direction) -> Direction {
    match direction {
        Direction::SendOnly => Direction::ReceiveOnly,
        Direction::ReceiveOnly => Direction::SendOnly,
        other => other,
    }
}

/// What we propose where the peer left it to us, or again in the middle of a call: what is agreed comes first.
pub(super) fn offer(agreed: Option<&MediaPlan>, local: LocalMedia, version: u64) -> String {
    let mut text = opening(local, version);
    let mut codecs = vec![(Codec::Pcmu, 0), (Codec::Pcma, 8)];
    let mut telephone_event = OFFERED_TELEPHONE_EVENT;
    let mut ptime_ms = PTIME_MS;
    if let Some(plan) = agreed {
        codecs.retain(|(codec, payload_type)| {
            *codec != plan.codec && *payload_type != plan.payload_type
        });
        codecs.insert(0, (plan.codec, plan.payload_type));
        telephone_event = plan.telephone_event.unwrap_or(telephone_event);
        if codecs
            .iter()
            .any(|(_, payload_type)| *payload_type == telephone_event)
        {
            telephone_event = OFFERED_TELEPHONE_EVENT - 1;
        }
        ptime_ms = plan.ptime_ms;
    }
    let _ = write!(text, "m=audio {} RTP/AVP", local.rtp.port());
    for (_, payload_type) in &codecs {
        let _ = write!(text, " {payload_type}");
    }
    let _ = write!(text, " {telephone_event}\r\n");
    for (codec, payload_type) in &codecs {
        let _ = write!(text, "a=rtpmap:{payload_type} {}/8000\r\n", codec.name());
    }
    events(&mut text, telephone_event);
    closing(&mut text, local, ptime_ms, Direction::SendReceive);
    text
}

fn opening(local: LocalMedia, version: u64) -> String {
    let address = local.rtp.ip();
    let family = if address.is_ipv6() { "IP6" } else { "IP4" };
    format!(
        "v=0\r\no=- {} {version} IN {family} {address}\r\ns=-\r\nc=IN {family} {address}\r\nt=0 0\r\n",
        local.session_id
    )
}

fn stream(
    text: &mut String,
    protocol: &str,
    plan: &MediaPlan,
    local: LocalMedia,
    direction: Direction,
) {
    let _ = write!(
        text,
        "m=audio {} {protocol} {}",
        local.rtp.port(),
        plan.payload_type
    );
    if let Some(event) = plan.telephone_event {
        let _ = write!(text, " {event}");
    }
    let _ = write!(
        text,
        "\r\na=rtpmap:{} {}/8000\r\n",
        plan.payload_type,
        plan.codec.name()
    );
    if let Some(event) = plan.telephone_event {
        events(text, event);
    }
    closing(text, local, plan.ptime_ms, direction);
}

/// Keys 0 to 9, star, pound and A to D (RFC 4733 section 3.2).
fn events(text: &mut String, payload_type: u8) {
    let _ = write!(
        text,
        "a=rtpmap:{payload_type} telephone-event/8000\r\na=fmtp:{payload_type} 0-15\r\n"
    );
}

fn closing(text: &mut String, local: LocalMedia, ptime_ms: u8, direction: Direction) {
    let _ = write!(text, "a=ptime:{ptime_ms}\r\n");
    if local.rtcp_port != local.rtp.port().wrapping_add(1) {
        let _ = write!(text, "a=rtcp:{}\r\n", local.rtcp_port);
    }
    text.push_str(match direction {
        Direction::SendReceive => "a=sendrecv\r\n",
        Direction::SendOnly => "a=sendonly\r\n",
        Direction::ReceiveOnly => "a=recvonly\r\n",
        Direction::Inactive => "a=inactive\r\n",
    });
}

#[cfg(test)]
mod tests;
