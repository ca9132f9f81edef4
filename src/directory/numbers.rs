//! When two ways of writing a telephone number mean the same telephone.

/// So many digits at the end tell whose number it is, however much of the area and country is
/// written before them: the shortest whole national numbers in use have eight.
const TAIL: usize = 8;

/// A number without separators, extension parameters and remarks: its digits, `*`, `#`, and a `+`.
pub(super) fn bare(number: &str) -> String {
    number
        .chars()
        .take_while(|character| !character.is_alphabetic() && *character != ';')
        .filter(|character| character.is_ascii_digit() || matches!(character, '+' | '*' | '#'))
        .collect()
}

/// The digits without what only says from where they are dialled: `+`, and zeros in front.
fn significant(bare: &str) -> &str {
    bare.trim_start_matches('+').trim_start_matches('0')
}

/// What numbers that may be the same have in common: their end, where they are long enough.
pub(super) fn tail(bare: &str) -> Option<&str> {
    let digits = significant(bare);
    digits
        .len()
        .checked_sub(TAIL)
        .and_then(|from| digits.get(from..))
}

/// Whether both, bare, are the same number: written alike, or one with less of the country and area
/// before it.
pub(super) fn are_same(one: &str, other: &str) -> bool {
    if one == other {
        return !one.is_empty();
    }
    if one.starts_with('+') && other.starts_with('+') {
        return false;
    }
    let (one, other) = (significant(one), significant(other));
    one.len().min(other.len()) >= TAIL && (one.ends_with(other) || other.ends_with(one))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_number_in_other_clothes() {
        for (one, other, same) in [
            ("+1 (555) 010-9016", "15550109016", true),
            ("+1 555 010 9016", "555-010-9016", true),
            ("0301234567", "+49 30 1234567", true),
            ("0049301234567", "+49301234567", true),
            ("+4930123456", "+130123456", false),
            ("2001", "2001", true),
            ("2001", "+155501020 01", false),
            ("12345678", "+4512345678", true),
            ("5550142", "+15550100142", false),
            ("555 010 9016 x12", "+15550109016", true),
            ("+15550109016;ext=12", "+15550109016", true),
            ("", "", false),
        ] {
            let (one, other) = (bare(one), bare(other));
            assert_eq!(are_same(&one, &other), same, "{one} {other}");
            assert_eq!(are_same(&other, &one), same, "{other} {one}");
            if same && one != other {
                assert_eq!(tail(&one), tail(&other), "{one} {other}");
            }
        }
    }
}
