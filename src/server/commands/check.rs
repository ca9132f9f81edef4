//! `check`: whether a server with these settings could start and talk, without starting it.

use std::fmt::Write as _;

use anyhow::bail;

use super::sheets::words;
use super::{Place, print};
use crate::conversation::menus;
use crate::language::{Words, check as check_words, check_layout, check_recordings};
use crate::line::Locale;
use crate::organisation::people_without_keys;
use crate::server::descriptors;
use crate::server::wiring::{open_assets, open_language_with, open_organisation, open_speech_with};
use crate::store::DATABASE_FILE;

/// Checks settings, prompts, keys, phrases, limits and voices.
///
/// # Errors
/// Everything that is wrong.
pub async fn check(place: &Place) -> anyhow::Result<()> {
    let config = place.config()?;
    let mut report = String::new();
    let mut problems = Vec::new();
    let file = place
        .config_file
        .as_ref()
        .map_or("defaults".to_owned(), |file| file.display().to_string());
    writeln!(report, "configuration  {file}: fine")?;
    match descriptors::raise_for(config.limits.calls_max) {
        Ok(_) => writeln!(
            report,
            "limits         {} calls fit",
            config.limits.calls_max
        )?,
        Err(problem) => problems.push(problem),
    }
    // Nothing can be said of words that cannot be opened, so this problem stands alone.
    let assets = open_assets(&config)?;
    let language = match open_language_with(&assets, &config) {
        Ok(language) => {
            let found = check_words(words(&language), &menus::all(), &menus::prompt_names());
            problems.extend(found.faults.iter().map(ToString::to_string));
            let recordings = check_recordings(&assets, &language.prompts);
            problems.extend(recordings.iter().map(ToString::to_string));
            let locales: Vec<&str> = language
                .prompts
                .locales()
                .map(|locale| locale.as_str())
                .collect();
            let choices: usize = menus::all().iter().map(|menu| menu.choices.len()).sum();
            writeln!(report, "prompts        {}", locales.join(", "))?;
            writeln!(
                report,
                "keys           {}: {choices} choices in {} menus",
                language.keys.name(),
                menus::all().len()
            )?;
            for pause in &found.pauses {
                writeln!(report, "               {pause}")?;
            }
            for layout in language.layouts.iter() {
                if layout.name() == language.keys.name() {
                    continue;
                }
                let of_layout = Words {
                    keys: layout,
                    ..words(&language)
                };
                let found = check_layout(of_layout, &menus::all());
                problems.extend(found.faults.iter().map(ToString::to_string));
                writeln!(report, "               {}: may be chosen", layout.name())?;
            }
            Some(language)
        }
        Err(fault) => {
            problems.push(fault.to_string());
            None
        }
    };
    // Looking for voices opens a prompt cache; this one is thrown away.
    let scratch = std::env::temp_dir().join(format!("ringback-check-{}", std::process::id()));
    match open_speech_with(&assets, &config, &scratch).await {
        Ok(speech) => {
            let voices: Vec<String> = speech.voices().map(|voice| voice.full_name()).collect();
            let some = voices.iter().take(12).cloned().collect::<Vec<_>>();
            writeln!(
                report,
                "voices         {} installed: {}{}",
                voices.len(),
                some.join(", "),
                if voices.len() > some.len() {
                    ", …"
                } else {
                    ""
                }
            )?;
            for fault in speech.broken() {
                writeln!(report, "               {fault}; its voices are not used")?;
            }
            problems.extend(speech.unplayable().iter().cloned());
            speech.close().await;
        }
        Err(fault) => problems.push(fault.to_string()),
    }
    let _ = std::fs::remove_dir_all(&scratch);
    // Looking at a store never makes one.
    if config.data().join(DATABASE_FILE).exists() {
        let (store, _) = place.store()?;
        if let Some(language) = &language {
            let organisation = open_organisation(&store).await?;
            for plan in organisation.snapshot().dial_plans() {
                let wanted = Locale::new(&plan.default_language);
                let heard = language.prompts.best(&wanted);
                if heard.language() != wanted.language() {
                    writeln!(
                        report,
                        "languages      the dial plan {} wants {wanted}, for which there are no \
                         prompts: its callers hear {heard}",
                        plan.name
                    )?;
                }
            }
        }
        let unfindable = people_without_keys(&store)?;
        if !unfindable.is_empty() {
            writeln!(
                report,
                "directory      {} cannot be spelled on a keypad; give them a romanised_name: {}",
                unfindable.len(),
                unfindable.join(", ")
            )?;
        }
    }
    print(&report)?;
    if !problems.is_empty() {
        bail!("{}", problems.join("\n"));
    }
    Ok(())
}
