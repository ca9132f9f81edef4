//! Schema versions, transactions and backups.

use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};

use rusqlite::params;

use super::*;

fn count(store: &Store, table: &str) -> i64 {
    store
        .read_now(|db| {
            Ok(
                db.query_row(&format!("SELECT count(*) FROM {table}"), [], |row| {
                    row.get(0)
                })?,
            )
        })
        .unwrap()
}

#[test]
fn a_fresh_store_is_made_and_found_again() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("new/data");
    let store = Store::open(&path).unwrap();
    store.write_now(count_organisation_change).unwrap();
    let again = Store::open(&path).unwrap();
    assert_eq!(again.read_now(organisation_version).unwrap(), 2);
    use std::os::unix::fs::PermissionsExt;
    let mode = fs::metadata(&path).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o700, "nobody else may read it");
    let journal: String = store
        .read_now(|db| Ok(db.query_row("PRAGMA journal_mode", [], |row| row.get(0))?))
        .unwrap();
    assert_eq!(journal, "wal");
    let synchronous: i64 = store
        .write_now(|db| Ok(db.query_row("PRAGMA synchronous", [], |row| row.get(0))?))
        .unwrap();
    assert_eq!(synchronous, 2, "FULL");
}

#[test]
fn an_older_program_refuses_a_newer_store_and_leaves_it_alone() {
    let folder = tempfile::tempdir().unwrap();
    let known = schema::STEPS.len() as i64;
    drop(Store::open(folder.path()).unwrap());
    let path = folder.path().join(DATABASE_FILE);
    connect(&path)
        .unwrap()
        .pragma_update(None, "user_version", known + 1)
        .unwrap();
    let bytes = fs::read(&path).unwrap();
    let fault = Store::open(folder.path()).unwrap_err();
    let said = fault.to_string();
    assert!(matches!(fault, StoreFault::Newer { .. }), "{fault:?}");
    assert!(
        said.contains("newer ringback") && said.contains("ringback.db"),
        "{said}"
    );
    assert_eq!(fs::read(&path).unwrap(), bytes);
}

#[test]
fn a_database_of_another_program_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(DATABASE_FILE);
    connect(&path)
        .unwrap()
        .execute_batch("CREATE TABLE theirs (x)")
        .unwrap();
    let fault = Store::open(folder.path()).unwrap_err();
    assert!(matches!(fault, StoreFault::Foreign(_)), "{fault:?}");
    fs::write(&path, vec![b'x'; 8_192]).unwrap();
    assert!(Store::open(folder.path()).is_err());
}

#[test]
fn a_step_happens_whole_or_not_at_all() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(DATABASE_FILE);
    let first = "CREATE TABLE a (x INTEGER); INSERT INTO a VALUES (7);";
    let broken =
        "CREATE TABLE b (x INTEGER); INSERT INTO a VALUES (8); INSERT INTO nowhere VALUES (1);";
    let mut connection = connect(&path).unwrap();
    schema::migrate_with(&mut connection, &path, &[first]).unwrap();
    schema::migrate_with(&mut connection, &path, &[first, broken]).unwrap_err();
    let sum = |connection: &Connection| -> i64 {
        connection
            .query_row("SELECT sum(x) FROM a", [], |row| row.get(0))
            .unwrap()
    };
    let version = |connection: &Connection| -> i64 {
        connection
            .query_row("PRAGMA user_version", [], |row| row.get(0))
            .unwrap()
    };
    assert_eq!((sum(&connection), version(&connection)), (7, 1));
    let second = "CREATE TABLE b (x INTEGER); INSERT INTO a VALUES (8);";
    let third = "DROP TABLE b;";
    schema::migrate_with(&mut connection, &path, &[first, second, third]).unwrap();
    assert_eq!((sum(&connection), version(&connection)), (15, 3));
    schema::migrate_with(&mut connection, &path, &[first, second, third]).unwrap();
    assert_eq!(sum(&connection), 15, "a step happens once");
}

#[test]
fn two_processes_may_upgrade_at_once() {
    let folder = tempfile::tempdir().unwrap();
    std::thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| Store::open(folder.path()).unwrap());
        }
    });
    let store = Store::open(folder.path()).unwrap();
    assert_eq!(count(&store, "meta"), 1);
}

#[test]
#[expect(clippy::disallowed_methods, reason = "a slow upgrade takes time")]
fn whoever_opens_waits_for_a_slow_upgrade() {
    let folder = tempfile::tempdir().unwrap();
    let mut other = connect(&folder.path().join(DATABASE_FILE)).unwrap();
    let upgrade = other
        .transaction_with_behavior(TransactionBehavior::Exclusive)
        .unwrap();
    let opening = std::thread::spawn({
        let folder = folder.path().to_owned();
        move || Store::open(&folder)
    });
    std::thread::sleep(BUSY_WAIT + Duration::from_millis(500));
    assert!(!opening.is_finished());
    upgrade.commit().unwrap();
    let store = opening.join().unwrap().unwrap();
    assert_eq!(count(&store, "meta"), 1);
}

#[test]
fn what_fails_or_panics_is_undone() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(folder.path()).unwrap();
    let insert =
        |db: &Transaction<'_>| db.execute("INSERT INTO person (user, body) VALUES ('x', '{}')", []);
    let failed: Result<(), StoreFault> = store.write_now(|db| {
        insert(db)?;
        Err(StoreFault::Busy)
    });
    assert_eq!(failed, Err(StoreFault::Busy));
    let panicking = store.clone();
    let panicked = std::thread::spawn(move || {
        panicking.write_now(|db| -> Result<(), StoreFault> {
            insert(db)?;
            panic!("a call goes wrong");
        })
    });
    assert!(panicked.join().is_err());
    assert_eq!(count(&store, "person"), 0);
    store.write_now(|db| Ok(insert(db)?)).unwrap();
    assert_eq!(count(&store, "person"), 1);
}

#[tokio::test]
async fn nobody_waits_long_for_a_locked_database() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(folder.path()).unwrap();
    let mut other = connect(&folder.path().join(DATABASE_FILE)).unwrap();
    let transaction = other
        .transaction_with_behavior(TransactionBehavior::Immediate)
        .unwrap();
    let started = tokio::time::Instant::now();
    let mut writes = tokio::task::JoinSet::new();
    for _ in 0..4 {
        let store = store.clone();
        writes.spawn(async move { store.write(count_organisation_change).await });
    }
    for write in writes.join_all().await {
        assert_eq!(write, Err(StoreFault::Busy));
    }
    assert!(started.elapsed() < Duration::from_secs(3));
    assert_eq!(store.organisation_version().await, Ok(1), "reading goes on");
    drop(transaction);
    assert_eq!(store.write(count_organisation_change).await, Ok(()));
}

/// A caller needs several answers before the first thing is said to him.
#[tokio::test]
async fn only_the_first_reader_waits_long_for_a_disk_that_stands_still() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(folder.path()).unwrap();
    let (goes_on, stands_still) = std::sync::mpsc::channel::<()>();
    let stands_still = Arc::new(Mutex::new(stands_still));
    let reads = async || {
        let stands_still = stands_still.clone();
        let started = tokio::time::Instant::now();
        let read = store.read(move |db| {
            let _ = stands_still.lock().unwrap().recv();
            organisation_version(db)
        });
        (read.await, started.elapsed())
    };
    let (first, waited) = reads().await;
    assert_eq!(first, Err(StoreFault::Busy));
    assert!(waited >= DEADLINE, "{waited:?}");
    let mut sooner = Duration::ZERO;
    for _ in 0..READERS + 1 {
        let (read, waited) = reads().await;
        assert_eq!(read, Err(StoreFault::Busy));
        sooner += waited;
    }
    let as_before = DEADLINE * (READERS as u32 + 1);
    assert!(sooner < as_before / 2, "{sooner:?}");
    // The disk goes on: whoever comes now waits as before.
    drop(goes_on);
    while store.organisation_version().await.is_err() {}
    assert!(!store.0.reading_is_stalled.load(Ordering::Relaxed));
}

struct AtEnd<'a>(&'a AtomicBool);

impl Drop for AtEnd<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// Messages are written all the while; each backup must be whole.
#[test]
fn a_backup_is_consistent_while_calls_go_on() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(folder.path()).unwrap();
    make_private_folder(&folder.path().join(OUTBOX_FOLDER)).unwrap();
    let targets = tempfile::tempdir().unwrap();
    // Some for each backup: a slow disk must not find ever more to copy.
    let wanted = AtomicI64::new(0);
    let done = AtomicBool::new(false);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            for number in 0_i64.. {
                while number >= wanted.load(Ordering::Relaxed) {
                    if done.load(Ordering::Relaxed) {
                        return;
                    }
                    std::thread::yield_now();
                }
                write_message(&store, number);
                replace_greeting(&store, number);
                std::thread::yield_now();
            }
        });
        // However this ends, the writer ends too.
        let _end = AtEnd(&done);
        let mut before = 0;
        for number in 0..10 {
            wanted.fetch_add(200, Ordering::Relaxed);
            let target = targets.path().join(number.to_string());
            store.backup(&target).unwrap();
            let copied = Store::open(&target).unwrap();
            let messages = count(&copied, "message");
            assert!(messages >= before, "{messages} after {before}");
            before = messages;
            check_backup(&copied);
        }
        assert!(before > 0);
    });
    let fault = store
        .backup(&targets.path().join("0"))
        .unwrap_err()
        .to_string();
    assert!(fault.contains("is not empty"), "{fault}");
}

#[test]
fn a_backup_has_the_mails_that_wait_and_no_half_ones() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(folder.path()).unwrap();
    let outbox = folder.path().join(OUTBOX_FOLDER);
    make_private_folder(&outbox).unwrap();
    for name in [
        "waits.mail.json",
        "waits.eml",
        "sent-meanwhile.mail.json",
        "not-yet-written.eml",
        "parked.parked.json",
        "parked.wav",
        "speaks.recording.json",
        "speaks.wav",
    ] {
        fs::write(outbox.join(name), name).unwrap();
    }
    let target = folder.path().join("copy");
    store.backup(&target).unwrap();
    let copied = fs::read_dir(target.join(OUTBOX_FOLDER)).unwrap();
    let mut copied: Vec<_> = copied.map(|entry| entry.unwrap().file_name()).collect();
    copied.sort();
    assert_eq!(
        copied,
        [
            "parked.parked.json",
            "parked.wav",
            "waits.eml",
            "waits.mail.json"
        ]
    );
}

fn write_message(store: &Store, number: i64) {
    let outbox = store.folder().join(OUTBOX_FOLDER);
    let id = format!("m{number}");
    // As in a call: outbox, mailbox, forgotten.
    wav::write_stored(&outbox.join(format!("{id}.wav")), &[7; 80]).unwrap();
    fs::write(outbox.join(format!("{id}.due.json")), "{}").unwrap();
    // Under its name only when it is whole, as the mailbox does.
    let unfinished = store.audio_folder().join("unfinished");
    fs::copy(outbox.join(format!("{id}.wav")), &unfinished).unwrap();
    fs::rename(&unfinished, store.audio_folder().join(format!("{id}.wav"))).unwrap();
    store
        .write_now(|db| {
            db.execute(
                "INSERT INTO message (id, mailbox, folder, read, received, samples, bytes, envelope)
                 VALUES (?1, 'alice', 'inbox', 0, ?2, 80, 204, '{}')",
                params![id, number],
            )?;
            Ok(())
        })
        .unwrap();
    fs::remove_file(outbox.join(format!("{id}.due.json"))).unwrap();
    fs::remove_file(outbox.join(format!("{id}.wav"))).unwrap();
}

fn replace_greeting(store: &Store, number: i64) {
    let file = format!("greeting-{number}.wav");
    wav::write_stored(&store.audio_folder().join(&file), &[7; 80]).unwrap();
    store
        .write_now(|db| {
            db.execute(
                "INSERT OR REPLACE INTO recorded VALUES ('alice', 'greeting', ?1)",
                params![file],
            )?;
            Ok(())
        })
        .unwrap();
    if number > 0 {
        let former = format!("greeting-{}.wav", number - 1);
        fs::remove_file(store.audio_folder().join(former)).unwrap();
    }
}

/// No message is missing between the first and the last, and every sound is there.
fn check_backup(copied: &Store) {
    let outbox = copied.folder().join(OUTBOX_FOLDER);
    let (mut in_database, greeting) = copied
        .read_now(|db| {
            let mut statement = db.prepare("SELECT received FROM message")?;
            let numbers: Vec<i64> = statement
                .query_map([], |row| row.get(0))?
                .collect::<Result<_, _>>()?;
            let greeting: Option<String> = db
                .query_row("SELECT file FROM recorded", [], |row| row.get(0))
                .ok();
            Ok((numbers, greeting))
        })
        .unwrap();
    for number in &in_database {
        let sound = copied.audio_folder().join(format!("m{number}.wav"));
        assert_eq!(wav::read_stored(&sound).unwrap(), [7; 80]);
    }
    if let Some(greeting) = greeting {
        assert_eq!(
            wav::read_stored(&copied.audio_folder().join(greeting)).unwrap(),
            [7; 80]
        );
    }
    for entry in fs::read_dir(&outbox).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        if let Some(id) = name.strip_suffix(".due.json") {
            assert!(outbox.join(format!("{id}.wav")).exists(), "{name}");
            in_database.push(id[1..].parse().unwrap());
        }
    }
    in_database.sort_unstable();
    in_database.dedup();
    let all: Vec<i64> = (0..in_database.len() as i64).collect();
    assert_eq!(in_database, all);
}
