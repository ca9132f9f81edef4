//! Mails of others, as they were collected for other programs: each is read to its end without fault,
//! and what is said of it (subject, sender, date, names of what is attached) is what Python's email
//! package finds as well. Where the two differ, the list below says why.

#![allow(clippy::unwrap_used, reason = "a test fails where it cannot go on")]

use std::collections::BTreeMap;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use ringback::language::readable;
use ringback::mailbox::mime::Mail;
use ringback::mailbox::{Attachment, PartId};
use serde::Deserialize;

/// What the other implementation says; nothing where it gave up.
#[derive(Deserialize, Debug)]
struct Opinion {
    subject: Option<String>,
    from: Option<String>,
    date: Option<i64>,
    names: Option<Vec<String>>,
}

/// Where we say something else on purpose: the end of a path, what of it, and why.
const DIFFERENCES: &[(&str, &str, &str)] = &[
    (
        "rubymail/4bd60e_plain_",
        "from",
        "a name and an address without brackets: there they become an address that nobody has",
    ),
    (
        "rubymail/f3ac26_plain_",
        "from",
        "two addresses without a comma are none",
    ),
    (
        "rubymail/c37f71_plain_",
        "subject",
        "a line that is no field is passed over, and ends the header there",
    ),
    ("rubymail/c37f71_plain_", "from", "the same"),
    (
        "testmsgs_obsolete.msg",
        "subject",
        "a space before the colon (RFC 5322 section 4.5) is no field there",
    ),
    (
        "mimetools-testmsgs_russian.msg",
        "names",
        "a name in KOI8-R that is not encoded is found here",
    ),
    ("testmsgs_russian-headers.msg", "names", "the same"),
    (
        "mimetools-testmsgs_multi-2evil.msg",
        "names",
        "a name of more than 128 characters is cut",
    ),
    (
        "mimetools-testmsgs_multi-bad.msg",
        "date",
        "-600 is no zone, and what was meant by it is guessed differently",
    ),
];

fn folder() -> PathBuf {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    std::env::var_os("RINGBACK_TESTDATA")
        .map_or_else(|| root.join("../shared/testdata"), PathBuf::from)
        .join("mime")
}

/// The mails, or a word that there are none.
fn mails() -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut folders = vec![folder()];
    while let Some(next) = folders.pop() {
        let Ok(entries) = std::fs::read_dir(&next) else {
            continue;
        };
        for path in entries.map(|entry| entry.unwrap().path()) {
            if path.is_dir() {
                folders.push(path);
            } else {
                found.push(path);
            }
        }
    }
    if found.is_empty() {
        let folder = folder();
        eprintln!(
            "SKIPPED: no mails of others in {}; set RINGBACK_TESTDATA",
            folder.display()
        );
    }
    found.sort();
    found
}

/// As it is compared: one line, without characters that no text has.
fn plain(text: &str) -> String {
    let shown = |c: char| match c {
        // A hyphen that is only seen at the end of a line.
        '\u{ad}' => None,
        '\u{fffd}' => Some(' '),
        c if c.is_control() => Some(' '),
        c => Some(c),
    };
    let shown: String = text.chars().filter_map(shown).collect();
    shown.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Whether both say the same. Where they could not tell a letter, ours may be any that is not ASCII.
fn agree(ours: &str, theirs: &str) -> bool {
    let untold = |text: &str| {
        let shown = text.chars().map(|c| if c.is_ascii() { c } else { ' ' });
        plain(&shown.collect::<String>())
    };
    plain(ours) == plain(theirs) || theirs.contains('\u{fffd}') && untold(ours) == untold(theirs)
}

#[test]
fn every_mail_is_read_to_its_end() {
    for path in mails() {
        let bytes = std::fs::read(&path).unwrap();
        let mail = Mail::read(&bytes);
        let content = mail.content();
        let words = readable(&content.text);
        for text in [&mail.header().subject, &words.own, &words.quoted] {
            assert!(
                !text.contains(['\u{202e}', '\u{0}', '\u{7}']),
                "{}: what is read aloud has characters that are no text",
                path.display()
            );
        }
        for attachment in &content.attachments {
            assert!(mail.part(attachment.part).is_some(), "{}", path.display());
            let _ = mail.sound(attachment.part);
        }
        assert_eq!(mail.header().attachments, content.attachments.len());
        assert!(mail.part(PartId(u32::MAX)).is_none());
        let _ = mail.voice();
        // Cut anywhere, it is still a mail.
        for share in 1..8 {
            let _ = Mail::read(&bytes[..bytes.len() * share / 8]).content();
        }
    }
}

#[test]
fn what_is_said_of_a_mail_is_what_another_implementation_finds() {
    let mails = mails();
    let Some(opinions) = opinions(&mails) else {
        return;
    };
    assert_eq!(opinions.len(), mails.len());
    let mut differences = Vec::new();
    let mut explained: BTreeMap<(&str, &str), bool> = DIFFERENCES
        .iter()
        .map(|(file, what, _)| ((*file, *what), false))
        .collect();
    for (path, opinion) in mails.iter().zip(&opinions) {
        let name = path.strip_prefix(folder()).unwrap().display().to_string();
        let bytes = std::fs::read(path).unwrap();
        let mail = Mail::read(&bytes);
        let header = mail.header();
        let content = mail.content();
        let from = header.from.as_ref().map_or("", |from| &from.address);
        let date = header.date.map(|date| date.as_second());
        let mut found = Vec::new();
        if let Some(theirs) = &opinion.subject
            && !agree(&header.subject, theirs)
        {
            found.push((
                "subject",
                format!("{:?} here, {theirs:?} there", header.subject),
            ));
        }
        if let Some(theirs) = &opinion.from
            && !theirs.eq_ignore_ascii_case(from)
        {
            found.push(("from", format!("{from:?} here, {theirs:?} there")));
        }
        if opinion.date.is_some() && opinion.date != date {
            found.push(("date", format!("{date:?} here, {:?} there", opinion.date)));
        }
        if let Some(theirs) = &opinion.names {
            let mut theirs = theirs.clone();
            theirs.sort();
            // A message that was sent along without a name is called what it is about, by us only.
            let is_named = |one: &&Attachment| {
                let name = &one.name;
                let known = || theirs.iter().any(|theirs| agree(name, theirs));
                !plain(name).is_empty() && (one.media_type != "message/rfc822" || known())
            };
            let named = content.attachments.iter().filter(is_named);
            let mut names: Vec<String> = named.map(|one| one.name.to_string()).collect();
            names.sort();
            let alike = || {
                names
                    .iter()
                    .zip(&theirs)
                    .all(|(one, other)| agree(one, other))
            };
            if names.len() != theirs.len() || !alike() {
                found.push(("names", format!("{names:?} here, {theirs:?} there")));
            }
        }
        for (what, difference) in found {
            let known = explained
                .iter_mut()
                .find(|((file, of), _)| *file == name && *of == what);
            match known {
                Some((_, seen)) => *seen = true,
                None => differences.push(format!("{name}: {what}: {difference}")),
            }
        }
    }
    assert!(differences.is_empty(), "\n{}", differences.join("\n"));
    let stale: Vec<_> = explained.iter().filter(|(_, seen)| !**seen).collect();
    assert!(
        mails.is_empty() || stale.is_empty(),
        "these are the same now: {stale:?}"
    );
}

/// The other implementation's answers, or a word that it is not there.
fn opinions(mails: &[PathBuf]) -> Option<Vec<Opinion>> {
    if mails.is_empty() {
        return None;
    }
    let script =
        Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/foreign_mails/second_opinion.py");
    let started = Command::new("/usr/bin/python3")
        .arg(&script)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn();
    let mut python = match started {
        Ok(python) => python,
        Err(error) => {
            eprintln!("SKIPPED: /usr/bin/python3 cannot be asked: {error}");
            return None;
        }
    };
    let mut paths = python.stdin.take().unwrap();
    let list: String = mails
        .iter()
        .map(|path| format!("{}\n", path.display()))
        .collect();
    let writer = std::thread::spawn(move || paths.write_all(list.as_bytes()));
    let output = python.wait_with_output().unwrap();
    writer.join().unwrap().unwrap();
    assert!(output.status.success(), "{} fails", script.display());
    let lines = String::from_utf8(output.stdout).unwrap();
    Some(
        lines
            .lines()
            .map(|line| serde_json::from_str(line).unwrap())
            .collect(),
    )
}
