//! The list of those who were found: which of them was meant, a page at a time
//! (`outlook-voice-access` section 8.3).

use super::addressee::Addressee;
use super::desk::Visit;
use super::prompts;
use super::sender::SpokenName;
use crate::caller::{Caller, OpenMenu, Saying, Talk, Value};
use crate::policy::dial_plan::MatchedName;
use crate::turn::menu::{Menu, always};

/// Names on one page of a list.
const PAGE: usize = 6;

/// More pages than these are no list: more letters, please.
const PAGES_MAX: usize = 5;

/// Who finds more than this many has to spell on.
pub(super) const FOUND_MAX: usize = PAGE * PAGES_MAX;

/// A pick from a list of names.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum OnPeople {
    Nth(usize),
    NextPage,
    MoreLetters,
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
        always("more-letters", OnPeople::MoreLetters),
        always("new-search", OnPeople::NewSearch),
    ],
);

/// The names of the choices of a page, in their order.
const NTH: [&str; PAGE] = ["first", "second", "third", "fourth", "fifth", "sixth"];

/// What came of a list.
pub(super) enum Pick {
    /// This one was meant.
    One(Addressee),
    /// Somebody else.
    NewSearch,
    /// One of these, but further letters shall say who.
    MoreLetters,
}

/// Which of these was meant; at least one. More than [`FOUND_MAX`] are not read.
pub(super) async fn pick(
    caller: &mut Caller,
    visit: &Visit<'_>,
    mut found: Vec<Addressee>,
    tell_apart_by: MatchedName,
) -> Talk<Pick> {
    if found.len() > FOUND_MAX {
        caller.say(prompts::TOO_MANY_FOUND).await?;
        return Ok(Pick::MoreLetters);
    }
    if found.len() == 1 {
        return Ok(Pick::One(found.swap_remove(0)));
    }
    let pages = found.len().div_ceil(PAGE);
    let mut page = 0;
    loop {
        let list = list(visit, &found, page, tell_apart_by).await;
        match caller.choose(list).await? {
            OnPeople::Nth(nth) => {
                let chosen = page * PAGE + nth;
                if chosen < found.len() {
                    return Ok(Pick::One(found.swap_remove(chosen)));
                }
            }
            OnPeople::NextPage => page = (page + 1) % pages,
            OnPeople::MoreLetters => return Ok(Pick::MoreLetters),
            OnPeople::NewSearch => return Ok(Pick::NewSearch),
        }
    }
}

/// One page of the list, as a menu.
async fn list(
    visit: &Visit<'_>,
    found: &[Addressee],
    page: usize,
    tell_apart_by: MatchedName,
) -> OpenMenu<OnPeople> {
    let mut open = PEOPLE.open().whole();
    if page == 0 {
        let count = Value::Count(found.len() as u64);
        open = open.introduced_by(Saying::new(prompts::PEOPLE_FOUND).with("count", count));
    }
    for (nth, choice) in NTH.into_iter().enumerate() {
        let Some(addressee) = found.get(page * PAGE + nth) else {
            open = open.without(OnPeople::Nth(nth));
            continue;
        };
        let name = addressee.name();
        let alike = found.iter().filter(|other| other.name() == name).count() > 1;
        let told = told(addressee, tell_apart_by, alike);
        let form = match addressee.spoken(visit.desk).await {
            SpokenName::Recorded(sound) => {
                open = open.with_sound(choice, sound);
                ["recorded", "recorded-with-info"]
            }
            SpokenName::Written(_) => ["written", "written-with-info"],
        };
        open = open
            .with_value(choice, "name", Value::Name(name))
            .with_value(
                choice,
                "form",
                Value::Word(form[usize::from(told.is_some())]),
            )
            .with_value(choice, "info", Value::Name(told.unwrap_or_default()));
    }
    let has_more = found.len() > (page + 1) * PAGE;
    open = open.with_value(
        "next-page",
        "rest",
        Value::Word(if has_more { "yes" } else { "no" }),
    );
    if found.len() <= PAGE {
        open = open
            .without(OnPeople::NextPage)
            .without(OnPeople::MoreLetters);
    }
    open
}

/// What is said beside the name, if anything: what the dial plan says; else, of two who are called
/// alike, where they work.
fn told(addressee: &Addressee, by: MatchedName, alike: bool) -> Option<String> {
    let told = match addressee {
        Addressee::Colleague(person) => match by {
            MatchedName::Title => &person.title,
            MatchedName::Location => &person.location,
            MatchedName::Department => &person.department,
            MatchedName::None | MatchedName::PromptForAlias if alike => &person.department,
            MatchedName::None | MatchedName::PromptForAlias => return None,
        },
        Addressee::Contact(contact) if alike => &contact.company,
        Addressee::Contact(_) | Addressee::Group { .. } | Addressee::Address(_) => return None,
    };
    (!told.is_empty()).then(|| told.clone())
}

/// A name for a list of these, with what tells it apart from others who are called alike.
pub(super) fn name_among(all: &[Addressee], one: &Addressee) -> String {
    let name = one.name();
    let alike = all.iter().filter(|other| other.name() == name).count() > 1;
    match told(one, MatchedName::None, alike) {
        Some(told) => format!("{name}, {told}"),
        None => name,
    }
}
