//! The time zones that can be chosen by telephone, and how they are told: by their city, and by the
//! time that it is there. From west to east, so that the next one is never far.

use jiff::Timestamp;
use jiff::tz::TimeZone;

use super::prompts;
use crate::caller::{Saying, Value};
use crate::language::ClockFormat;
use crate::line::PromptName;

/// A city for each way of telling the time that many people live by, and the prompt that names it.
pub(super) static ZONES: &[(&str, PromptName)] = &[
    ("Pacific/Honolulu", PromptName("zone-honolulu")),
    ("America/Anchorage", PromptName("zone-anchorage")),
    ("America/Los_Angeles", PromptName("zone-los-angeles")),
    ("America/Denver", PromptName("zone-denver")),
    ("America/Phoenix", PromptName("zone-phoenix")),
    ("America/Chicago", PromptName("zone-chicago")),
    ("America/Mexico_City", PromptName("zone-mexico-city")),
    ("America/New_York", PromptName("zone-new-york")),
    ("America/Bogota", PromptName("zone-bogota")),
    ("America/Halifax", PromptName("zone-halifax")),
    ("America/St_Johns", PromptName("zone-st-johns")),
    ("America/Sao_Paulo", PromptName("zone-sao-paulo")),
    (
        "America/Argentina/Buenos_Aires",
        PromptName("zone-buenos-aires"),
    ),
    ("Atlantic/Azores", PromptName("zone-azores")),
    ("Europe/Lisbon", PromptName("zone-lisbon")),
    ("Europe/London", PromptName("zone-london")),
    ("Africa/Lagos", PromptName("zone-lagos")),
    ("Europe/Berlin", PromptName("zone-berlin")),
    ("Europe/Paris", PromptName("zone-paris")),
    ("Europe/Madrid", PromptName("zone-madrid")),
    ("Africa/Cairo", PromptName("zone-cairo")),
    ("Africa/Johannesburg", PromptName("zone-johannesburg")),
    ("Europe/Athens", PromptName("zone-athens")),
    ("Europe/Helsinki", PromptName("zone-helsinki")),
    ("Europe/Istanbul", PromptName("zone-istanbul")),
    ("Africa/Nairobi", PromptName("zone-nairobi")),
    ("Asia/Riyadh", PromptName("zone-riyadh")),
    ("Europe/Moscow", PromptName("zone-moscow")),
    ("Asia/Tehran", PromptName("zone-tehran")),
    ("Asia/Dubai", PromptName("zone-dubai")),
    ("Asia/Karachi", PromptName("zone-karachi")),
    ("Asia/Kolkata", PromptName("zone-kolkata")),
    ("Asia/Dhaka", PromptName("zone-dhaka")),
    ("Asia/Bangkok", PromptName("zone-bangkok")),
    ("Asia/Singapore", PromptName("zone-singapore")),
    ("Asia/Shanghai", PromptName("zone-shanghai")),
    ("Australia/Perth", PromptName("zone-perth")),
    ("Asia/Tokyo", PromptName("zone-tokyo")),
    ("Australia/Adelaide", PromptName("zone-adelaide")),
    ("Australia/Sydney", PromptName("zone-sydney")),
    ("Pacific/Auckland", PromptName("zone-auckland")),
];

/// The prompts that name cities.
pub(super) fn prompt_names() -> impl Iterator<Item = PromptName> {
    ZONES.iter().map(|(_, prompt)| *prompt)
}

/// All zones in their order, beginning with this one, which may be one of them or not.
pub(super) fn from(present: &TimeZone) -> Vec<TimeZone> {
    let name = present.iana_name().unwrap_or_default();
    let at = ZONES.iter().position(|(zone, _)| *zone == name);
    let known = ZONES
        .iter()
        .filter_map(|(name, _)| TimeZone::get(name).ok());
    let mut all: Vec<TimeZone> = known.collect();
    match at {
        Some(at) if at < all.len() => all.rotate_left(at),
        _ => all.insert(0, present.clone()),
    }
    all
}

/// A zone in words.
pub(super) fn saying(zone: &TimeZone, now: Timestamp, clock: ClockFormat) -> Saying {
    let name = zone.iana_name().unwrap_or_default();
    let known = ZONES.iter().find(|(zone, _)| *zone == name);
    let city = match known {
        Some((_, prompt)) => Saying::new(*prompt),
        None => {
            // "Europe/Vienna" is told as "Vienna".
            let city = name.rsplit('/').next().unwrap_or(name).replace('_', " ");
            Saying::new(prompts::ZONE_OTHER).with("city", Value::Name(city))
        }
    };
    let time = now.to_zoned(zone.clone()).time();
    city.then(prompts::ZONE_TIME)
        .with("time", Value::Time { time, clock })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_zone_is_known_to_the_database() {
        for (name, prompt) in ZONES {
            assert!(TimeZone::get(name).is_ok(), "{name}");
            assert!(prompt.0.starts_with("zone-"), "{name}");
        }
    }

    #[test]
    fn the_present_zone_comes_first() {
        for (present, second) in [
            ("Europe/London", "Africa/Lagos"),
            ("Europe/Vienna", ZONES[0].0),
        ] {
            let all = from(&TimeZone::get(present).unwrap());
            let name = |index: usize| all[index].iana_name();
            assert_eq!((name(0), name(1)), (Some(present), Some(second)));
        }
    }
}
