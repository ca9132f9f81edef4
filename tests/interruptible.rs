//! Whatever is said, a key stops it: nobody has to hear to its end what he knows already. Each prompt
//! that some story plays is heard once more, with a key as soon as it begins. The few that are heard to
//! their end are listed here, each for a reason.

#![allow(clippy::unwrap_used, reason = "a test fails where it cannot go on")]

#[path = "calls/support/mod.rs"]
mod support;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Mutex;

use ringback::conversation::menus;
use support::play::{Variation, play};
use support::story::Story;

/// The last words of a call: it ends behind them, so a key has nothing to lead to. (An announcement that
/// an administrator wants to be heard is a recording; `sign_in/announcement_uninterruptible.call` has it.)
const HEARD_TO_THEIR_END: &[&str] = &[
    "call-too-long",
    "goodbye",
    "mailbox-disabled",
    "mailbox-full",
    "mailbox-locked",
    "message-cancelled",
    "no-anonymous-messages",
    "no-answer-goodbye",
    "sign-in-unavailable",
    "too-many-attempts",
    "too-many-errors",
];

/// Names of time zones and languages are parts of lists of which one sounds like the other, and what is
/// written in mails is not said at all.
const NOT_IN_STORIES_BY_KIND: &[&str] = &["zone-", "language-name", "mail-", "key-layout-"];

/// What no story plays: said when our own disk or server fails, as `hang_up_anywhere` and `tests/wire` make
/// them, or of more people than a story should name.
const NOT_IN_STORIES: &[&str] = &[
    "fault-apology",
    "finding-not-allowed",
    "group-too-large",
    "message-not-sent",
    "nobody-to-tell",
    "own-mailbox-full",
    "recording-unavailable",
    "shutdown-goodbye",
    "system-prompt-unplayable",
    "too-many-recipients",
];

/// A prompt, or what stands for all recordings.
fn kind(name: &str) -> String {
    match name.rsplit_once('.') {
        Some(_) => "a recording".to_owned(),
        None if name.starts_with("speech-") => "a recording".to_owned(),
        None => name.to_owned(),
    }
}

/// Where something begins to sound: in which story, in which of its calls, and after how many others.
#[derive(Clone, Debug)]
struct Place {
    story: usize,
    call: usize,
    nth: usize,
    /// The call goes on behind it.
    goes_on: bool,
    /// Another layout is in use: there `*` may mean to go back a little in what plays.
    other_keys: bool,
}

#[test]
fn a_key_stops_whatever_is_said() {
    let paths = support::all_stories();
    let stories: Vec<Story> = paths
        .iter()
        .map(|path| Story::read(path).unwrap())
        .collect();
    let places: Mutex<BTreeMap<String, Place>> = Mutex::default();
    let numbers: Vec<usize> = (0..stories.len()).collect();
    let failures = support::failures_of(&numbers, |number| {
        let played = play(&stories[*number], Variation::NONE)?;
        let mut places = places.lock().unwrap();
        for (call, begun) in played.begun.iter().enumerate() {
            for (index, name) in begun.iter().enumerate() {
                let place = Place {
                    story: *number,
                    call,
                    nth: index + 1,
                    goes_on: index + 3 < begun.len(),
                    other_keys: stories[*number]
                        .path
                        .components()
                        .any(|part| part.as_os_str() == "layouts"),
                };
                let known = places.entry(kind(name)).or_insert_with(|| place.clone());
                // The same place whichever story is played first.
                let better =
                    |one: &Place| (one.other_keys, !one.goes_on, one.story, one.call, one.nth);
                if better(&place) < better(known) {
                    *known = place;
                }
            }
        }
        Ok(())
    });
    assert!(failures.is_empty(), "{}", failures.join("\n"));
    let places: Vec<(String, Place)> = places.into_inner().unwrap().into_iter().collect();

    let never: BTreeSet<String> = menus::prompt_names()
        .iter()
        .map(|prompt| prompt.0.to_owned())
        .filter(|name| !places.iter().any(|(heard, _)| heard == name))
        .filter(|name| {
            !NOT_IN_STORIES_BY_KIND
                .iter()
                .any(|kind| name.starts_with(kind))
        })
        .collect();
    let listed: BTreeSet<String> = NOT_IN_STORIES.iter().map(|&name| name.to_owned()).collect();
    assert_eq!(never, listed, "what no story plays");

    let uninterrupted: Mutex<BTreeSet<String>> = Mutex::default();
    let failures = support::failures_of(&places, |(name, place)| {
        let variation = Variation {
            interrupts: Some((place.call, place.nth)),
            ..Variation::NONE
        };
        let story = &stories[place.story];
        match play(story, variation)?.stopped {
            Some(true) => {}
            Some(false) => {
                uninterrupted.lock().unwrap().insert(name.clone());
            }
            None => {
                let story = story.path.display();
                return Err(format!("{name} was not interrupted in {story}"));
            }
        }
        Ok(())
    });
    assert!(failures.is_empty(), "{}", failures.join("\n"));
    let uninterrupted = uninterrupted.into_inner().unwrap();
    let listed: BTreeSet<String> = HEARD_TO_THEIR_END
        .iter()
        .map(|&name| name.to_owned())
        .collect();
    assert_eq!(uninterrupted, listed, "what no key stops");
}
