//! The line: two bounded queues between the sound of a call and its conversation.
//!
//! A conversation sends [`LineCommand`]s and receives [`LineEvent`]s; media and speech, the
//! console, a browser page or a test script hold the far end. Nothing here knows SIP or RTP, and
//! nothing here does I/O.

use std::fmt;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use tokio::sync::mpsc;

/// Sample rate of every [`Sound`] and [`Tape`], in hertz (G.711 telephony).
pub const SAMPLE_RATE: u32 = 8_000;

/// How many events or commands may wait in a line before its writer has to wait.
pub const LINE_QUEUE: usize = 64;

/// A key of the telephone keypad: `0`–`9`, `*` or `#` (RFC 4733 events 0–11).
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Key(u8);

impl Key {
    /// `*`
    pub const STAR: Key = Key(b'*');
    /// `#`
    pub const POUND: Key = Key(b'#');
    /// `0`
    pub const ZERO: Key = Key(b'0');

    /// The key of this character; `None` for anything that is not on a keypad.
    pub const fn new(character: char) -> Option<Key> {
        match character {
            '0'..='9' | '*' | '#' => Some(Key(character as u8)),
            _ => None,
        }
    }

    /// The key of a digit 0–9.
    pub const fn digit(digit: u8) -> Option<Key> {
        if digit <= 9 {
            Some(Key(b'0' + digit))
        } else {
            None
        }
    }

    /// The character printed on the key.
    pub const fn character(self) -> char {
        self.0 as char
    }

    /// Whether this is one of `0`–`9`.
    pub const fn is_digit(self) -> bool {
        self.0.is_ascii_digit()
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Key({})", self.character())
    }
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.character())
    }
}

/// A telephone number or extension as it was signalled: digits, with a leading `+` if it had one.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Number(Arc<str>);

impl Number {
    /// The number in `text` once separators (space, `-`, `.`, `(`, `)`) are removed; `None` when
    /// anything but digits, `*`, `#` and a leading `+` remains, or nothing does.
    pub fn parse(text: &str) -> Option<Number> {
        let bare: String = text
            .chars()
            .filter(|c| !matches!(c, ' ' | '-' | '.' | '(' | ')'))
            .collect();
        let digits = bare.strip_prefix('+').unwrap_or(&bare);
        let fits = !digits.is_empty()
            && digits.len() <= 64
            && digits
                .chars()
                .all(|c| c.is_ascii_digit() || matches!(c, '*' | '#'));
        fits.then(|| Number(bare.into()))
    }

    /// The digits, with the `+` if there is one.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Number {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The name of a prompt: the message id in `prompts/<locale>/*.ftl`.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PromptName(pub &'static str);

impl fmt::Debug for PromptName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PromptName({})", self.0)
    }
}

impl fmt::Display for PromptName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }
}

/// A language and region as a BCP 47 tag, such as `en-US`.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Locale(Arc<str>);

impl Locale {
    /// The locale of this tag; it is not checked against what is installed.
    pub fn new(tag: &str) -> Locale {
        Locale(tag.into())
    }

    /// The tag.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Its language, without the region.
    pub fn language(&self) -> &str {
        self.0
            .split_once('-')
            .map_or(&*self.0, |(language, _)| language)
    }
}

impl Default for Locale {
    fn default() -> Self {
        Locale::new("en-US")
    }
}

impl fmt::Display for Locale {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Audio at hand: 8 kHz, 16 bit, mono. The G.711 forms are made once, by whoever plays it first.
#[derive(Default)]
pub struct Sound {
    samples: Box<[i16]>,
    ulaw: OnceLock<Box<[u8]>>,
    alaw: OnceLock<Box<[u8]>>,
}

impl Sound {
    /// Sound from linear samples at [`SAMPLE_RATE`].
    pub fn new(samples: impl Into<Box<[i16]>>) -> Sound {
        Sound {
            samples: samples.into(),
            ..Sound::default()
        }
    }

    /// The linear samples.
    pub fn samples(&self) -> &[i16] {
        &self.samples
    }

    /// How long it takes to play at normal pace.
    pub fn length(&self) -> Duration {
        Duration::from_micros(self.samples.len() as u64 * 1_000_000 / u64::from(SAMPLE_RATE))
    }

    /// The µ-law bytes, encoded by `encode` the first time they are wanted.
    pub fn ulaw(&self, encode: impl FnOnce(&[i16]) -> Box<[u8]>) -> &[u8] {
        self.ulaw.get_or_init(|| encode(&self.samples))
    }

    /// The A-law bytes, encoded by `encode` the first time they are wanted.
    pub fn alaw(&self, encode: impl FnOnce(&[i16]) -> Box<[u8]>) -> &[u8] {
        self.alaw.get_or_init(|| encode(&self.samples))
    }
}

impl fmt::Debug for Sound {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Sound({:?})", self.length())
    }
}

/// A promise of sound: empty until a voice has spoken it. The player waits in silence for an empty
/// slot and skips one that was filled with nothing.
#[derive(Clone, Debug, Default)]
pub struct SoundSlot(Arc<OnceLock<Arc<Sound>>>);

impl SoundSlot {
    /// A slot that is filled already.
    pub fn ready(sound: Arc<Sound>) -> SoundSlot {
        let slot = SoundSlot::default();
        slot.fill(sound);
        slot
    }

    /// Fills the slot; a second filling changes nothing.
    pub fn fill(&self, sound: Arc<Sound>) {
        let _ = self.0.set(sound);
    }

    /// The sound, once it is there.
    pub fn get(&self) -> Option<&Arc<Sound>> {
        self.0.get()
    }
}

/// Whether the sound of some words may be kept on disk.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Keep {
    /// Our own words and what repeats: cached on disk.
    Cached,
    /// A PIN, a person's mail: in memory only, dropped after it was spoken.
    Never,
}

/// One sentence to be spoken.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Utterance {
    /// The prompt it comes from; a studio recording of that name wins when there are no variables.
    pub prompt: PromptName,
    /// The words, with numbers, dates and times already written out.
    pub text: String,
    /// The language of the words.
    pub locale: Locale,
    /// Whether variables went into the text.
    pub has_variables: bool,
    /// Whether the rendered sound may be kept.
    pub keep: Keep,
}

/// A part of what is played, in order.
#[derive(Clone, Debug)]
pub enum Segment {
    /// Words that speech turns into a [`Segment::Sound`] on the way.
    Words(Utterance),
    /// Sound at hand, or promised.
    Sound(SoundSlot),
    /// The tone after which a caller speaks: 1000 Hz, half a second.
    Beep,
    /// Nothing, for so long.
    Silence(Duration),
    /// More comes here, by [`LineCommand::Continue`]; until then there is silence. Only as the last
    /// one: long text is spoken as it is heard, and not all at once.
    ToBeContinued,
}

/// Which playing ended: a number that the caller's side chooses anew for each `Play`.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
pub struct PlayId(pub u64);

/// A jump inside what is being played, in source time.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Skip {
    /// Back by so much, at most to the start of the last [`Segment::Sound`] group.
    Back(Duration),
    /// Ahead by so much, at most to the end.
    Ahead(Duration),
    /// To the end: `PlayEnded` follows at once.
    ToEnd,
    /// To the very start.
    ToStart,
}

/// Playing speed in hundredths of normal: 50–200.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Pace(pub u16);

impl Pace {
    /// As recorded.
    pub const NORMAL: Pace = Pace(100);
}

impl Default for Pace {
    fn default() -> Self {
        Pace::NORMAL
    }
}

/// Bounds of one recording (`unified-messaging` sections 2 and 5).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct RecordingLimits {
    /// MaxRecordingDuration or MaxGreetingDuration: the recording ends here.
    pub longest: Duration,
    /// RecordingIdleTimeout: so much silence ends the recording.
    pub idle: Duration,
    /// A soft tone is played when only this much remains (nothing when longer than `longest`).
    pub warn_before_end: Duration,
}

/// Where recorded sound goes. `write` is called on a media thread and must never block.
pub trait TapeWriter: Send {
    /// Takes the next samples at [`SAMPLE_RATE`].
    fn write(&mut self, samples: &[i16]);
}

/// A tape in the recorder's hands. Dropping it tells its owner that no more sound will come.
pub struct Tape {
    /// Which tape it is; the same value comes back in the [`Take`].
    pub id: TapeId,
    /// The far end of the tape.
    pub writer: Box<dyn TapeWriter>,
}

impl fmt::Debug for Tape {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Tape({:?})", self.id)
    }
}

/// The identity of a tape, and later of the message that is made of it.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct TapeId(pub Arc<str>);

/// Why a recording ended.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum TakeEnd {
    /// `StopRecording` came, because the caller pressed a key.
    Stopped,
    /// Silence for [`RecordingLimits::idle`].
    Silence,
    /// [`RecordingLimits::longest`] was reached.
    Limit,
    /// The caller hung up, or the call was ended.
    HungUp,
    /// Nothing but a steady tone was heard: busy or congestion tone of a line that is gone.
    SteadyTone,
}

/// What was just recorded.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Take {
    /// The tape it is on.
    pub tape: TapeId,
    /// How many samples of this recording to keep: trailing silence and key tones are behind it.
    pub keep_samples: u64,
    /// How much of it was speech.
    pub voiced: Duration,
    /// Why it ended.
    pub end: TakeEnd,
}

impl Take {
    /// The length of what is kept.
    pub fn length(&self) -> Duration {
        Duration::from_micros(self.keep_samples * 1_000_000 / u64::from(SAMPLE_RATE))
    }
}

/// Words that may be said in answer to one question. Built by `language` from the phrases of the
/// choices that are open now; engines compile it.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Grammar {
    /// The language of the phrases.
    pub locale: Locale,
    /// Each choice's name with every way to say it, already expanded.
    pub phrases: Vec<(String, Vec<String>)>,
}

/// How sure the recogniser is; each engine maps its own score.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Sure {
    /// Act on it.
    Accept,
    /// Ask first.
    Confirm,
}

/// One reading of what the caller said.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Candidate {
    /// The choice whose phrase it was.
    pub choice: String,
    /// The words.
    pub words: String,
    /// How sure the engine is.
    pub sure: Sure,
}

/// What was heard: the best candidates first; none when speech was heard but not understood.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Hypothesis {
    /// At most five, best first.
    pub candidates: Vec<Candidate>,
}

/// How a transfer went.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum TransferOutcome {
    /// The other party has the call now.
    Connected,
    /// The PBX refused or nobody answered; the caller is still here.
    Failed,
}

/// Why the call is over.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum HangUpCause {
    /// The caller hung up (BYE or CANCEL).
    Caller,
    /// The conversation asked for it.
    Ringback,
    /// No packet came for the configured time.
    NoMedia,
    /// MaxCallDuration was reached.
    CallTooLong,
    /// The session timer ran out (RFC 4028).
    SessionExpired,
    /// The gateway was disabled.
    GatewayDisabled,
    /// The server is shutting down.
    Shutdown,
    /// Something failed in this call.
    Fault,
}

/// What a conversation learns from the line.
#[derive(Clone, PartialEq, Debug)]
pub enum LineEvent {
    /// A key went down.
    Key(Key),
    /// The caller began to speak while the line listens.
    SpeechStarted,
    /// What the caller said.
    Heard(Hypothesis),
    /// This segment of that `Play`, counted from 0, sounds for the first time, and so whatever
    /// lies before it is past. Told in ascending order, before its `PlayEnded`, and again after a
    /// jump back; a segment may be passed over when a later one has begun as well.
    Began(PlayId, usize),
    /// That `Play` is over: played to its end, or skipped to it. Not sent after `StopPlaying`.
    PlayEnded(PlayId),
    /// The recording is over; the tape has been dropped.
    RecordEnded(Box<Take>),
    /// How the transfer went.
    TransferEnded(TransferOutcome),
    /// The last event of a line. While recording, `RecordEnded` comes before it.
    HungUp(HangUpCause),
}

/// What a conversation asks of the line. Small: a line has room for 32 of them from the beginning.
#[derive(Debug)]
pub enum LineCommand {
    /// Plays these segments instead of what is playing now.
    Play(PlayId, Vec<Segment>),
    /// Puts these segments in the place of the [`Segment::ToBeContinued`] of that `Play`. One that
    /// is over, or was not to be continued, takes none.
    Continue(PlayId, Vec<Segment>),
    /// Jumps inside what is playing.
    Skip(Skip),
    /// Pauses, or goes on.
    PauseOrResume,
    /// Sets the playing speed of [`Segment::Sound`] at hand, for the rest of the call.
    SetPace(Pace),
    /// Silence, now. The rest of the present `Play` is dropped.
    StopPlaying,
    /// Listens for these phrases until something was heard or `StopListening` comes.
    Listen(Arc<Grammar>),
    /// Stops listening.
    StopListening,
    /// Records from now on.
    Record(Tape, Box<RecordingLimits>),
    /// Ends the recording; `RecordEnded` follows.
    StopRecording,
    /// Transfers the caller.
    Transfer(Number),
    /// Ends the call once what is playing has ended; `HungUp(Ringback)` follows.
    HangUp,
}

/// The conversation's end of a line.
#[derive(Debug)]
pub struct Line {
    /// To the sound.
    pub commands: mpsc::Sender<LineCommand>,
    /// From the sound.
    pub events: mpsc::Receiver<LineEvent>,
}

/// The sound's end of a line.
#[derive(Debug)]
pub struct FarEnd {
    /// From the conversation.
    pub commands: mpsc::Receiver<LineCommand>,
    /// To the conversation.
    pub events: mpsc::Sender<LineEvent>,
}

/// A fresh line.
pub fn line() -> (Line, FarEnd) {
    let (commands, far_commands) = mpsc::channel(LINE_QUEUE);
    let (far_events, events) = mpsc::channel(LINE_QUEUE);
    (
        Line { commands, events },
        FarEnd {
            commands: far_commands,
            events: far_events,
        },
    )
}
