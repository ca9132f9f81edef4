//! The speech room: which voice speaks which language, what has been spoken before, and who is
//! waiting for what.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard};

use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::espeak::Espeak;
use super::flite::Flite;
use super::pool::Pool;
use super::prompt_cache::{CacheKey, Disk, Memory};
use super::recognizer::{Recognizer, SoundSource};
use super::settings::SpeechConfig;
use super::voice::{Synthesizer, VoiceInfo};
use super::{Priority, SpeechFault, level, relay};
use crate::line::{FarEnd, Keep, Locale, PromptName, Sound, SoundSlot, Utterance};
use crate::sound::wav;

/// The voice that is clearest over a telephone line.
const ENGLISH_VOICE: &str = "flite/rms";

/// Words to sound for all lines. Cloning it gives another handle to the same room.
#[derive(Clone)]
pub struct SpeechRoom(Arc<Room>);

struct Room {
    engines: Vec<Box<dyn Synthesizer>>,
    /// Programs that are installed and do not work.
    broken: Vec<SpeechFault>,
    /// Studio recordings that cannot be played.
    unplayable: Vec<String>,
    voices: BTreeMap<String, VoiceInfo>,
    rate: u16,
    pool: Arc<Pool>,
    disk: Disk,
    memory: Memory,
    recordings: HashMap<(Locale, String), Arc<Sound>>,
    unreadable: HashMap<Locale, Utterance>,
    /// What is being spoken now, so that it is spoken once for all who wait for it.
    under_way: Mutex<HashMap<CacheKey, SoundSlot>>,
    recognizer: Option<Arc<dyn Recognizer>>,
    tasks: TaskTracker,
    closing: CancellationToken,
}

type Work = Pin<Box<dyn Future<Output = ()> + Send>>;

/// Speaking that has to be driven by somebody.
pub(super) enum Job {
    /// For one line only; nobody else will ask for it.
    Private(Work),
    /// Goes on when the line is gone, because the sound is kept.
    Shared(Work),
}

impl SpeechRoom {
    /// Looks for voices and opens the cache. Fails, naming the package, when nothing can speak.
    pub async fn start(config: SpeechConfig) -> Result<SpeechRoom, SpeechFault> {
        SpeechRoom::start_with(config, None).await
    }

    /// The same, with an engine that hears what callers say.
    pub async fn start_with(
        config: SpeechConfig,
        recognizer: Option<Arc<dyn Recognizer>>,
    ) -> Result<SpeechRoom, SpeechFault> {
        let mut engines: Vec<Box<dyn Synthesizer>> = Vec::new();
        let mut broken = Vec::new();
        let flite = Flite::find(&config.flite).await;
        let espeak = Espeak::find(&config.espeak).await;
        let (flite, espeak) = match (flite, espeak) {
            (Err(flite), Err(espeak)) => {
                return Err(SpeechFault::NoVoice {
                    flite: Box::new(flite),
                    espeak: Box::new(espeak),
                });
            }
            found => found,
        };
        match flite {
            Ok(flite) => engines.push(Box::new(flite)),
            Err(fault) => broken.push(fault),
        }
        match espeak {
            Ok(espeak) => engines.push(Box::new(espeak)),
            Err(fault) => broken.push(fault),
        }
        // Who has installed only one of the two wants it so.
        broken.retain(|fault| !matches!(fault, SpeechFault::NotInstalled { .. }));
        for fault in &broken {
            tracing::warn!("{fault}; its voices are not used");
        }
        SpeechRoom::furnish(config, engines, broken, recognizer)
    }

    fn furnish(
        config: SpeechConfig,
        engines: Vec<Box<dyn Synthesizer>>,
        broken: Vec<SpeechFault>,
        recognizer: Option<Arc<dyn Recognizer>>,
    ) -> Result<SpeechRoom, SpeechFault> {
        let mut voices = BTreeMap::new();
        for (locale, name) in &config.voices {
            let voice = named(&engines, name)?;
            voices.insert(locale.to_lowercase(), voice);
        }
        if !voices.contains_key("en")
            && let Ok(voice) = named(&engines, ENGLISH_VOICE)
        {
            voices.insert("en".into(), voice);
        }
        let mut recordings = HashMap::new();
        let mut unplayable = Vec::new();
        for (locale, prompt, bytes) in &config.recordings {
            match wav::read(bytes, super::voice::SECONDS_MAX) {
                Ok(studio) => {
                    let sound = Arc::new(level::fit_for_line(&studio.samples, studio.rate));
                    recordings.insert((locale.clone(), prompt.clone()), sound);
                }
                Err(fault) => {
                    let told = format!(
                        "prompts/{locale}/audio/{prompt}.wav: it {fault}; a voice speaks the prompt instead"
                    );
                    tracing::warn!("{told}");
                    unplayable.push(told);
                }
            }
        }
        // At least two, so that what is rendered ahead of time never keeps a caller waiting.
        let cores = std::thread::available_parallelism().map_or(2, usize::from);
        let jobs = config.jobs.unwrap_or(cores).max(2);
        let unreadable = config.unreadable.into_iter();
        let room = SpeechRoom(Arc::new(Room {
            voices,
            rate: config.rate.clamp(50, 200),
            pool: Pool::new(jobs),
            disk: Disk::open(&config.cache_folder, config.cache_bytes_max)?,
            memory: Memory::new(config.memory_bytes_max),
            recordings,
            unreadable: unreadable.map(|one| (one.locale.clone(), one)).collect(),
            under_way: Mutex::default(),
            recognizer,
            engines,
            broken,
            unplayable,
            tasks: TaskTracker::new(),
            closing: CancellationToken::new(),
        }));
        // The language that every other falls back to must have a voice.
        room.0.voice(&Locale::default())?;
        Ok(room)
    }

    /// Studio recordings that cannot be played, and what happens instead.
    pub fn unplayable(&self) -> &[String] {
        &self.0.unplayable
    }

    /// The voices that are installed, for configuration pages and error texts.
    pub fn voices(&self) -> impl Iterator<Item = &VoiceInfo> {
        self.0.engines.iter().flat_map(|engine| engine.voices())
    }

    /// What is wrong with programs that are installed and whose voices cannot be used.
    pub fn broken(&self) -> &[SpeechFault] {
        &self.0.broken
    }

    /// Whether callers of this locale can be heard, so that words may be offered to them.
    pub fn hears(&self, locale: &Locale) -> bool {
        let abilities = self.0.recognizer.as_ref().map(|engine| engine.abilities());
        abilities.is_some_and(|abilities| abilities.locales.contains(locale))
    }

    /// The sound of an utterance: at hand, or promised and spoken soon.
    pub fn slot(&self, utterance: &Utterance, priority: Priority) -> SoundSlot {
        let (slot, job) = self.begin(utterance, priority);
        match job {
            Some(Job::Private(work) | Job::Shared(work)) => self.spawn(work),
            None => {}
        }
        slot
    }

    /// Puts the room into a line: what comes out has sound where there were words. Nothing else
    /// changes, and the task that does it ends when either end of the line is dropped.
    pub fn along(&self, far: FarEnd) -> FarEnd {
        let (far, task) = relay::along(self.clone(), far, None);
        self.spawn(task);
        far
    }

    /// The same with the caller's sound, so that the recogniser can answer `Listen`.
    pub fn along_hearing(&self, far: FarEnd, sound: SoundSource) -> FarEnd {
        let hearing = self.0.recognizer.clone().map(|engine| (engine, sound));
        let (far, task) = relay::along(self.clone(), far, hearing);
        self.spawn(task);
        far
    }

    /// A text in a voice by its full name (`flite/slt`) or the locale's own, kept nowhere.
    pub async fn render(
        &self,
        text: &str,
        voice: Option<&str>,
        locale: &Locale,
    ) -> Result<Arc<Sound>, SpeechFault> {
        let voice = match voice {
            Some(name) => named(&self.0.engines, name)?,
            None => self.0.voice(locale)?,
        };
        let place = self.0.pool.place(Priority::Following).await?;
        let sound = self.0.speak(&voice, text, Priority::Following).await;
        drop(place);
        sound
    }

    /// Speaks ahead of time what will be said often, in the background, one after the other, while
    /// calls are answered. What is on disk already is only fetched into memory.
    pub fn render_ahead(&self, utterances: Vec<Utterance>) {
        let room = self.clone();
        self.spawn(async move {
            let mut failed = 0_usize;
            for utterance in &utterances {
                if room.render_one_ahead(utterance).await.is_err() {
                    failed += 1;
                }
            }
            tracing::info!(prompts = utterances.len(), failed, "prompts are rendered");
        });
    }

    async fn render_one_ahead(&self, utterance: &Utterance) -> Result<(), SpeechFault> {
        let room = &self.0;
        if room.recording(utterance).is_some() || utterance.keep == Keep::Never {
            return Ok(());
        }
        let voice = room.voice(&utterance.locale)?;
        let key = room.key(&voice, utterance);
        if room.memory.get(key).is_some() || lock(&room.under_way).contains_key(&key) {
            return Ok(());
        }
        let on_disk = self.kept_on_disk(key).await;
        if on_disk.is_some() {
            return Ok(());
        }
        // The place first: a caller who wants this very prompt must not wait for our turn.
        let place = room.pool.place(Priority::AheadOfTime).await?;
        let sound = room
            .speak(&voice, &utterance.text, Priority::AheadOfTime)
            .await;
        drop(place);
        match sound {
            Ok(sound) => {
                room.memory.put(key, sound.clone());
                self.keep(key, sound).await;
                Ok(())
            }
            Err(fault) => {
                tracing::warn!(prompt = %utterance.prompt, %fault, "a prompt could not be rendered");
                Err(fault)
            }
        }
    }

    /// Ends every relay, every sentence under way and rendering ahead, and waits for them. Whoever
    /// waits for a sentence gets silence; nothing is spoken afterwards.
    pub async fn close(&self) {
        self.0.closing.cancel();
        self.0.tasks.close();
        self.0.tasks.wait().await;
    }

    /// How many tasks of the room run: relays of calls, sentences being spoken.
    pub fn tasks(&self) -> usize {
        self.0.tasks.len()
    }

    #[expect(
        clippy::disallowed_methods,
        reason = "every task is tracked and ends by itself: a relay with its line, a sentence when \
                  spoken; and all of them with the room"
    )]
    pub(super) fn spawn(&self, work: impl Future<Output = ()> + Send + 'static) {
        let closing = self.0.closing.clone();
        let until_closed = async move {
            tokio::select! {
                biased;
                () = closing.cancelled() => {}
                () = work => {}
            }
        };
        tokio::spawn(self.0.tasks.track_future(until_closed));
    }

    /// The slot of an utterance, and the work that fills it unless that is done or under way.
    pub(super) fn begin(
        &self,
        utterance: &Utterance,
        priority: Priority,
    ) -> (SoundSlot, Option<Job>) {
        let room = &self.0;
        if let Some(recorded) = room.recording(utterance) {
            return (SoundSlot::ready(recorded), None);
        }
        let voice = match room.voice(&utterance.locale) {
            Ok(voice) => voice,
            Err(fault) => {
                tracing::error!(prompt = %utterance.prompt, %fault, "nobody can say a prompt");
                return (SoundSlot::ready(Arc::new(Sound::default())), None);
            }
        };
        let key = room.key(&voice, utterance);
        let promise = |key| Promise {
            room: self.0.clone(),
            key,
            slot: SoundSlot::default(),
        };
        if utterance.keep == Keep::Never {
            let promise = promise(None);
            let slot = promise.slot.clone();
            let work = self
                .clone()
                .say(utterance.clone(), voice, promise, priority);
            return (slot, Some(Job::Private(Box::pin(work))));
        }
        let mut under_way = lock(&room.under_way);
        if let Some(sound) = room.memory.get(key) {
            return (SoundSlot::ready(sound), None);
        }
        if let Some(slot) = under_way.get(&key) {
            return (slot.clone(), None);
        }
        let promise = promise(Some(key));
        let slot = promise.slot.clone();
        under_way.insert(key, slot.clone());
        drop(under_way);
        let work = self
            .clone()
            .say(utterance.clone(), voice, promise, priority);
        (slot, Some(Job::Shared(Box::pin(work))))
    }

    /// Keeps the promise: with the sound, with the excuse for it, or with nothing.
    async fn say(
        self,
        utterance: Utterance,
        voice: VoiceInfo,
        promise: Promise,
        priority: Priority,
    ) {
        let key = promise.key;
        if let Some(key) = key
            && let Some(sound) = self.kept_on_disk(key).await
        {
            promise.slot.fill(sound);
            return;
        }
        let sound = match self.0.pool.place(priority).await {
            Ok(place) => {
                let sound = self.0.speak(&voice, &utterance.text, priority).await;
                drop(place);
                sound
            }
            Err(fault) => Err(fault),
        };
        match sound {
            Ok(sound) => {
                promise.slot.fill(sound.clone());
                if let Some(key) = key {
                    // In memory before it is no longer under way, so that nobody speaks it again.
                    self.0.memory.put(key, sound.clone());
                }
                drop(promise);
                if let Some(key) = key {
                    self.keep(key, sound).await;
                }
            }
            Err(fault) => {
                tracing::warn!(prompt = %utterance.prompt, %fault, "a sentence could not be spoken");
                if let Some(sound) = self.excuse(&utterance.locale, priority).await {
                    promise.slot.fill(sound);
                }
            }
        }
    }

    /// "This text cannot be read."
    async fn excuse(&self, locale: &Locale, priority: Priority) -> Option<Arc<Sound>> {
        let excuse = self.0.unreadable.get(locale)?;
        if let Some(sound) = self.0.recording(excuse) {
            return Some(sound);
        }
        let voice = self.0.voice(locale).ok()?;
        let key = self.0.key(&voice, excuse);
        if let Some(sound) = self.0.memory.get(key) {
            return Some(sound);
        }
        if let Some(sound) = self.kept_on_disk(key).await {
            return Some(sound);
        }
        let place = self.0.pool.place(priority).await.ok()?;
        let sound = self.0.speak(&voice, &excuse.text, priority).await.ok()?;
        drop(place);
        self.0.memory.put(key, sound.clone());
        self.keep(key, sound.clone()).await;
        Some(sound)
    }

    async fn kept_on_disk(&self, key: CacheKey) -> Option<Arc<Sound>> {
        if !self.0.disk.has(key) {
            return None;
        }
        let room = self.0.clone();
        let sound = tokio::task::spawn_blocking(move || room.disk.get(key));
        let sound = Arc::new(sound.await.ok().flatten()?);
        self.0.memory.put(key, sound.clone());
        Some(sound)
    }

    async fn keep(&self, key: CacheKey, sound: Arc<Sound>) {
        let room = self.0.clone();
        let kept = tokio::task::spawn_blocking(move || room.disk.put(key, &sound));
        if let Ok(Err(fault)) = kept.await {
            tracing::warn!(%fault, "a spoken prompt could not be kept; it will be spoken again");
        }
    }
}

/// A slot that callers wait for: if nothing filled it when this goes, be it by a panic or because
/// the work was dropped, it is filled with nothing, so that the call goes on.
struct Promise {
    room: Arc<Room>,
    key: Option<CacheKey>,
    slot: SoundSlot,
}

impl Drop for Promise {
    fn drop(&mut self) {
        self.slot.fill(Arc::new(Sound::default()));
        if let Some(key) = self.key {
            lock(&self.room.under_way).remove(&key);
        }
    }
}

impl Room {
    fn recording(&self, utterance: &Utterance) -> Option<Arc<Sound>> {
        if utterance.has_variables || self.recordings.is_empty() {
            return None;
        }
        let PromptName(name) = utterance.prompt;
        self.recordings
            .get(&(utterance.locale.clone(), name.to_owned()))
            .cloned()
    }

    fn key(&self, voice: &VoiceInfo, utterance: &Utterance) -> CacheKey {
        CacheKey::new(voice, self.rate, utterance.locale.as_str(), &utterance.text)
    }

    /// Who speaks this locale: as configured for it or its language, else the first voice of the
    /// locale, else of the language.
    fn voice(&self, locale: &Locale) -> Result<VoiceInfo, SpeechFault> {
        let tag = locale.as_str().to_lowercase();
        let language = tag.split('-').next().unwrap_or(&tag);
        if let Some(voice) = self.voices.get(&tag).or_else(|| self.voices.get(language)) {
            return Ok(voice.clone());
        }
        let installed = || self.engines.iter().flat_map(|engine| engine.voices());
        installed()
            .find(|voice| voice.language == tag)
            .or_else(|| installed().find(|voice| voice.language == language))
            .or_else(|| {
                let regional = format!("{language}-");
                installed().find(|voice| voice.language.starts_with(&regional))
            })
            .cloned()
            .ok_or_else(|| SpeechFault::NoVoiceFor(locale.to_string()))
    }

    /// The sound of a text, fit for the line. A program that fails is tried once more.
    async fn speak(
        &self,
        voice: &VoiceInfo,
        text: &str,
        priority: Priority,
    ) -> Result<Arc<Sound>, SpeechFault> {
        let engine = self
            .engines
            .iter()
            .find(|engine| engine.voices().contains(voice))
            .ok_or_else(|| SpeechFault::NoVoiceFor(voice.language.clone()))?;
        let first = engine.speak(voice, text, self.rate, priority).await;
        let (samples, rate) = match first {
            Err(
                SpeechFault::Child { .. }
                | SpeechFault::Implausible { .. }
                | SpeechFault::File { .. },
            ) => engine.speak(voice, text, self.rate, priority).await?,
            other => other?,
        };
        let sound = tokio::task::spawn_blocking(move || level::fit_for_line(&samples, rate));
        sound
            .await
            .map(Arc::new)
            .map_err(|fault| SpeechFault::Sound(fault.to_string()))
    }
}

fn named(engines: &[Box<dyn Synthesizer>], name: &str) -> Result<VoiceInfo, SpeechFault> {
    let all = || engines.iter().flat_map(|engine| engine.voices());
    if let Some(voice) = all().find(|voice| voice.full_name() == name) {
        return Ok(voice.clone());
    }
    let engine = name.split('/').next().unwrap_or_default();
    let of_engine: Vec<String> = all()
        .filter(|voice| voice.engine == engine)
        .map(VoiceInfo::full_name)
        .collect();
    let cure = if of_engine.is_empty() {
        let engines: BTreeSet<&str> = all().map(|voice| voice.engine).collect();
        let installed: Vec<&str> = engines.into_iter().collect();
        match engine {
            "flite" | "espeak-ng" => format!("install the Debian package {engine}"),
            _ => format!("name a voice of: {}", installed.join(", ")),
        }
    } else {
        format!("choose one of: {}", of_engine.join(", "))
    };
    Err(SpeechFault::UnknownVoice {
        voice: name.to_owned(),
        cure,
    })
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex
        .lock()
        .unwrap_or_else(|poisoned| poisoned.into_inner())
}

#[cfg(test)]
mod tests;
