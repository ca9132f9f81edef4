//! PIN records and failure counters as rows. Everything here happens inside one transaction.

use jiff::{SignedDuration, Timestamp};
use rusqlite::{Connection, OptionalExtension, Transaction, params};

use crate::policy::lockout::{
    Failures, Gate, SPRAY_PER_CALLING_NUMBER, SPRAY_PER_SYSTEM, SPRAY_WINDOW,
};
use crate::policy::mailbox_policy::MailboxPolicy;
use crate::policy::pin::PinRecord;
use crate::store::StoreFault;

/// How many former PINs are remembered: the most that a policy can ask for.
const REMEMBERED: usize = 20;

/// A PIN as it is kept.
#[derive(Clone, Debug)]
pub(super) struct PinRow {
    pub(super) record: PinRecord,
    /// Records of the PINs so far, the present one first.
    pub(super) history: Vec<PinRecord>,
    pub(super) set_at: Timestamp,
    pub(super) must_change: bool,
    pub(super) failures: Failures,
}

/// An attempt to sign in, counted as failed until it is known to be right.
pub(super) struct Reserved {
    pub(super) gate: ReservedGate,
    /// So many wrong sign-ins in the whole system that answers become slow.
    pub(super) sprayed: bool,
    wrong: i64,
}

pub(super) enum ReservedGate {
    /// The PIN is looked at; this is failure number `attempt` if it is wrong.
    Open {
        row: PinRow,
        attempt: u32,
        locks: bool,
    },
    /// No mailbox, or one without a PIN.
    Nobody,
    /// Blocked or locked.
    Closed,
    /// The calling number has guessed too often; nothing is looked at.
    Sprayer,
}

pub(super) fn read(db: &Connection, user: &str) -> Result<Option<PinRow>, StoreFault> {
    let row = db
        .prepare_cached(
            "SELECT record, former, set_at, must_change, failures, blocked_until, locked
             FROM pin WHERE user = ?1",
        )?
        .query_row([user], |row| {
            Ok((
                row.get::<_, String>(0)?,
                row.get::<_, String>(1)?,
                row.get::<_, i64>(2)?,
                row.get::<_, bool>(3)?,
                row.get::<_, u32>(4)?,
                row.get::<_, Option<i64>>(5)?,
                row.get::<_, bool>(6)?,
            ))
        })
        .optional()?;
    let Some((record, former, set_at, must_change, count, blocked_until, locked)) = row else {
        return Ok(None);
    };
    let parse = |text: &str| {
        text.parse::<PinRecord>()
            .map_err(|damaged| StoreFault::Database(damaged.to_string()))
    };
    let record = parse(&record)?;
    let mut history = vec![record.clone()];
    for text in former.split_whitespace() {
        history.push(parse(text)?);
    }
    Ok(Some(PinRow {
        record,
        history,
        set_at: timestamp(set_at)?,
        must_change,
        failures: Failures {
            count,
            blocked_until: blocked_until.map(timestamp).transpose()?,
            locked,
        },
    }))
}

/// Makes `record` the user's PIN and remembers the former ones. Counters start anew, and a lock is
/// undone: whoever may do this knew the PIN or is an administrator.
pub(super) fn replace(
    db: &Transaction<'_>,
    user: &str,
    record: &PinRecord,
    now: Timestamp,
    must_change: bool,
) -> Result<(), StoreFault> {
    let history = read(db, user)?.map(|row| row.history).unwrap_or_default();
    let former: Vec<String> = history
        .iter()
        .take(REMEMBERED - 1)
        .map(ToString::to_string)
        .collect();
    db.execute(
        "INSERT OR REPLACE INTO pin (user, record, former, set_at, must_change)
         VALUES (?1, ?2, ?3, ?4, ?5)",
        params![
            user,
            record.to_string(),
            former.join(" "),
            now.as_microsecond(),
            must_change
        ],
    )?;
    Ok(())
}

/// Makes `record` the PIN of a mailbox after failure number `attempt`, to be changed at the next
/// sign-in. The block of that failure ends; failures go on being counted, and a lock stays.
pub(super) fn reset(
    db: &Transaction<'_>,
    user: &str,
    record: &PinRecord,
    now: Timestamp,
    attempt: u32,
) -> Result<(), StoreFault> {
    let Some(row) = read(db, user)? else {
        return Ok(());
    };
    replace(db, user, record, now, true)?;
    let failures = Failures {
        count: row.failures.count.max(attempt),
        blocked_until: None,
        locked: row.failures.locked,
    };
    write_failures(db, user, &failures)?;
    Ok(())
}

/// A PIN whose mailbox is locked has to be changed once it is unlocked.
pub(super) fn demand_change_if_locked(db: &Transaction<'_>, user: &str) -> Result<(), StoreFault> {
    db.execute(
        "UPDATE pin SET must_change = 1 WHERE user = ?1 AND locked",
        params![user],
    )?;
    Ok(())
}

pub(super) fn write_failures(
    db: &Transaction<'_>,
    user: &str,
    failures: &Failures,
) -> Result<usize, StoreFault> {
    Ok(db
        .prepare_cached(
            "UPDATE pin SET failures = ?2, blocked_until = ?3, locked = ?4 WHERE user = ?1",
        )?
        .execute(params![
            user,
            failures.count,
            failures.blocked_until.map(Timestamp::as_microsecond),
            failures.locked
        ])?)
}

/// Counts an attempt before anybody learns how it went.
pub(super) fn reserve(
    db: &Transaction<'_>,
    user: Option<(&str, &MailboxPolicy)>,
    calling: &str,
    now: Timestamp,
) -> Result<Reserved, StoreFault> {
    let (by_calling, by_all) = count_wrong(db, calling, now)?;
    let sprayed = by_all >= SPRAY_PER_SYSTEM;
    if by_calling >= SPRAY_PER_CALLING_NUMBER {
        return Ok(Reserved {
            gate: ReservedGate::Sprayer,
            sprayed,
            wrong: 0,
        });
    }
    db.prepare_cached("INSERT INTO wrong_sign_in (at, calling) VALUES (?1, ?2)")?
        .execute(params![now.as_microsecond(), calling])?;
    let wrong = db.last_insert_rowid();
    let gate = match user {
        None => ReservedGate::Nobody,
        Some((user, policy)) => reserve_at(db, user, policy, now)?,
    };
    Ok(Reserved {
        gate,
        sprayed,
        wrong,
    })
}

fn reserve_at(
    db: &Transaction<'_>,
    user: &str,
    policy: &MailboxPolicy,
    now: Timestamp,
) -> Result<ReservedGate, StoreFault> {
    let Some(row) = read(db, user)? else {
        return Ok(ReservedGate::Nobody);
    };
    let failures = row.failures.at(now);
    if failures.gate(now) != Gate::Open {
        if failures != row.failures {
            write_failures(db, user, &failures)?;
        }
        return Ok(ReservedGate::Closed);
    }
    let counted = failures.after_failure(now, policy);
    write_failures(db, user, &counted)?;
    Ok(ReservedGate::Open {
        row,
        attempt: counted.count,
        locks: counted.locked,
    })
}

/// Takes back what [`reserve`] counted. `false` when the PIN was replaced meanwhile: then it was
/// right for a PIN that is no more.
pub(super) fn forgive(
    db: &Transaction<'_>,
    user: &str,
    reserved: &Reserved,
    policy: &MailboxPolicy,
    now: Timestamp,
) -> Result<bool, StoreFault> {
    let ReservedGate::Open { row, attempt, .. } = &reserved.gate else {
        return Ok(false);
    };
    let Some(present) = read(db, user)? else {
        return Ok(false);
    };
    if present.record != row.record {
        return Ok(false);
    }
    let failures = present.failures.after_success(*attempt, policy, now);
    write_failures(db, user, &failures)?;
    db.prepare_cached("DELETE FROM wrong_sign_in WHERE id = ?1")?
        .execute([reserved.wrong])?;
    Ok(true)
}

/// Wrong sign-ins of this calling number and of all, in the last ten minutes.
fn count_wrong(
    db: &Transaction<'_>,
    calling: &str,
    now: Timestamp,
) -> Result<(u64, u64), StoreFault> {
    let micros = |by: SignedDuration| {
        now.checked_add(by)
            .map_or(i64::MAX, Timestamp::as_microsecond)
    };
    let window = SignedDuration::try_from(SPRAY_WINDOW).unwrap_or(SignedDuration::from_mins(10));
    let oldest = now
        .checked_sub(window)
        .map_or(i64::MIN, Timestamp::as_microsecond);
    // What lies in the future was counted before the clock was set back.
    let newest = micros(SignedDuration::from_mins(1));
    db.prepare_cached("DELETE FROM wrong_sign_in WHERE at <= ?1 OR at > ?2")?
        .execute([oldest, newest])?;
    let count = |sql: &str, params: &[&dyn rusqlite::ToSql]| -> Result<u64, StoreFault> {
        let count: i64 = db
            .prepare_cached(sql)?
            .query_row(params, |row| row.get(0))?;
        Ok(u64::try_from(count).unwrap_or(0))
    };
    Ok((
        count(
            "SELECT count(*) FROM wrong_sign_in WHERE calling = ?1",
            &[&calling],
        )?,
        count("SELECT count(*) FROM wrong_sign_in", &[])?,
    ))
}

fn timestamp(micros: i64) -> Result<Timestamp, StoreFault> {
    Timestamp::from_microsecond(micros).map_err(|error| StoreFault::Database(error.to_string()))
}
