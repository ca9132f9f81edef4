//! PINs: which are acceptable, and how sign-in is decided (`unified-messaging` section 6).

use async_trait::async_trait;

use super::mailbox::Subscriber;

/// Why a new PIN is refused, in the order in which the reasons are looked for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum PinRefusal {
    /// Shorter than the policy's minimum.
    TooShort {
        /// The minimum.
        at_least: u8,
    },
    /// More than 24 digits.
    TooLong,
    /// The end of one of the owner's extensions, or contained in one of the owner's numbers.
    OwnNumber,
    /// All digits equal, or all consecutive up or down.
    CommonPattern,
    /// One of the last PINs.
    UsedBefore,
}

/// What became of an attempt to sign in.
#[derive(Clone, Debug)]
pub enum PinCheck {
    /// Signed in.
    Accepted(Subscriber),
    /// The PIN is right, but has to be changed before anything else.
    MustChange(Subscriber),
    /// Unknown mailbox, mailbox without a PIN, or wrong PIN: nobody can tell which.
    Refused,
    /// Too many failures: locked until an administrator unlocks it, or blocked for a while. Said
    /// for a right PIN as for a wrong one.
    LockedOut,
    /// The PIN is right, but this subscriber may not sign in by telephone.
    NotAllowed,
}

/// A fault of the store behind sign-in; the caller hears an apology.
#[derive(Debug, thiserror::Error)]
#[error("sign-in is not possible at present: {0}")]
pub struct PinFault(pub String);

/// The keeper of PINs and failure counters. Counting survives restarts and holds with parallel
/// calls; each check costs the same Argon2id work whoever is asked for.
#[async_trait]
pub trait Pins: Send + Sync {
    /// Checks `pin` for `number` in `dial_plan` and counts a failure. `calling` is the calling
    /// number, by which guesses over many mailboxes are counted.
    async fn check(
        &self,
        dial_plan: &str,
        number: &str,
        pin: &str,
        calling: Option<&str>,
    ) -> Result<PinCheck, PinFault>;

    /// Whether `pin` could be `user`'s new PIN, without changing anything.
    async fn examine(&self, user: &str, pin: &str) -> Result<Option<PinRefusal>, PinFault>;

    /// Changes `user`'s PIN at the owner's wish; a refusal changes nothing.
    async fn change(&self, user: &str, pin: &str) -> Result<Option<PinRefusal>, PinFault>;
}
