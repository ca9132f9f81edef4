//! Export and apply: the organisation as a readable file, and back, whole or not at all.

use std::collections::{BTreeMap, HashMap};
use std::fmt;
use std::fs;
use std::path::Path;

use jiff::Timestamp;

use super::mailboxes::{NewPin, commit, new_pins};
use super::pin_rows;
use super::rows::Object;
use super::text;
use super::whole::{OrganisationFault, Whole, title};
use crate::policy::pin::PinCost;
use crate::store::{Store, StoreFault, wav};

/// The longest welcome or announcement, in seconds.
const LONGEST_PROMPT: u64 = 10 * 60;

/// What an apply did, or would do.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Report {
    /// What changed, in the order of the file.
    pub changes: Vec<Change>,
    /// The PINs of new mailboxes, which stand nowhere else. None with a dry run.
    pub pins: Vec<NewPin>,
}

/// One object that changed.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Change {
    /// How.
    pub kind: ChangeKind,
    /// Which: `dial_plan "demo"`.
    pub what: String,
    /// For a change, each key with what it was and is.
    pub details: Vec<String>,
}

/// How an object changed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ChangeKind {
    /// It is new.
    Added,
    /// It is another.
    Changed,
    /// It is gone.
    Removed,
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.changes.is_empty() {
            return writeln!(f, "nothing to change");
        }
        for change in &self.changes {
            let sign = match change.kind {
                ChangeKind::Added => '+',
                ChangeKind::Changed => '~',
                ChangeKind::Removed => '-',
            };
            writeln!(f, "{sign} {}", change.what)?;
            for detail in &change.details {
                writeln!(f, "    {detail}")?;
            }
        }
        for NewPin { user, pin } in &self.pins {
            writeln!(f, "PIN of {user}: {pin} (must be changed at first sign-in)")?;
        }
        Ok(())
    }
}

/// Writes the organisation to `file`, and its custom prompts beside it. Blocks.
pub fn export(store: &Store, file: &Path) -> Result<(), OrganisationFault> {
    let whole = store.read_now(Whole::read)?;
    let folder = file.parent().unwrap_or(Path::new("."));
    let failed = |path: &Path, error| StoreFault::file(path, &error);
    for (file_name, bytes) in &whole.custom_prompts {
        let path = folder.join(file_name);
        fs::write(&path, bytes).map_err(|error| failed(&path, error))?;
    }
    let text = text::write(&whole)?;
    Ok(fs::write(file, text).map_err(|error| failed(file, error))?)
}

/// The organisation as TOML, without its custom prompts. Blocks.
pub fn export_text(store: &Store) -> Result<String, OrganisationFault> {
    text::write(&store.read_now(Whole::read)?)
}

/// Whether text could be an organisation of its own, custom prompts apart: nothing is opened or
/// changed. Takes any text.
pub fn check_text(text: &str) -> Result<(), OrganisationFault> {
    let nothing = Whole::default();
    let mut whole = text::parse(text)?;
    for plan in &whole.dial_plan {
        let named = [
            &plan.welcome_greeting_filename,
            &plan.info_announcement_filename,
        ];
        for file_name in named.into_iter().flatten() {
            whole.custom_prompts.insert(file_name.clone(), Vec::new());
        }
    }
    whole.complete(&nothing);
    whole.check(&nothing)
}

/// Makes the organisation equal to `file`, or only says what that would change. Blocks.
pub fn apply(
    store: &Store,
    file: &Path,
    dry_run: bool,
    cost: PinCost,
    now: Timestamp,
) -> Result<Report, OrganisationFault> {
    let text = fs::read_to_string(file).map_err(|error| StoreFault::file(file, &error))?;
    let folder = file.parent().unwrap_or(Path::new("."));
    apply_text(store, &text, folder, dry_run, cost, now)
}

/// The same for text whose custom prompts lie in `folder`. Blocks.
pub fn apply_text(
    store: &Store,
    text: &str,
    folder: &Path,
    dry_run: bool,
    cost: PinCost,
    now: Timestamp,
) -> Result<Report, OrganisationFault> {
    let mut after = text::parse(text)?;
    after.custom_prompts = read_prompts(&after, folder)?;
    let before = store.read_now(Whole::read)?;
    after.complete(&before);
    after.check(&before)?;
    let mut report = Report {
        changes: differences(&before, &after),
        pins: Vec::new(),
    };
    if dry_run || report.changes.is_empty() {
        return Ok(report);
    }
    // Hashing is slow, so it happens before the transaction.
    let without_pin = store.read_now(|db| {
        let mut users = Vec::new();
        for mailbox in &after.mailbox {
            if pin_rows::read(db, &mailbox.user)?.is_none() {
                users.push(mailbox.user.clone());
            }
        }
        Ok(users)
    })?;
    let pins = new_pins(&after, &without_pin, cost)?;
    commit(store, &before, &after, |db| {
        for (NewPin { user, .. }, record) in &pins {
            pin_rows::replace(db, user, record, now, true)?;
        }
        Ok(())
    })?;
    report.pins = pins.into_iter().map(|(pin, _)| pin).collect();
    Ok(report)
}

/// Reads the WAV files that the dial plans name: 16 bit linear, 8 kHz, mono, nothing else.
fn read_prompts(
    whole: &Whole,
    folder: &Path,
) -> Result<BTreeMap<String, Vec<u8>>, OrganisationFault> {
    let mut prompts = BTreeMap::new();
    for plan in &whole.dial_plan {
        // A name that could lead elsewhere is never opened; it is one of the problems here.
        if let Some(problem) = plan
            .problems()
            .iter()
            .find(|problem| problem.key.ends_with("_filename"))
        {
            return Err(OrganisationFault::wrong(format!(
                "{}: {problem}",
                title(plan)
            )));
        }
        let named = [
            ("welcome_greeting_filename", &plan.welcome_greeting_filename),
            (
                "info_announcement_filename",
                &plan.info_announcement_filename,
            ),
        ];
        for (key, file_name) in named {
            let Some(file_name) = file_name else { continue };
            let bytes = read_prompt(&folder.join(file_name)).map_err(|cure| {
                OrganisationFault::wrong(format!("{}: {key} = {file_name:?}: {cure}", title(plan)))
            })?;
            prompts.insert(file_name.clone(), bytes);
        }
    }
    Ok(prompts)
}

fn read_prompt(path: &Path) -> Result<Vec<u8>, String> {
    let foreign = wav::read_foreign(path, LONGEST_PROMPT).map_err(|fault| match fault {
        wav::WavFault::Unreadable(error) => format!(
            "{} cannot be read ({error}); put the file beside the TOML file",
            path.display()
        ),
        fault => format!("{} {fault}", path.display()),
    })?;
    if (foreign.rate, foreign.channels, foreign.bits) != (wav::RATE, 1, 16) {
        return Err(format!(
            "has {} bits, {} Hz and {} channels; convert it to 16 bit linear PCM, 8000 Hz, mono",
            foreign.bits, foreign.rate, foreign.channels
        ));
    }
    Ok(wav::encode(&foreign.samples))
}

fn differences(before: &Whole, after: &Whole) -> Vec<Change> {
    let mut changes = Vec::new();
    compare(&mut changes, &before.dial_plan, &after.dial_plan);
    compare(&mut changes, &before.gateway, &after.gateway);
    compare(&mut changes, &before.hunt_group, &after.hunt_group);
    compare(&mut changes, &before.mailbox_policy, &after.mailbox_policy);
    compare(&mut changes, &before.person, &after.person);
    compare(&mut changes, &before.group, &after.group);
    compare(&mut changes, &before.mailbox, &after.mailbox);
    let (old, new) = (&before.custom_prompts, &after.custom_prompts);
    for file_name in old
        .keys()
        .chain(new.keys().filter(|name| !old.contains_key(*name)))
    {
        let kind = match (old.get(file_name), new.get(file_name)) {
            (Some(old), Some(new)) if old == new => continue,
            (Some(_), Some(_)) => ChangeKind::Changed,
            (None, _) => ChangeKind::Added,
            (Some(_), None) => ChangeKind::Removed,
        };
        changes.push(Change {
            kind,
            what: format!("sound {file_name:?}"),
            details: Vec::new(),
        });
    }
    changes
}

fn compare<T: Object>(changes: &mut Vec<Change>, before: &[T], after: &[T]) {
    let old: HashMap<&str, &T> = before
        .iter()
        .map(|object| (object.name(), object))
        .collect();
    let new: HashMap<&str, &T> = after.iter().map(|object| (object.name(), object)).collect();
    for object in after {
        let (kind, details) = match old.get(object.name()) {
            None => (ChangeKind::Added, Vec::new()),
            Some(old) if *old == object => continue,
            Some(old) => (ChangeKind::Changed, changed_keys(*old, object)),
        };
        changes.push(Change {
            kind,
            what: title(object),
            details,
        });
    }
    for object in before
        .iter()
        .filter(|object| !new.contains_key(object.name()))
    {
        changes.push(Change {
            kind: ChangeKind::Removed,
            what: title(object),
            details: Vec::new(),
        });
    }
}

fn changed_keys<T: Object>(before: &T, after: &T) -> Vec<String> {
    let as_map = |object: &T| match serde_json::to_value(object) {
        Ok(serde_json::Value::Object(map)) => map,
        _ => serde_json::Map::new(),
    };
    let (before, after) = (as_map(before), as_map(after));
    let mut keys: Vec<&String> = before.keys().chain(after.keys()).collect();
    keys.sort();
    keys.dedup();
    let said = |value: Option<&serde_json::Value>| {
        value.map_or_else(|| "nothing".to_owned(), ToString::to_string)
    };
    keys.into_iter()
        .filter(|key| before.get(*key) != after.get(*key))
        .map(|key| {
            format!(
                "{key}: {} -> {}",
                said(before.get(key)),
                said(after.get(key))
            )
        })
        .collect()
}
