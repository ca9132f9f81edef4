//! `outbox`: what waits to be delivered, also while a server runs.

use std::fmt::Write as _;

use super::{Place, print};
use crate::mailbox::MessageId;
use crate::outbox;

/// `outbox list`.
///
/// # Errors
/// When the outbox cannot be read.
pub fn outbox_list(place: &Place) -> anyhow::Result<()> {
    let (store, _) = place.store()?;
    let listed = outbox::listing(&store.outbox_folder())?;
    if listed.is_empty() {
        return print("nothing waits\n");
    }
    let mut text = format!(
        "{:<27} {:<8} {:>5}  {:<36} state\n",
        "id", "what", "tries", "to"
    );
    for one in listed {
        writeln!(
            text,
            "{:<27} {:<8} {:>5}  {:<36} {}",
            one.id.0, one.what, one.attempts, one.to, one.state
        )?;
    }
    print(&text)
}

/// `outbox retry`.
///
/// # Errors
/// When nothing of that id waits.
pub fn outbox_retry(place: &Place, id: &str) -> anyhow::Result<()> {
    let (store, _) = place.store()?;
    outbox::request_retry(&store.outbox_folder(), &MessageId(id.into()))?;
    print(&format!(
        "{id}: will be tried at once, by the server that runs or the next one that starts\n"
    ))
}
