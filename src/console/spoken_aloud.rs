//! Along a line, words are spoken by a voice that makes its own sound; all else passes.
//!
//! What is to be played is cut into stretches: words in a row, which the voice speaks, and sound in a
//! row, which goes on to the telephone. While the voice speaks the telephone plays what is to be
//! continued, and so knows that something is said. The voice speaks whole sentences: a jump among them
//! goes from one to the next, and after a pause the present one begins again.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::mpsc;
use tokio::time::{Instant, sleep_until};

use super::desktop_voice::{DesktopVoice, Told, Wish};
use super::screen::Screen;
use crate::line::{FarEnd, LINE_QUEUE, LineCommand, LineEvent, PlayId, Segment, Skip};

/// So many sentences are handed to the voice at once.
const AHEAD: usize = 16;
/// A voice that takes longer than this for a character, and then for nothing at all, speaks no more.
const SLOWEST_CHARACTER: Duration = Duration::from_millis(250);
const SLOWEST_START: Duration = Duration::from_secs(10);
/// When it speaks no more, words take this long for a character: they can be read.
const READ_CHARACTER: Duration = Duration::from_millis(66);

/// A sentence that the voice has been asked for.
#[derive(Clone, Copy, Debug)]
struct Asked {
    number: u64,
    segment: usize,
}

#[derive(Debug)]
enum Stretch {
    /// The telephone plays the segments from the first on.
    Sound,
    /// The voice speaks; the front one is being said, or comes next.
    Words(VecDeque<Asked>),
}

struct Playing {
    id: PlayId,
    segments: Vec<Segment>,
    /// What is played now is made of these.
    first: usize,
    end: usize,
    stretch: Stretch,
    /// So many segments have begun to be heard.
    begun: usize,
    /// When the present sentence began.
    since: Instant,
    paused: bool,
}

/// What stands between a conversation and its telephone.
struct SpokenAloud {
    events: mpsc::Sender<LineEvent>,
    telephone: mpsc::Sender<LineCommand>,
    voice: mpsc::Sender<Wish>,
    screen: Arc<Screen>,
    playing: Option<Playing>,
    /// Which playing the telephone has now, and which sentence came last.
    inner: PlayId,
    number: u64,
    /// When the present sentence must be over.
    deadline: Option<Instant>,
    /// The voice speaks no more.
    mute: bool,
    hanging_up: bool,
}

/// The far end of `far` for a telephone, and what has to run meanwhile.
pub(super) fn along(
    voice: DesktopVoice,
    far: FarEnd,
    screen: Arc<Screen>,
) -> (FarEnd, impl Future<Output = ()> + Send + 'static) {
    let (telephone, commands) = mpsc::channel(LINE_QUEUE);
    let (events, happened) = mpsc::channel(LINE_QUEUE);
    let aloud = SpokenAloud {
        events: far.events,
        telephone,
        voice: voice.wishes,
        screen,
        playing: None,
        inner: PlayId(0),
        number: 0,
        deadline: None,
        mute: false,
        hanging_up: false,
    };
    let task = aloud.run(far.commands, happened, voice.told);
    (FarEnd { commands, events }, task)
}

impl SpokenAloud {
    async fn run(
        mut self,
        mut commands: mpsc::Receiver<LineCommand>,
        mut happened: mpsc::Receiver<LineEvent>,
        mut told: mpsc::Receiver<Told>,
    ) {
        loop {
            let deadline = self.deadline;
            tokio::select! {
                biased;
                event = happened.recv() => match event {
                    Some(event) => self.on_event(event).await,
                    None => break,
                },
                command = commands.recv() => match command {
                    Some(command) => self.on_command(command).await,
                    None => break,
                },
                told = told.recv(), if !self.mute => match told {
                    Some(told) => self.on_told(told).await,
                    None => self.on_told(Told::Gone("it ended".to_owned())).await,
                },
                () = until(deadline) => self.on_deadline().await,
            }
        }
        self.wish(Wish::Stop).await;
    }

    async fn on_command(&mut self, command: LineCommand) {
        match command {
            LineCommand::Play(id, segments) => {
                self.silence().await;
                self.playing = Some(Playing {
                    id,
                    segments,
                    first: 0,
                    end: 0,
                    stretch: Stretch::Sound,
                    begun: 0,
                    since: Instant::now(),
                    paused: false,
                });
                self.go_to(0).await;
            }
            LineCommand::Continue(id, more) => self.go_on(id, more).await,
            LineCommand::Skip(skip) => self.skip(skip).await,
            LineCommand::PauseOrResume => self.pause_or_resume().await,
            LineCommand::StopPlaying => {
                self.silence().await;
                self.playing = None;
                self.pass(LineCommand::StopPlaying).await;
            }
            // What the telephone plays is only a part of what is to be heard before.
            LineCommand::HangUp if self.playing.is_some() => {
                self.hanging_up = true;
                if self.playing.as_ref().is_some_and(|playing| playing.paused) {
                    self.pause_or_resume().await;
                }
            }
            other => self.pass(other).await,
        }
    }

    async fn on_event(&mut self, event: LineEvent) {
        match event {
            LineEvent::Began(id, part) => {
                let playing = self.playing.as_ref();
                let playing = playing.filter(|_| id == self.inner);
                if let Some(segment) = playing.map(|playing| playing.first + part) {
                    self.begins(segment).await;
                }
            }
            LineEvent::PlayEnded(id) => {
                let playing = self.playing.as_ref();
                if let Some(end) = playing.filter(|_| id == self.inner).map(|now| now.end) {
                    self.go_to(end).await;
                }
            }
            LineEvent::HungUp(_) => {
                self.silence().await;
                self.playing = None;
                self.tell(event).await;
            }
            other => self.tell(other).await,
        }
    }

    async fn on_told(&mut self, told: Told) {
        match told {
            Told::Began(number) => {
                if let Some(segment) = self.asked(number) {
                    self.sentence_begins(segment).await;
                }
            }
            Told::Ended(number) => {
                if let Some(segment) = self.asked(number) {
                    self.sentence_ends(segment).await;
                }
            }
            Told::Gone(problem) => self.falls_mute(&problem).await,
        }
    }

    /// The segment of a sentence that is waited for. Those before it are past.
    fn asked(&mut self, number: u64) -> Option<usize> {
        let Stretch::Words(asked) = &mut self.playing.as_mut()?.stretch else {
            return None;
        };
        let at = asked.iter().position(|asked| asked.number == number)?;
        asked.drain(..at);
        asked.front().map(|asked| asked.segment)
    }

    async fn sentence_begins(&mut self, segment: usize) {
        if let Some(playing) = &mut self.playing {
            playing.since = Instant::now();
            self.deadline = Some(playing.since + self.time_for(segment));
        }
        self.begins(segment).await;
    }

    async fn sentence_ends(&mut self, segment: usize) {
        self.begins(segment).await;
        let Some(playing) = &mut self.playing else {
            return;
        };
        let Stretch::Words(asked) = &mut playing.stretch else {
            return;
        };
        asked.pop_front();
        let (next, end) = (asked.front().map(|asked| asked.segment), playing.end);
        match next {
            Some(next) if self.mute => self.sentence_begins(next).await,
            Some(next) => self.deadline = Some(Instant::now() + self.time_for(next)),
            None => self.go_to(end).await,
        }
    }

    /// The voice has said nothing for so long that it never will, or what it would have said has been read.
    async fn on_deadline(&mut self) {
        self.deadline = None;
        if !self.mute {
            self.falls_mute("it says nothing").await;
            return;
        }
        let front = self.playing.as_ref().and_then(Playing::sentence);
        if let Some(segment) = front {
            self.sentence_ends(segment).await;
        }
    }

    async fn falls_mute(&mut self, problem: &str) {
        if std::mem::replace(&mut self.mute, true) {
            return;
        }
        self.screen.note(&format!(
            "(the desktop's voice has gone: {problem}; read what is said from now on)"
        ));
        let playing = self.playing.as_ref().filter(|playing| !playing.paused);
        if let Some(segment) = playing.and_then(Playing::sentence) {
            self.sentence_begins(segment).await;
        }
    }

    fn time_for(&self, segment: usize) -> Duration {
        let playing = self.playing.as_ref();
        let characters = match playing.and_then(|playing| playing.segments.get(segment)) {
            Some(Segment::Words(words)) => words.text.chars().count() as u32,
            _ => 0,
        };
        if self.mute {
            READ_CHARACTER * characters
        } else {
            SLOWEST_START + SLOWEST_CHARACTER * characters
        }
    }

    /// Goes on from this segment, which begins a stretch.
    async fn go_to(&mut self, first: usize) {
        self.deadline = None;
        let Some(playing) = &mut self.playing else {
            return;
        };
        if first >= playing.segments.len() {
            self.end().await;
            return;
        }
        playing.first = first;
        playing.paused = false;
        let words = matches!(playing.segments[first], Segment::Words(_));
        let is_same = |segment: &Segment| matches!(segment, Segment::Words(_)) == words;
        let rest = &playing.segments[first..];
        let most = if words { AHEAD } else { rest.len() };
        let count = rest
            .iter()
            .take(most)
            .take_while(|next| is_same(next))
            .count();
        playing.end = first + count;
        let stretch = rest[..count].to_vec();
        self.inner = PlayId(self.inner.0 + 1);
        if !words {
            playing.stretch = Stretch::Sound;
            self.pass(LineCommand::Play(self.inner, stretch)).await;
            return;
        }
        let asked: VecDeque<Asked> = (first..playing.end)
            .zip(self.number + 1..)
            .map(|(segment, number)| Asked { number, segment })
            .collect();
        self.number += count as u64;
        playing.stretch = Stretch::Words(asked.clone());
        let silent = vec![Segment::ToBeContinued];
        self.pass(LineCommand::Play(self.inner, silent)).await;
        if self.mute {
            self.sentence_begins(first).await;
            return;
        }
        for (asked, segment) in asked.into_iter().zip(stretch) {
            if let Segment::Words(words) = segment {
                self.wish(Wish::Say(asked.number, words)).await;
            }
        }
        self.deadline = Some(Instant::now() + self.time_for(first));
    }

    /// All has been heard.
    async fn end(&mut self) {
        self.silence().await;
        self.pass(LineCommand::StopPlaying).await;
        if let Some(playing) = self.playing.take() {
            self.tell(LineEvent::PlayEnded(playing.id)).await;
        }
        if std::mem::take(&mut self.hanging_up) {
            self.pass(LineCommand::HangUp).await;
        }
    }

    /// What was to be continued goes on.
    async fn go_on(&mut self, id: PlayId, more: Vec<Segment>) {
        let Some(playing) = self.playing.as_mut().filter(|playing| playing.id == id) else {
            return;
        };
        if !matches!(playing.segments.last(), Some(Segment::ToBeContinued)) {
            return;
        }
        playing.segments.pop();
        let waits = playing.end > playing.segments.len();
        let sound = |segment: &&Segment| !matches!(segment, Segment::Words(_));
        let passed: Vec<Segment> = more.iter().take_while(sound).cloned().collect();
        playing.segments.extend(more);
        if waits {
            playing.end = playing.end - 1 + passed.len();
            self.pass(LineCommand::Continue(self.inner, passed)).await;
        }
    }

    async fn skip(&mut self, skip: Skip) {
        let Some(playing) = &mut self.playing else {
            return;
        };
        let to = match (skip, playing.sentence()) {
            (Skip::ToStart, _) => 0,
            (Skip::ToEnd, _) => playing.segments.len(),
            (Skip::Ahead(_) | Skip::Back(_), None) => {
                self.pass(LineCommand::Skip(skip)).await;
                return;
            }
            (Skip::Ahead(_), Some(segment)) => segment + 1,
            (Skip::Back(back), Some(segment)) => {
                let said = playing.since.elapsed();
                let before = segment.checked_sub(1);
                let before = before.filter(|_| back > said);
                before
                    .filter(|before| matches!(playing.segments[*before], Segment::Words(_)))
                    .unwrap_or(segment)
            }
        };
        if matches!(skip, Skip::ToStart | Skip::Back(_)) {
            playing.begun = playing.begun.min(to);
        }
        self.silence().await;
        self.go_to(to).await;
    }

    async fn pause_or_resume(&mut self) {
        let Some(playing) = &mut self.playing else {
            return;
        };
        let resumed = playing.paused;
        match playing.sentence() {
            Some(segment) if resumed => self.go_to(segment).await,
            sentence => {
                playing.paused = !resumed;
                if sentence.is_some() {
                    self.silence().await;
                }
                self.pass(LineCommand::PauseOrResume).await;
            }
        }
    }

    /// This segment begins to be heard.
    async fn begins(&mut self, segment: usize) {
        let Some(playing) = &mut self.playing else {
            return;
        };
        let is_sound = matches!(playing.stretch, Stretch::Sound);
        // The telephone tells again after a jump back; a sentence is told once.
        if is_sound || segment >= playing.begun {
            playing.begun = segment + 1;
            let began = LineEvent::Began(playing.id, segment);
            self.tell(began).await;
        }
    }

    /// The voice stops, if it speaks.
    async fn silence(&mut self) {
        self.deadline = None;
        if self.playing.as_ref().and_then(Playing::sentence).is_some() {
            self.wish(Wish::Stop).await;
        }
    }

    async fn wish(&mut self, wish: Wish) {
        if !self.mute {
            // A voice that is gone tells that itself.
            let _ = self.voice.send(wish).await;
        }
    }

    async fn pass(&self, command: LineCommand) {
        // A telephone that is gone has said so.
        let _ = self.telephone.send(command).await;
    }

    async fn tell(&self, event: LineEvent) {
        // A conversation that has ended does not care any more.
        let _ = self.events.send(event).await;
    }
}

impl Playing {
    /// The segment that the voice says now, or next.
    fn sentence(&self) -> Option<usize> {
        match &self.stretch {
            Stretch::Words(asked) => asked.front().map(|asked| asked.segment),
            Stretch::Sound => None,
        }
    }
}

async fn until(deadline: Option<Instant>) {
    match deadline {
        Some(deadline) => sleep_until(deadline).await,
        None => std::future::pending().await,
    }
}

#[cfg(test)]
mod tests;
