//! Callers whose telephones speak no G.711.

use std::net::SocketAddr;
use std::time::Duration;

use audio_codec::g722::{G722Decoder, G722Encoder};
use audio_codec::{Decoder as _, Encoder as _};

use super::{InCall, Server, diverted_from};
use crate::phone::offer_of;

/// What a telephone writes and reads at 16 kHz, packet by packet.
trait Coder {
    const NAME: &'static str;
    const PAYLOAD_TYPE: u8;
    /// Ticks of the RTP clock in 1/8000 s.
    const TICKS: u32;
    /// Payload types of an offer, and what they mean.
    const OFFER: (&'static str, &'static str);

    fn new() -> Self;
    fn encode(&mut self, samples: &[i16]) -> Vec<u8>;
    fn decode(&mut self, payload: &[u8]) -> Vec<i16>;
}

struct G722(G722Encoder, G722Decoder);

impl Coder for G722 {
    const NAME: &'static str = "G722";
    const PAYLOAD_TYPE: u8 = 9;
    const TICKS: u32 = 1;
    const OFFER: (&'static str, &'static str) = ("9 101", "");

    fn new() -> Self {
        G722(G722Encoder::new(), G722Decoder::new())
    }

    fn encode(&mut self, samples: &[i16]) -> Vec<u8> {
        let mut payload = vec![0; samples.len() / 2];
        assert_eq!(self.0.encode_into(samples, &mut payload), Ok(payload.len()));
        payload
    }

    fn decode(&mut self, payload: &[u8]) -> Vec<i16> {
        let mut samples = vec![0; payload.len() * 2];
        assert_eq!(self.1.decode_into(payload, &mut samples), Ok(samples.len()));
        samples
    }
}

#[cfg(feature = "opus")]
struct Opus(opus::Encoder, opus::Decoder);

#[cfg(feature = "opus")]
impl Coder for Opus {
    const NAME: &'static str = "opus";
    const PAYLOAD_TYPE: u8 = 111;
    const TICKS: u32 = 6;
    const OFFER: (&'static str, &'static str) = (
        "111 110",
        "a=rtpmap:111 opus/48000/2\r\na=rtpmap:110 telephone-event/48000\r\na=fmtp:110 0-15\r\n",
    );

    fn new() -> Self {
        let (rate, channels) = (16_000, opus::Channels::Mono);
        Opus(
            opus::Encoder::new(rate, channels, opus::Application::Voip).unwrap(),
            opus::Decoder::new(rate, channels).unwrap(),
        )
    }

    fn encode(&mut self, samples: &[i16]) -> Vec<u8> {
        self.0.encode_vec(samples, 1_000).unwrap()
    }

    fn decode(&mut self, payload: &[u8]) -> Vec<i16> {
        let mut samples = vec![0; 1_920];
        let length = self.1.decode(payload, &mut samples, false).unwrap();
        samples.truncate(length);
        samples
    }
}

#[tokio::test]
async fn a_message_is_left_and_heard_in_g722() {
    a_message_is_left_and_heard::<G722>().await;
}

#[cfg(feature = "opus")]
#[tokio::test]
async fn a_message_is_left_and_heard_in_opus() {
    a_message_is_left_and_heard::<Opus>().await;
}

/// The samples of one of our own files.
fn samples_of(wav: &std::path::Path) -> Vec<i16> {
    let bytes = std::fs::read(wav).unwrap();
    bytes[44..]
        .chunks_exact(2)
        .map(|pair| i16::from_le_bytes([pair[0], pair[1]]))
        .collect()
}

/// How alike two sounds are, shifted by whatever fits best: 1 are the same but for their level.
fn likeness(long: &[i16], short: &[i16]) -> f64 {
    let energy = |sound: &[i16]| sound.iter().map(|x| f64::from(*x).powi(2)).sum::<f64>();
    let product = |one: &[i16]| {
        let products = one
            .iter()
            .zip(short)
            .map(|(a, b)| f64::from(*a) * f64::from(*b));
        products.sum::<f64>()
    };
    (0..long.len().saturating_sub(short.len()))
        .map(|at| &long[at..at + short.len()])
        .map(|part| product(part) / (energy(part) * energy(short)).sqrt().max(1.0))
        .fold(0.0, f64::max)
}

/// Calls with a telephone that speaks this codec only.
async fn dial<C: Coder>(server: &Server, calling: &str, extra: &str) -> InCall {
    let (formats, attributes) = C::OFFER;
    let offer = |rtp: SocketAddr| offer_of(rtp, formats, attributes);
    let mut caller = InCall::dial_with(server, "7000", calling, extra, offer).await;
    caller.sound.payload_type = C::PAYLOAD_TYPE;
    caller.sound.ticks = C::TICKS;
    caller.sound.telephone_event = formats.split_once(' ').unwrap().1.parse().unwrap();
    caller
}

async fn a_message_is_left_and_heard<C: Coder>() {
    let server = Server::start().await;
    let words = samples_of(&server.data().join("audio/demo-1.wav"));
    let words = &words[..words.len().min(3 * 8_000)];
    let before = audio_files(&server);

    let mut caller = dial::<C>(&server, "5550123", &diverted_from("2002")).await;
    let id = caller.id().to_owned();
    let mut coder = C::new();
    // A telephone of a wider band: between any two samples lies one more.
    let wide: Vec<i16> = words
        .windows(2)
        .flat_map(|pair| [pair[0], pair[0].midpoint(pair[1])])
        .collect();
    server.wait_for(&id, &[("event", "arrived")]).await;
    caller.sound.press_only('#').await;
    let mut tick = tokio::time::interval(Duration::from_millis(20));
    for packet in [0; 45 * 320].chunks(320).chain(wide.chunks_exact(320)) {
        tick.tick().await;
        let payload = coder.encode(packet);
        caller.sound.send_sound(&payload).await;
    }
    caller.hang_up().await;
    assert_eq!(server.record(&id).await["AudioCodec"], C::NAME);
    server.metric_becomes("ringback_outbox_depth", 0.0).await;
    let new: Vec<_> = audio_files(&server)
        .into_iter()
        .filter(|file| !before.contains(file))
        .collect();
    assert_eq!(new.len(), 1, "{new:?}");
    let recorded = samples_of(&new[0]);
    let alike = likeness(&recorded, &words[4_000..8_000]);
    assert!(
        alike > 0.9,
        "what was recorded is like what was said: {alike}"
    );

    let mut owner = dial::<C>(&server, "2002", "").await;
    let id = owner.id().to_owned();
    server.wait_for(&id, &[("event", "arrived")]).await;
    press_all::<C>(&mut owner, "739164#").await;
    server.hears(&id, "main-menu").await;
    press_all::<C>(&mut owner, "1").await;
    server
        .wait_for(&id, &[("event", "plays"), ("what", "message")])
        .await;
    // What came so far waits in the socket, as much as it holds.
    while owner
        .sound
        .receive(Duration::from_millis(2))
        .await
        .is_some()
    {}
    let mut heard = Vec::new();
    let mut last: Option<(u16, u32)> = None;
    let mut coder = C::new();
    while heard.len() < 6 * 8_000 {
        let packet = owner.sound.receive(Duration::from_millis(500)).await;
        let packet = packet.expect("sound goes on");
        assert_eq!(packet.payload_type, C::PAYLOAD_TYPE);
        if let Some((sequence, timestamp)) = last.replace((packet.sequence, packet.timestamp)) {
            assert_eq!(packet.sequence, sequence.wrapping_add(1));
            assert_eq!(packet.timestamp, timestamp.wrapping_add(160 * C::TICKS));
        }
        let wide = coder.decode(&packet.payload);
        assert_eq!(wide.len(), 320, "20 ms");
        heard.extend(wide.into_iter().step_by(2));
    }
    let alike = likeness(&heard, &recorded[16_000..20_000]);
    assert!(
        alike > 0.9,
        "what is heard is like what was recorded: {alike}"
    );
    owner.hang_up().await;
    assert_eq!(server.record(&id).await["AudioCodec"], C::NAME);
}

/// Keys, with silence in the codec between them.
async fn press_all<C: Coder>(caller: &mut InCall, keys: &str) {
    let mut coder = C::new();
    for key in keys.chars() {
        caller.sound.press_only(key).await;
        for _ in 0..5 {
            let payload = coder.encode(&[0; 320]);
            caller.sound.send_sound(&payload).await;
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }
}

fn audio_files(server: &Server) -> Vec<std::path::PathBuf> {
    let folder = std::fs::read_dir(server.data().join("audio")).unwrap();
    folder.map(|entry| entry.unwrap().path()).collect()
}
