//! The gate: judges every message before the SIP stack sees it.
//!
//! Who may send, how much and how large is decided here, and so is every answer that the stack would owe silently:
//! unknown methods and versions, missing and contradictory headers, required extensions that we do not have. What
//! passes is written anew, so that the stack reads what was meant. The gate is pure: bytes in, a verdict out, the time
//! an argument.
//!
//! Where a message of RFC 4475 may be repaired, this is what we chose:
//!
//! | message | flaw | choice |
//! |---|---|---|
//! | badaspec | white space inside `<>` | accepted without it |
//! | baddate | a Date in a zone other than GMT | accepted; nobody here reads Date |
//! | baddn | a display name that needs quotes | accepted; what stands before `<` is the name |
//! | escruri | headers in the Request-URI | 400: they would act in the name of somebody else |
//! | ltgtruri | Request-URI in `<>` | accepted without them |
//! | lwsruri | white space inside the Request-URI | 400: where it ends is a guess |
//! | lwsstart | more than one space in the start line | accepted as one |
//! | quotbal | a quote that never ends | 400: where the address begins is a guess |
//! | regbadct | headers in a Contact without `<>` | 405, as every REGISTER |
//! | trws | white space after the version | accepted without it |

mod address;
mod answer;
mod body;
mod counts;
mod rates;
mod rewrite;
mod rules;
mod scan;
#[cfg(test)]
mod tests;

use std::hash::RandomState;
use std::net::{IpAddr, SocketAddr};
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use address::Via;
use answer::Status;
use rates::{Asks, Rate, Ruling, Sources};
use scan::{Name, Scan, StartLine, number, trim};

use super::transport::Transport;

pub use counts::{GateCounts, Reason};
pub(super) use rewrite::restore_outgoing;

/// A SIP neighbour that may place calls: a PBX, a gateway, a phone of the house.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Peer {
    /// Its name in the organisation.
    pub name: String,
    /// Requests a second; twice that may come at once.
    pub requests_per_second: u32,
    /// New calls a second; twice that may come at once.
    pub calls_per_second: u32,
    /// Answers go to where a request came from, whatever its Via says.
    pub behind_nat: bool,
}

/// Who is trusted, asked for every message: the answer may change while we run.
pub trait Peers: Send + Sync {
    /// The peer that sends from this address, or nobody.
    fn peer(&self, source: IpAddr) -> Option<Peer>;
}

/// What a message may cost before anything is done for it (security P3, S5).
#[derive(Clone, Debug)]
pub struct GateLimits {
    /// A datagram.
    pub datagram_bytes: usize,
    /// A message on a stream.
    pub stream_message_bytes: usize,
    /// Header lines.
    pub headers: usize,
    /// One header line, continuations included.
    pub header_line_bytes: usize,
    /// Via values.
    pub vias: usize,
    /// Media of a session description.
    pub sdp_media: usize,
    /// Attributes of one medium, or of the session.
    pub sdp_attributes_per_media: usize,
    /// Parts of a multipart body, at all depths together.
    pub multipart_parts: usize,
    /// Multipart bodies inside one another.
    pub multipart_nesting: usize,
    /// Requests a second from a source that no peer setting covers; twice that may come at once.
    pub requests_per_second: u32,
    /// New calls a second from such a source.
    pub calls_per_second: u32,
    /// Sources whose rates are remembered.
    pub sources: usize,
}

impl Default for GateLimits {
    fn default() -> Self {
        Self {
            datagram_bytes: 8_000,
            stream_message_bytes: 64_000,
            headers: 256,
            header_line_bytes: 8_192,
            vias: 64,
            sdp_media: 64,
            sdp_attributes_per_media: 256,
            multipart_parts: 32,
            multipart_nesting: 8,
            requests_per_second: 50,
            calls_per_second: 10,
            sources: 16_384,
        }
    }
}

/// What is to be done with a message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Give this to the stack.
    Pass {
        /// The message as the stack reads it.
        message: Vec<u8>,
        /// Where answers go over UDP; on a stream, back over it.
        respond_to: SocketAddr,
    },
    /// Send this back; the stack is not to know.
    Answer {
        /// A response.
        response: Vec<u8>,
        /// Where it goes over UDP.
        respond_to: SocketAddr,
        /// Why.
        reason: Reason,
        /// Whether a stream must end after it.
        close: bool,
    },
    /// Nothing.
    Drop {
        /// Why.
        reason: Reason,
        /// Whether a stream must end.
        close: bool,
    },
}

/// Judges messages. One for all listeners, so that rates and counts are of the whole.
pub struct Gate {
    peers: Arc<dyn Peers>,
    limits: GateLimits,
    sources: Mutex<Sources>,
    counters: counts::Counters,
    /// Makes To tags that nobody can foresee.
    secret: RandomState,
    draining: AtomicBool,
    retry_after_seconds: AtomicU32,
}

/// The stack reads no longer datagrams.
const STACK_DATAGRAM_BYTES: usize = 8_192;
/// After a refusal for rate, when to come again.
const RATE_RETRY_AFTER: &str = "5";

impl Gate {
    /// A gate that trusts these.
    pub fn new(peers: Arc<dyn Peers>, limits: GateLimits) -> Self {
        let sources = Mutex::new(Sources::new(limits.sources));
        Self {
            peers,
            limits,
            sources,
            counters: counts::Counters::default(),
            secret: RandomState::new(),
            draining: AtomicBool::new(false),
            retry_after_seconds: AtomicU32::new(0),
        }
    }

    /// The limits it holds to.
    pub fn limits(&self) -> &GateLimits {
        &self.limits
    }

    /// From now on new calls and OPTIONS get 503; calls in progress go on.
    pub fn drain(&self, retry_after_seconds: u32) {
        self.retry_after_seconds
            .store(retry_after_seconds, Ordering::Relaxed);
        self.draining.store(true, Ordering::Relaxed);
    }

    /// What passed and what did not, since the start.
    pub fn counts(&self) -> GateCounts {
        self.counters.snapshot()
    }

    /// Decides what becomes of `bytes`: one datagram, or one message as the framing of a stream found it.
    pub fn judge(
        &self,
        now: Instant,
        source: SocketAddr,
        transport: Transport,
        bytes: &[u8],
    ) -> Verdict {
        let peer = self.peers.peer(source.ip());
        let verdict = Judgement {
            gate: self,
            now,
            source,
            transport,
            peer: peer.as_ref(),
        }
        .of(bytes);
        match &verdict {
            Verdict::Pass { .. } => self.counters.pass(),
            Verdict::Answer { reason, .. } | Verdict::Drop { reason, .. } => {
                self.note_for(now, source.ip(), peer.as_ref(), *reason);
            }
        }
        verdict
    }

    /// Counts a refusal, and logs it once a minute for each source and reason (security R5).
    pub(super) fn note(&self, now: Instant, source: IpAddr, reason: Reason) {
        self.note_for(now, source, self.peers.peer(source).as_ref(), reason);
    }

    fn note_for(&self, now: Instant, source: IpAddr, peer: Option<&Peer>, reason: Reason) {
        self.counters.refuse(reason);
        if !reason.is_worth_a_line() {
            return;
        }
        let rate = self.rate(peer);
        let due = self
            .sources
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .is_line_due(now, source, rate, reason);
        if due {
            // Nothing that the source wrote stands in the line, so it cannot forge one.
            let peer = peer.map(|peer| peer.name.escape_default().to_string());
            tracing::warn!(%source, peer, reason = reason.label(), "SIP message refused; further ones like it are only counted for a minute");
        }
    }

    fn rate(&self, peer: Option<&Peer>) -> Rate {
        match peer {
            Some(peer) => Rate {
                requests_per_second: peer.requests_per_second,
                calls_per_second: peer.calls_per_second,
            },
            None => Rate {
                requests_per_second: self.limits.requests_per_second,
                calls_per_second: self.limits.calls_per_second,
            },
        }
    }
}

impl std::fmt::Debug for Gate {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_struct("Gate")
            .field("limits", &self.limits)
            .finish_non_exhaustive()
    }
}

/// Why a request is answered by us, and how.
struct Refusal {
    reason: Reason,
    status: Status,
}

impl Refusal {
    fn new(reason: Reason, code: u16, phrase: &'static str) -> Self {
        Self {
            reason,
            status: Status::new(code, phrase),
        }
    }

    fn malformed(phrase: &'static str) -> Self {
        Self::new(Reason::Malformed, 400, phrase)
    }

    fn with(mut self, name: &str, value: &str) -> Self {
        self.status = self.status.with(name, value);
        self
    }
}

/// One message being judged.
struct Judgement<'a> {
    gate: &'a Gate,
    now: Instant,
    source: SocketAddr,
    transport: Transport,
    peer: Option<&'a Peer>,
}

impl Judgement<'_> {
    fn of(&self, bytes: &[u8]) -> Verdict {
        if bytes.iter().all(|byte| scan::is_blank(*byte) || *byte == 0) {
            return Verdict::Drop {
                reason: Reason::KeepAlive,
                close: false,
            };
        }
        // Only the head of an overlong message is read, for the answer.
        let limit = self.message_limit();
        let scan = Scan::of(&bytes[..bytes.len().min(limit)], &self.gate.limits);
        match scan.start {
            StartLine::Foreign => Verdict::Drop {
                reason: Reason::NotSip,
                close: self.transport.is_stream(),
            },
            StartLine::Response { code } => self.response(&scan, code, bytes.len() > limit),
            StartLine::Request { method, .. } => self.request(&scan, method, bytes.len() > limit),
        }
    }

    fn message_limit(&self) -> usize {
        if self.transport.is_stream() {
            self.gate.limits.stream_message_bytes
        } else {
            self.gate.limits.datagram_bytes
        }
    }

    /// Responses are never answered (security S2). What cannot be one to a request of ours goes no further.
    fn response(&self, scan: &Scan<'_>, code: &[u8], is_overlong: bool) -> Verdict {
        let dropped = |reason, close| Verdict::Drop {
            reason,
            close: close && self.transport.is_stream(),
        };
        let rate = self.gate.rate(self.peer);
        if self.rule(rate, Asks::Ending) != Ruling::Allowed {
            return dropped(Reason::Flooded, false);
        }
        if is_overlong {
            return dropped(Reason::MessageTooLarge, true);
        }
        let Some(code) = number(code, 699).filter(|code| *code >= 100) else {
            return dropped(Reason::BadResponse, false);
        };
        match rules::check_response(scan, self.transport, &self.gate.limits) {
            Ok(body) => {
                let message = rewrite::response(scan, code, body);
                if rules::stack_reads(&message) {
                    Verdict::Pass {
                        message,
                        respond_to: self.source,
                    }
                } else {
                    dropped(Reason::BadResponse, false)
                }
            }
            Err(reason) => dropped(reason, reason == Reason::BadContentLength),
        }
    }

    fn request(&self, scan: &Scan<'_>, method: &[u8], is_overlong: bool) -> Verdict {
        let Some((via, via_is_sound)) = scan.first(Name::Via).and_then(Via::read) else {
            return Verdict::Drop {
                reason: Reason::NoWayBack,
                close: self.transport.is_stream(),
            };
        };
        let behind_nat = self.peer.is_some_and(|peer| peer.behind_nat);
        let respond_to = if self.transport.is_stream() {
            self.source
        } else {
            via.respond_to(self.source, behind_nat)
        };
        let way_back = WayBack {
            scan,
            via: &via,
            respond_to,
            request_bytes: scan.bytes,
            is_ack: method == b"ACK",
        };

        match self.rule(self.gate.rate(self.peer), self.asks(scan, method)) {
            Ruling::Silence => {
                return Verdict::Drop {
                    reason: Reason::Flooded,
                    close: false,
                };
            }
            Ruling::Refused => {
                let refusal = Refusal::new(Reason::RateLimited, 503, "Too Many Requests");
                return self.refuse(
                    &way_back,
                    refusal.with("Retry-After", RATE_RETRY_AFTER),
                    false,
                );
            }
            Ruling::Allowed => {}
        }
        if self.peer.is_none() && !matches!(method, b"OPTIONS" | b"ACK") {
            return self.refuse(
                &way_back,
                Refusal::new(Reason::Forbidden, 403, "Forbidden"),
                false,
            );
        }
        if is_overlong {
            let refusal = Refusal::new(Reason::MessageTooLarge, 513, "Message Too Large");
            return self.refuse(&way_back, refusal, true);
        }
        match rules::check_request(scan, &via, via_is_sound, self.transport, &self.gate.limits) {
            Err(refusal) => {
                let close = closes_a_stream(refusal.reason);
                self.refuse(&way_back, refusal, close)
            }
            Ok(_) if method == b"OPTIONS" => {
                // Within a call, as a sign of life: the call goes on while we drain.
                let is_in_call = self.peer.is_some() && rules::has_to_tag(scan);
                self.refuse(&way_back, self.about_us(is_in_call), false)
            }
            Ok(_) if self.is_draining() && method == b"INVITE" && !rules::has_to_tag(scan) => {
                self.refuse(&way_back, self.service_unavailable(), false)
            }
            Ok(body) => self.pass(&way_back, &body),
        }
    }

    fn pass(&self, way_back: &WayBack<'_>, body: &rules::Body<'_>) -> Verdict {
        let rewrite = rewrite::Rewrite {
            scan: way_back.scan,
            via: way_back.via,
            transport: self.transport,
            source: self.source,
            respond_to: way_back.respond_to,
            body: body.bytes,
            body_is_extracted_sdp: body.is_extracted_sdp,
            body_is_dropped: body.is_dropped,
        };
        let most = if self.transport.is_stream() {
            usize::MAX
        } else {
            STACK_DATAGRAM_BYTES
        };
        match rewrite.request(most) {
            None => {
                let refusal = Refusal::new(Reason::MessageTooLarge, 513, "Message Too Large");
                self.refuse(way_back, refusal, false)
            }
            // Whatever else the stack would drop without a word gets one. An ACK never does (RFC 3261 section 17.2.1).
            Some(message) if !way_back.is_ack && !rules::stack_reads(&message) => {
                self.refuse(way_back, Refusal::malformed("Unreadable Header"), false)
            }
            Some(message) => Verdict::Pass {
                message,
                respond_to: way_back.respond_to,
            },
        }
    }

    /// OPTIONS is answered whoever asks; it says what we serve.
    fn about_us(&self, is_in_call: bool) -> Refusal {
        if self.is_draining() && !is_in_call {
            let mut refusal = self.service_unavailable();
            refusal.reason = Reason::Options;
            return refusal;
        }
        Refusal::new(Reason::Options, 200, "OK")
            .with("Allow", answer::ALLOW)
            .with("Accept", "application/sdp")
            .with("Supported", &answer::SUPPORTED.join(", "))
    }

    fn service_unavailable(&self) -> Refusal {
        let seconds = self
            .gate
            .retry_after_seconds
            .load(Ordering::Relaxed)
            .to_string();
        Refusal::new(Reason::Draining, 503, "Service Unavailable").with("Retry-After", &seconds)
    }

    fn is_draining(&self) -> bool {
        self.gate.draining.load(Ordering::Relaxed)
    }

    fn asks(&self, scan: &Scan<'_>, method: &[u8]) -> Asks {
        match method {
            b"INVITE" if !rules::has_to_tag(scan) => Asks::NewCall,
            b"ACK" | b"BYE" | b"CANCEL" => Asks::Ending,
            _ => Asks::Request,
        }
    }

    fn rule(&self, rate: Rate, asks: Asks) -> Ruling {
        let mut sources = self
            .gate
            .sources
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        sources.rule(self.now, self.source.ip(), rate, asks)
    }

    /// The answer, unless nothing may be answered: an ACK never is, and a stranger gets no more than it sent
    /// and half as much again (security S2).
    fn refuse(&self, way_back: &WayBack<'_>, refusal: Refusal, close: bool) -> Verdict {
        let Refusal { reason, status } = refusal;
        let close = close && self.transport.is_stream();
        if way_back.is_ack {
            return Verdict::Drop { reason, close };
        }
        let write = |with_headers| {
            answer::write(
                &status,
                way_back.scan,
                way_back.via,
                self.source,
                &self.gate.secret,
                with_headers,
            )
        };
        let most = match self.peer {
            Some(_) => usize::MAX,
            None => way_back.request_bytes.saturating_mul(3) / 2,
        };
        let answers = [true, false]
            .into_iter()
            .map(write)
            .find(|response| response.len() <= most);
        match answers {
            Some(response) => Verdict::Answer {
                response,
                respond_to: way_back.respond_to,
                reason,
                close,
            },
            None => Verdict::Drop {
                reason: Reason::Amplification,
                close,
            },
        }
    }
}

/// Limits and lengths that a stream cannot be trusted after.
fn closes_a_stream(reason: Reason) -> bool {
    matches!(
        reason,
        Reason::BadContentLength
            | Reason::MessageTooLarge
            | Reason::TooManyHeaders
            | Reason::HeaderLineTooLong
            | Reason::TooManyVias
            | Reason::SdpTooLarge
            | Reason::MultipartTooLarge
    )
}

/// What an answer is made of.
struct WayBack<'a> {
    scan: &'a Scan<'a>,
    via: &'a Via<'a>,
    respond_to: SocketAddr,
    request_bytes: usize,
    is_ack: bool,
}

/// What the head of a stream message says about its length.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StreamHead {
    /// So many bytes of body follow.
    Body(usize),
    /// No length is given, as RFC 2543 allowed: the body is what has arrived with the head.
    BodyIsTheRest,
    /// The length is missing where it must not be, doubled, or no number: nothing after can be found.
    Unreadable,
}

/// Reads the length of what follows a head, for framing; the gate judges the message itself later.
#[must_use]
pub fn read_stream_head(head: &[u8], limits: &GateLimits) -> StreamHead {
    let scan = Scan::of(head, limits);
    let mut lengths = scan.all(Name::ContentLength);
    match (lengths.next(), lengths.next()) {
        (Some(length), None) => {
            match number(trim(length), u64::from(u32::MAX)).map(usize::try_from) {
                Some(Ok(length)) => StreamHead::Body(length),
                _ => StreamHead::Unreadable,
            }
        }
        (None, _) if rules::is_of_rfc2543(&scan) => StreamHead::BodyIsTheRest,
        _ => StreamHead::Unreadable,
    }
}
