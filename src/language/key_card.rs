//! The key card: what can be pressed where, written from the same tables that answer the calls.

use super::check::{ChoiceOutline, MenuOutline, Words};
use super::key_layout::{DEFAULT_LAYOUT, Order};
use super::prompts::{PromptFault, Value};
use crate::line::{Locale, PromptName};
use crate::turn::KeySequence;
use crate::turn::menu::{Level, When};

const TITLE: PromptName = PromptName("card-title");
const SUBTITLE: PromptName = PromptName("card-subtitle");
const KEYS: PromptName = PromptName("card-column-keys");
const SAYS: PromptName = PromptName("card-column-says");
const WHEN: PromptName = PromptName("card-column-when");
const ANY_TIME: PromptName = PromptName("card-any-time");
const WHILE_PLAYING: PromptName = PromptName("card-while-playing");
const AFTER_PLAYING: PromptName = PromptName("card-after-playing");
const MORE: PromptName = PromptName("card-more");
const MORE_AFTER_PLAYING: PromptName = PromptName("card-more-after-playing");

/// The words of the card itself; a heading for each menu, `card-<menu>`, comes on top.
pub(crate) const CARD_PROMPTS: &[PromptName] = &[
    TITLE,
    SUBTITLE,
    KEYS,
    SAYS,
    WHEN,
    ANY_TIME,
    WHILE_PLAYING,
    AFTER_PLAYING,
    MORE,
    MORE_AFTER_PLAYING,
];

/// The card's content.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct KeyCard {
    locale: Locale,
    title: String,
    subtitle: String,
    columns: [String; 3],
    tables: Vec<Table>,
}

/// What can be pressed in one menu.
#[derive(Clone, PartialEq, Eq, Debug)]
struct Table {
    menu: String,
    heading: String,
    rows: Vec<[String; 3]>,
}

impl KeyCard {
    /// The card of these menus in this locale.
    pub fn new(
        words: Words<'_>,
        menus: &[MenuOutline],
        locale: &Locale,
    ) -> Result<KeyCard, PromptFault> {
        let text = |name| words.prompts.text(locale, name, &[]);
        let mut tables = Vec::new();
        for menu in menus {
            let mut rows = Vec::new();
            for (choice, keys, when) in pressed(words, menu) {
                if let Some(prompt) = words.prompts.option(menu.name, choice.name) {
                    // Names and numbers of a call are not known here.
                    let variables = words
                        .prompts
                        .entries(&words.prompts.best(locale))
                        .find(|(name, _)| *name == prompt)
                        .map(|(_, entry)| entry.variables.clone())
                        .unwrap_or_default();
                    let mut values = vec![("key", Value::Keys(keys))];
                    for variable in &variables {
                        if let Some(name) = super::catalogue::intern(variable)
                            && name != "key"
                        {
                            values.push((name, Value::Name("…".into())));
                        }
                    }
                    let says = words.prompts.text(locale, prompt, &values)?;
                    let when = when_pressed(words, locale, choice, when)?;
                    rows.push([keys.to_string(), says, when]);
                }
            }
            let heading = words
                .prompts
                .name(&format!("card-{}", menu.name))
                .map(text)
                .transpose()?;
            if !rows.is_empty() {
                tables.push(Table {
                    menu: menu.name.to_owned(),
                    heading: heading.unwrap_or_else(|| menu.name.to_owned()),
                    rows,
                });
            }
        }
        Ok(KeyCard {
            locale: words.prompts.best(locale),
            title: text(TITLE)?,
            subtitle: subtitle(words, locale)?,
            columns: [text(KEYS)?, text(SAYS)?, text(WHEN)?],
            tables,
        })
    }

    /// As a page of documentation.
    pub fn markdown(&self) -> String {
        let mut page = format!(
            "# {}\n\n{}\n",
            markdown_text(&self.title),
            markdown_text(&self.subtitle)
        );
        for table in &self.tables {
            page += &format!("\n## {}\n\n", markdown_text(&table.heading));
            page += &self.markdown_table(table);
        }
        page
    }

    /// The same page of documentation with the table of each menu put between its marks:
    /// `<!-- keys: main-menu -->` and `<!-- end -->`. Nothing when a mark has no end, or names a menu
    /// without keys.
    pub fn put_into(&self, page: &str) -> Option<String> {
        const OPENS: &str = "<!-- keys: ";
        const CLOSES: &str = "<!-- end -->";
        let mut filled = String::with_capacity(page.len());
        let mut rest = page;
        while let Some(at) = rest.find(OPENS) {
            let (before, mark) = rest.split_at(at);
            let menu = mark.strip_prefix(OPENS)?.split(" -->").next()?;
            let table = self.tables.iter().find(|table| table.menu == menu)?;
            let (_, after) = mark.split_once(CLOSES)?;
            let table = self.markdown_table(table);
            filled += &format!("{before}{OPENS}{menu} -->\n{table}{CLOSES}");
            rest = after;
        }
        Some(filled + rest)
    }

    fn markdown_table(&self, table: &Table) -> String {
        let [keys, says, when] = self.columns.each_ref().map(|text| markdown_text(text));
        let mut lines = format!("| {keys} | {says} | {when} |\n|---|---|---|\n");
        for [keys, says, when] in &table.rows {
            let (says, when) = (markdown_text(says), markdown_text(when));
            lines += &format!("| `{keys}` | {says} | {when} |\n");
        }
        lines
    }

    /// As a page to print.
    pub fn html(&self) -> String {
        let mut page = html_head(&self.locale, &self.title);
        page += &format!(
            "<h1>{}</h1>\n<p>{}</p>\n",
            html_text(&self.title),
            html_text(&self.subtitle)
        );
        let [keys, says, when] = self.columns.each_ref().map(|text| html_text(text));
        for Table { heading, rows, .. } in &self.tables {
            page += &format!(
                "<h2>{}</h2>\n<table>\n<tr><th>{keys}</th><th>{says}</th><th>{when}</th></tr>\n",
                html_text(heading)
            );
            for row in rows {
                let [keys, says, when] = row.each_ref().map(|text| html_text(text));
                page +=
                    &format!("<tr><td><kbd>{keys}</kbd></td><td>{says}</td><td>{when}</td></tr>\n");
            }
            page += "</table>\n";
        }
        page + "</body>\n</html>\n"
    }
}

/// What can be pressed in a menu, in the order in which it is read out, with the moment of each.
fn pressed<'a>(
    words: Words<'_>,
    menu: &'a MenuOutline,
) -> Vec<(&'a ChoiceOutline, KeySequence, When)> {
    let mut pressed: Vec<_> = menu
        .choices
        .iter()
        .flat_map(|choice| {
            let bindings = words.keys.bindings(menu.name, choice.name).iter();
            bindings.map(move |one| (choice, one.keys, one.when.unwrap_or(choice.when)))
        })
        // What steers something that plays may be understood at its end, and does nothing there.
        .filter(|(choice, _, when)| {
            choice.when != When::WhilePlaying || *when != When::AfterPlaying
        })
        .collect();
    if words.keys.order(menu.name) == Order::Keys {
        pressed.sort_by_key(|(_, keys, _)| keys.rank());
    }
    pressed
}

/// When it can be pressed, or by what it is announced.
fn when_pressed(
    words: Words<'_>,
    locale: &Locale,
    choice: &ChoiceOutline,
    when: When,
) -> Result<String, PromptFault> {
    let more = words.keys.keys("everywhere", "more");
    let name = match (more, when) {
        (Some(more), _) if choice.level == Level::More => {
            let values = [("key", Value::Keys(more))];
            let name = match when {
                When::AfterPlaying => MORE_AFTER_PLAYING,
                When::Always | When::WhilePlaying => MORE,
            };
            return words.prompts.text(locale, name, &values);
        }
        (_, When::Always) => ANY_TIME,
        (_, When::WhilePlaying) => WHILE_PLAYING,
        (_, When::AfterPlaying) => AFTER_PLAYING,
    };
    words.prompts.text(locale, name, &[])
}

/// The line below the title; of another layout than the usual one it says which.
fn subtitle(words: Words<'_>, locale: &Locale) -> Result<String, PromptFault> {
    let subtitle = words.prompts.text(locale, SUBTITLE, &[])?;
    let layout = words.keys.name();
    let name = words.prompts.name(&format!("key-layout-{layout}"));
    match name {
        Some(name) if layout != DEFAULT_LAYOUT => {
            let named = words.prompts.text(locale, name, &[])?;
            Ok(format!("{named} {subtitle}"))
        }
        _ => Ok(subtitle),
    }
}

/// The beginning of a page, up to its body.
pub(super) fn html_head(locale: &Locale, title: &str) -> String {
    format!(
        "<!DOCTYPE html>\n<html lang=\"{}\">\n<head>\n<meta charset=\"utf-8\">\n<title>{}</title>\n\
         <style>\nbody {{ font-family: sans-serif; max-width: 50em; margin: 2em auto; padding: 0 1em }}\n\
         table {{ border-collapse: collapse; width: 100% }}\n\
         th, td {{ border-bottom: 1px solid #bbb; padding: .3em .6em; text-align: left; vertical-align: top }}\n\
         kbd {{ font-weight: bold; font-size: 1.1em }}\n\
         h2, table {{ break-inside: avoid }}\n</style>\n</head>\n<body>\n",
        html_text(locale.as_str()),
        html_text(title)
    )
}

/// Text that no browser takes for anything else.
pub(super) fn html_text(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            character => escaped.push(character),
        }
    }
    escaped
}

/// Text that stays text in a Markdown table.
pub(super) fn markdown_text(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '\\' | '`' | '*' | '_' | '[' | ']' | '<' | '>' | '|' | '#' | '&' => {
                escaped.push('\\');
                escaped.push(character);
            }
            '\n' | '\r' => escaped.push(' '),
            character => escaped.push(character),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_of_files_cannot_become_markup() {
        let evil = "<script>alert('x')</script> & \"y\"";
        assert_eq!(
            html_text(evil),
            "&lt;script&gt;alert(&#39;x&#39;)&lt;/script&gt; &amp; &quot;y&quot;"
        );
        assert_eq!(markdown_text("a|b\n`c` <i>"), "a\\|b \\`c\\` \\<i\\>");
        let card = KeyCard {
            locale: Locale::new("\"><script>"),
            title: evil.into(),
            subtitle: evil.into(),
            columns: [evil.into(), evil.into(), evil.into()],
            tables: vec![Table {
                menu: "evil".into(),
                heading: evil.into(),
                rows: vec![[evil.into(), evil.into(), evil.into()]],
            }],
        };
        assert_eq!(card.put_into("<!-- keys: evil -->\nno end"), None);
        assert_eq!(card.put_into("<!-- keys: good --><!-- end -->"), None);
        let filled = card
            .put_into("a\n<!-- keys: evil -->old<!-- end -->\nb")
            .unwrap();
        assert!(
            !filled.contains("old") && filled.ends_with("<!-- end -->\nb"),
            "{filled}"
        );
        assert_eq!(
            card.put_into(&filled).as_ref(),
            Some(&filled),
            "once filled it stays"
        );
        assert!(!card.html().contains("<script"));
        assert!(!card.markdown().contains("<script") || card.markdown().contains("\\<script"));
    }
}
