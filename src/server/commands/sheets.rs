//! `key-card` and `recording-script`: pages made from the tables that calls are served from; `words`:
//! the files behind them.

use std::path::Path;

use anyhow::{Context as _, bail};

use super::{Place, print};
use crate::caller::Language;
use crate::conversation::menus;
use crate::language::{Assets, KeyCard, RecordingScript, Words};
use crate::line::Locale;
use crate::server::wiring::open_language;

/// The form of a page.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Form {
    /// Markdown.
    Markdown,
    /// One HTML page.
    Html,
}

/// `key-card`.
///
/// # Errors
/// When the words cannot be read, or there are none in this language, or no such layout.
pub fn key_card(
    place: &Place,
    layout: Option<&str>,
    locale: &str,
    form: Form,
) -> anyhow::Result<()> {
    let language = open_language(&place.config()?)?;
    let locale = known(&language, locale)?;
    let mut words = words(&language);
    if let Some(layout) = layout {
        let named = language.layouts.iter().find(|one| one.name() == layout);
        let Some(keys) = named else {
            let all: Vec<&str> = language.layouts.iter().map(|one| one.name()).collect();
            bail!(
                "--layout {layout}: there is no such key layout; choose one of {}",
                all.join(", ")
            );
        };
        words.keys = keys;
    }
    let card = KeyCard::new(words, &menus::all(), &locale)?;
    print(&match form {
        Form::Markdown => card.markdown(),
        Form::Html => card.html(),
    })
}

/// `recording-script`.
///
/// # Errors
/// When the words cannot be read, or there are none in this language.
pub fn recording_script(place: &Place, locale: &str, form: Form) -> anyhow::Result<()> {
    let language = open_language(&place.config()?)?;
    let locale = known(&language, locale)?;
    let script = RecordingScript::new(&language.prompts, &locale)?;
    print(&match form {
        Form::Markdown => script.markdown(),
        Form::Html => script.html(),
    })
}

/// `words`: the files that are inside the binary, as [`crate::language::Assets::with_folder`] reads them.
///
/// # Errors
/// When the folder is there already, or cannot be written.
pub fn write_words(folder: &Path) -> anyhow::Result<()> {
    let shown = || folder.display().to_string();
    if folder.exists() {
        bail!(
            "{}: is there already, and what it holds may be changed; name a folder that does not exist",
            shown()
        );
    }
    let assets = Assets::embedded();
    for (name, bytes) in assets.files() {
        let file = folder.join(name);
        if let Some(parent) = file.parent() {
            std::fs::create_dir_all(parent).with_context(shown)?;
        }
        std::fs::write(&file, bytes).with_context(|| file.display().to_string())?;
    }
    print(&format!(
        "{}: prompts/ and grammars/ as they are built in; conversation.words = \"{}\" has them used\n",
        shown(),
        shown()
    ))
}

/// All words of a language, as pages and checks want them.
pub(super) fn words(language: &Language) -> Words<'_> {
    Words {
        prompts: &language.prompts,
        keys: &language.keys,
        phrases: &language.phrases,
    }
}

fn known(language: &Language, locale: &str) -> anyhow::Result<Locale> {
    let wanted = Locale::new(locale);
    if language.prompts.locales().any(|known| *known == wanted) {
        return Ok(wanted);
    }
    let all: Vec<&str> = language.prompts.locales().map(Locale::as_str).collect();
    bail!(
        "--locale {locale}: there are no prompts; choose one of {}",
        all.join(", ")
    )
}
