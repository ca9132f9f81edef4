//! The limit of open files: raised at start, and held against what the calls will need.

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

use crate::admin::http::CONNECTIONS_MOST;

/// Descriptors a call needs at most: RTP, RTCP, the tape it records to, and a file it reads.
const PER_CALL: u64 = 4;
/// Descriptors of everything else: listeners, database, logs, voices, and all connections of browsers.
const OWN: u64 = 192 + CONNECTIONS_MOST as u64;
/// More than this is never asked for: some tools walk over all possible descriptors.
const ENOUGH: u64 = 1 << 20;

/// Raises the limit as far as it goes.
///
/// Gives how many descriptors are left for SIP connections once `calls_max` calls have theirs.
///
/// # Errors
/// When the limit cannot carry `calls_max` calls: what to do about it.
pub fn raise_for(calls_max: usize) -> Result<usize, String> {
    let before = getrlimit(Resource::Nofile);
    let most = before.maximum.unwrap_or(ENOUGH).min(ENOUGH);
    let mut limit = before.current.unwrap_or(ENOUGH);
    if limit < most {
        let raised = Rlimit {
            current: Some(most),
            maximum: before.maximum,
        };
        match setrlimit(Resource::Nofile, raised) {
            Ok(()) => limit = most,
            Err(error) => tracing::warn!("the descriptor limit stays at {limit}: {error}"),
        }
    }
    left_for_connections(limit, calls_max)
}

fn left_for_connections(limit: u64, calls_max: usize) -> Result<usize, String> {
    let calls = u64::try_from(calls_max).unwrap_or(u64::MAX);
    let needed = calls.saturating_mul(PER_CALL).saturating_add(OWN);
    match limit.checked_sub(needed) {
        Some(left) if left >= 16 => Ok(usize::try_from(left).unwrap_or(usize::MAX)),
        _ => {
            let room = limit.saturating_sub(OWN + 16) / PER_CALL;
            Err(format!(
                "limits.calls_max is {calls_max}, but the descriptor limit of {limit} carries only \
                 {room} calls; raise it (ulimit -n {}, or LimitNOFILE= in the systemd unit) or \
                 lower limits.calls_max",
                needed.saturating_add(1_024)
            ))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_limit_cannot_carry_is_refused_with_a_cure() {
        // 448 of our own, browsers included, and 400 for the calls.
        assert_eq!(left_for_connections(1_024, 100), Ok(176));
        assert_eq!(left_for_connections(65_536, 100), Ok(64_688));
        let said = left_for_connections(1_024, 1_000).unwrap_err();
        assert!(said.contains("carries only 140 calls"), "{said}");
        assert!(said.contains("ulimit -n 5472"), "{said}");
        assert!(left_for_connections(1_024, 140).is_ok());
        assert!(left_for_connections(1_024, 141).is_err());
        assert!(left_for_connections(400, 1).is_err());
        assert!(left_for_connections(1_024, usize::MAX).is_err());
    }
}
