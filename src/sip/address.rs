//! Who is meant by a SIP, SIPS or tel URI, and the forms of address around one (RFC 3261 section 20.10).
//!
//! Written by hand because peers send much that a strict grammar refuses and a caller should not suffer for:
//! unquoted display names, missing angle brackets, parameters inside the user part.

/// Somebody whom a SIP message names.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Party {
    /// The user part, escapes resolved, its parameters and any password left out: a number or a name.
    /// Of a `tel:` URI the number without its visual separators. Empty where the URI names a host only.
    pub user: String,
    /// The host, without port; a `tel:` URI has none.
    pub host: Option<String>,
    /// What the peer calls them.
    pub display_name: Option<String>,
    /// The URI as it came.
    pub uri: String,
}

impl Party {
    /// Whether this party hides itself (RFC 3323 section 4.1).
    #[must_use]
    pub fn is_anonymous(&self) -> bool {
        let host = self.host.as_deref().unwrap_or_default();
        self.user.eq_ignore_ascii_case("anonymous")
            || host.eq_ignore_ascii_case("anonymous.invalid")
            || (self.user.is_empty() && host.is_empty())
    }
}

/// One address of a From, To, Contact, Diversion or similar header: display name, URI, header parameters.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct NameAddress {
    pub(super) display_name: Option<String>,
    pub(super) uri: String,
    /// Everything behind the URI, such as `;tag=1`; no leading semicolon.
    pub(super) parameters: String,
}

impl NameAddress {
    /// Reads `"Name" <uri>;p=1`, `Name <uri>` or `uri;p=1`.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let text = text.trim();
        let (display_name, rest) = if text.starts_with('"') {
            let (name, rest) = quoted(text)?;
            (Some(name), rest.trim_start())
        } else if let Some(open) = text.find('<') {
            let name = text[..open].trim();
            ((!name.is_empty()).then(|| name.to_owned()), &text[open..])
        } else {
            (None, text)
        };
        let (uri, parameters) = if let Some(inside) = rest.strip_prefix('<') {
            // A peer that forgets the closing bracket still means the URI.
            match inside.split_once('>') {
                Some((uri, behind)) => (uri, behind),
                None => (inside, ""),
            }
        } else {
            // Without brackets every parameter belongs to the header (RFC 3261 section 20).
            rest.split_once(';').unwrap_or((rest, ""))
        };
        let uri = uri.trim();
        if uri.is_empty() {
            return None;
        }
        Some(Self {
            display_name: display_name
                .map(|name| printable(&name))
                .filter(|name| !name.is_empty()),
            uri: uri.to_owned(),
            parameters: parameters.trim().trim_start_matches(';').to_owned(),
        })
    }

    pub(super) fn parameter(&self, name: &str) -> Option<String> {
        parameter(&self.parameters, name)
    }

    pub(super) fn party(&self) -> Party {
        let mut party = party_of_uri(&self.uri);
        party.display_name.clone_from(&self.display_name);
        party
    }
}

/// A name without characters that do something to the screen which shows it: control characters,
/// and marks that turn the direction of what follows.
fn printable(name: &str) -> String {
    let acts = |character: char| {
        character.is_control()
            || matches!(character,
                '\u{061C}' | '\u{200B}'..='\u{200F}' | '\u{2028}'..='\u{202E}'
                | '\u{2060}'..='\u{206F}' | '\u{FEFF}' | '\u{E0000}'..='\u{E0FFF}')
    };
    name.chars().filter(|character| !acts(*character)).collect()
}

/// The text of a quoted string at the start, and what follows it.
fn quoted(text: &str) -> Option<(String, &str)> {
    let mut name = String::new();
    let mut characters = text.char_indices().skip(1);
    while let Some((at, character)) = characters.next() {
        match character {
            '"' => return Some((name, &text[at + 1..])),
            '\\' => name.extend(characters.next().map(|(_, escaped)| escaped)),
            other => name.push(other),
        }
    }
    None
}

/// The value of a parameter in `a=1;b="2";c`; a parameter without a value gives an empty one.
pub(super) fn parameter(parameters: &str, name: &str) -> Option<String> {
    split_outside_quotes(parameters, ';').find_map(|parameter| {
        let (key, value) = parameter.split_once('=').unwrap_or((parameter, ""));
        if !key.trim().eq_ignore_ascii_case(name) {
            return None;
        }
        let value = value.trim();
        Some(match quoted(value) {
            Some((inside, _)) if value.starts_with('"') => inside,
            _ => value.to_owned(),
        })
    })
}

/// Splits a header value at `separator`, leaving quoted strings and bracketed URIs whole.
pub(super) fn split_outside_quotes(text: &str, separator: char) -> impl Iterator<Item = &str> {
    let mut rest = Some(text);
    std::iter::from_fn(move || {
        let text = rest?;
        let (mut in_quotes, mut in_brackets, mut escaped) = (false, false, false);
        for (at, character) in text.char_indices() {
            match character {
                _ if escaped => escaped = false,
                '\\' if in_quotes => escaped = true,
                '"' if !in_brackets => in_quotes = !in_quotes,
                '<' if !in_quotes => in_brackets = true,
                '>' if !in_quotes => in_brackets = false,
                _ if character == separator && !in_quotes && !in_brackets => {
                    rest = Some(&text[at + separator.len_utf8()..]);
                    return Some(text[..at].trim());
                }
                _ => {}
            }
        }
        rest = None;
        Some(text.trim())
    })
    .filter(|part| !part.is_empty())
}

/// Reads the party out of a URI; what is no URI becomes a party whose user is the text.
pub(super) fn party_of_uri(uri: &str) -> Party {
    let uri = uri.trim();
    let bare = || Party {
        user: uri.to_owned(),
        uri: uri.to_owned(),
        ..Party::default()
    };
    let Some((scheme, rest)) = uri.split_once(':') else {
        return bare();
    };
    if scheme.eq_ignore_ascii_case("tel") {
        let number = rest.split(';').next().unwrap_or_default();
        return Party {
            user: without_separators(&unescape(number)),
            uri: uri.to_owned(),
            ..Party::default()
        };
    }
    if !scheme.eq_ignore_ascii_case("sip") && !scheme.eq_ignore_ascii_case("sips") {
        return bare();
    }
    // The user part may hold `;` and `?`, so the host is what follows the `@` (RFC 3261 section 25.1).
    let (user, host) = match rest.split_once('@') {
        Some((user, host)) => (Some(user), host),
        None => (None, rest),
    };
    let host = host.split([';', '?', '>']).next().unwrap_or_default();
    let is_phone = rest.split('@').next_back().is_some_and(|behind| {
        parameter(behind.split('?').next().unwrap_or_default(), "user").is_some_and(is_phone)
    });
    let user = user.map(|user| {
        let user = unescape(user.split([':', ';']).next().unwrap_or_default());
        // Parameters of the user part may come escaped: the gate passes them on so.
        let user = user.split(';').next().unwrap_or_default();
        if is_phone {
            without_separators(user)
        } else {
            user.to_owned()
        }
    });
    Party {
        user: user.unwrap_or_default(),
        host: Some(host_without_port(host).to_ascii_lowercase()).filter(|host| !host.is_empty()),
        display_name: None,
        uri: uri.to_owned(),
    }
}

fn is_phone(value: String) -> bool {
    value.eq_ignore_ascii_case("phone")
}

/// The host of `host:port`, `[v6]:port` or `host`.
fn host_without_port(host: &str) -> &str {
    if let Some(inside) = host.strip_prefix('[') {
        return inside.split(']').next().unwrap_or_default();
    }
    host.split(':').next().unwrap_or_default()
}

/// RFC 3966 section 5.1.1: `-`, `.`, `(` and `)` are there for the eye.
fn without_separators(number: &str) -> String {
    number
        .chars()
        .filter(|character| !matches!(character, '-' | '.' | '(' | ')' | ' '))
        .collect()
}

/// Resolves `%41`; a broken escape stays as it is, and so do bytes that are no UTF-8 (replaced).
pub(super) fn unescape(text: &str) -> String {
    if !text.contains('%') {
        return text.to_owned();
    }
    let bytes = text.as_bytes();
    let mut plain = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while at < bytes.len() {
        let escape = bytes
            .get(at + 1..at + 3)
            .and_then(|digits| std::str::from_utf8(digits).ok());
        match escape
            .filter(|_| bytes[at] == b'%')
            .and_then(|digits| u8::from_str_radix(digits, 16).ok())
        {
            Some(byte) => {
                plain.push(byte);
                at += 3;
            }
            None => {
                plain.push(bytes[at]);
                at += 1;
            }
        }
    }
    String::from_utf8_lossy(&plain).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn party(uri: &str) -> (String, Option<String>) {
        let party = party_of_uri(uri);
        (party.user, party.host)
    }

    fn sip(user: &str, host: &str) -> (String, Option<String>) {
        (user.into(), Some(host.into()))
    }

    #[test]
    fn users_of_all_kinds_of_uri() {
        assert_eq!(
            party("sip:7000@pbx.example:5060;transport=udp"),
            sip("7000", "pbx.example")
        );
        assert_eq!(
            party("sip:+1-(555)-0100;npdi@gw.example;user=phone"),
            sip("+15550100", "gw.example")
        );
        assert_eq!(party("sip:a-b.c@gw.example"), sip("a-b.c", "gw.example"));
        assert_eq!(
            party("sips:al%69ce:secret@[2001:db8::1]:5061"),
            sip("alice", "2001:db8::1")
        );
        assert_eq!(
            party("tel:+1-555-0100;phone-context=example.com"),
            ("+15550100".into(), None)
        );
        assert_eq!(party("sip:pbx.example"), sip("", "pbx.example"));
        assert_eq!(party("sip:%C3%A9@h?Subject=a@b"), sip("é", "h"));
        assert_eq!(party("garbage"), ("garbage".into(), None));
        assert_eq!(party("sip:50%@h"), sip("50%", "h"));
    }

    #[test]
    fn addresses_with_and_without_brackets() {
        let address =
            NameAddress::parse(r#""Smith, \"Al\" <x>" <sip:a@h;x=1>;tag=9;reason="no-answer""#)
                .unwrap();
        assert_eq!(address.display_name.as_deref(), Some(r#"Smith, "Al" <x>"#));
        assert_eq!(address.uri, "sip:a@h;x=1");
        assert_eq!(address.parameter("TAG").as_deref(), Some("9"));
        assert_eq!(address.parameter("reason").as_deref(), Some("no-answer"));
        let address = NameAddress::parse("sip:a@h;tag=9").unwrap();
        assert_eq!(
            (address.uri.as_str(), address.parameter("tag").as_deref()),
            ("sip:a@h", Some("9"))
        );
        let address = NameAddress::parse("Al Smith <sip:a@h>").unwrap();
        assert_eq!(address.display_name.as_deref(), Some("Al Smith"));
        let address = NameAddress::parse("\"A\u{1b}[31mX\u{202e}\u{2066}b\" <sip:a@h>").unwrap();
        assert_eq!(address.display_name.as_deref(), Some("A[31mXb"));
        let address = NameAddress::parse("\"\u{202e}\" <sip:a@h>").unwrap();
        assert_eq!(address.display_name, None, "nothing to be seen is no name");
        assert_eq!(NameAddress::parse("  "), None);
        assert_eq!(NameAddress::parse("\"unclosed <sip:a@h>"), None);
    }

    #[test]
    fn lists_split_outside_quotes_and_brackets() {
        let parts: Vec<_> =
            split_outside_quotes(r#""a,b" <sip:c,d@h>;p="x,y", <sip:e@h>,,"#, ',').collect();
        assert_eq!(parts, [r#""a,b" <sip:c,d@h>;p="x,y""#, "<sip:e@h>"]);
    }

    #[test]
    fn anonymous_parties() {
        assert!(party_of_uri("sip:anonymous@anonymous.invalid").is_anonymous());
        assert!(party_of_uri("sip:Anonymous@pbx.example").is_anonymous());
        assert!(!party_of_uri("sip:2001@pbx.example").is_anonymous());
    }
}
