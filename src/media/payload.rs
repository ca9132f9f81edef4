//! The payload of the next packet, while it fills.

use super::codec::{Codec, Encoder};
use super::player::{Linear, Player};
use crate::sound::g711::G711;

/// What is to be sent, in the codec of the call.
#[derive(Debug)]
pub(super) struct Payload {
    bytes: Vec<u8>,
    making: Making,
}

#[derive(Debug)]
enum Making {
    /// The player gives the bytes themselves.
    G711(G711),
    /// Samples wait until the packet is full.
    Encoded {
        codec: Codec,
        encoder: Encoder,
        samples: Vec<i16>,
    },
}

impl Payload {
    /// Nothing yet.
    pub(super) fn new(codec: Codec) -> Payload {
        let making = match codec {
            Codec::G711(law) => Making::G711(law),
            codec => Making::Encoded {
                codec,
                encoder: Encoder::new(codec),
                samples: Vec::new(),
            },
        };
        Payload {
            bytes: Vec::new(),
            making,
        }
    }

    /// How it is written.
    pub(super) fn codec(&self) -> Codec {
        match &self.making {
            Making::G711(law) => Codec::G711(*law),
            Making::Encoded { codec, .. } => *codec,
        }
    }

    /// How many samples wait in it.
    pub(super) fn length(&self) -> usize {
        match &self.making {
            Making::G711(_) => self.bytes.len(),
            Making::Encoded { samples, .. } => samples.len(),
        }
    }

    /// Takes so many more samples from the player.
    pub(super) fn fill(&mut self, player: &mut Player, count: usize) {
        let filled = self.length();
        match &mut self.making {
            Making::G711(law) => {
                self.bytes.resize(filled + count, law.silence());
                player.fill(*law, &mut self.bytes[filled..]);
            }
            Making::Encoded { samples, .. } => {
                samples.resize(filled + count, 0);
                player.fill(Linear, &mut samples[filled..]);
            }
        }
    }

    /// What waits is not to be heard.
    pub(super) fn silence(&mut self) {
        match &mut self.making {
            Making::G711(law) => self.bytes.fill(law.silence()),
            Making::Encoded { samples, .. } => samples.fill(0),
        }
    }

    /// The bytes of a packet with all that waits.
    pub(super) fn bytes(&mut self) -> &[u8] {
        if let Making::Encoded {
            encoder, samples, ..
        } = &mut self.making
        {
            encoder.encode(samples, &mut self.bytes);
        }
        &self.bytes
    }

    /// The packet was sent; the next one begins.
    pub(super) fn clear(&mut self) {
        self.bytes.clear();
        if let Making::Encoded { samples, .. } = &mut self.making {
            samples.clear();
        }
    }
}
