//! Which language a text is written in, so that a voice of that language reads it.

use whatlang::Lang;

/// A text shorter than this tells too little about its language.
const LETTERS_MIN: usize = 24;
/// So much of a text is looked at: more tells nothing more.
const LOOKED_AT: usize = 4_000;
/// Below this the detector is guessing.
const CONFIDENCE_MIN: f64 = 0.8;

/// The language of a text as a tag (`de`), if the text makes it sure enough.
pub fn detect(text: &str) -> Option<&'static str> {
    let text = &text[..text.floor_char_boundary(LOOKED_AT)];
    if text.chars().filter(|one| one.is_alphabetic()).count() < LETTERS_MIN {
        return None;
    }
    let found = whatlang::detect(text)?;
    if found.confidence() < CONFIDENCE_MIN {
        return None;
    }
    tag(found.lang())
}

/// The BCP 47 tag of a language: the two letters where there are two (RFC 5646 section 2.2.1).
fn tag(language: Lang) -> Option<&'static str> {
    Some(match language {
        Lang::Afr => "af",
        Lang::Ara => "ar",
        Lang::Aze => "az",
        Lang::Bel => "be",
        Lang::Ben => "bn",
        Lang::Bul => "bg",
        Lang::Cat => "ca",
        Lang::Ces => "cs",
        Lang::Cmn => "cmn",
        Lang::Dan => "da",
        Lang::Deu => "de",
        Lang::Ell => "el",
        Lang::Eng => "en",
        Lang::Epo => "eo",
        Lang::Est => "et",
        Lang::Fin => "fi",
        Lang::Fra => "fr",
        Lang::Heb => "he",
        Lang::Hin => "hi",
        Lang::Hrv => "hr",
        Lang::Hun => "hu",
        Lang::Hye => "hy",
        Lang::Ind => "id",
        Lang::Ita => "it",
        Lang::Jpn => "ja",
        Lang::Kat => "ka",
        Lang::Kor => "ko",
        Lang::Lat => "la",
        Lang::Lav => "lv",
        Lang::Lit => "lt",
        Lang::Mkd => "mk",
        Lang::Nld => "nl",
        Lang::Nob => "nb",
        Lang::Pes => "fa",
        Lang::Pol => "pl",
        Lang::Por => "pt",
        Lang::Ron => "ro",
        Lang::Rus => "ru",
        Lang::Slk => "sk",
        Lang::Slv => "sl",
        Lang::Spa => "es",
        Lang::Srp => "sr",
        Lang::Swe => "sv",
        Lang::Tam => "ta",
        Lang::Tha => "th",
        Lang::Tur => "tr",
        Lang::Ukr => "uk",
        Lang::Urd => "ur",
        Lang::Vie => "vi",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn languages_are_told_apart_where_the_text_is_sure() {
        for (text, language) in [
            (
                "Guten Morgen Alice, die Besprechung am Donnerstag fällt leider aus.",
                Some("de"),
            ),
            (
                "Good morning Alice, unfortunately the meeting on Thursday has been cancelled.",
                Some("en"),
            ),
            (
                "Bonjour Alice, la réunion de jeudi est malheureusement annulée. À bientôt.",
                Some("fr"),
            ),
            (
                "Доброе утро, Алиса. К сожалению, встреча, которая была назначена на четверг, не \
                 состоится. Я позвоню тебе завтра, чтобы договориться о новом времени.",
                Some("ru"),
            ),
            ("OK", None),
            ("1234 5678 9999 10000 11111", None),
            ("", None),
        ] {
            assert_eq!(detect(text), language, "{text}");
        }
    }
}
