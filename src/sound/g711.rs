//! G.711: the two ways a telephone network squeezes a sample into a byte.
//!
//! ITU-T G.711 in the 16-bit form that everybody uses: µ-law with 14 significant bits, A-law with
//! 13. Decoding is a table; encoding is a few shifts, since prompts are encoded once and kept.

/// The two codecs that every telephone speaks.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum G711 {
    /// G.711 µ-law (North America, Japan), RTP payload type 0.
    Pcmu,
    /// G.711 A-law (everywhere else), RTP payload type 8.
    Pcma,
}

impl G711 {
    /// The name that SDP and call records use.
    pub const fn name(self) -> &'static str {
        match self {
            G711::Pcmu => "PCMU",
            G711::Pcma => "PCMA",
        }
    }

    /// The static payload type of RFC 3551.
    pub const fn payload_type(self) -> u8 {
        match self {
            G711::Pcmu => 0,
            G711::Pcma => 8,
        }
    }

    /// The byte that stands for no sound at all.
    pub const fn silence(self) -> u8 {
        match self {
            G711::Pcmu => 0xFF,
            G711::Pcma => 0xD5,
        }
    }

    /// One sample as a byte.
    pub const fn encode(self, sample: i16) -> u8 {
        match self {
            G711::Pcmu => encode_ulaw(sample),
            G711::Pcma => encode_alaw(sample),
        }
    }

    /// One byte as a sample.
    pub fn decode(self, byte: u8) -> i16 {
        self.table()[usize::from(byte)]
    }

    /// As many bytes as there are samples to fill, at most.
    pub fn decode_all(self, bytes: &[u8], samples: &mut [i16]) {
        let table = self.table();
        for (sample, &byte) in samples.iter_mut().zip(bytes) {
            *sample = table[usize::from(byte)];
        }
    }

    const fn table(self) -> &'static [i16; 256] {
        match self {
            G711::Pcmu => &ULAW,
            G711::Pcma => &ALAW,
        }
    }

    /// A whole sound, for [`crate::line::Sound::ulaw`] and [`crate::line::Sound::alaw`].
    pub fn encode_all(self, samples: &[i16]) -> Box<[u8]> {
        match self {
            G711::Pcmu => samples.iter().map(|&sample| encode_ulaw(sample)).collect(),
            G711::Pcma => samples.iter().map(|&sample| encode_alaw(sample)).collect(),
        }
    }
}

const ULAW_BIAS: u32 = 132;
const ULAW_CLIP: u32 = 32_635;

const fn encode_ulaw(sample: i16) -> u8 {
    let sign = if sample < 0 { 0x80 } else { 0 };
    let magnitude = sample.unsigned_abs() as u32;
    let clipped = if magnitude > ULAW_CLIP {
        ULAW_CLIP
    } else {
        magnitude
    };
    let biased = clipped + ULAW_BIAS;
    // The bias puts the leading one of every magnitude between bit 7 and bit 14.
    let exponent = 24 - biased.leading_zeros();
    let mantissa = (biased >> (exponent + 3)) & 0x0F;
    !(sign | (exponent << 4) as u8 | mantissa as u8)
}

const fn decode_ulaw(byte: u8) -> i16 {
    let byte = !byte;
    let exponent = (byte & 0x70) >> 4;
    let magnitude = ((((byte & 0x0F) as i32) << 3) + ULAW_BIAS as i32) << exponent;
    let sample = magnitude - ULAW_BIAS as i32;
    if byte & 0x80 == 0 {
        sample as i16
    } else {
        -sample as i16
    }
}

const fn encode_alaw(sample: i16) -> u8 {
    let (mask, magnitude) = if sample >= 0 {
        (0xD5, (sample >> 3) as u32)
    } else {
        // One's complement, as the reference has it: -1 and 0 share the smallest magnitude.
        (0x55, (!(sample >> 3)) as u32)
    };
    let exponent = if magnitude < 0x20 {
        0
    } else {
        27 - magnitude.leading_zeros()
    };
    let mantissa = if exponent < 2 {
        (magnitude >> 1) & 0x0F
    } else {
        (magnitude >> exponent) & 0x0F
    };
    ((exponent << 4) as u8 | mantissa as u8) ^ mask
}

const fn decode_alaw(byte: u8) -> i16 {
    let byte = byte ^ 0x55;
    let exponent = (byte & 0x70) >> 4;
    let mantissa = ((byte & 0x0F) as i32) << 4;
    let magnitude = match exponent {
        0 => mantissa + 0x08,
        _ => (mantissa + 0x108) << (exponent - 1),
    };
    if byte & 0x80 == 0 {
        -magnitude as i16
    } else {
        magnitude as i16
    }
}

static ULAW: [i16; 256] = {
    let mut table = [0; 256];
    let mut byte = 0;
    while byte < 256 {
        table[byte] = decode_ulaw(byte as u8);
        byte += 1;
    }
    table
};

static ALAW: [i16; 256] = {
    let mut table = [0; 256];
    let mut byte = 0;
    while byte < 256 {
        table[byte] = decode_alaw(byte as u8);
        byte += 1;
    }
    table
};

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_published_corner_values() {
        assert_eq!(G711::Pcmu.encode(0), 0xFF);
        assert_eq!(G711::Pcmu.encode(32_767), 0x80);
        assert_eq!(G711::Pcmu.encode(-32_768), 0x00);
        assert_eq!(G711::Pcmu.decode(0x80), 32_124);
        assert_eq!(G711::Pcmu.decode(0x00), -32_124);
        assert_eq!(G711::Pcma.encode(0), 0xD5);
        assert_eq!(G711::Pcma.encode(32_767), 0xAA);
        assert_eq!(G711::Pcma.encode(-32_768), 0x2A);
        assert_eq!(G711::Pcma.decode(0xAA), 32_256);
        assert_eq!(G711::Pcma.decode(0xD5), 8);
    }

    #[test]
    fn every_byte_survives_a_round_trip() {
        for codec in [G711::Pcmu, G711::Pcma] {
            for byte in 0..=255_u8 {
                let sample = codec.decode(byte);
                assert_eq!(
                    codec.decode(codec.encode(sample)),
                    sample,
                    "{codec:?} {byte}"
                );
            }
        }
    }

    #[test]
    fn the_error_stays_within_a_step_and_order_is_kept() {
        for codec in [G711::Pcmu, G711::Pcma] {
            let mut before = i16::MIN;
            for sample in i16::MIN..=i16::MAX {
                let heard = codec.decode(codec.encode(sample));
                assert!(
                    heard >= before,
                    "{codec:?}: {sample} became {heard} after {before}"
                );
                before = heard;
                let step = (i32::from(sample).abs() / 16).max(16);
                let clipped = i32::from(sample).clamp(-32_256, 32_256);
                let error = (clipped - i32::from(heard)).abs();
                assert!(error <= step, "{codec:?}: {sample} became {heard}");
            }
        }
    }
}
