//! Calls as they are followed: what was said and pressed in those that go on and in the last that
//! are over, in memory and bounded. No PIN digit comes here: transcripts have none.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use serde::Serialize;
use tokio::time::Instant;

use crate::transcript::{Event, OpenKey, Witness};

/// So many calls that are over are remembered.
pub const FINISHED_MOST: usize = 100;
/// So many events of one call are remembered: an hour of a busy caller. Later ones are counted.
pub const EVENTS_MOST: usize = 2_000;

/// How the sound of a call fares.
#[derive(Clone, PartialEq, Debug, Default, Serialize)]
pub struct SoundFigures {
    /// The codec's name; empty before one is agreed on.
    pub codec: String,
    /// Jitter of what we receive, in milliseconds.
    pub jitter_ms: f64,
    /// Packets received.
    pub received: u64,
    /// Packets that never came.
    pub lost: u64,
}

/// Asks a call how its sound fares.
pub type Gauge = Box<dyn Fn() -> SoundFigures + Send + Sync>;

/// What the list of calls shows of one.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct Summary {
    /// Names it here.
    pub number: u64,
    /// The Call-ID.
    pub call: String,
    /// When it was answered (RFC 3339).
    pub began: String,
    /// How long it has gone on, or went on, in milliseconds.
    pub lasted_ms: u64,
    /// Where it entered.
    pub entry_point: String,
    /// The calling number, if any.
    pub calling: Option<String>,
    /// The called number.
    pub called: String,
    /// The number that diverted it, if any.
    pub diverted_from: Option<String>,
    /// Whose mailbox the caller signed in to, if he did.
    pub mailbox: Option<String>,
    /// The menu or question that is open.
    pub menu: String,
    /// How its sound fares.
    pub sound: SoundFigures,
    /// Why it ended; none while it goes on.
    pub ended: Option<String>,
    /// Events beyond those that are remembered.
    pub forgotten: usize,
}

/// An event and when it happened.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct Happened {
    /// Milliseconds after the answer.
    pub at_ms: u64,
    /// What.
    pub event: Event,
}

/// The events of a call from some point on.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct Followed {
    /// The call.
    pub summary: Summary,
    /// What happened since.
    pub events: Vec<Happened>,
    /// Where to ask on from.
    pub next: usize,
    /// What may be pressed now.
    pub keys: Vec<OpenKey>,
}

struct Call {
    summary: Summary,
    began: Instant,
    ended: Option<Instant>,
    events: Vec<Happened>,
    keys: Vec<OpenKey>,
    gauge: Option<Gauge>,
}

#[derive(Default)]
struct State {
    next: u64,
    /// By Call-ID.
    running: HashMap<String, Call>,
    /// The oldest first.
    finished: VecDeque<Call>,
}

/// Tells the time of day for people (RFC 3339).
pub type TimeOfDay = Box<dyn Fn() -> String + Send + Sync>;

/// All calls that can be followed.
pub struct Live {
    state: Mutex<State>,
    time: TimeOfDay,
}

impl Live {
    /// Nobody calls yet.
    pub fn new(time: TimeOfDay) -> Live {
        Live {
            state: Mutex::default(),
            time,
        }
    }

    /// Lets the sound of a call be asked how it fares.
    pub fn listen_to(&self, call: &str, gauge: Gauge) {
        if let Some(call) = self.state().running.get_mut(call) {
            call.gauge = Some(gauge);
        }
    }

    /// The calls that go on, the longest first, and the last that are over, the latest first.
    pub fn calls(&self) -> (Vec<Summary>, Vec<Summary>) {
        let state = self.state();
        let mut running: Vec<Summary> = state.running.values().map(Call::summary).collect();
        running.sort_by_key(|call| call.number);
        let finished = state.finished.iter().rev().map(Call::summary).collect();
        (running, finished)
    }

    /// One call's events from the one numbered `after` on.
    pub fn follow(&self, number: u64, after: usize) -> Option<Followed> {
        let state = self.state();
        let mut calls = state.running.values().chain(&state.finished);
        let call = calls.find(|call| call.summary.number == number)?;
        Some(Followed {
            summary: call.summary(),
            events: call.events.get(after..).unwrap_or_default().to_vec(),
            next: call.events.len(),
            keys: call.keys.clone(),
        })
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Call {
    fn summary(&self) -> Summary {
        let mut summary = self.summary.clone();
        let until = self.ended.unwrap_or_else(Instant::now);
        summary.lasted_ms = milliseconds(self.began, until);
        if let Some(gauge) = &self.gauge {
            summary.sound = gauge();
        }
        summary
    }

    fn note(&mut self, now: Instant, event: Event) {
        match &event {
            Event::Asks { menu, keys, .. } => {
                self.summary.menu.clone_from(menu);
                self.keys.clone_from(keys);
            }
            Event::SignedIn { mailbox } => self.summary.mailbox = Some(mailbox.clone()),
            Event::Ended { why } => {
                self.summary.ended = Some(why.clone());
                self.keys.clear();
            }
            _ => {}
        }
        let is_last = matches!(event, Event::Ended { .. });
        if self.events.len() >= EVENTS_MOST && !is_last {
            self.summary.forgotten += 1;
            return;
        }
        self.events.push(Happened {
            at_ms: milliseconds(self.began, now),
            event: without_keys(event),
        });
    }
}

/// Of a menu that was open its name is remembered; its keys are those of the present one only.
fn without_keys(event: Event) -> Event {
    match event {
        Event::Asks { menu, heading, .. } => Event::Asks {
            menu,
            heading,
            keys: Vec::new(),
        },
        other => other,
    }
}

fn milliseconds(from: Instant, until: Instant) -> u64 {
    let passed = until.saturating_duration_since(from).as_millis();
    u64::try_from(passed).unwrap_or(u64::MAX)
}

impl Witness for Live {
    fn note(&self, call: &str, event: Event) {
        let now = Instant::now();
        let mut state = self.state();
        if let Event::Arrived {
            entry_point,
            called,
            calling,
            diverted_from,
            ..
        } = &event
        {
            let summary = Summary {
                number: state.next,
                call: call.to_owned(),
                began: (self.time)(),
                lasted_ms: 0,
                entry_point: entry_point.clone(),
                calling: calling.clone(),
                called: called.clone(),
                diverted_from: diverted_from.clone(),
                mailbox: None,
                menu: String::new(),
                sound: SoundFigures::default(),
                ended: None,
                forgotten: 0,
            };
            state.next += 1;
            let fresh = Call {
                summary,
                began: now,
                ended: None,
                events: Vec::new(),
                keys: Vec::new(),
                gauge: None,
            };
            // A peer that gives two calls one Call-ID has them take turns here.
            if let Some(before) = state.running.insert(call.to_owned(), fresh) {
                state.finish(before, now);
            }
        }
        let is_last = matches!(event, Event::Ended { .. });
        if let Some(running) = state.running.get_mut(call) {
            running.note(now, event);
        }
        if is_last && let Some(over) = state.running.remove(call) {
            state.finish(over, now);
        }
    }
}

impl State {
    fn finish(&mut self, mut call: Call, now: Instant) {
        if let Some(gauge) = call.gauge.take() {
            call.summary.sound = gauge();
        }
        call.ended = Some(now);
        if self.finished.len() >= FINISHED_MOST {
            self.finished.pop_front();
        }
        self.finished.push_back(call);
    }
}

/// Passes the events of one call on to its page, beside those who follow all calls.
pub struct Passing {
    /// Takes them; must not block.
    pub to: Arc<dyn Fn(Event) + Send + Sync>,
}

impl Witness for Passing {
    fn note(&self, _call: &str, event: Event) {
        (self.to)(event);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::transcript::Pressed;

    fn live() -> Live {
        Live::new(Box::new(|| "2026-11-23T08:30:00Z".to_owned()))
    }

    fn arrived(calling: &str) -> Event {
        Event::Arrived {
            entry_point: "subscriber-access".to_owned(),
            called: "7000".to_owned(),
            calling: Some(calling.to_owned()),
            diverted_from: None,
            reason: "Direct".to_owned(),
        }
    }

    fn ended() -> Event {
        Event::Ended {
            why: "goodbye".to_owned(),
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_call_is_followed_from_its_answer_to_its_end() {
        let live = live();
        live.note("a", arrived("2001"));
        live.listen_to(
            "a",
            Box::new(|| SoundFigures {
                codec: "PCMU".to_owned(),
                lost: 3,
                ..SoundFigures::default()
            }),
        );
        tokio::time::advance(std::time::Duration::from_millis(1_500)).await;
        live.note(
            "a",
            Event::Asks {
                menu: "main-menu".to_owned(),
                heading: "Main menu".to_owned(),
                keys: vec![OpenKey {
                    keys: "1".to_owned(),
                    choice: "voice-mail".to_owned(),
                    says: "…".to_owned(),
                    when: "any-time",
                }],
            },
        );
        live.note(
            "a",
            Event::SignedIn {
                mailbox: "alice".to_owned(),
            },
        );
        let (running, finished) = live.calls();
        assert_eq!((running.len(), finished.len()), (1, 0));
        assert_eq!(running[0].mailbox.as_deref(), Some("alice"));
        assert_eq!(
            (
                &*running[0].menu,
                running[0].lasted_ms,
                running[0].sound.lost
            ),
            ("main-menu", 1_500, 3)
        );
        let followed = live.follow(0, 1).unwrap();
        assert_eq!((followed.events.len(), followed.next), (2, 3));
        assert_eq!(followed.events[0].at_ms, 1_500);
        assert_eq!(followed.keys.len(), 1, "of the menu that is open");
        live.note("a", ended());
        let (running, finished) = live.calls();
        assert_eq!((running.len(), finished.len()), (0, 1));
        assert_eq!(finished[0].ended.as_deref(), Some("goodbye"));
        assert_eq!(finished[0].sound.codec, "PCMU", "the last figures stay");
        assert_eq!(live.follow(0, 0).unwrap().events.len(), 4);
        assert!(live.follow(1, 0).is_none());
    }

    #[tokio::test]
    async fn memory_is_bounded() {
        let live = live();
        live.note("busy", arrived("2001"));
        for _ in 0..EVENTS_MOST + 5 {
            let key = Pressed::Secret;
            live.note("busy", Event::Key { key });
        }
        let followed = live.follow(0, 0).unwrap();
        assert_eq!(followed.events.len(), EVENTS_MOST);
        assert_eq!(followed.summary.forgotten, 6);
        live.note("busy", ended());
        let last = live.follow(0, EVENTS_MOST).unwrap().events.pop().unwrap();
        assert_eq!(last.event, ended(), "how it ended is never forgotten");
        for number in 0..FINISHED_MOST + 3 {
            let call = format!("call {number}");
            live.note(&call, arrived("2002"));
            live.note(&call, ended());
        }
        let (running, finished) = live.calls();
        assert_eq!((running.len(), finished.len()), (0, FINISHED_MOST));
        assert_eq!(finished[0].call, format!("call {}", FINISHED_MOST + 2));
        live.note("nobody", ended());
        assert_eq!(
            live.calls().1.len(),
            FINISHED_MOST,
            "a call that never came"
        );
    }

    #[tokio::test]
    async fn two_calls_of_one_name_are_two_calls() {
        let live = live();
        live.note("same", arrived("2001"));
        live.note("same", arrived("2002"));
        let (running, finished) = live.calls();
        assert_eq!((running.len(), finished.len()), (1, 1));
        assert_eq!(running[0].calling.as_deref(), Some("2002"));
    }
}
