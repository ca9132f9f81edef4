//! The directory from a CSV file, as spreadsheets and personnel systems write it: whole or not at
//! all, with a report for every row.

use std::collections::{BTreeMap, HashMap};
use std::fmt;

use csv::{ReaderBuilder, StringRecord};
use jiff::Timestamp;

use super::mailboxes::{NewPin, commit, new_mailbox, new_pins, policy_for};
use super::people::person_problems;
use super::pin_rows;
use super::whole::{OrganisationFault, Whole, nearest};
use crate::directory::{Person, text_file};
use crate::policy::pin::PinCost;
use crate::store::Store;

/// Rows of one file.
const ROWS_MAX: usize = 200_000;

/// Problems that are told; who has more mends these first.
const PROBLEMS_MAX: usize = 50;

/// The columns, by their names in the first line; only `user` has to be there.
const COLUMNS: [&str; 14] = [
    "user",
    "given_name",
    "surname",
    "romanised_name",
    "title",
    "department",
    "extension",
    "location",
    "company",
    "business",
    "mobile",
    "home",
    "mail",
    "hidden",
];

/// How a file is imported.
#[derive(Clone, Debug, Default)]
pub struct PeopleImport {
    /// Only say what would change.
    pub dry_run: bool,
    /// Give everybody who has an extension and no mailbox one.
    pub with_mailboxes: bool,
    /// Of this policy; none: the only one there is.
    pub policy: Option<String>,
}

/// What an import did, or would do.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct PeopleReport {
    /// What became of every row, with the line of the file in which it begins.
    pub rows: Vec<(u64, String, Outcome)>,
    /// Mailboxes that were made, by user, with their PINs. Without PINs in a dry run.
    pub mailboxes: Vec<String>,
    /// The PINs of new mailboxes, which stand nowhere else.
    pub pins: Vec<NewPin>,
}

/// What became of a row.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Outcome {
    /// Somebody new.
    Added,
    /// Somebody who was known, changed.
    Changed,
    /// As it was.
    Same,
}

impl fmt::Display for PeopleReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let count = |outcome| self.rows.iter().filter(|row| row.2 == outcome).count();
        for (line, user, outcome) in &self.rows {
            match outcome {
                Outcome::Added => writeln!(f, "line {line}: + {user}")?,
                Outcome::Changed => writeln!(f, "line {line}: ~ {user}")?,
                Outcome::Same => {}
            }
        }
        for user in &self.mailboxes {
            writeln!(f, "+ mailbox of {user}")?;
        }
        for NewPin { user, pin } in &self.pins {
            writeln!(f, "PIN of {user}: {pin} (must be changed at first sign-in)")?;
        }
        writeln!(
            f,
            "{} added, {} changed, {} as before",
            count(Outcome::Added),
            count(Outcome::Changed),
            count(Outcome::Same)
        )
    }
}

/// Reads people from a CSV file into the directory: adds who is new, changes who is known, removes
/// nobody. A column that is not there leaves what is known; an empty field empties it. Blocks.
///
/// # Errors
/// Every row that is wrong, with its line and the cure; then nothing was changed.
pub fn import(
    store: &Store,
    bytes: &[u8],
    how: &PeopleImport,
    cost: PinCost,
    now: Timestamp,
) -> Result<PeopleReport, OrganisationFault> {
    let rows = read(bytes)?;
    let before = store.read_now(Whole::read)?;
    let mut after = before.clone();
    let mut people: BTreeMap<String, Person> = before
        .person
        .iter()
        .map(|person| (person.user.clone(), person.clone()))
        .collect();
    let mut report = PeopleReport::default();
    let mut wrong = Vec::new();
    for row in rows {
        let user = row.user().to_owned();
        let known = people.get(&user);
        let person = match row.person(known) {
            Ok(person) => person,
            Err(problems) => {
                wrong.extend(problems);
                continue;
            }
        };
        let outcome = match known {
            None => Outcome::Added,
            Some(known) if *known == person => Outcome::Same,
            Some(_) => Outcome::Changed,
        };
        report.rows.push((row.line, user.clone(), outcome));
        people.insert(user, person);
    }
    if !wrong.is_empty() {
        return Err(too_many(wrong));
    }
    after.person = people.into_values().collect();
    if how.with_mailboxes {
        let imported: Vec<String> = report.rows.iter().map(|row| row.1.clone()).collect();
        report.mailboxes = add_mailboxes(&mut after, &before, &imported, how.policy.clone())?;
    }
    after.sort();
    after.check(&before)?;
    if how.dry_run || after == before {
        return Ok(report);
    }
    let pins = new_pins(&after, &report.mailboxes, cost)?;
    commit(store, &before, &after, |db| {
        for (NewPin { user, .. }, record) in &pins {
            pin_rows::replace(db, user, record, now, true)?;
        }
        Ok(())
    })?;
    report.pins = pins.into_iter().map(|(pin, _)| pin).collect();
    report.mailboxes.clear();
    Ok(report)
}

/// Whether bytes could be a file of people: nothing is opened or changed. Takes any bytes.
pub fn check(bytes: &[u8]) -> Result<usize, OrganisationFault> {
    let rows = read(bytes)?;
    let problems: Vec<String> = rows
        .iter()
        .filter_map(|row| row.person(None).err())
        .flatten()
        .collect();
    if problems.is_empty() {
        Ok(rows.len())
    } else {
        Err(too_many(problems))
    }
}

fn add_mailboxes(
    after: &mut Whole,
    before: &Whole,
    imported: &[String],
    policy: Option<String>,
) -> Result<Vec<String>, OrganisationFault> {
    let policy = policy_for(policy, before)?;
    let owners: HashMap<&str, ()> = before
        .mailbox
        .iter()
        .map(|mailbox| (&*mailbox.user, ()))
        .collect();
    let extensions: HashMap<&str, &String> = after
        .person
        .iter()
        .filter_map(|person| Some((&*person.user, person.extension.as_ref()?)))
        .collect();
    let mut made = Vec::new();
    let mut mailboxes = Vec::new();
    for user in imported {
        if owners.contains_key(&**user) {
            continue;
        }
        if let Some(extension) = extensions.get(&**user) {
            let numbers = vec![(*extension).clone()];
            mailboxes.push(new_mailbox(user, policy.clone(), numbers));
            made.push(user.clone());
        }
    }
    after.mailbox.extend(mailboxes);
    Ok(made)
}

fn too_many(mut problems: Vec<String>) -> OrganisationFault {
    let more = problems.len().saturating_sub(PROBLEMS_MAX);
    problems.truncate(PROBLEMS_MAX);
    if more > 0 {
        problems.push(format!("and {more} more; mend these first"));
    }
    OrganisationFault::Wrong(problems)
}

/// A row of the file.
struct Row {
    /// The line in which it begins.
    line: u64,
    /// Column and field, for the columns that the file has.
    fields: Vec<(&'static str, String)>,
}

impl Row {
    fn user(&self) -> &str {
        let user = self.fields.iter().find(|(column, _)| *column == "user");
        user.map_or("", |(_, user)| user)
    }

    /// The person that this row makes of the one who was known.
    fn person(&self, known: Option<&Person>) -> Result<Person, Vec<String>> {
        let mut person = known.cloned().unwrap_or_default();
        let mut problems = Vec::new();
        for (column, field) in &self.fields {
            let optional = (!field.is_empty()).then(|| field.clone());
            match *column {
                "user" => person.user.clone_from(field),
                "given_name" => person.given_name.clone_from(field),
                "surname" => person.surname.clone_from(field),
                "romanised_name" => person.romanised_name = optional,
                "title" => person.title.clone_from(field),
                "department" => person.department.clone_from(field),
                "extension" => person.extension = optional,
                "location" => person.location.clone_from(field),
                "company" => person.company.clone_from(field),
                "business" => person.business = optional,
                "mobile" => person.mobile = optional,
                "home" => person.home = optional,
                "mail" => person.mail = optional,
                _ => match field.to_ascii_lowercase().as_str() {
                    "" | "false" | "no" | "0" => person.hidden = false,
                    "true" | "yes" | "1" => person.hidden = true,
                    _ => problems.push(format!(
                        "line {}: hidden = {field:?}: must be true or false",
                        self.line
                    )),
                },
            }
        }
        let found = person_problems(&person);
        problems.extend(
            found
                .iter()
                .map(|problem| format!("line {}: {problem}", self.line)),
        );
        if problems.is_empty() {
            Ok(person)
        } else {
            Err(problems)
        }
    }
}

/// The rows of a file, whatever separates its fields: comma, semicolon or tabulator.
fn read(bytes: &[u8]) -> Result<Vec<Row>, OrganisationFault> {
    // Lines are counted by their `\n`, which the reader takes for the next line's when `\r` is before.
    let text = text_file::decode(bytes).replace("\r\n", "\n");
    let heading = text.lines().next().unwrap_or_default();
    let delimiter = [b',', b';', b'\t']
        .into_iter()
        .max_by_key(|delimiter| {
            let count = heading.bytes().filter(|byte| byte == delimiter).count();
            // Of none at all the comma is as good as any.
            (count, *delimiter == b',')
        })
        .unwrap_or(b',');
    let mut reader = ReaderBuilder::new()
        .delimiter(delimiter)
        .has_headers(true)
        .flexible(true)
        .from_reader(text.as_bytes());
    let columns = columns(reader.headers().map_err(OrganisationFault::wrong)?)?;
    let mut rows = Vec::new();
    let mut wrong = Vec::new();
    let mut lines: HashMap<String, u64> = HashMap::new();
    for record in reader.records() {
        let record = record.map_err(OrganisationFault::wrong)?;
        let line = record.position().map_or(0, |at| first_line(&text, at));
        if record.iter().all(|field| field.trim().is_empty()) {
            continue;
        }
        if rows.len() >= ROWS_MAX {
            return Err(OrganisationFault::wrong(format!(
                "line {line}: the file has more than {ROWS_MAX} rows; split it"
            )));
        }
        if record.len() != columns.len() {
            wrong.push(format!(
                "line {line}: has {} fields where the first line names {}; quote fields that \
                 contain the separator",
                record.len(),
                columns.len()
            ));
            continue;
        }
        let fields = columns.iter().zip(&record);
        let fields = fields.map(|(column, field)| (*column, field.trim().to_owned()));
        let row = Row {
            line,
            fields: fields.collect(),
        };
        if let Some(first) = lines.insert(row.user().to_owned(), line) {
            wrong.push(format!(
                "line {line}: user = {:?}: stands in line {first} already; each has one row",
                row.user()
            ));
        }
        rows.push(row);
    }
    if wrong.is_empty() {
        Ok(rows)
    } else {
        Err(too_many(wrong))
    }
}

/// The line in which a record's own words begin: empty lines before it belong to it as well.
fn first_line(text: &str, at: &csv::Position) -> u64 {
    let begins = usize::try_from(at.byte()).unwrap_or(usize::MAX);
    let rest = text.as_bytes().get(begins..).unwrap_or_default();
    let empty = rest.iter().take_while(|byte| **byte == b'\n').count();
    at.line() + empty as u64
}

/// The columns of the first line; spelled in capitals or with spaces they are the same.
fn columns(heading: &StringRecord) -> Result<Vec<&'static str>, OrganisationFault> {
    let mut columns = Vec::new();
    let mut wrong = Vec::new();
    for name in heading {
        let plain = name.trim().to_ascii_lowercase().replace([' ', '-'], "_");
        match COLUMNS.into_iter().find(|column| *column == plain) {
            Some(column) if columns.contains(&column) => {
                wrong.push(format!("line 1: column {name:?} stands there twice"));
            }
            Some(column) => columns.push(column),
            None => wrong.push(match nearest(&plain, COLUMNS.into_iter()) {
                Some(near) => format!("line 1: unknown column {name:?}; did you mean {near:?}?"),
                None => format!(
                    "line 1: unknown column {name:?}; known are {}",
                    COLUMNS.join(", ")
                ),
            }),
        }
    }
    if wrong.is_empty() && !columns.contains(&"user") {
        wrong.push(
            "line 1: there is no column \"user\", by which rows find their person".to_owned(),
        );
    }
    if wrong.is_empty() {
        Ok(columns)
    } else {
        Err(too_many(wrong))
    }
}
