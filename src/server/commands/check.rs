//! `check`: whether a server with these settings could start and talk, without starting it.

use std::fmt::Write as _;

use anyhow::bail;

use super::{Place, print};
use crate::conversation::menus;
use crate::server::descriptors;
use crate::server::wiring::{open_language, open_speech};

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
    match open_language(&config) {
        Ok(language) => {
            problems.extend(menus::problems(&language));
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
            for pair in costly_pairs(&language) {
                writeln!(report, "               {pair}")?;
            }
        }
        Err(fault) => problems.push(fault.to_string()),
    }
    // Looking for voices opens a prompt cache; this one is thrown away.
    let scratch = std::env::temp_dir().join(format!("ringback-check-{}", std::process::id()));
    match open_speech(&config, &scratch).await {
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
            speech.close().await;
        }
        Err(fault) => problems.push(fault.to_string()),
    }
    let _ = std::fs::remove_dir_all(&scratch);
    print(&report)?;
    if !problems.is_empty() {
        bail!("{}", problems.join("\n"));
    }
    Ok(())
}

/// Keys that begin the keys of another choice that is open at the same time: a caller who presses
/// them waits for the pause between keys.
fn costly_pairs(language: &crate::caller::Language) -> Vec<String> {
    use crate::turn::menu::When;
    let mut pairs = Vec::new();
    for menu in menus::all() {
        for short in &menu.choices {
            for long in &menu.choices {
                let apart = matches!(
                    (short.when, long.when),
                    (When::WhilePlaying, When::AfterPlaying)
                        | (When::AfterPlaying, When::WhilePlaying)
                );
                let keys = |name| {
                    language
                        .keys
                        .keys(menu.name, name)
                        .map(|keys| keys.to_string())
                };
                let (Some(first), Some(second)) = (keys(short.name), keys(long.name)) else {
                    continue;
                };
                if !apart && first.len() < second.len() && second.starts_with(&first) {
                    pairs.push(format!(
                        "{}: {first} ({}) waits for {second} ({})",
                        menu.name, short.name, long.name
                    ));
                }
            }
        }
    }
    pairs
}
