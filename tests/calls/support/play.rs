//! Plays a story: the conversation, the far end of its line and the story's caller, side by side on
//! one clock that only moves when all of them wait.

use std::cell::RefCell;
use std::collections::HashSet;
use std::rc::Rc;
use std::sync::{Arc, Mutex, OnceLock};
use std::time::Duration;

use ringback::caller::{Caller, Language, Patience};
use ringback::conversation::{Outcome, reception};
use ringback::line::{Locale, line};
use ringback::transcript::{Event, Pressed, Transcript, Witness};
use tokio::sync::mpsc;
use tokio::time::Instant;

use super::far_end::{Doing, Status, Telephone, Trial, sleep_until, status};
use super::story::{Act, Line, Said, Story, What, parse_duration, split_outside_quotes, written};
use super::world::World;

/// Nothing has been said for so long: it is the caller's turn. Longer than the wait between keys.
const SILENCE: Duration = Duration::from_millis(1_500);
/// A recorder listens from the tone on.
const AFTER_TONE: Duration = Duration::from_millis(300);
const BETWEEN_KEYS: Duration = Duration::from_millis(150);
/// A call that has not ended by then never will.
const CALL_LONGEST: Duration = Duration::from_secs(6 * 3_600);

/// How a playing differs from the story.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Variation {
    /// The caller hangs up after so many of the last call's acts.
    pub hangs_up_after: Option<usize>,
    /// The line vanishes there instead.
    pub vanishes: bool,
    /// This request to a backend fails, counted from one.
    pub fails_at: Option<usize>,
    /// The caller types PINs where none is asked for.
    pub careless: bool,
    /// In this call, counted from nothing, `*` is pressed as soon as so many things have begun to sound.
    pub interrupts: Option<(usize, usize)>,
}

impl Variation {
    pub const NONE: Variation = Variation {
        hangs_up_after: None,
        vanishes: false,
        fails_at: None,
        careless: false,
        interrupts: None,
    };
}

/// What a playing was like.
pub struct Played {
    /// What was heard before each line of the caller, and after the last one of each call.
    pub heard: Vec<Vec<Said>>,
    /// How many acts the callers had, over all calls.
    pub acts: usize,
    /// For each request to a backend, how many acts the callers had had before it.
    pub requests: Vec<usize>,
    pub outcomes: Vec<Outcome>,
    pub transcript: Vec<Event>,
    /// What began to sound in each call, by name.
    pub begun: Vec<Vec<String>>,
    /// Whether what was interrupted stopped.
    pub stopped: Option<bool>,
    /// What was not as it always has to be, or not as the story says.
    pub problems: Vec<String>,
}

/// The words, keys and phrases of the binary, read once.
pub fn language() -> Arc<Language> {
    static LANGUAGE: OnceLock<Arc<Language>> = OnceLock::new();
    LANGUAGE
        .get_or_init(|| Arc::new(Language::embedded().unwrap()))
        .clone()
}

#[derive(Default)]
struct Witnessed(Mutex<Vec<Event>>);

impl Witness for Witnessed {
    fn note(&self, _call: &str, event: Event) {
        self.0.lock().unwrap().push(event);
    }
}

/// Plays `story` in virtual time.
pub fn play(story: &Story, variation: Variation) -> Result<Played, String> {
    super::in_virtual_time(async {
        let played = play_here(story, variation).await;
        // Blocking work that was given up may still be on its way out.
        tokio::task::yield_now().await;
        let tasks = tokio::runtime::Handle::current()
            .metrics()
            .num_alive_tasks();
        played.map(|mut played| {
            if tasks > 0 {
                played.problems.push(format!("{tasks} tasks are left"));
            }
            played
        })
    })
}

async fn play_here(story: &Story, variation: Variation) -> Result<Played, String> {
    let (world, first_call) = World::of(story).await?;
    world.requests.fail(variation.fails_at.unwrap_or(0));
    let mut played = Played {
        heard: Vec::new(),
        acts: 0,
        requests: Vec::new(),
        outcomes: Vec::new(),
        transcript: Vec::new(),
        begun: Vec::new(),
        stopped: None,
        problems: Vec::new(),
    };
    let strict = variation == Variation::NONE;
    for (number, call) in calls_of(story, first_call).into_iter().enumerate() {
        world.pass(call.later);
        play_call(&world, number, &call, variation, &mut played).await?;
        world.deliver().await;
        let outcome = played.outcomes.last().cloned().unwrap_or_default();
        for then in call.thens.iter().filter(|_| strict) {
            if let Err(what) = world.check(then, &outcome).await {
                played.problems.push(format!("then {then}: {what}"));
            }
        }
    }
    played.requests = world.requests.acts_before();
    always_true(&world, &mut played, variation).await?;
    Ok(played)
}

/// One call of a story.
struct Call<'a> {
    text: String,
    later: Duration,
    /// The acts of each line of the caller.
    lines: Vec<&'a [Act]>,
    thens: Vec<&'a str>,
}

fn calls_of(story: &Story, first: String) -> Vec<Call<'_>> {
    let call = |text, later| Call {
        text,
        later,
        lines: Vec::new(),
        thens: Vec::new(),
    };
    let mut calls = vec![call(first.clone(), Duration::ZERO)];
    for line in &story.lines {
        match line {
            Line::Call(text) => {
                // `call 2 after 16m; calls 5000 from 1042`
                let mut parts = split_outside_quotes(text, ';').into_iter();
                let number = parts.next().unwrap_or_default();
                let later = number.split_once("after ").map(|(_, later)| later);
                let later = later.and_then(|later| parse_duration(later).ok());
                let text = parts.next().unwrap_or_else(|| first.clone());
                calls.push(call(text, later.unwrap_or(Duration::from_secs(60))));
            }
            Line::Caller(acts) => {
                if let Some(call) = calls.last_mut() {
                    call.lines.push(acts);
                }
            }
            Line::Then(then) => {
                if let Some(call) = calls.last_mut() {
                    call.thens.push(then);
                }
            }
            _ => {}
        }
    }
    calls
}

async fn play_call(
    world: &World,
    number: usize,
    call: &Call<'_>,
    variation: Variation,
    played: &mut Played,
) -> Result<(), String> {
    let arrival = world.arrival(call.text.trim_start_matches("calls "), number)?;
    let longest = Duration::from_secs(60) * u32::from(arrival.dial_plan.max_call_duration);
    let warning = Duration::from_secs(arrival.dial_plan.call_end_warning.into());
    let failures_max = arrival.dial_plan.input_failures_before_disconnect;
    let witness = Arc::new(Witnessed::default());
    let transcript = Transcript::new("story", Arc::new([witness.clone() as Arc<dyn Witness>]));
    let (near, far) = line();
    let (doings_to, doings) = mpsc::unbounded_channel();
    let status = status();
    let language = language();
    if let Some((_, at)) = variation.interrupts.filter(|(call, _)| *call == number) {
        status.borrow_mut().trial = Some(Trial { at, stopped: None });
    }
    let telephone = Telephone::new(
        far,
        doings,
        status.clone(),
        world.names.clone(),
        is_option_prompt,
    );
    let speaks = |act: &Act| matches!(act.what, What::Say { .. } | What::Mumble);
    let by_voice = call.lines.iter().any(|acts| acts.iter().any(speaks));
    let conversation = async {
        let patience = Patience {
            failures_max,
            ..Patience::default()
        };
        let locale = Locale::new(&arrival.dial_plan.default_language);
        let mut caller = Caller::new(near, language, locale, transcript, patience);
        caller.set_longest_call(longest, warning);
        caller.offer_phrases(by_voice);
        let outcome = reception(&mut caller, &world.desk, arrival).await;
        caller.hang_up().await;
        outcome
    };
    let mut driver = Driver {
        status: status.clone(),
        doings: doings_to,
        world,
        acts: played.acts,
        heard: Vec::new(),
        problems: Vec::new(),
        variation,
    };
    let everything = async {
        let (outcome, (), ()) =
            tokio::join!(conversation, telephone.run(), driver.drive(&call.lines));
        outcome
    };
    let outcome = tokio::time::timeout(CALL_LONGEST, everything).await;
    let Ok(outcome) = outcome else {
        return Err(format!("call {} never ends", number + 1));
    };
    played.acts = driver.acts;
    played
        .begun
        .push(std::mem::take(&mut status.borrow_mut().begun));
    if let Some(trial) = status.borrow().trial {
        played.stopped = trial.stopped;
    }
    played.heard.append(&mut driver.heard);
    played.problems.append(&mut driver.problems);
    played.outcomes.push(outcome);
    played.transcript.append(&mut witness.0.lock().unwrap());
    Ok(())
}

/// Whether a prompt reads out an option of a menu: what it says is known from its name.
fn is_option_prompt(prompt: &str) -> bool {
    static PROMPTS: OnceLock<HashSet<String>> = OnceLock::new();
    let prompts = PROMPTS.get_or_init(|| {
        let language = language();
        let choices = language.keys.iter();
        choices
            .map(|(menu, choice, _)| format!("{menu}-{choice}"))
            .collect()
    });
    prompts.contains(prompt)
}

/// Does what the story's caller does, when it is time.
struct Driver<'a> {
    status: Rc<RefCell<Status>>,
    doings: mpsc::UnboundedSender<Doing>,
    world: &'a World,
    acts: usize,
    heard: Vec<Vec<Said>>,
    problems: Vec<String>,
    variation: Variation,
}

impl Driver<'_> {
    async fn drive(&mut self, lines: &[&[Act]]) {
        'call: for acts in lines {
            for (index, act) in acts.iter().enumerate() {
                match act.after {
                    Some(after) => tokio::time::sleep(after).await,
                    None if index > 0 => tokio::time::sleep(BETWEEN_KEYS).await,
                    None => self.until_silent().await,
                }
                if index == 0 {
                    self.take_heard();
                }
                if self.cut() {
                    break 'call;
                }
                if self.status.borrow().over {
                    if self.variation == Variation::NONE {
                        self.problems
                            .push(format!("the call is over before {act:?}"));
                    }
                    break 'call;
                }
                self.acts += 1;
                self.world.requests.note_act();
                self.act(&act.what).await;
            }
        }
        self.cut();
        let changed = self.status.borrow().changed.clone();
        while !self.status.borrow().over {
            changed.notified().await;
        }
        self.take_heard();
    }

    /// Ends the call early where the variation says so.
    fn cut(&self) -> bool {
        let cut = self.variation.hangs_up_after == Some(self.acts);
        if cut {
            let _ = self.doings.send(if self.variation.vanishes {
                Doing::Vanish
            } else {
                Doing::HangUp
            });
        }
        cut
    }

    fn take_heard(&mut self) {
        let heard = std::mem::take(&mut self.status.borrow_mut().heard);
        self.heard.push(heard);
    }

    /// Waits until the system has nothing more to say and it is the caller's turn.
    async fn until_silent(&self) {
        let began = Instant::now();
        loop {
            let (changed, patience) = {
                let status = self.status.borrow();
                let patience = match (status.recording, status.playing) {
                    _ if status.over => return,
                    (true, _) => Some(AFTER_TONE),
                    (false, false) => Some(SILENCE),
                    (false, true) => None,
                };
                (
                    status.changed.clone(),
                    patience.map(|patience| status.changed_at.max(began) + patience),
                )
            };
            if patience.is_some_and(|patience| patience <= Instant::now()) {
                return;
            }
            tokio::select! {
                () = changed.notified() => {}
                () = sleep_until(patience) => {}
            }
        }
    }

    async fn act(&mut self, what: &What) {
        let doing = match what {
            What::Press(keys) => {
                for (index, key) in keys.iter().enumerate() {
                    if index > 0 {
                        tokio::time::sleep(BETWEEN_KEYS).await;
                    }
                    let _ = self.doings.send(Doing::Press(*key));
                }
                return;
            }
            What::Wait(length) => return tokio::time::sleep(*length).await,
            What::Speak(length) => {
                let value = {
                    let mut last = self.world.speeches.borrow_mut();
                    *last += 1;
                    *last
                };
                let name = format!("speech-{}", value - 1_000);
                self.world.names.borrow_mut().insert(value, name);
                let _ = self.doings.send(Doing::Speak(*length, value));
                return tokio::time::sleep(*length).await;
            }
            What::Say { choice, surely } => Doing::Say {
                choice: choice.clone(),
                surely: *surely,
            },
            What::LeaveATone => Doing::LeaveATone,
            What::DeleteElsewhere { user, message } => {
                if let Err(what) = self.world.delete(user, message).await {
                    self.problems.push(format!("{user}: {message}: {what}"));
                }
                return;
            }
            What::Damage => {
                if let Err(what) = self.world.damage_messages() {
                    self.problems.push(what);
                }
                return;
            }
            What::Reach { room, within_reach } => {
                return self.world.set_reach(*room, *within_reach);
            }
            What::Mumble => Doing::Mumble,
            What::HangUp => Doing::HangUp,
            What::Vanish => Doing::Vanish,
        };
        let _ = self.doings.send(doing);
    }
}

/// What holds whatever callers and backends do.
async fn always_true(
    world: &World,
    played: &mut Played,
    variation: Variation,
) -> Result<(), String> {
    let mut problems = Vec::new();
    let [messages, sent] = world.left_and_sent().await?;
    let waiting = world.desk.outbox.waiting();
    let left: u32 = played.outcomes.iter().map(|one| one.messages_left).sum();
    if messages.len() + waiting.due + waiting.parked != left as usize {
        problems.push(format!(
            "{left} messages were left, {} are in mailboxes and {waiting:?} in the outbox",
            messages.len()
        ));
    }
    let mails: u32 = played.outcomes.iter().map(|one| one.messages_sent).sum();
    // What waits may have its copy in Sent already.
    let copies = world.letters.copies();
    if !(copies..=copies + waiting.mails).contains(&(mails as usize)) {
        problems.push(format!(
            "{mails} messages were sent, {copies} have a copy, and {waiting:?} in the outbox"
        ));
    }
    for outcome in &played.outcomes {
        if let Some(user) = outcome.caller_mailbox.as_ref()
            && outcome.missed_call_noted
        {
            problems.push(format!("{user} signed in, and was noted as a missed call"));
        }
    }
    let missed = played.outcomes.iter().filter(|one| one.missed_call_noted);
    let (missed, told) = (missed.count(), world.letters.missed_calls());
    if !(told..=told + waiting.mails).contains(&missed) {
        problems.push(format!(
            "{missed} calls were noted as missed, and {told} are in mailboxes, {waiting:?} in the outbox"
        ));
    }
    let mut arrived = Vec::new();
    for (user, message) in &sent {
        let id = message.envelope.id.0.split('-').next().map(str::to_owned);
        if arrived.contains(&(user, id.clone())) {
            problems.push(format!("one message arrived twice at {user}"));
        }
        arrived.push((user, id));
    }
    let mut voices = Vec::new();
    for (user, message) in &messages {
        let voice = world.voice_in(user, message).await?;
        if voices.contains(&voice) {
            problems.push(format!("one recording arrived twice, also at {user}"));
        }
        voices.push(voice);
    }
    let let_in = world.let_in.lock().unwrap().clone();
    for outcome in &played.outcomes {
        if let Some(user) = &outcome.caller_mailbox
            && !let_in.contains(user)
            && !world.own_phone_opens(user)
        {
            problems.push(format!("{user} was signed in without the right PIN"));
        }
    }
    for user in &world.locked_out {
        if let_in.contains(user) {
            problems.push(format!("{user} was let in although locked out"));
        }
    }
    let keys: String = played
        .transcript
        .iter()
        .map(|event| match event {
            Event::Key {
                key: Pressed::Key(key),
            } => *key,
            _ => '.',
        })
        .collect();
    for pin in &world.pins {
        if !variation.careless && keys.contains(pin.as_str()) {
            problems.push("a PIN stands in the transcript".to_owned());
        }
        let told = serde_json::to_string(&played.transcript).unwrap();
        if told.contains(pin.as_str()) {
            problems.push("a PIN was spoken".to_owned());
        }
    }
    played.problems.append(&mut problems);
    Ok(())
}

/// Where what was heard is not what the story says.
pub fn differences(expected: &[Vec<Said>], heard: &[Vec<Said>]) -> Vec<String> {
    let mut differences = Vec::new();
    for index in 0..expected.len().max(heard.len()) {
        let expected = expected.get(index).map_or(&[][..], Vec::as_slice);
        let heard = heard.get(index).map_or(&[][..], Vec::as_slice);
        let same = expected.len() == heard.len()
            && expected.iter().zip(heard).all(|(expected, heard)| {
                expected.name == heard.name
                    && (expected.text.is_none() || expected.text == heard.text)
            });
        if !same {
            differences.push(format!(
                "before line {} of the caller\n  expected {}\n  heard    {}",
                index + 1,
                written(expected),
                written(heard)
            ));
        }
    }
    differences
}
