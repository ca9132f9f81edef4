//! Personal contacts and the directory for a subscriber: who was found, and what to do with him
//! (`outlook-voice-access` sections 7 and 8.4).

use super::addressee::{Addressee, find_member};
use super::desk::{Session, Visit};
use super::find_recipient::{PeopleSearch, Start};
use super::sender::spoken_number;
use super::{compose, prompts};
use crate::caller::{Caller, OpenMenu, Saying, Talk, Value};
use crate::line::PromptName;
use crate::policy::areas::Area;
use crate::turn::menu::{Menu, always};

/// So many members of a group are read by name; nobody listens to more.
const MEMBERS_READ_MAX: usize = 20;

/// What can be done with somebody who was found.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum OnContact {
    Details,
    SendMessage,
    FindAnother,
    SwitchSpelling,
}

/// The options for a contact, a colleague or a group.
pub(super) static CONTACT: Menu<OnContact> = Menu::new(
    "contact",
    &[
        always("details", OnContact::Details),
        always("send-message", OnContact::SendMessage),
        always("find-another", OnContact::FindAnother),
        always("switch-spelling", OnContact::SwitchSpelling),
    ],
);

/// Lets a subscriber look for people until he goes back to the main menu.
pub(super) async fn contacts(
    caller: &mut Caller,
    visit: &mut Visit<'_>,
    session: &Session,
) -> Talk {
    let mut search = PeopleSearch::new(session, Start::Contacts);
    loop {
        let Some(found) = search.find(caller, visit).await? else {
            return Ok(());
        };
        caller.start(found.spoken(visit.desk).await.alone()).await?;
        // An address, or a mailbox; a group with somebody in it.
        let reached =
            session.may(Area::Compose) && found.why_not(visit.desk, session).await?.is_none();
        loop {
            let mut open = options(&mut search);
            if !reached {
                open = open.without(OnContact::SendMessage);
            }
            match caller.choose(open).await? {
                OnContact::SendMessage => {
                    let to = vec![found.clone()];
                    Box::pin(compose::send_message_to(caller, visit, session, to)).await?;
                }
                OnContact::Details => {
                    let details = details(visit, session, &found).await?;
                    caller.start(details).await?;
                }
                OnContact::FindAnother => {
                    search.start_over();
                    break;
                }
                OnContact::SwitchSpelling => {
                    if let Some(directory) = search.in_directory() {
                        directory.switch_spelling();
                    }
                    break;
                }
            }
        }
    }
}

fn options(search: &mut PeopleSearch<'_>) -> OpenMenu<OnContact> {
    let open = CONTACT.open();
    let other = search
        .in_directory()
        .and_then(|directory| directory.other_way());
    match other {
        Some(other) => open.with_value("switch-spelling", "by", other),
        None => open.without(OnContact::SwitchSpelling),
    }
}

/// Everything that is known about somebody.
async fn details(visit: &Visit<'_>, session: &Session, found: &Addressee) -> Talk<Saying> {
    let name = found.spoken(visit.desk).await.alone();
    let mut told = Told {
        said: name,
        nothing: true,
    };
    match found {
        Addressee::Colleague(person) => {
            told.text(prompts::DETAILS_TITLE, &person.title);
            told.text(prompts::DETAILS_DEPARTMENT, &person.department);
            told.text(prompts::DETAILS_COMPANY, &person.company);
            told.text(prompts::DETAILS_LOCATION, &person.location);
            told.number(prompts::DETAILS_EXTENSION, person.extension.as_deref());
            told.number(prompts::DETAILS_BUSINESS, person.business.as_deref());
            told.number(prompts::DETAILS_MOBILE, person.mobile.as_deref());
            told.number(prompts::DETAILS_HOME, person.home.as_deref());
            told.mail(person.mail.as_deref());
        }
        Addressee::Contact(contact) => {
            told.text(prompts::DETAILS_TITLE, &contact.title);
            told.text(prompts::DETAILS_COMPANY, &contact.company);
            told.number(prompts::DETAILS_BUSINESS, contact.business.as_deref());
            told.number(prompts::DETAILS_MOBILE, contact.mobile.as_deref());
            told.number(prompts::DETAILS_HOME, contact.home.as_deref());
            told.mail(contact.mail.as_deref());
        }
        Addressee::Address(address) => told.mail(Some(&address.address)),
        Addressee::Group { group, personal } => {
            let count = group.members.len();
            told.add(
                prompts::DETAILS_MEMBERS,
                "count",
                Value::Count(count as u64),
            );
            for member in group.members.iter().take(MEMBERS_READ_MAX) {
                let member = find_member(visit.desk, session, *personal, member).await?;
                if let Some(member) = member {
                    let name = member.spoken(visit.desk).await.alone();
                    told.said = told.said.then(name);
                }
            }
            let unread = count.saturating_sub(MEMBERS_READ_MAX);
            if unread > 0 {
                let count = Value::Count(unread as u64);
                told.add(prompts::DETAILS_MORE_MEMBERS, "count", count);
            }
        }
    }
    Ok(if told.nothing {
        told.said.then(prompts::DETAILS_NONE)
    } else {
        told.said
    })
}

/// Details while they are gathered.
struct Told {
    said: Saying,
    nothing: bool,
}

impl Told {
    fn add(&mut self, prompt: PromptName, variable: &'static str, value: Value) {
        let said = std::mem::take(&mut self.said);
        self.said = said.then(prompt).with(variable, value);
        self.nothing = false;
    }

    fn text(&mut self, prompt: PromptName, text: &str) {
        if !text.is_empty() {
            self.add(prompt, "text", Value::Name(text.to_owned()));
        }
    }

    fn number(&mut self, prompt: PromptName, number: Option<&str>) {
        if let Some(number) = number {
            // What is no number is read as it is written.
            let value = spoken_number(number);
            self.add(
                prompt,
                "number",
                value.unwrap_or_else(|| Value::Name(number.to_owned())),
            );
        }
    }

    fn mail(&mut self, address: Option<&str>) {
        if let Some((user, host)) = address.and_then(|address| address.split_once('@')) {
            self.add(prompts::DETAILS_MAIL, "user", Value::Name(user.to_owned()));
            let said = std::mem::take(&mut self.said);
            self.said = said.with("host", Value::Name(host.to_owned()));
        }
    }
}
