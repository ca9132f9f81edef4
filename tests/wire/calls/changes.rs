//! What changes in a running call: hold, resume, moves, refreshes, keys by INFO.

use std::time::Duration;

use ringback::sip::{CallLegEvent, Codec};

use super::{House, event, is_silent, new_plan, phone_rtp, rtcp, rtp};
use crate::phone::{SOON, offer, offer_of};

#[tokio::test]
async fn hold_resume_and_move_by_invite_and_update() {
    let mut house = House::open().await;
    let mut phone = house.udp_phone().await;
    let (mut call, mut leg) = house.call(&mut phone, "").await;
    let mut versions = Vec::new();
    for method in ["INVITE", "UPDATE"] {
        let moved = "127.0.0.1:50100".parse().unwrap();
        for (sdp, remote, send, receive, direction) in [
            (
                offer_of(phone_rtp(), "0 101", "a=sendonly\r\n"),
                phone_rtp(),
                false,
                true,
                "recvonly",
            ),
            (
                offer_of(phone_rtp(), "0 101", "a=inactive\r\n"),
                phone_rtp(),
                false,
                false,
                "inactive",
            ),
            (offer(moved), moved, true, true, "sendrecv"),
            (offer(phone_rtp()), phone_rtp(), true, true, "sendrecv"),
        ] {
            let request = call.request(method, "Content-Type: application/sdp\r\n", &sdp);
            phone.send(request).await;
            let answer = phone.answer_to(call.cseq, method).await;
            assert_eq!(answer.status(), 200);
            assert_eq!(answer.rtp(), rtp());
            assert_eq!(answer.sdp("a=").last(), Some(&direction));
            versions.push(
                answer.sdp("o=- ")[0]
                    .split(' ')
                    .map(str::to_owned)
                    .take(2)
                    .collect::<Vec<_>>(),
            );
            if method == "INVITE" {
                let ack = call.ack("");
                phone.send(ack).await;
            }
            let plan = new_plan(&mut leg).await;
            assert_eq!(
                (plan.remote, plan.send, plan.receive),
                (remote, send, receive)
            );
        }
    }
    // One session, its version one higher each time (RFC 3264 section 8).
    let number = |text: &String| text.parse::<u64>().unwrap();
    for pair in versions.windows(2) {
        assert_eq!(pair[0][0], pair[1][0]);
        assert_eq!(number(&pair[0][1]) + 1, number(&pair[1][1]));
    }
    // The same once more changes nothing for us.
    let again = call.invite("", &offer(phone_rtp()));
    phone.send(again).await;
    assert_eq!(phone.answer_to(call.cseq, "INVITE").await.status(), 200);
    let ack = call.ack("");
    phone.send(ack).await;
    assert!(is_silent(&mut leg).await);
    assert_eq!(phone.hang_up(&mut call).await.status(), 200);
    drop(leg);
    house.is_empty_within(Duration::from_secs(1)).await.unwrap();
}

#[tokio::test]
async fn an_offer_that_does_not_fit_changes_nothing() {
    let mut house = House::open().await;
    let mut phone = house.udp_phone().await;
    let (mut call, mut leg) = house.call(&mut phone, "").await;
    for (content_type, body, status) in [
        ("application/sdp", offer_of(phone_rtp(), "18", ""), 488),
        ("text/plain", "hello".to_owned(), 415),
    ] {
        for method in ["INVITE", "UPDATE"] {
            let request = call.request(method, &format!("Content-Type: {content_type}\r\n"), &body);
            phone.send(request).await;
            let refusal = phone.answer_to(call.cseq, method).await;
            assert_eq!(refusal.status(), status, "{method}");
            if method == "INVITE" {
                phone.send(call.ack_of(&refusal)).await;
            }
        }
    }
    assert!(is_silent(&mut leg).await);
    // Audio taken away is silence, not an end.
    let without = call.invite("", "v=0\r\no=- 1 2 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\nm=audio 0 RTP/AVP 0\r\n");
    phone.send(without).await;
    let answer = phone.answer_to(call.cseq, "INVITE").await;
    assert_eq!(
        (answer.status(), answer.sdp("m=audio ")),
        (200, vec!["0 RTP/AVP 0"])
    );
    let ack = call.ack("");
    phone.send(ack).await;
    let plan = new_plan(&mut leg).await;
    assert!(!plan.send && !plan.receive);
    assert_eq!(phone.hang_up(&mut call).await.status(), 200);
}

#[tokio::test]
async fn a_reinvite_without_offer_gets_ours() {
    let mut house = House::open().await;
    let mut phone = house.udp_phone().await;
    let (mut call, mut leg) = house.call(&mut phone, "").await;
    let invite = call.invite("", "");
    phone.send(invite).await;
    let answer = phone.answer_to(call.cseq, "INVITE").await;
    assert_eq!(answer.sdp("m=audio "), ["40000 RTP/AVP 0 8 9 101"]);
    // Our offer has no answer yet: theirs must wait (RFC 3311 section 5.2, RFC 3261 section 14.2).
    let mut hasty = call.clone();
    for method in ["UPDATE", "INVITE"] {
        let request = hasty.request(
            method,
            "Content-Type: application/sdp\r\n",
            &offer(phone_rtp()),
        );
        phone.send(request).await;
        let refusal = phone.answer_to(hasty.cseq, method).await;
        assert_eq!(refusal.status(), 491, "{method}");
        if method == "INVITE" {
            phone.send(hasty.ack_of(&refusal)).await;
        }
    }
    let ack = call.ack(&offer_of(phone_rtp(), "8 101", "a=sendrecv\r\n"));
    phone.send(ack).await;
    assert_eq!(new_plan(&mut leg).await.codec, Codec::Pcma);
    call.cseq = hasty.cseq;
    call.branch = hasty.branch + 1;
    let update = call.request(
        "UPDATE",
        "Content-Type: application/sdp\r\n",
        &offer(phone_rtp()),
    );
    phone.send(update).await;
    assert_eq!(phone.answer_to(call.cseq, "UPDATE").await.status(), 200);
    assert_eq!(new_plan(&mut leg).await.codec, Codec::Pcmu);
    assert_eq!(phone.hang_up(&mut call).await.status(), 200);
}

#[tokio::test]
async fn update_before_the_answer_and_before_the_ack() {
    let mut house = House::open().await;
    let mut phone = house.udp_phone().await;
    let mut call = phone.call("7000");
    let invite = call.invite("", &offer(phone_rtp()));
    phone.send(invite).await;
    let incoming = house.next_call().await;
    incoming.ring().await;
    let ringing = phone
        .wait_for("180", |message| message.status() == 180)
        .await;
    let mut early = call.clone();
    early.take(&ringing);
    let update = early.request("UPDATE", "", "");
    phone.send(update).await;
    assert_eq!(phone.answer_to(2, "UPDATE").await.status(), 200);
    let update = early.request(
        "UPDATE",
        "Content-Type: application/sdp\r\n",
        &offer(phone_rtp()),
    );
    phone.send(update).await;
    let refusal = phone.answer_to(3, "UPDATE").await;
    assert_eq!(refusal.status(), 500);
    assert!(refusal.header("Retry-After").parse::<u8>().unwrap() <= 10);
    let reinvite = early.invite("", &offer(phone_rtp()));
    phone.send(reinvite).await;
    let refusal = phone.answer_to(4, "INVITE").await;
    assert_eq!(refusal.status(), 500);
    phone.send(early.ack_of(&refusal)).await;

    let mut leg = incoming.answer(rtp(), rtcp()).await.unwrap();
    let answer = phone.answer_to(1, "INVITE").await;
    call.take(&answer);
    let moved = "127.0.0.1:50100".parse().unwrap();
    let update = early.request("UPDATE", "Content-Type: application/sdp\r\n", &offer(moved));
    phone.send(update).await;
    assert_eq!(phone.answer_to(5, "UPDATE").await.status(), 200);
    assert_eq!(new_plan(&mut leg).await.remote, moved);
    phone.send(call.ack("")).await;
    assert!(matches!(event(&mut leg).await, CallLegEvent::Confirmed));
    assert_eq!(phone.hang_up(&mut early).await.status(), 200);
}

#[tokio::test]
async fn keys_by_info() {
    let mut house = House::open().await;
    let mut phone = house.udp_phone().await;
    let (mut call, mut leg) = house.call(&mut phone, "").await;
    for (content_type, body, key) in [
        (
            "application/dtmf-relay",
            "Signal=5\r\nDuration=160\r\n",
            '5',
        ),
        (
            "application/dtmf-relay",
            "Signal= 11\r\nDuration=160\r\n",
            '#',
        ),
        ("application/dtmf", "*", '*'),
    ] {
        let info = call.request("INFO", &format!("Content-Type: {content_type}\r\n"), body);
        phone.send(&info).await;
        assert_eq!(phone.answer_to(call.cseq, "INFO").await.status(), 200);
        assert!(matches!(event(&mut leg).await, CallLegEvent::Key(told) if told == key));
        // A repetition is no second key.
        phone.send(&info).await;
        assert_eq!(phone.answer_to(call.cseq, "INFO").await.status(), 200);
    }
    for (extra, body, status) in [
        ("", "", 200),
        ("Content-Type: text/plain\r\n", "5", 415),
        (
            "Content-Type: application/dtmf\r\nInfo-Package: keys\r\n",
            "5",
            469,
        ),
    ] {
        let info = call.request("INFO", extra, body);
        phone.send(info).await;
        assert_eq!(phone.answer_to(call.cseq, "INFO").await.status(), status);
    }
    assert!(is_silent(&mut leg).await);
    assert_eq!(phone.hang_up(&mut call).await.status(), 200);
}

#[tokio::test]
async fn keys_that_nobody_takes_never_keep_the_end_of_the_call_away() {
    let mut house = House::open().await;
    let mut phone = house.udp_phone().await;
    let (mut call, mut leg) = house.call(&mut phone, "").await;
    for _ in 0..100 {
        let info = call.request("INFO", "Content-Type: application/dtmf\r\n", "1");
        phone.send(info).await;
        assert_eq!(phone.answer_to(call.cseq, "INFO").await.status(), 200);
    }
    // A change of sound is not lost like a key: it has to be tried again.
    let update = call.request(
        "UPDATE",
        "Content-Type: application/sdp\r\n",
        &offer_of(phone_rtp(), "8", ""),
    );
    phone.send(update).await;
    assert_eq!(phone.answer_to(call.cseq, "UPDATE").await.status(), 500);
    let bye = call.request("BYE", "", "");
    phone.send(bye).await;
    let mut keys = 0;
    loop {
        match event(&mut leg).await {
            CallLegEvent::Key('1') => keys += 1,
            CallLegEvent::HungUp { .. } => break,
            other => panic!("{other:?}"),
        }
    }
    assert!((32..100).contains(&keys), "{keys}");
    assert_eq!(phone.answer_to(call.cseq, "BYE").await.status(), 200);
}

#[tokio::test]
async fn what_an_early_caller_requires_is_reliable() {
    let mut house = House::open_fast(|_| {}).await;
    let mut phone = house.udp_phone().await;
    let mut call = phone.call("7000");
    let invite = call.invite("Require: 100rel\r\n", &offer(phone_rtp()));
    phone.send(invite).await;
    let incoming = house.next_call().await;
    incoming.ring().await;
    let is_ringing = |message: &crate::phone::Message| message.status() == 180;
    let ringing = phone.wait_for("180", is_ringing).await;
    assert_eq!(ringing.header("Require"), "100rel");
    // Repeated until it is confirmed, and no longer.
    phone.wait_for("180 again", is_ringing).await;
    let mut early = call.clone();
    early.take(&ringing);
    let mut wrong = ringing.clone();
    wrong
        .headers
        .iter_mut()
        .filter(|(name, _)| name == "RSeq")
        .for_each(|(_, value)| *value = "1".into());
    let prack = early.prack(&wrong);
    phone.send(prack).await;
    assert_eq!(phone.answer_to(early.cseq, "PRACK").await.status(), 481);
    let prack = early.prack(&ringing);
    phone.send(prack).await;
    assert_eq!(phone.answer_to(early.cseq, "PRACK").await.status(), 200);
    while phone
        .wait_within(Duration::from_millis(20), is_ringing)
        .await
        .is_some()
    {}
    assert!(
        phone
            .stays_quiet(Duration::from_millis(500), is_ringing)
            .await
    );
    let _leg = incoming.answer(rtp(), rtcp()).await.unwrap();
    let answer = phone.answer_to(1, "INVITE").await;
    assert_eq!(answer.maybe("RSeq"), None);
    call.take(&answer);
    phone.send(call.ack("")).await;
    assert_eq!(phone.hang_up(&mut early).await.status(), 200);

    // Answered without ringing; and rung without an offer, for which there is no reliable response of ours.
    for sdp in [offer(phone_rtp()), String::new()] {
        let mut call = phone.call("7000");
        let invite = call.invite("Require: 100rel\r\n", &sdp);
        phone.send(invite).await;
        let incoming = house.next_call().await;
        if sdp.is_empty() {
            incoming.ring().await;
        }
        let _leg = incoming.answer(rtp(), rtcp()).await.unwrap();
        let answer = phone.answer_to(1, "INVITE").await;
        assert_eq!(answer.status(), 200);
        assert!(
            phone
                .stays_quiet(Duration::from_millis(50), |message| message.status() == 180
                    && message.header("Call-ID") == call.call_id)
                .await
        );
        call.take(&answer);
        phone
            .send(call.ack(&if sdp.is_empty() {
                offer(phone_rtp())
            } else {
                String::new()
            }))
            .await;
        assert_eq!(phone.hang_up(&mut call).await.status(), 200);
    }

    // Answered before it is confirmed: the PRACK is welcome still, once.
    let mut call = phone.call("7000");
    let invite = call.invite("Require: 100rel\r\n", &offer(phone_rtp()));
    phone.send(invite).await;
    let incoming = house.next_call().await;
    incoming.ring().await;
    let leg = incoming.answer(rtp(), rtcp()).await.unwrap();
    let answer = phone.answer_to(1, "INVITE").await;
    let ringing = phone
        .wait_for("180", |message| {
            is_ringing(message) && message.header("Call-ID") == call.call_id
        })
        .await;
    call.take(&answer);
    phone.send(call.ack("")).await;
    for status in [200, 481] {
        let prack = call.prack(&ringing);
        phone.send(prack).await;
        assert_eq!(phone.answer_to(call.cseq, "PRACK").await.status(), status);
    }
    assert_eq!(phone.hang_up(&mut call).await.status(), 200);
    drop(leg);

    // Never confirmed.
    let mut call = phone.call("7000");
    let invite = call.invite("Require: 100rel\r\n", &offer(phone_rtp()));
    phone.send(invite).await;
    let incoming = house.next_call().await;
    incoming.ring().await;
    let refusal = phone.answer_to(1, "INVITE").await;
    assert!(
        (500..600).contains(&refusal.status()),
        "{}",
        refusal.status()
    );
    phone.send(call.ack_of(&refusal)).await;
    house.is_empty_within(SOON).await.unwrap();
}

#[tokio::test]
async fn what_else_may_be_asked_within_a_call() {
    let mut house = House::open().await;
    let mut phone = house.udp_phone().await;
    let (mut call, leg) = house.call(&mut phone, "").await;
    for (method, extra, status) in [
        ("OPTIONS", "", 200),
        (
            "NOTIFY",
            "Event: refer\r\nSubscription-State: active\r\n",
            405,
        ),
        ("REFER", "Refer-To: <sip:2001@127.0.0.1>\r\n", 405),
        ("MESSAGE", "", 405),
        ("SUBSCRIBE", "Event: dialog\r\n", 405),
        ("INFO", "Require: something-new\r\n", 420),
        ("PRACK", "RAck: 1 1 INVITE\r\n", 481),
    ] {
        let request = call.request(method, extra, "");
        phone.send(request).await;
        let answer = phone.answer_to(call.cseq, method).await;
        assert_eq!(answer.status(), status, "{method}");
    }
    assert_eq!(phone.hang_up(&mut call).await.status(), 200);
    drop(leg);
    house.is_empty_within(Duration::from_secs(1)).await.unwrap();
}
