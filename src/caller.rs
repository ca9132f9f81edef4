//! What a conversation talks to: say, start, choose, ask, record.
//!
//! A [`Caller`] turns the order in which a conversation is written into commands on the line, and
//! waits for what comes back. Hang-up never drops a conversation: it is an error from the next word
//! to the caller. Every wait has a limit, so a line that has gone silent ends the call as well.

mod asked;
mod asking;
mod begun;
mod line_side;
mod manner;
mod open_menu;
mod recording;
mod saying;
mod script;
mod standing;
#[cfg(test)]
mod tests;
mod type_ahead;
mod waiting;

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::{Duration, Instant};

use begun::Begun;
pub use manner::Manner;
pub use open_menu::OpenMenu;
use saying::PlaceRead;
pub use saying::Saying;
use script::Feeding;
use standing::{Piece, Standing};
use type_ahead::TypeAhead;

use crate::language::key_layout::DEFAULT_LAYOUT;
use crate::language::{Assets, KeyLayout, LanguageFault, Phrases, PromptFault, Prompts};
pub use crate::language::{Reading, Style, Value};
use crate::line::{
    HangUpCause, Key, Line, LineCommand, LineEvent, Locale, Pace, PlayId, PromptName, Skip,
};
use crate::transcript::Transcript;
use crate::turn;
pub use crate::turn::{KeySequence, Patience, SecretDigits};

/// Said before we give up on somebody who presses nothing.
const NO_ANSWER_GOODBYE: PromptName = PromptName("no-answer-goodbye");
/// Said before we give up on somebody who presses the wrong keys.
const TOO_MANY_ERRORS: PromptName = PromptName("too-many-errors");
/// Said when the longest time for a call is over.
const CALL_TOO_LONG: PromptName = PromptName("call-too-long");
/// Said some time before that: `$length` is left.
const CALL_ENDS_SOON: PromptName = PromptName("call-ends-soon");
/// Said when a prompt cannot be put into words.
const FAULT_APOLOGY: PromptName = PromptName("fault-apology");

/// Every prompt that is said here and in [`crate::turn`], without a conversation asking for it.
pub const SAID_UNASKED: &[PromptName] = &[
    NO_ANSWER_GOODBYE,
    TOO_MANY_ERRORS,
    CALL_TOO_LONG,
    CALL_ENDS_SOON,
    FAULT_APOLOGY,
    turn::NOT_A_CHOICE,
    turn::NOT_A_CHOICE_AGAIN,
    turn::STILL_THERE,
    turn::NOT_UNDERSTOOD,
    turn::NOT_UNDERSTOOD_AGAIN,
    turn::DID_YOU_SAY,
    turn::KEYS_ONLY,
    waiting::ENDING_FOR_SILENCE,
    waiting::WAITING,
];

/// A far end that takes no command for so long is gone.
const COMMAND_LONGEST: Duration = Duration::from_secs(5);
/// Events that may wait here while we wait for room on the line.
const PENDING_MAX: usize = 256;
/// How long the last words of a call may take.
const FAREWELL_LONGEST: Duration = Duration::from_secs(30);

/// Why a conversation is left early. It travels by `?` to whoever stops it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Leave {
    /// The caller is gone.
    HungUp,
    /// `*`: back to the main menu.
    MainMenu,
    /// To the operator.
    Operator,
    /// All has been said; the call ends.
    Goodbye,
    /// Something failed on our side.
    Fault(Fault),
}

/// A failure: what the log says, and what the caller hears.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Fault {
    /// For the log.
    pub log: String,
    /// For the caller.
    pub prompt: PromptName,
}

/// The result of a word to the caller.
pub type Talk<T = ()> = Result<T, Leave>;

impl From<PromptFault> for Leave {
    fn from(fault: PromptFault) -> Leave {
        Leave::Fault(Fault {
            log: fault.to_string(),
            prompt: FAULT_APOLOGY,
        })
    }
}

/// A question for digits.
#[derive(Clone, Debug)]
pub struct AskDigits {
    /// The question's words.
    pub prompt: Saying,
    /// So many digits end the entry even without `#`.
    pub longest: usize,
    /// So many digits are a whole answer.
    pub complete_at: Option<usize>,
    /// Keys that are an answer when pressed alone: `#`, `*`, `0`.
    pub lone_keys: &'static [Key],
}

/// The answer to a question for digits.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Digits {
    /// These digits.
    Entered(String),
    /// One of the lone keys.
    Lone(Key),
}

/// The answer to a question for a PIN.
#[derive(Clone, Debug)]
pub enum PinEntry {
    /// These digits.
    Digits(SecretDigits),
    /// `*` alone.
    Star,
    /// `#` alone.
    Pound,
}

/// Prompts, keys and phrases: all that is needed to talk.
pub struct Language {
    /// What is said.
    pub prompts: Arc<Prompts>,
    /// What is pressed.
    pub keys: Arc<KeyLayout>,
    /// What callers say.
    pub phrases: Arc<Phrases>,
    /// Every layout that somebody may choose.
    pub layouts: Arc<[Arc<KeyLayout>]>,
}

impl Language {
    /// The one inside the binary.
    pub fn embedded() -> Result<Language, LanguageFault> {
        Language::load(&Assets::embedded(), DEFAULT_LAYOUT)
    }

    /// The one of these files, with this layout unless somebody has chosen another.
    pub fn load(assets: &Assets, layout: &str) -> Result<Language, LanguageFault> {
        let keys = Arc::new(KeyLayout::load(assets, layout)?);
        let layouts = KeyLayout::all(assets)?.into_iter().map(Arc::new);
        Ok(Language {
            prompts: Arc::new(Prompts::load(assets)?),
            keys,
            phrases: Arc::new(Phrases::load(assets)?),
            layouts: layouts.collect(),
        })
    }

    /// The same with the keys of another layout, if there is one of this name.
    fn with_layout(&self, name: &str) -> Option<Language> {
        let keys = self.layouts.iter().find(|layout| layout.name() == name)?;
        Some(Language {
            prompts: self.prompts.clone(),
            keys: keys.clone(),
            phrases: self.phrases.clone(),
            layouts: self.layouts.clone(),
        })
    }
}

/// What was started and is talked over: a message, a greeting.
struct Started {
    saying: Saying,
    /// Not yet played, because keys were waiting.
    unplayed: bool,
}

/// What came of waiting.
enum Next {
    Event(LineEvent),
    TimeUp,
    /// Nothing will come any more.
    Over,
}

/// The person on the line.
pub struct Caller {
    line: Line,
    language: Arc<Language>,
    locale: Locale,
    style: Style,
    transcript: Transcript,
    patience: Patience,
    /// When the call has lasted long enough.
    ends_at: Option<Instant>,
    /// When the caller is told that it soon will have.
    warns_at: Option<Instant>,
    /// Whatever is said now would be recorded.
    records: bool,
    /// Events read while we waited for something else.
    pending: VecDeque<LineEvent>,
    typed_ahead: TypeAhead,
    unused_keys: usize,
    /// This key, until then, belongs to what was answered last: `#` behind digits that were
    /// complete without it, the second half of a doubled key.
    belongs: Option<(Key, Instant)>,
    /// The last key of what was chosen last.
    chosen_by: Option<(Instant, Key)>,
    plays: u64,
    playing: Option<PlayId>,
    /// Which prompts the caller has heard, for the transcript.
    begun: Begun,
    /// What plays has ended by then, or never will.
    playing_ends_by: Option<Instant>,
    paused: bool,
    started: Option<Started>,
    /// What is played of it when the present piece has ended.
    pieces: VecDeque<Piece>,
    /// The present piece has ended, and the next is not playing yet.
    piece_ended: bool,
    /// Where the recording stands that was started last.
    standing: Option<Standing>,
    /// The text that is being read, and what the line still has to be given of it.
    feeding: Option<Feeding>,
    /// What was started last with a text in it, how far that was read, and whether to its end.
    reading: Option<Saying>,
    read_to: Option<PlaceRead>,
    read_out: bool,
    pace: Pace,
    failures: u8,
    questions: u32,
    phrases_offered: bool,
    listening: bool,
    hung_up: Option<HangUpCause>,
}

impl Caller {
    /// The person at the other end of `line`.
    pub fn new(
        line: Line,
        language: Arc<Language>,
        locale: Locale,
        transcript: Transcript,
        patience: Patience,
    ) -> Caller {
        Caller {
            line,
            language,
            locale,
            style: Style::Full,
            transcript,
            patience,
            ends_at: None,
            warns_at: None,
            records: false,
            pending: VecDeque::new(),
            typed_ahead: TypeAhead::new(),
            unused_keys: 0,
            belongs: None,
            chosen_by: None,
            plays: 0,
            playing: None,
            begun: Begun::default(),
            playing_ends_by: None,
            paused: false,
            started: None,
            pieces: VecDeque::new(),
            piece_ended: false,
            standing: None,
            feeding: None,
            reading: None,
            read_to: None,
            read_out: false,
            pace: Pace::NORMAL,
            failures: 0,
            questions: 0,
            phrases_offered: false,
            listening: false,
            hung_up: None,
        }
    }

    /// Ends the call after `longest` (MaxCallDuration), counted from now: the caller is told so,
    /// and is then gone as if by hanging up. Before that he is warned; with a `warning` of zero he is
    /// not.
    pub fn set_longest_call(&mut self, longest: Duration, warning: Duration) {
        let ends_at = now() + longest;
        self.ends_at = Some(ends_at);
        self.warns_at = ends_at.checked_sub(warning).filter(|_| !warning.is_zero());
    }

    /// Whether phrases are listened for. They are not unless somebody can recognise them.
    pub fn offer_phrases(&mut self, offered: bool) {
        self.phrases_offered = offered;
    }

    /// The language of the conversation.
    pub fn locale(&self) -> &Locale {
        &self.locale
    }

    /// The prompts, keys and phrases of this call.
    pub fn language(&self) -> &Language {
        &self.language
    }

    /// How patient we are with this caller from now on.
    pub fn set_patience(&mut self, patience: Patience) {
        self.patience = patience;
    }

    /// How patient we are with this caller.
    pub fn patience(&self) -> Patience {
        self.patience
    }

    /// The transcript of this call.
    pub fn transcript(&self) -> &Transcript {
        &self.transcript
    }

    /// Says something. Returns when it has ended, or at once when a key goes down; the key waits for
    /// the next question. Not said at all when keys are waiting already.
    pub async fn say(&mut self, saying: impl Into<Saying>) -> Talk {
        let saying = saying.into();
        self.settle();
        self.check()?;
        self.started = None;
        if self.typed_ahead.is_empty() {
            if !self.play(&saying).await? {
                return Ok(());
            }
            loop {
                match self.next(self.playing_ends_by).await {
                    Next::Event(LineEvent::PlayEnded(_)) => return Ok(()),
                    Next::Event(LineEvent::Key(key)) => {
                        self.keep_key(key);
                        break;
                    }
                    Next::Event(_) => {}
                    Next::TimeUp => return self.stop_talking().await,
                    Next::Over => return Err(Leave::HungUp),
                }
            }
        }
        self.stop_talking().await?;
        if saying.ends_with_beep() && self.hung_up.is_none() {
            self.say_all(Saying::nothing().beep()).await?;
        }
        Ok(())
    }

    /// Says something to its end. Keys that go down meanwhile mean nothing.
    pub async fn say_all(&mut self, saying: impl Into<Saying>) -> Talk {
        self.settle();
        if self.hung_up.is_some() {
            return Err(Leave::HungUp);
        }
        self.started = None;
        if !self.play(&saying.into()).await? {
            return Ok(());
        }
        let result = loop {
            match self.next(self.playing_ends_by).await {
                Next::Event(LineEvent::PlayEnded(_)) => break Ok(()),
                Next::Event(LineEvent::Key(_)) => self.unused_keys += 1,
                Next::Event(_) => {}
                Next::TimeUp => break self.stop_talking().await,
                Next::Over => break Err(Leave::HungUp),
            }
        };
        self.note_unused_keys();
        result
    }

    /// Begins to say or play something and returns; the next question is asked over it, and its
    /// options are read when it has ended.
    pub async fn start(&mut self, saying: impl Into<Saying>) -> Talk {
        let saying = saying.into();
        self.settle();
        self.check()?;
        let unplayed = !self.typed_ahead.is_empty() || self.hung_up.is_some();
        if unplayed {
            self.stop_talking().await?;
            self.forget_standing(&saying);
        } else {
            self.begin(&saying).await?;
        }
        self.started = Some(Started { saying, unplayed });
        Ok(())
    }

    /// Jumps inside what plays. Who jumps in a pause wants to hear where that leads.
    pub async fn skip(&mut self, skip: Skip) -> Talk {
        self.play_started().await?;
        if self.playing.is_none() {
            return Ok(());
        }
        if self.paused {
            self.pause_or_resume().await?;
        }
        self.extend_playing(Duration::ZERO);
        self.standing_skipped(skip);
        if skip == Skip::ToEnd {
            self.begun.skips_to_the_end();
            self.stop_feeding();
        }
        self.command(LineCommand::Skip(skip)).await
    }

    /// Pauses what plays, or goes on.
    pub async fn pause_or_resume(&mut self) -> Talk {
        self.play_started().await?;
        if self.playing.is_none() {
            return Ok(());
        }
        self.paused = !self.paused;
        self.standing_paused_or_resumed();
        self.extend_playing(self.patience.paused_longest);
        self.command(LineCommand::PauseOrResume).await
    }

    /// Sets the playing speed of recordings for the rest of the call.
    pub async fn set_pace(&mut self, pace: Pace) -> Talk {
        self.play_started().await?;
        self.pace = pace;
        self.standing_paced(pace);
        self.extend_playing(Duration::ZERO);
        self.command(LineCommand::SetPace(pace)).await
    }

    /// The playing speed of recordings.
    pub fn pace(&self) -> Pace {
        self.pace
    }

    /// Says last words to their end.
    pub async fn farewell(&mut self, saying: impl Into<Saying>) -> Leave {
        match self.say_all(saying).await {
            Ok(()) => Leave::Goodbye,
            Err(leave) => leave,
        }
    }

    /// Wrong inputs in a row.
    pub fn failures(&self) -> u8 {
        self.failures
    }

    /// One more wrong input, such as an extension that does not exist. The last one that is allowed
    /// ends the call.
    pub async fn count_failure(&mut self) -> Talk {
        self.failures = self.failures.saturating_add(1);
        if self.failures >= self.patience.failures_max {
            return Err(self.farewell(TOO_MANY_ERRORS).await);
        }
        Ok(())
    }

    /// One more recording in which nothing was said, which counts as a wrong input
    /// (`outlook-voice-access` section 10.1). True when it was the last one that is allowed: a subscriber is
    /// not sent away for silence, but led back to where the recording was asked for.
    pub async fn count_empty_recording(&mut self) -> Talk<bool> {
        let last = self.failures.saturating_add(1) >= self.patience.failures_max;
        if last && self.patience.offers_to_wait {
            self.failures = 0;
            return Ok(true);
        }
        self.count_failure().await?;
        Ok(false)
    }

    /// What was entered is right: earlier wrong inputs are forgiven. Choices do this by themselves.
    pub fn forgive_failures(&mut self) {
        self.failures = 0;
    }

    /// Whether keys wait for a question.
    pub fn has_typed_ahead(&self) -> bool {
        !self.typed_ahead.is_empty()
    }

    /// Forgets keys that wait for a question.
    pub fn forget_typed_ahead(&mut self) {
        self.settle();
        self.unused_keys += self.typed_ahead.clear();
        self.note_unused_keys();
    }

    /// The key that was chosen by just now, pressed once more at once, belongs to that choice: who
    /// knows a doubled key from elsewhere presses it whole, and the second half must not answer
    /// what is asked next.
    pub fn take_doubled_key_as_one(&mut self) {
        self.settle();
        if let Some((_, key)) = self.chosen_by {
            self.take_as_belonging(key);
        }
    }

    /// This key, pressed at once, belongs to what was chosen just now: who knows from elsewhere that it
    /// follows must not answer what is asked next.
    pub fn take_as_belonging(&mut self, key: Key) {
        self.settle();
        if let Some((at, _)) = self.chosen_by {
            self.drop_belonging(key, at + self.patience.between_keys);
        }
    }

    /// Whether the caller is known to be gone.
    pub fn has_hung_up(&self) -> bool {
        self.hung_up.is_some()
    }

    /// Ends the call: what plays is heard to its end, and then the line is closed. Says why it ended.
    pub async fn hang_up(&mut self) -> HangUpCause {
        self.settle();
        self.unused_keys += self.typed_ahead.clear();
        if self.hung_up.is_none() && self.command(LineCommand::HangUp).await.is_ok() {
            self.ends_at = None;
            self.warns_at = None;
            let until = now() + FAREWELL_LONGEST;
            loop {
                match self.next(Some(until)).await {
                    Next::Event(LineEvent::Key(_)) => self.unused_keys += 1,
                    Next::Event(_) => {}
                    Next::TimeUp | Next::Over => break,
                }
            }
        }
        self.note_unused_keys();
        self.hung_up.unwrap_or(HangUpCause::Ringback)
    }
}

impl Drop for Caller {
    fn drop(&mut self) {
        self.settle();
        self.unused_keys += self.typed_ahead.clear();
        self.note_unused_keys();
    }
}

/// Stands for a playing that is none of ours.
const NOTHING: PlayId = PlayId(0);

/// The runtime's clock, which tests can pause.
fn now() -> Instant {
    tokio::time::Instant::now().into_std()
}

async fn sleep_until(wake: Option<Instant>) {
    match wake {
        Some(wake) => tokio::time::sleep_until(wake.into()).await,
        None => std::future::pending().await,
    }
}
