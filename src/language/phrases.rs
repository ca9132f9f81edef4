//! What callers may say for a choice: `grammars/<locale>/<menu>.toml`, one list of phrases per
//! choice. `(a|b)` is one of, `[a|b]` one of or nothing, `{rule}` a list in `rules.toml`.

use std::collections::BTreeMap;

use super::{Assets, LanguageFault};
use crate::line::{Grammar, Locale};

/// More ways to say one thing make a recogniser worse, and a slip of the pen makes millions.
const PHRASES_MAX: usize = 500;
/// How deep brackets and rules may be nested.
const DEPTH_MAX: usize = 16;
/// A list of phrases by name: of a choice, or a shared rule.
type Lists = BTreeMap<String, Vec<String>>;

/// The phrases of every menu and locale, written out.
#[derive(Default)]
pub struct Phrases {
    menus: BTreeMap<(Locale, String), Lists>,
}

impl Phrases {
    /// Reads and writes out every `grammars/<locale>/<menu>.toml`.
    pub fn load(assets: &Assets) -> Result<Phrases, LanguageFault> {
        let mut menus = BTreeMap::new();
        for file in assets.paths("grammars/", ".toml") {
            let mut parts = file.split('/').skip(1);
            let (Some(tag), Some(name), None) = (parts.next(), parts.next(), parts.next()) else {
                continue;
            };
            let menu = name.trim_end_matches(".toml");
            if tag == "keys" || menu == "rules" {
                continue;
            }
            let rules = read(assets, &format!("grammars/{tag}/rules.toml"))?.unwrap_or_default();
            let Some(choices) = read(assets, file)? else {
                continue;
            };
            let mut written_out = Lists::new();
            for (choice, patterns) in choices {
                let mut phrases = Vec::new();
                for pattern in &patterns {
                    let more = expand(pattern, &rules).map_err(|what| {
                        LanguageFault::wrong(
                            file,
                            format!("{choice}: \"{pattern}\""),
                            what,
                            "use words, (a|b), [optional] and {rule} of rules.toml",
                        )
                    })?;
                    phrases.extend(more);
                }
                phrases.sort();
                phrases.dedup();
                if phrases.len() > PHRASES_MAX {
                    return Err(LanguageFault::wrong(
                        file,
                        choice,
                        format!("{} phrases are more than {PHRASES_MAX}", phrases.len()),
                        "offer fewer alternatives",
                    ));
                }
                written_out.insert(choice, phrases);
            }
            menus.insert((Locale::new(tag), menu.to_owned()), written_out);
        }
        Ok(Phrases { menus })
    }

    /// The phrases inside the binary.
    pub fn embedded() -> Result<Phrases, LanguageFault> {
        Phrases::load(&Assets::embedded())
    }

    /// What may be said for the choices that are open now: pairs of menu and choice, the nearest
    /// menu first. A phrase that two of them share belongs to the first.
    pub fn grammar<'a>(
        &self,
        locale: &Locale,
        open: impl IntoIterator<Item = (&'a str, &'a str)>,
    ) -> Grammar {
        let mut phrases: Vec<(String, Vec<String>)> = Vec::new();
        for (menu, choice) in open {
            let mut new: Vec<String> = self.of(locale, menu, choice).to_vec();
            new.retain(|phrase| !phrases.iter().any(|(_, taken)| taken.contains(phrase)));
            if !new.is_empty() {
                phrases.push((choice.to_owned(), new));
            }
        }
        Grammar {
            locale: locale.clone(),
            phrases,
        }
    }

    /// The phrases of one choice.
    pub fn of(&self, locale: &Locale, menu: &str, choice: &str) -> &[String] {
        self.menus
            .get(&(locale.clone(), menu.to_owned()))
            .and_then(|choices| choices.get(choice))
            .map_or(&[], Vec::as_slice)
    }

    /// Every locale, menu, choice and its phrases.
    pub fn iter(&self) -> impl Iterator<Item = (&Locale, &str, &str, &[String])> {
        self.menus.iter().flat_map(|((locale, menu), choices)| {
            choices.iter().map(move |(choice, phrases)| {
                (locale, menu.as_str(), choice.as_str(), phrases.as_slice())
            })
        })
    }
}

fn read(assets: &Assets, file: &str) -> Result<Option<Lists>, LanguageFault> {
    let Some(text) = assets.text(file) else {
        return Ok(None);
    };
    toml::from_str(text?).map(Some).map_err(|fault| {
        LanguageFault::wrong(
            file,
            "syntax",
            fault.to_string(),
            "write choice = [\"phrase\", ...]",
        )
    })
}

/// Every plain phrase that a pattern stands for, in lower case with single spaces.
fn expand(pattern: &str, rules: &Lists) -> Result<Vec<String>, String> {
    let mut rest = pattern;
    let phrases = alternatives(&mut rest, rules, 0)?;
    if !rest.is_empty() {
        return Err(format!("\"{rest}\" closes what was not opened"));
    }
    let mut plain: Vec<String> = phrases
        .iter()
        .map(|words| words.join(" ").to_lowercase())
        .collect();
    plain.sort();
    plain.dedup();
    if plain.iter().any(String::is_empty) {
        return Err("it can be said by saying nothing".into());
    }
    Ok(plain)
}

/// `a b|c`: every way to say one of them, as words.
fn alternatives(rest: &mut &str, rules: &Lists, depth: usize) -> Result<Vec<Vec<String>>, String> {
    if depth > DEPTH_MAX {
        return Err("it is nested too deeply, or a rule refers to itself".into());
    }
    let mut all = Vec::new();
    let mut so_far: Vec<Vec<String>> = vec![Vec::new()];
    while let Some(next) = rest.chars().next() {
        let continuations = match next {
            '(' | '[' => {
                *rest = &rest[1..];
                let mut inner = alternatives(rest, rules, depth + 1)?;
                let closes = if next == '(' { ')' } else { ']' };
                *rest = rest
                    .strip_prefix(closes)
                    .ok_or_else(|| format!("'{next}' is not closed by '{closes}'"))?;
                if next == '[' {
                    inner.push(Vec::new());
                }
                inner
            }
            '{' => {
                let (rule, after) = rest[1..]
                    .split_once('}')
                    .ok_or("'{' is not closed by '}'")?;
                *rest = after;
                let patterns = rules
                    .get(rule)
                    .ok_or_else(|| format!("there is no rule {{{rule}}}"))?;
                let mut inner = Vec::new();
                for pattern in patterns {
                    let mut pattern = pattern.as_str();
                    inner.extend(alternatives(&mut pattern, rules, depth + 1)?);
                    if !pattern.is_empty() {
                        return Err(format!("rule {{{rule}}} closes what it did not open"));
                    }
                }
                inner
            }
            '|' => {
                *rest = &rest[1..];
                all.append(&mut so_far);
                so_far.push(Vec::new());
                continue;
            }
            ')' | ']' => break,
            '}' => return Err("'}' without '{'".into()),
            _ => {
                let end = rest
                    .find(['(', '[', '{', '|', ')', ']', '}'])
                    .unwrap_or(rest.len());
                let words = rest[..end].split_whitespace().map(str::to_owned).collect();
                *rest = &rest[end..];
                vec![words]
            }
        };
        if so_far.len().saturating_mul(continuations.len()) + all.len() > PHRASES_MAX {
            return Err(format!("it stands for more than {PHRASES_MAX} phrases"));
        }
        so_far = so_far
            .iter()
            .flat_map(|start| {
                continuations
                    .iter()
                    .map(move |end| start.iter().chain(end).cloned().collect())
            })
            .collect();
    }
    all.append(&mut so_far);
    Ok(all)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn rules() -> Lists {
        Lists::from([
            (
                "day".into(),
                vec!["monday".into(), "(next|this) friday".into()],
            ),
            ("loop".into(), vec!["again {loop}".into()]),
        ])
    }

    #[test]
    fn patterns_written_out() {
        for (pattern, phrases) in [
            (
                "Delete [it|this]",
                &["delete", "delete it", "delete this"][..],
            ),
            ("erase (it|this)", &["erase it", "erase this"]),
            ("a|b c", &["a", "b c"]),
            (
                "[please] (play|read [out]) it",
                &[
                    "play it",
                    "please play it",
                    "please read it",
                    "please read out it",
                    "read it",
                    "read out it",
                ],
            ),
            (
                "calendar for {day}",
                &[
                    "calendar for monday",
                    "calendar for next friday",
                    "calendar for this friday",
                ],
            ),
        ] {
            assert_eq!(expand(pattern, &rules()).unwrap(), phrases, "{pattern}");
        }
    }

    #[test]
    fn patterns_refused() {
        for pattern in [
            "",
            "[it]",
            "(a",
            "a)",
            "{nothing}",
            "{day",
            "day}",
            "again {loop}",
            "(a|)",
            "(a|b) (a|b) (a|b) (a|b) (a|b) (a|b) (a|b) (a|b) (a|b)",
        ] {
            assert!(expand(pattern, &rules()).is_err(), "{pattern}");
        }
        let deep = "(".repeat(100) + "a" + &")".repeat(100);
        assert!(expand(&deep, &rules()).is_err());
    }

    proptest! {
        #[test]
        fn any_text_is_expanded_or_refused(pattern in "[ab(|)\\[\\]{} ]{0,40}") {
            if let Ok(phrases) = expand(&pattern, &rules()) {
                prop_assert!(phrases.len() <= PHRASES_MAX);
                for phrase in phrases {
                    prop_assert!(phrase.chars().all(|c| c == ' ' || c.is_alphanumeric()));
                }
            }
        }

        /// Plain words come out as they went in, whatever stands around them optionally.
        #[test]
        fn an_optional_part_is_there_or_not(
            words in proptest::collection::vec("[a-z]{1,5}", 1..4),
            extra in "[a-z]{1,5}",
        ) {
            let words = words.join(" ");
            let phrases = expand(&format!("{words} [{extra}]"), &Lists::new()).unwrap();
            prop_assert_eq!(phrases, vec![words.clone(), format!("{words} {extra}")]);
        }
    }

    #[test]
    fn a_grammar_holds_what_is_open_and_gives_a_shared_phrase_to_the_nearest_menu() {
        let assets = Assets::from_texts([
            (
                "grammars/en-US/near.toml",
                "cancel = [\"cancel\"]\nsend = [\"send [it]\"]\n",
            ),
            (
                "grammars/en-US/everywhere.toml",
                "main-menu = [\"main menu\", \"cancel\"]\n",
            ),
        ]);
        let phrases = Phrases::load(&assets).unwrap();
        let english = Locale::default();
        let grammar = phrases.grammar(&english, [("near", "cancel"), ("everywhere", "main-menu")]);
        assert_eq!(
            grammar.phrases,
            [
                ("cancel".to_owned(), vec!["cancel".to_owned()]),
                ("main-menu".to_owned(), vec!["main menu".to_owned()]),
            ]
        );
        assert!(
            phrases
                .grammar(&Locale::new("de-DE"), [("near", "cancel")])
                .phrases
                .is_empty()
        );
    }
}
