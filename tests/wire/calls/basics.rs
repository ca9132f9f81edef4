//! INVITE, CANCEL, BYE: calls come, are taken or not, and end.

use std::time::Duration;

use ringback::sip::{AnswerFault, CallLegEvent, Codec, Decline, LegEnd};

use super::{House, event, is_hung_up, is_silent, new_plan, phone_rtp, rtcp, rtp};
use crate::phone::{SOON, offer, offer_of};

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
    let mut house = House::open_fast(|_| {}).await;
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
    house.is_empty_within(SOON).await.unwrap();
}

/// RFC 3261 section 17.2.1: a 100 is for a caller who would otherwise hear nothing for 200 ms.
#[tokio::test]
async fn only_an_invite_that_waits_gets_a_100() {
    let mut house = House::open_fast(|_| {}).await;
    let mut phone = house.udp_phone().await;
    let mut call = phone.call("7000");
    let sdp = offer(phone_rtp());
    let (_, leg) = tokio::join!(phone.establish(&mut call, &sdp), house.answer());
    assert!(
        phone
            .stays_quiet(Duration::from_millis(300), |message| {
                message.status() == 100
            })
            .await,
        "answered at once, and a 100 all the same"
    );
    drop(leg);

    let mut call = phone.call("7000");
    let invite = call.invite("", &offer(phone_rtp()));
    phone.send(invite.clone()).await;
    let incoming = house.next_call().await;
    // Repeated by a caller who is in a hurry: answered with the 100 that is not due yet.
    phone.send(invite).await;
    let early = phone
        .wait_for("100", |message| message.status() == 100)
        .await;
    let due = phone
        .wait_for("100", |message| message.status() == 100)
        .await;
    assert_eq!(early.to_tag(), due.to_tag());
    incoming.decline(Decline::with_status(486)).await;
    let refusal = phone.answer_to(1, "INVITE").await;
    assert_eq!(refusal.to_tag(), due.to_tag());
    phone.send(call.ack_of(&refusal)).await;
}

/// A CANCEL that comes before any response of ours: both its answer and the INVITE's bear one tag (section 9.2).
#[tokio::test]
async fn an_early_cancel() {
    let mut house = House::open_fast(|_| {}).await;
    let mut phone = house.udp_phone().await;
    let mut call = phone.call("7000");
    let invite = call.invite("", &offer(phone_rtp()));
    phone.send(invite).await;
    phone.send(call.same_transaction("CANCEL")).await;
    let incoming = house.next_call().await;
    let answer = phone.answer_to(1, "CANCEL").await;
    assert_eq!(answer.status(), 200);
    let refusal = phone.answer_to(1, "INVITE").await;
    assert_eq!(refusal.status(), 487);
    assert_eq!(answer.to_tag(), refusal.to_tag());
    phone.send(call.ack_of(&refusal)).await;
    incoming.cancelled().await;
    house.is_empty_within(SOON).await.unwrap();
}

#[tokio::test]
async fn a_call_is_declined() {
    let mut house = House::open_fast(|_| {}).await;
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
    house.is_empty_within(SOON).await.unwrap();
}

#[tokio::test]
async fn an_invite_without_offer_gets_ours_and_answers_in_its_ack() {
    let mut house = House::open().await;
    let mut phone = house.udp_phone().await;
    let mut call = phone.call("7000");
    let invite = call.invite("", "");
    phone.send(invite).await;
    let incoming = house.next_call().await;
    assert_eq!(incoming.media_plan(), Ok(None));
    let mut leg = incoming.answer(rtp(), rtcp()).await.unwrap();
    let answer = phone.answer_to(1, "INVITE").await;
    assert_eq!(answer.rtp(), rtp());
    assert_eq!(answer.sdp("m=audio "), ["40000 RTP/AVP 0 8 9 101"]);
    call.take(&answer);
    let ack = call.ack(&offer_of(phone_rtp(), "8 101", "a=sendrecv\r\n"));
    phone.send(ack).await;
    assert!(matches!(event(&mut leg).await, CallLegEvent::Confirmed));
    let plan = new_plan(&mut leg).await;
    assert_eq!((plan.codec, plan.remote), (Codec::Pcma, phone_rtp()));
    assert_eq!(phone.hang_up(&mut call).await.status(), 200);
}

#[tokio::test]
async fn an_ack_without_the_answer_ends_the_call() {
    for answer_sdp in ["", "v=0\r\nm=audio 0 RTP/AVP 0\r\n"] {
        let mut house = House::open().await;
        let mut phone = house.udp_phone().await;
        let mut call = phone.call("7000");
        let invite = call.invite("", "");
        phone.send(invite).await;
        let mut leg = house.answer().await;
        let answer = phone.answer_to(1, "INVITE").await;
        call.take(&answer);
        let ack = call.ack(answer_sdp);
        phone.send(ack).await;
        assert!(matches!(event(&mut leg).await, CallLegEvent::Confirmed));
        assert_eq!(is_hung_up(&mut leg).await, LegEnd::Fault);
        let bye = phone.request("BYE").await;
        phone.reply(&bye, "200 OK", "", "").await;
        house.is_empty_within(SOON).await.unwrap();
    }
}

#[tokio::test]
async fn offers_that_do_not_fit_are_refused_as_what_they_are() {
    let mut house = House::open_fast(|_| {}).await;
    let mut phone = house.udp_phone().await;
    let g729 = offer_of(phone_rtp(), "18", "");
    let encrypted = offer(phone_rtp()).replace("RTP/AVP", "RTP/SAVP");
    for (content_type, body, status) in [
        ("application/sdp", g729.as_str(), 488),
        ("application/sdp", encrypted.as_str(), 488),
        ("application/sdp", "hello", 400),
        ("text/plain", "hello", 415),
    ] {
        let mut call = phone.call("7000");
        let invite = call.request("INVITE", &format!("Content-Type: {content_type}\r\n"), body);
        phone.send(invite).await;
        // The gate may refuse first what cannot be read at all.
        let refusal = tokio::select! {
            refusal = phone.answer_to(1, "INVITE") => refusal,
            incoming = house.next_call() => {
                let fault = incoming.media_plan().unwrap_err();
                assert_eq!(fault.status(), status);
                // Answered all the same, it is declined for the same reason.
                assert_eq!(incoming.answer(rtp(), rtcp()).await.unwrap_err(), AnswerFault::NotAcceptable(fault));
                phone.answer_to(1, "INVITE").await
            }
        };
        assert_eq!(refusal.status(), status, "{content_type}");
        if status == 415 {
            assert!(refusal.header("Accept").contains("application/sdp"));
        }
        phone.send(call.ack_of(&refusal)).await;
    }
    house.is_empty_within(SOON).await.unwrap();
}

#[tokio::test]
async fn a_description_among_other_parts_is_found() {
    let mut house = House::open().await;
    let mut phone = house.udp_phone().await;
    let mut call = phone.call("7000");
    let body = format!(
        "--edge\r\nContent-Type: application/isup;version=itu-t92+\r\nContent-Disposition: signal;handling=optional\r\n\r\n\
         \x01\x02\r\n--edge\r\nContent-Type: application/sdp\r\n\r\n{}\r\n--edge--\r\n",
        offer(phone_rtp())
    );
    let invite = call.request(
        "INVITE",
        "Content-Type: multipart/mixed;boundary=edge\r\n",
        &body,
    );
    phone.send(invite).await;
    let incoming = house.next_call().await;
    assert_eq!(incoming.media_plan().unwrap().unwrap().remote, phone_rtp());
}

#[tokio::test]
async fn a_call_nobody_decides_about_is_declined() {
    let mut house = House::open().await;
    let mut phone = house.udp_phone().await;
    let mut call = phone.call("7000");
    let invite = call.invite("", &offer(phone_rtp()));
    phone.send(invite).await;
    drop(house.next_call().await);
    assert_eq!(phone.answer_to(1, "INVITE").await.status(), 500);

    let mut house = House::open_fast(|_| {}).await;
    let mut phone = house.udp_phone().await;
    let mut call = phone.call("7000");
    let invite = call.invite("", &offer(phone_rtp()));
    phone.send(invite).await;
    let _forgotten = house.next_call().await;
    assert_eq!(phone.answer_to(1, "INVITE").await.status(), 500);
    house.is_empty_within(SOON).await.unwrap();
}

#[tokio::test]
async fn a_leg_that_is_dropped_hangs_up() {
    let mut house = House::open().await;
    let mut phone = house.udp_phone().await;
    let (_call, leg) = house.call(&mut phone, "").await;
    drop(leg);
    let bye = phone.request("BYE").await;
    phone.reply(&bye, "200 OK", "", "").await;
    house.is_empty_within(SOON).await.unwrap();
}

#[tokio::test]
async fn the_bye_is_answered_when_the_recording_is_safe() {
    let mut house =
        House::open_with(|config| config.release_within = Duration::from_millis(600)).await;
    let mut phone = house.udp_phone().await;
    for held in [Duration::from_millis(300), Duration::from_secs(60)] {
        let (mut call, mut leg) = house.call(&mut phone, "").await;
        let begun = tokio::time::Instant::now();
        let bye = call.request("BYE", "", "");
        phone.send(&bye).await;
        let CallLegEvent::HungUp {
            cause: LegEnd::Caller,
            release,
        } = event(&mut leg).await
        else {
            panic!()
        };
        let keeper = tokio::spawn(async move {
            tokio::time::sleep(held).await;
            drop(release);
        });
        // Repeated while it is held, it is still answered once.
        phone.send(&bye).await;
        assert_eq!(phone.answer_to(2, "BYE").await.status(), 200);
        let waited = begun.elapsed();
        let expected = held.min(Duration::from_millis(600));
        assert!(
            waited >= expected && waited < expected + Duration::from_millis(250),
            "{waited:?}"
        );
        assert!(
            phone
                .stays_quiet(Duration::from_millis(100), |message| message.method()
                    == "BYE")
                .await
        );
        keeper.abort();
    }
    house.is_empty_within(SOON).await.unwrap();
}

#[tokio::test]
async fn callers_who_hang_up_early() {
    let mut house = House::open_fast(|_| {}).await;
    let mut phone = house.udp_phone().await;

    // Before the answer, by a BYE in the early dialog.
    let mut call = phone.call("7000");
    let invite = call.invite("", &offer(phone_rtp()));
    phone.send(invite).await;
    let incoming = house.next_call().await;
    incoming.ring().await;
    let ringing = phone
        .wait_for("180", |message| message.status() == 180)
        .await;
    let first = call.clone();
    call.take(&ringing);
    let bye = call.request("BYE", "", "");
    phone.send(bye).await;
    assert_eq!(phone.answer_to(2, "BYE").await.status(), 200);
    let refusal = phone.answer_to(1, "INVITE").await;
    assert_eq!(refusal.status(), 487);
    phone.send(first.ack_of(&refusal)).await;
    assert_eq!(
        incoming.answer(rtp(), rtcp()).await.unwrap_err(),
        AnswerFault::Cancelled
    );

    // After the answer, before the ACK.
    let mut call = phone.call("7000");
    let invite = call.invite("", &offer(phone_rtp()));
    phone.send(invite).await;
    let mut leg = house.answer().await;
    let answer = phone.answer_to(1, "INVITE").await;
    call.take(&answer);
    let bye = call.request("BYE", "", "");
    phone.send(bye).await;
    assert_eq!(is_hung_up(&mut leg).await, LegEnd::Caller);
    assert_eq!(phone.answer_to(2, "BYE").await.status(), 200);
    // And the 200 is not repeated to somebody who is gone.
    let is_repeated =
        |message: &crate::phone::Message| message.status() == 200 && message.method() == "INVITE";
    assert!(
        phone
            .stays_quiet(Duration::from_millis(1_200), is_repeated)
            .await
    );

    // CANCEL and our answer cross: the answer stands.
    let mut call = phone.call("7000");
    let invite = call.invite("", &offer(phone_rtp()));
    phone.send(invite).await;
    let mut leg = house.answer().await;
    phone.send(call.same_transaction("CANCEL")).await;
    assert_eq!(phone.answer_to(1, "CANCEL").await.status(), 200);
    let answer = phone.answer_to(1, "INVITE").await;
    assert_eq!(answer.status(), 200);
    call.take(&answer);
    let ack = call.ack("");
    phone.send(ack).await;
    assert!(matches!(event(&mut leg).await, CallLegEvent::Confirmed));
    assert_eq!(phone.hang_up(&mut call).await.status(), 200);
    house.is_empty_within(SOON).await.unwrap();
}

#[tokio::test]
async fn a_repeated_invite_is_one_call() {
    let mut house = House::open().await;
    let mut phone = house.udp_phone().await;
    let mut call = phone.call("7000");
    let invite = call.invite("", &offer(phone_rtp()));
    for _ in 0..3 {
        phone.send(&invite).await;
    }
    let incoming = house.next_call().await;
    incoming.ring().await;
    phone
        .wait_for("180", |message| message.status() == 180)
        .await;
    // While it rings, a repetition gets the last response again.
    phone.send(&invite).await;
    phone
        .wait_for("180 again", |message| message.status() == 180)
        .await;
    // The same call over another way is a merged request.
    let mut other = house.udp_phone().await;
    let mut merged = call.clone();
    merged.branch += 100;
    other
        .send(merged.write(
            "INVITE",
            1,
            "Content-Type: application/sdp\r\n",
            &offer(phone_rtp()),
        ))
        .await;
    let refusal = phone
        .wait_within(Duration::from_millis(300), |message| {
            message.status() == 482
        })
        .await;
    let refusal = match refusal {
        Some(refusal) => refusal,
        None => other.answer_to(1, "INVITE").await,
    };
    assert_eq!(refusal.status(), 482);
    other.send(merged.ack_of(&refusal)).await;
    let mut leg = incoming.answer(rtp(), rtcp()).await.unwrap();
    let answer = phone.answer_to(1, "INVITE").await;
    call.take(&answer);
    let ack = call.ack("");
    phone.send(&ack).await;
    phone.send(&ack).await;
    assert!(matches!(event(&mut leg).await, CallLegEvent::Confirmed));
    assert!(is_silent(&mut leg).await);
    assert!(house.calls.try_recv().is_err());
    assert_eq!(phone.hang_up(&mut call).await.status(), 200);
}

#[tokio::test]
async fn a_lost_ack() {
    let mut house = House::open_fast(|_| {}).await;
    let mut phone = house.udp_phone().await;
    // The 200 is repeated until the ACK comes.
    let mut call = phone.call("7000");
    let invite = call.invite("", &offer(phone_rtp()));
    phone.send(invite).await;
    let leg = house.answer().await;
    let answer = phone.answer_to(1, "INVITE").await;
    for _ in 0..3 {
        assert_eq!(phone.answer_to(1, "INVITE").await.body, answer.body);
    }
    call.take(&answer);
    // Our hang-up waits for it (RFC 3261 section 15).
    let hang_up = tokio::spawn(async move {
        leg.hang_up().await;
        leg
    });
    assert!(
        phone
            .stays_quiet(Duration::from_millis(200), |message| message.method()
                == "BYE")
            .await
    );
    let ack = call.ack("");
    phone.send(ack).await;
    let bye = phone.request("BYE").await;
    phone.reply(&bye, "200 OK", "", "").await;
    hang_up.await.unwrap();

    // It never comes: the call ends, and nothing is left 40 seconds (of the real T1) after.
    let mut call = phone.call("7000");
    let invite = call.invite("", &offer(phone_rtp()));
    let begun = tokio::time::Instant::now();
    phone.send(invite).await;
    let mut leg = house.answer().await;
    phone.answer_to(1, "INVITE").await;
    assert_eq!(is_hung_up(&mut leg).await, LegEnd::NotAcknowledged);
    phone.request("BYE").await;
    house.is_empty_within(SOON).await.unwrap();
    let lasted = begun.elapsed();
    assert!(
        lasted > Duration::from_millis(3_200) && lasted < Duration::from_millis(6_000),
        "{lasted:?}"
    );
    // The stack's memory of the first call's INVITE ends with its own timer; of this one nothing is left.
    let deadline = tokio::time::Instant::now() + Duration::from_secs(10);
    while house.endpoint.counts().finished_transactions > 0 {
        assert!(tokio::time::Instant::now() < deadline, "remembered still");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

#[tokio::test]
async fn draining_and_closing() {
    let mut house = House::open().await;
    let mut phone = house.udp_phone().await;
    let (mut call, mut leg) = house.call(&mut phone, "").await;
    house.endpoint.drain();
    let mut other = house.udp_phone().await;
    let mut late = other.call("7000");
    let invite = late.invite("", &offer(phone_rtp()));
    other.send(invite).await;
    let refusal = other.answer_to(1, "INVITE").await;
    assert_eq!(
        (refusal.status(), refusal.header("Retry-After")),
        (503, "30")
    );
    let options = other.call("7000").request("OPTIONS", "", "");
    other.send(options).await;
    assert_eq!(other.answer_to(1, "OPTIONS").await.status(), 503);
    // What runs goes on.
    let hold = call.invite("", &offer_of(phone_rtp(), "0 101", "a=sendonly\r\n"));
    phone.send(hold).await;
    assert_eq!(phone.answer_to(2, "INVITE").await.status(), 200);
    let ack = call.ack("");
    phone.send(ack).await;
    assert!(!new_plan(&mut leg).await.send);
    // Closing hangs up.
    let close = tokio::spawn(house.endpoint.close());
    let bye = phone.request("BYE").await;
    phone.reply(&bye, "200 OK", "", "").await;
    tokio::time::timeout(SOON, close)
        .await
        .expect("closed in time")
        .unwrap();
}

#[tokio::test]
async fn methods_that_are_not_served() {
    let house = House::open().await;
    let mut phone = house.udp_phone().await;
    for (method, status) in [
        ("OPTIONS", 200),
        ("REGISTER", 405),
        ("SUBSCRIBE", 405),
        ("MESSAGE", 405),
        ("PUBLISH", 405),
        ("REFER", 405),
        ("BYE", 481),
        ("INFO", 481),
        ("UPDATE", 481),
        ("PRACK", 481),
        ("CANCEL", 481),
    ] {
        let request = phone.call("7000").request(method, "", "");
        phone.send(request).await;
        let answer = phone.answer_to(1, method).await;
        assert_eq!(answer.status(), status, "{method}");
        if status == 405 {
            assert!(answer.header("Allow").contains("INVITE"), "{method}");
        }
    }
    // Of a call that there is not.
    for (method, status) in [
        ("REFER", 481),
        ("NOTIFY", 481),
        ("MESSAGE", 481),
        ("SUBSCRIBE", 481),
        ("REGISTER", 405),
        ("OPTIONS", 200),
    ] {
        let mut call = phone.call("7000");
        call.remote += ";tag=unknown";
        let request = call.request(method, "", "");
        phone.send(request).await;
        assert_eq!(
            phone.answer_to(1, method).await.status(),
            status,
            "{method}"
        );
    }
    house.is_empty_within(SOON).await.unwrap();
}
