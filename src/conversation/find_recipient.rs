//! Finding somebody for a subscriber: among the personal contacts, and in the directory
//! (`outlook-voice-access` sections 7 and 8).

use super::addressee::Addressee;
use super::desk::{Session, Visit};
use super::directory_search::{DirectorySearch, LETTERS_MAX, Seeker};
use super::people_list::{self, FOUND_MAX, Pick};
use super::{faults, prompts};
use crate::caller::{AskDigits, Caller, Digits, Saying, Talk, Value};
use crate::line::Key;
use crate::policy::areas::Area;
use crate::policy::dial_plan::MatchedName;

/// Leads from the contacts to the directory as soon as it is pressed.
const TO_DIRECTORY: &str = "00";

/// Where a search begins.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Start {
    /// Among the personal contacts, if they may be searched; `00` leads to the directory.
    Contacts,
    /// In the directory, if it may be searched.
    #[allow(dead_code, reason = "for those who begin there")]
    Directory,
}

/// Lets a subscriber find somebody to whom a message can be sent; nobody when he goes back.
pub(super) async fn find_recipient(
    caller: &mut Caller,
    visit: &Visit<'_>,
    session: &Session,
    start: Start,
) -> Talk<Option<Addressee>> {
    let mut search = PeopleSearch::new(session, start);
    loop {
        let Some(found) = search.find(caller, visit).await? else {
            return Ok(None);
        };
        let name = found.spoken(visit.desk).await.alone();
        match found.why_not(visit.desk, session).await? {
            Some(why) => caller.say(name.then(why)).await?,
            None => {
                caller.say(name).await?;
                return Ok(Some(found));
            }
        }
        search.start_over();
    }
}

/// Whether a subscriber may search anywhere.
pub(super) fn is_open_to(session: &Session) -> bool {
    session.may(Area::Contacts) || session.may(Area::Directory)
}

/// A subscriber's search, and where it is now.
pub(super) struct PeopleSearch<'a> {
    session: &'a Session,
    /// None: among the contacts.
    directory: Option<DirectorySearch>,
    /// Letters of a contact that found too many; the next ones are added.
    letters: String,
}

impl<'a> PeopleSearch<'a> {
    /// A search that begins at `start`, or where the subscriber may search.
    pub(super) fn new(session: &'a Session, start: Start) -> PeopleSearch<'a> {
        let directory = match start {
            Start::Contacts => !session.may(Area::Contacts),
            Start::Directory => session.may(Area::Directory),
        };
        PeopleSearch {
            session,
            directory: directory.then(|| in_directory(session)),
            letters: String::new(),
        }
    }

    /// The search in the directory, if it is there.
    pub(super) fn in_directory(&mut self) -> Option<&mut DirectorySearch> {
        self.directory.as_mut()
    }

    /// Forgets what has been spelled.
    pub(super) fn start_over(&mut self) {
        self.letters.clear();
        if let Some(directory) = &mut self.directory {
            directory.start_over();
        }
    }

    /// Asks until somebody is found; nobody when the caller goes back.
    pub(super) async fn find(
        &mut self,
        caller: &mut Caller,
        visit: &Visit<'_>,
    ) -> Talk<Option<Addressee>> {
        if !is_open_to(self.session) {
            caller.say(prompts::FINDING_NOT_ALLOWED).await?;
            return Ok(None);
        }
        loop {
            if let Some(directory) = &mut self.directory {
                return directory.find(caller, visit).await;
            }
            let letters = match self.ask_for_contact(caller).await? {
                Digits::Lone(Key::STAR) if !self.letters.is_empty() => {
                    self.letters.clear();
                    continue;
                }
                Digits::Lone(Key::STAR) => return Ok(None),
                // There is no operator to go to: the question again.
                Digits::Lone(_) => continue,
                Digits::Entered(letters) => letters,
            };
            if letters == TO_DIRECTORY && self.session.may(Area::Directory) {
                self.directory = Some(in_directory(self.session));
                continue;
            }
            self.letters.push_str(&letters);
            self.letters.truncate(LETTERS_MAX);
            let found = self.contacts(visit).await?;
            // A name that nobody has was spelled as well as one that somebody has.
            caller.forgive_failures();
            if found.is_empty() {
                self.letters.clear();
                caller.say(prompts::NO_CONTACT_FOUND).await?;
                continue;
            }
            match people_list::pick(caller, visit, found, MatchedName::None).await? {
                Pick::One(addressee) => return Ok(Some(addressee)),
                Pick::NewSearch => self.letters.clear(),
                Pick::MoreLetters => {}
            }
        }
    }

    async fn ask_for_contact(&self, caller: &mut Caller) -> Talk<Digits> {
        let with_directory = self.session.may(Area::Directory);
        let prompt = if self.letters.is_empty() {
            let open = if with_directory { "open" } else { "closed" };
            Saying::new(prompts::SPELL_CONTACT).with("directory", Value::Word(open))
        } else {
            Saying::new(prompts::SPELL_ON)
        };
        let question = AskDigits {
            prompt,
            longest: LETTERS_MAX,
            complete_at: None,
            lone_keys: &[Key::STAR, Key::ZERO],
        };
        let at_once: &[&str] = if with_directory { &[TO_DIRECTORY] } else { &[] };
        caller.ask_digits_or(question, at_once).await
    }

    /// Whose name begins so: contacts and personal groups, one more than a list takes at most.
    async fn contacts(&self, visit: &Visit<'_>) -> Talk<Vec<Addressee>> {
        let contacts = &visit.desk.contacts;
        let mailbox = &self.session.mailbox;
        let people = contacts
            .search(mailbox, &self.letters)
            .await
            .map_err(faults::contacts)?;
        let groups = contacts
            .search_groups(mailbox, &self.letters)
            .await
            .map_err(faults::contacts)?;
        let people = people.into_iter().map(|one| Addressee::Contact(one.into()));
        let groups = groups.into_iter().map(|group| Addressee::Group {
            group,
            personal: true,
        });
        Ok(people.chain(groups).take(FOUND_MAX + 1).collect())
    }
}

fn in_directory(session: &Session) -> DirectorySearch {
    DirectorySearch::new(session.subscriber.dial_plan.clone(), Seeker::Subscriber)
}
