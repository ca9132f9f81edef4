//! The caller's end of the line: commands that go out, events that come in, what is playing, and
//! which keys wait for a question.

use std::time::{Duration, Instant};

use super::script::{Feeding, Script};
use super::{
    CALL_ENDS_SOON, CALL_TOO_LONG, COMMAND_LONGEST, Caller, FAREWELL_LONGEST, Leave, NOTHING, Next,
    PENDING_MAX, Saying, Talk, Value, now, sleep_until,
};
use crate::line::{HangUpCause, Key, LineCommand, LineEvent, PlayId};
use crate::transcript::{Event, Pressed};

/// How long it may take until the first word is heard, on a machine that is very busy.
const PLAYING_BEGINS: Duration = Duration::from_secs(30);

impl Caller {
    /// Fails when the caller is gone and has left no keys that still mean something.
    pub(super) fn check(&self) -> Talk {
        if self.hung_up.is_some() && self.typed_ahead.is_empty() {
            return Err(Leave::HungUp);
        }
        Ok(())
    }

    /// Takes in what has happened while nobody waited for it.
    pub(super) fn settle(&mut self) {
        loop {
            let event = match self.pending.pop_front() {
                Some(event) => event,
                None => match self.line.events.try_recv() {
                    Ok(event) => event,
                    Err(_) => return,
                },
            };
            if let Next::Event(LineEvent::Key(key)) = self.take_in(event) {
                self.keep_key(key);
            }
        }
    }

    pub(super) fn keep_key(&mut self, key: Key) {
        if !self.typed_ahead.push(now(), key) {
            self.unused_keys += 1;
        }
    }

    /// The next event that means something, until then.
    pub(super) async fn next(&mut self, until: Option<Instant>) -> Next {
        // Who waits for the end of what plays waits longer when that goes on.
        let until_it_ends = until.is_some() && until == self.playing_ends_by;
        let mut until = until;
        loop {
            if self.piece_ended && Box::pin(self.play_next_piece()).await.is_err() {
                // A recording has no words that could be missing; should it fail, it is over.
                return Next::Event(LineEvent::PlayEnded(NOTHING));
            }
            if self.feeding.is_some() && Box::pin(self.feed_line()).await.is_err() {
                return Next::Over;
            }
            if until_it_ends && self.playing_ends_by.is_some() {
                until = self.playing_ends_by;
            }
            let event = if let Some(event) = self.pending.pop_front() {
                event
            } else if self.hung_up.is_some() {
                return Next::Over;
            } else if self.ends_at.is_some_and(|ends_at| ends_at <= now()) {
                self.say_that_the_call_is_too_long().await;
                return Next::Over;
            } else if self.playing.is_none() && self.warning_is_due() {
                self.warn_that_the_call_ends().await;
                continue;
            } else {
                // While something plays, whoever put it there looks after the warning.
                let waits = self.playing.is_none() && self.may_be_warned();
                let warns_at = self.warns_at.filter(|_| waits);
                let wake = [until, self.ends_at, warns_at].into_iter().flatten().min();
                tokio::select! {
                    biased;
                    event = self.line.events.recv() => {
                        event.unwrap_or(LineEvent::HungUp(HangUpCause::Fault))
                    }
                    () = sleep_until(wake) => {
                        if until.is_some_and(|until| until <= now()) {
                            return Next::TimeUp;
                        }
                        continue;
                    }
                }
            };
            match self.take_in(event) {
                Next::Event(LineEvent::PlayEnded(id)) if id == NOTHING => {}
                next => return next,
            }
        }
    }

    /// Keeps account of what an event tells, and hides what concerns nobody any more.
    pub(super) fn take_in(&mut self, event: LineEvent) -> Next {
        const NOBODYS: Next = Next::Event(LineEvent::PlayEnded(NOTHING));
        match event {
            LineEvent::HungUp(cause) => {
                self.hung_up.get_or_insert(cause);
                self.falls_silent();
                Next::Over
            }
            LineEvent::Began(id, segment) => {
                self.begun.began(&self.transcript, id, segment);
                if let Some(feeding) = &mut self.feeding {
                    feeding.began(id, segment);
                }
                NOBODYS
            }
            LineEvent::PlayEnded(id) if self.playing != Some(id) => NOBODYS,
            LineEvent::PlayEnded(id) if !self.pieces.is_empty() => {
                self.begun.ended(&self.transcript, id);
                self.reading_ended();
                self.playing = None;
                self.piece_ended = true;
                NOBODYS
            }
            LineEvent::PlayEnded(id) => {
                self.begun.ended(&self.transcript, id);
                self.reading_ended();
                self.standing_ended();
                self.falls_silent();
                self.playing_ends_by = None;
                self.paused = false;
                Next::Event(event)
            }
            LineEvent::Key(key) => {
                let belongs = self.belongs.take();
                if belongs.is_some_and(|(awaited, until)| key == awaited && now() <= until) {
                    self.note_key(key);
                    return NOBODYS;
                }
                Next::Event(event)
            }
            LineEvent::Heard(_) => {
                self.listening = false;
                Next::Event(event)
            }
            _ => Next::Event(event),
        }
    }

    /// Plays this instead of what plays now; false when it is nothing.
    pub(super) async fn play(&mut self, saying: &Saying) -> Talk<bool> {
        let script = saying.script(&self.language.prompts, &self.locale, self.style)?;
        self.play_script(script, true).await
    }

    /// The same for what was interrupted, and stands in the transcript already.
    pub(super) async fn go_on_playing(&mut self, saying: &Saying) -> Talk<bool> {
        let script = saying.script(&self.language.prompts, &self.locale, self.style)?;
        self.play_script(script, false).await
    }

    async fn play_script(&mut self, script: Script, tell: bool) -> Talk<bool> {
        self.standing_stopped();
        self.stop_feeding();
        self.pieces.clear();
        self.piece_ended = false;
        let id = PlayId(self.plays + 1);
        let (mut batch, feeding) = Feeding::begin(id, script);
        if batch.segments.is_empty() {
            self.stop_talking().await?;
            return Ok(false);
        }
        self.plays += 1;
        self.playing = Some(id);
        self.feeding = feeding;
        if !tell {
            batch.events.clear();
        }
        self.begun.plays(id, batch.events);
        self.playing_ends_by = Some(now() + PLAYING_BEGINS + batch.longest);
        self.paused = false;
        self.command(LineCommand::Play(id, batch.segments)).await?;
        Ok(true)
    }

    /// Plays what was started, if keys have kept it back until now.
    pub(super) async fn play_started(&mut self) -> Talk {
        if let Some(started) = &mut self.started
            && started.unplayed
        {
            started.unplayed = false;
            let saying = started.saying.clone();
            self.begin(&saying).await?;
        }
        Ok(())
    }

    /// Steering what plays makes it take longer.
    pub(super) fn extend_playing(&mut self, at_least: Duration) {
        if let Some(ends_by) = &mut self.playing_ends_by {
            let extension = at_least.max(Duration::from_secs(60));
            *ends_by = (*ends_by).max(now()) + extension;
        }
    }

    pub(super) async fn stop_talking(&mut self) -> Talk {
        self.standing_stopped();
        self.stop_feeding();
        self.pieces.clear();
        self.piece_ended = false;
        self.playing_ends_by = None;
        self.paused = false;
        if self.falls_silent() {
            self.command(LineCommand::StopPlaying).await?;
        }
        Ok(())
    }

    /// Nothing plays from now on; true when something did.
    fn falls_silent(&mut self) -> bool {
        let played = self.playing.take().is_some();
        if played {
            self.transcript.note(Event::FallsSilent);
        }
        played
    }

    pub(super) async fn stop_listening(&mut self) -> Talk {
        if std::mem::take(&mut self.listening) {
            self.command(LineCommand::StopListening).await?;
        }
        Ok(())
    }

    /// Gives the line a command. A caller who is gone needs none; what comes back will say so.
    pub(super) async fn command(&mut self, command: LineCommand) -> Talk {
        let give_up_at = now() + COMMAND_LONGEST;
        while self.hung_up.is_none() {
            tokio::select! {
                biased;
                room = self.line.commands.reserve() => {
                    match room {
                        Ok(room) => room.send(command),
                        // The events may still say why it is gone.
                        Err(_) if self.pending.is_empty() && self.line.events.is_empty() => {
                            self.hung_up = Some(HangUpCause::Fault);
                        }
                        Err(_) => {}
                    }
                    return Ok(());
                }
                event = self.line.events.recv(), if self.pending.len() < PENDING_MAX => {
                    match event {
                        Some(event) => self.pending.push_back(event),
                        None => self.hung_up = Some(HangUpCause::Fault),
                    }
                }
                () = sleep_until(Some(give_up_at)) => self.hung_up = Some(HangUpCause::Fault),
            }
        }
        Ok(())
    }

    /// Whether a warning would neither be recorded nor cut off words of ours that are not to be heard
    /// again: what was started goes on behind it.
    fn may_be_warned(&self) -> bool {
        !self.records && (self.playing.is_none() || self.started.is_some())
    }

    /// Whether it is time to tell that the call will end.
    pub(super) fn warning_is_due(&self) -> bool {
        self.may_be_warned() && self.warns_at.is_some_and(|warns_at| warns_at <= now())
    }

    /// What is told then.
    pub(super) fn warning(&mut self) -> Saying {
        self.warns_at = None;
        let left = self.ends_at.map_or(Duration::ZERO, |ends_at| {
            ends_at.saturating_duration_since(now())
        });
        // To the next ten seconds: nobody sits there with a stop-watch.
        let left = Duration::from_secs(left.as_secs().div_ceil(10) * 10);
        Saying::new(CALL_ENDS_SOON).with("length", Value::Length(left))
    }

    /// Tells it while nothing else is said. Keys that go down meanwhile stop it, and mean what they
    /// mean to whoever waits for them.
    async fn warn_that_the_call_ends(&mut self) {
        let saying = self.warning();
        let Ok(true) = Box::pin(self.play(&saying)).await else {
            return;
        };
        let until = self.playing_ends_by;
        loop {
            match Box::pin(self.next(until)).await {
                Next::Event(LineEvent::PlayEnded(_)) | Next::Over => return,
                Next::Event(event @ (LineEvent::Key(_) | LineEvent::Heard(_))) => {
                    self.pending.push_front(event);
                    break;
                }
                Next::Event(_) => {}
                Next::TimeUp => break,
            }
        }
        // Who is gone will be known by the next event.
        let _: Talk = Box::pin(self.stop_talking()).await;
    }

    /// The last words of a call that has lasted as long as it may. What is heard meanwhile means
    /// nothing.
    pub(super) async fn say_that_the_call_is_too_long(&mut self) {
        self.ends_at = None;
        self.warns_at = None;
        let saying = Saying::new(CALL_TOO_LONG);
        if let Ok(true) = Box::pin(self.play(&saying)).await {
            let until = now() + FAREWELL_LONGEST;
            while let Next::Event(event) = Box::pin(self.next(Some(until))).await {
                if matches!(event, LineEvent::PlayEnded(_)) {
                    break;
                }
            }
        }
        self.hung_up.get_or_insert(HangUpCause::CallTooLong);
        self.unused_keys += self.typed_ahead.clear();
    }

    pub(super) fn note_key(&self, key: Key) {
        self.transcript.note(Event::Key {
            key: Pressed::Key(key.character()),
        });
    }

    pub(super) fn note_unused_keys(&mut self) {
        let count = std::mem::take(&mut self.unused_keys);
        if count > 0 {
            self.transcript.note(Event::UnusedKeys { count });
        }
    }
}
