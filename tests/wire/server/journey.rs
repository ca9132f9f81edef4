//! The first minute: what a stranger does with `make demo`.

use std::time::Duration;

use super::{InCall, Server, Wanted, diverted_from, speech};
use crate::phone::{Phone, offer};

/// Signs in, and is in the main menu.
async fn sign_in(server: &Server, caller: &mut InCall, extension: &str, pin: &str) {
    let id = caller.id().to_owned();
    server.hears(&id, "welcome").await;
    caller.sound.press_all(extension).await;
    server.hears(&id, "enter-pin").await;
    caller.sound.press_all(&format!("{pin}#")).await;
    server.hears(&id, "main-menu").await;
}

#[tokio::test]
async fn a_subscriber_signs_in_and_hears_a_message() {
    let server = Server::start().await;
    let mut caller = InCall::dial(&server, "7000", "9999", "").await;
    let id = caller.id().to_owned();
    sign_in(&server, &mut caller, "2001", "482915").await;
    let summary = server.hears(&id, "summary-voice-messages").await;
    assert!(
        summary["text"].as_str().unwrap().contains("two new"),
        "{summary}"
    );
    caller.sound.press('1').await;
    server
        .wait_for(&id, &[("event", "plays"), ("what", "message")])
        .await;
    // What comes is sound, in our codec, evenly. (What came so far waits in the socket.)
    while caller
        .sound
        .receive(Duration::from_millis(2))
        .await
        .is_some()
    {}
    let mut heard = Vec::new();
    while let Some(packet) = caller.sound.receive(Duration::from_millis(200)).await {
        heard.push(packet);
        if heard.len() >= 100 {
            break;
        }
    }
    assert_eq!(heard.len(), 100);
    assert!(
        heard
            .iter()
            .all(|packet| packet.payload_type == 0 && packet.payload.len() == 160)
    );
    assert!(heard.windows(2).all(|two| {
        two[1].sequence == two[0].sequence.wrapping_add(1)
            && two[1].timestamp == two[0].timestamp.wrapping_add(160)
    }));
    let loud = heard.iter().flat_map(|packet| &packet.payload);
    assert!(
        loud.filter(|byte| **byte & 0x70 != 0x70).count() > 2_000,
        "not silence"
    );
    caller.hang_up().await;
    server
        .wait_for(&id, &[("event", "ended"), ("why", "caller-hung-up")])
        .await;

    let record = server.record(&id).await;
    assert_eq!(record["CallType"], "Subscriber Access");
    assert_eq!(record["CallerMailboxAlias"], "alice");
    assert_eq!(record["ReasonForCall"], "Direct");
    assert_eq!(record["OfferResult"], "Answer");
    assert_eq!(record["AudioCodec"], "PCMU");
    server.metric_becomes("ringback_rtp_ports", 0.0).await;
    server.metric_becomes("ringback_sip_calls", 0.0).await;
}

#[tokio::test]
async fn no_pin_digit_is_ever_written_down() {
    let server = Server::start_with_config("[log]\nlevel = \"trace,rsipstack=trace\"\n").await;
    let mut caller = InCall::dial(&server, "7000", "9999", "").await;
    let id = caller.id().to_owned();
    // All typed ahead, before the welcome has ended; and more than is asked for.
    caller.sound.press_all("2001#482915#").await;
    server.hears(&id, "main-menu").await;
    caller.hang_up().await;
    // The same by INFO, and a wrong PIN, and digits that nobody takes.
    let mut phone = Phone::udp(server.sip).await;
    let mut call = phone.call("7000");
    phone
        .establish(&mut call, &offer("127.0.0.1:9".parse().unwrap()))
        .await;
    for key in "2001#739164#".chars().chain("5820".chars()) {
        let body = format!("Signal={key}\r\nDuration=160\r\n");
        let info = call.request("INFO", "Content-Type: application/dtmf-relay\r\n", &body);
        phone.send(info).await;
        assert_eq!(phone.answer_to(call.cseq, "INFO").await.status(), 200);
    }
    server.hears(&call.call_id, "pin-incorrect").await;
    phone.hang_up(&mut call).await;
    server.wait_for(&call.call_id, &[("event", "ended")]).await;

    let secrets = |call: &str| {
        let events = server.events(call);
        events
            .iter()
            .filter(|event| event["key"] == "secret")
            .count()
    };
    assert_eq!(secrets(&id), 7, "six digits and the pound");
    assert!(secrets(&call.call_id) >= 7);
    let keys: String = server
        .events(&id)
        .iter()
        .chain(&server.events(&call.call_id))
        .filter_map(|event| event["key"].as_str())
        .filter(|key| *key != "secret")
        .collect();
    for pin in ["482915", "739164"] {
        assert!(
            !keys.contains(pin) && !server.transcript_text().contains(pin),
            "{keys}"
        );
        assert!(!server.log().contains(pin));
    }
    assert!(!server.log().contains("Signal="), "an INFO was logged");
    assert!(server.log().contains("call over"), "logs are written");
}

#[tokio::test]
async fn a_diverted_caller_leaves_a_message_and_its_owner_hears_it() {
    let server = Server::start().await;
    let words = speech(&server);
    let mut caller = InCall::dial(&server, "7000", "5550123", &diverted_from("2002")).await;
    let id = caller.id().to_owned();
    let arrived = server.wait_for(&id, &[("event", "arrived")]).await;
    assert_eq!(arrived["entry_point"], "call-answering");
    assert_eq!(arrived["diverted_from"], "2002");
    assert_eq!(arrived["reason"], "DivertNoAnswer");
    // Pound skips the greeting: the tone comes at once.
    caller.sound.press('#').await;
    caller.sound.send_silence(Duration::from_millis(900)).await;
    caller.speak(&words, Duration::from_secs(3)).await;
    let held = caller.hang_up().await;
    assert!(
        held < Duration::from_secs(2),
        "the BYE was answered after {held:?}"
    );
    // Answered means safe: it is in the mailbox, or will be within a moment.
    let record = server.record(&id).await;
    assert_eq!(record["CallType"], "Call Answering Voice Message");
    assert_eq!(record["CalleeMailboxAlias"], "bob");
    assert_eq!(record["ReasonForCall"], "DivertNoAnswer");
    server.metric_becomes("ringback_outbox_depth", 0.0).await;
    let messages = server.messages("2002");
    assert_eq!(messages.len(), 1, "{messages:?}");
    assert!(
        messages[0].contains("5550123") && messages[0].contains("new"),
        "{messages:?}"
    );
    // id, date, time, class, length
    let length = messages[0].split_whitespace().nth(4).unwrap();
    let seconds: f64 = length.strip_suffix('s').unwrap().parse().unwrap();
    assert!((2.5..4.5).contains(&seconds), "{seconds}");

    let mut owner = InCall::dial(&server, "7000", "2002", "").await;
    let id = owner.id().to_owned();
    // Recognised by the calling number: only the PIN is asked for.
    server.wait_for(&id, &[("event", "arrived")]).await;
    owner.sound.press_all("739164#").await;
    server.hears(&id, "main-menu").await;
    owner.sound.press('1').await;
    server
        .wait_for(&id, &[("event", "plays"), ("what", "message")])
        .await;
    owner.hang_up().await;
    assert_eq!(server.record(&id).await["CallerMailboxAlias"], "bob");
}

#[tokio::test]
async fn the_first_start_answers_while_prompts_are_still_rendered() {
    let server = Server::start_as(Wanted {
        first_start: true,
        ..Wanted::default()
    })
    .await;
    assert!(
        !server.log().contains("prompts are rendered"),
        "too fast to show anything"
    );
    let mut caller = InCall::dial(&server, "7000", "9999", "").await;
    let began = std::time::Instant::now();
    let mut loud = 0;
    while loud < 800 {
        let packet = caller.sound.receive(Duration::from_secs(1)).await;
        let packet = packet.expect("packets come all the time");
        loud += packet
            .payload
            .iter()
            .filter(|byte| **byte & 0x70 != 0x70)
            .count();
        assert!(
            began.elapsed() < Duration::from_secs(5),
            "the welcome was not heard"
        );
    }
    caller.hang_up().await;
    // The demo says what there is.
    let said = server.said();
    for line in [
        "7000",
        "2001       482915",
        "2004       950371",
        "Three things to try",
    ] {
        assert!(said.contains(line), "{line}: {said}");
    }
    let pins = said.lines().filter(|line| {
        let mut words = line.split_whitespace();
        let number = |word: Option<&str>, length| {
            word.is_some_and(|word| {
                word.len() == length && word.bytes().all(|b| b.is_ascii_digit())
            })
        };
        number(words.next(), 4) && number(words.next(), 6)
    });
    assert_eq!(pins.count(), 48, "{said}");
}

#[tokio::test]
async fn keys_come_by_info_and_a_held_call_goes_on() {
    let server = Server::start().await;
    let mut caller = InCall::dial(&server, "7000", "9999", "").await;
    let id = caller.id().to_owned();
    server.hears(&id, "welcome").await;
    // On hold we send nothing.
    let hold = offer(caller.sound.local) + "a=sendonly\r\n";
    let hold = hold.replace("a=sendrecv\r\n", "");
    let invite = caller.call.invite("", &hold);
    caller.phone.send(invite).await;
    let answer = caller.phone.answer_to(caller.call.cseq, "INVITE").await;
    assert_eq!(answer.status(), 200);
    assert!(answer.body.contains("a=recvonly"), "{}", answer.body);
    let ack = caller.call.ack("");
    caller.phone.send(ack).await;
    while caller
        .sound
        .receive(Duration::from_millis(60))
        .await
        .is_some()
    {}
    assert!(
        caller
            .sound
            .receive(Duration::from_millis(300))
            .await
            .is_none()
    );
    // Resumed at another port, sound goes there.
    let moved = crate::phone::Sound::new(caller.sound.local.ip()).await;
    let invite = caller.call.invite("", &offer(moved.local));
    caller.phone.send(invite).await;
    assert_eq!(
        caller
            .phone
            .answer_to(caller.call.cseq, "INVITE")
            .await
            .status(),
        200
    );
    let ack = caller.call.ack("");
    caller.phone.send(ack).await;
    assert!(moved.receive(Duration::from_secs(2)).await.is_some());
    for key in "2001".chars() {
        let info = caller.call.request(
            "INFO",
            "Content-Type: application/dtmf-relay\r\n",
            &format!("Signal={key}\r\nDuration=160\r\n"),
        );
        caller.phone.send(info).await;
        assert_eq!(
            caller
                .phone
                .answer_to(caller.call.cseq, "INFO")
                .await
                .status(),
            200
        );
    }
    server.hears(&id, "enter-pin").await;
    caller.hang_up().await;
}
