//! A telephone of text. Words take the time that it takes to say them, recordings the time that
//! they last, and a voice is what was typed for it.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use tokio::time::{Instant, sleep, sleep_until};

use super::screen::Screen;
use super::typed::Typed;
use super::typist::{Entry, Over, Typist};
use super::voice::{Recording, Voice, duration, samples_in, samples_of};
use crate::line::{
    FarEnd, HangUpCause, LineCommand, LineEvent, Pace, PlayId, Segment, Skip, Take, TakeEnd,
    TransferOutcome,
};

/// A voice says so many characters in a second.
const CHARACTERS_PER_SECOND: u64 = 15;
/// How long the tone before a recording is.
const BEEP: Duration = Duration::from_millis(500);
/// Speech is recorded in pieces of this length.
const PIECE: Duration = Duration::from_millis(100);
/// When no time passes, the disk gets this much for each piece.
const DISK: Duration = Duration::from_millis(1);

/// Whether time passes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Tempo {
    /// As on a telephone.
    Real,
    /// Everything is said and played in no time, for scripts. Silence takes its time.
    Hurried,
}

struct Playing {
    id: PlayId,
    segments: Vec<Segment>,
    /// The segment that sounds, and what has been heard of it.
    at: usize,
    position: Duration,
    /// So many segments have begun to sound.
    begun: usize,
    since: Instant,
    paused: bool,
}

/// The far end of a line, played by a terminal.
pub struct TextPhone {
    line: FarEnd,
    typist: Typist,
    screen: Arc<Screen>,
    tempo: Tempo,
    pace: Pace,
    playing: Option<Playing>,
    recording: Option<Recording>,
    voice: Option<Voice>,
    /// When something was last said or asked for.
    changed_at: Instant,
    hanging_up: bool,
    /// Recordings whose words are known, for who cannot hear them.
    known: Vec<(Vec<i16>, &'static str)>,
}

impl TextPhone {
    /// A telephone on this line, whose keys `typist` presses.
    pub fn new(line: FarEnd, typist: Typist, screen: Arc<Screen>, tempo: Tempo) -> TextPhone {
        TextPhone {
            line,
            typist,
            screen,
            tempo,
            pace: Pace::NORMAL,
            playing: None,
            recording: None,
            voice: None,
            changed_at: now(),
            hanging_up: false,
            known: Vec::new(),
        }
    }

    /// The words of these recordings are shown when they are played.
    pub fn knowing(self, known: Vec<(Vec<i16>, &'static str)>) -> TextPhone {
        TextPhone { known, ..self }
    }

    /// Plays its part until the call is over.
    pub async fn run(mut self) -> Over {
        loop {
            let wake = self.next_change();
            let quiet_since = self.quiet_since();
            tokio::select! {
                biased;
                command = self.line.commands.recv() => {
                    let Some(command) = command else {
                        return Over::because(HangUpCause::Fault);
                    };
                    self.changed_at = now();
                    self.advance().await;
                    self.obey(command).await;
                }
                entry = self.typist.next(quiet_since) => {
                    self.changed_at = now();
                    self.advance().await;
                    match entry {
                        Entry::Do(Typed::HangUp) | Entry::NothingMore => {
                            return self.end(HangUpCause::Caller, None).await;
                        }
                        Entry::Do(typed) => {
                            if let Err(problem) = self.act(typed).await {
                                return self.end(HangUpCause::Caller, Some(problem)).await;
                            }
                        }
                        Entry::Wrong(problem) => {
                            return self.end(HangUpCause::Caller, Some(problem)).await;
                        }
                    }
                }
                () = until(wake) => {
                    self.advance().await;
                    self.change().await;
                }
            }
            if self.hanging_up && self.playing.is_none() {
                let problem = self.typist.over_too_early();
                return self.end(HangUpCause::Ringback, problem).await;
            }
        }
    }

    /// Since when nothing is said; a pause counts, for it waits for a key.
    fn quiet_since(&self) -> Option<Instant> {
        let talking = self.playing.as_ref().is_some_and(|playing| !playing.paused);
        (!talking && self.voice.is_none()).then_some(self.changed_at)
    }

    async fn tell(&self, event: LineEvent) {
        // A conversation that has ended does not care any more.
        let _ = self.line.events.send(event).await;
    }

    async fn obey(&mut self, command: LineCommand) {
        match command {
            LineCommand::Play(id, segments) => {
                self.playing = Some(Playing {
                    id,
                    segments,
                    at: 0,
                    position: Duration::ZERO,
                    begun: 0,
                    since: now(),
                    paused: false,
                });
                self.begin_segment().await;
                self.change().await;
            }
            LineCommand::Continue(id, segments) => self.go_on(id, segments).await,
            LineCommand::Skip(skip) => self.skip(skip).await,
            LineCommand::PauseOrResume => {
                if let Some(playing) = &mut self.playing {
                    playing.paused = !playing.paused;
                    playing.since = now();
                }
            }
            LineCommand::SetPace(pace) => self.pace = pace,
            LineCommand::StopPlaying => self.playing = None,
            // Nobody recognises words here.
            LineCommand::Listen(_) | LineCommand::StopListening => {}
            LineCommand::Record(tape, limits) => {
                self.stop_recording(TakeEnd::Stopped).await;
                self.recording = Some(Recording {
                    tape,
                    limits: *limits,
                    since: now(),
                    quiet_since: now(),
                    written: 0,
                    keep: 0,
                    voiced: 0,
                });
            }
            LineCommand::StopRecording => self.stop_recording(TakeEnd::Stopped).await,
            LineCommand::Transfer(_) => {
                let failed = LineEvent::TransferEnded(TransferOutcome::Failed);
                self.tell(failed).await;
            }
            LineCommand::HangUp => {
                self.hanging_up = true;
                if let Some(playing) = &mut self.playing
                    && std::mem::take(&mut playing.paused)
                {
                    playing.since = now();
                }
            }
        }
    }

    async fn act(&mut self, typed: Typed) -> Result<(), String> {
        match typed {
            Typed::Key(key) => self.tell(LineEvent::Key(key)).await,
            Typed::Speak(speech) => {
                let samples = samples_of(&speech)?;
                if self.recording.is_none() {
                    self.screen.note("(nobody records you now)");
                } else if self.tempo == Tempo::Hurried {
                    self.speak_at_once(&samples).await;
                } else {
                    let voice = self.voice.get_or_insert_with(|| Voice {
                        samples: VecDeque::new(),
                        next_piece: now(),
                    });
                    voice.samples.extend(samples);
                }
            }
            Typed::Wait(_) | Typed::HangUp => {}
        }
        Ok(())
    }

    /// The last words of the line: what was recorded, and why it is over.
    async fn end(&mut self, cause: HangUpCause, problem: Option<String>) -> Over {
        self.stop_recording(TakeEnd::HungUp).await;
        self.playing = None;
        self.tell(LineEvent::HungUp(cause)).await;
        Over { cause, problem }
    }

    /// When something happens by itself.
    fn next_change(&self) -> Option<Instant> {
        let play = self.playing.as_ref().and_then(|playing| {
            let segment = playing.segments.get(playing.at)?;
            if matches!(segment, Segment::ToBeContinued) {
                return None;
            }
            let left = self.length(segment).saturating_sub(playing.position);
            (!playing.paused).then(|| playing.since + self.at_pace(segment, left))
        });
        let record = self.recording.as_ref().map(|recording| {
            let longest = recording.since + recording.limits.longest;
            match &self.voice {
                Some(voice) => longest.min(voice.next_piece),
                None => longest.min(recording.quiet_since + recording.limits.idle),
            }
        });
        [play, record].into_iter().flatten().min()
    }

    fn length(&self, segment: &Segment) -> Duration {
        match self.tempo {
            Tempo::Hurried => Duration::ZERO,
            Tempo::Real => length(segment),
        }
    }

    fn at_pace(&self, segment: &Segment, length: Duration) -> Duration {
        match segment {
            Segment::Sound(_) => length * 100 / u32::from(self.pace.0.max(1)),
            _ => length,
        }
    }

    /// Brings what plays and what is recorded up to now.
    async fn advance(&mut self) {
        let now = now();
        let pace = u32::from(self.pace.0);
        if let Some(playing) = &mut self.playing
            && !playing.paused
        {
            let elapsed = now.saturating_duration_since(playing.since);
            playing.since = now;
            playing.position += match playing.segments.get(playing.at) {
                Some(Segment::Sound(_)) => elapsed * pace / 100,
                _ => elapsed,
            };
        }
        while let (Some(voice), Some(recording)) = (&mut self.voice, &mut self.recording)
            && voice.next_piece <= now
        {
            let count = voice.samples.len().min(samples_in(PIECE) as usize);
            let piece: Vec<i16> = voice.samples.drain(..count).collect();
            voice.next_piece += PIECE;
            recording.hear(&piece, now);
            if voice.samples.is_empty() {
                self.voice = None;
            }
        }
        if let Some(recording) = &mut self.recording
            && self.voice.is_none()
            && self.tempo == Tempo::Real
        {
            recording.hear_silence(now);
        }
    }

    async fn speak_at_once(&mut self, samples: &[i16]) {
        let Some(recording) = &mut self.recording else {
            return;
        };
        let longest = samples_in(recording.limits.longest);
        let room = longest.saturating_sub(recording.written) as usize;
        let spoken = &samples[..samples.len().min(room)];
        for piece in spoken.chunks(samples_in(PIECE) as usize) {
            recording.hear(piece, now());
            sleep(DISK).await;
        }
        if spoken.len() < samples.len() {
            self.stop_recording(TakeEnd::Limit).await;
        }
    }

    /// Does what is due by itself.
    async fn change(&mut self) {
        let now = now();
        while let Some(playing) = &self.playing {
            match playing.segments.get(playing.at) {
                Some(Segment::ToBeContinued) => break,
                Some(segment) if playing.position < self.length(segment) || playing.paused => break,
                Some(_) => self.go_to(playing.at + 1, Duration::ZERO).await,
                None => {
                    let id = playing.id;
                    self.playing = None;
                    self.changed_at = now;
                    self.tell(LineEvent::PlayEnded(id)).await;
                }
            }
        }
        let due = self.recording.as_ref().and_then(|recording| {
            let longest = recording.since + recording.limits.longest;
            let silent = recording.quiet_since + recording.limits.idle;
            if longest <= now {
                Some(TakeEnd::Limit)
            } else {
                (self.voice.is_none() && silent <= now).then_some(TakeEnd::Silence)
            }
        });
        if let Some(end) = due {
            self.changed_at = now;
            self.stop_recording(end).await;
        }
    }

    async fn stop_recording(&mut self, end: TakeEnd) {
        self.voice = None;
        let Some(recording) = self.recording.take() else {
            return;
        };
        let take = Take {
            tape: recording.tape.id.clone(),
            keep_samples: recording.keep,
            voiced: duration(recording.voiced),
            end,
        };
        drop(recording.tape);
        self.tell(LineEvent::RecordEnded(Box::new(take))).await;
    }

    async fn skip(&mut self, skip: Skip) {
        let Some(playing) = &self.playing else {
            return;
        };
        let lengths: Vec<Duration> = playing.segments.iter().map(length).collect();
        let sounds = |at: usize| {
            let segment = playing.segments.get(at);
            matches!(segment, Some(Segment::Sound(_) | Segment::Words(_)))
        };
        let (mut at, mut position) = (playing.at, playing.position);
        match skip {
            Skip::ToStart => (at, position) = (0, Duration::ZERO),
            Skip::ToEnd => (at, position) = (lengths.len(), Duration::ZERO),
            Skip::Ahead(ahead) => {
                position += ahead;
                // What is not there yet has no length: the jump ends at its beginning.
                while let Some(length) = lengths.get(at).filter(|length| **length <= position)
                    && !matches!(playing.segments[at], Segment::ToBeContinued)
                {
                    position -= *length;
                    at += 1;
                }
            }
            Skip::Back(mut back) => {
                // Sounds in a row are one group; what stands before them belongs to something else.
                while back > position && at > 0 && (sounds(at - 1) || !sounds(at)) {
                    back -= position;
                    at -= 1;
                    position = lengths[at];
                }
                position = position.saturating_sub(back);
            }
        }
        let back = matches!(skip, Skip::Back(_) | Skip::ToStart);
        if let Some(playing) = self.playing.as_mut().filter(|_| back) {
            playing.begun = playing.begun.min(at);
        }
        self.go_to(at, position).await;
        self.change().await;
    }

    /// What was to be continued goes on.
    async fn go_on(&mut self, id: PlayId, segments: Vec<Segment>) {
        let Some(playing) = self.playing.as_mut().filter(|playing| playing.id == id) else {
            return;
        };
        if !matches!(playing.segments.last(), Some(Segment::ToBeContinued)) {
            return;
        }
        playing.segments.pop();
        let waited = playing.at == playing.segments.len();
        playing.segments.extend(segments);
        if waited {
            self.go_on_from_here().await;
        }
    }

    async fn go_on_from_here(&mut self) {
        if let Some(playing) = &mut self.playing {
            playing.position = Duration::ZERO;
            playing.since = now();
        }
        self.begin_segment().await;
        self.change().await;
    }

    /// Goes on playing from there.
    async fn go_to(&mut self, at: usize, position: Duration) {
        if let Some(playing) = &mut self.playing {
            let elsewhere = at != playing.at || playing.begun <= at;
            playing.at = at;
            playing.position = position;
            playing.since = now();
            if elsewhere {
                self.begin_segment().await;
            }
        }
    }

    /// Tells the conversation which segment begins to be heard.
    async fn begin_segment(&mut self) {
        let Some(playing) = &mut self.playing else {
            return;
        };
        let Some(segment) = playing.segments.get(playing.at) else {
            return;
        };
        if playing.at < playing.begun || matches!(segment, Segment::ToBeContinued) {
            return;
        }
        if let Segment::Sound(slot) = segment {
            let sound = slot.get();
            let is_this = |known: &&(Vec<i16>, _)| {
                sound.is_some_and(|sound| sound.samples() == known.0.as_slice())
            };
            let words = self.known.iter().find(is_this).map(|known| known.1);
            self.screen.sounds(length(segment), words);
        }
        playing.begun = playing.at + 1;
        let began = LineEvent::Began(playing.id, playing.at);
        self.tell(began).await;
    }
}

fn length(segment: &Segment) -> Duration {
    match segment {
        Segment::Words(utterance) => {
            let characters = utterance.text.chars().count() as u64;
            Duration::from_millis(characters * 1_000 / CHARACTERS_PER_SECOND)
        }
        Segment::Sound(slot) => slot.get().map_or(Duration::ZERO, |sound| sound.length()),
        Segment::Beep => BEEP,
        Segment::Silence(length) => *length,
        Segment::ToBeContinued => Duration::ZERO,
    }
}

fn now() -> Instant {
    Instant::now()
}

async fn until(wake: Option<Instant>) {
    match wake {
        Some(wake) => sleep_until(wake).await,
        None => std::future::pending().await,
    }
}
