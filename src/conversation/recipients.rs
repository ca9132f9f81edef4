//! The recipients of a message: adding and removing them before it is recorded
//! (`outlook-voice-access` section 9.3).

use super::addressee::{Addressee, RECIPIENTS_MAX};
use super::desk::{Session, Visit};
use super::find_recipient::{self, Start};
use super::{people_list, prompts};
use crate::caller::{AskDigits, Caller, Digits, Saying, Talk, Value};
use crate::line::Key;
use crate::mailbox::Recipient;
use crate::turn::menu::{Menu, always};

/// What can be done before recording.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum OnRecipients {
    Record,
    Add,
    Remove,
    Cancel,
}

/// The recipients menu.
pub(super) static RECIPIENTS: Menu<OnRecipients> = Menu::new(
    "recipients",
    &[
        always("record", OnRecipients::Record),
        always("add", OnRecipients::Add),
        always("remove", OnRecipients::Remove),
        always("cancel", OnRecipients::Cancel),
    ],
);

/// Lets the caller add and remove recipients until he wants to record; nothing when he cancels.
pub(super) async fn confirm(
    caller: &mut Caller,
    visit: &mut Visit<'_>,
    session: &Session,
    mut chosen: Vec<Addressee>,
) -> Talk<Option<Vec<Addressee>>> {
    loop {
        match caller.choose(menu(&chosen)).await? {
            OnRecipients::Record => return Ok(Some(chosen)),
            OnRecipients::Cancel => {
                caller.say(prompts::NOTHING_SENT).await?;
                return Ok(None);
            }
            OnRecipients::Add => {
                let search =
                    find_recipient::find_recipient(caller, visit, session, Start::Contacts);
                if let Some(found) = Box::pin(search).await? {
                    add(caller, visit, session, &mut chosen, found).await?;
                }
            }
            OnRecipients::Remove => remove(caller, visit, &mut chosen).await?,
        }
    }
}

/// Everybody who gets a message to these addressees, each once.
pub(super) async fn addresses(
    visit: &Visit<'_>,
    session: &Session,
    chosen: &[Addressee],
) -> Talk<Vec<Recipient>> {
    let mut all: Vec<Recipient> = Vec::new();
    for addressee in chosen {
        for recipient in addressee.recipients(visit.desk, session).await? {
            if !all.iter().any(|known| known.is(&recipient)) {
                all.push(recipient);
            }
        }
    }
    Ok(all)
}

fn menu(chosen: &[Addressee]) -> crate::caller::OpenMenu<OnRecipients> {
    let mut open = RECIPIENTS.open();
    if chosen.is_empty() {
        // Nobody is left: there is nothing to record, and nobody to remove.
        return open
            .without(OnRecipients::Record)
            .without(OnRecipients::Remove)
            .introduced_by(Saying::new(prompts::NO_RECIPIENTS));
    }
    let introduction = match chosen {
        [only] => Saying::new(prompts::RECIPIENT_IS).with("name", Value::Name(only.name())),
        several => {
            Saying::new(prompts::RECIPIENTS_ARE).with("count", Value::Count(several.len() as u64))
        }
    };
    open = open.introduced_by(introduction);
    open
}

/// Adds somebody, unless he is there already or there would be too many.
async fn add(
    caller: &mut Caller,
    visit: &Visit<'_>,
    session: &Session,
    chosen: &mut Vec<Addressee>,
    found: Addressee,
) -> Talk {
    if chosen.contains(&found) {
        return caller.say(prompts::RECIPIENT_THERE).await;
    }
    chosen.push(found);
    if addresses(visit, session, chosen).await?.len() > RECIPIENTS_MAX {
        chosen.pop();
        return caller.say(prompts::TOO_MANY_RECIPIENTS).await;
    }
    Ok(())
}

/// Reads the list and removes whom the caller names by number.
async fn remove(caller: &mut Caller, visit: &Visit<'_>, chosen: &mut Vec<Addressee>) -> Talk {
    let mut list = Saying::nothing();
    for (at, one) in chosen.iter().enumerate() {
        list = list
            .then(prompts::RECIPIENT_NUMBER)
            .with("number", Value::Count(at as u64 + 1))
            .with("name", Value::Name(people_list::name_among(chosen, one)));
    }
    let question = AskDigits {
        prompt: list.then(prompts::REMOVE_WHICH),
        longest: 4,
        complete_at: (chosen.len() < 10).then_some(1),
        lone_keys: &[Key::STAR, Key::POUND],
    };
    let number = match caller.ask_digits(question).await? {
        Digits::Lone(_) => return Ok(()),
        Digits::Entered(digits) => digits.parse::<usize>().unwrap_or(0),
    };
    let at = number.wrapping_sub(1);
    if at >= chosen.len() {
        caller.say(prompts::NO_SUCH_RECIPIENT).await?;
        return caller.count_failure().await;
    }
    let gone = chosen.remove(at);
    caller.forgive_failures();
    let name = gone.spoken(visit.desk).await.alone();
    caller.say(name.then(prompts::RECIPIENT_REMOVED)).await
}
