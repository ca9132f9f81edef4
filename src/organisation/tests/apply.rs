//! Export and apply.

use std::fs;
use std::path::Path;

use rand::Rng;

use super::*;
use crate::line::Sound;
use crate::organisation::text;
use crate::organisation::whole::Whole;
use crate::organisation::{OrganisationFault, Report, apply_text, check_text, export, export_text};
use crate::policy::dial_plan::DialPlan;
use crate::policy::mailbox::{Mailbox, Subscribers};
use crate::store::wav;

fn try_apply(house: &House, text: &str, dry_run: bool) -> Result<Report, OrganisationFault> {
    let folder = house.folder.path();
    apply_text(
        &house.store,
        text,
        folder,
        dry_run,
        PinCost::CHEAPEST,
        now(),
    )
}

/// Why applying the demo with `from` replaced by `to` is refused.
fn refusal(house: &House, from: &str, to: &str) -> String {
    let text = export_text(&house.store).unwrap();
    assert!(text.contains(from), "{from}");
    match try_apply(house, &text.replacen(from, to, 1), true) {
        Ok(_) => String::new(),
        Err(fault) => fault.to_string(),
    }
}

#[test]
fn what_is_exported_applies_to_no_change() {
    let house = House::new();
    let text = export_text(&house.store).unwrap();
    assert_eq!(try_apply(&house, &text, false).unwrap(), Report::default());
    let other = tempfile::tempdir().unwrap();
    let other_store = Store::open(other.path()).unwrap();
    let other = House::of(other, other_store);
    let report = try_apply(&other, &text, false).unwrap();
    assert_eq!(report.pins.len(), 48, "new mailboxes get PINs");
    assert_eq!(export_text(&other.store).unwrap(), text);
}

#[test]
fn a_report_says_what_would_change_and_a_dry_run_changes_nothing() {
    let house = House::new();
    let text = export_text(&house.store).unwrap();
    let changed = text
        .replacen("max_call_duration = 30", "max_call_duration = 45", 1)
        .replacen("user = \"xu\"", "user = \"xo\"", 2);
    let planned = try_apply(&house, &changed, true).unwrap();
    let said = planned.to_string();
    assert_eq!(
        said,
        "~ dial_plan \"demo\"\n    max_call_duration: 30 -> 45\n\
         + person \"xo\"\n- person \"xu\"\n+ mailbox \"xo\"\n- mailbox \"xu\"\n"
    );
    assert_eq!(export_text(&house.store).unwrap(), text);
    let done = try_apply(&house, &changed, false).unwrap();
    assert_eq!(done.changes, planned.changes);
    assert_eq!(done.pins.len(), 1);
    assert!(
        house.organisation.by_user("xu").is_some(),
        "until it is read again"
    );
    house.organisation.refresh_now().unwrap();
    assert!(house.organisation.by_user("xu").is_none());
    assert_eq!(
        house.organisation.by_number("demo", "2022").unwrap().user(),
        "xo"
    );
}

#[test]
fn two_mailboxes_can_swap_extensions() {
    let house = House::new();
    let text = export_text(&house.store).unwrap();
    let swapped = text
        .replace("extensions = [\"2001\"]", "extensions = [\"swap\"]")
        .replace("extensions = [\"2002\"]", "extensions = [\"2001\"]")
        .replace("extensions = [\"swap\"]", "extensions = [\"2002\"]");
    try_apply(&house, &swapped, false).unwrap();
    house.organisation.refresh_now().unwrap();
    assert_eq!(
        house.organisation.by_number("demo", "2001").unwrap().user(),
        "bob"
    );
}

#[test]
fn misspelt_keys_are_named_with_what_was_meant() {
    let house = House::new();
    let said = refusal(&house, "max_call_duration", "max_call_durations");
    assert_eq!(
        said,
        "dial_plan \"demo\": unknown key \"max_call_durations\"; did you mean \"max_call_duration\"?"
    );
    let said = refusal(&house, "[[dial_plan]]", "[[dialplan]]");
    assert!(
        said.contains("unknown key \"dialplan\"; did you mean \"dial_plan\"?"),
        "{said}"
    );
    let said = refusal(
        &house,
        "max_call_duration = 30",
        "max_call_duration = \"long\"",
    );
    assert!(
        said.contains("max_call_duration = \"long\"") && said.contains("line"),
        "{said}"
    );
    let said = refusal(
        &house,
        "address = \"127.0.0.0/8\"",
        "address = \"localhost\"",
    );
    assert!(said.contains("192.0.2.10"), "{said}");
}

#[test]
fn every_range_is_kept_to_the_number() {
    let house = House::new();
    // Key, value in the demo, lowest, highest.
    let ranges = [
        ("number_of_digits_in_extension", 4, 1, 20),
        ("logon_failures_before_disconnect", 3, 1, 20),
        ("input_failures_before_disconnect", 3, 1, 20),
        ("max_call_duration", 30, 10, 120),
        ("max_recording_duration", 20, 1, 100),
        ("recording_idle_timeout", 5, 2, 10),
        ("min_pin_length", 6, 4, 24),
        ("pin_history_count", 5, 1, 20),
        ("pin_lifetime_days", 60, 0, 999),
        ("logon_failures_before_pin_reset", 5, 0, 998),
        ("max_logon_attempts", 15, 1, 999),
        ("max_greeting_duration", 5, 1, 10),
    ];
    for (key, present, lowest, highest) in ranges {
        let from = format!("{key} = {present}\n");
        let out_of_range = |value: i32| {
            let said = refusal(&house, &from, &format!("{key} = {value}\n"));
            said.contains(&format!("{key} = {value}: must be {lowest} to {highest}"))
        };
        assert!(!out_of_range(lowest), "{key} = {lowest}");
        assert!(!out_of_range(highest), "{key} = {highest}");
        assert!(out_of_range(highest + 1), "{key} = {}", highest + 1);
        if lowest > 0 {
            assert!(out_of_range(lowest - 1), "{key} = {}", lowest - 1);
        }
    }
    for rate in ["requests_per_second = 50", "calls_per_second = 10"] {
        let key = rate.split(' ').next().unwrap();
        let said = refusal(&house, rate, &format!("{key} = 0"));
        assert!(said.contains("must be 1 to"), "{said}");
    }
}

#[test]
fn settings_that_contradict_each_other_are_refused() {
    let house = House::new();
    let table = [
        (
            "max_recording_duration = 20",
            "max_recording_duration = 30",
            "below max_call_duration",
        ),
        (
            "logon_failures_before_pin_reset = 5",
            "logon_failures_before_pin_reset = 15",
            "below max_logon_attempts",
        ),
        (
            "welcome_greeting_enabled = false",
            "welcome_greeting_enabled = true",
            "must name a WAV file",
        ),
        (
            "info_announcement_enabled = \"False\"",
            "info_announcement_enabled = \"True\"",
            "must name a WAV file",
        ),
        (
            "dial_plan = \"demo\"\ngateway",
            "dial_plan = \"dmo\"\ngateway",
            "did you mean \"demo\"?",
        ),
        (
            "gateway = \"this computer\"",
            "gateway = \"that\"",
            "there is no such gateway",
        ),
        (
            "extensions = [\"2002\"]",
            "extensions = [\"2001\"]",
            "belongs to \"alice\" already",
        ),
        (
            "extensions = [\"2002\"]",
            "extensions = []",
            "at least one extension",
        ),
        (
            "extensions = [\"2002\"]",
            "extensions = [\"2002\"]\naddresses = [\"bob\"]",
            "must be a SIP address",
        ),
        ("uri_type = \"TelExtn\"", "uri_type = \"E164\"", "is fixed"),
        (
            "name = \"demo Default Policy\"",
            "name = \"demo: Policy\"",
            "must not contain ':'",
        ),
        ("user = \"bob\"", "user = \"alice\"", "stands there twice"),
        (
            "default_language = \"en-US\"",
            "default_language = \"English, please\"",
            "must be a language tag",
        ),
        (
            "access_telephone_numbers = [\"7000\"]",
            "access_telephone_numbers = [\"seven\"]",
            "must be a number",
        ),
    ];
    for (from, to, expected) in table {
        let said = refusal(&house, from, to);
        assert!(said.contains(expected), "{to}: {said}");
    }
}

#[test]
fn a_new_dial_plan_brings_its_default_policy() {
    let house = House::new();
    let text = export_text(&house.store).unwrap();
    let more =
        format!("{text}\n[[dial_plan]]\nname = \"second\"\nnumber_of_digits_in_extension = 3\n");
    try_apply(&house, &more, false).unwrap();
    let exported = export_text(&house.store).unwrap();
    assert!(exported.contains("name = \"second Default Policy\""));
    let long = format!(
        "{text}\n[[dial_plan]]\nname = \"{}\"\nnumber_of_digits_in_extension = 3\n",
        "x".repeat(50)
    );
    let said = try_apply(&house, &long, false).unwrap_err().to_string();
    assert!(said.contains("1 to 49 characters"), "{said}");
    let taken = format!(
        "{text}\n[[dial_plan]]\nname = \"third\"\nnumber_of_digits_in_extension = 4\naccess_telephone_numbers = [\"70-00\"]\n"
    );
    let said = try_apply(&house, &taken, false).unwrap_err().to_string();
    assert!(said.contains("one dial plan only"), "{said}");
}

fn write_wav(path: &Path, rate: u32, bits: u16, channels: u16) {
    let spec = hound::WavSpec {
        channels,
        sample_rate: rate,
        bits_per_sample: bits,
        sample_format: hound::SampleFormat::Int,
    };
    let mut writer = hound::WavWriter::create(path, spec).unwrap();
    for at in 0..800 * i32::from(channels) {
        writer.write_sample(at % 100).unwrap();
    }
    writer.finalize().unwrap();
}

#[test]
fn custom_prompts_come_and_go_with_the_file() {
    let house = House::new();
    let text = export_text(&house.store).unwrap();
    let welcome = "welcome_greeting_enabled = true\nwelcome_greeting_filename = \"welcome.wav\"";
    let with_welcome = text.replace("welcome_greeting_enabled = false", welcome);
    let path = house.folder.path().join("welcome.wav");
    let said = try_apply(&house, &with_welcome, false)
        .unwrap_err()
        .to_string();
    assert!(said.contains("beside the TOML file"), "{said}");
    for (rate, bits, channels) in [(16_000, 16, 1), (8_000, 8, 1), (8_000, 16, 2)] {
        write_wav(&path, rate, bits, channels);
        let said = try_apply(&house, &with_welcome, false)
            .unwrap_err()
            .to_string();
        assert!(said.contains("convert it to 16 bit linear PCM"), "{said}");
    }
    fs::write(&path, b"RIFF but no more").unwrap();
    assert!(try_apply(&house, &with_welcome, false).is_err());
    write_wav(&path, 8_000, 16, 1);
    try_apply(&house, &with_welcome, false).unwrap();
    house.organisation.refresh_now().unwrap();
    let sound = house
        .organisation
        .snapshot()
        .custom_prompt("welcome.wav")
        .unwrap();
    assert_eq!(sound.samples().len(), 800);

    let target = tempfile::tempdir().unwrap();
    export(&house.store, &target.path().join("organisation.toml")).unwrap();
    let exported = wav::read_stored(&target.path().join("welcome.wav")).unwrap();
    assert_eq!(exported, sound.samples());

    let elsewhere = with_welcome.replace("\"welcome.wav\"", "\"../welcome.wav\"");
    let said = try_apply(&house, &elsewhere, false)
        .unwrap_err()
        .to_string();
    assert!(said.contains("plain file name"), "{said}");
    try_apply(&house, &text, false).unwrap();
    house.organisation.refresh_now().unwrap();
    assert!(
        house
            .organisation
            .snapshot()
            .custom_prompt("welcome.wav")
            .is_none()
    );
}

#[tokio::test]
async fn a_prompt_recorded_by_telephone_takes_the_place_of_the_file() {
    let house = House::new();
    let text = export_text(&house.store).unwrap();
    let welcome = "welcome_greeting_enabled = true\nwelcome_greeting_filename = \"welcome.wav\"";
    let with_welcome = text.replace("welcome_greeting_enabled = false", welcome);
    write_wav(&house.folder.path().join("welcome.wav"), 8_000, 16, 1);
    try_apply(&house, &with_welcome, false).unwrap();
    house.organisation.refresh_now().unwrap();
    let before = house.organisation.snapshot();

    let spoken = Sound::new(vec![7; 1_600]);
    let organisation = &house.organisation;
    let replaced = organisation.replace_custom_prompt("welcome.wav", &spoken);
    replaced.await.unwrap();
    let after = organisation.snapshot();
    assert!(after.version() > before.version(), "other servers see it");
    let heard = after.custom_prompt("welcome.wav").unwrap();
    assert_eq!(heard.samples(), spoken.samples());
    let target = tempfile::tempdir().unwrap();
    export(&house.store, &target.path().join("organisation.toml")).unwrap();
    let exported = wav::read_stored(&target.path().join("welcome.wav")).unwrap();
    assert_eq!(exported, spoken.samples());
    // The older file comes back only by an apply, which says so.
    let report = try_apply(&house, &with_welcome, true).unwrap();
    assert!(report.to_string().contains("~ sound \"welcome.wav\""));

    let nobodys = organisation.replace_custom_prompt("other.wav", &spoken);
    assert!(nobodys.await.unwrap_err().to_string().contains("other.wav"));
    assert!(organisation.snapshot().custom_prompt("other.wav").is_none());
}

/// Twenty thousand damaged organisations: each is read or refused, none ends the program.
#[test]
fn no_text_can_break_the_reader() {
    let text = include_str!("../demo.toml");
    let mut random = StdRng::seed_from_u64(20_261_121);
    // Some objects of each kind: a short text is a fast one.
    let objects: Vec<&str> = text.split_inclusive("\n\n").collect();
    let of_kind = |kind: &str| {
        let of_kind = objects
            .iter()
            .filter(|object| object.starts_with(kind))
            .take(1);
        of_kind.copied().collect::<String>()
    };
    let kinds = [
        "[[dial_plan",
        "[[gateway",
        "[[hunt",
        "[[mailbox_",
        "[[person",
        "[[mailbox]",
    ];
    let seed: String = kinds.iter().map(|kind| of_kind(kind)).collect();
    let mut read = 0;
    for _ in 0..20_000 {
        let mut bytes = seed.clone().into_bytes();
        for _ in 0..random.random_range(1..6) {
            let at = random.random_range(0..bytes.len());
            match random.random_range(0..4) {
                0 => bytes[at] = random.random(),
                1 => drop(bytes.remove(at)),
                2 => bytes.insert(
                    at,
                    *b"[]{}=\"'.,#\n0x_-"[..]
                        .get(random.random_range(0..15))
                        .unwrap(),
                ),
                _ => {
                    let end = (at + random.random_range(1..40)).min(bytes.len());
                    let piece = bytes[at..end].to_vec();
                    let to = random.random_range(0..bytes.len());
                    bytes.splice(to..to, piece);
                }
            }
        }
        let text = String::from_utf8_lossy(&bytes);
        read += usize::from(text::parse(&text).is_ok());
        // Mostly found wrong, always said so in words.
        if let Err(fault) = check_text(&text) {
            assert!(!fault.to_string().is_empty());
        }
    }
    assert!(read > 100, "some must have been readable: {read}");
    let deep = format!("x = {}{}", "[".repeat(100_000), "]".repeat(100_000));
    assert!(text::parse(&deep).is_err());
}

/// Not a promise about time, which is measured elsewhere: about what a large organisation holds.
#[test]
fn ten_thousand_mailboxes_are_one_organisation() {
    let house = House::new();
    let mut whole = house.store.read_now(Whole::read).unwrap();
    let before = whole.clone();
    whole.dial_plan.push(DialPlan {
        name: "large".into(),
        number_of_digits_in_extension: 5,
        access_telephone_numbers: vec!["70000".into()],
        ..whole.dial_plan[0].clone()
    });
    whole.complete(&before);
    for number in 10_000..20_000 {
        whole.mailbox.push(Mailbox {
            user: format!("user{number}"),
            policy: "large Default Policy".into(),
            extensions: vec![number.to_string()],
            ..whole.mailbox[0].clone()
        });
    }
    whole.sort();
    whole.check(&before).unwrap();
    house
        .store
        .write_now(|db| whole.write(db, &before))
        .unwrap();
    house.organisation.refresh_now().unwrap();
    let found = house
        .organisation
        .by_number("large", "sip:19999@pbx")
        .unwrap();
    assert_eq!(found.user(), "user19999");
    assert!(house.organisation.by_number("demo", "19999").is_none());
}
