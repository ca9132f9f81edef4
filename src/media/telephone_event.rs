//! Keys as named telephone events (RFC 4733): every event becomes one key, whatever the network
//! loses, doubles or reorders.
//!
//! An event is known by its RTP timestamp, which all its packets share. The first packet of it that
//! arrives, an end packet included, is the key; all others only tell how long the key was held.

use std::collections::VecDeque;

use crate::line::Key;

/// One event of a telephone-event payload (RFC 4733 section 2.3).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct TelephoneEvent {
    /// The event code: 0–9, 10 for `*`, 11 for `#`, 12–15 for A–D, 16 for flash, ...
    pub code: u8,
    /// Whether the key was let go.
    pub end: bool,
    /// The tone's level below 0 dBm0.
    pub volume: u8,
    /// How long the key has been held, in samples.
    pub duration: u16,
}

impl TelephoneEvent {
    /// How many bytes an event has on the wire.
    pub const LENGTH: usize = 4;

    /// The event in the first four bytes of `payload`; `None` when there are fewer.
    pub fn parse(payload: &[u8]) -> Option<TelephoneEvent> {
        let &[code, flags, high, low, ..] = payload else {
            return None;
        };
        Some(TelephoneEvent {
            code,
            end: flags & 0x80 != 0,
            volume: flags & 0x3F,
            duration: u16::from_be_bytes([high, low]),
        })
    }

    /// All events of one payload (RFC 4733 section 2.5.1.5 lets a packet carry several). What is
    /// left over at the end is not an event.
    pub fn parse_all(payload: &[u8]) -> impl Iterator<Item = TelephoneEvent> + '_ {
        payload
            .chunks_exact(TelephoneEvent::LENGTH)
            .filter_map(TelephoneEvent::parse)
    }

    /// The bytes on the wire.
    pub fn to_bytes(self) -> [u8; TelephoneEvent::LENGTH] {
        let [high, low] = self.duration.to_be_bytes();
        let end = if self.end { 0x80 } else { 0 };
        [self.code, end | (self.volume & 0x3F), high, low]
    }

    /// The key of this event; `None` for A–D, flash and everything else that no caller has.
    pub fn key(self) -> Option<Key> {
        match self.code {
            digit @ 0..=9 => Key::digit(digit),
            10 => Some(Key::STAR),
            11 => Some(Key::POUND),
            _ => None,
        }
    }
}

/// How many past events are remembered, so that their late packets are not taken for new keys.
const REMEMBERED: usize = 16;
/// An event that began so much before the newest one and comes out of order is not news (5 s).
const TOO_OLD: i32 = 40_000;
/// Where a long event is cut into segments (RFC 4733 section 2.5.1.3), and how near is near enough.
const SEGMENT: u32 = 0xFFFF;
const SEGMENT_TOLERANCE: u32 = 800;

/// One event of which at least one packet arrived.
#[derive(Clone, Copy, Debug)]
struct Pressed {
    code: u8,
    timestamp: u32,
    duration: u16,
    ended: bool,
    sequence: u16,
}

/// What a packet of events meant.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Heard {
    /// The key, in the first packet of its event.
    pub key: Option<Key>,
    /// When the event began, in RTP time.
    pub from: u32,
    /// How long it has lasted, in samples.
    pub duration: u16,
    /// Whether it is over.
    pub end: bool,
}

/// The memory that makes one key out of many packets. One per leg; pure.
#[derive(Debug, Default)]
pub struct TelephoneEvents {
    recent: VecDeque<Pressed>,
}

impl TelephoneEvents {
    /// Nothing pressed yet.
    pub fn new() -> TelephoneEvents {
        TelephoneEvents::default()
    }

    /// Forgets everything: another source speaks now, with a clock of its own.
    pub fn forget(&mut self) {
        self.recent.clear();
    }

    /// Takes one RTP packet of the telephone-event payload type and calls `heard` for each event
    /// in it.
    pub fn on_packet(
        &mut self,
        sequence: u16,
        timestamp: u32,
        marker: bool,
        payload: &[u8],
        mut heard: impl FnMut(Heard),
    ) {
        let mut from = timestamp;
        for event in TelephoneEvent::parse_all(payload) {
            let key = if self.is_news(sequence, from, marker, event) {
                event.key()
            } else {
                None
            };
            heard(Heard {
                key,
                from,
                duration: event.duration,
                end: event.end,
            });
            from = from.wrapping_add(u32::from(event.duration));
        }
    }

    fn is_news(&mut self, sequence: u16, from: u32, marker: bool, event: TelephoneEvent) -> bool {
        if let Some(known) = self
            .recent
            .iter_mut()
            .find(|known| known.timestamp == from && known.code == event.code)
        {
            if !starts_again(known, sequence, marker, event) {
                known.extend(sequence, event);
                return false;
            }
            known.ended = event.end;
            known.duration = event.duration;
            known.sequence = sequence;
            return true;
        }
        if let Some(newest) = self.recent.back_mut() {
            if continues(newest, sequence, from, marker, event) {
                newest.timestamp = from;
                newest.duration = event.duration;
                newest.ended = event.end;
                newest.sequence = sequence;
                return false;
            }
            let older = from.wrapping_sub(newest.timestamp) as i32;
            let reordered = (sequence.wrapping_sub(newest.sequence) as i16) < 0;
            if reordered && older < -TOO_OLD {
                return false;
            }
        }
        if self.recent.len() == REMEMBERED {
            self.recent.pop_front();
        }
        self.recent.push_back(Pressed {
            code: event.code,
            timestamp: from,
            duration: event.duration,
            ended: event.end,
            sequence,
        });
        true
    }
}

impl Pressed {
    fn extend(&mut self, sequence: u16, event: TelephoneEvent) {
        self.ended |= event.end;
        self.duration = self.duration.max(event.duration);
        if (sequence.wrapping_sub(self.sequence) as i16) > 0 {
            self.sequence = sequence;
        }
    }
}

/// Some senders do not move the timestamp between two presses of one key. A packet after the end
/// packets that starts over, and says so with the marker bit, is another press.
fn starts_again(known: &Pressed, sequence: u16, marker: bool, event: TelephoneEvent) -> bool {
    known.ended
        && marker
        && (sequence.wrapping_sub(known.sequence) as i16) > 0
        && event.duration < known.duration
}

/// Whether a packet with a new timestamp is still the press before it: the next segment of a very
/// long one, or a sender that moves the timestamp while the key is held.
fn continues(
    newest: &Pressed,
    sequence: u16,
    from: u32,
    marker: bool,
    event: TelephoneEvent,
) -> bool {
    if marker || newest.code != event.code || (newest.ended && !event.end) {
        return false;
    }
    let moved = from.wrapping_sub(newest.timestamp);
    let next_segment = !newest.ended
        && moved.abs_diff(SEGMENT) <= SEGMENT_TOLERANCE
        && u32::from(newest.duration) + 8_000 >= SEGMENT;
    let steps = sequence.wrapping_sub(newest.sequence);
    // A second press begins its duration anew, and a pause lies before it: its timestamp has moved
    // by more than its duration has grown.
    let drifting = (1..=3).contains(&steps)
        && event.duration > newest.duration
        && moved <= u32::from(event.duration - newest.duration) + 80;
    next_segment || drifting
}

#[cfg(test)]
mod tests;
