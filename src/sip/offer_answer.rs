//! Which sound we exchange: offer and answer (RFC 3264) for one stream with telephone events (RFC 4733).

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
    /// G.722 at 64 kbit/s.
    G722,
    /// Opus.
    #[cfg(feature = "opus")]
    Opus,
}

impl Codec {
    const ALL: &[Codec] = &[
        Self::Pcmu,
        Self::Pcma,
        Self::G722,
        #[cfg(feature = "opus")]
        Self::Opus,
    ];

    /// As `rtpmap` writes it. Opus is named as stereo at 48 kHz whatever it carries (RFC 7587 section 7).
    fn encoding(self) -> &'static str {
        match self {
            Self::Pcmu => "PCMU/8000",
            Self::Pcma => "PCMA/8000",
            Self::G722 => "G722/8000",
            #[cfg(feature = "opus")]
            Self::Opus => "opus/48000/2",
        }
    }

    /// The RTP clock, which telephone events beside the sound share (RFC 4733 section 2.1).
    fn clock_rate(self) -> u32 {
        match self {
            Self::Pcmu | Self::Pcma | Self::G722 => 8_000,
            #[cfg(feature = "opus")]
            Self::Opus => 48_000,
        }
    }

    /// The payload type that we name when we offer.
    fn offered_payload_type(self) -> u8 {
        match self {
            Self::Pcmu => 0,
            Self::Pcma => 8,
            Self::G722 => 9,
            #[cfg(feature = "opus")]
            Self::Opus => 96,
        }
    }

    /// What the far end should know: nothing above the telephone band is heard, so it need not send it.
    fn parameters(self) -> Option<&'static str> {
        match self {
            Self::Pcmu | Self::Pcma | Self::G722 => None,
            #[cfg(feature = "opus")]
            Self::Opus => Some("maxplaybackrate=8000;sprop-maxcapturerate=8000"),
        }
    }

    /// Whether prompts go out as they lie there, without a coder for each call.
    fn is_g711(self) -> bool {
        matches!(self, Self::Pcmu | Self::Pcma)
    }

    /// `PCMU/8000` and `PCMU/8000/1`, in any case.
    fn of_encoding(encoding: &str) -> Option<Self> {
        let plain: String = encoding.split_whitespace().collect();
        let plain = plain.strip_suffix("/1").unwrap_or(&plain);
        let codecs = Self::ALL.iter().copied();
        codecs
            .into_iter()
            .find(|codec| plain.eq_ignore_ascii_case(codec.encoding()))
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
    /// Their clock, in ticks a second: that of the codec, but for peers that know no other than 8,000.
    pub telephone_event_rate: u32,
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
const OFFERED_TELEPHONE_EVENTS: [u8; 4] = [101, 100, 102, 103];
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
    let spoken = || {
        payload_types().filter_map(|payload_type| {
            Some((
                payload_type,
                Codec::of_encoding(medium.encoding(payload_type)?)?,
            ))
        })
    };
    // The peer's order counts, but for what would cost both a coder and give neither a better sound.
    let (payload_type, codec) = spoken()
        .find(|(_, codec)| codec.is_g711())
        .or_else(|| spoken().next())?;
    let telephone_event = |rate: u32| {
        payload_types().find(|payload_type| {
            medium.encoding(*payload_type).is_some_and(|encoding| {
                let (name, found) = encoding.split_once('/').unwrap_or((encoding, ""));
                name.trim().eq_ignore_ascii_case("telephone-event")
                    && found.split('/').next() == Some(rate.to_string().as_str())
            })
        })
    };
    let (telephone_event, telephone_event_rate) = [codec.clock_rate(), 8_000]
        .into_iter()
        .find_map(|rate| Some((Some(telephone_event(rate)?), rate)))
        .unwrap_or((None, codec.clock_rate()));
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
        telephone_event_rate,
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
    let mut codecs: Vec<(Codec, u8)> = Codec::ALL
        .iter()
        .map(|codec| (*codec, codec.offered_payload_type()))
        .collect();
    let mut telephone_events = Vec::new();
    let mut ptime_ms = PTIME_MS;
    if let Some(plan) = agreed {
        codecs.retain(|(codec, payload_type)| {
            *codec != plan.codec
                && *payload_type != plan.payload_type
                && Some(*payload_type) != plan.telephone_event
        });
        codecs.insert(0, (plan.codec, plan.payload_type));
        if let Some(payload_type) = plan.telephone_event {
            telephone_events.push((payload_type, plan.telephone_event_rate));
        }
        ptime_ms = plan.ptime_ms;
    }
    for rate in Codec::ALL.iter().map(|codec| codec.clock_rate()) {
        let is_taken = |payload_type: &u8| {
            codecs.iter().any(|(_, taken)| taken == payload_type)
                || telephone_events
                    .iter()
                    .any(|(taken, _)| taken == payload_type)
        };
        if telephone_events.iter().all(|(_, known)| *known != rate)
            && let Some(payload_type) = OFFERED_TELEPHONE_EVENTS
                .into_iter()
                .find(|payload_type| !is_taken(payload_type))
        {
            telephone_events.push((payload_type, rate));
        }
    }
    let _ = write!(text, "m=audio {} RTP/AVP", local.rtp.port());
    let payload_types = codecs.iter().map(|(_, payload_type)| payload_type);
    for payload_type in payload_types.chain(telephone_events.iter().map(|(event, _)| event)) {
        let _ = write!(text, " {payload_type}");
    }
    text.push_str("\r\n");
    for (codec, payload_type) in codecs {
        mapping(&mut text, codec, payload_type);
    }
    for (payload_type, rate) in telephone_events {
        events(&mut text, payload_type, rate);
    }
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
    text.push_str("\r\n");
    mapping(text, plan.codec, plan.payload_type);
    if let Some(event) = plan.telephone_event {
        events(text, event, plan.telephone_event_rate);
    }
    closing(text, local, plan.ptime_ms, direction);
}

fn mapping(text: &mut String, codec: Codec, payload_type: u8) {
    let _ = write!(text, "a=rtpmap:{payload_type} {}\r\n", codec.encoding());
    if let Some(parameters) = codec.parameters() {
        let _ = write!(text, "a=fmtp:{payload_type} {parameters}\r\n");
    }
}

/// Keys 0 to 9, star, pound and A to D (RFC 4733 section 3.2).
fn events(text: &mut String, payload_type: u8, rate: u32) {
    let _ = write!(
        text,
        "a=rtpmap:{payload_type} telephone-event/{rate}\r\na=fmtp:{payload_type} 0-15\r\n"
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
