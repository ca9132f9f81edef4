//! The questions that the `then` lines of a story ask.

use std::time::Duration;

use ringback::conversation::Outcome;
use ringback::mailbox::{Folder, Importance, Recorded, Settings, VoiceMessage};
use ringback::policy::clock::WallClock;
use ringback::policy::pin::PinCheck;

use super::super::appointments;
use super::super::story::split_outside_quotes;
use super::{DIAL_PLAN, World, id_of, mailbox_id, text};

impl World {
    /// Checks a `then` line; what is not so.
    pub async fn check(&self, then: &str, outcome: &Outcome) -> Result<(), String> {
        for clause in split_outside_quotes(then, ';') {
            if let Some(kind) = clause.strip_prefix("call record ") {
                let actual = outcome.call_type.to_string();
                if actual != kind.trim_matches('"') {
                    return Err(format!("the call record says \"{actual}\""));
                }
                continue;
            }
            let (user, facts) = clause
                .split_once(':')
                .ok_or_else(|| format!("`{clause}` is about nobody (`alice: no new messages`)"))?;
            if user != "relay" && !self.users.iter().any(|known| known == user) {
                return Err(format!("nobody is called {user}"));
            }
            for fact in split_outside_quotes(facts, ',') {
                self.check_fact(user, &fact)
                    .await
                    .map_err(|what| format!("{user}: {fact}: {what}"))?;
            }
        }
        Ok(())
    }

    async fn check_fact(&self, user: &str, fact: &str) -> Result<(), String> {
        if let Some(checked) = self.letters.check(user, fact) {
            return checked;
        }
        let messages = self.messages(user).await?;
        let id = mailbox_id(user);
        let count = |read: bool| {
            let inbox = messages.iter().filter(|one| one.folder == Folder::Inbox);
            inbox.filter(|one| one.read == read).count()
        };
        if let Some(fact) = fact.strip_prefix("appointment ") {
            let today = self.clock.now().to_zoned(self.desk.time_zone.clone());
            return appointments::check(&self.calendar, &id, fact, &today).await;
        }
        if let Some((name, state)) = fact.split_once(".wav ") {
            let id = id_of(&format!("{name}.wav"));
            let message = messages.iter().find(|one| one.envelope.id == id);
            let message = message.ok_or("there is no such message")?;
            let actual = match (message.folder, message.read) {
                (Folder::Deleted, _) => "deleted",
                (Folder::Sent, _) => "sent",
                (Folder::Drafts, _) => "draft",
                (Folder::Inbox, true) => "read",
                (Folder::Inbox, false) => "new",
            };
            return same(state, actual);
        }
        if let Some(answer) = self.emails.check(&self.mailbox, &id, fact).await {
            return answer;
        }
        if let Some(pin) = fact.strip_prefix("pin ") {
            let (pin, works) = pin.split_once(' ').ok_or("`pin 123456 works`?")?;
            let extension = self.desk.subscribers.by_user(user);
            let extension = extension.map(|found| found.extension().to_owned());
            let extension = extension.unwrap_or_default();
            let check = self.keeper.check(DIAL_PLAN, &extension, pin, None).await;
            let actual = match check.map_err(text)? {
                PinCheck::Accepted(_) => "works",
                PinCheck::MustChange(_) => "must change",
                PinCheck::Refused => "refused",
                PinCheck::LockedOut => "locked out",
                PinCheck::NotAllowed => "not allowed",
            };
            return same(works, actual);
        }
        if let Some(message) = fact.strip_prefix("a message ") {
            return self.check_message(&messages, message);
        }
        if let Some(setting) = fact.strip_prefix("setting ") {
            let (name, _) = setting.split_once(' ').ok_or("`setting away true`?")?;
            let settings = self.mailbox.settings(&id).await.map_err(text)?;
            let all = serde_json::to_value(settings).map_err(text)?;
            let value = match &all[name] {
                serde_json::Value::String(words) => words.clone(),
                other => other.to_string(),
            };
            return same(setting, &format!("{name} {value}"));
        }
        for (which, name) in [
            (Recorded::Name, "name"),
            (Recorded::Greeting, "greeting"),
            (Recorded::AwayGreeting, "away greeting"),
        ] {
            let actual = match self.mailbox.recorded(&id, which).await {
                Ok(Some(sound)) => format!("{name} {}", seconds(sound.length())),
                Ok(None) => format!("no {name}"),
                Err(_) => format!("{name} damaged"),
            };
            if fact == format!("no {name}") || fact.starts_with(&format!("{name} ")) {
                return same(fact, &actual);
            }
        }
        let (failures, locked) = self.failures(user)?;
        let settings = self.mailbox.settings(&id).await.map_err(text)?;
        match fact {
            "no messages" => return same("0", &messages.len().to_string()),
            "no new messages" => return same("0", &count(false).to_string()),
            "locked out" => return same("true", &locked.to_string()),
            "not locked out" => return same("false", &locked.to_string()),
            "set up" => return same("true", &settings.set_up.to_string()),
            "not set up" => return same("false", &settings.set_up.to_string()),
            _ => {}
        }
        let (number, what) = fact.split_once(' ').ok_or("this cannot be checked")?;
        match what {
            "new message" | "new messages" => same(number, &count(false).to_string()),
            "old message" | "old messages" => same(number, &count(true).to_string()),
            "failures" | "failure" => same(number, &failures.to_string()),
            _ => Err("this cannot be checked".to_owned()),
        }
    }

    /// `of 5s from 1043 important private cut-short`: one of the messages left is exactly so.
    fn check_message(&self, messages: &[VoiceMessage], wanted: &str) -> Result<(), String> {
        let mut found = Vec::new();
        for message in messages {
            if self.given.contains(&message.envelope.id) {
                continue;
            }
            let mut text = format!("of {}", seconds(message.length));
            let from = &message.envelope.from;
            if let Some(from) = from.name.as_ref().or(from.number.as_ref()) {
                text.push_str(&format!(" from {from}"));
            }
            if message.envelope.importance == Importance::High {
                text.push_str(" important");
            }
            if message.envelope.private {
                text.push_str(" private");
            }
            if message.envelope.cut_short {
                text.push_str(" cut-short");
            }
            if text == wanted {
                return Ok(());
            }
            found.push(text);
        }
        Err(format!("there is {found:?}"))
    }

    /// How many failures of sign-in are counted, and whether the mailbox is locked.
    pub fn failures(&self, user: &str) -> Result<(i64, bool), String> {
        let user = user.to_owned();
        let row = self.organisation.store().read_now(move |db| {
            let mut rows = db.prepare("SELECT failures, locked FROM pin WHERE user = ?1")?;
            let mut rows = rows.query([user])?;
            match rows.next()? {
                Some(row) => Ok((row.get(0)?, row.get(1)?)),
                None => Ok((0, false)),
            }
        });
        row.map_err(text)
    }
}

fn same(wanted: &str, actual: &str) -> Result<(), String> {
    if wanted == actual {
        Ok(())
    } else {
        Err(format!("it is {actual}"))
    }
}

/// To the second: what a caller says begins a moment after the tone.
fn seconds(length: Duration) -> String {
    format!("{}s", length.as_secs_f64().round())
}
