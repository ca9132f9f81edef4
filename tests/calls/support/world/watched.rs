//! The rooms of a story's world, as the conversations reach them: every request is counted, and a room
//! can be out of reach.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use jiff::Timestamp;
use ringback::conversation::CustomPrompts;
use ringback::line::Sound;
use ringback::mailbox::embedded::EmbeddedMailbox;
use ringback::mailbox::{
    Capabilities, Capability, ChangeMark, Changes, Content, ConversationId, Counts, Deposit, Email,
    Envelope, Flag, Flags, Folder, FolderState, MailFault, MailStore, MailboxId, MessageId, Page,
    PartId, Recorded, Settings, Usage, UserSettings, VoiceMessage,
};
use ringback::organisation::pins::PinKeeper;
use ringback::policy::pin::{PinCheck, PinFault, PinRefusal, Pins};

use super::super::requests::{Requests, Room};
use super::text;

/// A room whose requests are counted.
pub(in super::super) struct Watched<T> {
    pub(in super::super) room: T,
    pub(in super::super) requests: Arc<Requests>,
    /// Who was let in.
    let_in: Arc<Mutex<Vec<String>>>,
}

#[async_trait]
impl MailStore for Watched<EmbeddedMailbox> {
    fn capabilities(&self) -> Capabilities {
        let mut capabilities = self.room.capabilities();
        if self.requests.no_auto_reply {
            capabilities.remove(&Capability::AutoReply);
        }
        capabilities
    }
    async fn emails(
        &self,
        mailbox: &MailboxId,
        folder: Folder,
        page: Page,
    ) -> Result<Vec<Email>, MailFault> {
        self.requests.mail(Room::Mailboxes)?;
        self.room.emails(mailbox, folder, page).await
    }
    async fn email_counts(&self, mailbox: &MailboxId, folder: Folder) -> Result<Counts, MailFault> {
        self.requests.mail(Room::Mailboxes)?;
        self.room.email_counts(mailbox, folder).await
    }
    async fn email(&self, mailbox: &MailboxId, id: &MessageId) -> Result<Email, MailFault> {
        self.requests.mail(Room::Mailboxes)?;
        self.room.email(mailbox, id).await
    }
    async fn conversation(
        &self,
        mailbox: &MailboxId,
        conversation: &ConversationId,
    ) -> Result<Vec<Email>, MailFault> {
        self.requests.mail(Room::Mailboxes)?;
        self.room.conversation(mailbox, conversation).await
    }
    async fn content(
        &self,
        mailbox: &MailboxId,
        id: &MessageId,
    ) -> Result<Arc<Content>, MailFault> {
        self.requests.mail(Room::Mailboxes)?;
        self.room.content(mailbox, id).await
    }
    async fn part(
        &self,
        mailbox: &MailboxId,
        id: &MessageId,
        part: PartId,
    ) -> Result<Arc<[u8]>, MailFault> {
        self.requests.mail(Room::Mailboxes)?;
        self.room.part(mailbox, id, part).await
    }
    async fn part_sound(
        &self,
        mailbox: &MailboxId,
        id: &MessageId,
        part: PartId,
    ) -> Result<Arc<Sound>, MailFault> {
        self.requests.mail(Room::Mailboxes)?;
        self.room.part_sound(mailbox, id, part).await
    }
    async fn raw(&self, mailbox: &MailboxId, id: &MessageId) -> Result<Arc<[u8]>, MailFault> {
        self.requests.mail(Room::Mailboxes)?;
        self.room.raw(mailbox, id).await
    }
    async fn set_flag(
        &self,
        mailbox: &MailboxId,
        id: &MessageId,
        flag: Flag,
        on: bool,
    ) -> Result<(), MailFault> {
        self.requests.mail(Room::Mailboxes)?;
        self.room.set_flag(mailbox, id, flag, on).await
    }
    async fn append(
        &self,
        mailbox: &MailboxId,
        folder: Folder,
        mail: Arc<[u8]>,
        flags: Flags,
        received: Timestamp,
    ) -> Result<MessageId, MailFault> {
        self.requests.mail(Room::Mailboxes)?;
        self.room
            .append(mailbox, folder, mail, flags, received)
            .await
    }
    async fn folders(&self, mailbox: &MailboxId) -> Result<Vec<FolderState>, MailFault> {
        self.requests.mail(Room::Mailboxes)?;
        self.room.folders(mailbox).await
    }
    async fn changes(&self, mailbox: &MailboxId, since: ChangeMark) -> Result<Changes, MailFault> {
        self.requests.mail(Room::Mailboxes)?;
        self.room.changes(mailbox, since).await
    }
    async fn watch(&self, mailbox: &MailboxId, since: ChangeMark) -> Result<ChangeMark, MailFault> {
        self.requests.mail(Room::Mailboxes)?;
        self.room.watch(mailbox, since).await
    }
    async fn voice_messages(
        &self,
        mailbox: &MailboxId,
        folder: Folder,
    ) -> Result<Vec<VoiceMessage>, MailFault> {
        self.requests.mail(Room::Mailboxes)?;
        self.room.voice_messages(mailbox, folder).await
    }
    async fn counts(&self, mailbox: &MailboxId) -> Result<Counts, MailFault> {
        self.requests.mail(Room::Mailboxes)?;
        self.room.counts(mailbox).await
    }
    async fn usage(&self, mailbox: &MailboxId) -> Result<Usage, MailFault> {
        self.requests.mail(Room::Mailboxes)?;
        self.room.usage(mailbox).await
    }
    async fn sound(&self, mailbox: &MailboxId, id: &MessageId) -> Result<Arc<Sound>, MailFault> {
        self.requests.mail(Room::Mailboxes)?;
        self.room.sound(mailbox, id).await
    }
    async fn set_read(
        &self,
        mailbox: &MailboxId,
        id: &MessageId,
        read: bool,
    ) -> Result<(), MailFault> {
        self.requests.mail(Room::Mailboxes)?;
        self.room.set_read(mailbox, id, read).await
    }
    async fn move_to(
        &self,
        mailbox: &MailboxId,
        id: &MessageId,
        folder: Folder,
    ) -> Result<(), MailFault> {
        self.requests.mail(Room::Mailboxes)?;
        self.room.move_to(mailbox, id, folder).await
    }
}

#[async_trait]
impl Settings for Watched<EmbeddedMailbox> {
    async fn settings(&self, mailbox: &MailboxId) -> Result<UserSettings, MailFault> {
        self.requests.mail(Room::Mailboxes)?;
        self.room.settings(mailbox).await
    }
    async fn save_settings(
        &self,
        mailbox: &MailboxId,
        settings: &UserSettings,
    ) -> Result<(), MailFault> {
        self.requests.mail(Room::Mailboxes)?;
        self.room.save_settings(mailbox, settings).await
    }
    async fn recorded(
        &self,
        mailbox: &MailboxId,
        which: Recorded,
    ) -> Result<Option<Arc<Sound>>, MailFault> {
        self.requests.mail(Room::Mailboxes)?;
        self.room.recorded(mailbox, which).await
    }
    async fn set_recorded(
        &self,
        mailbox: &MailboxId,
        which: Recorded,
        sound: Option<Arc<Sound>>,
    ) -> Result<(), MailFault> {
        self.requests.mail(Room::Mailboxes)?;
        self.room.set_recorded(mailbox, which, sound).await
    }
}

#[async_trait]
impl Deposit for Watched<EmbeddedMailbox> {
    async fn deposit(&self, envelope: &Envelope, sound: &Path) -> Result<(), MailFault> {
        self.requests.mail(Room::Mailboxes)?;
        self.room.deposit(envelope, sound).await
    }
    async fn deposit_mail(
        &self,
        to: &MailboxId,
        mail: Arc<[u8]>,
        received: Timestamp,
    ) -> Result<MessageId, MailFault> {
        self.requests.mail(Room::Mailboxes)?;
        self.room.deposit_mail(to, mail, received).await
    }
}

#[async_trait]
impl Pins for Watched<PinKeeper> {
    async fn check(
        &self,
        dial_plan: &str,
        number: &str,
        pin: &str,
        calling: Option<&str>,
    ) -> Result<PinCheck, PinFault> {
        self.requests.pins()?;
        let check = self.room.check(dial_plan, number, pin, calling).await?;
        if let PinCheck::Accepted(subscriber) | PinCheck::MustChange(subscriber) = &check {
            let user = subscriber.user().to_owned();
            self.let_in.lock().unwrap().push(user);
        }
        Ok(check)
    }
    async fn is_in_order(&self, user: &str) -> Result<bool, PinFault> {
        self.requests.pins()?;
        self.room.is_in_order(user).await
    }
    async fn examine(&self, user: &str, pin: &str) -> Result<Option<PinRefusal>, PinFault> {
        self.requests.pins()?;
        self.room.examine(user, pin).await
    }
    async fn change(&self, user: &str, pin: &str) -> Result<Option<PinRefusal>, PinFault> {
        self.requests.pins()?;
        self.room.change(user, pin).await
    }
}

/// Sounds of the dial plan, by file name.
pub(super) struct Custom {
    pub(super) sounds: Mutex<BTreeMap<String, Arc<Sound>>>,
    pub(super) requests: Arc<Requests>,
}

#[async_trait]
impl CustomPrompts for Custom {
    fn sound(&self, file_name: &str) -> Option<Arc<Sound>> {
        self.sounds.lock().unwrap().get(file_name).cloned()
    }
    async fn replace(&self, file_name: &str, sound: Arc<Sound>) -> Result<(), String> {
        self.requests.mail(Room::Mailboxes).map_err(text)?;
        match self.sounds.lock().unwrap().get_mut(file_name) {
            Some(present) => {
                *present = sound;
                Ok(())
            }
            None => Err(format!("no {file_name}")),
        }
    }
}

pub(super) fn watched<T>(
    room: T,
    requests: &Arc<Requests>,
    let_in: &Arc<Mutex<Vec<String>>>,
) -> Arc<Watched<T>> {
    Arc::new(Watched {
        room,
        requests: requests.clone(),
        let_in: let_in.clone(),
    })
}
