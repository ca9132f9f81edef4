//! Is the other side still there? Session timers, RFC 4028: pure rules, the time is an argument.

use std::time::Duration;

use tokio::time::Instant;

/// Who sends the next refresh.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Refresher {
    Ourselves,
    Peer,
}

/// Our side of the bargain.
#[derive(Clone, Copy, Debug)]
pub(super) struct TimerSettings {
    /// What we ask for.
    pub(super) session_expires: Duration,
    /// What we accept at least.
    pub(super) min_session_expires: Duration,
}

/// What a request of the peer says about session timers.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct TimerRequest {
    /// `Session-Expires` and its `refresher` (`true`: the sender of the request).
    pub(super) interval: Option<(u32, Option<bool>)>,
    pub(super) min_se: Option<u32>,
    /// `Supported: timer` or `Require: timer`.
    pub(super) supported: bool,
}

/// An agreed interval.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Agreed {
    pub(super) interval: Duration,
    pub(super) refresher: Refresher,
}

/// The longest interval that we take from the wire: a day.
const LONGEST: u32 = 86_400;

impl TimerRequest {
    /// Reads the header values as they came; what cannot be read counts as absent.
    pub(super) fn read(
        session_expires: Option<&str>,
        min_se: Option<&str>,
        supported: bool,
    ) -> Self {
        Self {
            interval: session_expires.and_then(interval),
            min_se: min_se.and_then(seconds),
            supported,
        }
    }
}

/// `1800;refresher=uac`: the seconds, and whether the sender of the request refreshes.
pub(super) fn interval(value: &str) -> Option<(u32, Option<bool>)> {
    let (number, parameters) = value.split_once(';').unwrap_or((value, ""));
    let refresher = super::address::parameter(parameters, "refresher");
    let by_sender = refresher.and_then(|refresher| {
        if refresher.eq_ignore_ascii_case("uac") {
            Some(true)
        } else if refresher.eq_ignore_ascii_case("uas") {
            Some(false)
        } else {
            None
        }
    });
    Some((seconds(number)?, by_sender))
}

/// Delta-seconds; a number too large to hold is as good as the longest.
pub(super) fn seconds(value: &str) -> Option<u32> {
    let digits = value.split(';').next().unwrap_or_default().trim();
    if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    Some(digits.parse().unwrap_or(u32::MAX).min(LONGEST))
}

fn whole_seconds(duration: Duration) -> u32 {
    u32::try_from(duration.as_secs())
        .unwrap_or(LONGEST)
        .clamp(1, LONGEST)
}

impl TimerSettings {
    pub(super) fn min_se(&self) -> u32 {
        whole_seconds(self.min_session_expires)
    }

    /// Judges a request as the one who answers it (RFC 4028 section 9). `Err` holds the Min-SE of a 422;
    /// `Ok(None)`: this peer knows no session timers, and nobody on the way asked for one.
    pub(super) fn judge(&self, request: &TimerRequest) -> Result<Option<Agreed>, u32> {
        let at_least = self.min_se();
        let wanted = whole_seconds(self.session_expires);
        match request.interval {
            Some((interval, _)) if interval < at_least && request.supported => Err(at_least),
            Some((interval, by_sender)) => {
                // We may shorten what the peer proposed, never below anybody's minimum.
                let floor = request.min_se.unwrap_or(0).max(at_least);
                let interval = if interval <= floor {
                    interval.max(at_least)
                } else {
                    interval.min(wanted.max(floor))
                };
                let refresher = match by_sender {
                    Some(true) if request.supported => Refresher::Peer,
                    None if request.supported => Refresher::Peer,
                    // A proxy asked, the peer cannot: then it is ours to do.
                    _ => Refresher::Ourselves,
                };
                Ok(Some(Agreed {
                    interval: Duration::from_secs(interval.into()),
                    refresher,
                }))
            }
            None if request.supported => {
                let interval = wanted.max(request.min_se.unwrap_or(0)).max(at_least);
                Ok(Some(Agreed {
                    interval: Duration::from_secs(interval.into()),
                    refresher: Refresher::Peer,
                }))
            }
            None => Ok(None),
        }
    }
}

impl Agreed {
    /// The header of a response to the peer's request, in which the peer is the UAC.
    pub(super) fn in_response(&self) -> String {
        let refresher = if self.refresher == Refresher::Peer {
            "uac"
        } else {
            "uas"
        };
        format!("{};refresher={refresher}", self.interval.as_secs())
    }

    /// The header of a request of ours, in which we are the UAC.
    pub(super) fn in_request(&self) -> String {
        let refresher = if self.refresher == Refresher::Ourselves {
            "uac"
        } else {
            "uas"
        };
        format!("{};refresher={refresher}", self.interval.as_secs())
    }

    /// What the answer to our refresh makes of it; without the header the peer does not take part, and we go on alone.
    pub(super) fn after_our_refresh(&self, answer: Option<&str>) -> Self {
        match answer.and_then(interval) {
            Some((interval, by_sender)) => Self {
                interval: Duration::from_secs(interval.max(1).into()),
                refresher: if by_sender == Some(false) {
                    Refresher::Peer
                } else {
                    Refresher::Ourselves
                },
            },
            None => Self {
                refresher: Refresher::Ourselves,
                ..*self
            },
        }
    }

    /// When to act, counted from the last refresh: half of the interval for the one who refreshes; the other
    /// side gives up a little before the end (RFC 4028 section 10).
    pub(super) fn act_at(&self, refreshed: Instant) -> Instant {
        refreshed
            + match self.refresher {
                Refresher::Ourselves => self.interval / 2,
                Refresher::Peer => self.give_up_after(),
            }
    }

    /// When the session counts as dead.
    pub(super) fn ends_at(&self, refreshed: Instant) -> Instant {
        refreshed + self.give_up_after()
    }

    fn give_up_after(&self) -> Duration {
        self.interval - Duration::from_secs(32).min(self.interval / 3)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use Refresher::{Ourselves, Peer};

    const OURS: TimerSettings = TimerSettings {
        session_expires: Duration::from_secs(1_800),
        min_session_expires: Duration::from_secs(90),
    };

    fn judge(
        session_expires: Option<&str>,
        min_se: Option<&str>,
        supported: bool,
    ) -> Result<Option<(u64, Refresher)>, u32> {
        OURS.judge(&TimerRequest::read(session_expires, min_se, supported))
            .map(|agreed| agreed.map(|agreed| (agreed.interval.as_secs(), agreed.refresher)))
    }

    #[test]
    fn what_is_agreed() {
        assert_eq!(judge(None, None, false), Ok(None));
        assert_eq!(judge(None, None, true), Ok(Some((1_800, Peer))));
        assert_eq!(judge(None, Some("3600"), true), Ok(Some((3_600, Peer))));
        assert_eq!(judge(Some("600"), None, true), Ok(Some((600, Peer))));
        assert_eq!(
            judge(Some("600;refresher=uac"), None, true),
            Ok(Some((600, Peer)))
        );
        assert_eq!(
            judge(Some("600;refresher=UAS"), None, true),
            Ok(Some((600, Ourselves)))
        );
        assert_eq!(
            judge(Some("600;refresher=uac"), None, false),
            Ok(Some((600, Ourselves)))
        );
        assert_eq!(judge(Some("7200"), None, true), Ok(Some((1_800, Peer))));
        assert_eq!(
            judge(Some("7200"), Some("3600"), true),
            Ok(Some((3_600, Peer)))
        );
        assert_eq!(judge(Some("90"), Some("90"), true), Ok(Some((90, Peer))));
        assert_eq!(judge(Some("89"), None, true), Err(90));
        assert_eq!(judge(Some("0"), None, true), Err(90));
        assert_eq!(judge(Some("30"), None, false), Ok(Some((90, Ourselves))));
        assert_eq!(
            judge(Some("99999999999999"), None, true),
            Ok(Some((1_800, Peer)))
        );
        assert_eq!(judge(Some("-5"), None, true), Ok(Some((1_800, Peer))));
    }

    #[test]
    fn when_to_act() {
        let now = Instant::now();
        let agreed = Agreed {
            interval: Duration::from_secs(90),
            refresher: Ourselves,
        };
        assert_eq!(agreed.act_at(now) - now, Duration::from_secs(45));
        assert_eq!(agreed.ends_at(now) - now, Duration::from_secs(60));
        let agreed = Agreed {
            interval: Duration::from_secs(1_800),
            refresher: Peer,
        };
        assert_eq!(agreed.act_at(now) - now, Duration::from_secs(1_768));
    }

    #[test]
    fn what_our_refresh_brought() {
        let agreed = Agreed {
            interval: Duration::from_secs(600),
            refresher: Ourselves,
        };
        assert_eq!(agreed.in_request(), "600;refresher=uac");
        assert_eq!(agreed.in_response(), "600;refresher=uas");
        let after = agreed.after_our_refresh(Some("300;refresher=uas"));
        assert_eq!((after.interval.as_secs(), after.refresher), (300, Peer));
        assert_eq!(agreed.after_our_refresh(None), agreed);
    }
}
