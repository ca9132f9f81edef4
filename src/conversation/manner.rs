//! How we talk with a subscriber: what the call began with, changed as he has chosen.

use super::desk::Visit;
use crate::caller::{Caller, Manner, Patience, Style, Talk};
use crate::line::{Locale, Pace};
use crate::mailbox::{Interface, PatienceLevel, PromptStyle, UserSettings};

/// Talks as this subscriber has chosen, from now on.
pub(super) async fn adopt(caller: &mut Caller, visit: &Visit<'_>, settings: &UserSettings) -> Talk {
    let manner = of(caller, visit, settings);
    caller.set_manner(manner).await
}

/// Talks as at the beginning of the call: nobody is known.
pub(super) async fn forget(caller: &mut Caller, visit: &Visit<'_>) -> Talk {
    caller.set_manner(visit.manner.clone()).await
}

fn of(caller: &Caller, visit: &Visit<'_>, settings: &UserSettings) -> Manner {
    let usual = visit.manner.clone();
    let key_layout = settings.key_layout.clone().unwrap_or(usual.key_layout);
    Manner {
        locale: settings
            .language
            .as_deref()
            .and_then(|language| installed(caller, language))
            .unwrap_or(usual.locale),
        style: match settings.prompts {
            PromptStyle::Full => Style::Full,
            PromptStyle::Brief => Style::Brief,
        },
        patience: Patience {
            offers_to_wait: true,
            ..usual.patience.times(hundredths(settings.patience))
        },
        pace: settings.pace.map_or(usual.pace, Pace),
        phrases: usual.phrases && settings.interface == Interface::Voice,
        key_layout,
    }
}

/// A language that is not installed any more leaves the dial plan's in place.
fn installed(caller: &Caller, language: &str) -> Option<Locale> {
    let locale = Locale::new(language);
    let best = caller.language().prompts.best(&locale);
    (best.language() == locale.language()).then_some(locale)
}

/// How long waits are, in hundredths of the configured ones.
fn hundredths(level: PatienceLevel) -> u32 {
    match level {
        PatienceLevel::Short => 50,
        PatienceLevel::Usual => 100,
        PatienceLevel::Long => 200,
        PatienceLevel::VeryLong => 400,
    }
}
