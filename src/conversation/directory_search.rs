//! Finding somebody in the directory by spelling on the keypad (`outlook-voice-access` section 8):
//! for subscribers, and without a PIN to leave a message.

use super::addressee::Addressee;
use super::desk::Visit;
use super::people_list::{self, FOUND_MAX, Pick};
use super::sender::SpokenName;
use super::{call_answering, faults, prompts, take_message};
use crate::caller::{AskDigits, Caller, Digits, Saying, Talk, Value};
use crate::directory::{Person, SpelledBy, digit_map};
use crate::line::Key;
use crate::policy::dial_plan::{ContactScope, DialByName, DialPlan, MatchedName};
use crate::policy::mailbox::Subscriber;
use crate::turn::menu::{Menu, silent};

/// The longest name anybody spells.
pub(super) const LETTERS_MAX: usize = 40;

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

/// Lets a caller find somebody and leave a message. Returns when he wants to go back.
pub(super) async fn contact_someone(caller: &mut Caller, visit: &mut Visit<'_>) -> Talk {
    loop {
        let mut search = DirectorySearch::new(visit.arrival.dial_plan.clone(), Seeker::Guest);
        let Some(found) = search.find(caller, visit).await? else {
            return Ok(());
        };
        let Addressee::Colleague(person) = found else {
            continue;
        };
        if let Some(subscriber) = visit.desk.subscribers.by_user(&person.user) {
            leave_message(caller, visit, &subscriber).await?;
        }
    }
}

/// Says who was found and takes a message; returns when the caller wants somebody else.
async fn leave_message(caller: &mut Caller, visit: &mut Visit<'_>, recipient: &Subscriber) -> Talk {
    let name = SpokenName::of_user(visit.desk, recipient.user(), &recipient.display_name)
        .await
        .alone();
    if let Some((why, _)) = call_answering::refusal(visit, recipient).await {
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

/// Who searches, and so whom he finds.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Seeker {
    /// Somebody without a PIN: finds those whom he can leave a message.
    Guest,
    /// A subscriber: finds groups too, and, where the dial plan says so, people without a mailbox.
    Subscriber,
}

/// A search in the directory: how names are spelled now, and what has been spelled.
pub(super) struct DirectorySearch {
    plan: std::sync::Arc<DialPlan>,
    seeker: Seeker,
    by: SpelledBy,
    by_extension: bool,
    /// Letters that found too many; the next ones are added.
    letters: String,
}

/// The way to spell that a setting names.
fn spelled_by(setting: DialByName) -> Option<SpelledBy> {
    Some(match setting {
        DialByName::LastFirst => SpelledBy::LastFirst,
        DialByName::FirstLast => SpelledBy::FirstLast,
        DialByName::SMTPAddress => SpelledBy::Alias,
        DialByName::None => return None,
    })
}

/// How a way to spell is called in prompts.
fn word_for(by: SpelledBy) -> Value {
    Value::Word(match by {
        SpelledBy::LastFirst => "last-first",
        SpelledBy::FirstLast => "first-last",
        SpelledBy::Alias => "alias",
    })
}

impl DirectorySearch {
    /// A search by the rules of `plan`.
    pub(super) fn new(plan: std::sync::Arc<DialPlan>, seeker: Seeker) -> DirectorySearch {
        DirectorySearch {
            by: spelled_by(plan.dial_by_name_primary).unwrap_or(SpelledBy::LastFirst),
            plan,
            seeker,
            by_extension: false,
            letters: String::new(),
        }
    }

    /// The other way to spell, if there is one, as prompts call it.
    pub(super) fn other_way(&self) -> Option<Value> {
        self.other().map(word_for)
    }

    fn other(&self) -> Option<SpelledBy> {
        let ways = [
            self.plan.dial_by_name_primary,
            self.plan.dial_by_name_secondary,
        ];
        ways.into_iter()
            .filter_map(spelled_by)
            .find(|way| *way != self.by)
    }

    /// From now on names are spelled the other way, where there is one.
    pub(super) fn switch_spelling(&mut self) {
        self.by = self.other().unwrap_or(self.by);
        self.start_over();
    }

    /// Forgets what has been spelled.
    pub(super) fn start_over(&mut self) {
        self.letters.clear();
        self.by_extension = false;
    }

    /// Asks until somebody is found; nobody when the caller wants to go back.
    pub(super) async fn find(
        &mut self,
        caller: &mut Caller,
        visit: &Visit<'_>,
    ) -> Talk<Option<Addressee>> {
        loop {
            let found = match caller.ask_digits(self.question()).await? {
                Digits::Lone(Key::STAR) if self.by_extension || !self.letters.is_empty() => {
                    self.start_over();
                    continue;
                }
                Digits::Lone(Key::STAR) => return Ok(None),
                // `#` for who knows the extension, `##` for who would spell otherwise; a second `#` that
                // comes later than a doubled key means the same.
                Digits::Lone(Key::POUND)
                    if self.by_extension
                        || self.other().is_some() && caller.goes_on_with(Key::POUND).await? =>
                {
                    self.switch_spelling();
                    continue;
                }
                Digits::Lone(Key::POUND) => {
                    self.start_over();
                    self.by_extension = true;
                    continue;
                }
                // There is no operator to go to: the question again.
                Digits::Lone(_) => continue,
                Digits::Entered(extension) if self.by_extension => {
                    self.with_extension(visit, &extension).await?
                }
                Digits::Entered(letters) => {
                    self.letters.push_str(&letters);
                    self.letters.truncate(LETTERS_MAX);
                    self.named(visit, &self.letters, self.by).await?
                }
            };
            if found.is_empty() {
                self.letters.clear();
                self.nobody_found(caller).await?;
                continue;
            }
            caller.forgive_failures();
            match self.choose(caller, visit, found).await? {
                Pick::One(addressee) => return Ok(Some(addressee)),
                Pick::NewSearch => self.letters.clear(),
                Pick::MoreLetters => {}
            }
        }
    }

    fn question(&self) -> AskDigits {
        const LONE: &[Key] = &[Key::POUND, Key::STAR, Key::ZERO];
        if self.by_extension {
            let digits = usize::from(self.plan.number_of_digits_in_extension);
            let mut prompt = Saying::new(prompts::EXTENSION_OF_PERSON);
            if let Some(other) = self.other_way() {
                prompt = prompt.then(prompts::OR_SPELL_OTHERWISE).with("by", other);
            }
            return AskDigits {
                prompt,
                longest: digits,
                complete_at: Some(digits),
                lone_keys: LONE,
            };
        }
        let prompt = if self.letters.is_empty() {
            let prompt = Saying::new(prompts::SPELL_NAME).with("by", word_for(self.by));
            match self.other_way() {
                Some(other) => prompt.then(prompts::OR_SWITCH_SPELLING).with("by", other),
                None => prompt,
            }
        } else {
            Saying::new(prompts::SPELL_ON)
        };
        AskDigits {
            prompt,
            longest: LETTERS_MAX,
            complete_at: None,
            lone_keys: LONE,
        }
    }

    /// Which of those found was meant. Where the dial plan wants it, several are told apart by their
    /// mail addresses and not by a list.
    async fn choose(
        &self,
        caller: &mut Caller,
        visit: &Visit<'_>,
        found: Vec<Addressee>,
    ) -> Talk<Pick> {
        let by = self.plan.matched_name_selection_method;
        let is_list = (2..=FOUND_MAX).contains(&found.len());
        if by != MatchedName::PromptForAlias || !is_list || self.by == SpelledBy::Alias {
            return people_list::pick(caller, visit, found, by).await;
        }
        loop {
            let question = AskDigits {
                prompt: Saying::new(prompts::SPELL_ALIAS_OF_ONE)
                    .with("count", Value::Count(found.len() as u64)),
                longest: LETTERS_MAX,
                complete_at: None,
                lone_keys: &[Key::STAR],
            };
            let Digits::Entered(letters) = caller.ask_digits(question).await? else {
                return Ok(Pick::NewSearch);
            };
            let mut meant = found.clone();
            meant.retain(|one| match one {
                Addressee::Colleague(person) => {
                    digit_map::is_spelled_by(person, &letters, SpelledBy::Alias)
                }
                _ => false,
            });
            if !meant.is_empty() {
                caller.forgive_failures();
                return people_list::pick(caller, visit, meant, by).await;
            }
            self.nobody_found(caller).await?;
        }
    }

    /// Says so. For guests that is a wrong input (`outlook-voice-access` section 1); a subscriber who does
    /// not know how a name is spelled may try as long as he likes.
    async fn nobody_found(&self, caller: &mut Caller) -> Talk {
        caller.say(prompts::NOBODY_FOUND).await?;
        match self.seeker {
            Seeker::Subscriber => caller.forgive_failures(),
            Seeker::Guest => caller.count_failure().await?,
        }
        Ok(())
    }

    /// Those whose name or alias begins so, one more than a list takes at most; then the groups.
    async fn named(&self, visit: &Visit<'_>, letters: &str, by: SpelledBy) -> Talk<Vec<Addressee>> {
        let directory = &visit.desk.directory;
        let people = directory
            .search(letters, by)
            .await
            .map_err(faults::directory)?;
        let mut found: Vec<Addressee> = people
            .into_iter()
            .filter(|person| self.may_be_found(visit, person))
            .map(Addressee::Colleague)
            .take(FOUND_MAX + 1)
            .collect();
        if self.seeker == Seeker::Subscriber && by != SpelledBy::Alias {
            let groups = directory
                .search_groups(letters)
                .await
                .map_err(faults::directory)?;
            found.extend(groups.into_iter().map(|group| Addressee::Group {
                group,
                personal: false,
            }));
            found.truncate(FOUND_MAX + 1);
        }
        Ok(found)
    }

    async fn with_extension(&self, visit: &Visit<'_>, extension: &str) -> Talk<Vec<Addressee>> {
        let desk = visit.desk;
        let directory = &desk.directory;
        let person = match desk.subscribers.by_number(&self.plan.name, extension) {
            Some(subscriber) => directory.by_user(subscriber.user()).await,
            None => directory.by_number(extension).await,
        };
        // Nobody learns from an extension who is not in the directory.
        Ok(person
            .map_err(faults::directory)?
            .filter(|person| !person.hidden && self.may_be_found(visit, person))
            .map(|person| Addressee::Colleague(person.into()))
            .into_iter()
            .collect())
    }

    /// ContactScope: the mailboxes of the dial plan, or everybody. Who has not signed in can only
    /// leave messages, and so finds nobody without a mailbox.
    fn may_be_found(&self, visit: &Visit<'_>, person: &Person) -> bool {
        let everybody = self.plan.contact_scope == ContactScope::GlobalAddressList;
        match visit.desk.subscribers.by_user(&person.user) {
            Some(subscriber) if subscriber.mailbox.enabled => {
                everybody || subscriber.dial_plan.name == self.plan.name
            }
            _ => everybody && self.seeker == Seeker::Subscriber,
        }
    }
}
