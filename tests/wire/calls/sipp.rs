//! The same with sipp, which others use to try telephone systems: many calls at once, over UDP and TCP.

use std::path::Path;
use std::time::Duration;

use ringback::sip::{CallLegEvent, Transport};

use super::{House, rtcp, rtp};
use crate::phone::SOON;

const CALLS: usize = 60;

/// What the host of these calls does with each of them.
#[derive(Clone, Copy)]
enum Habit {
    Answers,
    OnlyRings,
    HangsUpWhenSoundIsAgreed,
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sipp_calls_and_holds() {
    with_sipp("call_with_hold.xml", Habit::Answers).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sipp_gives_up() {
    with_sipp("cancelled_call.xml", Habit::OnlyRings).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sipp_leaves_the_offer_to_us() {
    with_sipp("call_without_offer.xml", Habit::HangsUpWhenSoundIsAgreed).await;
}

async fn with_sipp(scenario: &str, habit: Habit) {
    let is_there = tokio::process::Command::new("sipp")
        .arg("-v")
        .output()
        .await
        .is_ok();
    if !is_there {
        eprintln!("sipp is not installed: {scenario} was not tried");
        return;
    }
    let mut house = House::open_fast(|_| {}).await;
    for transport in [Transport::Udp, Transport::Tcp] {
        let server = house.address(transport, false);
        let file = Path::new(env!("CARGO_MANIFEST_DIR"))
            .join("tests/wire/sipp")
            .join(scenario);
        let mode = if transport == Transport::Udp {
            "u1"
        } else {
            "t1"
        };
        let sipp = tokio::process::Command::new("sipp")
            .arg(server.to_string())
            .args([
                "-sf",
                &file.to_string_lossy(),
                "-t",
                mode,
                "-i",
                "127.0.0.1",
                "-s",
                "7000",
            ])
            .args([
                "-m",
                &CALLS.to_string(),
                "-r",
                "100",
                "-l",
                &CALLS.to_string(),
                "-timeout",
                "20s",
                "-nostdin",
            ])
            .kill_on_drop(true)
            .output();
        let sipp = tokio::time::timeout(Duration::from_secs(30), sipp);
        tokio::pin!(sipp);
        let output = loop {
            tokio::select! {
                output = &mut sipp => break output.expect("sipp ends").unwrap(),
                Some(call) = house.calls.recv() => drop(tokio::spawn(host(call, habit))),
            }
        };
        let report = String::from_utf8_lossy(&output.stdout).into_owned()
            + &String::from_utf8_lossy(&output.stderr);
        assert!(
            output.status.success(),
            "{scenario} over {transport}: {report}"
        );
    }
    assert_eq!(house.endpoint.counts().invites, 2 * CALLS as u64);
    house.is_empty_within(SOON).await.unwrap();
}

async fn host(call: ringback::sip::IncomingCall, habit: Habit) {
    call.ring().await;
    if matches!(habit, Habit::OnlyRings) {
        call.cancelled().await;
        return;
    }
    let Ok(mut leg) = call.answer(rtp(), rtcp()).await else {
        return;
    };
    while let Some(event) = leg.events.recv().await {
        if matches!(
            (&event, habit),
            (CallLegEvent::Media(_), Habit::HangsUpWhenSoundIsAgreed)
        ) {
            leg.hang_up().await;
            return;
        }
    }
}
