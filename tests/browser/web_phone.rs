//! The web phone, from the first key to the end of the call.

use std::time::Duration;

use crate::demo::{Demo, SPOKEN_WITHIN};
use crate::page::{ENTER, Page};
use crate::programs::{Browser, Wanted, find, is_chromium_here};

/// Calls by keyboard alone.
async fn call(page: &mut Page, number: &str) {
    page.until("!document.getElementById('call').disabled", SPOKEN_WITHIN)
        .await;
    page.tab_to("to").await;
    page.evaluate("document.getElementById('to').select()")
        .await;
    page.types(number).await;
    page.types(&ENTER.to_string()).await;
    page.reads("status", &format!("In a call with {number}."))
        .await;
    assert_eq!(page.focus().await, "keypad", "digits go to the call now");
}

/// Signs in as 2001.
async fn sign_in(page: &mut Page) {
    call(page, "7000").await;
    page.reads("transcript", "extension").await;
    page.types("2001").await;
    page.until(
        "document.getElementById('menu').innerText.includes('PIN')",
        SPOKEN_WITHIN,
    )
    .await;
    page.types("482915#").await;
    page.reads("menu", "Main menu").await;
}

/// Whether speech is heard: loud and quiet by turns.
async fn hears_speech(page: &mut Page) {
    // On a machine that is busy with other browsers a voice may take its time to begin.
    page.until("document.getElementById('heard').value > 20", SPOKEN_WITHIN)
        .await;
    let heard = page
        .evaluate(
            "new Promise((resolve) => { const seen = []; const meter = document.getElementById('heard'); \
             const look = setInterval(() => { seen.push(meter.value); if (seen.length === 100) { clearInterval(look); \
             resolve({ loudest: Math.max(...seen), loud: seen.filter((value) => value > 40).length, \
             quiet: seen.filter((value) => value < 20).length }); } }, 40); })",
        )
        .await;
    assert!(heard["loudest"].as_f64().unwrap() > 50.0, "{heard}");
    assert!(heard["loud"].as_u64().unwrap() > 10, "{heard}");
    assert!(
        heard["quiet"].as_u64().unwrap() > 1,
        "speech has pauses: {heard}"
    );
}

/// `always_plays`: this browser plays without a loudspeaker, too.
async fn signs_in_hears_reads_and_hangs_up(page: &mut Page, always_plays: bool) {
    sign_in(page).await;
    if !always_plays && page.text("quality").await.contains("plays no sound") {
        println!("NOT CHECKED: what is heard; this browser finds no loudspeaker here");
    } else {
        hears_speech(page).await;
    }
    page.reads("transcript", "two new voice messages").await;
    page.reads("keys", "press one").await;
    let transcript = page.text("transcript").await;
    assert!(transcript.contains("••••••"), "{transcript}");
    assert!(!transcript.contains("482915"), "no PIN is shown");
    page.has_no_barriers().await;
    if always_plays {
        page.picture("web-phone.png").await;
    }
    // A key of the menu's own table, pressed as a button.
    page.evaluate(
        "[...document.querySelectorAll('#keys button')].find((b) => b.textContent === '1').click()",
    )
    .await;
    page.reads("transcript", "(plays a message)").await;
    // What the telephone does is seen at once: this one is deleted.
    page.types("7").await;
    page.until(
        "document.querySelectorAll('#message-list .deleted').length === 1",
        SPOKEN_WITHIN,
    )
    .await;
    page.tab_back_to("hang-up").await;
    page.types(&ENTER.to_string()).await;
    page.reads("status", "The call is over: you hung up.").await;
    let focus = page.focus().await;
    assert_eq!(focus, "call", "the focus does not get lost with the button");
    page.has_no_barriers().await;
}

#[tokio::test]
async fn a_subscriber_signs_in_by_keyboard_hears_reads_and_hangs_up() {
    if !is_chromium_here() {
        return;
    }
    let demo = Demo::start();
    let browser = Browser::chromium(Wanted {
        microphone: Some(demo.speech()),
        ..Wanted::default()
    });
    let mut page = browser.await.open(&demo.page("localhost", "/")).await;
    page.has_no_barriers().await;
    signs_in_hears_reads_and_hangs_up(&mut page, true).await;
}

#[tokio::test]
async fn firefox_does_the_same() {
    let demo = Demo::start();
    let Some(browser) = Browser::firefox().await else {
        return;
    };
    let mut page = browser.open(&demo.page("localhost", "/")).await;
    signs_in_hears_reads_and_hangs_up(&mut page, false).await;
}

#[tokio::test]
async fn a_message_is_spoken_and_shows_in_the_player() {
    if !is_chromium_here() {
        return;
    }
    let demo = Demo::start();
    let browser = Browser::chromium(Wanted {
        microphone: Some(demo.speech()),
        ..Wanted::default()
    });
    let mut page = browser.await.open(&demo.page("localhost", "/")).await;
    page.until(
        "document.querySelectorAll('#mailbox option').length > 3",
        SPOKEN_WITHIN,
    )
    .await;
    let asked = "document.getElementById('microphone').getAttribute('aria-pressed') === 'true'";
    assert_eq!(page.evaluate(asked).await, false, "not before it is needed");
    page.evaluate("document.getElementById('diverted').value = 'no-answer'")
        .await;
    call(&mut page, "2002").await;
    let bob = "document.getElementById('mailbox').value === 'bob'";
    page.until(bob, SPOKEN_WITHIN).await;
    page.reads("messages", "There is no message.").await;
    page.until(asked, SPOKEN_WITHIN).await;
    page.reads("menu", "Speak after the tone").await;
    page.until(
        "document.getElementById('spoken').value > 30",
        SPOKEN_WITHIN,
    )
    .await;
    tokio::time::sleep(Duration::from_secs(5)).await;
    page.types("#").await;
    page.reads("transcript", "speaks for").await;
    page.tab_back_to("hang-up").await;
    page.types(&ENTER.to_string()).await;
    page.reads("status", "you hung up").await;
    page.until(
        "document.querySelectorAll('#message-list .new').length === 1",
        SPOKEN_WITHIN,
    )
    .await;
    // What was spoken is in it.
    let shape = page
        .evaluate(
            "fetch('/api/messages/bob').then((answer) => answer.json()).then(([message]) => \
             fetch('/api/messages/bob/' + message.id + '/shape')).then((answer) => answer.json())",
        )
        .await;
    let loud = shape
        .as_array()
        .unwrap()
        .iter()
        .filter(|column| column.as_u64().unwrap() > 5);
    assert!(loud.count() > 40, "{shape}");
    page.until(
        "document.querySelector('#message-list path') !== null",
        SPOKEN_WITHIN,
    )
    .await;
    page.has_no_barriers().await;
    page.evaluate("document.getElementById('messages').scrollIntoView()")
        .await;
    page.picture("messages.png").await;
}

#[tokio::test]
async fn a_page_without_a_microphone_says_so_and_how_to_get_one() {
    if !is_chromium_here() {
        return;
    }
    let demo = Demo::start();
    // Neither this machine by its name nor HTTPS.
    let browser = Browser::chromium(Wanted {
        host: Some("ringback.test"),
        ..Wanted::default()
    });
    let mut page = browser.await.open(&demo.page("ringback.test", "/")).await;
    let port = demo.http.port();
    page.reads(
        "no-microphone",
        &format!("ssh -L {port}:localhost:{port} ringback.test"),
    )
    .await;
    page.has_no_barriers().await;
    // All the rest works there: sound as well.
    sign_in(&mut page).await;
    hears_speech(&mut page).await;
    let disabled = page
        .evaluate("document.getElementById('microphone').disabled")
        .await;
    assert_eq!(disabled, true);
}

#[tokio::test]
async fn refused_permission_and_a_server_that_is_gone_are_said_in_words() {
    if !is_chromium_here() {
        return;
    }
    let mut demo = Demo::start();
    let browser = Browser::chromium(Wanted {
        microphone: Some(demo.speech()),
        refuses: true,
        ..Wanted::default()
    });
    let mut page = browser.await.open(&demo.page("localhost", "/")).await;
    call(&mut page, "2002").await;
    page.reads("no-microphone", "Permission was refused").await;
    demo.kill();
    page.reads("status", "the server is gone").await;
    page.reads("connection", "cannot be reached").await;
    page.has_no_barriers().await;
    let _demo = demo.start_again();
    page.reads("status", "Connected again.").await;
    assert_eq!(
        page.evaluate("document.getElementById('connection').hidden")
            .await,
        true
    );
    call(&mut page, "7000").await;
}

/// The play-out buffer and the change of sample rate, without a browser.
#[test]
fn the_page_buffers_and_resamples_as_it_should() {
    let Some(node) = find("node") else {
        assert!(std::env::var_os("CI").is_none(), "NOT RUN: node is missing");
        println!("NOT RUN: node is missing; packaging/set-up test installs it");
        return;
    };
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/browser/play_out.mjs");
    let checked = std::process::Command::new(node)
        .arg(script)
        .output()
        .unwrap();
    assert!(
        checked.status.success(),
        "{}",
        String::from_utf8_lossy(&checked.stderr)
    );
}
