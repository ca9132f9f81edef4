//! The forms in which a party is named: extensions, SIP addresses, `tel:` and E.164 numbers.

/// The keys under which a party may be known, the most particular first: `user@host` in small
/// letters, then the number alone without separators. Several spellings give the same keys.
pub fn keys(party: &str) -> Vec<String> {
    let mut text = party.trim();
    // A name-addr: `"Alice" <sip:2001@host>`.
    if let (Some(from), Some(to)) = (text.find('<'), text.rfind('>'))
        && from < to
    {
        text = &text[from + 1..to];
    }
    let small = text.to_ascii_lowercase();
    let bare = ["sips:", "sip:", "tel:"]
        .iter()
        .find_map(|scheme| small.strip_prefix(scheme))
        .unwrap_or(&small);
    // Parameters and headers are not part of the address.
    let bare = bare.split(['?', '>']).next().unwrap_or(bare);
    let mut keys = Vec::new();
    match bare.split_once('@') {
        Some((user, host)) => {
            let host = host.split(';').next().unwrap_or(host);
            let host = without_port(host);
            keys.push(format!("{}@{host}", user.split(';').next().unwrap_or(user)));
            keys.extend(number(user));
        }
        None => keys.extend(number(bare)),
    }
    keys
}

/// The digits of a number with its leading `+`; none for anything else.
fn number(text: &str) -> Option<String> {
    let text = text.split(';').next().unwrap_or(text);
    let bare: String = text
        .chars()
        .filter(|character| !matches!(character, ' ' | '-' | '.' | '(' | ')'))
        .collect();
    let digits = bare.strip_prefix('+').unwrap_or(&bare);
    let is_number = (1..=32).contains(&digits.len())
        && digits
            .bytes()
            .all(|byte| byte.is_ascii_digit() || matches!(byte, b'*' | b'#'));
    is_number.then_some(bare)
}

fn without_port(host: &str) -> &str {
    if host.starts_with('[') {
        return host.find(']').map_or(host, |end| &host[..=end]);
    }
    host.split(':').next().unwrap_or(host)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_form_of_a_party_has_its_keys() {
        let table: &[(&str, &[&str])] = &[
            ("2001", &["2001"]),
            (" 20 01 ", &["2001"]),
            ("tel:2001", &["2001"]),
            ("tel:+1-555-010-2001", &["+15550102001"]),
            ("+1 (555) 010.2001", &["+15550102001"]),
            ("tel:2001;phone-context=example.test", &["2001"]),
            ("sip:2001@192.0.2.7", &["2001@192.0.2.7", "2001"]),
            (
                "sip:2001@192.0.2.7:5060;user=phone",
                &["2001@192.0.2.7", "2001"],
            ),
            (
                "sips:Alice.Archer@Example.TEST",
                &["alice.archer@example.test"],
            ),
            ("sip:alice@[2001:db8::1]:5060", &["alice@[2001:db8::1]"]),
            ("\"A\" <sip:2001@host>;tag=1", &["2001@host", "2001"]),
            (
                "sip:+15550102001;npdi@host?Subject=x",
                &["+15550102001@host", "+15550102001"],
            ),
            ("alice", &[]),
            ("", &[]),
            ("+", &[]),
            (">sip:<", &[]),
        ];
        for (party, expected) in table {
            assert_eq!(keys(party), *expected, "{party}");
        }
    }
}
