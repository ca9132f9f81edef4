//! Against a small SMTP server that answers as told.

use std::sync::Arc;

use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};

use super::*;

/// What the server does.
#[derive(Clone, Default)]
struct Manners {
    /// Replies to RCPT, by local part; else 250.
    rcpt: Vec<(&'static str, &'static str)>,
    /// The reply at the end of the data; empty: the connection is closed instead.
    end: &'static str,
    /// The reply to AUTH; none: it is not offered.
    auth: Option<&'static str>,
    /// Never says anything.
    mute: bool,
}

#[derive(Default)]
struct Seen {
    connections: usize,
    commands: Vec<String>,
    messages: Vec<Vec<u8>>,
}

#[derive(Clone)]
struct Server {
    port: u16,
    seen: Arc<Mutex<Seen>>,
    manners: Arc<Mutex<Manners>>,
}

impl Server {
    async fn start(manners: Manners) -> Server {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let server = Server {
            port: listener.local_addr().unwrap().port(),
            seen: Arc::default(),
            manners: Arc::new(Mutex::new(manners)),
        };
        let serving = server.clone();
        #[expect(
            clippy::disallowed_methods,
            reason = "a server needs a task of its own"
        )]
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                serving.seen.lock().unwrap().connections += 1;
                let _ = serving.serve(stream).await;
            }
        });
        server
    }

    async fn serve(&self, stream: TcpStream) -> io::Result<()> {
        let manners = self.manners.lock().unwrap().clone();
        if manners.mute {
            tokio::time::sleep(Duration::from_secs(60)).await;
        }
        let mut stream = BufReader::new(stream);
        stream.write_all(b"220 small.example ESMTP\r\n").await?;
        let mut line = String::new();
        loop {
            line.clear();
            if stream.read_line(&mut line).await? == 0 {
                return Ok(());
            }
            let command = line.trim_end().to_owned();
            self.seen.lock().unwrap().commands.push(command.clone());
            let word = command.split([' ', ':']).next().unwrap_or_default();
            let reply = match word {
                "EHLO" if manners.auth.is_some() => "250-small\r\n250 AUTH PLAIN LOGIN",
                "EHLO" => "250-small\r\n250 8BITMIME",
                "AUTH" => manners.auth.unwrap_or("502 5.5.1 no"),
                "RCPT" => {
                    let told = manners.rcpt.iter().find(|(who, _)| command.contains(who));
                    told.map_or("250 2.1.5 ok", |(_, reply)| reply)
                }
                "DATA" => "354 go on",
                "QUIT" => "221 2.0.0 bye",
                _ => "250 2.0.0 ok",
            };
            stream.write_all(format!("{reply}\r\n").as_bytes()).await?;
            if word == "DATA" {
                let mut message = Vec::new();
                while !message.ends_with(b"\r\n.\r\n") {
                    stream.read_until(b'\n', &mut message).await?;
                }
                if manners.end.is_empty() {
                    return Ok(());
                }
                self.seen.lock().unwrap().messages.push(message);
                stream
                    .write_all(format!("{}\r\n", manners.end).as_bytes())
                    .await?;
            }
        }
    }

    fn submission(&self, credentials: Option<(&str, &str)>) -> SmtpSubmission {
        SmtpSubmission::new(Relay {
            host: "127.0.0.1".to_owned(),
            port: self.port,
            protection: Protection::None,
            credentials: credentials.map(|(user, password)| (user.to_owned(), password.to_owned())),
            our_name: "um.example.test".to_owned(),
            timeout: Duration::from_secs(2),
        })
    }

    fn behave(&self, manners: Manners) {
        *self.manners.lock().unwrap() = manners;
    }
}

fn accepting() -> Manners {
    Manners {
        end: "250 2.0.0 kept",
        ..Manners::default()
    }
}

const MESSAGE: &[u8] = b"Subject: x\r\n\r\n.a line that begins with a dot\r\n";

async fn submit(submission: &SmtpSubmission, to: &[&str]) -> Result<Vec<Submitted>, MailFault> {
    let to: Vec<String> = to
        .iter()
        .map(|local| format!("{local}@example.org"))
        .collect();
    let sender = Some("alice@example.test");
    submission.submit(sender, &to, MESSAGE).await
}

#[tokio::test]
async fn a_mail_is_handed_over_and_the_connection_kept_for_the_next() {
    let server = Server::start(accepting()).await;
    let submission = server.submission(None);
    for _ in 0..2 {
        let answers = submit(&submission, &["bob"]).await.unwrap();
        assert_eq!(answers, [Submitted::Accepted]);
    }
    submission
        .submit(None, &["bob@example.org".to_owned()], MESSAGE)
        .await
        .unwrap();
    let seen = server.seen.lock().unwrap();
    assert_eq!((seen.connections, seen.messages.len()), (1, 3));
    let message = String::from_utf8(seen.messages[0].clone()).unwrap();
    assert!(message.contains("\r\n..a line"), "{message}");
    for command in [
        "EHLO um.example.test",
        "MAIL FROM:<alice@example.test>",
        "RCPT TO:<bob@example.org>",
        "MAIL FROM:<>",
    ] {
        assert!(
            seen.commands.iter().any(|seen| seen == command),
            "{:?}",
            seen.commands
        );
    }
}

#[tokio::test]
async fn each_recipient_has_an_answer_of_his_own() {
    let server = Server::start(Manners {
        rcpt: vec![
            ("nobody", "550 5.1.1 no such user"),
            ("grey", "451 4.7.1 greylisted, try again"),
            ("full", "552 5.2.2 mailbox full"),
        ],
        ..accepting()
    })
    .await;
    let submission = server.submission(None);
    let answers = submit(&submission, &["nobody", "bob", "grey", "full"]).await;
    let answers = answers.unwrap();
    assert!(
        matches!(&answers[0], Submitted::Refused(why) if why.contains("550") && why.contains("5.1.1"))
    );
    assert_eq!(answers[1], Submitted::Accepted);
    assert!(matches!(&answers[2], Submitted::Later(why) if why.contains("greylisted")));
    assert!(matches!(&answers[3], Submitted::Later(_)));
    // Nobody who could get it: nothing is sent, and the connection serves the next mail.
    assert!(matches!(
        submit(&submission, &["nobody"]).await.unwrap()[0],
        Submitted::Refused(_)
    ));
    assert_eq!(
        submit(&submission, &["bob"]).await.unwrap(),
        [Submitted::Accepted]
    );
    let seen = server.seen.lock().unwrap();
    assert_eq!((seen.connections, seen.messages.len()), (1, 2));
}

#[tokio::test]
async fn the_end_of_the_data_decides_for_all_who_were_accepted() {
    for (end, later) in [
        ("451 4.3.0 later", true),
        ("554 5.6.0 refused", false),
        ("552 5.3.4 too big", false),
        ("552 5.2.2 full", true),
    ] {
        let server = Server::start(Manners {
            end,
            ..Manners::default()
        })
        .await;
        let answers = submit(&server.submission(None), &["bob", "carol"])
            .await
            .unwrap();
        for answer in answers {
            assert_eq!(
                matches!(answer, Submitted::Later(_)),
                later,
                "{end}: {answer:?}"
            );
            assert!(!matches!(answer, Submitted::Accepted));
        }
    }
}

#[tokio::test]
async fn a_lost_connection_means_try_again_and_five_leave_the_relay_alone() {
    let server = Server::start(Manners::default()).await;
    let submission = server.submission(None);
    for _ in 0..FAILURES_MAX {
        let answer = submit(&submission, &["bob"]).await;
        assert!(
            matches!(answer, Err(MailFault::Unavailable(_))),
            "{answer:?}"
        );
    }
    let connections = server.seen.lock().unwrap().connections;
    assert!(submit(&submission, &["bob"]).await.is_err());
    assert_eq!(
        server.seen.lock().unwrap().connections,
        connections,
        "it was left alone"
    );
    server.behave(accepting());
    let fresh = server.submission(None);
    assert_eq!(
        submit(&fresh, &["bob"]).await.unwrap(),
        [Submitted::Accepted]
    );
}

#[tokio::test]
async fn three_refused_passwords_pause_the_relay_and_never_show_the_password() {
    let refusing = Manners {
        auth: Some("535 5.7.8 wrong"),
        ..accepting()
    };
    let server = Server::start(refusing).await;
    let submission = server.submission(Some(("user", "sesame")));
    for _ in 0..REFUSED_PASSWORDS_MAX + 2 {
        let answer = submit(&submission, &["bob"]).await;
        let Err(MailFault::Denied(why)) = answer else {
            panic!("{answer:?}")
        };
        assert!(!why.contains("sesame"));
    }
    assert!(!format!("{submission:?}").contains("sesame"));
    let tried = server.seen.lock().unwrap().connections;
    assert_eq!(tried, REFUSED_PASSWORDS_MAX as usize);
    server.behave(Manners {
        auth: Some("235 2.7.0 welcome"),
        ..accepting()
    });
    let fresh = server.submission(Some(("user", "sesame")));
    assert_eq!(
        submit(&fresh, &["bob"]).await.unwrap(),
        [Submitted::Accepted]
    );
}

#[tokio::test]
async fn a_relay_that_says_nothing_is_given_up() {
    let server = Server::start(Manners {
        mute: true,
        ..Manners::default()
    })
    .await;
    let answer = submit(&server.submission(None), &["bob"]).await;
    assert!(
        matches!(answer, Err(MailFault::Unavailable(_))),
        "{answer:?}"
    );
}

#[tokio::test]
async fn without_starttls_nothing_is_sent() {
    let server = Server::start(accepting()).await;
    let mut submission = server.submission(None);
    submission.relay.protection = Protection::StartTls;
    let answer = submit(&submission, &["bob"]).await;
    assert!(
        matches!(answer, Err(MailFault::Unavailable(_))),
        "{answer:?}"
    );
    assert!(server.seen.lock().unwrap().messages.is_empty());
}
