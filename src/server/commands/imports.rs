//! Files that others wrote: address books and calendars into a mailbox, people into the directory.

use std::fmt::Write as _;
use std::path::Path;
use std::sync::Arc;

use anyhow::{Context, bail};

use super::mailboxes::find;
use super::{Place, print};
use crate::calendar::embedded::{EmbeddedCalendar, Imported};
use crate::directory::embedded_contacts::EmbeddedContacts;
use crate::directory::vcard::{self, Broken, Card};
use crate::mailbox::MailboxId;
use crate::organisation::people_file::{self, PeopleImport};
use crate::policy::pin::PinCost;

/// The largest file that is read, in bytes: an address book with a photograph on every card.
const LARGEST: u64 = 64 * 1_024 * 1_024;

/// `mailbox import`: what the file is goes by its ending.
///
/// # Errors
/// When the file cannot be read, or is of no known kind.
pub fn import(place: &Place, user: &str, file: &Path, dry_run: bool) -> anyhow::Result<()> {
    let ending = file.extension().unwrap_or_default().to_string_lossy();
    match ending.to_ascii_lowercase().as_str() {
        "vcf" | "vcard" => import_cards(place, user, file, dry_run),
        "ics" | "ical" => import_calendar(place, user, file, dry_run),
        _ => bail!(
            "{}: the name of the file has to end in .vcf (address cards) or .ics (appointments)",
            file.display()
        ),
    }
}

fn import_cards(place: &Place, user: &str, file: &Path, dry_run: bool) -> anyhow::Result<()> {
    let (store, clock) = place.store()?;
    let state = find(&store, user, &clock.now())?;
    let mailbox = MailboxId(Arc::from(state.mailbox.user.as_str()));
    let (mut contacts, mut groups, mut broken) = (Vec::new(), Vec::new(), 0);
    let mut report = String::new();
    for card in vcard::read(&bytes(file)?) {
        match card {
            Ok(Card::Contact(contact)) => {
                writeln!(report, "+ contact {}", contact.display_name())?;
                contacts.push(contact);
            }
            Ok(Card::Group(group)) => {
                let members = group.members.len();
                writeln!(report, "+ group {} ({members} members)", group.name)?;
                groups.push(group);
            }
            Err(Broken { number, name, why }) => {
                let name = if name.is_empty() {
                    String::new()
                } else {
                    format!(" ({name})")
                };
                writeln!(report, "! card {number}{name} is left out: {why}")?;
                broken += 1;
            }
        }
    }
    if !dry_run {
        EmbeddedContacts::new(store)
            .put_all(&mailbox, &contacts, &groups)
            .with_context(|| format!("{}: nothing was imported", file.display()))?;
    }
    writeln!(
        report,
        "{}: {} contacts, {} groups, {broken} left out",
        state.mailbox.user,
        contacts.len(),
        groups.len()
    )?;
    finish(report, dry_run)
}

fn import_calendar(place: &Place, user: &str, file: &Path, dry_run: bool) -> anyhow::Result<()> {
    let (store, clock) = place.store()?;
    let state = find(&store, user, &clock.now())?;
    let mailbox = MailboxId(Arc::from(state.mailbox.user.as_str()));
    let text = bytes(file)?;
    let text = String::from_utf8_lossy(&text);
    let events = EmbeddedCalendar::new(store)
        .import(&mailbox, &text, dry_run)
        .with_context(|| format!("{}: nothing was imported", file.display()))?;
    let (mut taken, mut older, mut broken) = (0, 0, 0);
    let mut report = String::new();
    for Imported {
        uid,
        subject,
        zone_uncertain,
        taken: became,
    } in events
    {
        let doubt = match zone_uncertain {
            true => " (its time zone is unknown: its times are taken as the owner's own)",
            false => "",
        };
        match became {
            Ok(true) => {
                writeln!(report, "+ {subject}{doubt}")?;
                taken += 1;
            }
            Ok(false) => {
                writeln!(report, "= {subject}: what is there is as new or newer")?;
                older += 1;
            }
            Err(why) => {
                writeln!(report, "! {uid} is left out: {why}")?;
                broken += 1;
            }
        }
    }
    writeln!(
        report,
        "{}: {taken} appointments and series, {older} unchanged, {broken} left out",
        state.mailbox.user,
    )?;
    finish(report, dry_run)
}

/// `org import-people`.
///
/// # Errors
/// Every row that is wrong, with its cure; then nothing was changed.
pub fn import_people(place: &Place, file: &Path, how: &PeopleImport) -> anyhow::Result<()> {
    let (store, clock) = place.store()?;
    let report = people_file::import(&store, &bytes(file)?, how, PinCost::default(), clock.now())
        .with_context(|| format!("{}: nothing was changed", file.display()))?;
    finish(report.to_string(), how.dry_run)
}

fn finish(mut report: String, dry_run: bool) -> anyhow::Result<()> {
    if dry_run {
        report.push_str("(only looked: nothing was changed)\n");
    }
    print(&report)
}

fn bytes(file: &Path) -> anyhow::Result<Vec<u8>> {
    let size = std::fs::metadata(file)
        .with_context(|| format!("{}: name a file that can be read", file.display()))?
        .len();
    if size > LARGEST {
        bail!("{}: is larger than 64 MiB; split it", file.display());
    }
    std::fs::read(file).with_context(|| file.display().to_string())
}
