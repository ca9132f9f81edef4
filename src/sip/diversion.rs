//! From whom a call was diverted to us, and why: Diversion (RFC 5806) and History-Info (RFC 7044).

use super::address::{NameAddress, Party, party_of_uri, split_outside_quotes, unescape};

/// How many diversions of one call are kept: more would only be a peer's loop.
const DIVERSIONS_MAX: usize = 16;

/// Why a call was diverted, as far as it changes what we say.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum DiversionReason {
    /// The line was in use.
    UserBusy,
    /// Nobody took the call.
    NoAnswer,
    /// All calls are diverted.
    Unconditional,
    /// Anything else, or nothing given.
    Other,
}

/// One diversion of a call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Diversion {
    /// Whose calls were diverted.
    pub party: Party,
    /// Why.
    pub reason: DiversionReason,
}

/// The diversions of a call, most recent first. A peer that sends both headers means Diversion.
pub(super) fn diversions<'a>(
    diversion_headers: impl Iterator<Item = &'a str>,
    history_headers: impl Iterator<Item = &'a str>,
) -> Vec<Diversion> {
    let diversions = from_diversion(diversion_headers);
    if diversions.is_empty() {
        from_history(history_headers)
    } else {
        diversions
    }
}

/// RFC 5806 section 6: a diverting entity puts its header on top, so the order is already ours.
fn from_diversion<'a>(headers: impl Iterator<Item = &'a str>) -> Vec<Diversion> {
    headers
        .flat_map(|value| split_outside_quotes(value, ','))
        .filter_map(NameAddress::parse)
        .take(DIVERSIONS_MAX)
        .map(|address| Diversion {
            party: address.party(),
            reason: address
                .parameter("reason")
                .map_or(DiversionReason::Other, |reason| reason_word(&reason)),
        })
        .collect()
}

fn reason_word(reason: &str) -> DiversionReason {
    match reason.trim().to_ascii_lowercase().as_str() {
        "user-busy" => DiversionReason::UserBusy,
        "no-answer" | "no-reply" => DiversionReason::NoAnswer,
        // A phone with "do not disturb", or one that is off, diverts every call as far as the caller can tell.
        "unconditional" | "do-not-disturb" | "dnd" => DiversionReason::Unconditional,
        _ => DiversionReason::Other,
    }
}

struct HistoryEntry {
    index: Vec<u32>,
    party: Party,
    cause: Option<u32>,
}

/// RFC 7044: one entry per hop, in the order of their index. The last names us, each one before it
/// diverted; the cause stands with the party that diverted (a Reason escaped into its URI) or with the
/// new target (a `cause` parameter, RFC 4458), and peers do either.
fn from_history<'a>(headers: impl Iterator<Item = &'a str>) -> Vec<Diversion> {
    let mut entries: Vec<HistoryEntry> = headers
        .flat_map(|value| split_outside_quotes(value, ','))
        .filter_map(NameAddress::parse)
        .take(DIVERSIONS_MAX + 1)
        .map(|address| history_entry(&address))
        .collect();
    // Entries of one message come in order; only a proxy that parallel-forks mixes them. Stable, so that
    // entries without an index stay where they are.
    if entries.iter().all(|entry| !entry.index.is_empty()) {
        entries.sort_by(|left, right| left.index.cmp(&right.index));
    }
    let mut diversions = Vec::new();
    for pair in entries.windows(2).rev() {
        let (diverting, target) = (&pair[0], &pair[1]);
        // The same user again is a hop (a proxy, another address of theirs), not a diversion.
        if diverting.party.user == target.party.user {
            continue;
        }
        let cause = diverting.cause.or(target.cause);
        diversions.push(Diversion {
            party: diverting.party.clone(),
            reason: cause_reason(cause),
        });
    }
    diversions
}

fn history_entry(address: &NameAddress) -> HistoryEntry {
    let (uri, headers) = match address.uri.split_once('?') {
        Some((uri, headers)) => (uri, headers),
        None => (address.uri.as_str(), ""),
    };
    let escaped_cause = headers.split('&').find_map(|header| {
        let (name, value) = header.split_once('=')?;
        name.eq_ignore_ascii_case("reason")
            .then(|| cause_of_reason(&unescape(value)))
            .flatten()
    });
    let parameter_cause = super::address::parameter(
        uri.split_once(';').map_or("", |(_, parameters)| parameters),
        "cause",
    )
    .or_else(|| address.parameter("cause"))
    .and_then(|cause| cause.parse().ok());
    let index = address.parameter("index").unwrap_or_default();
    let mut party = party_of_uri(uri);
    party.display_name.clone_from(&address.display_name);
    HistoryEntry {
        index: index
            .split('.')
            .map_while(|step| step.trim().parse().ok())
            .collect(),
        party,
        cause: escaped_cause.or(parameter_cause),
    }
}

/// The cause of a Reason header value such as `SIP;cause=408;text="x"` (RFC 3326). Q.850 causes are told apart.
fn cause_of_reason(reason: &str) -> Option<u32> {
    split_outside_quotes(reason, ',').find_map(|reason| {
        let (protocol, parameters) = reason.split_once(';')?;
        let cause = super::address::parameter(parameters, "cause")?
            .parse()
            .ok()?;
        if protocol.trim().eq_ignore_ascii_case("q.850") {
            q850_as_sip(cause)
        } else {
            Some(cause)
        }
    })
}

fn q850_as_sip(cause: u32) -> Option<u32> {
    match cause {
        17 => Some(486),
        18 | 19 => Some(408),
        _ => None,
    }
}

/// RFC 4458 section 2 and RFC 4244 section 4.1: 302 unconditional, 486 busy, 408 and 480 no answer.
fn cause_reason(cause: Option<u32>) -> DiversionReason {
    match cause {
        Some(486 | 600) => DiversionReason::UserBusy,
        Some(408 | 480 | 487 | 504) => DiversionReason::NoAnswer,
        Some(301 | 302) => DiversionReason::Unconditional,
        _ => DiversionReason::Other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(diversion: &[&str], history: &[&str]) -> Vec<(String, DiversionReason)> {
        diversions(diversion.iter().copied(), history.iter().copied())
            .into_iter()
            .map(|diversion| (diversion.party.user, diversion.reason))
            .collect()
    }

    fn one(user: &str, reason: DiversionReason) -> (String, DiversionReason) {
        (user.to_owned(), reason)
    }

    #[test]
    fn the_top_most_diversion_comes_first() {
        use DiversionReason::{NoAnswer, Other, Unconditional, UserBusy};
        let read = read(
            &[
                r#""Carol" <sip:2003@pbx.example>;reason=no-answer;counter=1, <sip:2002@pbx.example>;reason="user-busy""#,
                "<tel:+1-555-0100>;reason=unconditional;privacy=off",
                "sip:2004@pbx.example;reason=time-of-day",
            ],
            &["<sip:2009@h>;index=1, <sip:7000@h>;index=1.1"],
        );
        assert_eq!(
            read,
            [
                one("2003", NoAnswer),
                one("2002", UserBusy),
                one("+15550100", Unconditional),
                one("2004", Other)
            ]
        );
    }

    #[test]
    fn history_names_the_party_before_the_pilot() {
        use DiversionReason::{NoAnswer, Unconditional, UserBusy};
        let escaped = "<sip:2002@h?Reason=SIP%3Bcause%3D408%3Btext%3D%22No%20Answer%22>;index=1,\
                       <sip:7000@h;user=phone>;index=1.1";
        assert_eq!(read(&[], &[escaped]), [one("2002", NoAnswer)]);
        let cause_on_target = [
            "<sip:2002@h>;index=1",
            "<sip:7000@h;cause=486>;index=1.1;mp=1",
        ];
        assert_eq!(read(&[], &cause_on_target), [one("2002", UserBusy)]);
        let chain = "<sip:2001@h?Reason=SIP%3Bcause%3D302>;index=1, \
                     <sip:2002@h?Reason=Q.850%3Bcause%3D17>;index=1.1, <sip:7000@h>;index=1.1.1";
        assert_eq!(
            read(&[], &[chain]),
            [one("2002", UserBusy), one("2001", Unconditional)]
        );
    }

    #[test]
    fn entries_out_of_order_are_put_in_order_of_their_index() {
        let mixed = "<sip:7000@h>;index=1.10, <sip:2001@h?Reason=SIP%3Bcause%3D486>;index=1.9";
        assert_eq!(
            read(&[], &[mixed]),
            [one("2001", DiversionReason::UserBusy)]
        );
    }

    #[test]
    fn a_single_entry_or_the_same_user_twice_is_no_diversion() {
        assert_eq!(read(&[], &["<sip:7000@h>;index=1"]), []);
        assert_eq!(
            read(&[], &["<sip:7000@a>;index=1, <sip:7000@b>;index=1.1"]),
            []
        );
        assert_eq!(read(&["garbage,,;;<", "\"x"], &["<<>>;index=..."]).len(), 1);
    }

    #[test]
    fn the_list_is_bounded() {
        let many = "<sip:1@h>;reason=user-busy,".repeat(1_000);
        assert_eq!(read(&[&many], &[]).len(), DIVERSIONS_MAX);
    }
}
