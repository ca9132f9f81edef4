//! The files of the outbox, and what a crash may have left of them.
//!
//! Every change of state is one rename or one removal, in an order in which no crash can lose a
//! message or leave a sound that nobody knows: the envelope comes before the sound and goes
//! before it. So a sound without an envelope was delivered or discarded.

use std::collections::BTreeMap;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::mail::MailOnItsWay;
use super::{OutboxFault, Recording, TapePurpose};
use crate::line::{SAMPLE_RATE, TapeId};
use crate::mailbox::{Envelope, MessageId};
use crate::store::{StoreFault, make_private_folder, sync_folder, wav};

/// What a crash left is delivered when it is longer than this.
const WORTH_DELIVERING: u64 = SAMPLE_RATE as u64;

pub(super) struct Folder {
    path: PathBuf,
}

/// An envelope on its way, as it stands in a file.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub(super) struct OnItsWay {
    pub(super) envelope: Envelope,
    /// How often the mailbox could not take it.
    #[serde(default)]
    pub(super) attempts: u32,
    /// Why it is parked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) parked: Option<String>,
}

/// What the folder held when it was opened.
#[derive(Debug, Default)]
pub(super) struct Found {
    pub(super) messages: Vec<OnItsWay>,
    pub(super) mails: Vec<MailOnItsWay>,
}

/// What a file name says about its id.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
enum Kind {
    Recording,
    Due,
    Parked,
    Sound,
    Scratch,
    Mail,
    Original,
    Unfinished,
}

impl Kind {
    const ALL: [Kind; 8] = [
        Kind::Recording,
        Kind::Due,
        Kind::Parked,
        Kind::Scratch,
        Kind::Sound,
        Kind::Mail,
        Kind::Original,
        Kind::Unfinished,
    ];

    fn ending(self) -> &'static str {
        match self {
            Kind::Recording => ".recording.json",
            Kind::Due => ".due.json",
            Kind::Parked => ".parked.json",
            Kind::Sound => ".wav",
            Kind::Scratch => ".scratch.wav",
            Kind::Mail => ".mail.json",
            Kind::Original => ".eml",
            Kind::Unfinished => ".unfinished",
        }
    }
}

impl Folder {
    /// Opens the folder and puts in order what a crash left.
    pub(super) fn open(path: &Path) -> Result<(Folder, Found), OutboxFault> {
        make_private_folder(path)?;
        let folder = Folder {
            path: path.to_owned(),
        };
        let mut found = Found::default();
        for (id, kinds) in folder.files()? {
            if kinds.contains(&Kind::Mail) {
                match folder.recover_mail(&id, &kinds) {
                    Ok(mail) => found.mails.push(mail),
                    Err(fault) => {
                        tracing::error!(%id, %fault, "a mail in the outbox cannot be read");
                    }
                }
                continue;
            }
            match folder.recover(&id, &kinds) {
                Ok(Some(on_its_way)) => found.messages.push(on_its_way),
                Ok(None) => {}
                // One unreadable message must not keep the others, or the server, from starting.
                Err(fault) => {
                    tracing::error!(%id, %fault, "a message in the outbox cannot be read");
                }
            }
        }
        sync_folder(path)?;
        Ok((folder, found))
    }

    /// What lies in the folder, without putting anything in order: it may be another's.
    pub(super) fn look(path: &Path) -> Result<Found, OutboxFault> {
        let folder = Folder {
            path: path.to_owned(),
        };
        let mut found = Found::default();
        for (id, kinds) in folder.files()? {
            // What cannot be read may just have been delivered.
            if kinds.contains(&Kind::Mail) {
                found.mails.extend(folder.read(&id, Kind::Mail).ok());
            }
            for kind in [Kind::Due, Kind::Parked] {
                if kinds.contains(&kind) {
                    found.messages.extend(folder.read(&id, kind).ok());
                }
            }
        }
        Ok(found)
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    fn file(&self, id: &str, kind: Kind) -> PathBuf {
        self.path.join(format!("{id}{}", kind.ending()))
    }

    /// The file that holds the sound of a message on its way.
    pub(super) fn sound_file(&self, id: &MessageId) -> PathBuf {
        self.file(&id.0, Kind::Sound)
    }

    fn files(&self) -> Result<BTreeMap<String, Vec<Kind>>, StoreFault> {
        let failed = |error| StoreFault::file(&self.path, &error);
        let mut files: BTreeMap<String, Vec<Kind>> = BTreeMap::new();
        for entry in fs::read_dir(&self.path).map_err(failed)? {
            let Ok(name) = entry.map_err(failed)?.file_name().into_string() else {
                continue;
            };
            let kind = Kind::ALL.into_iter().find_map(|kind| {
                let id = name.strip_suffix(kind.ending())?;
                (!id.contains('.')).then_some((id.to_owned(), kind))
            });
            if let Some((id, kind)) = kind {
                files.entry(id).or_default().push(kind);
            }
        }
        Ok(files)
    }

    fn recover(&self, id: &str, kinds: &[Kind]) -> Result<Option<OnItsWay>, OutboxFault> {
        let has = |kind| kinds.contains(&kind);
        for kind in [Kind::Unfinished, Kind::Scratch, Kind::Original] {
            if has(kind) {
                self.remove(id, kind)?;
            }
        }
        for kind in [Kind::Due, Kind::Parked] {
            if !has(kind) {
                continue;
            }
            for left_behind in [Kind::Recording, Kind::Due] {
                if has(left_behind) && left_behind != kind {
                    self.remove(id, left_behind)?;
                }
            }
            // Without its sound it was most likely delivered before a loss of power that undid only
            // half of forgetting it: then the mailbox knows its id and says so.
            return Ok(Some(self.read(id, kind)?));
        }
        if !has(Kind::Recording) {
            if has(Kind::Sound) {
                self.remove(id, Kind::Sound)?;
            }
            return Ok(None);
        }
        self.recover_recording(id, has(Kind::Sound))
    }

    /// Makes a message, cut short, of a recording that was never acknowledged.
    fn recover_recording(
        &self,
        id: &str,
        has_sound: bool,
    ) -> Result<Option<OnItsWay>, OutboxFault> {
        let sound = self.file(id, Kind::Sound);
        let bytes = match fs::metadata(&sound) {
            Ok(metadata) if has_sound => metadata.len(),
            _ => 0,
        };
        let samples = bytes.saturating_sub(wav::HEADER as u64) / 2;
        if samples <= WORTH_DELIVERING {
            self.remove(id, Kind::Recording)?;
            if has_sound {
                self.remove(id, Kind::Sound)?;
            }
            return Ok(None);
        }
        let OnItsWay { mut envelope, .. } = self.read(id, Kind::Recording)?;
        envelope.cut_short = true;
        let recording = Recording {
            tape: TapeId(id.into()),
            samples,
            voiced: std::time::Duration::ZERO,
        };
        tracing::warn!(%id, seconds = samples / u64::from(SAMPLE_RATE), "recovered a recording that was cut short");
        self.acknowledge(&envelope, &recording)?;
        Ok(Some(OnItsWay {
            envelope,
            attempts: 0,
            parked: None,
        }))
    }

    /// Makes the files of a fresh tape.
    pub(super) fn begin(&self, tape: &TapeId, purpose: TapePurpose) -> Result<File, OutboxFault> {
        let kind = match purpose {
            TapePurpose::Scratch => Kind::Scratch,
            TapePurpose::Message(mut envelope) => {
                envelope.id = MessageId(tape.0.clone());
                let begun = OnItsWay {
                    envelope: *envelope,
                    attempts: 0,
                    parked: None,
                };
                self.write(&tape.0, Kind::Recording, &begun)?;
                Kind::Sound
            }
        };
        let path = self.file(&tape.0, kind);
        create(&path).map_err(|error| StoreFault::file(&path, &error).into())
    }

    /// Opens the file of `recording` behind what it keeps.
    pub(super) fn reopen(&self, recording: &Recording) -> Result<File, OutboxFault> {
        self.cut(recording)?;
        let path = self.tape_file(&recording.tape)?;
        OpenOptions::new()
            .append(true)
            .open(&path)
            .map_err(|error| StoreFault::file(&path, &error).into())
    }

    /// Cuts the file to what is kept, and makes its header say so.
    pub(super) fn cut(&self, recording: &Recording) -> Result<(), OutboxFault> {
        let path = self.tape_file(&recording.tape)?;
        cut(&path, recording.samples)
            .map(drop)
            .map_err(|error| StoreFault::file(&path, &error).into())
    }

    /// The samples that are kept.
    pub(super) fn samples(&self, recording: &Recording) -> Result<Vec<i16>, OutboxFault> {
        let path = self.tape_file(&recording.tape)?;
        let mut samples =
            wav::read_stored(&path).map_err(|error| StoreFault::file(&path, &error))?;
        samples.truncate(usize::try_from(recording.samples).unwrap_or(usize::MAX));
        Ok(samples)
    }

    /// Makes a message of a recording, synced: sound, envelope and folder.
    pub(super) fn acknowledge(
        &self,
        envelope: &Envelope,
        recording: &Recording,
    ) -> Result<(), OutboxFault> {
        let id = &*recording.tape.0;
        let recorded = self.tape_file(&recording.tape)?;
        let failed = |path: &Path, error: io::Error| StoreFault::file(path, &error);
        let file = cut(&recorded, recording.samples).map_err(|error| failed(&recorded, error))?;
        file.sync_all().map_err(|error| failed(&recorded, error))?;
        let due = OnItsWay {
            envelope: envelope.clone(),
            attempts: 0,
            parked: None,
        };
        self.write(id, Kind::Due, &due)?;
        let sound = self.file(id, Kind::Sound);
        if recorded != sound {
            fs::rename(&recorded, &sound).map_err(|error| failed(&sound, error))?;
        }
        sync_folder(&self.path)?;
        self.remove(id, Kind::Recording)?;
        Ok(())
    }

    pub(super) fn discard(&self, tape: &TapeId) -> Result<(), OutboxFault> {
        self.remove(&tape.0, Kind::Recording)?;
        self.remove(&tape.0, Kind::Scratch)?;
        // A message that was acknowledged meanwhile is no longer the caller's to discard.
        if !self.file(&tape.0, Kind::Due).exists() && !self.file(&tape.0, Kind::Parked).exists() {
            self.remove(&tape.0, Kind::Sound)?;
        }
        Ok(())
    }

    /// Forgets a message that is in its mailbox.
    pub(super) fn delivered(&self, id: &MessageId) -> Result<(), OutboxFault> {
        self.remove(&id.0, Kind::Due)?;
        self.remove(&id.0, Kind::Sound)
    }

    /// Notes how often a message was tried. Not worth waiting for the disk.
    pub(super) fn note_attempts(&self, on_its_way: &OnItsWay) -> Result<(), OutboxFault> {
        self.write(&on_its_way.envelope.id.0, Kind::Due, on_its_way)
    }

    pub(super) fn park(&self, on_its_way: &OnItsWay) -> Result<(), OutboxFault> {
        let id = &on_its_way.envelope.id.0;
        self.write(id, Kind::Parked, on_its_way)?;
        sync_folder(&self.path)?;
        self.remove(id, Kind::Due)
    }

    pub(super) fn unpark(&self, on_its_way: &OnItsWay) -> Result<(), OutboxFault> {
        let id = &on_its_way.envelope.id.0;
        self.write(id, Kind::Due, on_its_way)?;
        sync_folder(&self.path)?;
        self.remove(id, Kind::Parked)
    }

    /// Takes over a mail, synced: its files, then its state, and the folder. A crash before the end
    /// leaves files that nobody knows; they are removed at the next start.
    pub(super) fn acknowledge_mail(
        &self,
        mail: &MailOnItsWay,
        samples: Option<&[i16]>,
        original: Option<&[u8]>,
        recorded: Option<&TapeId>,
    ) -> Result<(), OutboxFault> {
        let id = &*mail.mail.id.0;
        let sound = self.file(id, Kind::Sound);
        if let Some(samples) = samples {
            wav::write_stored(&sound, samples).map_err(|error| StoreFault::file(&sound, &error))?;
        }
        if let Some(original) = original {
            let path = self.file(id, Kind::Original);
            let written = || -> io::Result<()> {
                let mut file = File::create(&path)?;
                file.write_all(original)?;
                file.sync_all()
            };
            written().map_err(|error| StoreFault::file(&path, &error))?;
        }
        sync_folder(&self.path)?;
        self.note_mail(mail)?;
        sync_folder(&self.path)?;
        if let Some(tape) = recorded {
            self.remove(&tape.0, Kind::Scratch)?;
        }
        Ok(())
    }

    /// Writes how far a mail has got, synced.
    pub(super) fn note_mail(&self, mail: &MailOnItsWay) -> Result<(), OutboxFault> {
        self.write(&mail.mail.id.0, Kind::Mail, mail)
    }

    /// Forgets a mail that everybody has, or will never have.
    pub(super) fn finish_mail(&self, id: &MessageId) -> Result<(), OutboxFault> {
        self.remove(&id.0, Kind::Mail)?;
        self.remove(&id.0, Kind::Original)?;
        self.remove(&id.0, Kind::Sound)
    }

    /// The sound of a mail, if it has one.
    pub(super) fn mail_sound(&self, id: &MessageId) -> Result<Option<Vec<i16>>, OutboxFault> {
        let path = self.file(&id.0, Kind::Sound);
        match wav::read_stored(&path) {
            Ok(samples) => Ok(Some(samples)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(StoreFault::file(&path, &error).into()),
        }
    }

    /// The e-mail that a mail forwards, if it does.
    pub(super) fn mail_original(&self, id: &MessageId) -> Result<Option<Vec<u8>>, OutboxFault> {
        let path = self.file(&id.0, Kind::Original);
        match fs::read(&path) {
            Ok(original) => Ok(Some(original)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(StoreFault::file(&path, &error).into()),
        }
    }

    fn recover_mail(&self, id: &str, kinds: &[Kind]) -> Result<MailOnItsWay, OutboxFault> {
        for kind in [Kind::Unfinished, Kind::Scratch] {
            if kinds.contains(&kind) {
                self.remove(id, kind)?;
            }
        }
        self.read(id, Kind::Mail)
    }

    fn tape_file(&self, tape: &TapeId) -> Result<PathBuf, OutboxFault> {
        [Kind::Sound, Kind::Scratch]
            .into_iter()
            .map(|kind| self.file(&tape.0, kind))
            .find(|path| path.exists())
            .ok_or_else(|| OutboxFault::NotFound(tape.0.to_string()))
    }

    fn read<T: DeserializeOwned>(&self, id: &str, kind: Kind) -> Result<T, OutboxFault> {
        let path = self.file(id, kind);
        let text = fs::read_to_string(&path).map_err(|error| StoreFault::file(&path, &error))?;
        Ok(serde_json::from_str(&text).map_err(|error| {
            StoreFault::file(&path, &io::Error::new(io::ErrorKind::InvalidData, error))
        })?)
    }

    /// Writes an envelope, synced, all or nothing; the folder is the caller's to sync.
    fn write(&self, id: &str, kind: Kind, content: &impl Serialize) -> Result<(), OutboxFault> {
        let unfinished = self.file(id, Kind::Unfinished);
        let path = self.file(id, kind);
        let written = || -> io::Result<()> {
            let mut file = File::create(&unfinished)?;
            file.write_all(&serde_json::to_vec_pretty(content)?)?;
            file.sync_all()?;
            fs::rename(&unfinished, &path)
        };
        Ok(written().map_err(|error| StoreFault::file(&path, &error))?)
    }

    /// Removes a file if it is there.
    fn remove(&self, id: &str, kind: Kind) -> Result<(), OutboxFault> {
        let path = self.file(id, kind);
        match fs::remove_file(&path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                Err(StoreFault::file(&path, &error).into())
            }
            _ => Ok(()),
        }
    }
}

fn create(path: &Path) -> io::Result<File> {
    let mut file = OpenOptions::new()
        .append(true)
        .create_new(true)
        .open(path)?;
    file.write_all(&wav::header(0))?;
    Ok(file)
}

/// Cuts the file to `samples`, or to what it holds, and puts its header right.
fn cut(path: &Path, samples: u64) -> io::Result<File> {
    let mut file = OpenOptions::new().write(true).open(path)?;
    let held = file.metadata()?.len().saturating_sub(wav::HEADER as u64) / 2;
    let kept = samples.min(held);
    file.set_len(wav::HEADER as u64 + kept * 2)?;
    file.seek(SeekFrom::Start(0))?;
    file.write_all(&wav::header(kept))?;
    Ok(file)
}

/// Free and total bytes of the disk under `folder`.
pub(super) fn disk_space(folder: &Path) -> io::Result<(u64, u64)> {
    let space = rustix::fs::statvfs(folder)?;
    let block = space.f_frsize;
    Ok((
        space.f_bavail.saturating_mul(block),
        space.f_blocks.saturating_mul(block),
    ))
}
