//! Brief prompts: for callers who know the way. A message may have a brief form of its own (the
//! attribute `.brief`); an option without one is shortened as `prompts/<locale>/brief.toml` says,
//! so that nobody has to write every option twice.

use serde::Deserialize;

use super::LanguageFault;
use super::sentences::{VALUE_CLOSES, VALUE_OPENS};

/// The attribute of a message that holds its brief form.
pub(super) const ATTRIBUTE: &str = "brief";

/// How one form of an option becomes brief: "For {what}, press {key}." is "{what}, {key}.".
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Shortening {
    /// What comes before `{what}`, between it and `{key}`, and after that.
    before: String,
    between: String,
    after: String,
    short: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    options: Vec<[String; 2]>,
}

/// Reads the shortenings of a locale.
pub(super) fn read(file: &str, text: &str) -> Result<Vec<Shortening>, LanguageFault> {
    let wrong = |entry: String, what: String| {
        LanguageFault::wrong(
            file,
            entry,
            what,
            "write options = [[\"For {what}, press {key}.\", \"{what}, {key}.\"]]",
        )
    };
    let parsed: File =
        toml::from_str(text).map_err(|fault| wrong("syntax".into(), fault.to_string()))?;
    let shortening = |[long, short]: [String; 2]| {
        let parts = long
            .split_once("{what}")
            .and_then(|(before, rest)| rest.split_once("{key}").map(|rest| (before, rest)));
        match parts {
            Some((before, (between, after)))
                if short.contains("{what}") && short.contains("{key}") =>
            {
                Ok(Shortening {
                    before: before.to_owned(),
                    between: between.to_owned(),
                    after: after.to_owned(),
                    short,
                })
            }
            _ => Err(wrong(
                long.clone(),
                "{what} and {key} do not both stand in it, in this order".to_owned(),
            )),
        }
    };
    parsed.options.into_iter().map(shortening).collect()
}

/// An option whose values stand as marks, made brief by the first shortening that fits.
pub(super) fn shorten(shortenings: &[Shortening], option: &str) -> Option<String> {
    shortenings.iter().find_map(|shortening| {
        let inner = option
            .strip_prefix(&shortening.before)?
            .strip_suffix(&shortening.after)?;
        let (what, key) = inner.rsplit_once(&shortening.between)?;
        let is_one_value = key.starts_with(VALUE_OPENS)
            && key.ends_with(VALUE_CLOSES)
            && key.matches(VALUE_OPENS).count() == 1;
        if what.is_empty() || !is_one_value {
            return None;
        }
        let short = shortening.short.replace("{key}", key);
        Some(capitalised(&short.replace("{what}", what)))
    })
}

/// The same with a capital letter at its beginning, in scripts that have them.
fn capitalised(text: &str) -> String {
    let mut characters = text.chars();
    match characters.next() {
        Some(first) => first.to_uppercase().chain(characters).collect(),
        None => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn english() -> Vec<Shortening> {
        read(
            "brief.toml",
            "options = [[\"For {what}, press {key}.\", \"{what}, {key}.\"]]",
        )
        .unwrap()
    }

    #[test]
    fn an_option_that_fits_is_shortened() {
        let option = format!("For voice mail, press {VALUE_OPENS}V0{VALUE_CLOSES}.");
        let short = format!("Voice mail, {VALUE_OPENS}V0{VALUE_CLOSES}.");
        assert_eq!(shorten(&english(), &option), Some(short));
    }

    #[test]
    fn what_does_not_fit_stays_as_it_is() {
        for option in [
            "For voice mail, press one.".to_owned(),
            format!("For , press {VALUE_OPENS}V0{VALUE_CLOSES}."),
            format!("To go back, press {VALUE_OPENS}V0{VALUE_CLOSES}."),
            format!("For it, press {VALUE_OPENS}V0{VALUE_CLOSES} {VALUE_OPENS}V1{VALUE_CLOSES}."),
        ] {
            assert_eq!(shorten(&english(), &option), None, "{option}");
        }
    }

    #[test]
    fn a_shortening_needs_both_marks() {
        for text in [
            "options = [[\"Press {key} for {what}.\", \"{what}, {key}.\"]]",
            "options = [[\"For {what}, press {key}.\", \"{what}.\"]]",
            "option = []",
        ] {
            assert!(read("brief.toml", text).is_err(), "{text}");
        }
    }
}
