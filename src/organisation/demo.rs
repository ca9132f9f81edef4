//! The organisation of `ringback demo`: a fixed dial plan with people, mailboxes and PINs to try.

use ipnet::IpNet;
use jiff::Timestamp;
use rand::Rng;
use rusqlite::params;

use super::mailboxes::{NewPin, commit, generated, hash};
use super::whole::{OrganisationFault, Whole};
use super::{pin_rows, text};
use crate::mailbox::UserSettings;
use crate::policy::dial_plan::{Gateway, GatewayStatus, HuntGroup};
use crate::policy::lockout::Failures;
use crate::policy::pin::{PinCost, PinRecord};
use crate::store::{Store, StoreFault};

/// The name of its dial plan.
pub const DIAL_PLAN: &str = "demo";
/// The number to call.
pub const ACCESS_NUMBER: &str = "7000";
/// The subscriber whose mailbox is worth listening to.
pub const FIRST_USER: &str = "alice";

/// Users whose PIN is the same in every demo.
const KNOWN_PINS: [(&str, &str); 4] = [
    ("alice", "482915"),
    ("bob", "739164"),
    ("carol", "615284"),
    ("dave", "950371"),
];
/// Never signed in: the PIN must be changed, and first-time set-up follows.
const NEWCOMER: &str = "carol";
/// Locked out by wrong PINs.
const LOCKED_OUT: &str = "dave";

/// Whether the store holds a demo already.
pub fn is_built(store: &Store) -> Result<bool, StoreFault> {
    let whole = store.read_now(Whole::read)?;
    Ok(whole.dial_plan.iter().any(|plan| plan.name == DIAL_PLAN))
}

/// The PIN that this user has in every new demo, if it is a fixed one.
pub fn first_pin(user: &str) -> Option<&'static str> {
    let known = KNOWN_PINS.iter().find(|(known, _)| *known == user);
    known.map(|(_, pin)| *pin)
}

/// Makes the demo in an empty store. Besides 127.0.0.0/8 it takes calls from `trust`. Gives every
/// PIN, in the order of extensions; they stand nowhere else. Blocks.
pub fn build(
    store: &Store,
    trust: &[IpNet],
    now: Timestamp,
    random: &mut impl Rng,
    cost: PinCost,
) -> Result<Vec<NewPin>, OrganisationFault> {
    let mut whole = text::parse(include_str!("demo.toml"))?;
    for network in trust {
        add_gateway(&mut whole, *network);
    }
    let before = store.read_now(Whole::read)?;
    whole.complete(&before);
    whole.check(&before)?;
    let mut pins = Vec::new();
    for mailbox in &whole.mailbox {
        let user = mailbox.user.clone();
        let pin = match first_pin(&user) {
            Some(pin) => pin.to_owned(),
            None => generated(&whole, &user, random)?,
        };
        pins.push(NewPin { user, pin });
    }
    let records = hash_all(&pins, cost)?;
    let set_up = serde_json::to_string(&UserSettings {
        set_up: true,
        ..UserSettings::default()
    })
    .map_err(OrganisationFault::wrong)?;
    commit(store, &before, &whole, |db| {
        for (NewPin { user, .. }, record) in pins.iter().zip(&records) {
            pin_rows::replace(db, user, record, now, user == NEWCOMER)?;
            if user != NEWCOMER {
                db.execute(
                    "INSERT OR REPLACE INTO user_settings (mailbox, body) VALUES (?1, ?2)",
                    params![user, set_up],
                )?;
            }
        }
        let locked = Failures {
            count: 15,
            blocked_until: None,
            locked: true,
        };
        pin_rows::write_failures(db, LOCKED_OUT, &locked)?;
        Ok(())
    })?;
    pins.sort_by_key(|pin| whole.extension(&pin.user));
    Ok(pins)
}

fn add_gateway(whole: &mut Whole, network: IpNet) {
    if whole
        .gateway
        .iter()
        .any(|gateway| gateway.address == network)
    {
        return;
    }
    // No ':' nor '/' in names.
    let name = format!("trusted {}", network.to_string().replace([':', '/'], " "));
    let like = whole
        .gateway
        .first()
        .map(|first| (first.requests_per_second, first.calls_per_second));
    let (requests_per_second, calls_per_second) = like.unwrap_or((50, 10));
    whole.hunt_group.push(HuntGroup {
        name: format!("{name} Default Hunt Group"),
        dial_plan: DIAL_PLAN.to_owned(),
        gateway: name.clone(),
        pilot_identifiers: Vec::new(),
    });
    whole.gateway.push(Gateway {
        name,
        address: network,
        status: GatewayStatus::Enabled,
        requests_per_second,
        calls_per_second,
        asserts_calling_number: false,
        behind_nat: false,
    });
}

/// Hashing is slow on purpose; the processors share it, so that a demo starts within seconds.
fn hash_all(pins: &[NewPin], cost: PinCost) -> Result<Vec<PinRecord>, OrganisationFault> {
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    let share = pins.len().div_ceil(threads).max(1);
    std::thread::scope(|scope| {
        let shares: Vec<_> = pins
            .chunks(share)
            .map(|pins| {
                scope.spawn(move || {
                    pins.iter()
                        .map(|new| hash(&new.pin, cost))
                        .collect::<Result<Vec<_>, _>>()
                })
            })
            .collect();
        let mut records = Vec::new();
        for share in shares {
            let share = share
                .join()
                .map_err(|_| OrganisationFault::wrong("hashing PINs failed"))?;
            records.extend(share?);
        }
        Ok(records)
    })
}
