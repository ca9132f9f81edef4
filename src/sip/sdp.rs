//! Reading session descriptions (RFC 8866) as peers really write them.
//!
//! Own parser: the strict crates refuse what telephones send every day (lines in any order, missing `s=`,
//! bare line feeds, trailing junk), and the lenient ones have no bounds. What we do not understand is
//! skipped; what could cost us is refused ([`SdpFault`]).

use std::net::IpAddr;

/// Media lines of one description (security P3).
const MEDIA_MAX: usize = 64;
/// Attributes of one medium, and of the session (security P3).
const ATTRIBUTES_MAX: usize = 256;
/// Formats of one medium; RTP knows 128 payload types.
const FORMATS_MAX: usize = 128;

/// Why a description was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SdpFault {
    /// No description at all, or one that cannot be told from noise.
    #[error("this is no session description")]
    Malformed,
    /// More media or attributes than anybody needs.
    #[error("the session description is too large")]
    TooLarge,
}

/// One session description.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Description {
    /// The session's `c=` address, for media without their own.
    connection: Option<Connection>,
    direction: Option<Direction>,
    ptime: Option<u32>,
    pub(super) media: Vec<Medium>,
}

/// One `m=` line with what belongs to it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Medium {
    pub(super) kind: String,
    pub(super) port: u16,
    pub(super) protocol: String,
    pub(super) formats: Vec<String>,
    connection: Option<Connection>,
    direction: Option<Direction>,
    ptime: Option<u32>,
    maxptime: Option<u32>,
    rtcp: Option<(u16, Option<IpAddr>)>,
    /// Payload type and `PCMU/8000`.
    maps: Vec<(u8, String)>,
}

/// A `c=` line: an address, or a name that we do not look up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Connection {
    Address(IpAddr),
    Name,
}

/// Who sends, as the peer sees it (RFC 8866 section 6.7).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Direction {
    SendReceive,
    SendOnly,
    ReceiveOnly,
    Inactive,
}

impl Direction {
    fn of_attribute(name: &str) -> Option<Self> {
        match name {
            "sendrecv" => Some(Self::SendReceive),
            "sendonly" => Some(Self::SendOnly),
            "recvonly" => Some(Self::ReceiveOnly),
            "inactive" => Some(Self::Inactive),
            _ => None,
        }
    }
}

/// Reads a description. Bytes that are no UTF-8 are read as replacement characters: they only ever stand in names.
pub(super) fn parse(body: &[u8]) -> Result<Description, SdpFault> {
    let text = String::from_utf8_lossy(body);
    let mut description = Description::default();
    let mut attributes = 0_usize;
    let mut lines = text
        .split(['\r', '\n'])
        .map(str::trim_end)
        .filter(|line| !line.is_empty())
        .peekable();
    if lines
        .peek()
        .is_none_or(|line| !line.trim_start().starts_with("v="))
    {
        return Err(SdpFault::Malformed);
    }
    for line in lines {
        let Some((kind, value)) = line.trim_start().split_once('=') else {
            continue;
        };
        let value = value.trim();
        match kind {
            "c" => {
                let connection = connection(value);
                match description.media.last_mut() {
                    // Several addresses of one medium are layers of a multicast; the first stands for all.
                    Some(medium) => medium.connection = medium.connection.or(connection),
                    None => description.connection = description.connection.or(connection),
                }
            }
            "m" => {
                if description.media.len() == MEDIA_MAX {
                    return Err(SdpFault::TooLarge);
                }
                description.media.push(medium(value)?);
                attributes = 0;
            }
            "a" => {
                attributes += 1;
                if attributes > ATTRIBUTES_MAX {
                    return Err(SdpFault::TooLarge);
                }
                attribute(&mut description, value);
            }
            _ => {}
        }
    }
    Ok(description)
}

fn connection(value: &str) -> Option<Connection> {
    let mut words = value.split_ascii_whitespace();
    let (network, family, address) = (words.next()?, words.next()?, words.next()?);
    if !network.eq_ignore_ascii_case("IN") || !family.to_ascii_uppercase().starts_with("IP") {
        return None;
    }
    // `/ttl` and `/count` belong to multicast (RFC 8866 section 5.7).
    let address = address
        .split('/')
        .next()
        .unwrap_or_default()
        .trim_matches(['[', ']']);
    Some(
        address
            .parse()
            .map_or(Connection::Name, Connection::Address),
    )
}

fn medium(value: &str) -> Result<Medium, SdpFault> {
    // Our answer repeats these words: nothing may stand in them that is none.
    if !value
        .bytes()
        .all(|byte| byte.is_ascii_graphic() || matches!(byte, b' ' | b'\t'))
    {
        return Err(SdpFault::Malformed);
    }
    let mut words = value.split_ascii_whitespace();
    let kind = words.next().ok_or(SdpFault::Malformed)?;
    let port = words.next().ok_or(SdpFault::Malformed)?;
    let protocol = words.next().ok_or(SdpFault::Malformed)?;
    let formats: Vec<String> = words.take(FORMATS_MAX + 1).map(str::to_owned).collect();
    if formats.len() > FORMATS_MAX {
        return Err(SdpFault::TooLarge);
    }
    Ok(Medium {
        kind: kind.to_owned(),
        // A port that is no port cannot be sent to: the medium is as good as refused.
        port: port
            .split('/')
            .next()
            .and_then(|port| port.parse().ok())
            .unwrap_or(0),
        protocol: protocol.to_owned(),
        formats,
        ..Medium::default()
    })
}

fn attribute(description: &mut Description, value: &str) {
    let (name, value) = value
        .split_once(':')
        .map_or((value, ""), |(name, value)| (name.trim(), value.trim()));
    if let Some(direction) = Direction::of_attribute(name) {
        match description.media.last_mut() {
            Some(medium) => medium.direction = Some(direction),
            None => description.direction = Some(direction),
        }
        return;
    }
    if name == "ptime" {
        let ptime = milliseconds(value);
        match description.media.last_mut() {
            Some(medium) => medium.ptime = ptime,
            None => description.ptime = ptime,
        }
        return;
    }
    let Some(medium) = description.media.last_mut() else {
        return;
    };
    match name {
        "maxptime" => medium.maxptime = milliseconds(value),
        "rtcp" => medium.rtcp = rtcp(value),
        "rtpmap" => {
            if let Some((payload_type, encoding)) = value.split_once([' ', '\t'])
                && let Ok(payload_type) = payload_type.parse::<u8>()
                && payload_type < 128
            {
                medium.maps.push((payload_type, encoding.trim().to_owned()));
            }
        }
        _ => {}
    }
}

/// `20`, and `20.0` as some write it; anything else is no time.
fn milliseconds(value: &str) -> Option<u32> {
    value
        .split('.')
        .next()
        .and_then(|whole| whole.trim().parse().ok())
}

/// RFC 3605: `port [IN IP4 address]`.
fn rtcp(value: &str) -> Option<(u16, Option<IpAddr>)> {
    let (port, address) = value
        .split_once(' ')
        .map_or((value, None), |(port, rest)| (port, Some(rest)));
    let port = port.parse().ok().filter(|port| *port != 0)?;
    let address = match address.and_then(connection) {
        Some(Connection::Address(address)) => Some(address),
        _ => None,
    };
    Some((port, address))
}

impl Description {
    pub(super) fn connection_of(&self, medium: &Medium) -> Option<Connection> {
        medium.connection.or(self.connection)
    }

    pub(super) fn direction_of(&self, medium: &Medium) -> Direction {
        medium
            .direction
            .or(self.direction)
            .unwrap_or(Direction::SendReceive)
    }

    pub(super) fn ptime_of(&self, medium: &Medium) -> (Option<u32>, Option<u32>) {
        (medium.ptime.or(self.ptime), medium.maxptime)
    }
}

impl Medium {
    pub(super) fn rtcp(&self) -> Option<(u16, Option<IpAddr>)> {
        self.rtcp
    }

    /// What a payload type of this medium means: its last `rtpmap`, else the static assignment (RFC 3551).
    pub(super) fn encoding(&self, payload_type: u8) -> Option<&str> {
        let mapped = self
            .maps
            .iter()
            .rev()
            .find(|(mapped, _)| *mapped == payload_type);
        mapped
            .map(|(_, encoding)| encoding.as_str())
            .or(match payload_type {
                0 => Some("PCMU/8000"),
                8 => Some("PCMA/8000"),
                9 => Some("G722/8000"),
                _ => None,
            })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_description_as_telephones_write_it() {
        let text = "v=0\no=- 1 1 IN IP4 192.0.2.1\nc=IN IP4 192.0.2.1/127\nt=0 0\na=sendonly\na=ptime:30\n\
                    m=audio 4000/2 RTP/AVP 0 8 101\na=rtpmap:101 telephone-event/8000\na=rtcp:4009 IN IP4 192.0.2.9\n\
                    a=maxptime:60.0\njunk\nm=video 0 RTP/AVP 96\na=inactive\n";
        let description = parse(text.as_bytes()).unwrap();
        let [audio, video] = &description.media[..] else {
            panic!("two media")
        };
        assert_eq!(audio.port, 4000);
        assert_eq!(
            audio.rtcp(),
            Some((4009, Some("192.0.2.9".parse().unwrap())))
        );
        assert_eq!(audio.encoding(101), Some("telephone-event/8000"));
        assert_eq!(audio.encoding(0), Some("PCMU/8000"));
        assert_eq!(description.ptime_of(audio), (Some(30), Some(60)));
        assert_eq!(description.direction_of(audio), Direction::SendOnly);
        assert_eq!(description.direction_of(video), Direction::Inactive);
        assert_eq!(
            description.connection_of(audio),
            Some(Connection::Address("192.0.2.1".parse().unwrap()))
        );
    }

    #[test]
    fn noise_is_refused() {
        assert_eq!(parse(b""), Err(SdpFault::Malformed));
        assert_eq!(parse(b"\r\n\r\n"), Err(SdpFault::Malformed));
        assert_eq!(parse(b"hello"), Err(SdpFault::Malformed));
        assert_eq!(parse(b"v=0\r\nm=audio\r\n"), Err(SdpFault::Malformed));
        assert_eq!(
            parse(b"v=0\r\nm=audio 4000 RTP\0AVP 0\r\n"),
            Err(SdpFault::Malformed)
        );
    }

    #[test]
    fn limits_hold_at_the_limit_and_one_beyond() {
        let media = |count: usize| format!("v=0\r\n{}", "m=audio 4000 RTP/AVP 0\r\n".repeat(count));
        assert_eq!(
            parse(media(MEDIA_MAX).as_bytes()).unwrap().media.len(),
            MEDIA_MAX
        );
        assert_eq!(
            parse(media(MEDIA_MAX + 1).as_bytes()),
            Err(SdpFault::TooLarge)
        );
        let attributes = |count: usize| format!("{}{}", media(1), "a=x\r\n".repeat(count));
        assert!(parse(attributes(ATTRIBUTES_MAX).as_bytes()).is_ok());
        assert_eq!(
            parse(attributes(ATTRIBUTES_MAX + 1).as_bytes()),
            Err(SdpFault::TooLarge)
        );
        let formats =
            |count: usize| format!("v=0\r\nm=audio 4000 RTP/AVP{}\r\n", " 0".repeat(count));
        assert!(parse(formats(FORMATS_MAX).as_bytes()).is_ok());
        assert_eq!(
            parse(formats(FORMATS_MAX + 1).as_bytes()),
            Err(SdpFault::TooLarge)
        );
    }

    #[test]
    fn numbers_out_of_range_never_wrap() {
        let text = "v=0\r\nm=audio 70000 RTP/AVP 0 256\r\na=rtpmap:300 PCMA/8000\r\na=ptime:99999999999\r\n\
                    a=maxptime:-1\r\na=rtcp:0\r\n";
        let description = parse(text.as_bytes()).unwrap();
        let audio = &description.media[0];
        assert_eq!((audio.port, audio.rtcp()), (0, None));
        assert_eq!(description.ptime_of(audio), (None, None));
        assert_eq!(audio.encoding(44), None);
    }
}
