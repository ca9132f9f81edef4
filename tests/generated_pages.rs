//! Pages made from the tables are as fresh as the tables. `UPDATE_PAGES=1 cargo test --test
//! generated_pages` writes them anew.

use std::path::Path;

use ringback::conversation::menus;
use ringback::language::{KeyCard, KeyLayout, Phrases, Prompts, Words};
use ringback::line::Locale;

#[test]
fn the_key_card_is_fresh() {
    let prompts = Prompts::embedded().unwrap();
    let phrases = Phrases::embedded().unwrap();
    let keys = KeyLayout::embedded().unwrap();
    let words = Words {
        prompts: &prompts,
        keys: &keys,
        phrases: &phrases,
    };
    let card = KeyCard::new(words, &menus::all(), &Locale::default()).unwrap();
    is_fresh("docs/key-card.md", &card.markdown());
}

fn is_fresh(page: &str, wanted: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(page);
    if std::env::var_os("UPDATE_PAGES").is_some() {
        std::fs::write(&path, wanted).expect("the page can be written");
    }
    let there = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(
        there == wanted,
        "{page} is out of date: run UPDATE_PAGES=1 cargo test --test generated_pages"
    );
}
