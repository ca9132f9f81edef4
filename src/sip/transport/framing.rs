//! Cuts a byte stream into SIP messages (RFC 3261 sections 7.5 and 18.3).

use bytes::{Buf, BytesMut};

use crate::sip::gate::{GateLimits, StreamHead, read_stream_head};

const PING: &[u8] = b"\r\n\r\n";

/// What came out of a stream.
#[derive(Debug, PartialEq, Eq)]
pub enum Frame {
    /// A double CRLF: the peer wants to know whether we are there (RFC 5626 section 3.5.1).
    Ping,
    /// One message, whole.
    Message(Vec<u8>),
    /// The stream cannot be cut further. These bytes may earn an answer; then it must be closed.
    Broken(Vec<u8>),
}

enum Measure {
    Unknown,
    Whole(usize),
    Broken,
}

/// Holds what has arrived and is not yet a message.
#[derive(Debug)]
pub struct Framer {
    buffer: BytesMut,
    limits: GateLimits,
    /// How far the end of the head has been looked for in vain.
    scanned: usize,
    /// How long the message is that has begun, once its head says so.
    needed: Option<usize>,
}

impl Framer {
    /// An empty stream.
    #[must_use]
    pub fn new(limits: GateLimits) -> Self {
        Self {
            buffer: BytesMut::new(),
            limits,
            scanned: 0,
            needed: None,
        }
    }

    /// Where to read into; never longer than one message can be.
    pub fn buffer(&mut self) -> &mut BytesMut {
        &mut self.buffer
    }

    /// Whether a message has begun and not ended. An empty line alone is a keep-alive, not a beginning.
    #[must_use]
    pub fn is_amid_message(&self) -> bool {
        !PING.starts_with(&self.buffer[..])
    }

    /// The next frame, when there is a whole one.
    pub fn next_frame(&mut self) -> Option<Frame> {
        if self.buffer.starts_with(PING) {
            self.buffer.advance(PING.len());
            return Some(Frame::Ping);
        }
        if PING.starts_with(&self.buffer[..]) {
            return None;
        }
        if self.buffer.starts_with(b"\r\n") {
            // A lone empty line before a message is allowed and means nothing (RFC 3261 section 7.5).
            self.buffer.advance(2);
        }
        let needed = match self.needed {
            Some(needed) => needed,
            None => match self.measure() {
                Measure::Unknown => return None,
                Measure::Whole(needed) => *self.needed.insert(needed),
                Measure::Broken => return Some(self.give_up()),
            },
        };
        if self.buffer.len() < needed {
            return None;
        }
        self.start_over();
        Some(Frame::Message(self.buffer.split_to(needed).to_vec()))
    }

    fn measure(&mut self) -> Measure {
        // Look again only at what is new, and a little before: the end may have come in pieces.
        let from = self.scanned.saturating_sub(3);
        let Some(head_end) = end_of_head(&self.buffer[from..]).map(|end| from + end) else {
            self.scanned = self.buffer.len();
            let is_overlong = self.buffer.len() > self.limits.stream_message_bytes;
            return if is_overlong {
                Measure::Broken
            } else {
                Measure::Unknown
            };
        };
        let body = match read_stream_head(&self.buffer[..head_end], &self.limits) {
            StreamHead::Body(length) => length,
            StreamHead::BodyIsTheRest => self.buffer.len() - head_end,
            StreamHead::Unreadable => return Measure::Broken,
        };
        // Bounded before anything of the body is waited for.
        match head_end.checked_add(body) {
            Some(whole) if whole <= self.limits.stream_message_bytes => Measure::Whole(whole),
            _ => Measure::Broken,
        }
    }

    fn start_over(&mut self) {
        self.scanned = 0;
        self.needed = None;
    }

    /// Everything left, for a stream that ends or breaks here.
    pub fn give_up(&mut self) -> Frame {
        self.start_over();
        Frame::Broken(self.buffer.split().to_vec())
    }
}

/// The length of the head, its empty line included. Bare line feeds are taken for line ends, as the scanner does.
pub(in crate::sip) fn end_of_head(bytes: &[u8]) -> Option<usize> {
    let mut from = 0;
    while let Some(feed) = bytes[from..].iter().position(|byte| *byte == b'\n') {
        let after = from + feed + 1;
        match &bytes[after..] {
            [b'\n', ..] => return Some(after + 1),
            [b'\r', b'\n', ..] => return Some(after + 2),
            _ => from = after,
        }
    }
    None
}
