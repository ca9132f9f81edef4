//! The directory in memory, sorted by keys: a search is two binary searches, however many people
//! there are. It is built anew whenever somebody changes the directory.

use std::collections::HashMap;
use std::sync::Arc;

use super::{Group, Person, SpelledBy, digit_map, numbers};

/// Everybody, by all that somebody can be found by.
#[derive(Default)]
pub struct Index {
    /// By surname, then given name, then user. Everything below means a place in here.
    people: Vec<Arc<Person>>,
    by_user: HashMap<String, usize>,
    last_first: Keys,
    first_last: Keys,
    alias: Keys,
    /// Bare numbers.
    by_number: HashMap<String, Vec<usize>>,
    /// Numbers as dialled from outside, by their end ([`numbers::tail`]).
    by_tail: HashMap<String, Vec<(String, usize)>>,
    /// Mail addresses in small letters.
    by_address: HashMap<String, Vec<usize>>,
    /// By name.
    groups: Vec<Group>,
    group_names: Keys,
}

/// Spellings, in their order, each with whose it is.
#[derive(Default)]
struct Keys(Vec<(Box<str>, usize)>);

impl Keys {
    fn of(spellings: impl Iterator<Item = (String, usize)>) -> Keys {
        let mut keys: Vec<(Box<str>, usize)> = spellings
            .map(|(spelling, place)| (spelling.into_boxed_str(), place))
            .collect();
        keys.sort_unstable();
        Keys(keys)
    }

    /// The places of those whose spelling begins with `digits`, each once, in order.
    fn beginning_with(&self, digits: &str) -> Vec<usize> {
        if digits.is_empty() {
            return Vec::new();
        }
        let from = self.0.partition_point(|(keys, _)| &**keys < digits);
        let mut places: Vec<usize> = self.0[from..]
            .iter()
            .take_while(|(keys, _)| keys.starts_with(digits))
            .map(|(_, place)| *place)
            .collect();
        places.sort_unstable();
        places.dedup();
        places
    }
}

impl Index {
    /// The index of these people and groups.
    pub fn new(mut people: Vec<Person>, mut groups: Vec<Group>) -> Index {
        people.sort_by(|a, b| {
            (&a.surname, &a.given_name, &a.user).cmp(&(&b.surname, &b.given_name, &b.user))
        });
        groups.sort_by(|a, b| a.name.cmp(&b.name));
        let spelled = |by: SpelledBy| {
            let visible = people.iter().enumerate().filter(|(_, one)| !one.hidden);
            Keys::of(visible.flat_map(|(place, person)| {
                let spellings = digit_map::spellings_of(person, by);
                spellings.into_iter().map(move |keys| (keys, place))
            }))
        };
        let mut index = Index {
            last_first: spelled(SpelledBy::LastFirst),
            first_last: spelled(SpelledBy::FirstLast),
            alias: spelled(SpelledBy::Alias),
            group_names: Keys::of(
                groups
                    .iter()
                    .enumerate()
                    .filter(|(_, group)| !group.hidden)
                    .flat_map(|(place, group)| {
                        let spellings = digit_map::spellings(&group.name);
                        spellings.into_iter().map(move |keys| (keys, place))
                    }),
            ),
            groups,
            ..Index::default()
        };
        for (place, person) in people.iter().enumerate() {
            index.add_numbers(person, place);
            if let Some(mail) = &person.mail {
                let mail = mail.to_ascii_lowercase();
                index.by_address.entry(mail).or_default().push(place);
            }
            index.by_user.insert(person.user.clone(), place);
        }
        index.people = people.into_iter().map(Arc::new).collect();
        index
    }

    fn add_numbers(&mut self, person: &Person, place: usize) {
        let outside = [&person.business, &person.mobile, &person.home];
        let outside = outside.into_iter().flatten();
        for number in person.extension.iter().chain(outside.clone()) {
            let places = self.by_number.entry(numbers::bare(number)).or_default();
            if places.last() != Some(&place) {
                places.push(place);
            }
        }
        for number in outside.map(|number| numbers::bare(number)) {
            if let Some(tail) = numbers::tail(&number) {
                let alike = self.by_tail.entry(tail.to_owned()).or_default();
                alike.push((number, place));
            }
        }
    }

    /// Somebody by user name.
    pub fn by_user(&self, user: &str) -> Option<&Arc<Person>> {
        self.by_user.get(user).map(|place| &self.people[*place])
    }

    /// The one person with this number; nobody when two differ.
    pub fn by_number(&self, number: &str) -> Option<&Arc<Person>> {
        let number = numbers::bare(number);
        let mut places = self.by_number.get(&number).cloned().unwrap_or_default();
        if let Some(alike) = numbers::tail(&number).and_then(|tail| self.by_tail.get(tail)) {
            let same = alike
                .iter()
                .filter(|(other, _)| numbers::are_same(&number, other));
            places.extend(same.map(|(_, place)| *place));
        }
        self.only(places)
    }

    /// The one person with this mail address; nobody when two differ. What follows a plus is the
    /// owner's business (RFC 5233), unless the address is somebody's with all of it.
    pub fn by_address(&self, address: &str) -> Option<&Arc<Person>> {
        let address = address.to_ascii_lowercase();
        let places = match self.by_address.get(&address) {
            Some(places) => places,
            None => {
                let (local, domain) = address.rsplit_once('@')?;
                let (user, _) = local.split_once('+')?;
                self.by_address.get(&format!("{user}@{domain}"))?
            }
        };
        self.only(places.clone())
    }

    fn only(&self, mut places: Vec<usize>) -> Option<&Arc<Person>> {
        places.sort_unstable();
        places.dedup();
        match places.as_slice() {
            [place] => Some(&self.people[*place]),
            _ => None,
        }
    }

    /// Whose name or alias begins with these keys, by name.
    pub fn search(&self, digits: &str, by: SpelledBy) -> Vec<Arc<Person>> {
        let keys = match by {
            SpelledBy::LastFirst => &self.last_first,
            SpelledBy::FirstLast => &self.first_last,
            SpelledBy::Alias => &self.alias,
        };
        let places = keys.beginning_with(digits);
        places
            .into_iter()
            .map(|place| self.people[place].clone())
            .collect()
    }

    /// The groups whose name begins with these keys, by name.
    pub fn search_groups(&self, digits: &str) -> Vec<Group> {
        let places = self.group_names.beginning_with(digits);
        places
            .into_iter()
            .map(|place| self.groups[place].clone())
            .collect()
    }

    /// A group by name.
    pub fn group(&self, name: &str) -> Option<&Group> {
        let place = self
            .groups
            .binary_search_by(|group| group.name.as_str().cmp(name));
        place.ok().map(|place| &self.groups[place])
    }
}

#[cfg(test)]
mod tests {
    use rand::rngs::StdRng;
    use rand::seq::IndexedRandom;
    use rand::{Rng, SeedableRng};

    use super::*;

    const GIVEN: &[&str] = &[
        "Jürgen",
        "Ann",
        "Øystein",
        "Łukasz",
        "Mary-Jane",
        "",
        "O'Neil",
        "伟",
        "Zoë",
        "Åsa",
    ];
    const SURNAMES: &[&str] = &[
        "Müller",
        "Smith",
        "Strauß",
        "van den Berg",
        "Æbelø",
        "Иванов",
        "Brown",
        "Ångström",
        "Ødegård",
    ];

    fn crowd(count: usize) -> Vec<Person> {
        let mut random = StdRng::seed_from_u64(7);
        (0..count)
            .map(|number| Person {
                user: format!("u{number}"),
                given_name: (*GIVEN.choose(&mut random).unwrap()).to_owned(),
                surname: format!(
                    "{}{}",
                    SURNAMES.choose(&mut random).unwrap(),
                    random.random_range(0..20)
                ),
                romanised_name: random.random_bool(0.2).then(|| "Ivan Ivanov".to_owned()),
                mail: random
                    .random_bool(0.5)
                    .then(|| format!("mail.{number}@example.test")),
                hidden: random.random_bool(0.1),
                ..Person::default()
            })
            .collect()
    }

    #[test]
    fn searching_finds_whom_looking_at_everybody_finds() {
        let people = crowd(2_000);
        let index = Index::new(people.clone(), Vec::new());
        let mut random = StdRng::seed_from_u64(8);
        let mut found_some = 0;
        for number in 0..600 {
            let person = people.choose(&mut random).unwrap();
            for by in [SpelledBy::LastFirst, SpelledBy::FirstLast, SpelledBy::Alias] {
                let spellings = digit_map::spellings_of(person, by);
                let whole = spellings.choose(&mut random).cloned().unwrap_or_default();
                let letters = random.random_range(0..=whole.len());
                // Every third is mistyped.
                let digits = match number % 3 {
                    0 => format!("{}7", &whole[..letters]),
                    _ => whole[..letters].to_owned(),
                };
                let mut slowly: Vec<&Person> = people
                    .iter()
                    .filter(|one| digit_map::is_spelled_by(one, &digits, by))
                    .collect();
                slowly.sort_by_key(|one| (&one.surname, &one.given_name, &one.user));
                let quickly = index.search(&digits, by);
                let quickly: Vec<&Person> = quickly.iter().map(|one| &**one).collect();
                assert_eq!(quickly, slowly, "{digits} {by:?}");
                found_some += usize::from(!slowly.is_empty());
            }
        }
        assert!(found_some > 600, "{found_some}");
    }

    #[test]
    fn numbers_from_outside_and_addresses_name_one_person() {
        let person = |user: &str, mobile: &str, mail: &str| Person {
            user: user.into(),
            mobile: Some(mobile.into()),
            mail: Some(mail.into()),
            ..Person::default()
        };
        let index = Index::new(
            vec![
                person("a", "+1 555 010 0001", "a@example.test"),
                person("b", "+1 555 010 0002", "Both@example.test"),
                person("c", "+49 555 010 0002", "both@example.test"),
            ],
            Vec::new(),
        );
        let user = |person: Option<&Arc<Person>>| person.map(|one| one.user.clone());
        assert_eq!(user(index.by_number("5550100001")).as_deref(), Some("a"));
        assert_eq!(user(index.by_number("+15550100002")).as_deref(), Some("b"));
        assert_eq!(user(index.by_number("5550100002")), None);
        assert_eq!(
            user(index.by_address("A@EXAMPLE.TEST")).as_deref(),
            Some("a")
        );
        assert_eq!(user(index.by_address("both@example.test")), None);
        assert_eq!(user(index.by_address("nobody@example.test")), None);
        assert_eq!(
            user(index.by_address("a+orders@example.test")).as_deref(),
            Some("a")
        );
        assert_eq!(user(index.by_address("both+orders@example.test")), None);
        assert_eq!(user(index.by_address("nobody+a@example.test")), None);
    }

    #[test]
    fn groups_are_found_by_name_unless_hidden() {
        let group = |name: &str, hidden| Group {
            name: name.into(),
            hidden,
            ..Group::default()
        };
        let groups = vec![group("Sales", false), group("Sales (secret)", true)];
        let index = Index::new(Vec::new(), groups);
        let found = index.search_groups("72537");
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].name, "Sales");
        assert!(index.group("Sales (secret)").is_some());
        assert!(index.group("sales").is_none());
    }
}
