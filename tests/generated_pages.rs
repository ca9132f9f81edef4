//! Pages made from the tables are as fresh as the tables. `UPDATE_PAGES=1 cargo test --test
//! generated_pages` writes them anew.

use std::path::Path;

use ringback::conversation::menus;
use ringback::language::key_layout::DEFAULT_LAYOUT;
use ringback::language::{Assets, KeyCard, KeyLayout, Phrases, Prompts, Words};
use ringback::line::Locale;

#[test]
fn the_key_cards_are_fresh() {
    let prompts = Prompts::embedded().unwrap();
    let phrases = Phrases::embedded().unwrap();
    for layout in KeyLayout::all(&Assets::embedded()).unwrap() {
        let words = Words {
            prompts: &prompts,
            keys: &layout,
            phrases: &phrases,
        };
        let card = KeyCard::new(words, &menus::all(), &Locale::default()).unwrap();
        let page = match layout.name() {
            DEFAULT_LAYOUT => "docs/key-card.md".to_owned(),
            other => format!("docs/key-card-{other}.md"),
        };
        is_fresh(&page, &card.markdown());
    }
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
