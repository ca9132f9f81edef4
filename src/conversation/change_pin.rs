//! A new PIN, entered twice; each reason for refusal is told (`unified-messaging` section 6).

use super::desk::Visit;
use super::{faults, prompts};
use crate::caller::{Caller, PinEntry, Saying, Talk, Value};
use crate::policy::mailbox::Subscriber;
use crate::policy::pin::PinRefusal;

/// A refused PIN is no wrong key: the rules take some finding out. But not for ever.
const TRIES_MAX: u32 = 12;

/// The longest PIN (`unified-messaging` section 6).
const PIN_LONGEST: u64 = 24;

/// Why the PIN is changed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Why {
    /// Nothing else is possible before.
    Must,
    /// The subscriber wants it; `*` leaves it as it is.
    Wish,
}

/// Asks for a new PIN until one is accepted.
pub(super) async fn change_pin(
    caller: &mut Caller,
    visit: &Visit<'_>,
    subscriber: &Subscriber,
    why: Why,
) -> Talk {
    let pins = &visit.desk.pins;
    let user = subscriber.user();
    if why == Why::Must {
        caller.say(prompts::PIN_MUST_CHANGE).await?;
    }
    let may_leave = why == Why::Wish;
    let shortest = Value::Count(u64::from(subscriber.policy.min_pin_length));
    for _ in 0..TRIES_MAX {
        let question = Saying::new(prompts::ENTER_NEW_PIN).with("digits", shortest.clone());
        let PinEntry::Digits(pin) = caller.ask_pin(question, may_leave, false).await? else {
            return caller.say(prompts::PIN_NOT_CHANGED).await;
        };
        // Refused before it has to be typed again.
        if let Some(refusal) = pins
            .examine(user, pin.expose())
            .await
            .map_err(faults::pins)?
        {
            caller.say(reason(refusal)).await?;
            continue;
        }
        let question = Saying::new(prompts::CONFIRM_NEW_PIN);
        let PinEntry::Digits(again) = caller.ask_pin(question, may_leave, false).await? else {
            return caller.say(prompts::PIN_NOT_CHANGED).await;
        };
        if again.expose() != pin.expose() {
            caller.say(prompts::PINS_DIFFER).await?;
            continue;
        }
        match pins
            .change(user, pin.expose())
            .await
            .map_err(faults::pins)?
        {
            None => return caller.say(prompts::PIN_CHANGED).await,
            Some(refusal) => caller.say(reason(refusal)).await?,
        }
    }
    Err(caller.farewell(prompts::TOO_MANY_ATTEMPTS).await)
}

fn reason(refusal: PinRefusal) -> Saying {
    match refusal {
        PinRefusal::TooShort { at_least } => {
            Saying::new(prompts::PIN_TOO_SHORT).with("digits", Value::Count(u64::from(at_least)))
        }
        PinRefusal::TooLong => {
            Saying::new(prompts::PIN_TOO_LONG).with("digits", Value::Count(PIN_LONGEST))
        }
        PinRefusal::OwnNumber => Saying::new(prompts::PIN_OWN_NUMBER),
        PinRefusal::CommonPattern => Saying::new(prompts::PIN_COMMON_PATTERN),
        PinRefusal::UsedBefore => Saying::new(prompts::PIN_USED_BEFORE),
    }
}
