//! What has to be done from time to time, whether anybody calls or not.

use std::time::Duration;

use jiff::SignedDuration;

use super::house::House;

/// How often it is looked for what has lain long enough.
const EVERY: Duration = Duration::from_secs(60 * 60);

/// Keeps the house in order, for ever.
pub(super) async fn keep(house: &House) {
    let mut every = tokio::time::interval(EVERY);
    every.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        every.tick().await;
        empty_deleted(house).await;
    }
}

async fn empty_deleted(house: &House) {
    let days = house.config().storage.deleted_items_days;
    if days == 0 {
        return;
    }
    let keep = SignedDuration::from_hours(24 * i64::from(days));
    match house.mailbox.empty_deleted(house.clock.now(), keep).await {
        Ok(emptied) if emptied.messages == 0 => {}
        Ok(emptied) => tracing::info!(
            messages = emptied.messages,
            bytes = emptied.bytes,
            "Deleted Items was emptied of what had been there for {days} days"
        ),
        Err(fault) => tracing::warn!(%fault, "Deleted Items cannot be emptied, trying again later"),
    }
}
