//! The SIP of a telephone that only measures: as little as RFC 3261 allows, over UDP.

use std::net::SocketAddrV4;

/// What a telephone dials and does.
#[derive(Clone, Debug, Default)]
pub(super) struct Script {
    /// The number.
    pub(super) called: String,
    /// Who calls.
    pub(super) calling: String,
    /// Whose telephone was not answered.
    pub(super) diverted_from: Option<String>,
    /// Keys, each so many milliseconds after the answer.
    pub(super) keys: Vec<(u64, char)>,
    /// Speaks from here, in milliseconds after the answer; never: sends silence.
    pub(super) speaks_from: Option<u64>,
    /// Hangs up then, in milliseconds after the answer; else when told.
    pub(super) hangs_up_at: Option<u64>,
    /// What it speaks.
    pub(super) codec: Codec,
}

/// What a telephone speaks, and nothing else.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Codec {
    #[default]
    Pcmu,
    G722,
    #[cfg(feature = "opus")]
    Opus,
}

impl Codec {
    pub(super) fn payload_type(self) -> u8 {
        match self {
            Codec::Pcmu => 0,
            Codec::G722 => 9,
            #[cfg(feature = "opus")]
            Codec::Opus => 96,
        }
    }

    fn encoding(self) -> &'static str {
        match self {
            Codec::Pcmu => "PCMU/8000",
            Codec::G722 => "G722/8000",
            #[cfg(feature = "opus")]
            Codec::Opus => "opus/48000/2",
        }
    }
}

/// What identifies one call to both ends.
pub(super) struct Dialog {
    pub(super) number: usize,
    pub(super) run: u32,
    pub(super) to_tag: String,
}

/// Where both ends are.
#[derive(Clone, Copy)]
pub(super) struct Ends {
    pub(super) ours: SocketAddrV4,
    pub(super) server: SocketAddrV4,
    pub(super) media: u16,
}

pub(super) fn invite(script: &Script, dialog: &Dialog, ends: Ends) -> String {
    let (ip, media) = (ends.ours.ip(), ends.media);
    let (payload_type, encoding) = (script.codec.payload_type(), script.codec.encoding());
    let sdp = format!(
        "v=0\r\no=- {0} 1 IN IP4 {ip}\r\ns=-\r\nc=IN IP4 {ip}\r\nt=0 0\r\n\
         m=audio {media} RTP/AVP {payload_type} 101\r\na=rtpmap:{payload_type} {encoding}\r\n\
         a=rtpmap:101 telephone-event/8000\r\na=fmtp:101 0-15\r\na=ptime:20\r\n",
        dialog.number
    );
    let diversion = script
        .diverted_from
        .as_ref()
        .map_or_else(String::new, |from| {
            format!("Diversion: <sip:{from}@{ip}>;reason=no-answer\r\n")
        });
    format!(
        "{}{diversion}Contact: <sip:bench@{}>\r\nContent-Type: application/sdp\r\n\
         Content-Length: {}\r\n\r\n{sdp}",
        head("INVITE", script, dialog, ends),
        ends.ours,
        sdp.len()
    )
}

/// ACK of a 200, or BYE.
pub(super) fn within(method: &str, script: &Script, dialog: &Dialog, ends: Ends) -> String {
    format!(
        "{}Content-Length: 0\r\n\r\n",
        head(method, script, dialog, ends)
    )
}

fn head(method: &str, script: &Script, dialog: &Dialog, ends: Ends) -> String {
    let Dialog {
        number,
        run,
        to_tag,
    } = dialog;
    let Ends { ours, server, .. } = ends;
    let sequence = if method == "BYE" { 2 } else { 1 };
    let tag = if to_tag.is_empty() {
        String::new()
    } else {
        format!(";tag={to_tag}")
    };
    let (called, calling) = (&script.called, &script.calling);
    // The ACK of a refusal belongs to the transaction of its INVITE.
    let branch = if method == "REFUSED" {
        "INVITE"
    } else {
        method
    };
    let method = if method == "REFUSED" { "ACK" } else { method };
    format!(
        "{method} sip:{called}@{server} SIP/2.0\r\n\
         Via: SIP/2.0/UDP {ours};branch=z9hG4bK{branch}{run}x{number}\r\nMax-Forwards: 70\r\n\
         From: <sip:{calling}@{ours}>;tag=f{run}x{number}\r\nTo: <sip:{called}@{server}>{tag}\r\n\
         Call-ID: {run}x{number}\r\nCSeq: {sequence} {method}\r\n"
    )
}

/// The answer to a BYE of the server's.
pub(super) fn ok(request: &str) -> String {
    let kept = request.lines().filter(|line| {
        ["Via:", "From:", "To:", "Call-ID:", "CSeq:"]
            .iter()
            .any(|name| line.starts_with(name))
    });
    let mut answer = "SIP/2.0 200 OK\r\n".to_owned();
    for line in kept {
        answer += line;
        answer += "\r\n";
    }
    answer + "Content-Length: 0\r\n\r\n"
}

/// What a message says to a telephone.
pub(super) struct Heard<'a> {
    /// The status of an answer; none: a request.
    pub(super) status: Option<u16>,
    /// Of the CSeq, or of the request.
    pub(super) method: &'a str,
    /// Which run and which call.
    pub(super) run: u32,
    pub(super) number: usize,
    pub(super) to_tag: &'a str,
    /// The port in its SDP.
    pub(super) media: Option<u16>,
    pub(super) retry_after: bool,
}

pub(super) fn read(message: &str) -> Option<Heard<'_>> {
    let value = |name: &str| {
        let mut lines = message.lines().take_while(|line| !line.is_empty());
        lines
            .find_map(|line| line.strip_prefix(name))
            .map(str::trim)
    };
    let first = message.lines().next()?;
    let status = first
        .strip_prefix("SIP/2.0 ")
        .and_then(|rest| rest.get(..3)?.parse().ok());
    let (run, number) = value("Call-ID:")?.split_once('x')?;
    let (_, method) = value("CSeq:")?.split_once(' ')?;
    let to_tag = value("To:")?.split_once(";tag=").map_or("", |(_, tag)| tag);
    let media = message
        .split_once("m=audio ")
        .and_then(|(_, rest)| rest.split_once(' ')?.0.parse().ok());
    Some(Heard {
        status,
        method,
        run: run.parse().ok()?,
        number: number.parse().ok()?,
        to_tag,
        media,
        retry_after: value("Retry-After:").is_some(),
    })
}
