//! PINs: which are acceptable, and how sign-in is decided (`unified-messaging` section 6).

use std::fmt;
use std::str::FromStr;
use std::sync::{Mutex, PoisonError};

use async_trait::async_trait;
use subtle::ConstantTimeEq;

use super::mailbox::Subscriber;
use super::mailbox_policy::MailboxPolicy;

/// Longest PIN.
pub const LONGEST: usize = 24;
/// Length of a PIN that we make, where the policy does not ask for more.
const GENERATED: usize = 6;

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

    /// Whether `user` may be let in without a PIN, where everything else allows it: not while
    /// sign-in is locked or blocked, nor while the PIN has to be changed.
    async fn is_in_order(&self, user: &str) -> Result<bool, PinFault>;

    /// Whether `pin` could be `user`'s new PIN, without changing anything.
    async fn examine(&self, user: &str, pin: &str) -> Result<Option<PinRefusal>, PinFault>;

    /// Changes `user`'s PIN at the owner's wish; a refusal changes nothing.
    async fn change(&self, user: &str, pin: &str) -> Result<Option<PinRefusal>, PinFault>;
}

/// Brings new PINs to their owners.
#[async_trait]
pub trait PinPost: Send + Sync {
    /// Takes over a mail with `pin` for its owner: when this returns, it survives a loss of power.
    async fn post(&self, owner: &Subscriber, pin: &str) -> Result<(), PinFault>;
}

/// Why `pin` cannot be the PIN of somebody with these numbers, as far as it can be said without
/// knowing former PINs. `extensions` are the mailbox's, `numbers` all others of its owner.
pub fn examine(
    pin: &str,
    policy: &MailboxPolicy,
    extensions: &[String],
    numbers: &[String],
) -> Option<PinRefusal> {
    let digits = pin.as_bytes();
    let at_least = policy.min_pin_length;
    if !digits.iter().all(u8::is_ascii_digit) || digits.len() < usize::from(at_least) {
        return Some(PinRefusal::TooShort { at_least });
    }
    if digits.len() > LONGEST {
        return Some(PinRefusal::TooLong);
    }
    if extensions.iter().any(|extension| extension.ends_with(pin)) {
        return Some(PinRefusal::OwnNumber);
    }
    if policy.allow_common_patterns {
        return None;
    }
    let contains = |number: &String| {
        let bare: String = number.chars().filter(char::is_ascii_digit).collect();
        bare.contains(pin)
    };
    if extensions.iter().chain(numbers).any(contains) {
        return Some(PinRefusal::OwnNumber);
    }
    is_common_pattern(digits).then_some(PinRefusal::CommonPattern)
}

/// All digits equal, or each one up or down from the one before, nine and zero being neighbours.
fn is_common_pattern(digits: &[u8]) -> bool {
    // As differences modulo ten: 0, 1 or 9 all the way.
    let mut steps = digits.windows(2).map(|pair| (10 + pair[1] - pair[0]) % 10);
    match steps.next() {
        Some(first) => matches!(first, 0 | 1 | 9) && steps.all(|step| step == first),
        None => true,
    }
}

/// A PIN that obeys all rules, from a source of random digits 0–9.
pub fn generate(
    policy: &MailboxPolicy,
    extensions: &[String],
    numbers: &[String],
    mut random_digit: impl FnMut() -> u8,
) -> String {
    let length = GENERATED.max(usize::from(policy.min_pin_length));
    loop {
        let pin: String = (0..length)
            .map(|_| char::from(b'0' + random_digit() % 10))
            .collect();
        // Common patterns are never given out, even where they are allowed.
        let strict = MailboxPolicy {
            allow_common_patterns: false,
            ..policy.clone()
        };
        if examine(&pin, &strict, extensions, numbers).is_none() {
            return pin;
        }
    }
}

/// How much work one check of a PIN costs (Argon2id, RFC 9106).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct PinCost {
    /// Memory in KiB, 8–1,048,576.
    pub memory_kib: u32,
    /// Passes over the memory, 1–64.
    pub passes: u32,
}

impl PinCost {
    /// For tests: as little as the function allows.
    pub const CHEAPEST: PinCost = PinCost {
        memory_kib: 8,
        passes: 1,
    };
}

impl Default for PinCost {
    /// What OWASP asks for at least.
    fn default() -> Self {
        PinCost {
            memory_kib: 19 * 1_024,
            passes: 2,
        }
    }
}

const HASH: usize = 32;

/// A PIN as it is kept: a salted slow hash with its parameters, never the PIN.
#[derive(Clone, PartialEq, Eq)]
pub struct PinRecord {
    cost: PinCost,
    salt: [u8; 16],
    hash: [u8; HASH],
}

/// A stored PIN record, or its cost, cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("a stored PIN record is damaged: {0}")]
pub struct DamagedRecord(String);

impl PinRecord {
    /// The record of `pin`. Slow on purpose: not for a runtime thread.
    pub fn new(pin: &str, salt: [u8; 16], cost: PinCost) -> Result<PinRecord, DamagedRecord> {
        let hash = hash(pin, &salt, cost)?;
        Ok(PinRecord { cost, salt, hash })
    }

    /// A record that no PIN fits, to spend the time on that a mailbox with a PIN would cost.
    pub fn nobodys(cost: PinCost) -> PinRecord {
        PinRecord {
            cost,
            salt: [0; 16],
            hash: [0; HASH],
        }
    }

    /// Whether `pin` is the one. Slow on purpose, and as slow for a wrong one.
    pub fn is(&self, pin: &str) -> Result<bool, DamagedRecord> {
        let hash = hash(pin, &self.salt, self.cost)?;
        Ok(hash.ct_eq(&self.hash).into())
    }
}

fn hash(pin: &str, salt: &[u8; 16], cost: PinCost) -> Result<[u8; HASH], DamagedRecord> {
    let damaged = |error: argon2::Error| DamagedRecord(error.to_string());
    let in_range = (8..=1_048_576).contains(&cost.memory_kib) && (1..=64).contains(&cost.passes);
    if !in_range {
        return Err(DamagedRecord("its cost is out of range".into()));
    }
    let params =
        argon2::Params::new(cost.memory_kib, cost.passes, 1, Some(HASH)).map_err(damaged)?;
    let mut memory = lent_memory();
    memory.resize(params.block_count(), argon2::Block::new());
    let mut hash = [0; HASH];
    let hashed = argon2::Argon2::new(argon2::Algorithm::Argon2id, argon2::Version::V0x13, params)
        .hash_password_into_with_memory(pin.as_bytes(), salt, &mut hash, memory.as_mut_slice());
    give_back(memory);
    hashed.map_err(damaged)?;
    Ok(hash)
}

/// Memory of former hashes. Freed blocks of this size would stay with the allocator, one for each
/// thread that ever hashed, so that each sign-in of a busy morning seemed to cost 19 MiB for good.
static MEMORY: Mutex<Vec<Vec<argon2::Block>>> = Mutex::new(Vec::new());

/// So many are kept: no more hashes run at once than that.
const MEMORY_KEPT: usize = 2;

fn lent_memory() -> Vec<argon2::Block> {
    let mut kept = MEMORY.lock().unwrap_or_else(PoisonError::into_inner);
    kept.pop().unwrap_or_default()
}

fn give_back(memory: Vec<argon2::Block>) {
    let mut kept = MEMORY.lock().unwrap_or_else(PoisonError::into_inner);
    if kept.len() < MEMORY_KEPT {
        kept.push(memory);
    }
}

impl fmt::Debug for PinRecord {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PinRecord")
    }
}

impl fmt::Display for PinRecord {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let PinCost { memory_kib, passes } = self.cost;
        write!(f, "argon2id,{memory_kib},{passes},")?;
        for byte in self.salt {
            write!(f, "{byte:02x}")?;
        }
        f.write_str(",")?;
        for byte in self.hash {
            write!(f, "{byte:02x}")?;
        }
        Ok(())
    }
}

impl FromStr for PinRecord {
    type Err = DamagedRecord;

    fn from_str(text: &str) -> Result<PinRecord, DamagedRecord> {
        let damaged = || DamagedRecord("unknown form".into());
        let fields: Vec<&str> = text.split(',').collect();
        let ["argon2id", memory_kib, passes, salt, hash] = fields.as_slice() else {
            return Err(damaged());
        };
        Ok(PinRecord {
            cost: PinCost {
                memory_kib: memory_kib.parse().map_err(|_| damaged())?,
                passes: passes.parse().map_err(|_| damaged())?,
            },
            salt: from_hex(salt).ok_or_else(damaged)?,
            hash: from_hex(hash).ok_or_else(damaged)?,
        })
    }
}

fn from_hex<const N: usize>(text: &str) -> Option<[u8; N]> {
    let mut bytes = [0; N];
    if text.len() != 2 * N || !text.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return None;
    }
    for (at, byte) in bytes.iter_mut().enumerate() {
        *byte = u8::from_str_radix(text.get(2 * at..2 * at + 2)?, 16).ok()?;
    }
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn policy(allow_common_patterns: bool) -> MailboxPolicy {
        MailboxPolicy {
            allow_common_patterns,
            ..MailboxPolicy::default()
        }
    }

    fn examined(pin: &str, allow_common_patterns: bool) -> Option<PinRefusal> {
        let extensions = ["36697".to_owned(), "8205173".to_owned()];
        let numbers = ["+1 (555) 010-2001".to_owned()];
        let policy = MailboxPolicy {
            min_pin_length: 4,
            ..policy(allow_common_patterns)
        };
        examine(pin, &policy, &extensions, &numbers)
    }

    #[test]
    fn a_pin_obeys_the_rules() {
        use PinRefusal::{CommonPattern, OwnNumber, TooLong, TooShort};
        let short = Some(TooShort { at_least: 4 });
        // PIN, why it is refused, why it is refused where patterns are allowed.
        let table = [
            ("", short, short),
            ("482", short, short),
            ("4829", None, None),
            ("48x915", short, short),
            ("482915", None, None),
            ("482915482915482915482915", None, None),
            ("4829154829154829154829157", Some(TooLong), Some(TooLong)),
            ("1234", Some(CommonPattern), None),
            ("65432", Some(CommonPattern), None),
            ("456789", Some(CommonPattern), None),
            ("7890", Some(CommonPattern), None),
            ("0987", Some(CommonPattern), None),
            ("89012", Some(CommonPattern), None),
            ("21098", Some(CommonPattern), None),
            ("111111", Some(CommonPattern), None),
            ("135791", None, None),
            ("123457", None, None),
            ("112233", None, None),
            ("36697", Some(OwnNumber), Some(OwnNumber)),
            ("6697", Some(OwnNumber), Some(OwnNumber)),
            ("136697", None, None),
            ("3669", Some(OwnNumber), None),
            ("5501", Some(OwnNumber), None),
            ("15550102001", Some(OwnNumber), None),
            ("2001", Some(OwnNumber), None),
            ("5173", Some(OwnNumber), Some(OwnNumber)),
        ];
        for (pin, refusal, refusal_with_patterns) in table {
            assert_eq!(examined(pin, false), refusal, "{pin}");
            assert_eq!(
                examined(pin, true),
                refusal_with_patterns,
                "{pin}, patterns allowed"
            );
        }
    }

    #[test]
    fn the_minimum_is_the_policys() {
        let policy = MailboxPolicy {
            min_pin_length: 8,
            ..policy(false)
        };
        let refusal = Some(PinRefusal::TooShort { at_least: 8 });
        assert_eq!(examine("4829157", &policy, &[], &[]), refusal);
        assert_eq!(examine("48291570", &policy, &[], &[]), None);
    }

    #[test]
    fn a_generated_pin_obeys_all_rules() {
        // Zeros first: a source that would make a forbidden PIN is asked again.
        let mut digits = [0; 6].into_iter().chain([4, 8, 2, 9, 1, 5]);
        let pin = generate(&policy(true), &[], &[], || digits.next().unwrap());
        assert_eq!(pin, "482915");
        let long = MailboxPolicy {
            min_pin_length: 9,
            ..policy(false)
        };
        let mut seed = 7_u32;
        let pin = generate(&long, &[], &[], || {
            seed = seed.wrapping_mul(1_103_515_245).wrapping_add(12_345);
            (seed >> 16) as u8
        });
        assert_eq!(pin.len(), 9);
        assert_eq!(examine(&pin, &long, &[], &[]), None);
    }

    #[test]
    fn a_record_knows_its_pin_and_survives_writing() {
        let record = PinRecord::new("482915", [7; 16], PinCost::CHEAPEST).unwrap();
        let text = record.to_string();
        assert!(!text.contains("482915"));
        let read: PinRecord = text.parse().unwrap();
        assert_eq!(read, record);
        assert!(read.is("482915").unwrap());
        assert!(!read.is("482916").unwrap());
        let other_salt = PinRecord::new("482915", [8; 16], PinCost::CHEAPEST).unwrap();
        assert_ne!(other_salt.to_string(), text);
    }

    #[test]
    fn a_damaged_record_is_an_error_and_costs_no_memory() {
        let text = PinRecord::new("1", [0; 16], PinCost::CHEAPEST)
            .unwrap()
            .to_string();
        for damaged in ["", "argon2id", &text[1..], &text[..text.len() - 1]] {
            assert!(damaged.parse::<PinRecord>().is_err(), "{damaged}");
        }
        let greedy: PinRecord = text.replacen(",8,", ",4000000000,", 1).parse().unwrap();
        assert!(greedy.is("1").is_err());
    }
}
