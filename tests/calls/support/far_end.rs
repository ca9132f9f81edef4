//! The far end of the line as a story plays it: words take the time they would take to say, and
//! nothing is heard of what was cut off before its turn.

use std::cell::RefCell;
use std::collections::{BTreeMap, VecDeque};
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use ringback::line::{
    Candidate, FarEnd, Grammar, HangUpCause, Hypothesis, Key, LineCommand, LineEvent, Pace, PlayId,
    RecordingLimits, SAMPLE_RATE, Segment, Skip, Sound, Sure, Take, TakeEnd, Tape, TransferOutcome,
};
use tokio::sync::{Notify, mpsc};
use tokio::time::Instant;

use super::story::Said;

/// The options that name somebody who was found.
const LISTED: [&str; 13] = [
    "people-next-page",
    "languages-first",
    "languages-second",
    "languages-third",
    "languages-fourth",
    "languages-fifth",
    "languages-sixth",
    "people-first",
    "people-second",
    "people-third",
    "people-fourth",
    "people-fifth",
    "people-sixth",
];

/// A voice says so many characters in a second.
const CHARACTERS_PER_SECOND: u64 = 15;
/// As long as a key tone.
const KEY_LENGTH: Duration = Duration::from_millis(120);

/// What the story's caller does to the line.
#[derive(Debug)]
pub enum Doing {
    Press(Key),
    Say {
        choice: String,
        surely: bool,
    },
    Mumble,
    LeaveATone,
    /// The sound of the voice: its samples all have this value.
    Speak(Duration, i16),
    HangUp,
    Vanish,
}

/// What is known of the line from outside.
#[derive(Debug)]
pub struct Status {
    /// What the caller has heard and nobody has asked for yet.
    pub heard: Vec<Said>,
    pub playing: bool,
    pub recording: bool,
    /// When something last changed.
    pub changed_at: Instant,
    /// Something may have changed.
    pub changed: Rc<Notify>,
    /// The call is over.
    pub over: bool,
    /// Everything that has begun to sound, by name.
    pub begun: Vec<String>,
    /// A key that shall stop something.
    pub trial: Option<Trial>,
}

/// `*` is pressed as soon as so many things have begun to sound; the call ends when it is clear
/// whether the last of them stopped.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Trial {
    pub at: usize,
    /// What came of it; nothing until then.
    pub stopped: Option<bool>,
}

/// Which recording a sound is: by the value of its first audible sample.
pub type SoundNames = Rc<RefCell<BTreeMap<i16, String>>>;

struct Playing {
    id: PlayId,
    segments: VecDeque<Segment>,
    /// Of the first segment, source time that has been played.
    position: Duration,
    /// So many segments have begun to sound.
    begun: usize,
    /// Everything, to go back to.
    all: Vec<Segment>,
    since: Instant,
    paused: bool,
}

impl Playing {
    /// Goes back, in a text or recordings in a row into those before; true when into another one.
    fn back(&mut self, mut back: Duration) -> bool {
        let mut into_another = false;
        while back > self.position {
            let at = self.all.len() - self.segments.len();
            let before = at.checked_sub(1).and_then(|before| self.all.get(before));
            let Some(before) = before.filter(|before| {
                let same = |one: &Segment, other: &Segment| match (one, other) {
                    (Segment::Words(one), Segment::Words(other)) => one.prompt == other.prompt,
                    _ => false,
                };
                self.segments.front().is_some_and(|at| same(at, before))
            }) else {
                break;
            };
            back -= self.position;
            self.position = length(before);
            self.segments.push_front(before.clone());
            self.begun = self.begun.min(at - 1);
            into_another = true;
        }
        self.position = self.position.saturating_sub(back);
        into_another
    }
}

struct Recording {
    tape: Tape,
    limits: RecordingLimits,
    since: Instant,
    /// When the voice was heard last, or the recording began.
    quiet_since: Instant,
    written: Duration,
    /// Samples since the disk had a moment of real time.
    in_a_row: usize,
    keep: Duration,
    voiced: Duration,
}

/// The far end.
pub struct Telephone {
    line: FarEnd,
    doings: mpsc::UnboundedReceiver<Doing>,
    status: Rc<RefCell<Status>>,
    names: SoundNames,
    options: fn(&str) -> bool,
    pace: Pace,
    playing: Option<Playing>,
    recording: Option<Recording>,
    speaking: Option<(Instant, i16)>,
    grammar: Option<Arc<Grammar>>,
    hang_up_when_silent: bool,
}

pub fn status() -> Rc<RefCell<Status>> {
    Rc::new(RefCell::new(Status {
        heard: Vec::new(),
        playing: false,
        recording: false,
        changed_at: Instant::now(),
        changed: Rc::default(),
        over: false,
        begun: Vec::new(),
        trial: None,
    }))
}

impl Telephone {
    /// `options` knows which prompts are options of menus: their words need not be written down.
    pub fn new(
        line: FarEnd,
        doings: mpsc::UnboundedReceiver<Doing>,
        status: Rc<RefCell<Status>>,
        names: SoundNames,
        options: fn(&str) -> bool,
    ) -> Telephone {
        Telephone {
            line,
            doings,
            status,
            names,
            options,
            pace: Pace::NORMAL,
            playing: None,
            recording: None,
            speaking: None,
            grammar: None,
            hang_up_when_silent: false,
        }
    }

    /// Plays its part until the call is over.
    pub async fn run(mut self) {
        loop {
            self.show();
            let wake = self.next_change();
            tokio::select! {
                biased;
                command = self.line.commands.recv() => {
                    self.touch();
                    self.advance();
                    let Some(command) = command else { break };
                    self.obey(command).await;
                }
                doing = self.doings.recv() => {
                    self.touch();
                    self.advance();
                    let Some(doing) = doing else { break };
                    if matches!(doing, Doing::Vanish) {
                        break;
                    }
                    self.act(doing).await;
                }
                () = sleep_until(wake) => {
                    self.advance();
                    self.change().await;
                }
            }
            let tried = self.status.borrow().trial;
            if tried.is_some_and(|trial| trial.stopped.is_some()) {
                self.end(HangUpCause::Caller).await;
            }
            if self.status.borrow().over {
                break;
            }
            if self.hang_up_when_silent && self.playing.is_none() {
                self.status.borrow_mut().heard.push(Said {
                    name: "hangs-up".to_owned(),
                    text: None,
                });
                self.end(HangUpCause::Ringback).await;
                break;
            }
        }
        self.status.borrow_mut().over = true;
        self.show();
    }

    fn touch(&self) {
        self.status.borrow_mut().changed_at = Instant::now();
    }

    fn show(&self) {
        let mut status = self.status.borrow_mut();
        status.playing = self.playing.as_ref().is_some_and(|playing| !playing.paused);
        status.recording = self.recording.is_some();
        status.changed.notify_one();
    }

    async fn tell(&self, event: LineEvent) {
        // A conversation that has ended does not care any more.
        let _ = self.line.events.send(event).await;
    }

    /// Whether the key of the trial has been pressed, and nothing has come of it yet.
    fn is_trying(&self) -> bool {
        let status = self.status.borrow();
        let trial = status.trial;
        trial.is_some_and(|trial| trial.stopped.is_none() && status.begun.len() >= trial.at)
    }

    fn tried(&self, stopped: bool) {
        if self.is_trying()
            && let Some(trial) = &mut self.status.borrow_mut().trial
        {
            trial.stopped = Some(stopped);
        }
    }

    async fn obey(&mut self, command: LineCommand) {
        if matches!(
            command,
            LineCommand::Play(..) | LineCommand::StopPlaying | LineCommand::Record(..)
        ) {
            self.tried(true);
        }
        match command {
            LineCommand::Play(id, segments) => {
                assert!(
                    self.recording.is_none(),
                    "something is played into a recording"
                );
                self.playing = Some(Playing {
                    id,
                    segments: segments.clone().into(),
                    position: Duration::ZERO,
                    begun: 0,
                    all: segments,
                    since: Instant::now(),
                    paused: false,
                });
                self.hear_first().await;
                if self.playing.as_ref().is_some_and(|p| p.segments.is_empty()) {
                    self.change().await;
                }
            }
            LineCommand::Continue(id, segments) => self.go_on(id, segments).await,
            LineCommand::Skip(skip) => self.skip(skip).await,
            LineCommand::PauseOrResume => {
                if let Some(playing) = &mut self.playing {
                    playing.paused = !playing.paused;
                    playing.since = Instant::now();
                }
            }
            LineCommand::SetPace(pace) => self.pace = pace,
            LineCommand::StopPlaying => self.playing = None,
            LineCommand::Listen(grammar) => self.grammar = Some(grammar),
            LineCommand::StopListening => self.grammar = None,
            LineCommand::Record(tape, limits) => {
                self.playing = None;
                let now = Instant::now();
                self.recording = Some(Recording {
                    tape,
                    limits: *limits,
                    since: now,
                    quiet_since: now,
                    written: Duration::ZERO,
                    in_a_row: 0,
                    keep: Duration::ZERO,
                    voiced: Duration::ZERO,
                });
            }
            LineCommand::StopRecording => self.stop_recording(TakeEnd::Stopped).await,
            LineCommand::Transfer(_) => {
                self.tell(LineEvent::TransferEnded(TransferOutcome::Failed))
                    .await;
            }
            LineCommand::HangUp => self.hang_up_when_silent = true,
        }
    }

    async fn act(&mut self, doing: Doing) {
        match doing {
            Doing::Press(key) => self.tell(LineEvent::Key(key)).await,
            Doing::Say { choice, surely } => {
                let Some(grammar) = self.grammar.take() else {
                    return;
                };
                let phrases = grammar.phrases.iter().find(|(name, _)| *name == choice);
                let words = phrases.and_then(|(_, phrases)| phrases.first().cloned());
                self.tell(LineEvent::SpeechStarted).await;
                let candidates = words.map(|words| Candidate {
                    choice,
                    words,
                    sure: if surely { Sure::Accept } else { Sure::Confirm },
                });
                let heard = Hypothesis {
                    candidates: candidates.into_iter().collect(),
                };
                self.tell(LineEvent::Heard(heard)).await;
            }
            Doing::Mumble => {
                if self.grammar.take().is_some() {
                    self.tell(LineEvent::SpeechStarted).await;
                    self.tell(LineEvent::Heard(Hypothesis::default())).await;
                }
            }
            Doing::Speak(length, value) => {
                self.speaking = Some((Instant::now() + length, value));
            }
            Doing::HangUp => self.end(HangUpCause::Caller).await,
            Doing::LeaveATone => self.stop_recording(TakeEnd::SteadyTone).await,
            Doing::Vanish => {}
        }
    }

    async fn end(&mut self, cause: HangUpCause) {
        self.stop_recording(TakeEnd::HungUp).await;
        self.playing = None;
        self.tell(LineEvent::HungUp(cause)).await;
        self.status.borrow_mut().over = true;
    }

    /// When something happens by itself.
    fn next_change(&self) -> Option<Instant> {
        let play = self.playing.as_ref().and_then(|playing| {
            let first = playing.segments.front()?;
            if playing.paused || matches!(first, Segment::ToBeContinued) {
                return None;
            }
            let left = length(first).saturating_sub(playing.position);
            Some(playing.since + self.stretched(first, left))
        });
        let record = self.recording.as_ref().map(|recording| {
            let longest = recording.since + recording.limits.longest;
            match self.speaking {
                Some((until, _)) => longest.min(until),
                None => longest.min(recording.quiet_since + recording.limits.idle),
            }
        });
        let speech = self.speaking.map(|(until, _)| until);
        [play, record, speech].into_iter().flatten().min()
    }

    fn stretched(&self, segment: &Segment, length: Duration) -> Duration {
        match segment {
            Segment::Sound(_) => length * 100 / u32::from(self.pace.0),
            _ => length,
        }
    }

    /// Brings what plays and what is recorded up to now.
    fn advance(&mut self) {
        let now = Instant::now();
        let pace = self.pace;
        if let Some(playing) = &mut self.playing
            && !playing.paused
        {
            let elapsed = now - playing.since;
            playing.since = now;
            playing.position += match playing.segments.front() {
                Some(Segment::Sound(_)) => elapsed * u32::from(pace.0) / 100,
                _ => elapsed,
            };
        }
        let speaking = self.speaking;
        if let Some(recording) = &mut self.recording {
            let recorded = now - recording.since;
            let fresh = recorded.saturating_sub(recording.written);
            let value = speaking.map_or(0, |(_, value)| value);
            let count = samples(fresh);
            write(&mut recording.tape, value, count, &mut recording.in_a_row);
            recording.written = recorded;
            if speaking.is_some() {
                recording.voiced += fresh;
                recording.keep = recorded;
                recording.quiet_since = now;
            }
        }
        if speaking.is_some_and(|(until, _)| until <= now) {
            self.speaking = None;
        }
    }

    /// Does what is due by itself.
    async fn change(&mut self) {
        let now = Instant::now();
        while let Some(playing) = &mut self.playing {
            match playing.segments.front() {
                Some(Segment::ToBeContinued) => break,
                Some(first) if playing.position < length(first) => break,
                Some(_) => {
                    playing.segments.pop_front();
                    playing.position = Duration::ZERO;
                    self.tried(false);
                    self.hear_first().await;
                }
                None => {
                    let id = playing.id;
                    self.playing = None;
                    self.touch();
                    self.tell(LineEvent::PlayEnded(id)).await;
                }
            }
        }
        let due = self.recording.as_ref().and_then(|recording| {
            let quiet = now - recording.quiet_since;
            if now - recording.since >= recording.limits.longest {
                Some(TakeEnd::Limit)
            } else if self.speaking.is_none() && quiet >= recording.limits.idle {
                Some(TakeEnd::Silence)
            } else {
                None
            }
        });
        if let Some(end) = due {
            self.touch();
            self.stop_recording(end).await;
        }
    }

    /// What was to be continued goes on.
    async fn go_on(&mut self, id: PlayId, segments: Vec<Segment>) {
        let Some(playing) = self.playing.as_mut().filter(|playing| playing.id == id) else {
            return;
        };
        assert!(
            matches!(playing.all.pop(), Some(Segment::ToBeContinued)),
            "something goes on that was not to be continued"
        );
        playing.segments.pop_back();
        let waited = playing.segments.is_empty();
        playing.all.extend(segments.iter().cloned());
        playing.segments.extend(segments);
        if waited {
            self.hear_first().await;
            self.change().await;
        }
    }

    async fn stop_recording(&mut self, end: TakeEnd) {
        let Some(recording) = self.recording.take() else {
            return;
        };
        let take = Take {
            tape: recording.tape.id.clone(),
            keep_samples: samples(recording.keep) as u64,
            voiced: recording.voiced,
            end,
        };
        drop(recording.tape);
        self.tell(LineEvent::RecordEnded(Box::new(take))).await;
    }

    async fn skip(&mut self, skip: Skip) {
        let Some(playing) = &mut self.playing else {
            return;
        };
        match skip {
            Skip::Ahead(ahead) => playing.position += ahead,
            Skip::Back(back) => {
                if playing.back(back) {
                    self.hear_first().await;
                }
            }
            Skip::ToStart => {
                playing.segments = playing.all.clone().into();
                playing.position = Duration::ZERO;
                self.hear_first().await;
            }
            Skip::ToEnd => {
                playing.segments.clear();
                playing.position = Duration::ZERO;
            }
        }
        if let Some(playing) = &mut self.playing {
            playing.paused = false;
        }
        self.change().await;
    }

    /// Notes what begins to be heard, and tells the conversation.
    async fn hear_first(&mut self) {
        let began = self.playing.as_mut().and_then(|playing| {
            let segment = playing.all.len() - playing.segments.len();
            let sounds = !matches!(
                playing.segments.front(),
                None | Some(Segment::ToBeContinued)
            );
            let new = segment >= playing.begun && sounds;
            playing.begun = playing.begun.max(segment + usize::from(sounds));
            new.then_some(LineEvent::Began(playing.id, segment))
        });
        if let Some(began) = began {
            self.tell(began).await;
        }
        let begun = self.status.borrow().begun.len();
        self.note_first();
        let presses = {
            let status = self.status.borrow();
            let now = status.begun.len();
            now > begun && status.trial.is_some_and(|trial| trial.at == now)
        };
        if presses {
            self.tell(LineEvent::Key(Key::STAR)).await;
        }
    }

    fn note_first(&mut self) {
        let Some(first) = self.playing.as_ref().and_then(|p| p.segments.front()) else {
            return;
        };
        let said = match first {
            Segment::Words(utterance) => {
                let name = utterance.prompt.0.to_owned();
                // An option tells its key, which its name says already; those of a list tell what is chosen.
                let is_listed = LISTED.contains(&&*name);
                let telling = utterance.has_variables && (is_listed || !(self.options)(&name));
                let mut status = self.status.borrow_mut();
                if let Some(last) = status.heard.last_mut()
                    && last.name == name
                {
                    // The next sentence of the same prompt.
                    if let Some(text) = &mut last.text {
                        text.push(' ');
                        text.push_str(&utterance.text);
                    }
                    return;
                }
                Said {
                    name,
                    text: telling.then(|| utterance.text.clone()),
                }
            }
            Segment::Sound(slot) => {
                let sound = slot.get();
                Said {
                    name: sound.map_or("nothing".to_owned(), |sound| self.name_of(sound)),
                    text: None,
                }
            }
            Segment::Beep => Said {
                name: "beep".to_owned(),
                text: None,
            },
            Segment::Silence(_) | Segment::ToBeContinued => return,
        };
        let mut status = self.status.borrow_mut();
        status.begun.push(said.name.clone());
        status.heard.push(said);
    }

    fn name_of(&self, sound: &Sound) -> String {
        let value = sound.samples().iter().find(|sample| **sample != 0);
        let name = value.and_then(|value| self.names.borrow().get(value).cloned());
        name.unwrap_or_else(|| "silence".to_owned())
    }
}

/// So much sound may go to the disk before it gets a moment of real time: half of what the queue to the
/// disk holds, since a minute that passes in no time is more than that.
const UNTIL_A_MOMENT: usize = 10 * SAMPLE_RATE as usize;

/// Hands so many samples to the tape; `in_a_row` counts them until the disk gets its moment.
#[expect(
    clippy::disallowed_methods,
    reason = "the disk of a story is real, only its clock is not"
)]
fn write(tape: &mut Tape, value: i16, mut count: usize, in_a_row: &mut usize) {
    let piece = vec![value; count.min(UNTIL_A_MOMENT)];
    while count > 0 {
        let next = count.min(UNTIL_A_MOMENT - *in_a_row);
        tape.writer.write(&piece[..next]);
        count -= next;
        *in_a_row += next;
        if *in_a_row == UNTIL_A_MOMENT {
            std::thread::sleep(Duration::from_millis(10));
            *in_a_row = 0;
        }
    }
}

fn length(segment: &Segment) -> Duration {
    match segment {
        Segment::Words(utterance) => {
            Duration::from_millis(utterance.text.len() as u64 * 1_000 / CHARACTERS_PER_SECOND)
        }
        Segment::Sound(slot) => slot.get().map_or(Duration::ZERO, |sound| sound.length()),
        Segment::Beep => Duration::from_millis(500),
        Segment::Silence(length) => *length,
        Segment::ToBeContinued => Duration::ZERO,
    }
}

fn samples(length: Duration) -> usize {
    (length.as_micros() * u128::from(SAMPLE_RATE) / 1_000_000) as usize
}

/// Sleeps until then, or for ever.
pub async fn sleep_until(wake: Option<Instant>) {
    match wake {
        Some(wake) => tokio::time::sleep_until(wake).await,
        None => std::future::pending().await,
    }
}
