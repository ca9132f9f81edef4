//! Session timers (RFC 4028), in seconds instead of minutes.

use std::time::Duration;

use ringback::sip::{LegEnd, SipConfig};

use super::{House, is_hung_up, is_silent, new_plan, phone_rtp};
use crate::phone::{Message, SOON, offer, offer_of};

fn seconds(session_expires: u64, min: u64) -> impl FnOnce(&mut SipConfig) {
    move |config| {
        config.session_expires = Duration::from_secs(session_expires);
        config.min_session_expires = Duration::from_secs(min);
    }
}

const SUPPORTS: &str = "Supported: timer\r\nAllow: INVITE, ACK, BYE, CANCEL, UPDATE\r\n";

fn is_refresh(message: &Message) -> bool {
    message.status() == 0 && ["UPDATE", "INVITE"].contains(&message.method())
}

#[tokio::test]
async fn what_the_answer_says() {
    let mut house = House::open().await;
    let mut phone = house.udp_phone().await;
    for (extra, expires, requires) in [
        ("", None, false),
        ("Supported: timer\r\n", Some("1800;refresher=uac"), true),
        (
            "Supported: timer\r\nSession-Expires: 600\r\n",
            Some("600;refresher=uac"),
            true,
        ),
        (
            "k: timer\r\nx: 600;refresher=uas\r\n",
            Some("600;refresher=uas"),
            false,
        ),
        ("Session-Expires: 600\r\n", Some("600;refresher=uas"), false),
        (
            "Require: timer\r\nSession-Expires: 90;refresher=uac\r\nMin-SE: 90\r\n",
            Some("90;refresher=uac"),
            true,
        ),
    ] {
        let mut call = phone.call("7000");
        let sdp = offer(phone_rtp());
        let (answer, _leg) =
            tokio::join!(phone.establish_with(&mut call, extra, &sdp), house.answer());
        assert_eq!(answer.maybe("Session-Expires"), expires, "{extra}");
        assert_eq!(
            answer.maybe("Require") == Some("timer"),
            requires,
            "{extra}"
        );
        assert!(answer.header("Supported").contains("timer"));
        assert_eq!(phone.hang_up(&mut call).await.status(), 200);
    }
    for short in ["89", "1", "0"] {
        let mut call = phone.call("7000");
        let invite = call.invite(
            &format!("Supported: timer\r\nSession-Expires: {short}\r\n"),
            &offer(phone_rtp()),
        );
        phone.send(invite).await;
        let refusal = phone.answer_to(1, "INVITE").await;
        assert_eq!((refusal.status(), refusal.header("Min-SE")), (422, "90"));
        phone.send(call.ack_of(&refusal)).await;
        // The same call, asked for anew with enough.
        let invite = call.invite(
            "Supported: timer\r\nSession-Expires: 90\r\nMin-SE: 90\r\n",
            &offer(phone_rtp()),
        );
        phone.send(invite).await;
        let leg = house.answer().await;
        let answer = phone.answer_to(2, "INVITE").await;
        assert_eq!(answer.header("Session-Expires"), "90;refresher=uac");
        call.take(&answer);
        phone.send(call.ack("")).await;
        assert_eq!(phone.hang_up(&mut call).await.status(), 200);
        drop(leg);
    }
}

#[tokio::test]
async fn a_peer_that_stops_refreshing_is_gone() {
    let mut house = House::open_with(seconds(3, 1)).await;
    let mut phone = house.udp_phone().await;
    let (mut call, mut leg) = house.call(&mut phone, SUPPORTS).await;
    // It refreshes once in time, by UPDATE, and once by INVITE.
    for method in ["UPDATE", "INVITE"] {
        tokio::time::sleep(Duration::from_millis(1_500)).await;
        let extra = format!("{SUPPORTS}Session-Expires: 3;refresher=uac\r\n");
        let request = match method {
            "UPDATE" => call.request("UPDATE", &extra, ""),
            _ => call.invite(&extra, &offer(phone_rtp())),
        };
        phone.send(request).await;
        let answer = phone.answer_to(call.cseq, method).await;
        assert_eq!(
            (answer.status(), answer.header("Session-Expires")),
            (200, "3;refresher=uac")
        );
        if method == "INVITE" {
            phone.send(call.ack("")).await;
        }
    }
    assert!(is_silent(&mut leg).await);
    // Then no more: a third before the end of the interval we give up.
    let begun = tokio::time::Instant::now();
    assert_eq!(is_hung_up(&mut leg).await, LegEnd::SessionExpired);
    assert!(
        (1_500..2_300).contains(&begun.elapsed().as_millis()),
        "{:?}",
        begun.elapsed()
    );
    let bye = phone.request("BYE").await;
    phone.reply(&bye, "200 OK", "", "").await;
    house.is_empty_within(SOON).await.unwrap();
}

#[tokio::test]
async fn we_refresh_by_update_where_the_peer_takes_it() {
    let mut house = House::open_with(seconds(2, 1)).await;
    let mut phone = house.udp_phone().await;
    let extra = format!("{SUPPORTS}Session-Expires: 2;refresher=uas\r\n");
    let (mut call, mut leg) = house.call(&mut phone, &extra).await;
    let mut numbers = Vec::new();
    for _ in 0..3 {
        let update = phone.request("UPDATE").await;
        assert_eq!(update.header("Session-Expires"), "2;refresher=uac");
        assert!(update.header("Supported").contains("timer"));
        assert!(update.body.is_empty());
        numbers.push(update.cseq());
        phone
            .reply(
                &update,
                "200 OK",
                "Require: timer\r\nSession-Expires: 2;refresher=uac\r\n",
                "",
            )
            .await;
    }
    assert!(
        numbers.windows(2).all(|pair| pair[1] == pair[0] + 1),
        "{numbers:?}"
    );
    assert!(is_silent(&mut leg).await);
    assert_eq!(phone.hang_up(&mut call).await.status(), 200);
    drop(leg);
    house.is_empty_within(SOON).await.unwrap();
}

#[tokio::test]
async fn we_refresh_by_invite_where_it_does_not() {
    let mut house = House::open_with(seconds(2, 1)).await;
    let mut phone = house.udp_phone().await;
    let (mut call, mut leg) = house.call(&mut phone, "Session-Expires: 2\r\n").await;
    let invite = phone.request("INVITE").await;
    assert_eq!(invite.sdp("m=audio "), ["40000 RTP/AVP 0 8 9 101"]);
    assert!(invite.contact().starts_with("sip:127.0.0.1:"));
    let moved = "127.0.0.1:50100".parse().unwrap();
    let answer = offer_of(moved, "0 101", "");
    let extra = format!(
        "Contact: <sip:phone@{}>\r\nContent-Type: application/sdp\r\n",
        phone.local
    );
    phone.reply(&invite, "200 OK", &extra, &answer).await;
    let ack = phone.request("ACK").await;
    assert_eq!(ack.cseq(), invite.cseq());
    assert_eq!(
        ack.start_line,
        format!("ACK sip:phone@{} SIP/2.0", phone.local)
    );
    assert_eq!(new_plan(&mut leg).await.remote, moved);
    // The ACK was lost: the 200 comes again, and so does the ACK.
    for _ in 0..3 {
        phone.reply(&invite, "200 OK", &extra, &answer).await;
        assert_eq!(phone.request("ACK").await.cseq(), invite.cseq());
    }
    // No Session-Expires came back, so we go on refreshing alone.
    assert_ne!(phone.request("INVITE").await.cseq(), invite.cseq());
    assert_eq!(phone.hang_up(&mut call).await.status(), 200);
}

#[tokio::test]
async fn glare_is_tried_again() {
    let mut house = House::open_with(seconds(4, 1)).await;
    let mut phone = house.udp_phone().await;
    let (mut call, mut leg) = house.call(&mut phone, "Session-Expires: 4\r\n").await;
    let ours = phone.request("INVITE").await;
    // Theirs crosses ours: both are refused.
    let theirs = call.invite("Session-Expires: 4\r\n", &offer(phone_rtp()));
    phone.send(theirs).await;
    let refusal = phone.answer_to(call.cseq, "INVITE").await;
    assert_eq!(refusal.status(), 491);
    phone.send(call.ack_of(&refusal)).await;
    let update = call.request(
        "UPDATE",
        "Content-Type: application/sdp\r\n",
        &offer(phone_rtp()),
    );
    phone.send(update).await;
    assert_eq!(phone.answer_to(call.cseq, "UPDATE").await.status(), 491);
    phone.reply(&ours, "491 Request Pending", "", "").await;
    assert_eq!(phone.request("ACK").await.cseq(), ours.cseq());
    let again = phone
        .wait_for("our INVITE again", |message| {
            is_refresh(message) && message.cseq() > ours.cseq()
        })
        .await;
    let extra = format!(
        "Contact: <sip:phone@{}>\r\nContent-Type: application/sdp\r\n",
        phone.local
    );
    phone
        .reply(
            &again,
            "200 OK",
            &extra,
            &offer_of(phone_rtp(), "0 101", ""),
        )
        .await;
    phone
        .wait_for("ACK", |message| {
            message.method() == "ACK" && message.cseq() == again.cseq()
        })
        .await;
    assert!(is_silent(&mut leg).await);
    assert_eq!(phone.hang_up(&mut call).await.status(), 200);
}

#[tokio::test]
async fn refreshes_that_are_refused() {
    let mut cases = tokio::task::JoinSet::new();
    for (status, extra, then) in [
        (
            "481 Call/Transaction Does Not Exist",
            "",
            Some(LegEnd::SessionExpired),
        ),
        ("408 Request Timeout", "", Some(LegEnd::SessionExpired)),
        // Tried again with what they ask for.
        ("422 Session Interval Too Small", "Min-SE: 6\r\n", None),
        // UPDATE is not known after all: by INVITE then.
        ("501 Not Implemented", "", None),
        // A challenge gets no credentials; the call ends with its interval.
        (
            "401 Unauthorized",
            "WWW-Authenticate: Digest realm=\"r\", nonce=\"n\"\r\n",
            Some(LegEnd::SessionExpired),
        ),
    ] {
        cases.spawn(a_refused_refresh(status, extra, then));
    }
    while let Some(case) = cases.join_next().await {
        case.unwrap();
    }
}

async fn a_refused_refresh(status: &'static str, extra: &'static str, then: Option<LegEnd>) {
    let mut house = House::open_with(seconds(3, 1)).await;
    let mut phone = house.udp_phone().await;
    let (mut call, mut leg) = house
        .call(
            &mut phone,
            &format!("{SUPPORTS}Session-Expires: 3;refresher=uas\r\n"),
        )
        .await;
    let update = phone.request("UPDATE").await;
    phone.reply(&update, status, extra, "").await;
    match then {
        Some(cause) => {
            assert_eq!(is_hung_up(&mut leg).await, cause, "{status}");
            let bye = phone.request("BYE").await;
            assert_eq!(bye.maybe("Authorization"), None);
            phone
                .reply(&bye, "481 Call/Transaction Does Not Exist", "", "")
                .await;
            assert!(
                phone
                    .stays_quiet(Duration::from_millis(50), is_refresh)
                    .await
            );
        }
        None => {
            let again = phone.wait_for("a refresh", is_refresh).await;
            if status.starts_with("422") {
                assert_eq!(
                    (again.method(), again.header("Session-Expires")),
                    ("UPDATE", "6;refresher=uac")
                );
                phone
                    .reply(&again, "200 OK", "Session-Expires: 6;refresher=uac\r\n", "")
                    .await;
            } else {
                assert_eq!(again.method(), "INVITE");
                let extra = format!(
                    "Contact: <sip:phone@{}>\r\nContent-Type: application/sdp\r\n",
                    phone.local
                );
                phone
                    .reply(
                        &again,
                        "200 OK",
                        &extra,
                        &offer_of(phone_rtp(), "0 101", ""),
                    )
                    .await;
            }
            assert!(is_silent(&mut leg).await);
            assert_eq!(phone.hang_up(&mut call).await.status(), 200);
        }
    }
    drop(leg);
    house.is_empty_within(SOON).await.unwrap();
}

#[tokio::test]
async fn a_peer_that_does_not_answer_a_refresh_is_gone() {
    let mut house = House::open_fast(seconds(6, 1)).await;
    let mut phone = house.udp_phone().await;
    let (_call, mut leg) = house
        .call(
            &mut phone,
            &format!("{SUPPORTS}Session-Expires: 6;refresher=uas\r\n"),
        )
        .await;
    let first = phone.request("UPDATE").await;
    // Repeated for as long as any request.
    assert_eq!(phone.request("UPDATE").await.cseq(), first.cseq());
    let end = tokio::time::timeout(Duration::from_secs(8), is_hung_up(&mut leg))
        .await
        .unwrap();
    assert_eq!(end, LegEnd::SessionExpired);
    let bye = phone.request("BYE").await;
    // The refresh is not repeated any more, though nobody ever answered it.
    while phone
        .wait_within(Duration::from_millis(20), is_refresh)
        .await
        .is_some()
    {}
    let repeated = phone.wait_for("BYE again", |message| {
        message.method() == "BYE" && message.cseq() == bye.cseq()
    });
    repeated.await;
    assert!(
        phone
            .stays_quiet(Duration::from_millis(600), is_refresh)
            .await
    );
    phone.reply(&bye, "200 OK", "", "").await;
    house.is_empty_within(Duration::from_secs(8)).await.unwrap();
}
