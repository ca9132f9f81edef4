//! Where the files of words come from: a configured folder, else the ones inside the binary, so
//! that a binary installed alone works and an administrator can still change every word.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use rust_embed::RustEmbed;

use super::LanguageFault;
use crate::line::Locale;

#[derive(RustEmbed)]
#[folder = "$CARGO_MANIFEST_DIR/prompts"]
struct EmbeddedPrompts;

#[derive(RustEmbed)]
#[folder = "$CARGO_MANIFEST_DIR/grammars"]
struct EmbeddedGrammars;

/// No file of words is larger; a studio recording has a minute at 48 kHz stereo.
const FILE_SIZE_MAX: u64 = 12 * 1024 * 1024;

/// A prompt without variables as an actor spoke it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct StudioRecording {
    /// The language it was spoken in.
    pub locale: Locale,
    /// The prompt.
    pub prompt: String,
    /// The WAV file's bytes.
    pub wav: Vec<u8>,
}

/// All files under `prompts/` and `grammars/`, by path with forward slashes.
#[derive(Default)]
pub struct Assets {
    files: BTreeMap<String, Vec<u8>>,
}

impl Assets {
    /// The files inside the binary.
    pub fn embedded() -> Assets {
        let mut files = BTreeMap::new();
        for name in EmbeddedPrompts::iter() {
            if let Some(file) = EmbeddedPrompts::get(&name) {
                files.insert(format!("prompts/{name}"), file.data.into_owned());
            }
        }
        for name in EmbeddedGrammars::iter() {
            if let Some(file) = EmbeddedGrammars::get(&name) {
                files.insert(format!("grammars/{name}"), file.data.into_owned());
            }
        }
        Assets { files }
    }

    /// The files inside the binary, with those of `folder` (which holds `prompts/`, `grammars/` or
    /// both) in their place where both have one.
    pub fn with_folder(folder: &Path) -> Result<Assets, LanguageFault> {
        let mut assets = Assets::embedded();
        let mut found = false;
        for part in ["prompts", "grammars"] {
            let root = folder.join(part);
            if root.is_dir() {
                found = true;
                assets.read_folder(&root, part)?;
            }
        }
        if found {
            Ok(assets)
        } else {
            Err(LanguageFault::wrong(
                folder.display().to_string(),
                "prompts/ or grammars/",
                "neither folder is there",
                "name the folder that holds them, or leave the setting out to use the built-in words",
            ))
        }
    }

    /// All files, by their names from `prompts/` or `grammars/` on.
    pub fn files(&self) -> impl Iterator<Item = (&str, &[u8])> {
        let files = self.files.iter();
        files.map(|(name, bytes)| (name.as_str(), bytes.as_slice()))
    }

    /// Files given as path and text, for tests of what the files say.
    pub fn from_texts<'a>(texts: impl IntoIterator<Item = (&'a str, &'a str)>) -> Assets {
        Assets {
            files: texts
                .into_iter()
                .map(|(path, text)| (path.to_owned(), text.as_bytes().to_vec()))
                .collect(),
        }
    }

    fn read_folder(&mut self, folder: &Path, name: &str) -> Result<(), LanguageFault> {
        let unreadable = |source| LanguageFault::Unreadable {
            path: folder.to_path_buf(),
            source,
        };
        for entry in std::fs::read_dir(folder).map_err(unreadable)? {
            let entry = entry.map_err(unreadable)?;
            let path: PathBuf = entry.path();
            let Some(file_name) = path.file_name().and_then(|name| name.to_str()) else {
                continue;
            };
            if file_name.starts_with('.') {
                continue;
            }
            let name = format!("{name}/{file_name}");
            if path.is_dir() {
                // Three levels are used: prompts/<locale>/audio. Deeper is somebody else's folder.
                if name.matches('/').count() < 3 {
                    self.read_folder(&path, &name)?;
                }
            } else if matches!(
                path.extension().and_then(|e| e.to_str()),
                Some("ftl" | "toml" | "wav")
            ) {
                let unreadable = |source| LanguageFault::Unreadable {
                    path: path.clone(),
                    source,
                };
                let size = std::fs::metadata(&path).map_err(unreadable)?.len();
                if size > FILE_SIZE_MAX {
                    return Err(LanguageFault::wrong(
                        path.display().to_string(),
                        "size",
                        format!("{size} bytes are more than {FILE_SIZE_MAX}"),
                        "make it shorter",
                    ));
                }
                self.files
                    .insert(name, std::fs::read(&path).map_err(unreadable)?);
            }
        }
        Ok(())
    }

    /// The text of one file.
    pub(crate) fn text(&self, path: &str) -> Option<Result<&str, LanguageFault>> {
        self.files.get(path).map(|bytes| {
            std::str::from_utf8(bytes).map_err(|fault| {
                LanguageFault::wrong(
                    path,
                    format!("byte {}", fault.valid_up_to()),
                    "not UTF-8",
                    "save the file as UTF-8",
                )
            })
        })
    }

    /// The paths below `folder` that end in `extension`, in alphabetical order.
    pub(crate) fn paths<'a>(
        &'a self,
        folder: &'a str,
        extension: &'a str,
    ) -> impl Iterator<Item = &'a str> + 'a {
        self.files
            .keys()
            .map(String::as_str)
            .filter(move |path| path.starts_with(folder) && path.ends_with(extension))
    }

    /// The locales that have prompts.
    pub fn locales(&self) -> Vec<Locale> {
        let mut tags: Vec<&str> = self
            .paths("prompts/", ".ftl")
            .filter_map(|path| path.split('/').nth(1))
            .collect();
        tags.dedup();
        tags.into_iter().map(Locale::new).collect()
    }

    /// Every studio recording at hand.
    pub fn studio_recordings(&self) -> Vec<StudioRecording> {
        self.files
            .iter()
            .filter_map(|(path, wav)| {
                let rest = path.strip_prefix("prompts/")?.strip_suffix(".wav")?;
                let (tag, prompt) = rest.split_once("/audio/")?;
                Some(StudioRecording {
                    locale: Locale::new(tag),
                    prompt: prompt.to_owned(),
                    wav: wav.clone(),
                })
            })
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_overrides_one_file_and_leaves_the_rest() {
        let folder = tempfile::tempdir().unwrap();
        let own = folder.path().join("prompts/en-US");
        std::fs::create_dir_all(own.join("audio")).unwrap();
        std::fs::write(own.join("reception.ftl"), "welcome = Ahoy.\n").unwrap();
        std::fs::write(own.join("audio/goodbye.wav"), "RIFF").unwrap();
        let assets = Assets::with_folder(folder.path()).unwrap();
        let own_text = assets.text("prompts/en-US/reception.ftl").unwrap().unwrap();
        assert_eq!(own_text, "welcome = Ahoy.\n");
        assert!(assets.text("prompts/en-US/numbers.toml").is_some());
        let recordings = assets.studio_recordings();
        assert_eq!(recordings.len(), 1);
        assert_eq!(recordings[0].prompt, "goodbye");
        assert_eq!(recordings[0].locale, Locale::new("en-US"));
    }

    #[test]
    fn an_empty_folder_is_refused_with_a_cure() {
        let folder = tempfile::tempdir().unwrap();
        let fault = Assets::with_folder(folder.path())
            .err()
            .unwrap()
            .to_string();
        assert!(fault.contains("name the folder"), "{fault}");
    }
}
