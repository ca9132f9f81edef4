//! Why messages were refused, counted for the metrics and named for the log.

use std::sync::atomic::{AtomicU64, Ordering};

macro_rules! reasons {
    ($($(#[$doc:meta])* $variant:ident => $label:literal,)*) => {
        /// Why a message or a connection went no further than the gate.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum Reason { $($(#[$doc])* $variant,)* }

        impl Reason {
            /// Every reason, in a fixed order.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)*];

            /// The name in metrics and logs.
            #[must_use]
            pub fn label(self) -> &'static str {
                match self { $(Self::$variant => $label,)* }
            }
        }
    };
}

reasons! {
    /// OPTIONS answered: not a refusal, but it ends here.
    Options => "options",
    /// An empty line or a lone CRLF, sent to keep a NAT open.
    KeepAlive => "keep_alive",
    /// The source is no trusted peer.
    Forbidden => "forbidden",
    /// Over the rate of requests or calls, answered with 503.
    RateLimited => "rate_limited",
    /// Over ten times the rate, or an ACK over it: silence.
    Flooded => "flooded",
    /// We are going down; no new calls.
    Draining => "draining",
    /// A datagram or a stream message over the limit.
    MessageTooLarge => "message_too_large",
    /// More header lines than the limit.
    TooManyHeaders => "too_many_headers",
    /// A header line over the limit.
    HeaderLineTooLong => "header_line_too_long",
    /// More Via values than the limit.
    TooManyVias => "too_many_vias",
    /// More media, or more attributes in one, than the limit.
    SdpTooLarge => "sdp_too_large",
    /// More parts, or deeper ones, than the limit.
    MultipartTooLarge => "multipart_too_large",
    /// A header that is missing, doubled, contradictory or unreadable.
    Malformed => "malformed",
    /// Content-Length is no number, doubled, or does not fit the message.
    BadContentLength => "bad_content_length",
    /// Another version of SIP.
    UnsupportedVersion => "unsupported_version",
    /// A method that nobody has defined.
    UnknownMethod => "unknown_method",
    /// A method that we do not serve.
    MethodNotAllowed => "method_not_allowed",
    /// A Request-URI of another scheme.
    UnsupportedScheme => "unsupported_scheme",
    /// An extension is required that we do not have.
    UnsupportedExtension => "unsupported_extension",
    /// A body in a type or an encoding that we do not read.
    UnsupportedMedia => "unsupported_media",
    /// A response that cannot be one to a request of ours.
    BadResponse => "bad_response",
    /// Not SIP at all.
    NotSip => "not_sip",
    /// No Via to answer to.
    NoWayBack => "no_way_back",
    /// An answer would be too long for the request of a stranger.
    Amplification => "amplification",
    /// A connection too many.
    TooManyConnections => "too_many_connections",
    /// A message that took too long to arrive.
    SlowMessage => "slow_message",
    /// A connection on which nothing came for long.
    IdleConnection => "idle_connection",
    /// A peer that does not read what we send.
    SlowReader => "slow_reader",
}

impl Reason {
    pub(super) const COUNT: usize = Self::ALL.len();

    /// Whether a line in the log is of use to anybody.
    pub(super) fn is_worth_a_line(self) -> bool {
        !matches!(self, Self::Options | Self::KeepAlive | Self::IdleConnection)
    }
}

/// The counters of a gate, as they stood at one moment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GateCounts {
    /// Messages let through to the stack.
    pub passed: u64,
    /// How often each reason held.
    pub refused: Vec<(Reason, u64)>,
}

impl GateCounts {
    /// How often this reason held.
    #[must_use]
    pub fn of(&self, reason: Reason) -> u64 {
        self.refused
            .iter()
            .find(|(each, _)| *each == reason)
            .map_or(0, |(_, count)| *count)
    }
}

#[derive(Debug)]
pub(super) struct Counters {
    passed: AtomicU64,
    refused: [AtomicU64; Reason::COUNT],
}

impl Default for Counters {
    fn default() -> Self {
        Self {
            passed: AtomicU64::new(0),
            refused: std::array::from_fn(|_| AtomicU64::new(0)),
        }
    }
}

impl Counters {
    pub(super) fn pass(&self) {
        self.passed.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn refuse(&self, reason: Reason) {
        self.refused[reason as usize].fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn snapshot(&self) -> GateCounts {
        GateCounts {
            passed: self.passed.load(Ordering::Relaxed),
            refused: Reason::ALL
                .iter()
                .map(|reason| {
                    (
                        *reason,
                        self.refused[*reason as usize].load(Ordering::Relaxed),
                    )
                })
                .collect(),
        }
    }
}
