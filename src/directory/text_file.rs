//! The letters of a file that somebody else wrote: Unicode where it says so or can be nothing else,
//! the Windows code page of western Europe otherwise.

use std::borrow::Cow;

use encoding_rs::{UTF_8, WINDOWS_1252};

/// The text of a file. A mark of Unicode (UTF-8, UTF-16) is obeyed and left out.
pub fn decode(bytes: &[u8]) -> Cow<'_, str> {
    if encoding_rs::Encoding::for_bom(bytes).is_some() {
        return UTF_8.decode(bytes).0;
    }
    match std::str::from_utf8(bytes) {
        Ok(text) => Cow::Borrowed(text),
        Err(_) => WINDOWS_1252.decode(bytes).0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_usual_encoding_is_read() {
        for bytes in [
            "Müller".as_bytes(),
            b"\xef\xbb\xbfM\xc3\xbcller",
            b"M\xfcller",
            b"\xff\xfeM\0\xfc\0l\0l\0e\0r\0",
        ] {
            assert_eq!(decode(bytes), "Müller", "{}", bytes.escape_ascii());
        }
    }
}
