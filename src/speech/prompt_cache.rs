//! What was spoken once is kept: in memory what is used, on disk what may be, each bounded by
//! dropping what was used longest ago.
//!
//! A sound's name is the hash of everything that makes it sound as it does. The same voice may
//! speak the same words a little differently each time, so sounds are never compared, only names.

use std::collections::{BTreeMap, HashMap};
use std::io::Cursor;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::SystemTime;

use sha2::{Digest, Sha256};

use super::{SpeechFault, VoiceInfo};
use crate::line::{SAMPLE_RATE, Sound};

/// Counted up whenever sound is made differently from the same words: level, filters, trimming.
const FORMAT: &str = "1";
/// Samples and both G.711 forms.
const BYTES_PER_SAMPLE_IN_MEMORY: usize = 4;

/// The name of one cached sound.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub(super) struct CacheKey([u8; 16]);

impl CacheKey {
    pub(super) fn new(voice: &VoiceInfo, rate: u16, locale: &str, text: &str) -> CacheKey {
        let mut hash = Sha256::new();
        for part in [
            FORMAT,
            voice.engine,
            &voice.version,
            &voice.name,
            &rate.to_string(),
            locale,
            text,
        ] {
            hash.update((part.len() as u64).to_be_bytes());
            hash.update(part);
        }
        let mut key = [0; 16];
        key.copy_from_slice(&hash.finalize()[..16]);
        CacheKey(key)
    }

    fn file_name(self) -> String {
        let hex: String = self.0.iter().map(|byte| format!("{byte:02x}")).collect();
        format!("{hex}.wav")
    }

    fn of_file_name(name: &str) -> Option<CacheKey> {
        let hex = name
            .strip_suffix(".wav")
            .filter(|hex| hex.len() == 32 && hex.is_ascii())?;
        let mut key = [0; 16];
        for (index, byte) in key.iter_mut().enumerate() {
            *byte = u8::from_str_radix(&hex[2 * index..2 * index + 2], 16).ok()?;
        }
        Some(CacheKey(key))
    }
}

/// Sounds at hand.
pub(super) struct Memory {
    bytes_max: usize,
    state: Mutex<MemoryState>,
}

#[derive(Default)]
struct MemoryState {
    sounds: HashMap<CacheKey, (Arc<Sound>, u64)>,
    bytes: usize,
    uses: u64,
}

impl Memory {
    pub(super) fn new(bytes_max: usize) -> Memory {
        Memory {
            bytes_max,
            state: Mutex::default(),
        }
    }

    pub(super) fn get(&self, key: CacheKey) -> Option<Arc<Sound>> {
        let mut state = lock(&self.state);
        state.uses += 1;
        let now = state.uses;
        let (sound, used) = state.sounds.get_mut(&key)?;
        *used = now;
        Some(sound.clone())
    }

    pub(super) fn put(&self, key: CacheKey, sound: Arc<Sound>) {
        let bytes = size_in_memory(&sound);
        if bytes > self.bytes_max / 8 {
            return;
        }
        let mut state = lock(&self.state);
        state.uses += 1;
        let now = state.uses;
        state.bytes += bytes;
        if let Some((old, _)) = state.sounds.insert(key, (sound, now)) {
            state.bytes -= size_in_memory(&old);
        }
        if state.bytes > self.bytes_max {
            let mut by_use: Vec<(u64, CacheKey)> = state
                .sounds
                .iter()
                .map(|(key, (_, used))| (*used, *key))
                .collect();
            by_use.sort_unstable();
            for (_, key) in by_use {
                if state.bytes <= self.bytes_max / 10 * 9 {
                    break;
                }
                if let Some((old, _)) = state.sounds.remove(&key) {
                    state.bytes -= size_in_memory(&old);
                }
            }
        }
    }
}

fn size_in_memory(sound: &Sound) -> usize {
    sound.samples().len() * BYTES_PER_SAMPLE_IN_MEMORY + 128
}

/// Sounds on disk. Everything here blocks: call it where that is allowed.
pub(super) struct Disk {
    folder: PathBuf,
    bytes_max: u64,
    files: Mutex<Index>,
    temporary: AtomicU64,
}

#[derive(Default)]
struct Index {
    sizes: HashMap<CacheKey, (u64, u64)>,
    by_use: BTreeMap<u64, CacheKey>,
    bytes: u64,
    uses: u64,
}

impl Index {
    fn used(&mut self, key: CacheKey, size: Option<u64>) {
        let known = self.forget(key);
        if let Some(size) = size.or(known) {
            self.uses += 1;
            self.sizes.insert(key, (size, self.uses));
            self.by_use.insert(self.uses, key);
            self.bytes += size;
        }
    }

    fn forget(&mut self, key: CacheKey) -> Option<u64> {
        let (size, use_number) = self.sizes.remove(&key)?;
        self.by_use.remove(&use_number);
        self.bytes -= size;
        Some(size)
    }
}

impl Disk {
    /// Opens the folder, making it if need be, and counts what is there.
    pub(super) fn open(folder: &Path, bytes_max: u64) -> Result<Disk, SpeechFault> {
        use std::os::unix::fs::DirBuilderExt;
        let fault = |source| SpeechFault::File {
            path: folder.to_path_buf(),
            source,
        };
        std::fs::DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(folder)
            .map_err(fault)?;
        let mut found: Vec<(SystemTime, CacheKey, u64)> = Vec::new();
        for entry in std::fs::read_dir(folder).map_err(fault)? {
            let entry = entry.map_err(fault)?;
            let name = entry.file_name();
            let name = name.to_string_lossy();
            if name.starts_with(".new-") {
                // A server was stopped while it wrote.
                let _ = std::fs::remove_file(entry.path());
            } else if let (Some(key), Ok(file)) = (CacheKey::of_file_name(&name), entry.metadata())
            {
                let changed = file.modified().unwrap_or(SystemTime::UNIX_EPOCH);
                found.push((changed, key, file.len()));
            }
        }
        found.sort_unstable();
        let mut index = Index::default();
        for (_, key, size) in found {
            index.used(key, Some(size));
        }
        let disk = Disk {
            folder: folder.to_path_buf(),
            bytes_max,
            files: Mutex::new(index),
            temporary: AtomicU64::new(0),
        };
        disk.drop_oldest();
        Ok(disk)
    }

    pub(super) fn has(&self, key: CacheKey) -> bool {
        lock(&self.files).sizes.contains_key(&key)
    }

    /// The sound of this name; a file that cannot be read is removed, so that it is made anew.
    pub(super) fn get(&self, key: CacheKey) -> Option<Sound> {
        if !self.has(key) {
            return None;
        }
        let path = self.folder.join(key.file_name());
        let sound = std::fs::read(&path)
            .ok()
            .and_then(|bytes| read_exactly(&bytes));
        if sound.is_some() {
            lock(&self.files).used(key, None);
            // So that it still counts as used after a restart.
            if let Ok(file) = std::fs::File::options().append(true).open(&path) {
                let _ = file.set_modified(system_time());
            }
        } else {
            lock(&self.files).forget(key);
            let _ = std::fs::remove_file(&path);
        }
        sound
    }

    /// Keeps a sound: written under another name and renamed, so that nobody reads half of it.
    pub(super) fn put(&self, key: CacheKey, sound: &Sound) -> Result<(), SpeechFault> {
        let bytes = written(sound)?;
        if bytes.len() as u64 > self.bytes_max / 8 {
            return Ok(());
        }
        let number = self.temporary.fetch_add(1, Ordering::Relaxed);
        let temporary = self
            .folder
            .join(format!(".new-{}-{number}", std::process::id()));
        let path = self.folder.join(key.file_name());
        let result =
            std::fs::write(&temporary, &bytes).and_then(|()| std::fs::rename(&temporary, &path));
        if let Err(source) = result {
            let _ = std::fs::remove_file(&temporary);
            return Err(SpeechFault::File { path, source });
        }
        lock(&self.files).used(key, Some(bytes.len() as u64));
        self.drop_oldest();
        Ok(())
    }

    fn drop_oldest(&self) {
        let mut doomed = Vec::new();
        {
            let mut index = lock(&self.files);
            if index.bytes > self.bytes_max {
                while index.bytes > self.bytes_max / 10 * 9 {
                    let Some(key) = index.by_use.values().next().copied() else {
                        break;
                    };
                    index.forget(key);
                    doomed.push(key);
                }
            }
        }
        for key in doomed {
            let _ = std::fs::remove_file(self.folder.join(key.file_name()));
        }
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "the age of a cache file is the machine's own business and no part of a conversation"
)]
fn system_time() -> SystemTime {
    SystemTime::now()
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex
        .lock()
        .unwrap_or_else(|poisoned| poisoned.into_inner())
}

fn written(sound: &Sound) -> Result<Vec<u8>, SpeechFault> {
    let spec = hound::WavSpec {
        channels: 1,
        sample_rate: SAMPLE_RATE,
        bits_per_sample: 16,
        sample_format: hound::SampleFormat::Int,
    };
    let mut bytes = Cursor::new(Vec::with_capacity(sound.samples().len() * 2 + 44));
    let fault = |fault: hound::Error| SpeechFault::Sound(fault.to_string());
    let mut writer = hound::WavWriter::new(&mut bytes, spec).map_err(fault)?;
    for sample in sound.samples() {
        writer.write_sample(*sample).map_err(fault)?;
    }
    writer.finalize().map_err(fault)?;
    Ok(bytes.into_inner())
}

/// Our own file, or nothing: a cut one is not repaired but made anew.
fn read_exactly(bytes: &[u8]) -> Option<Sound> {
    let reader = hound::WavReader::new(Cursor::new(bytes)).ok()?;
    let spec = reader.spec();
    if (spec.channels, spec.sample_rate, spec.bits_per_sample) != (1, SAMPLE_RATE, 16) {
        return None;
    }
    let samples: Result<Vec<i16>, hound::Error> = reader.into_samples::<i16>().collect();
    Some(Sound::new(samples.ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn voice(name: &str) -> VoiceInfo {
        VoiceInfo {
            engine: "flite",
            version: "2.2".into(),
            name: name.into(),
            language: "en".into(),
        }
    }

    fn key(text: &str) -> CacheKey {
        CacheKey::new(&voice("rms"), 100, "en-US", text)
    }

    fn sound(seconds: usize) -> Sound {
        Sound::new(vec![1_000; seconds * SAMPLE_RATE as usize])
    }

    #[test]
    fn whatever_changes_the_sound_changes_its_name() {
        let base = key("Hello.");
        assert_eq!(base, key("Hello."));
        let mut other_version = voice("rms");
        other_version.version = "2.3".into();
        for other in [
            key("Hello!"),
            CacheKey::new(&voice("slt"), 100, "en-US", "Hello."),
            CacheKey::new(&voice("rms"), 125, "en-US", "Hello."),
            CacheKey::new(&voice("rms"), 100, "en-GB", "Hello."),
            CacheKey::new(&other_version, 100, "en-US", "Hello."),
        ] {
            assert_ne!(base, other);
        }
        assert_eq!(CacheKey::of_file_name(&base.file_name()), Some(base));
        for name in ["x.wav", "", "é".repeat(16).as_str(), "README"] {
            assert_eq!(CacheKey::of_file_name(name), None);
        }
    }

    #[test]
    fn a_sound_survives_a_restart() {
        let folder = tempfile::tempdir().unwrap();
        let disk = Disk::open(folder.path(), 1_000_000).unwrap();
        assert!(disk.get(key("a")).is_none());
        disk.put(key("a"), &sound(1)).unwrap();
        std::fs::write(folder.path().join(".new-1-1"), "half").unwrap();
        let disk = Disk::open(folder.path(), 1_000_000).unwrap();
        assert_eq!(disk.get(key("a")).unwrap().samples(), sound(1).samples());
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
    }

    #[test]
    fn a_damaged_file_is_made_anew() {
        let folder = tempfile::tempdir().unwrap();
        let disk = Disk::open(folder.path(), 1_000_000).unwrap();
        disk.put(key("a"), &sound(1)).unwrap();
        let path = folder.path().join(key("a").file_name());
        let whole = std::fs::read(&path).unwrap();
        for damaged in [&whole[..whole.len() / 2], &[][..], b"rubbish"] {
            std::fs::write(&path, damaged).unwrap();
            assert!(disk.get(key("a")).is_none());
            assert!(!path.exists());
            disk.put(key("a"), &sound(1)).unwrap();
            assert!(disk.get(key("a")).is_some());
        }
    }

    #[test]
    fn what_was_used_longest_ago_goes_first() {
        let folder = tempfile::tempdir().unwrap();
        // Room for ten seconds of sound.
        let disk = Disk::open(folder.path(), 160_500).unwrap();
        for text in ["a", "b", "c", "d", "e", "f", "g", "h", "i", "j"] {
            disk.put(key(text), &sound(1)).unwrap();
        }
        disk.get(key("a")).unwrap();
        disk.put(key("k"), &sound(1)).unwrap();
        assert!(disk.has(key("a")) && disk.has(key("k")));
        assert!(!disk.has(key("b")));
        let files = std::fs::read_dir(folder.path()).unwrap();
        let bytes: u64 = files
            .map(|file| file.unwrap().metadata().unwrap().len())
            .sum();
        assert!(bytes <= 160_500, "{bytes}");
    }

    #[test]
    fn memory_is_bounded_too() {
        let memory = Memory::new(10 * 32_200);
        for text in ["a", "b", "c", "d", "e", "f", "g", "h", "i", "j"] {
            memory.put(key(text), Arc::new(sound(1)));
        }
        assert!(memory.get(key("a")).is_some());
        memory.put(key("k"), Arc::new(sound(1)));
        assert!(memory.get(key("a")).is_some() && memory.get(key("k")).is_some());
        assert!(memory.get(key("b")).is_none());
        assert!(lock(&memory.state).bytes <= 10 * 32_200);
    }
}
