//! What is wrong with the people and groups of an organisation.

use std::collections::HashSet;

use super::whole::Wrong;
use crate::directory::{Group, Person};
use crate::policy::problem::{Problem, Problems};

/// Members of one distribution group.
const MEMBERS_MAX: usize = 10_000;

/// What is wrong with a person, taken by itself.
pub(super) fn person_problems(person: &Person) -> Vec<Problem> {
    let mut problems = Problems::default();
    problems.user(&person.user);
    if let Some(extension) = &person.extension {
        let fits = (1..=20).contains(&extension.len())
            && extension.bytes().all(|byte| byte.is_ascii_digit());
        if !fits {
            problems.add("extension", extension, "must have 1 to 20 digits");
        }
    }
    for (key, number) in [
        ("business", &person.business),
        ("mobile", &person.mobile),
        ("home", &person.home),
    ] {
        if let Some(number) = number {
            problems.party(key, number);
        }
    }
    let texts = [
        ("given_name", &person.given_name),
        ("surname", &person.surname),
        ("title", &person.title),
        ("department", &person.department),
        ("location", &person.location),
        ("company", &person.company),
    ];
    let texts = texts.into_iter().map(|(key, text)| (key, text.as_str()));
    let romanised = person.romanised_name.as_deref();
    for (key, text) in texts.chain(romanised.map(|name| ("romanised_name", name))) {
        if text.chars().count() > 128 || text.chars().any(char::is_control) {
            problems.add(
                key,
                text,
                "must have at most 128 characters, and no control characters",
            );
        }
    }
    mail(&mut problems, person.mail.as_deref());
    problems.0
}

fn mail(problems: &mut Problems, mail: Option<&str>) {
    if let Some(mail) = mail
        && !is_address(mail)
    {
        let cure = "must be a mail address such as alice@example.com";
        problems.add("mail", mail, cure);
    }
}

/// Good enough to be written into a header: RFC 5321 has the last word.
fn is_address(mail: &str) -> bool {
    let parts = mail.rsplit_once('@');
    parts.is_some_and(|(local, domain)| !local.is_empty() && !domain.is_empty())
        && mail.len() <= 254
        && !mail.contains(|character: char| {
            character.is_whitespace() || character.is_control() || "<>,;".contains(character)
        })
}

/// What is wrong with the groups, whose members are people, addresses and other groups.
pub(super) fn check_groups(wrong: &mut Wrong, groups: &[Group], people: &[Person]) {
    let users: HashSet<&str> = people.iter().map(|person| &*person.user).collect();
    let names: HashSet<&str> = groups.iter().map(|group| &*group.name).collect();
    for group in groups {
        let mut problems = Problems::default();
        problems.name(&group.name, 64);
        mail(&mut problems, group.mail.as_deref());
        if group.members.len() > MEMBERS_MAX {
            let cure = format!("must have at most {MEMBERS_MAX} members");
            problems.add("members", group.members.len(), cure);
        }
        wrong.all(group, problems.0);
        for member in &group.members {
            if is_address(member) || users.contains(&**member) || names.contains(&**member) {
                continue;
            }
            wrong.unknown(
                group,
                "members",
                member,
                "person, group or mail address",
                users.iter().chain(&names).copied(),
            );
        }
    }
}
