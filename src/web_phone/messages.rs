//! The voice messages of the demo's mailboxes, to be looked at and heard: read-only, and never
//! outside of a demo.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;

use super::pages::Pages;
use crate::line::{SAMPLE_RATE, Sound};
use crate::mailbox::{Folder, Importance, MailStore, MailboxId, MessageId, VoiceMessage};

/// A waveform has so many columns.
const COLUMNS: usize = 160;

/// A message as a page shows it.
#[derive(Serialize)]
struct Shown {
    id: String,
    from: String,
    received: String,
    seconds: f64,
    state: &'static str,
    important: bool,
    private: bool,
    cut_short: bool,
}

/// The mailboxes that may be shown; nothing outside of a demo.
fn store(pages: &Pages, mailbox: &str) -> Option<(Arc<dyn MailStore>, MailboxId)> {
    let store = pages.rooms.messages.clone()?;
    let numbers = pages.rooms.exchange.numbers();
    let known = numbers
        .iter()
        .any(|listed| listed.mailbox.as_deref() == Some(mailbox));
    known.then(|| (store, MailboxId(Arc::from(mailbox))))
}

async fn all(store: &dyn MailStore, mailbox: &MailboxId) -> Result<Vec<VoiceMessage>, Response> {
    let mut found = Vec::new();
    for folder in [Folder::Inbox, Folder::Deleted] {
        let messages = store.voice_messages(mailbox, folder).await;
        found.extend(messages.map_err(|fault| {
            (StatusCode::SERVICE_UNAVAILABLE, format!("{fault}\n")).into_response()
        })?);
    }
    Ok(found)
}

/// The messages of a mailbox: new, then read, then deleted ones.
pub(super) async fn list(State(pages): State<Arc<Pages>>, Path(mailbox): Path<String>) -> Response {
    let Some((store, mailbox)) = store(&pages, &mailbox) else {
        return StatusCode::NOT_FOUND.into_response();
    };
    match all(&*store, &mailbox).await {
        Ok(messages) => Json(messages.iter().map(shown).collect::<Vec<_>>()).into_response(),
        Err(response) => response,
    }
}

fn shown(message: &VoiceMessage) -> Shown {
    let envelope = &message.envelope;
    let from = &envelope.from;
    Shown {
        id: envelope.id.0.to_string(),
        from: from
            .name
            .clone()
            .or_else(|| from.number.clone())
            .unwrap_or_else(|| "unknown caller".to_owned()),
        received: envelope.received.to_string(),
        seconds: message.length.as_secs_f64(),
        state: match (message.folder, message.read) {
            (Folder::Deleted, _) => "deleted",
            (_, true) => "read",
            (_, false) => "new",
        },
        important: envelope.importance == Importance::High,
        private: envelope.private,
        cut_short: envelope.cut_short,
    }
}

/// The sound of a message that the mailbox has. Hearing it here does not mark it as read.
async fn sound_of(pages: &Pages, mailbox: &str, id: String) -> Result<Arc<Sound>, Response> {
    let not_found = || StatusCode::NOT_FOUND.into_response();
    let (store, mailbox) = store(pages, mailbox).ok_or_else(not_found)?;
    let id = MessageId(Arc::from(id));
    let messages = all(&*store, &mailbox).await?;
    if !messages.iter().any(|message| message.envelope.id == id) {
        return Err(not_found());
    }
    store.sound(&mailbox, &id).await.map_err(|_| not_found())
}

/// A message as a WAV file.
pub(super) async fn sound(
    State(pages): State<Arc<Pages>>,
    Path((mailbox, id)): Path<(String, String)>,
) -> Response {
    match sound_of(&pages, &mailbox, id).await {
        Ok(sound) => ([(header::CONTENT_TYPE, "audio/wav")], wav(sound.samples())).into_response(),
        Err(response) => response,
    }
}

/// A message's waveform: the loudest sample of each column, 0 to 100.
pub(super) async fn shape(
    State(pages): State<Arc<Pages>>,
    Path((mailbox, id)): Path<(String, String)>,
) -> Response {
    match sound_of(&pages, &mailbox, id).await {
        Ok(sound) => Json(columns(sound.samples())).into_response(),
        Err(response) => response,
    }
}

fn columns(samples: &[i16]) -> Vec<u8> {
    if samples.is_empty() {
        return vec![0; COLUMNS];
    }
    (0..COLUMNS)
        .map(|column| {
            let from = samples.len() * column / COLUMNS;
            let until = (samples.len() * (column + 1) / COLUMNS).max(from + 1);
            let loudest = samples[from..until]
                .iter()
                .map(|sample| sample.unsigned_abs());
            let loudest = u32::from(loudest.max().unwrap_or(0).min(32_767));
            (loudest * 100 / 32_767) as u8
        })
        .collect()
}

/// 16-bit PCM in RIFF.
fn wav(samples: &[i16]) -> Vec<u8> {
    let bytes = samples.len() as u32 * 2;
    let mut file = Vec::with_capacity(44 + bytes as usize);
    file.extend_from_slice(b"RIFF");
    file.extend_from_slice(&(36 + bytes).to_le_bytes());
    file.extend_from_slice(b"WAVEfmt ");
    file.extend_from_slice(&16_u32.to_le_bytes());
    for word in [1_u16, 1] {
        file.extend_from_slice(&word.to_le_bytes());
    }
    file.extend_from_slice(&SAMPLE_RATE.to_le_bytes());
    file.extend_from_slice(&(SAMPLE_RATE * 2).to_le_bytes());
    for word in [2_u16, 16] {
        file.extend_from_slice(&word.to_le_bytes());
    }
    file.extend_from_slice(b"data");
    file.extend_from_slice(&bytes.to_le_bytes());
    for sample in samples {
        file.extend_from_slice(&sample.to_le_bytes());
    }
    file
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_waveform_has_all_its_columns_whatever_the_length() {
        assert_eq!(columns(&[]), vec![0; COLUMNS]);
        assert_eq!(columns(&[i16::MIN]), vec![100; COLUMNS]);
        let mut samples = vec![0_i16; 16_000];
        samples[15_999] = 16_384;
        let columns = columns(&samples);
        assert_eq!(columns.len(), COLUMNS);
        assert_eq!((columns[0], columns[COLUMNS - 1]), (0, 50));
    }

    #[test]
    fn a_wav_file_can_be_read_again() {
        let samples = [0, 1, -1, i16::MAX, i16::MIN];
        let reader = hound::WavReader::new(std::io::Cursor::new(wav(&samples))).unwrap();
        assert_eq!(
            (reader.spec().sample_rate, reader.spec().channels),
            (SAMPLE_RATE, 1)
        );
        let read: Vec<i16> = reader.into_samples().map(Result::unwrap).collect();
        assert_eq!(read, samples);
    }
}
