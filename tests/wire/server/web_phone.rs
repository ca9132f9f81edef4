//! Web phones over real sockets: calls, what is not let in, limits, and a hundred at once.

use std::io::{Read, Write};
use std::time::{Duration, Instant};

use futures_util::{SinkExt, StreamExt};
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::protocol::frame::coding::CloseCode;
use tokio_tungstenite::tungstenite::{self, Message};
use tokio_tungstenite::{WebSocketStream, client_async};

use super::{Server, Wanted, speech};

const PATIENCE: Duration = Duration::from_secs(30);

/// A demo whose prompts are spoken when they are wanted: these tests say but a few.
async fn demo(config: &str) -> Server {
    Server::start_as(Wanted {
        config: Some(format!("{config}\n[speech]\nrender_ahead = false\n")),
        first_start: true,
        ..Wanted::default()
    })
    .await
}

/// A page's WebSocket.
struct WebPhone {
    socket: WebSocketStream<TcpStream>,
    sequence: u16,
    /// Sequence numbers and arrivals of the packets that came.
    heard: Vec<(u16, Instant)>,
    loud: usize,
    closed: Option<CloseCode>,
}

impl WebPhone {
    async fn try_open(
        server: &Server,
        headers: &[(&'static str, &str)],
    ) -> Result<WebPhone, tungstenite::Error> {
        let mut request = format!("ws://{}/phone", server.http).into_client_request()?;
        for (name, value) in headers {
            request.headers_mut().insert(*name, value.parse().unwrap());
        }
        let stream = TcpStream::connect(server.http).await?;
        let (socket, _) = client_async(request, stream).await?;
        Ok(WebPhone {
            socket,
            sequence: 0,
            heard: Vec::new(),
            loud: 0,
            closed: None,
        })
    }

    async fn open(server: &Server) -> WebPhone {
        let origin = format!("http://{}", server.http);
        let opened = WebPhone::try_open(server, &[("origin", &origin)]).await;
        opened.unwrap()
    }

    async fn send(&mut self, message: Value) {
        self.socket
            .send(Message::text(message.to_string()))
            .await
            .unwrap();
    }

    /// Calls, and is answered; gives the call's identity.
    async fn call(&mut self, to: &str, from: &str) -> String {
        self.send(json!({ "do": "call", "to": to, "from": from }))
            .await;
        let answered = self.told("answered").await;
        answered["call"].as_str().unwrap().to_owned()
    }

    async fn press(&mut self, keys: &str) {
        for key in keys.chars() {
            self.send(json!({ "do": "key", "key": key })).await;
            tokio::time::sleep(Duration::from_millis(70)).await;
        }
    }

    /// Sends 20 ms of sound as a page does.
    async fn speak(&mut self, payload: &[u8]) {
        let mut packet = vec![0x80, 0];
        packet.extend(self.sequence.to_be_bytes());
        packet.extend((u32::from(self.sequence) * 160).to_be_bytes());
        packet.extend(77_u32.to_be_bytes());
        packet.extend(payload);
        self.sequence += 1;
        self.socket.send(Message::binary(packet)).await.unwrap();
    }

    /// The next thing that is told; sound is noted on the way. Nothing when the connection ended.
    async fn next(&mut self) -> Option<Value> {
        loop {
            match self.socket.next().await {
                Some(Ok(Message::Text(text))) => return serde_json::from_str(&text).ok(),
                Some(Ok(Message::Binary(packet))) => {
                    let sequence = u16::from_be_bytes([packet[2], packet[3]]);
                    self.heard.push((sequence, Instant::now()));
                    self.loud += packet[12..]
                        .iter()
                        .filter(|byte| **byte & 0x70 != 0x70)
                        .count();
                }
                Some(Ok(Message::Close(frame))) => self.closed = frame.map(|frame| frame.code),
                Some(Ok(_)) => {}
                Some(Err(_)) | None => return None,
            }
        }
    }

    async fn until(&mut self, what: &str, is_it: impl Fn(&Value) -> bool) -> Value {
        let wait = async {
            loop {
                match self.next().await {
                    Some(told) if is_it(&told) => return told,
                    Some(_) => {}
                    None => panic!("the connection ended before: {what}"),
                }
            }
        };
        let waited = tokio::time::timeout(PATIENCE, wait).await;
        waited.unwrap_or_else(|_| panic!("never came: {what}"))
    }

    async fn told(&mut self, tell: &str) -> Value {
        self.until(tell, |told| told["tell"] == *tell).await
    }

    async fn asks(&mut self, menu: &str) -> Value {
        self.until(menu, |told| {
            told["event"]["event"] == "asks" && told["event"]["menu"] == *menu
        })
        .await
    }

    /// Reads on for so long.
    async fn listen(&mut self, length: Duration) {
        let _ = tokio::time::timeout(length, async { while self.next().await.is_some() {} }).await;
    }

    /// The code with which the connection was ended.
    async fn end(&mut self) -> Option<CloseCode> {
        let all = async { while self.next().await.is_some() {} };
        tokio::time::timeout(PATIENCE, all).await.unwrap();
        self.closed
    }

    fn missing(&self) -> usize {
        let pairs = self.heard.windows(2);
        pairs
            .map(|two| usize::from(two[1].0.wrapping_sub(two[0].0)) - 1)
            .sum()
    }
}

/// A plain request with these headers: status and everything that was answered.
fn ask(server: &Server, request: &str, headers: &str, body: &str) -> (u16, String) {
    let mut stream = std::net::TcpStream::connect(server.http).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    write!(
        stream,
        "{request} HTTP/1.1\r\n{headers}Connection: close\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    )
    .unwrap();
    let mut answer = String::new();
    let _ = stream.read_to_string(&mut answer);
    let status = answer.split(' ').nth(1).unwrap_or("0").parse().unwrap();
    (status, answer)
}

#[tokio::test]
async fn a_page_signs_in_hears_evenly_and_is_recorded_like_any_call() {
    let server = demo("").await;
    let mut phone = WebPhone::open(&server).await;
    let id = phone.call("7000", "5550100").await;
    assert!(id.starts_with("web-"), "{id}");
    phone.asks("digits").await;
    phone.press("2001").await;
    phone.asks("pin").await;
    phone.press("482915#").await;
    phone
        .until("signed in", |told| told["event"]["mailbox"] == "alice")
        .await;
    let menu = phone.asks("main-menu").await;
    let keys = menu["event"]["keys"].as_array().unwrap();
    assert!(
        keys.iter()
            .any(|key| key["keys"] == "1" && key["choice"] == "voice-mail"),
        "{menu}"
    );
    // The live view shows the same call, and no digit of the PIN.
    let host = format!("Host: {}\r\n", server.http);
    let (status, calls) = ask(&server, "GET /api/calls", &host, "");
    assert_eq!(status, 200);
    assert!(
        calls.contains("\"mailbox\":\"alice\"") && calls.contains("PCMU"),
        "{calls}"
    );
    let (_, followed) = ask(&server, "GET /api/calls/0?after=0", &host, "");
    assert!(
        followed.contains("\"secret\"") && !followed.contains("482915"),
        "{followed}"
    );
    phone.listen(Duration::from_secs(2)).await;
    assert_eq!(phone.missing(), 0);
    assert!(phone.loud > 2_000, "not silence: {}", phone.loud);
    phone.send(json!({ "do": "hang-up" })).await;
    assert_eq!(phone.told("ended").await["why"], "caller-hung-up");
    let record = server.record(&id).await;
    assert_eq!(record["CallType"], "Subscriber Access");
    assert_eq!(record["CallerMailboxAlias"], "alice");
    assert_eq!(record["CallerPhoneNumber"], "5550100");
    assert_eq!(record["AudioCodec"], "PCMU");
    assert_eq!(server.metric("ringback_calls"), 0.0);
    assert!(!server.transcript_text().contains("482915"));
    // Another call on the same page.
    phone.call("7000", "").await;
}

#[tokio::test]
async fn a_page_that_is_closed_while_it_records_leaves_its_message() {
    let server = demo("").await;
    let words = speech(&server);
    let mut phone = WebPhone::open(&server).await;
    phone
        .send(json!({ "do": "call", "to": "2002", "from": "5550100", "diverted": "busy" }))
        .await;
    let id = phone.told("answered").await["call"]
        .as_str()
        .unwrap()
        .to_owned();
    phone.send(json!({ "do": "microphone", "on": true })).await;
    phone.asks("after-tone").await;
    let mut tick = tokio::time::interval(Duration::from_millis(20));
    for payload in words.chunks_exact(160).cycle().take(200) {
        tick.tick().await;
        phone.speak(payload).await;
    }
    drop(phone);
    let record = server.record(&id).await;
    assert_eq!(record["ReasonForCall"], "DivertBusy");
    assert_eq!(record["DropCallReason"], "caller-hung-up");
    assert_eq!(record["CallType"], "Call Answering Voice Message");
    let until = Instant::now() + PATIENCE;
    while server.messages("bob").len() != 1 {
        assert!(Instant::now() < until, "{:?}", server.messages("bob"));
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

#[tokio::test]
async fn pages_of_others_are_kept_out() {
    let server = demo("").await;
    let own = format!("http://{}", server.http);
    for headers in [
        vec![],
        vec![("origin", "http://evil.example")],
        vec![("origin", "null")],
        vec![("origin", own.as_str()), ("host", "evil.example")],
        vec![("origin", own.as_str()), ("x-forwarded-for", "192.0.2.7")],
    ] {
        let refused = WebPhone::try_open(&server, &headers).await.err();
        let Some(tungstenite::Error::Http(answer)) = refused else {
            panic!("{headers:?} was let in, or otherwise refused: {refused:?}");
        };
        assert_eq!(answer.status(), 403, "{headers:?}");
    }
    // A name that leads here is not yet one of ours; neither is a machine behind a proxy.
    let own = format!("Host: {}\r\n", server.http);
    for (path, headers, expected) in [
        ("/", "Host: rebound.example\r\n".to_owned(), 403),
        (
            "/api/calls",
            "Host: localhost.evil.example:80\r\n".to_owned(),
            403,
        ),
        (
            "/api/calls",
            format!("{own}Forwarded: for=192.0.2.7\r\n"),
            403,
        ),
        (
            "/api/calls",
            format!("{own}Sec-Fetch-Site: cross-site\r\n"),
            403,
        ),
        ("/api/calls", own.clone(), 200),
        ("/page/../Cargo.toml", own.clone(), 404),
        ("/page/nothing.js", own.clone(), 404),
        ("/api/messages/nobody", own.clone(), 404),
        ("/api/messages/alice/nothing/sound", own.clone(), 404),
    ] {
        let (status, answer) = ask(&server, &format!("GET {path}"), &headers, "");
        assert_eq!(status, expected, "{path} {headers}: {answer}");
    }
    let (_, page) = ask(&server, "GET /", &own, "");
    assert!(
        page.contains("default-src 'none'") && page.contains("nosniff"),
        "{page}"
    );
}

#[tokio::test]
async fn whoever_has_the_token_is_let_in_from_elsewhere() {
    let token = "0123456789abcdef0123456789abcdef";
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("token");
    std::fs::write(&file, token).unwrap();
    std::fs::set_permissions(&file, std::os::unix::fs::PermissionsExt::from_mode(0o600)).unwrap();
    let config = format!("[http]\ntoken_file = {:?}\n", file.display().to_string());
    let server = demo(&config).await;
    let host = server.http;
    // What a proxy passes on comes from elsewhere.
    let away = format!("Host: {host}\r\nX-Forwarded-For: 192.0.2.7\r\n");
    let (status, answer) = ask(&server, "GET /live", &away, "");
    assert_eq!(status, 303);
    assert!(answer.contains("location: /sign-in"), "{answer}");
    assert_eq!(ask(&server, "GET /api/calls", &away, "").0, 401);
    let bearer = |token: &str| format!("{away}Authorization: Bearer {token}\r\n");
    assert_eq!(ask(&server, "GET /api/calls", &bearer(token), "").0, 200);
    assert_eq!(ask(&server, "GET /api/calls", &bearer("wrong"), "").0, 401);
    let form = format!(
        "{away}Origin: http://{host}\r\nContent-Type: application/x-www-form-urlencoded\r\n"
    );
    assert_eq!(ask(&server, "POST /sign-in", &form, "token=wrong").0, 401);
    let foreign = format!("{away}Origin: http://evil.example\r\n");
    assert_eq!(
        ask(
            &server,
            "POST /sign-in",
            &foreign,
            &format!("token={token}")
        )
        .0,
        403
    );
    assert_eq!(
        ask(&server, "POST /sign-in", &form, &"x".repeat(5_000)).0,
        413
    );
    let (status, answer) = ask(&server, "POST /sign-in", &form, &format!("token={token}"));
    assert_eq!(status, 303, "{answer}");
    assert!(answer.contains("HttpOnly; SameSite=Strict"), "{answer}");
    let (_, cookie) = answer.split_once("set-cookie: ").unwrap();
    let cookie = format!("Cookie: a=b; {}\r\n", cookie.split(';').next().unwrap());
    assert_eq!(
        ask(&server, "GET /api/calls", &format!("{away}{cookie}"), "").0,
        200
    );
    assert_eq!(
        ask(&server, "POST /sign-out", &format!("{form}{cookie}"), "").0,
        303
    );
    assert_eq!(
        ask(&server, "GET /api/calls", &format!("{away}{cookie}"), "").0,
        401
    );
}

#[tokio::test]
async fn what_breaks_the_rules_ends_the_connection_and_nothing_else() {
    let server = demo("[limits]\ncalls_max = 1\n").await;
    for message in [
        Message::text("{"),
        Message::text(json!({ "do": "dance" }).to_string()),
        Message::text("x".repeat(3_000)),
        Message::binary(vec![0_u8; 3_000]),
    ] {
        let mut phone = WebPhone::open(&server).await;
        phone.socket.send(message.clone()).await.unwrap();
        let ended = phone.end().await;
        assert!(
            matches!(ended, Some(CloseCode::Policy | CloseCode::Size)),
            "{message}: {ended:?}"
        );
    }
    let mut phone = WebPhone::open(&server).await;
    // Sound without a call, keys without a call, sound that is none: nothing happens.
    phone
        .socket
        .send(Message::binary(vec![1, 2, 3]))
        .await
        .unwrap();
    phone.press("1").await;
    phone.call("7000", "5550100").await;
    phone
        .socket
        .send(Message::binary(Vec::new()))
        .await
        .unwrap();
    phone
        .socket
        .send(Message::binary(vec![0xff; 1_500]))
        .await
        .unwrap();
    phone.asks("digits").await;
    // There is room for one call: the second is told why.
    let mut second = WebPhone::open(&server).await;
    second.send(json!({ "do": "call", "to": "7000" })).await;
    let refused = second.told("refused").await;
    assert_eq!(
        (&refused["status"], &refused["why"]),
        (&json!(503), &json!("call-limit"))
    );
    second.send(json!({ "do": "call", "to": "1234567" })).await;
    assert_eq!(second.told("refused").await["status"], 404);
    phone.send(json!({ "do": "call", "to": "7000" })).await;
    assert_eq!(
        phone.told("wrong").await["problem"],
        "there is a call already"
    );
    assert_eq!(phone.end().await, Some(CloseCode::Policy));
    server.metric_becomes("ringback_calls", 0.0).await;
    second.call("7000", "").await;
    // Too many words at once.
    for _ in 0..200 {
        let key = json!({ "do": "key", "key": "5" }).to_string();
        if second.socket.send(Message::text(key)).await.is_err() {
            break;
        }
    }
    second.end().await;
    server.metric_becomes("ringback_calls", 0.0).await;
    let rest = server.metric("ringback_media_legs");
    assert_eq!(rest, 0.0);
}

#[tokio::test]
async fn a_page_that_reads_nothing_has_hung_up() {
    let server = demo("").await;
    let mut phone = WebPhone::open(&server).await;
    let id = phone.call("7000", "5550100").await;
    // Its answers to the server's questions are never sent.
    tokio::time::sleep(Duration::from_secs(23)).await;
    assert_eq!(server.record(&id).await["DropCallReason"], "no-media");
    server.metric_becomes("ringback_calls", 0.0).await;
}

#[tokio::test]
async fn a_request_that_does_not_come_to_its_end_is_not_waited_for() {
    let server = demo("").await;
    let mut slow = std::net::TcpStream::connect(server.http).unwrap();
    slow.set_read_timeout(Some(PATIENCE)).unwrap();
    slow.write_all(b"GET / HTTP/1.1\r\nHost: ").unwrap();
    let began = Instant::now();
    let ended = tokio::task::spawn_blocking(move || {
        let mut rest = Vec::new();
        let _ = slow.read_to_end(&mut rest);
    });
    ended.await.unwrap();
    assert!(
        began.elapsed() < Duration::from_secs(25),
        "{:?}",
        began.elapsed()
    );
    let many = "X-Many: 1\r\n".repeat(200);
    let (status, _) = ask(&server, "GET /healthz", &format!("Host: x\r\n{many}"), "");
    assert_eq!(status, 431);
    assert_eq!(server.page("/healthz").0, 200);
}

#[tokio::test]
async fn a_server_that_ends_says_goodbye_to_pages() {
    let mut server = demo("").await;
    let mut phone = WebPhone::open(&server).await;
    server.signal(rustix::process::Signal::TERM);
    assert_eq!(phone.end().await, Some(CloseCode::Restart));
    assert!(server.ended_within(PATIENCE).await.unwrap().success());
}

/// What is measured is told, and not held against a clock: that depends on what else the machine does.
#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn a_hundred_web_phones_at_once_lose_nothing() {
    let server = demo("[media]\npumps = 1\n").await;
    let mut phones = Vec::new();
    for _ in 0..100 {
        let mut phone = WebPhone::open(&server).await;
        phone.call("7000", "5550100").await;
        phones.push(tokio::spawn(async move {
            phone.listen(Duration::from_secs(10)).await;
            phone
        }));
    }
    assert_eq!(server.metric("ringback_calls"), 100.0);
    let (mut packets, mut missing, mut worst, mut late) = (0, 0, Duration::ZERO, 0);
    for phone in phones {
        let phone = phone.await.unwrap();
        assert!(phone.heard.len() > 100, "{}", phone.heard.len());
        packets += phone.heard.len();
        missing += phone.missing();
        for two in phone.heard.windows(2) {
            let gap = two[1].1 - two[0].1;
            worst = worst.max(gap);
            late += usize::from(gap > Duration::from_millis(60));
        }
    }
    println!(
        "100 web phones for 10 s, one media pump: {packets} packets came, {missing} were dropped, \
         {late} came more than 40 ms late, the longest gap was {} ms",
        worst.as_millis()
    );
    // A page that is given no processor for half a second misses sound; this test is one process.
    assert!(missing * 100 < packets, "{missing} of {packets}");
}
