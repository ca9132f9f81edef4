//! Which calls are taken, and what becomes of those that are not.

use std::net::SocketAddr;
use std::time::Duration;

use super::{InCall, Server};
use crate::phone::{Message, Phone, offer};

async fn answer_to_invite(phone: &mut Phone, number: &str, sdp: &str) -> Message {
    let mut call = phone.call(number);
    let invite = call.invite("", sdp);
    phone.send(invite).await;
    let answer = phone.answer_to(call.cseq, "INVITE").await;
    if answer.status() >= 300 {
        let ack = call.ack_of(&answer);
        phone.send(ack).await;
    }
    answer
}

fn an_offer() -> String {
    offer("127.0.0.1:40002".parse().unwrap())
}

#[tokio::test]
async fn strangers_unknown_numbers_and_strange_offers_are_turned_away() {
    let server = Server::start().await;
    let mut phone = Phone::udp(server.sip).await;
    let unknown = answer_to_invite(&mut phone, "8123", &an_offer()).await;
    assert_eq!(unknown.status(), 404);
    let video = "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\n\
                 m=audio 40002 RTP/AVP 18\r\na=rtpmap:18 G729/8000\r\n";
    assert_eq!(
        answer_to_invite(&mut phone, "7000", video).await.status(),
        488
    );

    server.change_organisation(|text| text.replace("127.0.0.0/8", "127.0.0.1/32"));
    let elsewhere: SocketAddr = "127.0.0.2:0".parse().unwrap();
    let mut stranger = Phone::udp_from(elsewhere, server.sip).await;
    assert_eq!(
        answer_to_invite(&mut stranger, "7000", &an_offer())
            .await
            .status(),
        403
    );
    assert_eq!(
        answer_to_invite(&mut phone, "8123", &an_offer())
            .await
            .status(),
        404
    );
    // Every call that came so far has given back what it took.
    server.metric_becomes("ringback_rtp_ports", 0.0).await;
    server.metric_becomes("ringback_calls", 0.0).await;
}

#[tokio::test]
async fn one_call_more_than_allowed_gets_503() {
    let server = Server::start_with_config("[limits]\ncalls_max = 2\n").await;
    let mut first = InCall::dial(&server, "7000", "9999", "").await;
    let mut second = InCall::dial(&server, "7000", "9998", "").await;
    let mut phone = Phone::udp(server.sip).await;
    let refused = answer_to_invite(&mut phone, "7000", &an_offer()).await;
    assert_eq!(refused.status(), 503);
    assert!(refused.maybe("Retry-After").is_some());
    first.hang_up().await;
    server.metric_becomes("ringback_calls", 1.0).await;
    InCall::dial(&server, "7000", "9997", "")
        .await
        .hang_up()
        .await;
    second.hang_up().await;
    let record = server.record(refused.header("Call-ID")).await;
    assert_eq!(record["OfferResult"], "Rejected");
    assert_eq!(record["DropCallReason"], "call-limit");
    assert!(server.metric("ringback_calls_refused_total") >= 1.0);
}

#[tokio::test]
async fn a_server_that_is_late_takes_no_new_calls_until_it_is_in_time_again() {
    let server = Server::start_with_config("[media]\npumps = 1\n[limits]\nlate_ms = 5\n").await;
    let mut running = InCall::dial(&server, "7000", "9999", "").await;
    const LATE: &str = "ringback_media_late_microseconds";
    let mut phone = Phone::udp(server.sip).await;
    let mut refused = None;
    // A machine that is busy may ask only when it is over: then once more.
    for _ in 0..3 {
        // So long that the mean of half a second is far above the limit: 100 ms, and a second later
        // still 13.
        server.signal(rustix::process::Signal::STOP);
        tokio::time::sleep(Duration::from_secs(20)).await;
        server.signal(rustix::process::Signal::CONT);
        // The pump has to run once before it knows.
        for _ in 0..100 {
            if server.metric(LATE) > 20_000.0 {
                break;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        let answer = answer_to_invite(&mut phone, "7000", &an_offer()).await;
        if answer.status() == 503 {
            refused = Some(answer);
            break;
        }
    }
    let refused = refused.expect("a server that was stopped is late");
    assert!(refused.maybe("Retry-After").is_some());
    let record = server.record(refused.header("Call-ID")).await;
    assert_eq!(record["OfferResult"], "Rejected");
    assert_eq!(record["DropCallReason"], "overload");

    server.metric_comes_to(LATE, |late| late < 2_000.0).await;
    InCall::dial(&server, "7000", "9998", "")
        .await
        .hang_up()
        .await;
    running.hang_up().await;
}

#[tokio::test]
async fn a_gateway_takes_no_new_calls_and_is_then_disabled() {
    let server = Server::start().await;
    let mut caller = InCall::dial(&server, "7000", "9999", "").await;
    let id = caller.id().to_owned();
    server.hears(&id, "welcome").await;
    let set = |status: &str| {
        let line = format!("address = \"127.0.0.0/8\"\nstatus = \"{status}\"");
        server.change_organisation(|text| {
            let text: Vec<&str> = text
                .lines()
                .filter(|line| !line.starts_with("status"))
                .collect();
            text.join("\n").replace("address = \"127.0.0.0/8\"", &line)
        });
    };
    set("NoNewCalls");
    let mut phone = Phone::udp(server.sip).await;
    let refused = answer_to_invite(&mut phone, "7000", &an_offer()).await;
    assert_eq!(refused.status(), 503);
    assert!(refused.maybe("Retry-After").is_some());
    assert!(
        caller.sound.receive(Duration::from_secs(1)).await.is_some(),
        "the running call goes on"
    );
    set("Disabled");
    let bye = caller.phone.request("BYE").await;
    caller.phone.reply(&bye, "200 OK", "", "").await;
    server
        .wait_for(&id, &[("event", "ended"), ("why", "gateway-disabled")])
        .await;
    assert_eq!(
        answer_to_invite(&mut phone, "7000", &an_offer())
            .await
            .status(),
        403
    );
    set("Enabled");
    InCall::dial(&server, "7000", "9999", "")
        .await
        .hang_up()
        .await;
}

#[tokio::test]
async fn it_rings_before_it_is_answered() {
    let server = Server::start_with_config("[sip]\nanswer_after_ms = 1500\n").await;
    let mut phone = Phone::udp(server.sip).await;
    let ringing = async |phone: &mut Phone, extra: &str| {
        let mut call = phone.call("7000");
        let invite = call.invite(extra, &an_offer());
        phone.send(invite).await;
        let id = call.call_id.clone();
        let ringing = phone
            .wait_for("180", |message| {
                message.status() == 180 && message.header("Call-ID") == id
            })
            .await;
        let mut early = call.clone();
        early.take(&ringing);
        (call, early, ringing)
    };

    // Reliably, and what may be asked meanwhile is answered before the 200.
    let (mut call, mut early, reliable) = ringing(&mut phone, "Require: 100rel\r\n").await;
    for request in [
        early.prack(&reliable),
        early.request("UPDATE", "", ""),
        early.request("UPDATE", "Content-Type: application/sdp\r\n", &an_offer()),
    ] {
        phone.send(request).await;
    }
    assert_eq!(phone.answer_to(2, "PRACK").await.status(), 200);
    assert_eq!(phone.answer_to(3, "UPDATE").await.status(), 200);
    assert_eq!(phone.answer_to(4, "UPDATE").await.status(), 500);
    let answer = phone.answer_to(1, "INVITE").await;
    assert_eq!(answer.status(), 200);
    call.take(&answer);
    phone.send(call.ack("")).await;
    assert_eq!(phone.hang_up(&mut early).await.status(), 200);

    // Confirmed by nobody, it is answered all the same, and ends.
    let (mut call, ..) = ringing(&mut phone, "Require: 100rel\r\n").await;
    let answer = phone.answer_to(1, "INVITE").await;
    assert_eq!(answer.status(), 200);
    call.take(&answer);
    phone.send(call.ack("")).await;
    assert_eq!(phone.hang_up(&mut call).await.status(), 200);

    // Given up early, by CANCEL and by BYE.
    for method in ["CANCEL", "BYE"] {
        let (call, mut early, unreliable) = ringing(&mut phone, "").await;
        assert_eq!(unreliable.maybe("RSeq"), None);
        let (request, cseq) = match method {
            "BYE" => (early.request("BYE", "", ""), 2),
            _ => (call.same_transaction("CANCEL"), 1),
        };
        phone.send(request).await;
        assert_eq!(phone.answer_to(cseq, method).await.status(), 200);
        let refusal = phone.answer_to(1, "INVITE").await;
        assert_eq!(refusal.status(), 487, "{method}");
        phone.send(call.ack_of(&refusal)).await;
        let record = server.record(&call.call_id).await;
        assert_eq!(record["OfferResult"], "Failed");
    }
    server.metric_becomes("ringback_calls", 0.0).await;
    server.metric_becomes("ringback_rtp_ports", 0.0).await;
}
