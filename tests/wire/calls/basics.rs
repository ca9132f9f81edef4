//! INVITE, CANCEL, BYE: calls come, are taken or not, and end.

use std::time::Duration;

use ringback::sip::{AnswerFault, CallLegEvent, Codec, Decline, LegEnd};

use super::{House, event, phone_rtp, rtcp, rtp};
use crate::phone::offer;

#[tokio::test]
async fn a_call_is_answered_and_the_caller_hangs_up() {
    let mut house = House::open().await;
    let mut phone = house.udp_phone().await;
    let mut call = phone.call("7000");
    let invite = call.invite("", &offer(phone_rtp()));
    phone.send(invite).await;
    let incoming = house.next_call().await;
    assert_eq!(incoming.called.user, "7000");
    assert_eq!(incoming.calling.as_ref().unwrap().user, "5551000");
    assert_eq!(
        incoming.calling.as_ref().unwrap().display_name.as_deref(),
        Some("Test Phone")
    );
    let plan = incoming.media_plan().unwrap().unwrap();
    assert_eq!(
        (plan.remote, plan.codec, plan.payload_type),
        (phone_rtp(), Codec::Pcmu, 0)
    );
    assert_eq!(
        (plan.telephone_event, plan.ptime_ms, plan.send, plan.receive),
        (Some(101), 20, true, true)
    );
    phone
        .wait_for("100", |message| message.status() == 100)
        .await;
    incoming.ring().await;
    let ringing = phone
        .wait_for("180", |message| message.status() == 180)
        .await;
    let mut leg = incoming.answer(rtp(), rtcp()).await.unwrap();
    let answer = phone.answer_to(1, "INVITE").await;
    assert_eq!(answer.status(), 200);
    assert_eq!(answer.to_tag(), ringing.to_tag());
    assert_eq!(answer.rtp(), rtp());
    assert_eq!(answer.sdp("m=audio "), ["40000 RTP/AVP 0 101"]);
    call.take(&answer);
    let ack = call.ack("");
    phone.send(ack).await;
    assert!(matches!(event(&mut leg).await, CallLegEvent::Confirmed));
    let bye = call.request("BYE", "", "");
    phone.send(bye).await;
    let CallLegEvent::HungUp {
        cause: LegEnd::Caller,
        release,
    } = event(&mut leg).await
    else {
        panic!("hung up")
    };
    drop(release);
    assert_eq!(phone.answer_to(2, "BYE").await.status(), 200);
    house.is_empty_within(Duration::from_secs(1)).await.unwrap();
}

#[tokio::test]
async fn we_hang_up() {
    let mut house = House::open().await;
    let mut phone = house.udp_phone().await;
    let mut call = phone.call("7000");
    let sdp = offer(phone_rtp());
    let (_, mut leg) = tokio::join!(phone.establish(&mut call, &sdp), house.answer());
    assert!(matches!(event(&mut leg).await, CallLegEvent::Confirmed));
    let hang_up = tokio::spawn(async move { leg.hang_up().await });
    let bye = phone.request("BYE").await;
    assert!(
        bye.start_line
            .starts_with(&format!("BYE sip:phone@{}", phone.local)),
        "{}",
        bye.start_line
    );
    phone.reply(&bye, "200 OK", "", "").await;
    hang_up.await.unwrap();
    house.is_empty_within(Duration::from_secs(6)).await.unwrap();
}

#[tokio::test]
async fn the_caller_cancels() {
    let mut house = House::open().await;
    let mut phone = house.udp_phone().await;
    let mut call = phone.call("7000");
    let invite = call.invite("", &offer(phone_rtp()));
    phone.send(invite).await;
    let incoming = house.next_call().await;
    incoming.ring().await;
    phone.send(call.same_transaction("CANCEL")).await;
    assert_eq!(phone.answer_to(1, "CANCEL").await.status(), 200);
    let refusal = phone.answer_to(1, "INVITE").await;
    assert_eq!(refusal.status(), 487);
    phone.send(call.ack_of(&refusal)).await;
    incoming.cancelled().await;
    assert_eq!(
        incoming.answer(rtp(), rtcp()).await.unwrap_err(),
        AnswerFault::Cancelled
    );
    house.is_empty_within(Duration::from_secs(7)).await.unwrap();
}

#[tokio::test]
async fn a_call_is_declined() {
    let mut house = House::open().await;
    let mut phone = house.udp_phone().await;
    let mut call = phone.call("7999");
    let invite = call.invite("", &offer(phone_rtp()));
    phone.send(invite).await;
    let decline = Decline::with_status(503)
        .retry_after(Duration::from_secs(7))
        .because("no \"room\"\r\nhere");
    house.next_call().await.decline(decline).await;
    let refusal = phone.answer_to(1, "INVITE").await;
    assert_eq!(refusal.status(), 503);
    assert_eq!(refusal.header("Retry-After"), "7");
    assert_eq!(refusal.header("Warning"), "399 ringback \"no roomhere\"");
    phone.send(call.ack_of(&refusal)).await;
    house.is_empty_within(Duration::from_secs(7)).await.unwrap();
}
