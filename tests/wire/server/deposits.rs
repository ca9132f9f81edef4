//! Messages survive: 200 deposits, the server killed in the midst of them again and again.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use super::{InCall, Server, diverted_from, speech};

const ROUNDS: usize = 5;
const CALLS_A_ROUND: usize = 40;
/// Mailboxes that take the messages, one after the other.
const OWNERS: [&str; 8] = [
    "2010", "2011", "2012", "2013", "2014", "2015", "2016", "2017",
];

/// One caller leaves a message; whether the answer to the BYE came.
async fn deposit(server: &Server, words: &[u8], serial: usize) -> bool {
    let calling = format!("55502{serial:05}");
    let extra = diverted_from(OWNERS[serial % OWNERS.len()]);
    let attempt = async {
        let mut caller = InCall::dial(server, "7000", &calling, &extra).await;
        caller.sound.press('#').await;
        caller.sound.send_silence(Duration::from_millis(900)).await;
        caller.speak(words, Duration::from_millis(2_500)).await;
        let bye = caller.call.request("BYE", "", "");
        caller.phone.send(bye).await;
        let cseq = caller.call.cseq;
        let answer = caller
            .phone
            .wait_within(Duration::from_millis(2_500), |message| {
                message.status() != 0 && message.cseq() == cseq && message.method() == "BYE"
            });
        answer.await.is_some_and(|answer| answer.status() == 200)
    };
    // A server that is gone answers nothing.
    tokio::time::timeout(Duration::from_secs(12), attempt)
        .await
        .unwrap_or(false)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_hundred_deposits_survive_kills() {
    let mut server = Arc::new(Server::start().await);
    let words = Arc::new(speech(&server));
    let mut acknowledged = Vec::new();
    let mut tried = 0;
    for round in 0..ROUNDS {
        let mut callers = tokio::task::JoinSet::new();
        for serial in tried..tried + CALLS_A_ROUND {
            let (server, words) = (server.clone(), words.clone());
            callers.spawn(async move {
                let late = Duration::from_millis((serial % CALLS_A_ROUND) as u64 * 60);
                tokio::time::sleep(late).await;
                (serial, deposit(&server, &words, serial).await)
            });
        }
        tried += CALLS_A_ROUND;
        // In the last round nobody is killed, so that some deposits are sure to be whole.
        if round + 1 < ROUNDS {
            let when = 3_400 + u64::from(rand::random::<u16>() % 2_600);
            tokio::time::sleep(Duration::from_millis(when)).await;
            server.signal(rustix::process::Signal::KILL);
        }
        while let Some(done) = callers.join_next().await {
            // A caller whose server was killed before it answered has nothing to tell.
            if let Ok((serial, true)) = done {
                acknowledged.push(serial);
            }
        }
        if round + 1 < ROUNDS {
            let alone = Arc::get_mut(&mut server).expect("all callers are gone");
            alone.start_again();
        }
    }
    assert!(
        acknowledged.len() >= CALLS_A_ROUND,
        "too few of {tried} were acknowledged: {}\n{}",
        acknowledged.len(),
        server.log()
    );
    server.metric_becomes("ringback_outbox_depth", 0.0).await;
    let mut found: BTreeMap<usize, usize> = BTreeMap::new();
    for owner in OWNERS {
        for message in server.messages(owner) {
            let number = message.split_once("(55502").map(|(_, number)| number);
            let number = number.unwrap_or_else(|| panic!("from nobody of ours: {message}"));
            let serial = number[..5].parse().unwrap();
            *found.entry(serial).or_default() += 1;
        }
    }
    let doubled: Vec<_> = found.iter().filter(|(_, count)| **count > 1).collect();
    assert!(doubled.is_empty(), "doubled: {doubled:?}");
    let lost: Vec<_> = acknowledged
        .iter()
        .filter(|serial| !found.contains_key(serial))
        .collect();
    assert!(
        lost.is_empty(),
        "acknowledged and lost: {lost:?} of {acknowledged:?}"
    );
    println!(
        "{tried} deposits, {} acknowledged, {} in mailboxes",
        acknowledged.len(),
        found.len()
    );
}
