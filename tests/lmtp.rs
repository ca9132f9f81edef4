//! Mail comes in over real sockets: the LMTP listener in front of the embedded mailbox.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use jiff::Timestamp;
use rand::SeedableRng;
use rand::rngs::StdRng;
use ringback::lmtp::{Limits, LmtpServer, Owner, Owners, Rooms, Settings};
use ringback::mailbox::embedded::EmbeddedMailbox;
use ringback::mailbox::{Email, Folder, MailFault, MailStore, MailboxId, Page};
use ringback::organisation::demo;
use ringback::policy::clock::WallClock;
use ringback::policy::pin::PinCost;
use ringback::store::Store;
use tempfile::TempDir;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_util::sync::CancellationToken;

struct Fixed;

impl WallClock for Fixed {
    fn now(&self) -> Timestamp {
        Timestamp::from_second(1_795_000_000).unwrap()
    }
}

/// alice and bob as they are; dora's mailbox is full with the first byte.
struct House;

#[async_trait]
impl Owners for House {
    async fn owner(&self, address: &str) -> Result<Option<Owner>, MailFault> {
        let user = address.strip_suffix("@example.test");
        let known = user.filter(|user| ["alice", "bob", "dave", "gone"].contains(user));
        Ok(known.map(|user| Owner {
            mailbox: MailboxId(user.into()),
            enabled: true,
            quota_bytes: u64::from(user == "dave"),
        }))
    }
}

struct Bench {
    mailbox: EmbeddedMailbox,
    address: SocketAddr,
    stop: CancellationToken,
    serving: tokio::task::JoinSet<()>,
    folder: TempDir,
}

impl Bench {
    async fn new() -> Bench {
        Bench::with(1024 * 1024, "127.0.0.0/8", Duration::from_secs(20)).await
    }

    async fn with(mail_bytes: usize, trusted: &str, silence: Duration) -> Bench {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(folder.path()).unwrap();
        let mut random = StdRng::seed_from_u64(1);
        demo::build(&store, &[], Fixed.now(), &mut random, PinCost::CHEAPEST).unwrap();
        let mailbox = EmbeddedMailbox::new(store);
        let settings = Settings {
            trusted: vec![trusted.parse().unwrap()],
            name: "um.example.test".to_owned(),
            limits: Limits {
                mail_bytes,
                recipients: 10,
                connections: 3,
                silence,
            },
        };
        let rooms = Rooms {
            owners: Arc::new(House),
            deposit: Arc::new(mailbox.clone()),
            mail: Arc::new(mailbox.clone()),
            clock: Arc::new(Fixed),
        };
        let any = [SocketAddr::from(([127, 0, 0, 1], 0))];
        let server = LmtpServer::listen(&any, settings, rooms).await.unwrap();
        let address = server.addresses()[0];
        let stop = CancellationToken::new();
        let mut serving = tokio::task::JoinSet::new();
        serving.spawn(server.serve(stop.clone()));
        Bench {
            mailbox,
            address,
            serving,
            stop,
            folder,
        }
    }

    /// Says all of it and hears all that is answered.
    async fn say(&self, text: &str) -> String {
        let mut stream = TcpStream::connect(self.address).await.unwrap();
        let (mut reading, mut writing) = stream.split();
        let bytes = text.replace('\n', "\r\n").into_bytes();
        let saying = async {
            let _ = writing.write_all(&bytes).await;
        };
        let mut heard = Vec::new();
        let hearing = async {
            let _ = reading.read_to_end(&mut heard).await;
        };
        let both = async { tokio::join!(saying, hearing) };
        tokio::time::timeout(Duration::from_secs(30), both)
            .await
            .unwrap();
        String::from_utf8(heard).unwrap().replace("\r\n", "\n")
    }

    async fn emails(&self, user: &str) -> Vec<Email> {
        let user = MailboxId(user.into());
        let listed = self.mailbox.emails(&user, Folder::Inbox, Page::default());
        listed.await.unwrap()
    }
}

fn envelope(recipients: &[&str]) -> String {
    let mut text = "LHLO mx.example.org\nMAIL FROM:<carl@example.org> BODY=8BITMIME\n".to_owned();
    for recipient in recipients {
        text.push_str(&format!("RCPT TO:<{recipient}@example.test>\n"));
    }
    text + "DATA\n"
}

const MAIL: &str =
    "From: Carl <carl@example.org>\nSubject: Hello\nMessage-ID: <1@example.org>\n\nWords\n.\n";

/// The answers to what follows DATA.
fn after_data(heard: &str) -> Vec<&str> {
    let (_, after) = heard.split_once("354 ").unwrap();
    after.lines().skip(1).map(|line| &line[..9]).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn each_recipient_gets_an_answer_and_the_mail() {
    let bench = Bench::new().await;
    let full = bench.say(&(envelope(&["dave"]) + MAIL + "QUIT\n")).await;
    assert_eq!(
        after_data(&full),
        ["250 2.0.0", "221 2.0.0"],
        "nothing is stored there yet"
    );
    let mail = MAIL.replace("1@", "2@");
    let recipients = ["alice", "nobody", "bob", "dave", "alice", "gone"];
    let heard = bench.say(&(envelope(&recipients) + &mail + "QUIT\n")).await;
    assert!(heard.starts_with("220 um.example.test "), "{heard}");
    assert!(heard.contains("\n550 5.1.1 nobody here"), "{heard}");
    assert_eq!(
        after_data(&heard),
        [
            "250 2.0.0",
            "250 2.0.0",
            "552 5.2.2",
            "250 2.0.0",
            "550 5.1.1",
            "221 2.0.0"
        ]
    );
    for user in ["alice", "bob"] {
        let emails = bench.emails(user).await;
        assert_eq!(emails.len(), 1, "{user}");
        assert_eq!(emails[0].subject, "Hello");
        let owner = MailboxId(user.into());
        let raw = bench.mailbox.raw(&owner, &emails[0].id);
        let raw = String::from_utf8(raw.await.unwrap().to_vec()).unwrap();
        assert!(
            raw.starts_with(
                "Return-Path: <carl@example.org>\r\n\
                 Received: from mx.example.org ([127.0.0.1])\r\n\tby um.example.test with LMTP; "
            ),
            "{raw}"
        );
        assert!(raw.ends_with("\r\n\r\nWords\r\n"), "{raw}");
    }
    // Brought again, it is there already.
    let again = bench.say(&(envelope(&["alice"]) + &mail + "QUIT\n")).await;
    assert_eq!(after_data(&again), ["250 2.0.0", "221 2.0.0"]);
    assert_eq!(bench.emails("alice").await.len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn strangers_and_crowds_are_sent_away() {
    let strange = Bench::with(1_000, "192.0.2.0/24", Duration::from_secs(20)).await;
    let heard = strange.say("LHLO mx\n").await;
    assert_eq!(heard, "554 5.7.1 your address is not in lmtp.trusted\n");
    let bench = Bench::new().await;
    let mut open = Vec::new();
    for _ in 0..3 {
        let mut stream = TcpStream::connect(bench.address).await.unwrap();
        stream.read_exact(&mut [0; 4]).await.unwrap();
        open.push(stream);
    }
    let heard = bench.say("LHLO mx\n").await;
    assert!(heard.starts_with("421 4.3.2 "), "{heard}");
    drop(open);
    // Those that have gone are forgotten a moment later.
    let deadline = tokio::time::Instant::now() + Duration::from_secs(10);
    loop {
        let heard = bench.say("QUIT\n").await;
        if heard.ends_with("221 2.0.0 goodbye\n") {
            return;
        }
        assert!(tokio::time::Instant::now() < deadline, "{heard}");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_silent_and_the_large_are_ended() {
    let bench = Bench::with(100_000, "127.0.0.1/32", Duration::from_millis(300)).await;
    let heard = bench.say("LHLO mx\n").await;
    assert!(heard.ends_with("421 4.4.2 you are too slow\n"), "{heard}");
    let large = format!(
        "Subject: large\n\n{}.\nQUIT\n",
        "x".repeat(70).repeat(10_000) + "\n"
    );
    let heard = bench.say(&(envelope(&["alice", "bob"]) + &large)).await;
    assert_eq!(after_data(&heard), ["552 5.3.4", "552 5.3.4", "221 2.0.0"]);
    assert_eq!(bench.emails("alice").await, []);
    let noise = "\u{0}\u{1b}[2J GET / HTTP/1.1\n".repeat(100);
    let heard = bench.say(&noise).await;
    assert!(heard.ends_with("421 4.7.0 too many commands\n"), "{heard}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_disk_that_fails_is_no_lost_mail() {
    let bench = Bench::new().await;
    // What should be a folder is a file: nothing can be written there.
    let folder = bench.folder.path().join("mail");
    std::fs::remove_dir_all(&folder).unwrap();
    std::fs::write(&folder, b"").unwrap();
    let heard = bench.say(&(envelope(&["alice"]) + MAIL + "QUIT\n")).await;
    assert_eq!(after_data(&heard), ["451 4.3.0", "221 2.0.0"]);
    assert_eq!(bench.emails("alice").await, []);
    std::fs::remove_file(&folder).unwrap();
    std::fs::create_dir(&folder).unwrap();
    let heard = bench.say(&(envelope(&["alice"]) + MAIL + "QUIT\n")).await;
    assert_eq!(after_data(&heard), ["250 2.0.0", "221 2.0.0"]);
    assert_eq!(bench.emails("alice").await.len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_voice_mail_of_another_system_is_heard_as_one() {
    let bench = Bench::new().await;
    let mail = "Content-Class: voice-ca\nX-CallingTelephoneNumber: +15550100\n\
        Message-ID: <v@example.org>\nContent-Type: audio/basic\n\
        Content-Transfer-Encoding: base64\n\n////gICA////\n.\nQUIT\n";
    bench.say(&(envelope(&["alice"]) + mail)).await;
    assert_eq!(bench.emails("alice").await, []);
    let owner = MailboxId("alice".into());
    let voice = bench.mailbox.voice_messages(&owner, Folder::Inbox);
    let voice = voice.await.unwrap();
    assert_eq!(voice.len(), 1);
    assert_eq!(voice[0].envelope.from.number.as_deref(), Some("+15550100"));
}

#[tokio::test(flavor = "multi_thread")]
async fn closing_down_is_told() {
    let mut bench = Bench::new().await;
    let mut stream = TcpStream::connect(bench.address).await.unwrap();
    stream.write_all(b"LHLO mx\r\n").await.unwrap();
    tokio::time::sleep(Duration::from_millis(100)).await;
    bench.stop.cancel();
    let mut heard = String::new();
    stream.read_to_string(&mut heard).await.unwrap();
    assert!(heard.ends_with("421 4.3.2 closing down\r\n"), "{heard}");
    let ended = tokio::time::timeout(Duration::from_secs(5), bench.serving.join_next());
    ended.await.unwrap().unwrap().unwrap();
}
