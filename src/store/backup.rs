//! A consistent copy while calls go on.
//!
//! The order makes it consistent without stopping anybody. A message is in the outbox, or in the
//! database and a folder of files, or for a moment in both (depositing twice stores it once); so
//! the outbox is copied first. Files of sound and mail never change: they are copied before the
//! database, and those that came meanwhile after it. Where a file was replaced or removed in between,
//! the database is copied once more, with what is new since, while nobody may write: that is little,
//! and callers wait for it no longer than for any other writer.

use std::fs;
use std::io;
use std::path::Path;

use rusqlite::TransactionBehavior;

use super::{
    AUDIO_FOLDER, DATABASE_FILE, MAIL_FOLDER, OUTBOX_FOLDER, Store, StoreFault, connect,
    make_private_folder, sync_folder,
};

pub(super) fn copy(store: &Store, target: &Path) -> Result<(), StoreFault> {
    make_private_folder(target)?;
    let mut entries = fs::read_dir(target).map_err(|error| StoreFault::file(target, &error))?;
    if entries.next().is_some() {
        return Err(StoreFault::File {
            path: target.display().to_string(),
            what: "is not empty; name a new directory for each backup".into(),
        });
    }
    copy_outbox(
        &store.folder().join(OUTBOX_FOLDER),
        &target.join(OUTBOX_FOLDER),
    )?;
    for folder in [AUDIO_FOLDER, MAIL_FOLDER] {
        make_private_folder(&target.join(folder))?;
    }
    copy_new_files(store.folder(), target)?;
    copy_database(store, target)?;
    copy_new_files(store.folder(), target)?;
    if missing_file(target)?.is_some() {
        let mut writer = connect(&store.folder().join(DATABASE_FILE))?;
        let nobody_writes = writer.transaction_with_behavior(TransactionBehavior::Immediate)?;
        copy_database(store, target)?;
        copy_new_files(store.folder(), target)?;
        drop(nobody_writes);
        if let Some(name) = missing_file(target)? {
            return Err(StoreFault::File {
                path: target.join(name).display().to_string(),
                what: "is named in the database but does not exist".into(),
            });
        }
    }
    finish_database(target)?;
    sync_folder(&target.join(AUDIO_FOLDER))?;
    sync_folder(&target.join(MAIL_FOLDER))?;
    sync_folder(target)
}

/// In the place of an earlier copy, if there is one.
fn copy_database(store: &Store, target: &Path) -> Result<(), StoreFault> {
    let source = connect(&store.folder().join(DATABASE_FILE))?;
    let mut copied = connect(&target.join(DATABASE_FILE))?;
    let backup = rusqlite::backup::Backup::new(&source, &mut copied)?;
    // All pages in one step are one read transaction: writers of a WAL go on meanwhile.
    match backup.step(-1)? {
        rusqlite::backup::StepResult::Done => Ok(()),
        _ => Err(StoreFault::Busy),
    }
}

/// One file that can be moved about, without a WAL beside it.
fn finish_database(target: &Path) -> Result<(), StoreFault> {
    let file = target.join(DATABASE_FILE);
    connect(&file)?.query_row("PRAGMA journal_mode = DELETE", [], |_| Ok(()))?;
    sync_file(&file)
}

/// The first file that the copied database names and the copied folders lack.
fn missing_file(target: &Path) -> Result<Option<String>, StoreFault> {
    let copied = connect(&target.join(DATABASE_FILE))?;
    let mut named = copied.prepare(
        "SELECT ?1 || '/' || id || '.wav' FROM message UNION
         SELECT ?1 || '/' || file FROM recorded UNION
         SELECT ?2 || '/' || id || '.eml' FROM email",
    )?;
    let names = named.query_map([AUDIO_FOLDER, MAIL_FOLDER], |row| row.get::<_, String>(0))?;
    for name in names {
        let name = name?;
        if !target.join(&name).exists() {
            return Ok(Some(name));
        }
    }
    Ok(None)
}

/// Sound and mail that are not there yet.
fn copy_new_files(from: &Path, to: &Path) -> Result<(), StoreFault> {
    for (folder, ending) in [(AUDIO_FOLDER, ".wav"), (MAIL_FOLDER, ".eml")] {
        let (from, to) = (from.join(folder), to.join(folder));
        for name in file_names(&from)? {
            if name.ends_with(ending) && !to.join(&name).exists() {
                copy_file(&from.join(&name), &to.join(&name))?;
            }
        }
    }
    Ok(())
}

/// What an envelope in the outbox is called, and what lies beside it.
const ENVELOPES: [(&str, &str); 3] = [
    (".due.json", ".wav"),
    (".parked.json", ".wav"),
    (".mail.json", ".eml"),
];

/// Envelopes first: one whose sound or mail is gone by then was delivered, and is in the database
/// copy, or has left the house.
fn copy_outbox(from: &Path, to: &Path) -> Result<(), StoreFault> {
    if !from.exists() {
        return Ok(());
    }
    make_private_folder(to)?;
    for envelope in file_names(from)? {
        let named = |(kind, ending): (&str, &str)| {
            let id = envelope.strip_suffix(kind)?;
            Some(format!("{id}{ending}"))
        };
        let Some(content) = ENVELOPES.into_iter().find_map(named) else {
            continue;
        };
        if copy_file(&from.join(&content), &to.join(&content))? {
            copy_file(&from.join(&envelope), &to.join(&envelope))?;
        }
    }
    // A sound that changed from due to parked meanwhile may stand without its envelope.
    for sound in file_names(to)?
        .into_iter()
        .filter(|name| name.ends_with(".wav"))
    {
        let id = sound.trim_end_matches(".wav");
        for state in ["due", "parked"] {
            let envelope = format!("{id}.{state}.json");
            if from.join(&envelope).exists() && !to.join(&envelope).exists() {
                copy_file(&from.join(&envelope), &to.join(&envelope))?;
            }
        }
    }
    sync_folder(to)
}

fn file_names(folder: &Path) -> Result<Vec<String>, StoreFault> {
    let failed = |error| StoreFault::file(folder, &error);
    let mut names = Vec::new();
    for entry in fs::read_dir(folder).map_err(failed)? {
        if let Ok(name) = entry.map_err(failed)?.file_name().into_string() {
            names.push(name);
        }
    }
    names.sort();
    Ok(names)
}

/// Copies and syncs; `false` when the source has gone.
fn copy_file(from: &Path, to: &Path) -> Result<bool, StoreFault> {
    match fs::copy(from, to) {
        Ok(_) => {}
        Err(error)
            if error.kind() == io::ErrorKind::NotFound && to.parent().is_some_and(Path::exists) =>
        {
            return Ok(false);
        }
        Err(error) => return Err(StoreFault::file(to, &error)),
    }
    sync_file(to)?;
    Ok(true)
}

fn sync_file(path: &Path) -> Result<(), StoreFault> {
    fs::File::open(path)
        .and_then(|file| file.sync_all())
        .map_err(|error| StoreFault::file(path, &error))
}
