//! What the directory costs with 50,000 people: to build after a change, and to search, against
//! looking at everybody.

use std::hint::black_box;

use criterion::{Criterion, criterion_group, criterion_main};
use ringback::directory::digit_map::is_spelled_by;
use ringback::directory::index::Index;
use ringback::directory::{Person, SpelledBy};

const PEOPLE: usize = 50_000;
const SYLLABLES: [&str; 16] = [
    "an", "ber", "cor", "dö", "el", "fra", "gu", "hei", "jø", "ka", "lin", "mül", "ner", "ost",
    "ry", "ße",
];

fn name(mut number: usize, syllables: usize) -> String {
    let mut name = String::new();
    for _ in 0..syllables {
        name.push_str(SYLLABLES[number % SYLLABLES.len()]);
        number = number / SYLLABLES.len() + 7;
    }
    name
}

fn crowd() -> Vec<Person> {
    (0..PEOPLE)
        .map(|number| Person {
            user: format!("user{number}"),
            given_name: name(number * 31, 2),
            surname: name(number, 4),
            extension: Some(format!("{number:05}")),
            mobile: Some(format!("+1555{number:07}")),
            mail: Some(format!("user{number}@example.test")),
            ..Person::default()
        })
        .collect()
}

fn directory(criterion: &mut Criterion) {
    let people = crowd();
    let index = Index::new(people.clone(), Vec::new());
    let mut group = criterion.benchmark_group("directory of 50,000");
    group.sample_size(10);
    group.bench_function("build", |bencher| {
        bencher.iter(|| Index::new(black_box(people.clone()), Vec::new()));
    });
    // A key finds thousands, a few keys a handful, many keys one.
    for digits in ["2", "26237", "262372673"] {
        group.bench_function(format!("search {digits}"), |bencher| {
            bencher.iter(|| index.search(black_box(digits), SpelledBy::LastFirst));
        });
        group.bench_function(format!("look at everybody for {digits}"), |bencher| {
            bencher.iter(|| {
                let by = SpelledBy::LastFirst;
                people
                    .iter()
                    .filter(|person| is_spelled_by(person, black_box(digits), by))
                    .count()
            });
        });
    }
    group.finish();
}

criterion_group!(benches, directory);
criterion_main!(benches);
