//! Requests that pretend to belong to a call (security S1), and challenges that fish for credentials (S4).

use std::time::Duration;

use super::{House, is_silent, phone_rtp};
use crate::phone::{Call, Phone, SOON, offer};

/// One identifier of the call wrong each.
fn forgeries(call: &Call) -> Vec<(&'static str, Call)> {
    let mut other_call_id = call.clone();
    other_call_id.call_id = format!("x{}", call.call_id);
    let mut other_own_tag = call.clone();
    other_own_tag.own = format!("{}x", call.own);
    let mut other_remote_tag = call.clone();
    other_remote_tag.remote = format!("{}x", call.remote);
    let mut case_of_tag = call.clone();
    let (address, tag) = call.remote.split_once(";tag=").unwrap();
    let swapped: String = tag
        .chars()
        .map(|c| {
            if c.is_ascii_lowercase() {
                c.to_ascii_uppercase()
            } else {
                c.to_ascii_lowercase()
            }
        })
        .collect();
    case_of_tag.remote = format!("{address};tag={swapped}");
    // Another transaction than that of the one before.
    case_of_tag.branch += 100;
    vec![
        ("Call-ID", other_call_id),
        ("From tag", other_own_tag),
        ("To tag", other_remote_tag),
        ("case of a tag", case_of_tag),
    ]
}

#[tokio::test]
async fn a_request_with_one_identifier_wrong_belongs_to_no_call() {
    let mut house = House::open_fast(|_| {}).await;
    let mut phone = house.udp_phone().await;
    let (call, mut leg) = house.call(&mut phone, "").await;
    for (what, mut forged) in forgeries(&call) {
        for method in ["BYE", "INVITE", "UPDATE", "INFO", "PRACK"] {
            let (extra, body) = match method {
                "INVITE" | "UPDATE" => (
                    "Content-Type: application/sdp\r\n",
                    offer("127.0.0.1:6".parse().unwrap()),
                ),
                "INFO" => ("Content-Type: application/dtmf\r\n", "1".to_owned()),
                _ => ("", String::new()),
            };
            let request = forged.request(method, extra, &body);
            phone.send(request).await;
            let answer = phone.answer_to(forged.cseq, method).await;
            assert_eq!(answer.status(), 481, "{method} with wrong {what}");
            if method == "INVITE" {
                phone.send(forged.ack_of(&answer)).await;
            }
        }
    }
    assert!(is_silent(&mut leg).await);
    let mut call = call;
    call.branch += 1_000;
    assert_eq!(phone.hang_up(&mut call).await.status(), 200);
    drop(leg);
    house.is_empty_within(SOON).await.unwrap();
}

#[tokio::test]
async fn a_request_over_another_transport_belongs_to_no_call() {
    let mut house = House::open().await;
    let mut phone = house.udp_phone().await;
    let (call, mut leg) = house.call(&mut phone, "").await;
    let mut stranger = house.tcp_phone().await;
    let mut forged = call.clone();
    forged.transport = "TCP";
    forged.local = stranger.local;
    let bye = forged.request("BYE", "", "");
    stranger.send(bye).await;
    assert_eq!(stranger.answer_to(forged.cseq, "BYE").await.status(), 481);
    // Loopback has many addresses: another one is another peer.
    let mut neighbour = Phone::udp_from("127.0.0.2:0".parse().unwrap(), phone.server).await;
    let mut forged = call.clone();
    forged.local = neighbour.local;
    forged.branch += 10;
    let bye = forged.request("BYE", "", "");
    neighbour.send(bye).await;
    assert_eq!(neighbour.answer_to(forged.cseq, "BYE").await.status(), 481);
    assert!(is_silent(&mut leg).await);
    let mut call = call;
    assert_eq!(phone.hang_up(&mut call).await.status(), 200);
}

#[tokio::test]
async fn a_forged_cancel_ends_nothing() {
    let mut house = House::open().await;
    let mut phone = house.udp_phone().await;
    let mut call = phone.call("7000");
    let invite = call.invite("", &offer(phone_rtp()));
    phone.send(invite).await;
    let incoming = house.next_call().await;
    let mut wrong_branch = call.clone();
    wrong_branch.branch += 1;
    let mut wrong_call_id = call.clone();
    wrong_call_id.call_id = format!("x{}", call.call_id);
    let mut wrong_tag = call.clone();
    wrong_tag.own = format!("{}x", call.own);
    let mut wrong_number = call.clone();
    wrong_number.cseq += 1;
    for forged in [wrong_branch, wrong_call_id, wrong_tag, wrong_number] {
        phone.send(forged.same_transaction("CANCEL")).await;
        assert_eq!(phone.answer_to(forged.cseq, "CANCEL").await.status(), 481);
    }
    assert!(
        tokio::time::timeout(Duration::from_millis(100), incoming.cancelled())
            .await
            .is_err()
    );
}

#[tokio::test]
async fn an_old_number_is_out_of_order() {
    let mut house = House::open().await;
    let mut phone = house.udp_phone().await;
    let (mut call, mut leg) = house.call(&mut phone, "").await;
    call.cseq = 100;
    let info = call.request("INFO", "", "");
    phone.send(info).await;
    assert_eq!(phone.answer_to(101, "INFO").await.status(), 200);
    for old in [100, 101, 1, 0] {
        call.branch += 1;
        let bye = call.write("BYE", old, "", "");
        phone.send(bye).await;
        assert_eq!(phone.answer_to(old, "BYE").await.status(), 500, "{old}");
    }
    assert!(is_silent(&mut leg).await);
    // Gaps are allowed, up to the largest number.
    call.cseq = (1 << 31) - 2;
    assert_eq!(phone.hang_up(&mut call).await.status(), 200);
}

#[tokio::test]
async fn a_challenge_gets_no_credentials() {
    for status in ["401 Unauthorized", "407 Proxy Authentication Required"] {
        let mut house = House::open().await;
        let mut phone = house.udp_phone().await;
        let (_call, leg) = house.call(&mut phone, "").await;
        let hang_up = tokio::spawn(async move { leg.hang_up().await });
        let bye = phone.request("BYE").await;
        let kind = if status.starts_with("401") {
            "WWW"
        } else {
            "Proxy"
        };
        let challenge = format!(
            "{kind}-Authenticate: Digest realm=\"127.0.0.1\", nonce=\"n\", qop=\"auth\", algorithm=MD5\r\n"
        );
        phone.reply(&bye, status, &challenge, "").await;
        hang_up.await.unwrap();
        let is_request =
            |message: &crate::phone::Message| message.status() == 0 && message.method() != "ACK";
        assert!(
            phone
                .stays_quiet(Duration::from_millis(300), is_request)
                .await
        );
        house.is_empty_within(SOON).await.unwrap();
    }
}

#[tokio::test]
async fn nothing_but_a_bye_is_heard_after_the_end() {
    let mut house = House::open().await;
    let mut phone = house.udp_phone().await;
    let (mut call, leg) = house.call(&mut phone, "").await;
    let hang_up = tokio::spawn(async move { leg.hang_up().await });
    let bye = phone.request("BYE").await;
    let info = call.request("INFO", "", "");
    phone.send(info).await;
    assert_eq!(phone.answer_to(call.cseq, "INFO").await.status(), 481);
    // Both hang up at once.
    assert_eq!(phone.hang_up(&mut call).await.status(), 200);
    phone.reply(&bye, "200 OK", "", "").await;
    hang_up.await.unwrap();
    house.is_empty_within(SOON).await.unwrap();
}
