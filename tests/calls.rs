//! Plays every story in `tests/calls/`. With `UPDATE_CALLS=1` our side of each story is rewritten to
//! what was heard, so that a change of words shows as a change of stories.

#![allow(clippy::unwrap_used, reason = "a test fails where it cannot go on")]

#[path = "calls/support/mod.rs"]
mod support;

use std::path::PathBuf;

use support::play::{Variation, differences, play};
use support::story::Story;

#[test]
fn every_story_is_as_it_is_told() {
    let stories = support::all_stories();
    assert!(!stories.is_empty(), "there are no stories");
    let update = std::env::var_os("UPDATE_CALLS").is_some();
    let failures = support::failures_of(&stories, |path| told(path, update));
    assert!(failures.is_empty(), "\n{}", failures.join("\n\n"));
}

fn told(path: &PathBuf, update: bool) -> Result<(), String> {
    let name = path.display();
    let story = Story::read(path)?;
    let played = play(&story, Variation::NONE).map_err(|what| format!("{name}: {what}"))?;
    let mut problems = played.problems;
    let differences = differences(&story.our_side(), &played.heard);
    if update && !differences.is_empty() {
        let text = story.with_our_side(&played.heard);
        std::fs::write(path, text).map_err(|error| format!("{name}: {error}"))?;
    } else {
        problems.extend(differences);
    }
    if problems.is_empty() {
        Ok(())
    } else {
        Err(format!("{name}:\n{}", problems.join("\n")))
    }
}
