//! The voice of this desktop: speech-dispatcher, reached by the `tts` crate.
//!
//! It makes its own sound, so that nothing of the line carries it. [`spoken_aloud`](super::spoken_aloud)
//! decides what it says when; here it is only driven, on a thread of its own, because its service
//! answers when it likes.

use std::mem::ManuallyDrop;
use std::sync::Arc;
use std::sync::mpsc as thread;
use std::time::Duration;

use tokio::sync::{mpsc, oneshot};
use tts::{Backends, Tts, UtteranceId};

use super::screen::Screen;
use super::spoken_aloud;
use crate::line::{FarEnd, Utterance};

/// Every sentence that is waited for tells twice; far fewer are waited for at once.
const TOLD_AHEAD: usize = 256;
/// A service that is started by the first who calls it needs a moment, on a loaded machine some.
const OPENED_WITHIN: Duration = Duration::from_secs(20);
/// What speech-dispatcher calls the recording that says that it has no voice.
const NO_VOICE: &str = "dummy";
/// What cures a desktop without a voice.
const CURE: &str = "install one (on Debian: apt-get install speech-dispatcher \
                    speech-dispatcher-espeak-ng) until `spd-say hello` is heard, or leave --voice \
                    desktop out";

/// What the voice is asked for.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum Wish {
    /// Say this, behind what is being said; it is known by this number.
    Say(u64, Utterance),
    /// Silence, now.
    Stop,
}

/// What the voice tells.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum Told {
    /// This begins to be heard.
    Began(u64),
    /// This was said, or given up.
    Ended(u64),
    /// It cannot speak any more.
    Gone(String),
}

/// A voice that speaks for itself.
#[derive(Debug)]
pub struct DesktopVoice {
    pub(super) wishes: mpsc::Sender<Wish>,
    pub(super) told: mpsc::Receiver<Told>,
}

/// What comes to the voice's thread. The service's own thread only leaves word here: while it does, it
/// cannot take an answer, and whoever waits for one would wait for ever.
enum Inbox {
    Wish(Wish),
    Began(UtteranceId),
    Ended(UtteranceId),
}

#[allow(
    clippy::disallowed_methods,
    reason = "both tasks end with the channels of the one call that the console makes"
)]
impl DesktopVoice {
    /// Finds the voice.
    ///
    /// # Errors
    /// What is missing, and what can be done.
    pub async fn open() -> Result<DesktopVoice, String> {
        let (wishes, mut wished) = mpsc::channel(TOLD_AHEAD);
        let (tell, told) = mpsc::channel(TOLD_AHEAD);
        let (ready, opened) = oneshot::channel();
        let (inbox, letters) = thread::channel();
        let callbacks = inbox.clone();
        std::thread::Builder::new()
            .name("desktop-voice".to_owned())
            .spawn(move || match Speaker::open(&callbacks) {
                Ok(speaker) => {
                    let _ = ready.send(Ok(()));
                    speaker.run(&letters, &tell);
                }
                Err(problem) => {
                    let _ = ready.send(Err(problem));
                }
            })
            .map_err(|error| format!("the desktop's voice cannot be used: {error}"))?;
        match tokio::time::timeout(OPENED_WITHIN, opened).await {
            Ok(Ok(opened)) => opened?,
            Ok(Err(_)) | Err(_) => return Err(unusable("its service does not answer")),
        }
        tokio::spawn(async move {
            while let Some(wish) = wished.recv().await {
                if inbox.send(Inbox::Wish(wish)).is_err() {
                    return;
                }
            }
            // Who asked is gone: nothing is said after the call.
            let _ = inbox.send(Inbox::Wish(Wish::Stop));
        });
        Ok(DesktopVoice { wishes, told })
    }

    /// The far end of `far` for a telephone: the words of the line are spoken by this voice, all else
    /// passes. What is the matter with the voice is shown on the screen.
    pub fn along(self, far: FarEnd, screen: Arc<Screen>) -> FarEnd {
        let (far, task) = spoken_aloud::along(self, far, screen);
        tokio::spawn(task);
        far
    }
}

fn unusable(problem: &str) -> String {
    format!("the desktop's voice cannot be used: {problem}; {CURE}")
}

/// The voice on its thread.
struct Speaker {
    /// Never dropped: its service may still tell of the last words, and the crate has nobody to give
    /// that to once this is gone. It ends with the process, as the call does.
    voice: ManuallyDrop<Tts>,
    voices: Vec<tts::Voice>,
    /// The language that is spoken, as its first part: `en`.
    language: Option<String>,
    /// What has been asked for and is not over.
    numbers: Vec<(UtteranceId, u64)>,
}

impl Speaker {
    fn open(inbox: &thread::Sender<Inbox>) -> Result<Speaker, String> {
        let voice = Tts::new(Backends::SpeechDispatcher)
            .map_err(|_| unusable("this desktop has no speech service that answers"))?;
        let voice = ManuallyDrop::new(voice);
        let voices = voice.voices().unwrap_or_default();
        if voices.iter().all(|voice| voice.name() == NO_VOICE) {
            return Err(unusable("its speech service has no voice"));
        }
        let began = inbox.clone();
        let ended = inbox.clone();
        let stopped = inbox.clone();
        let unheard = |error: tts::Error| unusable(&error.to_string());
        voice
            .on_utterance_begin(Some(Box::new(move |id| {
                let _ = began.send(Inbox::Began(id));
            })))
            .map_err(unheard)?;
        voice
            .on_utterance_end(Some(Box::new(move |id| {
                let _ = ended.send(Inbox::Ended(id));
            })))
            .map_err(unheard)?;
        // Whatever else silences this desktop, the conversation goes on.
        voice
            .on_utterance_stop(Some(Box::new(move |id| {
                let _ = stopped.send(Inbox::Ended(id));
            })))
            .map_err(unheard)?;
        Ok(Speaker {
            voice,
            voices,
            language: desktop_language(),
            numbers: Vec::new(),
        })
    }

    /// Speaks until nobody asks any more.
    fn run(mut self, letters: &thread::Receiver<Inbox>, tell: &mpsc::Sender<Told>) {
        for letter in letters {
            let told = match letter {
                Inbox::Wish(Wish::Say(number, utterance)) => match self.say(number, &utterance) {
                    Ok(told) => told,
                    Err(problem) => vec![Told::Gone(problem)],
                },
                Inbox::Wish(Wish::Stop) => {
                    self.numbers.clear();
                    match self.voice.stop() {
                        Ok(_) => Vec::new(),
                        Err(error) => vec![Told::Gone(error.to_string())],
                    }
                }
                Inbox::Began(id) => self.number(id).map(Told::Began).into_iter().collect(),
                Inbox::Ended(id) => {
                    let number = self.number(id);
                    self.numbers.retain(|(known, _)| *known != id);
                    number.map(Told::Ended).into_iter().collect()
                }
            };
            for told in told {
                if tell.blocking_send(told).is_err() {
                    let _ = self.voice.stop();
                    return;
                }
            }
        }
    }

    fn number(&self, id: UtteranceId) -> Option<u64> {
        let known = self.numbers.iter().find(|(known, _)| *known == id);
        known.map(|(_, number)| *number)
    }

    fn say(&mut self, number: u64, utterance: &Utterance) -> Result<Vec<Told>, String> {
        // A service need not tell anything of words that have no sound.
        if !utterance.text.chars().any(char::is_alphanumeric) {
            return Ok(vec![Told::Began(number), Told::Ended(number)]);
        }
        self.speak_in(utterance.locale.as_str());
        // No control character is heard, and a zero would end the text.
        let text = utterance.text.replace(char::is_control, " ");
        match self.voice.speak(text, false) {
            Ok(Some(id)) => {
                self.numbers.push((id, number));
                Ok(Vec::new())
            }
            Ok(None) => Err("it does not say what it speaks".to_owned()),
            Err(error) => Err(error.to_string()),
        }
    }

    /// Chooses a voice for words in this language, unless the one that speaks is of that language: which
    /// one that is, is the owner's choice.
    fn speak_in(&mut self, locale: &str) {
        let language = first_part(locale);
        if self.language.as_deref() == Some(&language) {
            return;
        }
        let tag = |voice: &tts::Voice| voice.language().to_string();
        let exactly = |voice: &&tts::Voice| tag(voice).eq_ignore_ascii_case(locale);
        let nearly = |voice: &&tts::Voice| first_part(&tag(voice)) == language;
        let voices = || self.voices.iter();
        // Without one the present voice has to do.
        if let Some(voice) = voices().find(exactly).or_else(|| voices().find(nearly)) {
            let _ = self.voice.set_voice(voice);
        }
        self.language = Some(language);
    }
}

/// `en` of `en-US` and of `en_GB.UTF-8`.
fn first_part(tag: &str) -> String {
    let end = tag.find(|c: char| !c.is_ascii_alphabetic());
    tag[..end.unwrap_or(tag.len())].to_ascii_lowercase()
}

/// The language that the desktop is set to, and its voice speaks.
fn desktop_language() -> Option<String> {
    let set = ["LC_ALL", "LC_MESSAGES", "LANG"]
        .into_iter()
        .find_map(|name| std::env::var(name).ok().filter(|set| !set.is_empty()))?;
    // `C` and `POSIX` name none.
    Some(first_part(&set)).filter(|part| (2..=3).contains(&part.len()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_language_is_known_by_its_first_part() {
        for (tag, language) in [
            ("en-US", "en"),
            ("de_DE.UTF-8", "de"),
            ("EN", "en"),
            ("C.UTF-8", "c"),
            ("", ""),
        ] {
            assert_eq!(first_part(tag), language, "{tag}");
        }
    }

    #[test]
    fn what_cannot_be_used_names_the_cure() {
        let said = unusable("it is mute");
        for part in ["it is mute", "speech-dispatcher-espeak-ng", "spd-say hello"] {
            assert!(said.contains(part), "{said}");
        }
    }
}
