//! What must hold for any bytes that are offered as address cards.

use ringback::directory::vcard::{self, Card};

/// Whatever is there is read or named; nobody is without a name, an identity or in good order.
pub(crate) fn check(data: &[u8]) {
    for (index, card) in vcard::read(data).into_iter().enumerate() {
        match card {
            Ok(Card::Contact(contact)) => {
                let name = contact.display_name();
                assert!(!name.is_empty() && !contact.id.is_empty(), "{contact:?}");
                assert!(!name.contains(char::is_control), "{name:?}");
                assert!(name.chars().count() <= 2 * 256 + 1, "{name}");
                assert!(contact.mail.is_none_or(|mail| mail.contains('@')));
            }
            Ok(Card::Group(group)) => assert!(!group.name.is_empty()),
            Err(broken) => assert!(broken.number == index + 1 && !broken.why.is_empty()),
        }
    }
}
