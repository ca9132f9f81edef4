//! Lets a caller into a mailbox, or ends the call (`outlook-voice-access` sections 2.1 and 2.2).

use tracing::warn;

use super::arrival::CallType;
use super::change_pin::{self, Why};
use super::desk::{Session, Visit, mailbox_of};
use super::sender::SpokenName;
use super::{directory_search, faults, prompts};
use crate::caller::{
    AskDigits, Caller, Digits, Leave, PinEntry, Saying, SecretDigits, Talk, Value,
};
use crate::line::{Key, PromptName};
use crate::policy::areas::Area;
use crate::policy::mailbox::Subscriber;
use crate::policy::pin::PinCheck;

/// Whose mailbox it is before anybody has said so.
pub(super) enum SignIn {
    /// The calling number is this subscriber's own.
    Recognised(Subscriber),
    /// This subscriber's mailbox answered, and `*` was pressed.
    Answered(Subscriber),
}

/// The subscriber whose own extension is calling.
pub(super) fn recognised(visit: &Visit<'_>) -> Option<Subscriber> {
    let calling = visit.arrival.calling.as_ref()?;
    visit
        .desk
        .subscribers
        .by_number(&visit.arrival.dial_plan.name, calling.as_str())
        .filter(|subscriber| subscriber.mailbox.enabled)
}

/// Where sign-in stands.
enum Step {
    Extension,
    Pin {
        extension: String,
        /// The name that goes before the question, for a caller who was recognised.
        owner: Option<Subscriber>,
        /// Whether the last PIN was wrong.
        again: bool,
    },
}

/// Who was let in, and what for.
pub(super) struct LetIn {
    pub(super) subscriber: Subscriber,
    /// Whether `#` `*` was pressed on the way in: the welcome of the dial plan is to be recorded, not a
    /// mailbox to be opened (`outlook-voice-access` section 2.5).
    pub(super) for_system_prompts: bool,
}

/// Asks for extension and PIN until a subscriber is signed in.
pub(super) async fn sign_in(
    caller: &mut Caller,
    visit: &mut Visit<'_>,
    known: Option<SignIn>,
) -> Talk<LetIn> {
    let mut for_system_prompts = false;
    let let_in = |subscriber, for_system_prompts| {
        Ok(LetIn {
            subscriber,
            for_system_prompts,
        })
    };
    let mut step = match known {
        Some(SignIn::Recognised(owner)) => Step::Pin {
            extension: owner.extension().to_owned(),
            owner: Some(owner),
            again: false,
        },
        Some(SignIn::Answered(owner)) => Step::Pin {
            extension: owner.extension().to_owned(),
            owner: None,
            again: false,
        },
        None => Step::Extension,
    };
    loop {
        step = match step {
            Step::Extension => match ask_extension(caller, visit).await? {
                Some(extension) => Step::Pin {
                    extension,
                    owner: None,
                    again: false,
                },
                None => {
                    if wants_system_prompts(caller, visit).await? {
                        for_system_prompts = true;
                    } else if may_contact_someone(visit) {
                        Box::pin(directory_search::contact_someone(caller, visit)).await?;
                    }
                    Step::Extension
                }
            },
            Step::Pin {
                extension,
                owner,
                again,
            } => {
                let question = pin_question(visit, owner.as_ref(), again).await;
                match caller
                    .ask_pin(question, true, pound_means_something(visit))
                    .await?
                {
                    PinEntry::Star => Step::Extension,
                    PinEntry::Pound if wants_system_prompts(caller, visit).await? => {
                        for_system_prompts = true;
                        Step::Pin {
                            extension,
                            owner,
                            again: false,
                        }
                    }
                    PinEntry::Pound => {
                        if may_contact_someone(visit) {
                            Box::pin(directory_search::contact_someone(caller, visit)).await?;
                        }
                        Step::Extension
                    }
                    PinEntry::Digits(pin) => match check(visit, &extension, &pin).await? {
                        PinCheck::Accepted(subscriber) => {
                            let subscriber = signed_in(caller, visit, subscriber);
                            return let_in(subscriber, for_system_prompts);
                        }
                        PinCheck::MustChange(subscriber) => {
                            let subscriber = signed_in(caller, visit, subscriber);
                            change_pin::change_pin(caller, visit, &subscriber, Why::Must).await?;
                            return let_in(subscriber, for_system_prompts);
                        }
                        PinCheck::LockedOut => return Err(locked_out(caller, visit).await),
                        PinCheck::Refused => {
                            failed(caller, visit, prompts::PIN_INCORRECT).await?;
                            Step::Pin {
                                extension,
                                owner: None,
                                again: true,
                            }
                        }
                        PinCheck::NotAllowed => {
                            failed(caller, visit, prompts::SIGN_IN_NOT_ALLOWED).await?;
                            Step::Extension
                        }
                    },
                }
            }
        };
    }
}

/// Whether voice mail opens for `owner`, whose own number is calling, without a PIN: every switch is
/// on, the gateway vouches for the number, and nothing stands against the PIN or is still to be set up.
pub(super) async fn opens_without_pin(visit: &Visit<'_>, owner: &Subscriber) -> bool {
    if !visit.arrival.calling_is_asserted || !owner.may(Area::PinlessVoiceMail) {
        return false;
    }
    let mailbox = mailbox_of(owner);
    let settings = visit.desk.settings.settings(&mailbox).await;
    let in_order = visit.desk.pins.is_in_order(owner.user()).await;
    // In doubt the PIN is asked for.
    matches!(settings, Ok(settings) if settings.set_up) && matches!(in_order, Ok(true))
}

/// Asks for the PIN of a session that was opened without one, once a call. `*` goes back to the main
/// menu; wrong PINs count as they do at sign-in.
pub(super) async fn ensure_pin(
    caller: &mut Caller,
    visit: &mut Visit<'_>,
    session: &mut Session,
) -> Talk {
    let mut question = prompts::PIN_NEEDED;
    while !session.pin_given {
        let entry = caller.ask_pin(Saying::new(question), true, false).await?;
        let PinEntry::Digits(pin) = entry else {
            return Err(Leave::MainMenu);
        };
        match check(visit, session.subscriber.extension(), &pin).await? {
            PinCheck::Accepted(_) => session.pin_given = true,
            PinCheck::MustChange(subscriber) => {
                change_pin::change_pin(caller, visit, &subscriber, Why::Must).await?;
                session.pin_given = true;
            }
            PinCheck::LockedOut => return Err(locked_out(caller, visit).await),
            PinCheck::Refused => {
                failed(caller, visit, prompts::PIN_WRONG).await?;
                question = prompts::PIN_NEEDED_AGAIN;
            }
            PinCheck::NotAllowed => {
                failed(caller, visit, prompts::SIGN_IN_NOT_ALLOWED).await?;
                return Err(Leave::MainMenu);
            }
        }
    }
    Ok(())
}

async fn check(visit: &Visit<'_>, extension: &str, pin: &SecretDigits) -> Talk<PinCheck> {
    let (arrival, pins) = (&visit.arrival, &visit.desk.pins);
    let calling = arrival.calling.as_ref().map(|number| number.as_str());
    pins.check(&arrival.dial_plan.name, extension, pin.expose(), calling)
        .await
        .map_err(faults::pins)
}

async fn locked_out(caller: &mut Caller, visit: &Visit<'_>) -> Leave {
    warn!(call = %visit.arrival.call_id, "sign-in refused: locked out");
    caller.farewell(prompts::MAILBOX_LOCKED).await
}

/// Notes for the call record who has signed in.
pub(super) fn signed_in(
    caller: &Caller,
    visit: &mut Visit<'_>,
    subscriber: Subscriber,
) -> Subscriber {
    if visit.outcome.caller_mailbox.as_deref() != Some(subscriber.user()) {
        caller.note_signed_in(subscriber.user());
    }
    visit.missed = None;
    visit.outcome.call_type = CallType::SubscriberAccess;
    visit.outcome.caller_mailbox = Some(subscriber.user().to_owned());
    subscriber
}

/// Counts a failure, says so, and ends the call at the dial plan's limit.
async fn failed(caller: &mut Caller, visit: &mut Visit<'_>, why: PromptName) -> Talk {
    visit.sign_in_failures = visit.sign_in_failures.saturating_add(1);
    warn!(
        call = %visit.arrival.call_id,
        failures = visit.sign_in_failures,
        "a sign-in failed"
    );
    if visit.sign_in_failures >= visit.arrival.dial_plan.logon_failures_before_disconnect {
        let said = Saying::new(why).then(prompts::TOO_MANY_ATTEMPTS);
        return Err(caller.farewell(said).await);
    }
    caller.say(why).await
}

/// Asks for an extension; `None` when the caller wants to contact somebody instead.
async fn ask_extension(caller: &mut Caller, visit: &Visit<'_>) -> Talk<Option<String>> {
    let digits = usize::from(visit.arrival.dial_plan.number_of_digits_in_extension);
    let may_contact = may_contact_someone(visit);
    let answer = caller
        .ask_digits(AskDigits {
            prompt: Saying::new(if may_contact {
                prompts::ENTER_EXTENSION
            } else {
                prompts::ENTER_EXTENSION_ONLY
            }),
            longest: digits,
            complete_at: Some(digits),
            lone_keys: if pound_means_something(visit) {
                &[Key::POUND]
            } else {
                &[]
            },
        })
        .await?;
    Ok(match answer {
        Digits::Entered(extension) => Some(extension),
        Digits::Lone(_) => None,
    })
}

/// Whether somebody without a PIN can do anything with whom he finds: leaving a message is all there
/// is.
fn may_contact_someone(visit: &Visit<'_>) -> bool {
    visit.arrival.dial_plan.send_voice_messages_enabled
}

/// Whether `#` alone leads anywhere: to somebody's name, or, with `*`, to the system's recordings.
fn pound_means_something(visit: &Visit<'_>) -> bool {
    may_contact_someone(visit) || visit.arrival.dial_plan.tui_prompt_editing_enabled
}

/// Whether `*` follows the `#` that was just pressed, where that means something; and if so, says what
/// it leads to. It is announced nowhere: whom it concerns has read of it.
async fn wants_system_prompts(caller: &mut Caller, visit: &Visit<'_>) -> Talk<bool> {
    if !visit.arrival.dial_plan.tui_prompt_editing_enabled {
        return Ok(false);
    }
    let wants = caller.goes_on_with(Key::STAR).await?;
    if wants {
        caller.say(prompts::SYSTEM_PROMPTS_SIGN_IN).await?;
    }
    Ok(wants)
}

async fn pin_question(visit: &Visit<'_>, owner: Option<&Subscriber>, again: bool) -> Saying {
    let Some(owner) = owner else {
        // A wrong extension sounds like a wrong PIN, so here is the way back to it.
        return Saying::new(if again {
            prompts::ENTER_PIN_AGAIN
        } else {
            prompts::ENTER_PIN
        });
    };
    match SpokenName::of_user(visit.desk, owner.user(), &owner.display_name).await {
        SpokenName::Recorded(sound) => Saying::nothing()
            .play("name", sound)
            .then(prompts::ENTER_PIN_FOR_RECORDED_NAME),
        SpokenName::Written(name) => {
            Saying::new(prompts::ENTER_PIN_FOR).with("name", Value::Name(name))
        }
    }
}
