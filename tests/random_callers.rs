//! Callers who press and do anything. What is always true must hold whatever they do; a failure
//! prints the seed of the caller, and `CALLER_SEED=<seed>` plays that caller again.

#![allow(clippy::unwrap_used, reason = "a test fails where it cannot go on")]

#[path = "calls/support/mod.rs"]
mod support;

use std::path::Path;

use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use support::play::{Variation, play};
use support::story::Story;

const CALLERS: u64 = 100;
const ACTS_MAX: usize = 40;

/// The people whom random callers meet.
const WORLD: &str = "\
given    alice, name \"Alice Example\", extension 1042, pin 147258, setting key_layout LAYOUT, greeting 5s, recorded name 2s,
         new voice message one.wav from 1043 important, new voice message two.wav of 30s,
         old voice message three.wav from +15550100 private
given    bob, extension 1043, pin 950371, locked out, new voice message four.wav
given    carol, extension 1044, pin 615284, must change pin, not set up
given    dave, extension 1045
given    erin, extension 1046, pin 739164, mailbox enabled false
given    policy protect_unauthenticated_voice_mail Private
";

/// The keys that the subscriber who is called most has chosen.
const LAYOUTS: [&str; 3] = ["outlook-voice-access", "unity-standard", "asterisk"];

const CALLS: [&str; 6] = [
    "calls 5000 from 1042",
    "calls 5000",
    "calls 5000 from 1044",
    "calls 5000 from 1045 diverted from 1042 no-answer",
    "calls 1043 from +15550101",
    "calls 5000 from 1042 diverted from 1046 busy",
];

/// What a caller who knows a little would press.
const HABITS: [&str; 24] = [
    "1",
    "1",
    "2",
    "3",
    "33",
    "4",
    "5",
    "6",
    "7",
    "9",
    "0",
    "00",
    "*",
    "#",
    "##",
    "11",
    "88",
    "1#",
    "147258#",
    "615284#",
    "728194#",
    "1042",
    "1042#147258#",
    "950371#",
];

fn story_of(seed: u64) -> String {
    let mut random = StdRng::seed_from_u64(seed);
    let layout = LAYOUTS[random.random_range(0..LAYOUTS.len())];
    let mut story = WORLD.replace("LAYOUT", layout);
    let call = CALLS[random.random_range(0..CALLS.len())];
    story.push_str(&format!("given    {call}\n"));
    // Most callers who can sign in do.
    let own = match call {
        "calls 5000 from 1042" => Some("147258#"),
        "calls 5000 from 1044" => Some("615284#"),
        "calls 5000" => Some("1042147258#"),
        _ => None,
    };
    if let Some(own) = own
        && random.random_bool(0.8)
    {
        story.push_str(&format!("caller   presses {own}\n"));
    }
    for _ in 0..random.random_range(1..ACTS_MAX) {
        let act = match random.random_range(0..20) {
            0 => format!("waits {}s", random.random_range(1..20)),
            1 | 2 => format!("speaks for {}s", random.random_range(1..9)),
            3 | 4 => {
                let keys: String = (0..random.random_range(1..7))
                    .map(|_| char::from(b"0123456789*#"[random.random_range(0..12)]))
                    .collect();
                format!("presses {keys}")
            }
            _ => format!("presses {}", HABITS[random.random_range(0..HABITS.len())]),
        };
        let after = if random.random_bool(0.4) {
            format!(" after {}ms", random.random_range(0..3_000))
        } else {
            String::new()
        };
        story.push_str(&format!("caller   {act}{after}\n"));
    }
    if random.random_bool(0.7) {
        story.push_str("caller   hangs up\n");
    }
    story
}

fn holds(seed: &u64) -> Result<(), String> {
    let text = story_of(*seed);
    let failed = |what: &str| Err(format!("CALLER_SEED={seed}:\n{what}\n{text}"));
    let story = Story::parse(Path::new("random.call"), &text)?;
    // Not as the story says: whoever presses anything may well end the call early.
    let variation = Variation {
        hangs_up_after: Some(usize::MAX),
        careless: true,
        ..Variation::NONE
    };
    match play(&story, variation) {
        Ok(played) if played.problems.is_empty() => Ok(()),
        Ok(played) => failed(&played.problems.join("\n")),
        Err(what) => failed(&what),
    }
}

#[test]
fn callers_may_do_anything() {
    let seeds: Vec<u64> = match std::env::var("CALLER_SEED") {
        Ok(seed) => vec![seed.parse().unwrap()],
        Err(_) => (0..CALLERS).collect(),
    };
    let failures = support::failures_of(&seeds, holds);
    assert!(failures.is_empty(), "\n{}", failures.join("\n\n"));
}
