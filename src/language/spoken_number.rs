//! Numbers as words, from the rules in `prompts/<locale>/numbers.toml`, so that every voice says
//! the same and a transcript reads as it sounded.
//!
//! A rule set lists, from a base number on, how a number is spoken: the way CLDR writes its
//! rule-based number formats, cut down to what telephone prompts need.
//!
//! ```toml
//! [cardinal]
//! "0" = "zero"                  # plain words
//! "20" = "twenty[->>]"          # >> is the rest after division, [..] is left out when that is 0
//! "100" = "<< hundred[ >>]"     # << is the quotient
//! [ordinal]
//! "20" = "twent>tieth>"         # > name > speaks the rest by another set; <name< the quotient
//! [tieth]
//! "1" = "y-=ordinal="           # =name= speaks this very number by another set
//! [year]
//! "1100/100" = "<< >>"          # a divisor that is not the power of ten below the base
//! ```

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;

use super::LanguageFault;
use crate::line::Number;

/// How deep rules may refer to each other: far above any real number, far below the stack.
const DEPTH_MAX: usize = 48;

/// The number words of one locale.
#[derive(Debug)]
pub struct SpokenNumbers {
    sets: BTreeMap<String, RuleSet>,
    digits: [String; 10],
    telephone: Telephone,
}

#[derive(Debug, Default)]
struct RuleSet(Vec<Rule>);

#[derive(Debug)]
struct Rule {
    base: u64,
    divisor: u64,
    parts: Vec<Part>,
}

#[derive(Debug)]
enum Part {
    Words(String),
    Quotient(Option<String>),
    Rest(Option<String>),
    Same(String),
    UnlessNothingRests(Vec<Part>),
}

/// The sets that these parts name.
fn sets_of(parts: &[Part]) -> Box<dyn Iterator<Item = &str> + '_> {
    Box::new(parts.iter().flat_map(|part| match part {
        Part::Quotient(Some(set)) | Part::Rest(Some(set)) | Part::Same(set) => {
            Box::new(std::iter::once(set.as_str()))
        }
        Part::UnlessNothingRests(parts) => sets_of(parts),
        Part::Words(_) | Part::Quotient(None) | Part::Rest(None) => Box::new(std::iter::empty()),
    }))
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    telephone: Telephone,
    digits: Vec<String>,
    sets: BTreeMap<String, BTreeMap<String, String>>,
}

/// How telephone numbers are read.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Telephone {
    /// The words for 0–9 inside a number (English: "oh").
    digits: Vec<String>,
    /// Before a number in international form.
    plus: String,
    star: String,
    pound: String,
    /// Length of a number to the lengths of its groups.
    groups: BTreeMap<String, Vec<usize>>,
    /// Groups of other lengths.
    group: usize,
}

impl SpokenNumbers {
    /// Reads `numbers.toml`; `file` is its name for error texts.
    pub fn parse(file: &str, text: &str) -> Result<SpokenNumbers, LanguageFault> {
        let wrong = |entry: &str, what: String, cure: &str| {
            LanguageFault::wrong(file, entry, what, cure.to_owned())
        };
        let parsed: File = toml::from_str(text)
            .map_err(|fault| wrong("syntax", fault.to_string(), "compare it with en-US"))?;
        let digits: [String; 10] = parsed
            .digits
            .try_into()
            .map_err(|_| wrong("digits", "not ten words".into(), "give the words of 0 to 9"))?;
        if parsed.telephone.digits.len() != 10 || parsed.telephone.group == 0 {
            return Err(wrong(
                "telephone",
                "not ten digit words, or groups of nothing".into(),
                "give the words of 0 to 9 and a group length of at least 1",
            ));
        }
        for (length, groups) in &parsed.telephone.groups {
            if length.parse() != Ok(groups.iter().sum::<usize>()) {
                return Err(wrong(
                    "telephone.groups",
                    format!("the groups of {length} do not add up to it"),
                    "write for example 7 = [3, 4]",
                ));
            }
        }
        let mut sets = BTreeMap::new();
        let known: BTreeSet<String> = parsed.sets.keys().cloned().collect();
        for (name, rules) in parsed.sets {
            let mut set = Vec::new();
            for (base, pattern) in rules {
                let rule = Rule::parse(&base, &pattern).ok_or_else(|| {
                    wrong(
                        &format!("sets.{name}.\"{base}\""),
                        format!("\"{pattern}\" is no rule"),
                        "see the notes at the top of prompts/en-US/numbers.toml",
                    )
                })?;
                if let Some(unknown) = sets_of(&rule.parts).find(|set| !known.contains(*set)) {
                    return Err(wrong(
                        &format!("sets.{name}.\"{base}\""),
                        format!("there is no set \"{unknown}\""),
                        "name one of the sets of this file, or write one of that name",
                    ));
                }
                set.push(rule);
            }
            set.sort_by_key(|rule: &Rule| rule.base);
            sets.insert(name, RuleSet(set));
        }
        let numbers = SpokenNumbers {
            sets,
            digits,
            telephone: parsed.telephone,
        };
        numbers.try_all(file)?;
        Ok(numbers)
    }

    /// Speaks every base and its neighbours once, so that a missing set or a circle shows at start.
    fn try_all(&self, file: &str) -> Result<(), LanguageFault> {
        for name in ["cardinal", "ordinal", "day", "year", "minutes"] {
            let bases = self.sets.get(name).map_or(&[][..], |set| &set.0[..]);
            let first = bases.first().map(|rule| rule.base);
            if first.is_none_or(|base| base > 1) {
                return Err(LanguageFault::wrong(
                    file,
                    format!("sets.{name}"),
                    "no rules from 0 or 1 on",
                    "every locale needs the sets cardinal, ordinal, day, year and minutes",
                ));
            }
            for rule in bases {
                for number in [rule.base, rule.base + 1, rule.base.saturating_mul(3)] {
                    if self.spell(name, number, 0).is_none() {
                        return Err(LanguageFault::wrong(
                            file,
                            format!("sets.{name}.\"{}\"", rule.base),
                            format!("{number} cannot be spoken by it"),
                            "its rules go round in a circle, or lead to a number without a rule",
                        ));
                    }
                }
            }
        }
        Ok(())
    }

    /// "one hundred and two"
    pub fn cardinal(&self, number: u64) -> String {
        self.spoken("cardinal", number)
    }

    /// "third"
    pub fn ordinal(&self, number: u64) -> String {
        self.spoken("ordinal", number)
    }

    /// A day of the month in a date: English "twenty-third", German "dreiundzwanzigster".
    pub fn day(&self, day: u64) -> String {
        self.spoken("day", day)
    }

    /// "twenty twenty-six"
    pub fn year(&self, year: u64) -> String {
        self.spoken("year", year)
    }

    /// The minutes of a time: "oh five".
    pub fn minutes(&self, minutes: u64) -> String {
        self.spoken("minutes", minutes)
    }

    /// The word of one digit as a key is named: "zero".
    pub fn digit(&self, digit: u8) -> &str {
        self.digits.get(usize::from(digit)).map_or("", |word| word)
    }

    /// A telephone number or extension, digit by digit, a comma between the groups.
    pub fn telephone(&self, number: &Number) -> String {
        let signalled = number.as_str();
        let digits = signalled.strip_prefix('+').unwrap_or(signalled);
        let words: Vec<&str> = digits
            .chars()
            .map(|digit| match digit {
                '*' => self.telephone.star.as_str(),
                '#' => self.telephone.pound.as_str(),
                _ => digit
                    .to_digit(10)
                    .and_then(|digit| self.telephone.digits.get(digit as usize))
                    .map_or("", |word| word),
            })
            .collect();
        let mut groups = Vec::new();
        let mut rest = &words[..];
        if let Some(lengths) = self.telephone.groups.get(&words.len().to_string()) {
            for length in lengths {
                let (group, after) = rest.split_at((*length).min(rest.len()));
                groups.push(group.join(" "));
                rest = after;
            }
        }
        while !rest.is_empty() {
            // A single digit at the end would sound forgotten: it goes with the last group.
            let length = match rest.len() {
                left if left <= self.telephone.group + 1 => left,
                _ => self.telephone.group,
            };
            let (group, after) = rest.split_at(length);
            groups.push(group.join(" "));
            rest = after;
        }
        let grouped = groups.join(", ");
        if signalled.starts_with('+') {
            format!("{} {grouped}", self.telephone.plus)
        } else {
            grouped
        }
    }

    fn spoken(&self, set: &str, number: u64) -> String {
        self.spell(set, number, 0).unwrap_or_else(|| {
            // Not reachable with rules that passed `try_all`; digits are better than silence.
            let digits: Vec<&str> = number
                .to_string()
                .bytes()
                .map(|digit| self.digit(digit - b'0'))
                .collect();
            digits.join(" ")
        })
    }

    fn spell(&self, set: &str, number: u64, depth: usize) -> Option<String> {
        if depth > DEPTH_MAX {
            return None;
        }
        let rules = &self.sets.get(set)?.0;
        let rule = rules.iter().rev().find(|rule| rule.base <= number)?;
        let mut text = String::new();
        self.apply(rule, &rule.parts, set, number, depth, &mut text)?;
        Some(text)
    }

    fn apply(
        &self,
        rule: &Rule,
        parts: &[Part],
        set: &str,
        number: u64,
        depth: usize,
        text: &mut String,
    ) -> Option<()> {
        let (quotient, rest) = (number / rule.divisor, number % rule.divisor);
        for part in parts {
            match part {
                Part::Words(words) => text.push_str(words),
                Part::Quotient(other) => {
                    let other = other.as_deref().unwrap_or(set);
                    text.push_str(&self.spell(other, quotient, depth + 1)?);
                }
                Part::Rest(other) => {
                    let other = other.as_deref().unwrap_or(set);
                    text.push_str(&self.spell(other, rest, depth + 1)?);
                }
                Part::Same(other) => text.push_str(&self.spell(other, number, depth + 1)?),
                Part::UnlessNothingRests(inner) => {
                    if rest != 0 {
                        self.apply(rule, inner, set, number, depth, text)?;
                    }
                }
            }
        }
        Some(())
    }
}

impl Rule {
    fn parse(base: &str, pattern: &str) -> Option<Rule> {
        let (base, divisor) = match base.split_once('/') {
            Some((base, divisor)) => (base.parse().ok()?, Some(divisor.parse().ok()?)),
            None => (base.parse::<u64>().ok()?, None),
        };
        let divisor = divisor.unwrap_or_else(|| match base {
            0 => 1,
            _ => 10_u64.pow(base.ilog10()),
        });
        if divisor == 0 {
            return None;
        }
        let mut rest = pattern;
        let parts = parse_parts(&mut rest, false)?;
        rest.is_empty().then_some(Rule {
            base,
            divisor,
            parts,
        })
    }
}

fn parse_parts(rest: &mut &str, bracketed: bool) -> Option<Vec<Part>> {
    let mut parts = Vec::new();
    while let Some(next) = rest.chars().next() {
        match next {
            '[' if !bracketed => {
                *rest = &rest[1..];
                parts.push(Part::UnlessNothingRests(parse_parts(rest, true)?));
            }
            ']' if bracketed => {
                *rest = &rest[1..];
                return Some(parts);
            }
            '[' | ']' => return None,
            '<' | '>' | '=' => {
                let (name, after) = rest[1..].split_once(next)?;
                *rest = after;
                let other = (!name.is_empty()).then(|| name.to_owned());
                parts.push(match next {
                    '<' => Part::Quotient(other),
                    '>' => Part::Rest(other),
                    _ => Part::Same(other?),
                });
            }
            _ => {
                let end = rest.find(['[', ']', '<', '>', '=']).unwrap_or(rest.len());
                parts.push(Part::Words(rest[..end].to_owned()));
                *rest = &rest[end..];
            }
        }
    }
    (!bracketed).then_some(parts)
}

#[cfg(test)]
mod tests;
