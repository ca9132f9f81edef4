//! Questions: the loop that feeds a turn with what the line tells and does what the turn wants.

use std::time::Instant;

use super::open_menu::{OpenMenu, Picked};
use super::{
    AskDigits, Caller, Digits, Leave, NO_ANSWER_GOODBYE, NOTHING, Next, PinEntry, Saying,
    TOO_MANY_ERRORS, Talk, Value, now,
};
use crate::line::{HangUpCause, Key, LineCommand, LineEvent, PromptName};
use crate::transcript::{Event, Pressed};
use crate::turn::Persistence;
use crate::turn::menu::YES_NO;
use crate::turn::{
    Announced, DID_YOU_SAY, DigitEntry, DigitRules, Entered, OPTIONS, SecretDigits, Step, Turn, Why,
};

/// What a PIN may take: longer ones are refused by whoever checks them.
const PIN_LONGEST: usize = SecretDigits::LONGEST;

/// Keys a turn has read and not decided about.
type Fed = Vec<(Instant, Key)>;

impl Caller {
    /// Asks for one of the choices of `menu`, over what was started or with the options read out.
    /// Asks again after silence and wrong keys, and ends the call when there are too many.
    pub async fn choose<C: Copy + PartialEq + 'static>(
        &mut self,
        menu: impl Into<OpenMenu<C>>,
    ) -> Talk<C> {
        let menu = menu.into();
        loop {
            match self.put(&menu, Persistence::AskAgain).await? {
                Ok(choice) => return Ok(choice),
                Err(Why::Silence) if Box::pin(self.is_still_there()).await? => self.failures = 0,
                Err(why) => return Err(self.give_up(why).await),
            }
        }
    }

    /// The same, where no choice is an answer as well: neither silence nor too many wrong keys end
    /// the call.
    pub async fn choose_or_nothing<C: Copy + PartialEq + 'static>(
        &mut self,
        menu: impl Into<OpenMenu<C>>,
    ) -> Talk<Option<C>> {
        let menu = menu.into();
        match self.put(&menu, Persistence::Once).await? {
            Ok(choice) => Ok(Some(choice)),
            Err(Why::Silence | Why::PlayingEnded | Why::InvalidInput) => Ok(None),
            Err(why @ Why::HungUp) => Err(self.give_up(why).await),
        }
    }

    /// The same, while what was started plays: nothing once it has ended. The options are not read,
    /// and keys that mean nothing are no failure.
    pub async fn choose_while_playing<C: Copy + PartialEq + 'static>(
        &mut self,
        menu: impl Into<OpenMenu<C>>,
    ) -> Talk<Option<C>> {
        let menu = menu.into();
        match self.put(&menu, Persistence::WhilePlaying).await? {
            Ok(choice) => Ok(Some(choice)),
            Err(Why::Silence | Why::PlayingEnded) => Ok(None),
            Err(why) => Err(self.give_up(why).await),
        }
    }

    /// Asks for digits.
    pub async fn ask_digits(&mut self, question: AskDigits) -> Talk<Digits> {
        self.ask_digits_or(question, &[]).await
    }

    /// The same, where some digits are a whole answer as soon as they are pressed, if nothing was
    /// pressed before them.
    pub async fn ask_digits_or(
        &mut self,
        question: AskDigits,
        at_once: &'static [&'static str],
    ) -> Talk<Digits> {
        let rules = DigitRules {
            longest: question.longest,
            complete_at: question.complete_at,
            lone_keys: question.lone_keys,
            at_once,
        };
        let (entered, digits) = self.enter(question.prompt, rules, false).await?;
        Ok(match entered {
            Entered::Digits { .. } => Digits::Entered(digits.expose().to_owned()),
            Entered::Lone(key) => Digits::Lone(key),
        })
    }

    /// Asks for a PIN, which no transcript and no log ever shows.
    pub async fn ask_pin(
        &mut self,
        prompt: Saying,
        lone_star: bool,
        lone_pound: bool,
    ) -> Talk<PinEntry> {
        let lone_keys: &'static [Key] = match (lone_star, lone_pound) {
            (true, true) => &[Key::STAR, Key::POUND],
            (true, false) => &[Key::STAR],
            (false, true) => &[Key::POUND],
            (false, false) => &[],
        };
        let rules = DigitRules {
            longest: PIN_LONGEST,
            complete_at: None,
            lone_keys,
            at_once: &[],
        };
        let (entered, digits) = self.enter(prompt, rules, true).await?;
        Ok(match entered {
            Entered::Digits { .. } => PinEntry::Digits(digits),
            Entered::Lone(Key::STAR) => PinEntry::Star,
            Entered::Lone(_) => PinEntry::Pound,
        })
    }

    /// Whether the answer just given goes on with this key, no later than the second half of a doubled
    /// key would come. Any other key stays for the next question.
    pub async fn goes_on_with(&mut self, key: Key) -> Talk<bool> {
        self.settle();
        let until = now() + self.patience.between_keys;
        loop {
            if let Some((_, first)) = self.typed_ahead.first() {
                let goes_on = first == key && self.typed_ahead.take().is_some();
                if goes_on {
                    self.note_key(key);
                }
                return Ok(goes_on);
            }
            match self.next(Some(until)).await {
                Next::Event(LineEvent::Key(key)) => self.keep_key(key),
                Next::Event(_) => {}
                Next::TimeUp => return Ok(false),
                Next::Over => return Err(Leave::HungUp),
            }
        }
    }

    async fn give_up(&mut self, why: Why) -> Leave {
        match why {
            Why::HungUp => Leave::HungUp,
            Why::Silence | Why::PlayingEnded => self.farewell(NO_ANSWER_GOODBYE).await,
            Why::InvalidInput => self.farewell(TOO_MANY_ERRORS).await,
        }
    }

    async fn count_question(&mut self) -> Talk {
        self.check()?;
        self.questions += 1;
        if self.questions > self.patience.questions_per_call_max {
            return Err(self.farewell(TOO_MANY_ERRORS).await);
        }
        Ok(())
    }

    /// Whether something that was started is still to be heard.
    fn is_playing_started(&self) -> bool {
        self.started.as_ref().is_some_and(|started| {
            started.unplayed || self.playing.is_some() || !self.pieces.is_empty()
        })
    }

    async fn put<C: Copy + PartialEq + 'static>(
        &mut self,
        menu: &OpenMenu<C>,
        persistence: Persistence,
    ) -> Talk<Result<C, Why>> {
        self.count_question().await?;
        // What is not a question, but may be talked over, has no options to repeat and no way out.
        let choices = match persistence {
            Persistence::WhilePlaying => menu.own_choices(&self.language),
            _ => menu.choices(&self.language),
        };
        self.note_asked(menu, &choices);
        let [yes, no] = ["yes", "no"].map(|name| self.language.keys.keys(YES_NO.name, name));
        let mut turn = Turn::new(choices, self.patience, self.failures)
            .persisting(persistence)
            .confirmed_by(yes, no);
        if self.is_playing_started() {
            turn = turn.while_playing();
        } else if persistence == Persistence::WhilePlaying {
            return Ok(Err(Why::PlayingEnded));
        }
        let mut fed = Fed::new();
        let mut step = Step::Wait;
        loop {
            match step {
                Step::Wait => {}
                Step::StopTalking => {
                    self.started = None;
                    self.stop_talking().await?;
                }
                Step::Say(prompt) => {
                    self.note_fed(&mut fed, turn.taken(), 0);
                    self.failures = turn.failures();
                    if !self.read_out(menu, &turn, prompt).await? {
                        step = turn.on(now(), &LineEvent::PlayEnded(NOTHING));
                        continue;
                    }
                }
                Step::Chosen(picked) => {
                    self.note_fed(&mut fed, turn.taken(), turn.unread());
                    self.failures = turn.failures();
                    return self.picked(picked).await.map(Ok);
                }
                Step::GaveUp(why) => {
                    self.note_fed(&mut fed, 0, 0);
                    self.failures = turn.failures();
                    self.stop_listening().await?;
                    return Ok(Err(why));
                }
            }
            step = self.feed(menu, &mut turn, &mut fed).await?;
        }
    }

    /// Hands the next thing that happens to the turn: keys that wait, then time, then the line.
    async fn feed<C: Copy + PartialEq + 'static>(
        &mut self,
        menu: &OpenMenu<C>,
        turn: &mut Turn<Picked<C>>,
        fed: &mut Fed,
    ) -> Talk<Step<Picked<C>>> {
        if let Some((at, _)) = self.typed_ahead.first() {
            if let Some(deadline) = turn.deadline()
                && deadline < at
            {
                return Ok(turn.on_deadline(deadline));
            }
            if let Some((at, key)) = self.typed_ahead.take() {
                fed.push((at, key));
                return Ok(turn.on(at, &LineEvent::Key(key)));
            }
        }
        if !turn.is_half_answered() {
            self.play_started().await?;
            let step = turn.begin();
            if !matches!(step, Step::Wait) {
                return Ok(step);
            }
            self.listen(menu, turn).await?;
        }
        if self.warning_is_due() && self.is_playing_started() {
            // In the middle of a message, which goes on behind it.
            let warning = self.warning();
            self.interject(warning).await?;
        }
        let warns_at = self.warns_at.filter(|_| self.is_playing_started());
        let until = [turn.deadline(), self.playing_ends_by, warns_at]
            .into_iter()
            .flatten()
            .min();
        Ok(match self.next(until).await {
            Next::Event(LineEvent::Key(key)) => {
                self.stop_listening().await?;
                fed.push((now(), key));
                turn.on(now(), &LineEvent::Key(key))
            }
            Next::Event(event) => {
                if let LineEvent::Heard(hypothesis) = &event {
                    let best = hypothesis.candidates.first();
                    self.transcript.note(Event::Hears {
                        words: best.map(|best| best.words.clone()).unwrap_or_default(),
                    });
                }
                turn.on(now(), &event)
            }
            Next::TimeUp if turn.deadline().is_some_and(|deadline| deadline <= now()) => {
                turn.on_deadline(now())
            }
            Next::TimeUp if self.warning_is_due() => Step::Wait,
            Next::TimeUp => {
                // What plays should have ended long ago.
                self.stop_talking().await?;
                turn.on(now(), &LineEvent::PlayEnded(NOTHING))
            }
            Next::Over => turn.on(now(), &LineEvent::HungUp(HangUpCause::Caller)),
        })
    }

    /// Says `prompt` and the options that follow it; false when that is nothing.
    async fn read_out<C: Copy + PartialEq + 'static>(
        &mut self,
        menu: &OpenMenu<C>,
        turn: &Turn<Picked<C>>,
        prompt: PromptName,
    ) -> Talk<bool> {
        let mut saying = if prompt == OPTIONS {
            Saying::nothing()
        } else if prompt == DID_YOU_SAY {
            let words = turn.in_doubt().unwrap_or_default().to_owned();
            let mut question = Saying::new(prompt).with("words", Value::Text(words));
            for name in ["yes", "no"] {
                // The check of layouts sees to it that both have a key.
                if let Some(keys) = self.language.keys.keys(YES_NO.name, name) {
                    question = question.with(name, Value::Keys(keys));
                }
            }
            question
        } else {
            // Keys typed ahead of something that went wrong were meant for something else.
            self.unused_keys += self.typed_ahead.clear();
            self.note_unused_keys();
            Saying::new(prompt)
        };
        let announced = turn.announced();
        saying = saying.then(menu.announcement(&self.language, announced)?);
        self.stop_listening().await?;
        if !matches!(announced, Announced::WhilePlaying | Announced::GoingOn) {
            self.started = None;
            if !self.records && self.warns_at.is_some_and(|at| at <= now()) {
                // Whoever keeps us talking leaves no silence for it.
                saying = self.warning().then(saying);
            }
            return self.play(&saying).await;
        }
        let rest = self.rest_of_started();
        let said = self.play(&saying).await?;
        self.piece_ended = !said && !rest.is_empty();
        self.play_afterwards(rest);
        Ok(said || self.piece_ended)
    }

    async fn picked<C: Copy + 'static>(&mut self, picked: Picked<C>) -> Talk<C> {
        self.stop_listening().await?;
        if !picked.steers {
            self.started = None;
            self.stop_talking().await?;
        }
        self.transcript.note(Event::Choice {
            menu: picked.menu.to_owned(),
            choice: picked.name.to_owned(),
        });
        picked.choice.ok_or(Leave::MainMenu)
    }

    async fn listen<C: Copy + PartialEq + 'static>(
        &mut self,
        menu: &OpenMenu<C>,
        turn: &Turn<Picked<C>>,
    ) -> Talk {
        if turn.wants_keys_only() {
            self.phrases_offered = false;
        }
        if !self.phrases_offered || self.listening {
            return Ok(());
        }
        let in_doubt = turn.in_doubt().is_some();
        let grammar = menu.grammar(&self.language, &self.locale, in_doubt);
        if grammar.phrases.is_empty() {
            return Ok(());
        }
        self.listening = true;
        self.command(LineCommand::Listen(grammar)).await
    }

    /// Writes the keys that were a request into the transcript, keeps the `unread` ones behind them
    /// for the next question, and counts the others: keys that mean nothing here may be a PIN.
    fn note_fed(&mut self, fed: &mut Fed, taken: usize, unread: usize) {
        let read = fed.len().saturating_sub(unread);
        let meaningless = read.saturating_sub(taken);
        self.unused_keys += meaningless;
        self.note_unused_keys();
        for (at, key) in &fed[meaningless..read] {
            self.note_key(*key);
            self.chosen_by = Some((*at, *key));
        }
        self.typed_ahead.put_back(&fed[read..]);
        for (_, key) in fed.iter_mut() {
            *key = Key::POUND;
        }
        fed.clear();
    }

    async fn enter(
        &mut self,
        prompt: Saying,
        rules: DigitRules,
        secret: bool,
    ) -> Talk<(Entered, SecretDigits)> {
        self.count_question().await?;
        self.started = None;
        self.note_asked_for(if secret { "pin" } else { "digits" });
        let mut entry = DigitEntry::new(rules, self.patience, self.failures);
        let mut step = Step::Wait;
        loop {
            match step {
                Step::Wait => {}
                Step::StopTalking => self.stop_talking().await?,
                Step::Say(wrong) => {
                    self.failures = entry.failures();
                    let mut saying = prompt.clone();
                    if wrong != OPTIONS {
                        self.unused_keys += self.typed_ahead.clear();
                        self.note_unused_keys();
                        saying = Saying::new(wrong).then(saying);
                    }
                    if !self.play(&saying).await? {
                        step = entry.on(now(), &LineEvent::PlayEnded(NOTHING));
                        continue;
                    }
                }
                Step::Chosen(entered) => {
                    self.stop_talking().await?;
                    if entered == (Entered::Digits { by_count: true }) {
                        self.drop_pound();
                    }
                    return Ok((entered, entry.into_digits()));
                }
                Step::GaveUp(Why::Silence) if Box::pin(self.is_still_there()).await? => {
                    self.failures = 0;
                    entry = DigitEntry::new(rules, self.patience, 0);
                }
                Step::GaveUp(why) => {
                    self.failures = entry.failures();
                    return Err(self.give_up(why).await);
                }
            }
            step = self.feed_digits(&mut entry, secret).await?;
        }
    }

    async fn feed_digits(&mut self, entry: &mut DigitEntry, secret: bool) -> Talk<Step<Entered>> {
        if let Some((at, _)) = self.typed_ahead.first() {
            if let Some(deadline) = entry.deadline()
                && deadline < at
            {
                return Ok(entry.on_deadline(deadline));
            }
            if let Some((at, key)) = self.typed_ahead.take() {
                self.note_digit(key, secret);
                return Ok(entry.on(at, &LineEvent::Key(key)));
            }
        }
        let step = entry.begin();
        if !matches!(step, Step::Wait) {
            return Ok(step);
        }
        let until = [entry.deadline(), self.playing_ends_by]
            .into_iter()
            .flatten()
            .min();
        Ok(match self.next(until).await {
            Next::Event(event) => {
                if let LineEvent::Key(key) = event {
                    self.note_digit(key, secret);
                }
                entry.on(now(), &event)
            }
            Next::TimeUp if entry.deadline().is_some_and(|deadline| deadline <= now()) => {
                entry.on_deadline(now())
            }
            Next::TimeUp => {
                self.stop_talking().await?;
                entry.on(now(), &LineEvent::PlayEnded(NOTHING))
            }
            Next::Over => entry.on(now(), &LineEvent::HungUp(HangUpCause::Caller)),
        })
    }

    fn note_digit(&self, key: Key, secret: bool) {
        if secret {
            self.transcript.note(Event::Key {
                key: Pressed::Secret,
            });
        } else {
            self.note_key(key);
        }
    }

    /// `#` behind digits that were complete without it belongs to them.
    fn drop_pound(&mut self) {
        self.drop_belonging(Key::POUND, now() + self.patience.digits);
    }

    /// This key belongs to what was just answered, if it is the next one until then: it must not
    /// answer what is asked next.
    pub(super) fn drop_belonging(&mut self, key: Key, until: Instant) {
        if let Some((at, first)) = self.typed_ahead.first() {
            if first == key && at <= until && self.typed_ahead.take().is_some() {
                self.note_key(key);
            }
        } else {
            self.belongs = Some((key, until));
        }
    }
}
