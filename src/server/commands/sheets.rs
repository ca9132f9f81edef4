//! The key card and the recording script, generated from the same tables that calls are served
//! from, as Markdown or HTML.

use std::fmt::Write as _;

use anyhow::bail;

use super::{Place, print};
use crate::caller::Language;
use crate::conversation::menus;
use crate::language::Value;
use crate::language::prompts::text_of;
use crate::line::Locale;
use crate::server::wiring::open_language;
use crate::turn::menu::{Level, When};

/// The form of a page.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Form {
    /// Markdown.
    Markdown,
    /// One HTML page.
    Html,
}

/// A page: a title, an introduction, and tables under headings.
struct Page {
    title: String,
    introduction: String,
    sections: Vec<Section>,
}

struct Section {
    heading: String,
    columns: &'static [&'static str],
    rows: Vec<Vec<String>>,
}

/// `key-card`.
///
/// # Errors
/// When the words cannot be read, or there are none in this language.
pub fn key_card(place: &Place, locale: &str, form: Form) -> anyhow::Result<()> {
    let language = open_language(&place.config()?)?;
    let locale = known(&language, locale)?;
    print(&write(&key_card_page(&language, &locale), form, &locale))
}

/// `recording-script`.
///
/// # Errors
/// When the words cannot be read, or there are none in this language.
pub fn recording_script(place: &Place, locale: &str, form: Form) -> anyhow::Result<()> {
    let language = open_language(&place.config()?)?;
    let locale = known(&language, locale)?;
    print(&write(&script_page(&language, &locale), form, &locale))
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

fn key_card_page(language: &Language, locale: &Locale) -> Page {
    let sections = menus::all().into_iter().map(|menu| {
        let rows = menu.choices.iter().filter_map(|choice| {
            let keys = language.keys.keys(menu.name, choice.name)?;
            let words = language
                .prompts
                .option(menu.name, choice.name)
                .and_then(|prompt| {
                    let values = [("key", Value::Keys(keys))];
                    language.prompts.say(locale, prompt, &values).ok()
                })
                .map(|words| text_of(&words))
                .unwrap_or_default();
            let mut remarks = Vec::new();
            match choice.when {
                When::Always => {}
                When::WhilePlaying => remarks.push("while playing"),
                When::AfterPlaying => remarks.push("after playing"),
            }
            match choice.level {
                Level::First => {}
                Level::More => remarks.push("announced after 00"),
                Level::Silent => remarks.push("not announced"),
            }
            Some(vec![
                keys.to_string(),
                choice.name.replace('-', " "),
                remarks.join(", "),
                words,
            ])
        });
        Section {
            heading: menu.name.replace('-', " "),
            columns: &["keys", "choice", "when", "announced as"],
            rows: rows.collect(),
        }
    });
    Page {
        title: "Key card".to_owned(),
        introduction: format!(
            "Every menu with its keys, layout {}. A menu's own key beats that of \"everywhere\".",
            language.keys.name()
        ),
        sections: sections.collect(),
    }
}

fn script_page(language: &Language, locale: &Locale) -> Page {
    let mut sections: Vec<Section> = Vec::new();
    for (name, entry) in language.prompts.entries(locale) {
        if !entry.variables.is_empty() || name.0.starts_with("spoken-") {
            continue;
        }
        let Ok(words) = language.prompts.say(locale, name, &[]) else {
            continue;
        };
        let row = vec![format!("{name}.wav"), text_of(&words)];
        match sections
            .iter_mut()
            .find(|section| section.heading == entry.file)
        {
            Some(section) => section.rows.push(row),
            None => sections.push(Section {
                heading: entry.file.clone(),
                columns: &["file", "words"],
                rows: vec![row],
            }),
        }
    }
    Page {
        title: "Recording script".to_owned(),
        introduction: format!(
            "Prompts without variables, to be recorded one a file into prompts/{locale}/audio/ of \
             the folder that conversation.words names. Prompts with numbers, names or keys are \
             spoken by a voice."
        ),
        sections,
    }
}

fn write(page: &Page, form: Form, locale: &Locale) -> String {
    match form {
        Form::Markdown => markdown(page),
        Form::Html => html(page, locale),
    }
}

fn markdown(page: &Page) -> String {
    let cell = |text: &str| {
        text.replace('|', "\\|")
            .replace('*', "\\*")
            .replace('\n', " ")
    };
    let mut text = format!("# {}\n\n{}\n", page.title, page.introduction);
    for section in &page.sections {
        let _ = writeln!(text, "\n## {}\n", section.heading);
        let _ = writeln!(text, "| {} |", section.columns.join(" | "));
        let _ = writeln!(text, "|{}", "---|".repeat(section.columns.len()));
        for row in &section.rows {
            let cells: Vec<String> = row.iter().map(|value| cell(value)).collect();
            let _ = writeln!(text, "| {} |", cells.join(" | "));
        }
    }
    text
}

fn html(page: &Page, locale: &Locale) -> String {
    let safe = |text: &str| {
        text.replace('&', "&amp;")
            .replace('<', "&lt;")
            .replace('>', "&gt;")
            .replace('"', "&quot;")
    };
    let mut text = format!(
        "<!doctype html>\n<html lang=\"{}\">\n<meta charset=\"utf-8\">\n<title>{title}</title>\n\
         <style>body{{font:1rem/1.4 sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem}}\
         table{{border-collapse:collapse;width:100%}}th,td{{border:1px solid #999;\
         padding:.25rem .5rem;text-align:left;vertical-align:top}}</style>\n\
         <h1>{title}</h1>\n<p>{}</p>\n",
        safe(locale.as_str()),
        safe(&page.introduction),
        title = safe(&page.title),
    );
    for section in &page.sections {
        let _ = writeln!(text, "<h2>{}</h2>\n<table>", safe(&section.heading));
        let heads: String = section
            .columns
            .iter()
            .map(|column| format!("<th>{}</th>", safe(column)))
            .collect();
        let _ = writeln!(text, "<tr>{heads}</tr>");
        for row in &section.rows {
            let cells: String = row
                .iter()
                .map(|value| format!("<td>{}</td>", safe(value)))
                .collect();
            let _ = writeln!(text, "<tr>{cells}</tr>");
        }
        let _ = writeln!(text, "</table>");
    }
    text + "</html>\n"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_key_card_has_every_choice_with_keys() {
        let language = Language::embedded().unwrap();
        let card = markdown(&key_card_page(&language, &Locale::default()));
        assert!(card.contains("## voice message"), "{card}");
        assert!(card.contains("| 7 | delete |"), "{card}");
        assert!(card.contains("| \\* | main menu |"), "{card}");
        for menu in menus::all() {
            assert!(card.contains(&format!("## {}\n", menu.name.replace('-', " "))));
        }
    }

    #[test]
    fn the_script_has_prompts_without_variables_and_no_others() {
        let language = Language::embedded().unwrap();
        let locale = Locale::default();
        let script = markdown(&script_page(&language, &locale));
        assert!(script.contains("shutdown-goodbye.wav"), "{script}");
        for (name, entry) in language.prompts.entries(&locale) {
            if !entry.variables.is_empty() {
                assert!(!script.contains(&format!("| {name}.wav |")), "{name}");
            }
        }
    }

    #[test]
    fn html_is_escaped() {
        let page = Page {
            title: "a < b".to_owned(),
            introduction: "\"x\" & y".to_owned(),
            sections: vec![Section {
                heading: "<h>".to_owned(),
                columns: &["c"],
                rows: vec![vec!["<script>".to_owned()]],
            }],
        };
        let text = html(&page, &Locale::default());
        assert!(
            !text.contains("<script>") && text.contains("&lt;script&gt;"),
            "{text}"
        );
        assert!(text.contains("&quot;x&quot; &amp; y"), "{text}");
    }
}
