//! Other people's calendars: read without fault, and with the times that another implementation finds
//! in them (Python's `recurring-ical-events` 3.8; how the list was made stands at its head).

use std::path::{Path, PathBuf};

use jiff::tz::TimeZone;

use super::super::expand::{Window, appointments, extent};
use super::super::object::{self, pieces};
use super::super::rule::Budget;
use super::super::{Appointment, Span};
use super::at;

/// The files, or a word that there are none.
fn files() -> Vec<(String, String)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let folder = std::env::var_os("RINGBACK_TESTDATA")
        .map_or_else(|| root.join("../shared/testdata"), PathBuf::from)
        .join("ical");
    let mut found = Vec::new();
    for below in ["", "calcard", "valid"] {
        let Ok(entries) = std::fs::read_dir(folder.join(below)) else {
            continue;
        };
        for path in entries
            .map(|entry| entry.unwrap().path())
            .filter(|path| path.is_file())
        {
            let bytes = std::fs::read(&path).unwrap();
            let name = path.strip_prefix(&folder).unwrap().display().to_string();
            found.push((name, String::from_utf8_lossy(&bytes).into_owned()));
        }
    }
    if found.is_empty() {
        eprintln!(
            "no calendars of others in {}: nothing is checked",
            folder.display()
        );
    }
    found.sort();
    found
}

fn year(text: &str, year: i16) -> (Vec<Appointment>, usize) {
    let window = Window {
        from: at(&format!("{year:04}-01-01T00:00"), &TimeZone::UTC),
        to: at(&format!("{:04}-01-01T00:00", year + 1), &TimeZone::UTC),
    };
    let mut all = (Vec::new(), 0);
    for piece in pieces(text).unwrap_or_default() {
        let object = object::parse(&piece.text).unwrap();
        let (found, broken) =
            appointments(&object, window, &TimeZone::UTC, &[], &mut Budget::new());
        // What the index leaves out must not be missed.
        if let Some((first, last)) = extent(&object) {
            assert!(found.is_empty() || first <= window.to && last >= window.from);
        }
        all.0.extend(found);
        all.1 += broken.len();
    }
    all
}

fn begins(one: &Appointment) -> String {
    match one.span {
        Span::AllDay(from, _) => from.strftime("%Y%m%d").to_string(),
        Span::Timed(from, _) => from.strftime("%Y%m%dT%H%M%SZ").to_string(),
    }
}

#[test]
fn every_file_is_read_without_fault() {
    for (name, text) in files() {
        for some_year in [1997, 2004, 2026] {
            let (found, _) = year(&text, some_year);
            assert!(found.len() <= 2_000, "{name}");
        }
    }
}

#[test]
fn the_times_are_those_that_another_implementation_finds() {
    let expected = include_str!("foreign.tsv");
    let files = files();
    let mut differences = Vec::new();
    for line in expected.lines().filter(|line| !line.starts_with('#')) {
        let mut columns = line.split('\t');
        let (name, of, starts) = (
            columns.next().unwrap(),
            columns.next().unwrap(),
            columns.next().unwrap_or_default(),
        );
        let Some((_, text)) = files.iter().find(|(file, _)| file == name) else {
            continue;
        };
        let (found, broken) = year(text, of.parse().unwrap());
        let mut found: Vec<String> = found.iter().map(begins).collect();
        found.sort();
        let expected: Vec<&str> = starts.split_whitespace().collect();
        if found != expected {
            let more = found.iter().filter(|one| !expected.contains(&one.as_str()));
            let missing = expected
                .iter()
                .filter(|one| !found.iter().any(|f| f == *one));
            differences.push(format!(
                "{name} {of}: {} here, {} there, {broken} broken; only here {:?}, only there {:?}",
                found.len(),
                expected.len(),
                more.take(4).collect::<Vec<_>>(),
                missing.take(4).collect::<Vec<_>>()
            ));
        }
    }
    assert!(differences.is_empty(), "\n{}", differences.join("\n"));
}
