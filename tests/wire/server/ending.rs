//! How calls and the server end.

use std::time::{Duration, Instant};

use rustix::process::Signal;

use super::{InCall, Server, Wanted, diverted_from, speech};
use crate::phone::{Phone, offer};

async fn status_of_new_call(server: &Server) -> (u16, bool) {
    let mut phone = Phone::udp(server.sip).await;
    let mut call = phone.call("7000");
    let invite = call.invite("", &offer("127.0.0.1:40002".parse().unwrap()));
    phone.send(invite).await;
    let answer = phone.answer_to(call.cseq, "INVITE").await;
    let ack = call.ack_of(&answer);
    phone.send(ack).await;
    (answer.status(), answer.maybe("Retry-After").is_some())
}

#[tokio::test]
async fn a_drain_lets_running_calls_end_and_takes_no_new_ones() {
    let mut server = Server::start().await;
    let mut caller = InCall::dial(&server, "7000", "9999", "").await;
    server.hears(caller.id(), "welcome").await;
    assert_eq!(server.page("/healthz").0, 200);
    server.signal(Signal::TERM);
    let until = Instant::now() + Duration::from_secs(5);
    while server.page("/healthz").0 != 503 {
        assert!(Instant::now() < until, "still ready");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    assert_eq!(status_of_new_call(&server).await, (503, true));
    let mut phone = Phone::udp(server.sip).await;
    let mut options = phone.call("7000");
    let ping = options.request("OPTIONS", "", "");
    phone.send(ping).await;
    assert_eq!(phone.answer_to(options.cseq, "OPTIONS").await.status(), 503);
    // The running call goes on: its keys are heard.
    caller.sound.press_all("2001").await;
    server.hears(caller.id(), "enter-pin").await;
    assert!(server.child.try_wait().unwrap().is_none());
    caller.hang_up().await;
    let status = server.ended_within(Duration::from_secs(10)).await;
    assert!(
        status.is_some_and(|status| status.success()),
        "{}",
        server.log()
    );
}

#[tokio::test]
async fn a_drain_that_lasts_too_long_tells_callers_and_keeps_recordings() {
    let mut server = Server::start_with_config("[limits]\ndrain_s = 1\n").await;
    let words = speech(&server);
    let mut listening = InCall::dial(&server, "7000", "9999", "").await;
    let mut speaking = InCall::dial(&server, "7000", "5550199", &diverted_from("2010")).await;
    server.hears(listening.id(), "welcome").await;
    speaking.sound.press('#').await;
    speaking
        .sound
        .send_silence(Duration::from_millis(900))
        .await;
    let spoken = speaking.speak(&words, Duration::from_secs(4));
    let ended = async {
        tokio::time::sleep(Duration::from_millis(1_500)).await;
        server.signal(Signal::TERM);
        let bye = listening
            .phone
            .wait_within(Duration::from_secs(25), |message| {
                message.method() == "BYE" && message.status() == 0
            });
        let bye = bye.await.expect("a BYE");
        listening.phone.reply(&bye, "200 OK", "", "").await;
    };
    tokio::join!(spoken, ended);
    server.hears(listening.id(), "shutdown-goodbye").await;
    server
        .wait_for(listening.id(), &[("event", "ended"), ("why", "shutdown")])
        .await;
    let bye = speaking
        .phone
        .wait_within(Duration::from_secs(25), |message| {
            message.method() == "BYE" && message.status() == 0
        });
    let bye = bye.await.expect("a BYE");
    speaking.phone.reply(&bye, "200 OK", "", "").await;
    let status = server.ended_within(Duration::from_secs(15)).await;
    assert!(
        status.is_some_and(|status| status.success()),
        "{}",
        server.log()
    );
    server.start_again();
    server.metric_becomes("ringback_outbox_depth", 0.0).await;
    let messages = server.messages("2010");
    assert_eq!(messages.len(), 1, "what was recorded is kept: {messages:?}");
}

#[tokio::test]
async fn a_second_signal_ends_calls_within_five_seconds() {
    let mut server = Server::start().await;
    let caller = InCall::dial(&server, "7000", "9999", "").await;
    server.hears(caller.id(), "welcome").await;
    server.signal(Signal::TERM);
    tokio::time::sleep(Duration::from_millis(500)).await;
    assert!(server.child.try_wait().unwrap().is_none());
    server.signal(Signal::TERM);
    // The phone does not even answer the BYE.
    let status = server.ended_within(Duration::from_secs(5)).await;
    assert!(
        status.is_some_and(|status| status.success()),
        "{}",
        server.log()
    );
}

#[tokio::test]
async fn a_panic_ends_one_call_and_the_other_keeps_its_sound() {
    let server = Server::start_as(Wanted {
        environment: vec![("RINGBACK_TEST_PANIC_FOR".to_owned(), "5550666".to_owned())],
        ..Wanted::default()
    })
    .await;
    let caller = InCall::dial(&server, "7000", "9999", "").await;
    server.hears(caller.id(), "welcome").await;
    let mut unlucky = InCall::dial(&server, "7000", "5550666", "").await;
    let bye = unlucky.phone.request("BYE").await;
    unlucky.phone.reply(&bye, "200 OK", "", "").await;
    server
        .wait_for(unlucky.id(), &[("event", "ended"), ("why", "fault")])
        .await;
    assert_eq!(server.metric("ringback_call_faults_total"), 1.0);
    // The other call's packets come on, without a hole.
    let mut last = None;
    for _ in 0..50 {
        let packet = caller.sound.receive(Duration::from_millis(500)).await;
        let sequence = packet.expect("a packet").sequence;
        if let Some(last) = last {
            assert_eq!(sequence, u16::wrapping_add(last, 1));
        }
        last = Some(sequence);
    }
    server.metric_becomes("ringback_calls", 1.0).await;
    server.metric_becomes("ringback_rtp_ports", 1.0).await;
}

#[tokio::test]
async fn a_reload_takes_new_limits_and_a_faulty_file_changes_nothing() {
    let server = Server::start_with_config("[limits]\ncalls_max = 1\n").await;
    let file = server.folder.path().join("ringback.toml");
    let mut caller = InCall::dial(&server, "7000", "9999", "").await;
    assert_eq!(status_of_new_call(&server).await, (503, true));
    std::fs::write(&file, "[limits]\ncalls_maxx = 2\n").unwrap();
    server.signal(Signal::HUP);
    server.metric_becomes("ringback_reloads_total", 1.0).await;
    assert_eq!(status_of_new_call(&server).await, (503, true));
    assert!(
        server.log().contains("did you mean `calls_max`?"),
        "{}",
        server.log()
    );
    std::fs::write(&file, "[limits]\ncalls_max = 2\n").unwrap();
    server.signal(Signal::HUP);
    server.metric_becomes("ringback_reloads_total", 2.0).await;
    InCall::dial(&server, "7000", "9998", "")
        .await
        .hang_up()
        .await;
    assert!(caller.sound.receive(Duration::from_secs(1)).await.is_some());
    caller.hang_up().await;
}
