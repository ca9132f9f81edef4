//! Does what was typed at its time: when all has been heard, unless it was meant to barge in.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{Notify, mpsc};
use tokio::time::{Instant, sleep_until};

use super::screen::Screen;
use super::typed::{Step, Typed};
use crate::line::HangUpCause;

/// So long must nothing be said before the next line of a script is typed, once something is asked:
/// what is said with the question begins within this time.
const QUIET: Duration = Duration::from_millis(300);
/// The same while nothing is asked: the conversation is waiting for a disk, or has nothing to ask.
const UNASKED: Duration = Duration::from_secs(3);
/// How often it is looked whether something was asked.
const LOOK_EVERY: Duration = Duration::from_millis(50);

/// One thing that was typed.
#[derive(Clone, PartialEq, Debug)]
pub enum Entry {
    /// To be done.
    Do(Typed),
    /// It cannot be done: what is wrong with it.
    Wrong(String),
    /// There is nothing more.
    NothingMore,
}

/// What comes from the keyboard, with the line of the script that it stands in.
#[derive(Clone, PartialEq, Debug)]
pub(super) struct Numbered {
    pub(super) line: usize,
    pub(super) what: Result<Step, String>,
}

/// How a call from a console ended.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Over {
    /// Who ended it, or what.
    pub cause: HangUpCause,
    /// What was typed and could not be done.
    pub problem: Option<String>,
}

impl Over {
    /// It ended because of this.
    pub(super) fn because(cause: HangUpCause) -> Over {
        Over {
            cause,
            problem: None,
        }
    }
}

/// Who types.
#[derive(Debug)]
pub struct Typist {
    screen: Arc<Screen>,
    /// So many questions had been asked when a key was pressed last.
    answered: u64,
    entries: mpsc::Receiver<Numbered>,
    next: Option<Numbered>,
    waits_until: Option<Instant>,
    hang_up: Arc<Notify>,
    over: bool,
}

impl Typist {
    pub(super) fn new(entries: mpsc::Receiver<Numbered>, screen: Arc<Screen>) -> Typist {
        Typist {
            screen,
            answered: 0,
            entries,
            next: None,
            waits_until: None,
            hang_up: Arc::default(),
            over: false,
        }
    }

    /// Lets the typist hang up, whatever is to be typed yet.
    pub fn hang_up(&self) -> Arc<Notify> {
        self.hang_up.clone()
    }

    /// What is done next, once it is its time. Nothing has been heard since `quiet_since`; none: something
    /// is being said. May be dropped and asked again.
    pub async fn next(&mut self, quiet_since: Option<Instant>) -> Entry {
        let hang_up = self.hang_up.clone();
        tokio::select! {
            biased;
            () = hang_up.notified() => Entry::Do(Typed::HangUp),
            entry = self.next_in_turn(quiet_since) => entry,
        }
    }

    async fn next_in_turn(&mut self, quiet_since: Option<Instant>) -> Entry {
        loop {
            if self.over {
                std::future::pending::<()>().await;
            }
            if self.next.is_none() {
                self.next = self.entries.recv().await;
            }
            let at_once = match &self.next {
                Some(Numbered { what: Ok(step), .. }) => step.at_once,
                Some(_) => true,
                // The end of a script: what is said now is still heard.
                None => false,
            };
            if !at_once {
                match quiet_since {
                    Some(since) => self.quiet_for_long_enough(since).await,
                    None => std::future::pending().await,
                }
            }
            if let Some(Numbered { what: Ok(step), .. }) = &self.next
                && let Typed::Wait(length) = step.typed
            {
                let until = *self
                    .waits_until
                    .get_or_insert_with(|| Instant::now() + length);
                sleep_until(until).await;
                self.waits_until = None;
                self.next = None;
                continue;
            }
            return match self.next.take() {
                Some(Numbered { what: Ok(step), .. }) => {
                    if matches!(step.typed, Typed::Key(_)) {
                        self.answered = self.screen.questions();
                    }
                    Entry::Do(step.typed)
                }
                Some(Numbered { line, what }) => {
                    self.over = true;
                    let problem = what.err().unwrap_or_default();
                    Entry::Wrong(if line > 0 {
                        format!("line {line}: {problem}")
                    } else {
                        problem
                    })
                }
                None => {
                    self.over = true;
                    Entry::NothingMore
                }
            };
        }
    }

    async fn quiet_for_long_enough(&self, since: Instant) {
        loop {
            let asked = self.screen.questions() > self.answered;
            let ready_at = since + if asked { QUIET } else { UNASKED };
            let now = Instant::now();
            if ready_at <= now {
                return;
            }
            sleep_until(ready_at.min(now + LOOK_EVERY)).await;
        }
    }

    /// What is wrong when the call is over now: a script that goes on. Nothing, when all was typed.
    pub fn over_too_early(&mut self) -> Option<String> {
        let next = self.next.take().or_else(|| self.entries.try_recv().ok())?;
        (next.line > 0).then(|| format!("the call was over before line {}", next.line))
    }
}
