//! Sign-in: counters, locks, expiry, and guessing in parallel.

use super::*;
use crate::organisation::{mailboxes, pin_rows};
use crate::policy::mailbox::Subscribers;
use crate::policy::pin::{PinCheck, PinRefusal, Pins};

const ALICE: &str = "482915";

/// What a check came to, in one word.
fn word(check: &PinCheck) -> &'static str {
    match check {
        PinCheck::Accepted(_) => "accepted",
        PinCheck::MustChange(_) => "must change",
        PinCheck::Refused => "refused",
        PinCheck::LockedOut => "locked out",
        PinCheck::NotAllowed => "not allowed",
    }
}

async fn check(pins: &PinKeeper, number: &str, pin: &str) -> &'static str {
    // Each guess from another number: the limit per calling number has its own test.
    let calling = rand::random::<u64>().to_string();
    word(
        &pins
            .check("demo", number, pin, Some(&calling))
            .await
            .unwrap(),
    )
}

#[tokio::test(start_paused = true)]
async fn the_demo_signs_in_as_promised() {
    let house = House::new();
    let pins = house.pins();
    assert_eq!(check(&pins, "2001", ALICE).await, "accepted");
    assert_eq!(check(&pins, "2002", "739164").await, "accepted");
    assert_eq!(check(&pins, "2003", "615284").await, "must change");
    assert_eq!(check(&pins, "2004", "950371").await, "locked out");
    assert_eq!(check(&pins, "2004", "111111").await, "locked out");
    assert_eq!(check(&pins, "2001", "000000").await, "refused");
    for nobody in [
        "2055",
        "2033",
        "9999",
        "",
        "sip:x@y",
        "'; DROP TABLE pin; --",
    ] {
        assert_eq!(check(&pins, nobody, ALICE).await, "refused", "{nobody}");
    }
}

#[tokio::test(start_paused = true)]
async fn five_failures_block_and_fifteen_lock_until_unlocked() {
    let house = House::new();
    let pins = house.pins();
    for block in 1..=3 {
        for _ in 0..4 {
            assert_eq!(check(&pins, "2001", "999999").await, "refused");
        }
        assert_eq!(check(&pins, "2001", "999999").await, "refused");
        assert_eq!(check(&pins, "2001", ALICE).await, "locked out");
        // The counters are on the disk, not in the keeper.
        let restarted = house.pins();
        assert_eq!(check(&restarted, "2001", ALICE).await, "locked out");
        house.clock.advance(15 * 60);
        if block < 3 {
            let state = mailboxes::show(&house.store, "alice", house.clock.now()).unwrap();
            assert_eq!(state.pin.unwrap().failures.count, block * 5);
        }
    }
    assert_eq!(check(&pins, "2001", ALICE).await, "locked out");
    house.clock.advance(1_000_000);
    assert_eq!(check(&pins, "2001", ALICE).await, "locked out");
    mailboxes::unlock(&house.store, "alice").unwrap();
    assert_eq!(check(&pins, "2001", ALICE).await, "must change");
}

#[tokio::test(start_paused = true)]
async fn a_right_pin_starts_the_count_anew() {
    let house = House::new();
    let pins = house.pins();
    for _ in 0..10 {
        for _ in 0..4 {
            assert_eq!(check(&pins, "2001", "999999").await, "refused");
        }
        assert_eq!(check(&pins, "2001", ALICE).await, "accepted");
        house.clock.advance(11 * 60);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn parallel_guesses_do_not_pass_the_block() {
    let house = House::new();
    let pins = Arc::new(house.pins());
    let mut guesses = tokio::task::JoinSet::new();
    for guess in 0..20 {
        let pins = pins.clone();
        guesses.spawn(async move { check(&pins, "2001", &format!("9{guess:05}")).await });
    }
    let answers = guesses.join_all().await;
    let looked_at = answers
        .iter()
        .filter(|answer| **answer == "refused")
        .count();
    assert_eq!(looked_at, 5, "{answers:?}");
    assert_eq!(check(&pins, "2001", ALICE).await, "locked out");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn many_right_attempts_at_once_are_all_let_in() {
    let house = House::new();
    let pins = Arc::new(house.pins());
    let mut attempts = tokio::task::JoinSet::new();
    for _ in 0..40 {
        let pins = pins.clone();
        attempts.spawn(async move { check(&pins, "2001", ALICE).await });
    }
    let answers = attempts.join_all().await;
    assert!(answers.iter().all(|one| *one == "accepted"), "{answers:?}");
}

#[tokio::test]
async fn an_attempt_counts_before_its_outcome_is_known() {
    let house = House::new();
    let policy = house.organisation.by_user("alice").unwrap().policy;
    for _ in 0..5 {
        // The process is killed behind the reservation, before anybody hears the answer.
        house
            .store
            .write_now(|db| {
                let asked = Some(("alice", &*policy));
                pin_rows::reserve(db, asked, "4711", house.clock.now()).map(drop)
            })
            .unwrap();
    }
    assert_eq!(check(&house.pins(), "2001", ALICE).await, "locked out");
    house.clock.advance(15 * 60);
    assert_eq!(check(&house.pins(), "2001", ALICE).await, "accepted");
}

#[tokio::test(start_paused = true)]
async fn a_calling_number_may_guess_twenty_times_in_ten_minutes() {
    let house = House::new();
    let pins = house.pins();
    let guess = async |number: &str, pin: &str, calling: Option<&str>| {
        word(&pins.check("demo", number, pin, calling).await.unwrap())
    };
    for at in 0..20 {
        let number = format!("{}", 2005 + at);
        assert_eq!(guess(&number, "999999", Some("4711")).await, "refused");
    }
    // Now even a right PIN is not looked at from there, and is neither counted against alice.
    assert_eq!(guess("2001", ALICE, Some("4711")).await, "refused");
    assert_eq!(guess("2001", ALICE, Some("4712")).await, "accepted");
    assert_eq!(guess("2001", ALICE, None).await, "accepted");
    house.clock.advance(10 * 60);
    assert_eq!(guess("2001", ALICE, Some("4711")).await, "accepted");
}

#[tokio::test(start_paused = true)]
async fn a_hundred_wrong_sign_ins_slow_answers_down() {
    let house = House::new();
    let pins = house.pins();
    let started = tokio::time::Instant::now();
    for at in 0..100 {
        check(&pins, &format!("90{at:02}"), "999999").await;
    }
    assert!(started.elapsed() < std::time::Duration::from_secs(1));
    assert_eq!(check(&pins, "2001", ALICE).await, "accepted");
    assert!(started.elapsed() >= std::time::Duration::from_secs(3));
}

#[tokio::test(start_paused = true)]
async fn a_pin_expires_and_a_longer_minimum_makes_it_change() {
    let house = House::new();
    let pins = house.pins();
    house.clock.advance(60 * 86_400 - 1);
    assert_eq!(check(&pins, "2001", ALICE).await, "accepted");
    house.clock.advance(1);
    assert_eq!(check(&pins, "2001", ALICE).await, "must change");
    assert_eq!(pins.change("alice", "730518").await.unwrap(), None);
    assert_eq!(check(&pins, "2001", ALICE).await, "refused");
    assert_eq!(check(&pins, "2001", "730518").await, "accepted");
    let text = crate::organisation::export_text(&house.store).unwrap();
    let longer = text.replace("min_pin_length = 6", "min_pin_length = 7");
    let folder = house.folder.path();
    crate::organisation::apply_text(
        &house.store,
        &longer,
        folder,
        false,
        PinCost::CHEAPEST,
        now(),
    )
    .unwrap();
    house.organisation.refresh_now().unwrap();
    assert_eq!(check(&pins, "2001", "730518").await, "must change");
}

#[tokio::test(start_paused = true)]
async fn former_pins_are_refused_as_far_back_as_the_policy_says() {
    let house = House::new();
    let pins = house.pins();
    let used = Some(PinRefusal::UsedBefore);
    assert_eq!(pins.examine("alice", ALICE).await.unwrap(), used);
    assert_eq!(pins.change("alice", ALICE).await.unwrap(), used);
    for pin in ["730518", "730519", "730510", "730511"] {
        assert_eq!(pins.change("alice", pin).await.unwrap(), None);
        assert_eq!(pins.examine("alice", ALICE).await.unwrap(), used);
    }
    // Five back: the first is free again.
    assert_eq!(pins.change("alice", "730512").await.unwrap(), None);
    assert_eq!(pins.examine("alice", ALICE).await.unwrap(), None);
    assert_eq!(pins.examine("alice", "730518").await.unwrap(), used);
    let own_number = Some(PinRefusal::OwnNumber);
    assert_eq!(pins.examine("alice", "550102").await.unwrap(), own_number);
    let common = Some(PinRefusal::CommonPattern);
    assert_eq!(pins.examine("alice", "987654").await.unwrap(), common);
    let short = Some(PinRefusal::TooShort { at_least: 6 });
    assert_eq!(pins.examine("alice", "48291").await.unwrap(), short);
}

#[tokio::test(start_paused = true)]
async fn no_pin_stands_in_the_database() {
    let house = House::new();
    house.pins().change("bob", "730518").await.unwrap();
    let mut bytes = Vec::new();
    for file in std::fs::read_dir(house.folder.path()).unwrap() {
        let path = file.unwrap().path();
        if path.is_file() {
            bytes.extend(std::fs::read(path).unwrap());
        }
    }
    for pin in [ALICE, "730518", "739164", "950371"] {
        let found = bytes.windows(6).any(|window| window == pin.as_bytes());
        assert!(!found, "{pin}");
    }
}

#[tokio::test(start_paused = true)]
async fn telephone_access_can_be_forbidden() {
    let house = House::new();
    let text = crate::organisation::export_text(&house.store).unwrap();
    let forbidden = text.replace(
        "allow_subscriber_access = true",
        "allow_subscriber_access = false",
    );
    let folder = house.folder.path();
    crate::organisation::apply_text(
        &house.store,
        &forbidden,
        folder,
        false,
        PinCost::CHEAPEST,
        now(),
    )
    .unwrap();
    house.organisation.refresh_now().unwrap();
    let pins = house.pins();
    assert_eq!(check(&pins, "2001", ALICE).await, "not allowed");
    assert_eq!(check(&pins, "2001", "999999").await, "refused");
}

/// Keeps the PINs that it was given; refuses them when told to.
#[derive(Default)]
struct Letters {
    pins: std::sync::Mutex<Vec<String>>,
    refuses: std::sync::atomic::AtomicBool,
}

#[async_trait::async_trait]
impl crate::policy::pin::PinPost for Letters {
    async fn post(
        &self,
        owner: &crate::policy::mailbox::Subscriber,
        pin: &str,
    ) -> Result<(), crate::policy::pin::PinFault> {
        assert_eq!(owner.user(), "alice");
        if self.refuses.load(std::sync::atomic::Ordering::Relaxed) {
            return Err(crate::policy::pin::PinFault("no mail".into()));
        }
        self.pins.lock().unwrap().push(pin.to_owned());
        Ok(())
    }
}

#[tokio::test(start_paused = true)]
async fn where_mail_reaches_its_owner_five_failures_replace_the_pin_and_fifteen_lock() {
    let house = House::new();
    let letters = std::sync::Arc::new(Letters::default());
    let pins = house.pins().with_post(letters.clone());
    let mailed = || letters.pins.lock().unwrap().clone();
    for round in 1..=2 {
        for failure in 1..=5 {
            assert_eq!(mailed().len(), round - 1, "before failure {failure}");
            assert_eq!(check(&pins, "2001", "999999").await, "refused");
        }
        assert_eq!(mailed().len(), round);
    }
    assert_ne!(mailed()[0], mailed()[1]);
    for dead in [ALICE, &mailed()[0]] {
        assert_eq!(check(&pins, "2001", dead).await, "refused", "an old PIN");
    }
    assert_eq!(check(&pins, "2001", &mailed()[1]).await, "must change");
    // A right PIN forgives; fifteen in a row lock, and no mail unlocks.
    for _ in 1..=15 {
        assert_eq!(check(&pins, "2001", "999999").await, "refused");
    }
    assert_eq!(mailed().len(), 4);
    for pin in mailed() {
        assert_eq!(check(&pins, "2001", &pin).await, "locked out");
    }
}

#[tokio::test(start_paused = true)]
async fn a_pin_that_cannot_be_mailed_stays_and_sign_in_is_blocked() {
    let house = House::new();
    let letters = std::sync::Arc::new(Letters::default());
    letters
        .refuses
        .store(true, std::sync::atomic::Ordering::Relaxed);
    let pins = house.pins().with_post(letters);
    for _ in 1..=5 {
        assert_eq!(check(&pins, "2001", "999999").await, "refused");
    }
    assert_eq!(check(&pins, "2001", ALICE).await, "locked out");
    house.clock.advance(15 * 60);
    assert_eq!(check(&pins, "2001", ALICE).await, "accepted");
}
