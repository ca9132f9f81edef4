//! The live view: a call is followed while it goes on, and looked at when it is over.

use crate::demo::{Demo, SPOKEN_WITHIN};
use crate::programs::{Browser, Wanted, is_chromium_here};

/// Calls from another page of the same machine, without its sound being looked at.
const CALLS: &str = "new Promise((resolve) => { \
     window.phone = new WebSocket(`ws://${location.host}/phone`); window.told = []; \
     phone.onmessage = ({ data }) => { if (typeof data === 'string') told.push(JSON.parse(data)); }; \
     phone.onopen = () => { phone.send(JSON.stringify({ do: 'call', to: '7000', from: '5550123' })); resolve(true); }; })";
const PRESSES: &str = "(() => { for (const key of '2001482915#') phone.send(JSON.stringify({ do: 'key', key })); })()";

#[tokio::test]
async fn a_call_is_followed_and_looked_at_afterwards() {
    if !is_chromium_here() {
        return;
    }
    let demo = Demo::start();
    let browser = Browser::chromium(Wanted::default()).await;
    let mut page = browser.open(&demo.page("localhost", "/live")).await;
    page.reads("none-running", "Nobody calls.").await;
    page.has_no_barriers().await;
    page.evaluate(CALLS).await;
    page.until(
        "document.querySelectorAll('#running tbody tr').length === 1",
        SPOKEN_WITHIN,
    )
    .await;
    page.reads("running", "5550123").await;
    page.reads("running", "PCMU").await;
    page.evaluate("document.querySelector('#running button').click()")
        .await;
    assert_eq!(page.focus().await, "followed-heading");
    page.reads("transcript", "5550123 calls 7000.").await;
    page.until(
        "told.some(({ event }) => event?.event === 'asks')",
        SPOKEN_WITHIN,
    )
    .await;
    page.evaluate(PRESSES).await;
    page.reads("transcript", "signed in to the mailbox of alice")
        .await;
    page.reads("running", "alice").await;
    page.reads("transcript", "two new voice messages").await;
    let seen = page.text("transcript").await;
    assert!(!seen.contains("482915"), "{seen}");
    page.until(
        "document.querySelectorAll('#timeline .prompt').length > 1 && document.querySelectorAll('#timeline .key').length >= 11",
        SPOKEN_WITHIN,
    )
    .await;
    // Nobody answers: the silence is drawn and written down.
    page.reads("transcript", "of silence").await;
    page.has_no_barriers().await;
    page.picture("live-view.png").await;
    page.evaluate("phone.send(JSON.stringify({ do: 'hang-up' }))")
        .await;
    page.until(
        "document.querySelectorAll('#finished tbody tr').length === 1",
        SPOKEN_WITHIN,
    )
    .await;
    page.reads("finished", "you hung up").await;
    page.reads("transcript", "The call is over").await;
    let gaps = page
        .evaluate("document.querySelectorAll('#timeline .gap').length")
        .await;
    assert!(gaps.as_u64().unwrap() >= 1, "{gaps}");
    page.has_no_barriers().await;
    // The page of those who have to sign in.
    page.go_to(&demo.page("localhost", "/sign-in")).await;
    page.has_no_barriers().await;
}
