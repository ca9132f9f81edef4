//! One try: to the mailboxes here or to the relay, what each answered, and the report to the sender of
//! whoever will not get it.

use std::time::Duration;

use super::super::delivery::{ATTEMPTS_MAX, DEPOSIT_DEADLINE, RETRY_AFTER};
use super::super::{Outbox, PostRoom, lock};
use super::opened::Opened;
use super::state::{MailState, Route};
use crate::mailbox::report::Failure;
use crate::mailbox::{Folder, MailFault, MailKind, MailboxId, MessageId, Submitted, writing};

impl Outbox {
    /// Notes an answer for recipient `at`. The wait until the next try, if there is to be one.
    async fn note_answer(
        &self,
        id: &MessageId,
        at: usize,
        attempts: u32,
        answer: Answer,
    ) -> Option<Duration> {
        let mut wait = None;
        let state = match answer {
            Answer::Delivered => MailState::Delivered,
            Answer::Never(why) => failed(why, false),
            Answer::Later(why, _) if attempts >= ATTEMPTS_MAX => failed(why, true),
            Answer::Later(why, least) => {
                let tried = usize::try_from(attempts).unwrap_or(usize::MAX);
                wait = Some(RETRY_AFTER[tried.clamp(1, RETRY_AFTER.len()) - 1].max(least));
                MailState::Waiting(Some(why))
            }
        };
        if let MailState::Failed { why, .. } = &state {
            tracing::error!(id = %id.0, why, "a mail cannot be delivered");
        } else if let MailState::Waiting(Some(why)) = &state {
            tracing::warn!(id = %id.0, why, "a mail could not be delivered yet");
        }
        self.note(id, |mail| {
            if let Some(one) = mail.recipients.get_mut(at) {
                one.state = state;
            }
        })
        .await;
        wait
    }

    /// Counts a try on this way.
    async fn count_attempt(&self, opened: &mut Opened, route: Route) -> u32 {
        let attempts = opened.state.attempts_mut(route);
        *attempts += 1;
        let attempts = *attempts;
        self.note(&opened.state.mail.id, |mail| {
            *mail.attempts_mut(route) = attempts
        })
        .await;
        attempts
    }

    pub(super) async fn send_here(&self, room: &PostRoom, opened: &mut Opened) -> Option<Duration> {
        let id = opened.state.mail.id.clone();
        let mut wait: Option<Duration> = None;
        let attempts = self.count_attempt(opened, Route::Here).await;
        if !opened.state.copied {
            match self.copy_to_sent(room, opened).await {
                Answer::Later(why, least) if attempts < ATTEMPTS_MAX => {
                    tracing::warn!(id = %id.0, why, "the copy of a mail is not in Sent yet");
                    wait = Some(least.max(RETRY_AFTER[0]));
                }
                Answer::Delivered => self.note(&id, |mail| mail.copied = true).await,
                Answer::Later(why, _) | Answer::Never(why) => {
                    tracing::error!(id = %id.0, why, "there is no copy of a mail in Sent");
                    self.note(&id, |mail| mail.copied = true).await;
                }
            }
        }
        for (at, one) in opened.state.recipients.clone().iter().enumerate() {
            let Some(mailbox) = &one.recipient.mailbox else {
                continue;
            };
            if one.waits() {
                let answer = self.bring(room, opened, mailbox, at).await;
                let next = self.note_answer(&id, at, attempts, answer).await;
                wait = wait.max(next);
            }
        }
        self.tell_sender(room, opened, attempts).await.max(wait)
    }

    async fn copy_to_sent(&self, room: &PostRoom, opened: &Opened) -> Answer {
        let Some(from) = &opened.state.mail.from else {
            return Answer::Delivered;
        };
        let sent = opened.state.mail.sent;
        in_time(
            room.letterbox
                .put(from, Folder::Sent, opened.message.clone(), sent),
        )
        .await
    }

    /// Brings a mail to a mailbox of ours: as a voice message, or as it is.
    async fn bring(
        &self,
        room: &PostRoom,
        opened: &Opened,
        mailbox: &MailboxId,
        at: usize,
    ) -> Answer {
        let mail = &opened.state.mail;
        if mail.kind == MailKind::Voice && !opened.state.sounds.is_empty() {
            let envelope = opened.envelope(room, mailbox, at);
            let sound = self.folder.sound_file(&mail.id);
            return in_time(self.deposit.deposit(&envelope, &sound)).await;
        }
        let message = opened.message.clone();
        in_time(
            room.letterbox
                .put(mailbox, Folder::Inbox, message, mail.sent),
        )
        .await
    }

    /// Hands a mail to the relay, for everybody elsewhere who waits for it.
    pub(super) async fn send_elsewhere(
        &self,
        room: &PostRoom,
        opened: &mut Opened,
    ) -> Option<Duration> {
        let id = opened.state.mail.id.clone();
        let attempts = self.count_attempt(opened, Route::Elsewhere).await;
        let mut asked: Vec<(usize, String)> = Vec::new();
        let mut wait = None;
        for (at, one) in opened.state.recipients.clone().iter().enumerate() {
            if one.route() != Route::Elsewhere || !one.waits() {
                continue;
            }
            match &one.recipient.address {
                Some(address) if writing::is_plain_address(&address.address) => {
                    asked.push((at, address.address.clone()));
                }
                _ => {
                    let why = Answer::Never("there is no address that mail can go to".into());
                    self.note_answer(&id, at, attempts, why).await;
                }
            }
        }
        if asked.is_empty() {
            return None;
        }
        let addresses: Vec<String> = asked.iter().map(|(_, address)| address.clone()).collect();
        let sender = opened.envelope_sender();
        let answered = room
            .relay
            .submit(sender.as_deref(), &addresses, &opened.message)
            .await;
        for (nth, (at, _)) in asked.into_iter().enumerate() {
            let answer = match &answered {
                Ok(answers) => match answers.get(nth) {
                    Some(Submitted::Accepted) => Answer::Delivered,
                    Some(Submitted::Later(why)) => Answer::Later(why.clone(), Duration::ZERO),
                    Some(Submitted::Refused(why)) => Answer::Never(why.clone()),
                    None => Answer::Later("the relay said nothing".into(), Duration::ZERO),
                },
                Err(fault) => Answer::of(fault),
            };
            let next = self.note_answer(&id, at, attempts, answer).await;
            wait = wait.max(next);
        }
        wait
    }

    /// Reports to the sender who will not get the mail. The system's own mails have no sender, and of an
    /// automatic reply he knows nothing: their failures stand in the log.
    async fn tell_sender(
        &self,
        room: &PostRoom,
        opened: &Opened,
        attempts: u32,
    ) -> Option<Duration> {
        let id = &opened.state.mail.id;
        let state = lock(&self.mails.due).get(id).map(|mail| mail.state.clone());
        let state = state?;
        let untold: Vec<Failure> = state
            .recipients
            .iter()
            .filter_map(|one| match &one.state {
                MailState::Failed {
                    why,
                    given_up,
                    told: false,
                } => Some(Failure {
                    recipient: one.recipient.clone(),
                    reason: why.clone(),
                    given_up: *given_up,
                }),
                _ => None,
            })
            .collect();
        if untold.is_empty() {
            return None;
        }
        let knows = state.mail.kind != MailKind::AutoReply;
        if let Some(from) = state.mail.from.as_ref().filter(|_| knows) {
            let told = state
                .recipients
                .iter()
                .filter(|one| matches!(one.state, MailState::Failed { told: true, .. }));
            // Later failures are another report; the same ones are the same.
            let report = MessageId(format!("{}-report-{}", id.0, told.count()).into());
            let message = opened.report(room, &report, &untold);
            let put = room
                .letterbox
                .put(from, Folder::Inbox, message.into(), state.mail.sent);
            match in_time(put).await {
                Answer::Later(why, least) if attempts < ATTEMPTS_MAX => {
                    tracing::warn!(id = %id.0, why, "the sender of a mail is not told yet");
                    return Some(least.max(RETRY_AFTER[0]));
                }
                Answer::Delivered => {}
                Answer::Later(why, _) | Answer::Never(why) => {
                    tracing::error!(id = %id.0, why, "the sender of a mail cannot be told");
                }
            }
        }
        self.note(id, |mail| {
            for one in &mut mail.recipients {
                if let MailState::Failed { told, .. } = &mut one.state {
                    *told = true;
                }
            }
        })
        .await;
        None
    }
}

/// What somebody said to one recipient.
enum Answer {
    Delivered,
    /// Why, and how long to wait at least.
    Later(String, Duration),
    Never(String),
}

impl Answer {
    fn of(fault: &MailFault) -> Answer {
        match fault {
            MailFault::Refused(_) | MailFault::NotFound => Answer::Never(fault.to_string()),
            // Neither rights nor room come back within seconds, and hammering locks accounts.
            MailFault::QuotaFull | MailFault::Denied(_) => {
                Answer::Later(fault.to_string(), RETRY_AFTER[4])
            }
            MailFault::Unavailable(_) | MailFault::Conflict => {
                Answer::Later(fault.to_string(), Duration::ZERO)
            }
        }
    }
}

fn failed(why: String, given_up: bool) -> MailState {
    MailState::Failed {
        why,
        given_up,
        told: false,
    }
}

async fn in_time(work: impl Future<Output = Result<(), MailFault>>) -> Answer {
    match tokio::time::timeout(DEPOSIT_DEADLINE, work).await {
        Ok(Ok(())) => Answer::Delivered,
        Ok(Err(fault)) => Answer::of(&fault),
        Err(_) => Answer::Later("no answer in time".into(), Duration::ZERO),
    }
}
