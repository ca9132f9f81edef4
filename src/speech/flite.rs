//! English, by flite.
//!
//! flite cannot write to a pipe (the file is cut or empty, and it says that all is well), so its
//! sound goes through a private file in memory. A voice that it does not know becomes another one
//! without a word, so names are checked against its own list.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

use async_trait::async_trait;
use deunicode::deunicode;

use super::voice::{Synthesizer, VoiceInfo, readable, spoken};
use super::{Priority, SpeechFault, child};

const ENGINE: &str = "flite";

pub(super) struct Flite {
    program: PathBuf,
    voices: Vec<VoiceInfo>,
    scratch: Scratch,
}

impl Flite {
    /// Asks the program for its version and voices.
    pub(super) async fn find(program: &Path) -> Result<Flite, SpeechFault> {
        let list = child::run(program, &["-lv"], "", Priority::First).await?;
        let list = String::from_utf8_lossy(&list);
        let names = list
            .split(':')
            .nth(1)
            .unwrap_or_default()
            .split_whitespace();
        // `flite --version` ends with status 1, so its text does not come back. What is known of
        // the version goes by the program file, which a package update replaces.
        let version = program_age(program);
        let voices: Vec<VoiceInfo> = names
            .map(|name| VoiceInfo {
                engine: ENGINE,
                version: version.clone(),
                name: name.to_owned(),
                language: "en".into(),
            })
            .collect();
        if voices.is_empty() {
            return Err(SpeechFault::NoVoices {
                program: program.display().to_string(),
            });
        }
        Ok(Flite {
            program: program.to_path_buf(),
            voices,
            scratch: Scratch::new()?,
        })
    }
}

#[async_trait]
impl Synthesizer for Flite {
    fn voices(&self) -> &[VoiceInfo] {
        &self.voices
    }

    async fn speak(
        &self,
        voice: &VoiceInfo,
        text: &str,
        rate: u16,
        priority: Priority,
    ) -> Result<(Vec<i16>, u32), SpeechFault> {
        // It reads ASCII; other letters come out as rubbish, other scripts as nothing.
        let text = readable(&deunicode(&readable(text)?))?;
        let file = self.scratch.file();
        let stretch = format!("duration_stretch={:.2}", 100.0 / f32::from(rate.max(1)));
        let output = file.0.to_string_lossy().into_owned();
        let arguments = ["-voice", &voice.name, "--setf", &stretch, "-o", &output];
        child::run(&self.program, &arguments, &text, priority).await?;
        let bytes = tokio::fs::read(&file.0)
            .await
            .map_err(|source| SpeechFault::File {
                path: file.0.clone(),
                source,
            })?;
        spoken(ENGINE, &text, &bytes)
    }
}

/// Size and time of the program's file, wherever it is on the search path.
pub(super) fn program_age(program: &Path) -> String {
    std::fs::metadata(child::on_search_path(program)).map_or_else(
        |_| String::new(),
        |file| {
            let changed = file.modified().ok();
            let changed = changed.and_then(|time| time.duration_since(std::time::UNIX_EPOCH).ok());
            format!("{}-{}", file.len(), changed.unwrap_or_default().as_secs())
        },
    )
}

/// A folder that nobody else can read, in memory where the system has such a place.
struct Scratch {
    folder: PathBuf,
    files: AtomicU64,
}

/// A file name in it; the file goes when this is dropped, so that mail read aloud leaves no trace.
struct ScratchFile(PathBuf);

impl Scratch {
    fn new() -> Result<Scratch, SpeechFault> {
        use std::os::unix::fs::DirBuilderExt;
        let places = [PathBuf::from("/dev/shm"), std::env::temp_dir()];
        let mut fault = std::io::Error::from(std::io::ErrorKind::NotFound);
        for place in places {
            remove_left_behind(&place);
            let name = format!(
                "ringback-voice-{}-{:016x}",
                std::process::id(),
                rand::random::<u64>()
            );
            let folder = place.join(name);
            match std::fs::DirBuilder::new().mode(0o700).create(&folder) {
                Ok(()) => {
                    return Ok(Scratch {
                        folder,
                        files: AtomicU64::new(0),
                    });
                }
                Err(refused) => fault = refused,
            }
        }
        Err(SpeechFault::File {
            path: std::env::temp_dir(),
            source: fault,
        })
    }

    fn file(&self) -> ScratchFile {
        let number = self.files.fetch_add(1, Ordering::Relaxed);
        ScratchFile(self.folder.join(format!("{number}.wav")))
    }
}

/// Folders of servers that were killed: their process is gone.
fn remove_left_behind(place: &Path) {
    let Ok(entries) = std::fs::read_dir(place) else {
        return;
    };
    for entry in entries.flatten() {
        let name = entry.file_name();
        let process = name
            .to_str()
            .and_then(|name| name.strip_prefix("ringback-voice-"))
            .and_then(|rest| rest.split('-').next())
            .and_then(|process| process.parse().ok())
            .and_then(rustix::process::Pid::from_raw);
        let gone = process.is_some_and(|process| {
            rustix::process::test_kill_process(process) == Err(rustix::io::Errno::SRCH)
        });
        if gone {
            // Another user's folder stays: we may not remove it.
            let _ = std::fs::remove_dir_all(entry.path());
        }
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

impl Drop for ScratchFile {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn flite() -> Option<Flite> {
        match Flite::find(Path::new("flite")).await {
            Err(fault @ SpeechFault::NotInstalled { .. }) => {
                eprintln!("SKIPPED: {fault} (apt-get install flite)");
                None
            }
            found => Some(found.unwrap()),
        }
    }

    fn rms(flite: &Flite) -> VoiceInfo {
        let found = flite.voices().iter().find(|voice| voice.name == "rms");
        found.unwrap().clone()
    }

    #[tokio::test]
    async fn english_is_spoken_by_every_voice() {
        let Some(flite) = flite().await else { return };
        for name in ["kal", "kal16", "awb", "rms", "slt"] {
            let voice = flite
                .voices()
                .iter()
                .find(|voice| voice.name == name)
                .unwrap();
            let text = "You have three new voice messages.";
            let spoken = flite.speak(voice, text, 100, Priority::First).await;
            let (samples, rate) = spoken.unwrap();
            let seconds = samples.len() as f32 / rate as f32;
            assert!((1.5..5.0).contains(&seconds), "{name}: {seconds} s");
            let faster = flite
                .speak(voice, text, 150, Priority::First)
                .await
                .unwrap()
                .0;
            assert!(faster.len() < samples.len() * 4 / 5, "{name}: no faster");
        }
        let left: Vec<_> = std::fs::read_dir(&flite.scratch.folder).unwrap().collect();
        assert!(left.is_empty());
        let folder = flite.scratch.folder.clone();
        drop(flite);
        assert!(!folder.exists());
    }

    #[tokio::test]
    async fn names_in_other_scripts_are_romanised() {
        let Some(flite) = flite().await else { return };
        let voice = rms(&flite);
        for name in ["王小明", "Łukasz Żółć", "Мария"] {
            let spoken = flite.speak(&voice, name, 100, Priority::First).await;
            assert!(spoken.is_ok(), "{name}: {:?}", spoken.err());
        }
        let nothing = flite
            .speak(&voice, "\u{1F600}!?", 100, Priority::First)
            .await;
        // An emoji has a name in words, or is refused; silence it must not be.
        if let Ok((samples, rate)) = nothing {
            assert!(samples.len() as u32 > rate / 4);
        }
    }

    #[tokio::test]
    async fn hostile_text_is_only_text() {
        let Some(flite) = flite().await else { return };
        let voice = rms(&flite);
        let text = "-o /tmp/x.wav; $(reboot) <speak>ok</speak> \u{0}\u{1b}[2J -voice slt";
        let spoken = flite.speak(&voice, text, 100, Priority::First).await;
        assert!(spoken.is_ok(), "{:?}", spoken.err());
    }

    #[tokio::test]
    async fn an_absent_program_is_no_voice() {
        let found = Flite::find(Path::new("/nonexistent/flite")).await;
        assert!(matches!(found, Err(SpeechFault::NotInstalled { .. })));
    }

    #[test]
    fn folders_of_dead_servers_are_removed() {
        let place = tempfile::tempdir().unwrap();
        // No process has the highest number.
        let dead = place.path().join(format!("ringback-voice-{}-1", i32::MAX));
        let ours = place
            .path()
            .join(format!("ringback-voice-{}-1", std::process::id()));
        let other = place.path().join("something-else");
        for folder in [&dead, &ours, &other] {
            std::fs::create_dir(folder).unwrap();
        }
        remove_left_behind(place.path());
        assert!(!dead.exists());
        assert!(ours.exists() && other.exists());
    }
}
