//! The key tables in the user's guide are as fresh as the files they are made from.
//! `UPDATE_PAGES=1 cargo test --test users_guide` writes them anew.

#![allow(clippy::unwrap_used, reason = "a test fails where it cannot go on")]

use std::path::Path;

use ringback::conversation::menus;
use ringback::language::{KeyCard, KeyLayout, Phrases, Prompts, Words};
use ringback::line::Locale;

#[test]
fn the_tables_of_the_guide_are_fresh() {
    let prompts = Prompts::embedded().unwrap();
    let phrases = Phrases::embedded().unwrap();
    let keys = KeyLayout::embedded().unwrap();
    let words = Words {
        prompts: &prompts,
        keys: &keys,
        phrases: &phrases,
    };
    let card = KeyCard::new(words, &menus::all(), &Locale::default()).unwrap();
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/users-guide.md");
    let guide = std::fs::read_to_string(&path).unwrap();
    let filled = card.put_into(&guide);
    let filled = filled.expect("every mark names a menu that has keys, and has an end");
    if std::env::var_os("UPDATE_PAGES").is_some() {
        std::fs::write(&path, &filled).unwrap();
    }
    let there = std::fs::read_to_string(&path).unwrap();
    assert!(
        there == filled,
        "docs/users-guide.md is out of date: run UPDATE_PAGES=1 cargo test --test users_guide"
    );
}
