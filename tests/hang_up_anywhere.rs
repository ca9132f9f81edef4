//! Each story, cut after every act of its caller; then with each request to a backend failing. What is
//! always true must hold then, too: the call ends, no message is lost or doubled, nobody gets past a
//! PIN or a lock, no PIN is written down, no task is left.

#![allow(clippy::unwrap_used, reason = "a test fails where it cannot go on")]

#[path = "calls/support/mod.rs"]
mod support;

use std::collections::BTreeSet;

use support::play::{Variation, play};
use support::story::{Line, Story, What};

/// A story and how its playing differs.
type Case<'a> = (&'a Story, Variation);

fn stories() -> Vec<Story> {
    let stories = support::all_stories();
    stories
        .iter()
        .map(|path| Story::read(path).unwrap())
        .collect()
}

fn acts(story: &Story) -> usize {
    let acts = story.lines.iter().map(|line| match line {
        Line::Caller(acts) => acts.len(),
        _ => 0,
    });
    acts.sum()
}

fn holds((story, variation): &Case<'_>) -> Result<(), String> {
    let name = story.path.display();
    let failed = |what: String| Err(format!("{name} with {variation:?}:\n{what}"));
    match play(story, *variation) {
        Ok(played) if played.problems.is_empty() => Ok(()),
        Ok(played) => failed(played.problems.join("\n")),
        Err(what) => failed(what),
    }
}

fn assert_all_hold(cases: &[Case<'_>]) {
    assert!(!cases.is_empty());
    let failures = support::failures_of(cases, holds);
    assert!(
        failures.is_empty(),
        "{} of {} cases\n{}",
        failures.len(),
        cases.len(),
        failures.join("\n\n")
    );
}

/// What of a story decides how it goes until its caller is cut off.
fn beginning(story: &Story, acts: usize) -> String {
    let mut left = acts;
    let mut beginning = String::new();
    for line in &story.lines {
        match line {
            Line::Given(text) | Line::Call(text) => beginning.push_str(text),
            Line::Caller(acts) => {
                let taken = acts.len().min(left);
                left -= taken;
                beginning.push_str(&format!("{:?}", &acts[..taken]));
            }
            _ => {}
        }
    }
    beginning
}

#[test]
fn a_caller_may_hang_up_after_anything() {
    let stories = stories();
    let mut cases = Vec::new();
    let mut tried = BTreeSet::new();
    for (number, story) in stories.iter().enumerate() {
        let acts = acts(story);
        for after in 0..=acts {
            // Stories that begin alike need not be cut at the same place twice.
            if !tried.insert(beginning(story, after)) {
                continue;
            }
            // A line that vanishes is a hang-up without a word: once in each story, anywhere.
            for vanishes in [false, true] {
                if !vanishes || after == number % (acts + 1) {
                    cases.push((
                        story,
                        Variation {
                            hangs_up_after: Some(after),
                            vanishes,
                            ..Variation::NONE
                        },
                    ));
                }
            }
        }
    }
    assert_all_hold(&cases);
}

#[test]
fn any_request_to_a_backend_may_fail() {
    let stories = stories();
    let mut cases = Vec::new();
    let mut tried = BTreeSet::new();
    for story in &stories {
        let played = play(story, Variation::NONE).unwrap();
        for (index, acts) in played.requests.iter().enumerate() {
            // Stories that begin alike ask for the same until then.
            if tried.insert((beginning(story, *acts), index)) {
                let variation = Variation {
                    fails_at: Some(index + 1),
                    ..Variation::NONE
                };
                cases.push((story, variation));
            }
        }
    }
    assert_all_hold(&cases);
}

/// Whoever has spoken to a mailbox and hangs up has left a message, even if nothing but the sound
/// itself was ready then.
#[test]
fn what_was_said_to_a_mailbox_is_there_after_hanging_up() {
    let stories = stories();
    let mut tried = 0;
    let mut cases = Vec::new();
    for story in &stories {
        let answered = story.lines.iter().any(|line| match line {
            Line::Given(given) => given.contains(" diverted from "),
            _ => false,
        });
        let several = story.lines.iter().any(|line| matches!(line, Line::Call(_)));
        if !answered || several {
            continue;
        }
        // Only the first act of a caller surely speaks to the mailbox: later ones may have signed in.
        let first = story.lines.iter().find_map(|line| match line {
            Line::Caller(acts) => acts.first(),
            _ => None,
        });
        if let Some(What::Speak(length)) = first.map(|act| &act.what)
            && length.as_secs() >= 2
        {
            for vanishes in [false, true] {
                let variation = Variation {
                    hangs_up_after: Some(1),
                    vanishes,
                    ..Variation::NONE
                };
                cases.push((story, variation));
                tried += 1;
            }
        }
    }
    assert!(tried > 0, "no story speaks to a mailbox at once");
    for (story, variation) in cases {
        let played = play(story, variation).unwrap();
        let left: u32 = played.outcomes.iter().map(|one| one.messages_left).sum();
        assert_eq!(left, 1, "{} with {variation:?}", story.path.display());
        assert!(played.problems.is_empty(), "{:?}", played.problems);
    }
}
