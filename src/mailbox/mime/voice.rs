//! Voice messages written as mail (`unified-messaging` section 11, RFC 3801): which mails are one,
//! who left them, and their sound.

use std::time::Duration;

use super::header::Header;
use super::tree::{Leaf, Tree};
use crate::line::SAMPLE_RATE;
use crate::mailbox::{MessageClass, Sender, SentVoice};
use crate::sound::g711::G711;
use crate::sound::{mp3, resample, wav};

/// The longest sound that is taken from a mail, in seconds: as long as any dial plan may record.
const LONGEST_SECONDS: u64 = 100 * 60;

/// A voice message that came as mail.
#[derive(Clone, PartialEq, Debug)]
pub struct VoiceMail {
    /// Who left it.
    pub from: Sender,
    /// SIP Call-ID.
    pub call_id: String,
    /// The number that was called.
    pub called: String,
    /// Why it was answered by us.
    pub reason: String,
    /// What it has when no caller left it, but somebody sent it.
    pub sent: Option<Box<SentVoice>>,
    /// Its sounds, one behind the other, newest first.
    pub samples: Vec<i16>,
}

impl VoiceMail {
    /// How long it plays.
    pub fn length(&self) -> Duration {
        Duration::from_micros(self.samples.len() as u64 * 1_000_000 / u64::from(SAMPLE_RATE))
    }
}

/// The voice message that a mail is: by Content-Class or Message-Context, and if it can be heard.
/// One that cannot stays an e-mail, so that it is not lost.
pub(super) fn read(header: &Header, tree: &Tree<'_>) -> Option<VoiceMail> {
    let says_so = header.content_class.starts_with("voice") || header.context == "voice-message";
    if !says_so || header.class != MessageClass::Note {
        return None;
    }
    let mut sounds: Vec<&Leaf<'_>> = tree.leaves.iter().filter(|leaf| is_sound(leaf)).collect();
    if let Some(order) = header.extension("x-attachmentorder") {
        let names: Vec<&str> = order.split(';').map(str::trim).collect();
        // Names that are not in the list come behind those that are.
        sounds.sort_by_key(|leaf| {
            names
                .iter()
                .position(|name| *name == leaf.name)
                .unwrap_or(names.len())
        });
    }
    let mut samples = Vec::new();
    for leaf in sounds {
        samples.extend(self::samples(leaf)?);
    }
    if samples.is_empty() {
        return None;
    }
    let said = |name: &str| {
        let value = header.extension(name).unwrap_or_default();
        (!value.is_empty()).then(|| value.to_owned())
    };
    let name = || header.from.as_ref().and_then(|from| from.name.clone());
    Some(VoiceMail {
        from: Sender {
            number: said("x-callingtelephonenumber"),
            name: said("x-voicemessagesendername").or_else(name),
            user: None,
        },
        call_id: said("x-callid").unwrap_or_default(),
        called: said("x-ringback-called").unwrap_or_default(),
        reason: said("x-ringback-reason").unwrap_or_default(),
        sent: (header.content_class == "voice").then(|| {
            Box::new(SentVoice {
                subject: header.subject.clone(),
                message_id: header.message_id.clone().unwrap_or_default(),
                in_reply_to: header.references.last().cloned(),
                sounds: Vec::new(),
            })
        }),
        samples,
    })
}

/// Whether a part is sound that we can play: linear, G.711 or MP3, by what it calls itself.
pub(super) fn is_sound(leaf: &Leaf<'_>) -> bool {
    match leaf.media_type.as_str() {
        "audio/wav" | "audio/x-wav" | "audio/wave" | "audio/vnd.wave" | "audio/basic" => true,
        // RFC 3003, and what is written as often.
        "audio/mpeg" | "audio/mp3" | "audio/x-mp3" | "audio/mpeg3" | "audio/x-mpeg" => true,
        // Mail programs that do not know a file's type send it as any bytes.
        "application/octet-stream" => {
            let name = leaf.name.to_ascii_lowercase();
            name.ends_with(".wav") || name.ends_with(".mp3")
        }
        _ => false,
    }
}

/// What a part sounds like on the telephone. Its first bytes say more truly than its name what it is.
pub(super) fn samples(leaf: &Leaf<'_>) -> Option<Vec<i16>> {
    if !is_sound(leaf) {
        return None;
    }
    let bytes = leaf.decoded();
    if bytes.starts_with(b"RIFF") {
        let foreign = wav::read(&bytes, LONGEST_SECONDS).ok()?;
        return Some(at_line_rate(foreign.rate, foreign.samples));
    }
    if leaf.media_type != "audio/basic" {
        let (rate, samples) = mp3::read(&bytes, LONGEST_SECONDS)?;
        return Some(at_line_rate(rate, samples));
    }
    // RFC 2046 4.3: 8 kHz µ-law without a header; programs put the file of a workstation there.
    let sound = match bytes.strip_prefix(b".snd") {
        None => bytes.as_slice(),
        Some(rest) => {
            let number = |at: usize| {
                let digits = rest.get(at..at + 4)?;
                Some(u32::from_be_bytes(digits.try_into().ok()?))
            };
            let is_ulaw = number(8)? == 1 && number(12)? == SAMPLE_RATE && number(16)? == 1;
            if !is_ulaw {
                return None;
            }
            bytes.get(number(0)? as usize..)?
        }
    };
    let longest = usize::try_from(LONGEST_SECONDS * u64::from(SAMPLE_RATE)).ok()?;
    let samples = sound.iter().take(longest);
    Some(samples.map(|byte| G711::Pcmu.decode(*byte)).collect())
}

fn at_line_rate(rate: u32, samples: Vec<i16>) -> Vec<i16> {
    if rate == SAMPLE_RATE {
        return samples;
    }
    resample::to_line_rate(&samples, rate)
        .into_iter()
        .map(|sample| sample.round() as i16)
        .collect()
}
