//! What another process of ours wants of the outbox while the server has it: `outbox retry`, and
//! mails of the command line. They lie in a folder of their own, which the server looks into.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::folder::{Folder, Found};
use super::mail::{MailOnItsWay, MailState};
use super::{Outbox, OutboxFault, blocking};
use crate::mailbox::{MessageId, OutgoingMail};
use crate::store::{StoreFault, make_private_folder, sync_folder};

/// How often the server looks; also how long an operator waits for `outbox retry`.
const LOOK_EVERY: Duration = Duration::from_secs(2);

const RETRY: &str = "retry";
const MAIL: &str = "mail";

/// Something that waits in the outbox, as an operator sees it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Listed {
    /// Its id.
    pub id: MessageId,
    /// What it is: `message` of a caller, or `mail`.
    pub what: &'static str,
    /// For whom.
    pub to: String,
    /// How often it was tried.
    pub attempts: u32,
    /// Where it stands: `waiting` or `parked`, and what was said last.
    pub state: String,
}

/// What waits in the outbox folder, oldest first. Reads only, so that it may run beside a server.
/// Blocks.
pub fn listing(folder: &Path) -> Result<Vec<Listed>, OutboxFault> {
    if !folder.exists() {
        return Ok(Vec::new());
    }
    let Found { messages, mails } = Folder::look(folder)?;
    let mut listed: Vec<Listed> = messages
        .into_iter()
        .map(|message| Listed {
            id: message.envelope.id,
            what: "message",
            to: message.envelope.to.0.to_string(),
            attempts: message.attempts,
            state: match message.parked {
                Some(why) => format!("parked: {why}"),
                None => "waiting".to_owned(),
            },
        })
        .collect();
    for mail in &mails {
        for (to, state) in mail.recipients() {
            let state = match state {
                MailState::Waiting(None) => "waiting".to_owned(),
                MailState::Waiting(Some(why)) => format!("waiting: {why}"),
                MailState::Delivered => "delivered".to_owned(),
                MailState::Failed { why, .. } => format!("failed: {why}"),
            };
            listed.push(Listed {
                id: mail.mail.id.clone(),
                what: "mail",
                to,
                attempts: mail.tries(),
                state,
            });
        }
    }
    listed.sort_by(|one, other| one.id.cmp(&other.id));
    Ok(listed)
}

/// Asks the server that has this outbox, or the next one that opens it, to try something now.
/// Blocks.
pub fn request_retry(folder: &Path, id: &MessageId) -> Result<(), OutboxFault> {
    let known = listing(folder)?.iter().any(|one| one.id == *id);
    if !known {
        return Err(OutboxFault::NotFound(id.0.to_string()));
    }
    write(folder, &format!("{}.{RETRY}", id.0), b"")
}

/// Hands a mail without sound to the server that has this outbox, or to the next one that opens it.
/// When this returns it survives a loss of power. Blocks.
pub fn hand_in(folder: &Path, mut mail: OutgoingMail) -> Result<MessageId, OutboxFault> {
    mail.id = MessageId(ulid::Ulid::generate().to_string().into());
    let id = mail.id.clone();
    let body = serde_json::to_vec_pretty(&mail)
        .map_err(|error| OutboxFault::Unsendable(error.to_string()))?;
    write(folder, &format!("{}.{MAIL}", id.0), &body)?;
    Ok(id)
}

impl Outbox {
    /// Looks for what other processes want, as long as this future lives.
    pub(super) async fn watch_hand_in(&self) {
        loop {
            self.take_in().await;
            tokio::time::sleep(LOOK_EVERY).await;
        }
    }

    /// Does what other processes want now.
    pub async fn take_in(&self) {
        let folder = self.folder.path().to_owned();
        let wanted = match blocking(move || wanted(&folder)).await {
            Ok(wanted) => wanted,
            Err(fault) => {
                tracing::warn!(%fault, "cannot look for what the command line wants");
                return;
            }
        };
        for file in wanted {
            if let Err(fault) = self.take_one(&file).await {
                tracing::warn!(file = %file.display(), %fault, "the command line wants what cannot be done");
            }
        }
    }

    async fn take_one(&self, file: &Path) -> Result<(), OutboxFault> {
        let stem = file.file_stem().and_then(|stem| stem.to_str());
        let id = MessageId(stem.unwrap_or_default().into());
        match file.extension().and_then(|ending| ending.to_str()) {
            Some(RETRY) => {
                remove(file)?;
                self.retry(&id).await
            }
            Some(MAIL) => {
                let (folder, path) = (self.folder.clone(), file.to_owned());
                let state = blocking(move || {
                    let text = fs::read(&path).map_err(|error| StoreFault::file(&path, &error))?;
                    let mail: OutgoingMail = serde_json::from_slice(&text)
                        .map_err(|error| OutboxFault::Unsendable(error.to_string()))?;
                    let state = MailOnItsWay::without_sound(mail);
                    folder.acknowledge_mail(&state, None, None, None)?;
                    remove(&path)?;
                    Ok(state)
                });
                self.take_over(state.await?);
                Ok(())
            }
            _ => Ok(()),
        }
    }
}

fn place(folder: &Path) -> PathBuf {
    folder.join("hand-in")
}

fn wanted(folder: &Path) -> Result<Vec<PathBuf>, OutboxFault> {
    let place = place(folder);
    let entries = match fs::read_dir(&place) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        entries => entries.map_err(|error| StoreFault::file(&place, &error))?,
    };
    let mut files: Vec<PathBuf> = entries.flatten().map(|entry| entry.path()).collect();
    files.retain(|file| {
        let ending = file.extension().and_then(|ending| ending.to_str());
        matches!(ending, Some(RETRY | MAIL))
    });
    files.sort();
    Ok(files)
}

fn write(folder: &Path, name: &str, content: &[u8]) -> Result<(), OutboxFault> {
    make_private_folder(folder)?;
    let place = place(folder);
    make_private_folder(&place)?;
    let (path, unfinished) = (place.join(name), place.join(format!("{name}.unfinished")));
    let written = || -> io::Result<()> {
        let mut file = fs::File::create(&unfinished)?;
        io::Write::write_all(&mut file, content)?;
        file.sync_all()?;
        fs::rename(&unfinished, &path)
    };
    written().map_err(|error| StoreFault::file(&path, &error))?;
    Ok(sync_folder(&place)?)
}

fn remove(file: &Path) -> Result<(), OutboxFault> {
    match fs::remove_file(file) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => {
            Err(StoreFault::file(file, &error).into())
        }
        _ => Ok(()),
    }
}
