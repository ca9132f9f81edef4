use proptest::prelude::*;

use super::*;

fn codecs() -> Vec<Codec> {
    vec![
        Codec::PCMU,
        Codec::PCMA,
        Codec::G722,
        #[cfg(feature = "opus")]
        Codec::Opus,
    ]
}

fn tone(hertz: f64, samples: usize) -> Vec<i16> {
    (0..samples)
        .map(|n| ((hertz * n as f64 / 8_000.0 * std::f64::consts::TAU).sin() * 8_000.0) as i16)
        .collect()
}

/// The amplitude of one frequency.
fn level(samples: &[i16], hertz: f64, rate: f64) -> f64 {
    let (mut real, mut imaginary) = (0.0, 0.0);
    for (n, &sample) in samples.iter().enumerate() {
        let turns = hertz * n as f64 / rate * std::f64::consts::TAU;
        real += f64::from(sample) * turns.cos();
        imaginary += f64::from(sample) * turns.sin();
    }
    2.0 * real.hypot(imaginary) / samples.len() as f64
}

fn payloads(codec: Codec, sound: &[i16]) -> Vec<Vec<u8>> {
    let mut encoder = Encoder::new(codec);
    let encode = |packet: &[i16]| {
        let mut payload = Vec::new();
        encoder.encode(packet, &mut payload);
        payload
    };
    sound.chunks_exact(160).map(encode).collect()
}

#[test]
fn what_is_encoded_is_heard_as_loud_by_the_far_end() {
    for codec in codecs() {
        for hertz in [300.0, 1_000.0, 3_000.0] {
            let mut decoder = Decoder::new(codec);
            let mut heard = Vec::new();
            for payload in payloads(codec, &tone(hertz, 16_000)) {
                let mut room = [0; 2_048];
                let length = decoder.decode(&payload, &mut room);
                assert_eq!(length, 160, "{codec:?}");
                heard.extend_from_slice(&room[..length]);
            }
            let kept = level(&heard[8_000..], hertz, 8_000.0) / 8_000.0;
            assert!((0.8..1.2).contains(&kept), "{codec:?} {hertz} Hz: {kept}");
        }
    }
}

/// A telephone decodes both halves of the band; the upper one is empty.
#[test]
fn g722_is_right_for_a_wide_band() {
    let mut far_end = G722Decoder::new();
    let mut heard = Vec::new();
    for payload in payloads(Codec::G722, &tone(1_000.0, 16_000)) {
        assert_eq!(payload.len(), 160);
        let mut room = [0; 320];
        assert_eq!(far_end.decode_into(&payload, &mut room), Ok(320));
        heard.extend(room);
    }
    let heard = &heard[16_000..];
    let kept = level(heard, 1_000.0, 16_000.0) / 8_000.0;
    assert!((0.95..1.05).contains(&kept), "{kept}");
    let mirror = level(heard, 7_000.0, 16_000.0) / 8_000.0;
    assert!(mirror < 0.01, "{mirror}");
}

#[test]
fn a_clock_goes_on_where_its_bits_are_full() {
    let mut clock = SampleClock::default();
    let first = u32::MAX - 10_000;
    let began = clock.samples(first, 6);
    for packet in 1..100_u32 {
        let now = clock.samples(first.wrapping_add(packet * 960), 6);
        assert_eq!(now.wrapping_sub(began), packet * 160);
    }
    // One that was overtaken lies before the newest.
    let now = clock.samples(first.wrapping_add(98 * 960), 6);
    assert_eq!(now.wrapping_sub(began), 98 * 160);
    assert_eq!(SampleClock::default().samples(77, 1), 77);
}

proptest! {
    #[test]
    fn no_payload_can_break_a_decoder(
        payloads in proptest::collection::vec(proptest::collection::vec(any::<u8>(), 0..400), 1..20),
    ) {
        for codec in codecs() {
            let mut decoder = Decoder::new(codec);
            for payload in &payloads {
                let mut room = [0; 2_048];
                prop_assert!(decoder.decode(payload, &mut room) <= room.len());
            }
        }
    }

    #[test]
    fn no_sound_can_break_an_encoder(sound in proptest::collection::vec(any::<i16>(), 480)) {
        for codec in codecs() {
            let mut encoder = Encoder::new(codec);
            for milliseconds in [10, 20, 40, 60] {
                let mut payload = Vec::new();
                encoder.encode(&sound[..milliseconds * 8], &mut payload);
                prop_assert!(!payload.is_empty() && payload.len() <= 480);
            }
        }
    }
}
