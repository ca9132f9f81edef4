//! Finding somebody by spelling on the keypad, without a PIN, to leave a message
//! (`outlook-voice-access` section 8).

use super::desk::{Desk, Visit};
use super::sender::SpokenName;
use super::{call_answering, faults, prompts, take_message};
use crate::caller::{AskDigits, Caller, Digits, OpenMenu, Saying, Talk, Value};
use crate::directory::{Person, SpelledBy};
use crate::line::Key;
use crate::policy::dial_plan::DialPlan;
use crate::policy::mailbox::Subscriber;
use crate::turn::menu::{Menu, always, silent};

/// The longest name anybody spells.
const LETTERS_MAX: usize = 40;

/// Names on one page of a list.
const PAGE: usize = 6;

/// More pages than these are no list: more letters, please.
const PAGES_MAX: usize = 5;

/// A pick from a list of names.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum OnPeople {
    Nth(usize),
    NextPage,
    NewSearch,
}

/// The names of a list, a page at a time.
pub(super) static PEOPLE: Menu<OnPeople> = Menu::new(
    "people",
    &[
        always("first", OnPeople::Nth(0)),
        always("second", OnPeople::Nth(1)),
        always("third", OnPeople::Nth(2)),
        always("fourth", OnPeople::Nth(3)),
        always("fifth", OnPeople::Nth(4)),
        always("sixth", OnPeople::Nth(5)),
        always("next-page", OnPeople::NextPage),
        always("new-search", OnPeople::NewSearch),
    ],
);

/// The names of the choices of a page, in their order.
const NTH: [&str; PAGE] = ["first", "second", "third", "fourth", "fifth", "sixth"];

/// What can be done while the name of the person found is said.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum OnPerson {
    LeaveMessage,
    SkipToTone,
    NewSearch,
}

/// The keys of a person found. Leaving a message is all that is possible, and so it is done
/// without being asked for; its key only makes it come sooner.
pub(super) static PERSON: Menu<OnPerson> = Menu::new(
    "person",
    &[
        silent("leave-message", OnPerson::LeaveMessage),
        silent("skip-to-tone", OnPerson::SkipToTone),
        silent("new-search", OnPerson::NewSearch),
    ],
);

/// Somebody who was found and can be left a message.
struct Found {
    person: Person,
    subscriber: Subscriber,
}

/// What is asked for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Ask {
    Name(SpelledBy),
    Extension,
}

/// Lets a caller find somebody and leave a message. Returns when he wants to go back.
pub(super) async fn contact_someone(caller: &mut Caller, visit: &mut Visit<'_>) -> Talk {
    let mut ask = Ask::Name(SpelledBy::LastFirst);
    loop {
        let plan = visit.arrival.dial_plan.clone();
        let found = match (ask, caller.ask_digits(question(&plan, ask)).await?) {
            (Ask::Name(_), Digits::Lone(Key::STAR)) => return Ok(()),
            (Ask::Extension, Digits::Lone(Key::STAR)) => {
                ask = Ask::Name(SpelledBy::LastFirst);
                continue;
            }
            // `#` for who knows the extension, `##` for who would spell the alias.
            (Ask::Name(_), Digits::Lone(_)) => {
                ask = Ask::Extension;
                continue;
            }
            (Ask::Extension, Digits::Lone(_)) => {
                ask = Ask::Name(SpelledBy::Alias);
                continue;
            }
            (Ask::Name(by), Digits::Entered(letters)) => {
                by_name(visit.desk, &plan, &letters, by).await?
            }
            (Ask::Extension, Digits::Entered(extension)) => {
                by_extension(visit.desk, &plan, &extension).await?
            }
        };
        if found.is_empty() {
            caller.say(prompts::NOBODY_FOUND).await?;
            caller.count_failure().await?;
            continue;
        }
        if found.len() > PAGE * PAGES_MAX {
            caller.say(prompts::TOO_MANY_FOUND).await?;
            continue;
        }
        caller.forgive_failures();
        let Some(chosen) = choose(caller, found).await? else {
            continue;
        };
        leave_message(caller, visit, &chosen).await?;
        ask = Ask::Name(SpelledBy::LastFirst);
    }
}

fn question(plan: &DialPlan, ask: Ask) -> AskDigits {
    const LONE: &[Key] = &[Key::POUND, Key::STAR];
    match ask {
        Ask::Name(by) => AskDigits {
            prompt: Saying::new(match by {
                SpelledBy::Alias => prompts::SPELL_ALIAS,
                SpelledBy::LastFirst | SpelledBy::FirstLast => prompts::SPELL_NAME,
            }),
            longest: LETTERS_MAX,
            complete_at: None,
            lone_keys: LONE,
        },
        Ask::Extension => {
            let digits = usize::from(plan.number_of_digits_in_extension);
            AskDigits {
                prompt: Saying::new(prompts::EXTENSION_OF_PERSON),
                longest: digits,
                complete_at: Some(digits),
                lone_keys: LONE,
            }
        }
    }
}

async fn by_name(desk: &Desk, plan: &DialPlan, letters: &str, by: SpelledBy) -> Talk<Vec<Found>> {
    let people = desk
        .directory
        .search(letters, by)
        .await
        .map_err(faults::directory)?;
    Ok(people
        .into_iter()
        .filter_map(|person| {
            let subscriber = desk.subscribers.by_user(&person.user)?;
            can_be_left_a_message(&subscriber, plan).then_some(Found { person, subscriber })
        })
        .collect())
}

async fn by_extension(desk: &Desk, plan: &DialPlan, extension: &str) -> Talk<Vec<Found>> {
    let Some(subscriber) = desk
        .subscribers
        .by_number(&plan.name, extension)
        .filter(|subscriber| can_be_left_a_message(subscriber, plan))
    else {
        return Ok(Vec::new());
    };
    let person = desk
        .directory
        .by_user(subscriber.user())
        .await
        .map_err(faults::directory)?;
    // Nobody learns from an extension who is not in the directory.
    Ok(person
        .filter(|person| !person.hidden)
        .map(|person| Found { person, subscriber })
        .into_iter()
        .collect())
}

/// ContactScope: callers without a PIN find the mailboxes of the dial plan they called.
fn can_be_left_a_message(subscriber: &Subscriber, plan: &DialPlan) -> bool {
    subscriber.mailbox.enabled && subscriber.dial_plan.name == plan.name
}

/// The one who was meant; nobody when the caller wants to search anew.
async fn choose(caller: &mut Caller, mut found: Vec<Found>) -> Talk<Option<Subscriber>> {
    if found.len() == 1 {
        return Ok(found.pop().map(|only| only.subscriber));
    }
    let pages = found.len().div_ceil(PAGE);
    let mut page = 0;
    loop {
        match caller.choose(list(&found, page)).await? {
            OnPeople::Nth(nth) => {
                let chosen = page * PAGE + nth;
                if chosen < found.len() {
                    return Ok(Some(found.swap_remove(chosen).subscriber));
                }
            }
            OnPeople::NextPage => page = (page + 1) % pages,
            OnPeople::NewSearch => return Ok(None),
        }
    }
}

/// One page of the list, as a menu.
fn list(found: &[Found], page: usize) -> OpenMenu<OnPeople> {
    let mut open = PEOPLE.open();
    if page == 0 {
        let count = Value::Count(found.len() as u64);
        open = open.introduced_by(Saying::new(prompts::PEOPLE_FOUND).with("count", count));
    }
    for (nth, choice) in NTH.into_iter().enumerate() {
        let Some(Found { person, .. }) = found.get(page * PAGE + nth) else {
            open = open.without(OnPeople::Nth(nth));
            continue;
        };
        let alike = found
            .iter()
            .filter(|other| name(&other.person) == name(person))
            .count()
            > 1;
        // Two of the same name are told apart by where they work.
        let alike = if alike && !person.department.is_empty() {
            "yes"
        } else {
            "no"
        };
        open = open
            .with_value(choice, "name", Value::Name(name(person)))
            .with_value(choice, "department", Value::Name(person.department.clone()))
            .with_value(choice, "alike", Value::Word(alike));
    }
    if found.len() <= PAGE {
        open = open.without(OnPeople::NextPage);
    }
    open
}

/// The name in the form that our voices can read.
fn name(person: &Person) -> String {
    person
        .romanised_name
        .clone()
        .unwrap_or_else(|| person.display_name())
}

/// Says who was found and takes a message; returns when the caller wants somebody else.
async fn leave_message(caller: &mut Caller, visit: &mut Visit<'_>, recipient: &Subscriber) -> Talk {
    let name = SpokenName::of_user(visit.desk, recipient.user(), &recipient.display_name)
        .await
        .alone();
    if let Some(why) = call_answering::refusal(visit, recipient).await {
        return Err(caller.farewell(name.then(why)).await);
    }
    caller
        .start(name.then(prompts::LEAVE_MESSAGE_AFTER_TONE))
        .await?;
    match caller.choose_while_playing(PERSON.open()).await? {
        Some(OnPerson::NewSearch) => Ok(()),
        Some(OnPerson::LeaveMessage | OnPerson::SkipToTone) | None => {
            visit.outcome.callee_mailbox = Some(recipient.user().to_owned());
            take_message::take_message(caller, visit, recipient, Saying::nothing()).await
        }
    }
}
