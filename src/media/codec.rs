//! How sound is written in RTP. Inside it is linear, 8 kHz; G.711 leaves as bytes that were made
//! once for all callers, everything else passes a coder that belongs to one call.

use audio_codec::Decoder as _;
use audio_codec::Encoder as _;
use audio_codec::g722::{Bitrate, G722Decoder, G722Encoder};

use crate::sound::g711::G711;
use crate::sound::half_band::Doubler;

/// What offer and answer can agree on.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Codec {
    /// What every telephone speaks.
    G711(G711),
    /// ITU-T G.722 at 64 kbit/s, RTP payload type 9.
    G722,
    /// RFC 6716, in RTP by RFC 7587.
    #[cfg(feature = "opus")]
    Opus,
}

impl Codec {
    /// G.711 µ-law.
    pub const PCMU: Codec = Codec::G711(G711::Pcmu);
    /// G.711 A-law.
    pub const PCMA: Codec = Codec::G711(G711::Pcma);

    /// The name that SDP and call records use.
    pub const fn name(self) -> &'static str {
        match self {
            Codec::G711(law) => law.name(),
            Codec::G722 => "G722",
            #[cfg(feature = "opus")]
            Codec::Opus => "opus",
        }
    }

    /// How many ticks of the RTP clock a sample of ours is. G.722 counts 8,000 a second although it
    /// carries 16,000 samples (RFC 3551 section 4.5.2); Opus counts 48,000 always (RFC 7587
    /// section 4.1).
    pub(super) const fn ticks_for_a_sample(self) -> u32 {
        match self {
            Codec::G711(_) | Codec::G722 => 1,
            #[cfg(feature = "opus")]
            Codec::Opus => 6,
        }
    }

    /// Whether so many milliseconds, in whole tens, can be one packet of ours.
    pub(super) const fn can_fill(self, milliseconds: u8) -> bool {
        match self {
            Codec::G711(_) | Codec::G722 => matches!(milliseconds, 10..=60),
            // Frames are 10, 20, 40 or 60 ms (RFC 6716 section 2.1.4).
            #[cfg(feature = "opus")]
            Codec::Opus => matches!(milliseconds, 10 | 20 | 40 | 60),
        }
    }
}

impl From<G711> for Codec {
    fn from(law: G711) -> Codec {
        Codec::G711(law)
    }
}

/// Makes payloads of samples, for one call.
pub(super) enum Encoder {
    G711(G711),
    /// Twice the rate is what it takes; the upper half of its band stays empty.
    G722(Box<(Doubler, G722Encoder)>),
    /// Nothing when the library had no memory for it.
    #[cfg(feature = "opus")]
    Opus(Option<Box<opus::Encoder>>),
}

impl std::fmt::Debug for Encoder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Encoder")
    }
}

/// The longest packet that we write, in samples (60 ms).
const PACKET_MOST: usize = 480;
/// More than any packet of Opus at the rate of a telephone.
#[cfg(feature = "opus")]
const OPUS_ROOM: usize = 400;

impl Encoder {
    /// A new one, which has said nothing.
    pub(super) fn new(codec: Codec) -> Encoder {
        match codec {
            Codec::G711(law) => Encoder::G711(law),
            Codec::G722 => Encoder::G722(Box::new((Doubler::default(), G722Encoder::new()))),
            #[cfg(feature = "opus")]
            Codec::Opus => {
                let encoder = opus::Encoder::new(
                    crate::line::SAMPLE_RATE,
                    opus::Channels::Mono,
                    opus::Application::Voip,
                );
                Encoder::Opus(or_none(encoder))
            }
        }
    }

    /// Writes the payload of at most 60 ms; what cannot be written is an empty payload.
    pub(super) fn encode(&mut self, samples: &[i16], payload: &mut Vec<u8>) {
        payload.clear();
        let samples = &samples[..samples.len().min(PACKET_MOST)];
        match self {
            Encoder::G711(law) => payload.extend(samples.iter().map(|sample| law.encode(*sample))),
            Encoder::G722(parts) => {
                let (doubler, encoder) = &mut **parts;
                let mut doubled = [0; 2 * PACKET_MOST];
                let doubled = &mut doubled[..2 * samples.len()];
                doubler.push(samples, doubled);
                payload.resize(samples.len(), 0);
                if encoder.encode_into(doubled, payload).is_err() {
                    payload.clear();
                }
            }
            #[cfg(feature = "opus")]
            Encoder::Opus(encoder) => {
                payload.resize(OPUS_ROOM, 0);
                let length = encoder
                    .as_mut()
                    .and_then(|encoder| encoder.encode(samples, payload).ok());
                payload.truncate(length.unwrap_or(0));
            }
        }
    }
}

/// Makes samples of payloads, for one call.
pub(super) enum Decoder {
    G711(G711),
    G722(Box<G722Decoder>),
    /// Nothing when the library had no memory for it.
    #[cfg(feature = "opus")]
    Opus(Option<Box<opus::Decoder>>),
}

impl std::fmt::Debug for Decoder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Decoder")
    }
}

impl Decoder {
    /// A new one, which has heard nothing.
    pub(super) fn new(codec: Codec) -> Decoder {
        match codec {
            Codec::G711(law) => Decoder::G711(law),
            // The lower half of the band is all that a telephone line of ours carries.
            Codec::G722 => Decoder::G722(Box::new(G722Decoder::with_options(
                Bitrate::Mode1_64000,
                false,
                true,
            ))),
            #[cfg(feature = "opus")]
            Codec::Opus => {
                let decoder = opus::Decoder::new(crate::line::SAMPLE_RATE, opus::Channels::Mono);
                Decoder::Opus(or_none(decoder))
            }
        }
    }

    /// Whether each packet is understood by what came before it, so that one that was overtaken
    /// must not be heard any more.
    pub(super) fn needs_order(&self) -> bool {
        !matches!(self, Decoder::G711(_))
    }

    /// Writes the samples of a payload to the beginning of `room` and tells how many there are;
    /// none when it cannot be read, or is longer than the room.
    pub(super) fn decode(&mut self, payload: &[u8], room: &mut [i16]) -> usize {
        match self {
            Decoder::G711(law) if payload.len() <= room.len() => {
                law.decode_all(payload, room);
                payload.len()
            }
            Decoder::G711(_) => 0,
            Decoder::G722(decoder) => decoder.decode_into(payload, room).unwrap_or(0),
            #[cfg(feature = "opus")]
            Decoder::Opus(decoder) => decoder
                .as_mut()
                .and_then(|decoder| decoder.decode(payload, room, false).ok())
                .unwrap_or(0),
        }
    }
}

/// A coder of the library, which has only memory to fail for: the call is silent then, and goes on.
#[cfg(feature = "opus")]
fn or_none<T>(coder: Result<T, opus::Error>) -> Option<Box<T>> {
    coder
        .map_err(|error| tracing::error!(%error, "no Opus for this call"))
        .ok()
        .map(Box::new)
}

/// The RTP clock of the far end, in samples of ours. Ticks are counted from packet to packet: a
/// division alone would leap where 32 bits are full.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct SampleClock {
    at: Option<(u32, u32)>,
}

impl SampleClock {
    /// The time of a packet in samples.
    pub(super) fn samples(&mut self, timestamp: u32, ticks_for_a_sample: u32) -> u32 {
        if ticks_for_a_sample == 1 {
            return timestamp;
        }
        let (ticks, samples) = self
            .at
            .unwrap_or((timestamp, timestamp / ticks_for_a_sample));
        let past = (timestamp.wrapping_sub(ticks) as i32).div_euclid(ticks_for_a_sample as i32);
        let now = samples.wrapping_add_signed(past);
        let whole = ticks.wrapping_add_signed(past.wrapping_mul(ticks_for_a_sample as i32));
        self.at = Some((whole, now));
        now
    }
}

#[cfg(test)]
mod tests;
