//! One long call by a subscriber: mail is read and answered by voice, a meeting is going to start late,
//! the afternoon is cleared, a namesake is found by her department and left a message. What came of it is
//! looked at in the mailboxes here and at the mail relay.

use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use serde_json::Value;

use super::{InCall, Server, Wanted, speech};

/// A mail relay on loopback that takes everything.
struct Relay {
    port: u16,
    taken: Arc<Mutex<Vec<String>>>,
}

impl Relay {
    fn start() -> Relay {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let taken = Arc::new(Mutex::new(Vec::new()));
        let keeps = taken.clone();
        std::thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                let keeps = keeps.clone();
                std::thread::spawn(move || Relay::serve(stream, &keeps));
            }
        });
        Relay { port, taken }
    }

    /// One connection (RFC 5321), until it is closed. A mail is kept with its envelope before it.
    fn serve(stream: TcpStream, taken: &Mutex<Vec<String>>) {
        let mut answers = stream.try_clone().unwrap();
        let mut lines = BufReader::new(stream).lines().map_while(Result::ok);
        let mut mail = String::new();
        answers.write_all(b"220 relay.example\r\n").unwrap();
        while let Some(line) = lines.next() {
            let verb = line.split([' ', ':']).next().unwrap().to_ascii_uppercase();
            let answer: &[u8] = match &*verb {
                "DATA" => {
                    answers.write_all(b"354 go on\r\n").unwrap();
                    for line in lines.by_ref().take_while(|line| line != ".") {
                        mail += line.strip_prefix('.').unwrap_or(&line);
                        mail += "\n";
                    }
                    taken.lock().unwrap().push(std::mem::take(&mut mail));
                    b"250 taken\r\n"
                }
                "MAIL" | "RCPT" => {
                    mail += &(line + "\n");
                    b"250 fine\r\n"
                }
                "QUIT" => b"221 bye\r\n",
                _ => b"250 fine\r\n",
            };
            if answers.write_all(answer).is_err() {
                return;
            }
        }
    }

    /// The mail with this subject.
    async fn mail(&self, subject: &str) -> String {
        let header = format!("\nSubject: {subject}\n");
        let until = Instant::now() + Duration::from_secs(30);
        loop {
            let taken = self.taken.lock().unwrap().clone();
            if let Some(mail) = taken.iter().find(|mail| mail.contains(&header)) {
                return mail.clone();
            }
            assert!(Instant::now() < until, "no {subject:?} in {taken:#?}");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }
}

/// A call whose transcript is read as it goes on.
struct Conversation<'a> {
    server: &'a Server,
    caller: InCall,
    /// So many events have been looked at.
    looked: usize,
}

impl Conversation<'_> {
    async fn press(&mut self, keys: &str) {
        self.looked = self.server.events(self.caller.id()).len();
        self.caller.sound.press_all(keys).await;
    }

    /// Waits until this prompt is said, after the last keys; gives its words.
    async fn hears(&mut self, prompt: &str) -> String {
        let until = Instant::now() + Duration::from_secs(60);
        loop {
            let events = self.server.events(self.caller.id());
            let heard = |event: &&Value| event["event"] == "says" && event["prompt"] == prompt;
            if let Some(event) = events[self.looked..].iter().find(heard) {
                return event["text"].as_str().unwrap().to_owned();
            }
            assert!(
                Instant::now() < until,
                "{prompt} is not said; there is {:#?}",
                &events[self.looked..]
            );
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    /// Presses `next` until the words of `prompt` are these.
    async fn goes_on_until(&mut self, next: &str, prompt: &str, words: &str) {
        for _ in 0..12 {
            if self.hears(prompt).await.contains(words) {
                return;
            }
            self.press(next).await;
        }
        panic!(
            "{words:?} is not among what {prompt} says in {:#?}",
            self.server.events(self.caller.id())
        );
    }

    /// Records a message of three seconds, once it is asked for, and sends it.
    async fn records(&mut self, words: &[u8]) {
        self.hears("record-your-message").await;
        // The words take three seconds and the tone half a one; then there are five for the first word.
        tokio::time::sleep(Duration::from_secs(5)).await;
        self.caller.speak(words, Duration::from_secs(3)).await;
        self.press("#").await;
        self.hears("message-recording-accept").await;
        self.press("1#").await;
        self.hears("message-sent").await;
    }
}

/// A meeting of alice's with somebody elsewhere.
const CLIENT_CALL: &str = "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:test\r\nBEGIN:VEVENT\r\n\
UID:client@example.test\r\nDTSTAMP:20261101T000000Z\r\nDTSTART:20261123T150000Z\r\n\
DURATION:PT30M\r\nSUMMARY:Client call\r\nORGANIZER;CN=Alice Archer:mailto:alice@example.test\r\n\
ATTENDEE;CN=Client;PARTSTAT=ACCEPTED:mailto:client@elsewhere.example\r\n\
END:VEVENT\r\nEND:VCALENDAR\r\n";

#[tokio::test]
async fn a_day_is_put_in_order_in_one_call() {
    let relay = Relay::start();
    let server = Server::start_as(Wanted {
        options: vec!["--clock".to_owned(), "2026-11-23T12:30:00".to_owned()],
        config: Some(format!(
            "[submission]\nhost = \"127.0.0.1\"\nport = {}\ntls = \"none\"\n\
             [speech]\nrender_ahead = false\n",
            relay.port
        )),
        first_start: true,
        ..Wanted::default()
    })
    .await;
    let file = server.folder.path().join("client.ics");
    std::fs::write(&file, CLIENT_CALL).unwrap();
    let said = server.run(&["mailbox", "import", "alice", file.to_str().unwrap()]);
    assert!(said.contains("+ Client call"), "{said}");
    tokio::time::sleep(Duration::from_secs(1)).await;

    let words = speech(&server);
    let caller = InCall::dial(&server, "7000", "2001", "").await;
    let mut alice = Conversation {
        server: &server,
        caller,
        looked: 0,
    };
    alice.press("482915#").await;
    let next = alice.hears("summary-next-meeting").await;
    assert!(
        next.contains("two p.m.") && next.contains("Budget"),
        "{next}"
    );

    // A mail from outside is found, and answered by voice.
    alice.press("2").await;
    alice
        .goes_on_until("#", "email-subject", "Your measurements")
        .await;
    alice.press("8").await;
    alice.records(&words).await;

    // The budget begins ten minutes late.
    alice.press("*").await;
    alice.hears("main-menu").await;
    alice.press("3").await;
    alice.hears("appointment-all-day").await;
    alice.press("#").await;
    alice
        .goes_on_until("#", "appointment-timed", "Budget for the new laboratory")
        .await;
    alice.press("3").await;
    alice.hears("how-late").await;
    alice.press("10#").await;
    alice.hears("optional-recording").await;
    alice.press("#").await;
    alice.hears("late-told").await;

    // No: the whole afternoon has to be free.
    alice.press("77").await;
    alice.hears("clear-how-many-hours").await;
    alice.press("4#").await;
    let count = alice.hears("clear-count").await;
    assert!(count.contains("two appointments are affected"), "{count}");
    alice.press("1").await;
    alice.hears("optional-recording").await;
    alice.press("#").await;
    alice.hears("clear-done").await;

    // One of two namesakes is found by the department, and left a message.
    alice.press("*").await;
    alice.hears("main-menu").await;
    alice.press("4").await;
    alice.hears("spell-contact").await;
    alice.press("00").await;
    alice.hears("spell-name").await;
    alice.press("764845646#").await;
    alice.hears("people-found").await;
    let first = alice.hears("people-first").await;
    let second = alice.hears("people-second").await;
    let key = match (first.contains("Logistics"), second.contains("Logistics")) {
        (true, false) => "1",
        (false, true) => "2",
        _ => panic!("{first} {second}"),
    };
    alice.press(key).await;
    alice.hears("contact-send-message").await;
    alice.press("3").await;
    alice.records(&words).await;
    alice.caller.hang_up().await;
    server.metric_becomes("ringback_outbox_depth", 0.0).await;

    // At the relay: the answer with its sound, in its conversation; and the cancellation.
    let answer = relay
        .mail("RE: Your measurements, and how they sound")
        .await;
    for part in [
        "RCPT TO:<grace@travel.example>",
        "\nIn-Reply-To: <demo-measurements@example.test>\n",
        "\nReply-To: \"Alice Archer\" <alice@example.test>\n",
        "\nContent-Type: audio/",
    ] {
        assert!(answer.contains(part), "{part:?} is not in\n{answer}");
    }
    let cancelled = relay.mail("Canceled: Client call").await;
    for part in ["RCPT TO:<client@elsewhere.example>", "CANCEL"] {
        assert!(cancelled.contains(part), "{part:?} is not in\n{cancelled}");
    }
    // In the mailboxes: everybody who was to come, and nobody who had declined.
    let has = |user: &str, what: &str| {
        let messages = server.messages(user);
        messages.iter().any(|message| message.contains(what))
    };
    for user in ["bob", "carol"] {
        for subject in [
            "Late: Budget for the new laboratory (10 minutes)",
            "Canceled: Budget for the new laboratory",
        ] {
            assert!(has(user, subject), "{user}: {:#?}", server.messages(user));
        }
    }
    assert!(!has("dave", "Budget"), "{:#?}", server.messages("dave"));
    let found = server.messages("2011");
    assert!(
        found.len() == 1 && found[0].contains("Alice Archer") && found[0].contains("voice"),
        "{found:#?}"
    );
    assert!(server.messages("2010").is_empty());
    assert!(has("alice", "answered"), "{:#?}", server.messages("alice"));
}
