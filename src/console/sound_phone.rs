//! A telephone made of microphone, loudspeaker and keyboard.

use std::collections::VecDeque;
use std::sync::Arc;

use tokio::time::{Instant, MissedTickBehavior, interval};

use super::screen::Screen;
use super::sound_card::SoundCard;
use super::typed::Typed;
use super::typist::{Entry, Over, Typist};
use super::voice::samples_of;
use crate::line::{FarEnd, HangUpCause, LineCommand, LineEvent, PlayId};
use crate::media::{FRAME_LENGTH, FRAME_SAMPLES, FrameLeg};

/// The far end of a line whose words have become sound already.
pub struct SoundPhone {
    line: FarEnd,
    typist: Typist,
    screen: Arc<Screen>,
    card: SoundCard,
    leg: FrameLeg,
    playing: Option<PlayId>,
    paused: bool,
    /// Speech that was typed: heard instead of the microphone.
    voice: VecDeque<i16>,
    changed_at: Instant,
    problem: Option<String>,
}

impl SoundPhone {
    /// A telephone on this line, whose keys `typist` presses.
    pub fn new(line: FarEnd, typist: Typist, screen: Arc<Screen>, card: SoundCard) -> SoundPhone {
        let now = Instant::now();
        SoundPhone {
            line,
            typist,
            screen,
            card,
            leg: FrameLeg::new(now.into_std()),
            playing: None,
            paused: false,
            voice: VecDeque::new(),
            changed_at: now,
            problem: None,
        }
    }

    /// Plays its part until the call is over.
    pub async fn run(mut self) -> Over {
        let mut tick = interval(FRAME_LENGTH);
        tick.set_missed_tick_behavior(MissedTickBehavior::Burst);
        loop {
            let silent = self.playing.is_none() || self.paused;
            let quiet_since = (silent && self.voice.is_empty()).then_some(self.changed_at);
            tokio::select! {
                biased;
                command = self.line.commands.recv() => match command {
                    Some(command) => self.obey(command),
                    None => return Over::because(HangUpCause::Fault),
                },
                _ = tick.tick() => self.exchange(),
                entry = self.typist.next(quiet_since) => self.act(entry),
            }
            while let Some(event) = self.leg.next_event() {
                if let LineEvent::PlayEnded(id) = event
                    && self.playing == Some(id)
                {
                    self.playing = None;
                    self.changed_at = Instant::now();
                }
                let over = match event {
                    LineEvent::HungUp(cause) => Some(cause),
                    _ => None,
                };
                // A conversation that has ended does not care any more.
                let _ = self.line.events.send(event).await;
                if let Some(cause) = over {
                    return self.over(cause);
                }
            }
        }
    }

    fn over(mut self, cause: HangUpCause) -> Over {
        let problem = self.problem.take().or_else(|| {
            let by_us = cause == HangUpCause::Ringback;
            by_us.then(|| self.typist.over_too_early()).flatten()
        });
        Over { cause, problem }
    }

    fn obey(&mut self, command: LineCommand) {
        self.changed_at = Instant::now();
        match &command {
            LineCommand::Play(id, _) => (self.playing, self.paused) = (Some(*id), false),
            LineCommand::StopPlaying => self.playing = None,
            LineCommand::PauseOrResume => self.paused = !self.paused,
            LineCommand::Skip(_) | LineCommand::HangUp => self.paused = false,
            _ => {}
        }
        self.leg.on_command(command);
    }

    fn act(&mut self, entry: Entry) {
        self.changed_at = Instant::now();
        match entry {
            Entry::Do(Typed::Key(key)) => self.leg.press(key),
            Entry::Do(Typed::Speak(speech)) => match samples_of(&speech) {
                Ok(samples) => self.voice.extend(samples),
                Err(problem) => self.give_up(problem),
            },
            Entry::Do(Typed::Wait(_)) => {}
            Entry::Do(Typed::HangUp) | Entry::NothingMore => self.leg.end(HangUpCause::Caller),
            Entry::Wrong(problem) => self.give_up(problem),
        }
    }

    fn give_up(&mut self, problem: String) {
        self.problem = Some(problem);
        self.leg.end(HangUpCause::Caller);
    }

    /// 20 ms go by.
    fn exchange(&mut self) {
        let mut heard = self.card.hear();
        if !self.voice.is_empty() {
            heard = [0; FRAME_SAMPLES];
            let count = self.voice.len().min(FRAME_SAMPLES);
            for (sample, spoken) in heard.iter_mut().zip(self.voice.drain(..count)) {
                *sample = spoken;
            }
            self.changed_at = Instant::now();
        }
        let said = self.leg.exchange(Instant::now().into_std(), &heard);
        self.card.say(&said);
        if let Some(trouble) = self.card.trouble() {
            self.screen.note(&trouble);
            self.give_up(trouble);
        }
    }
}
