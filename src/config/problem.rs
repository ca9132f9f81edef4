//! What is wrong with a TOML file, said so that it can be mended: file, line, key, cure.

use std::fmt;
use std::ops::Range;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

/// One thing that is wrong with a file.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Problem {
    file: String,
    line: Option<usize>,
    key: String,
    text: String,
}

impl Problem {
    /// Something that concerns the whole file.
    pub fn of_file(file: &str, text: String) -> Problem {
        Problem {
            file: file.to_owned(),
            line: None,
            key: String::new(),
            text,
        }
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.file)?;
        if let Some(line) = self.line {
            write!(f, ":{line}")?;
        }
        if self.key.is_empty() {
            write!(f, ": {}", self.text)
        } else {
            write!(f, ": {}: {}", self.key, self.text)
        }
    }
}

/// Everything that is wrong with a file; one line each when written.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Problems(Vec<Problem>);

impl Problems {
    /// A single one.
    pub fn one(problem: Problem) -> Problems {
        Problems(vec![problem])
    }

    /// Problems with these dotted keys, whose lines are looked up in the text of the file. A key
    /// that does not stand there has its default, and no line.
    pub fn located(file: &str, text: &str, found: Vec<(&str, String)>) -> Problems {
        let document = DeTable::parse(text).ok();
        Problems(
            found
                .into_iter()
                .map(|(key, problem)| Problem {
                    file: file.to_owned(),
                    line: document
                        .as_ref()
                        .and_then(|document| position_of(document.get_ref(), key))
                        .map(|offset| line_at(text, offset)),
                    key: key.to_owned(),
                    text: problem,
                })
                .collect(),
        )
    }
}

impl Problems {
    /// Adds to every wrong value of a known key how one is written, by the example of `defaults`.
    #[must_use]
    pub fn with_examples(mut self, defaults: &toml::Table) -> Problems {
        for problem in &mut self.0 {
            // Elements of lists are numbered.
            let names: Vec<&str> = problem
                .key
                .split('.')
                .take_while(|name| name.parse::<usize>().is_err())
                .collect();
            let Some((last, tables)) = names.split_last() else {
                continue;
            };
            let table = tables
                .iter()
                .try_fold(defaults, |table, name| table.get(*name)?.as_table());
            match table.and_then(|table| table.get(*last)) {
                Some(toml::Value::Table(_)) if tables.is_empty() => {
                    problem.text += &format!("; write a table, [{last}], with the keys under it");
                }
                Some(example) if !problem.text.contains("write it like") => {
                    problem.text += &format!("; write it like {last} = {example}");
                }
                _ => {}
            }
        }
        self
    }
}

impl fmt::Display for Problems {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, problem) in self.0.iter().enumerate() {
            if index > 0 {
                writeln!(f)?;
            }
            write!(f, "{problem}")?;
        }
        Ok(())
    }
}

impl std::error::Error for Problems {}

/// What the TOML reader complained about, with the key spelled out and a suggestion for a key that
/// does not exist.
pub fn problems_of_toml(file: &str, text: &str, error: &toml::de::Error) -> Problems {
    let span = error.span();
    let key = span
        .as_ref()
        .and_then(|span| {
            DeTable::parse(text)
                .ok()
                .and_then(|document| key_at(document.get_ref(), span))
        })
        .unwrap_or_default();
    let message = error.message();
    let problem = match unknown_field(message) {
        Some((unknown, known)) => format!("unknown key; {}", suggestion(unknown, &known)),
        None => message.replace('\n', "; "),
    };
    Problems::one(Problem {
        file: file.to_owned(),
        line: span.map(|span| line_at(text, span.start)),
        key,
        text: problem,
    })
}

/// The unknown key and the known ones, out of serde's message about it.
fn unknown_field(message: &str) -> Option<(&str, Vec<&str>)> {
    let rest = message.strip_prefix("unknown field `")?;
    let (unknown, rest) = rest.split_once('`')?;
    let known = rest.split('`').skip(1).step_by(2).collect();
    Some((unknown, known))
}

/// Names the known key that resembles the unknown one, or all of them.
fn suggestion(unknown: &str, known: &[&str]) -> String {
    let nearest = known
        .iter()
        .map(|candidate| (strsim::jaro_winkler(unknown, candidate), candidate))
        .filter(|(likeness, _)| *likeness > 0.75)
        .max_by(|(a, _), (b, _)| a.total_cmp(b));
    match nearest {
        Some((_, candidate)) => format!("did you mean `{candidate}`?"),
        None => format!("the keys here are `{}`", known.join("`, `")),
    }
}

fn line_at(text: &str, offset: usize) -> usize {
    text.bytes()
        .take(offset)
        .filter(|byte| *byte == b'\n')
        .count()
        + 1
}

/// Where the value of a dotted key stands.
fn position_of(table: &DeTable<'_>, dotted: &str) -> Option<usize> {
    let (first, rest) = match dotted.split_once('.') {
        Some((first, rest)) => (first, Some(rest)),
        None => (dotted, None),
    };
    let (key, value) = table.iter().find(|(key, _)| key.get_ref() == first)?;
    match (rest, value.get_ref()) {
        (None, _) => Some(key.span().start),
        (Some(rest), DeValue::Table(inner)) => position_of(inner, rest),
        (Some(_), _) => None,
    }
}

/// The dotted key whose name or value covers `span`, as deep as it goes. Elements of a list count
/// from 1.
fn key_at(table: &DeTable<'_>, span: &Range<usize>) -> Option<String> {
    for (key, value) in table.iter() {
        let name = key.get_ref();
        if key.span() == *span {
            return Some(name.to_string());
        }
        if let Some(inner) = key_within(value, span) {
            return Some(if inner.is_empty() {
                name.to_string()
            } else {
                format!("{name}.{inner}")
            });
        }
    }
    None
}

/// As [`key_at`] for a value: empty when the value itself is meant.
fn key_within(value: &Spanned<DeValue<'_>>, span: &Range<usize>) -> Option<String> {
    let deeper = match value.get_ref() {
        DeValue::Table(inner) => key_at(inner, span),
        DeValue::Array(elements) => elements.iter().enumerate().find_map(|(index, element)| {
            let inner = key_within(element, span)?;
            let place = index + 1;
            Some(if inner.is_empty() {
                place.to_string()
            } else {
                format!("{place}.{inner}")
            })
        }),
        _ => None,
    };
    deeper.or_else(|| (value.span() == *span).then(String::new))
}
