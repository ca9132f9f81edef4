//! What is asked at present, for those who follow a call: the open menu's keys, in the caller's words.

use super::Caller;
use super::open_menu::{OpenMenu, Picked};
use crate::language::Value;
use crate::transcript::{Event, OpenKey};
use crate::turn::menu::EVERYWHERE;
use crate::turn::{OpenChoice, Request, When};

impl Caller {
    /// Tells which choices are open from now on.
    pub(super) fn note_asked<C: Copy + PartialEq + 'static>(
        &self,
        menu: &OpenMenu<C>,
        choices: &[OpenChoice<Picked<C>>],
    ) {
        if !self.transcript.is_read() {
            return;
        }
        let mut keys: Vec<OpenKey> = Vec::new();
        for choice in choices {
            let of = match choice.request {
                Request::Answer(picked) => picked.menu,
                Request::Repeat | Request::More | Request::Help => EVERYWHERE.name,
            };
            // A menu's own keys beat those that mean something everywhere.
            let taken =
                |open: &OpenKey| choice.keys.is_some_and(|own| open.keys == own.to_string());
            if of == EVERYWHERE.name && of != menu.name() && keys.iter().any(taken) {
                continue;
            }
            keys.extend(self.open_key(menu, of, choice));
        }
        let heading = self.language.prompts.name(&format!("card-{}", menu.name()));
        self.transcript.note(Event::Asks {
            menu: menu.name().to_owned(),
            heading: heading
                .and_then(|name| self.language.prompts.text(&self.locale, name, &[]).ok())
                .unwrap_or_default(),
            keys,
        });
    }

    /// A choice that has keys and words. One without words is known to those who know the keys.
    fn open_key<C: Copy + PartialEq + 'static>(
        &self,
        menu: &OpenMenu<C>,
        of: &'static str,
        choice: &OpenChoice<Picked<C>>,
    ) -> Option<OpenKey> {
        let keys = choice.keys?;
        let prompt = self.language.prompts.option(of, choice.name)?;
        let values: Vec<(&str, Value)> = std::iter::once(("key", Value::Keys(keys)))
            .chain(menu.values_of(choice.name))
            .collect();
        Some(OpenKey {
            keys: keys.to_string(),
            choice: choice.name.to_owned(),
            says: self
                .language
                .prompts
                .text(&self.locale, prompt, &values)
                .ok()?,
            when: match choice.when {
                When::Always => "any-time",
                When::WhilePlaying => "while-playing",
                When::AfterPlaying => "after-playing",
            },
        })
    }

    /// Tells that something else than a choice is awaited: `digits`, `pin` or a `recording`.
    pub(super) fn note_asked_for(&self, what: &str) {
        self.transcript.note(Event::Asks {
            menu: what.to_owned(),
            heading: String::new(),
            keys: Vec::new(),
        });
    }

    /// Tells who the caller is, once it is known.
    pub fn note_signed_in(&self, mailbox: &str) {
        self.transcript.note(Event::SignedIn {
            mailbox: mailbox.to_owned(),
        });
    }
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use super::*;
    use crate::caller::{Language, Patience};
    use crate::language::Assets;
    use crate::line::{Locale, line};
    use crate::transcript::{Transcript, Witness};
    use crate::turn::menu::{Menu, YesNo, always};

    #[derive(Default)]
    struct Last(Mutex<Option<Event>>);

    impl Witness for Last {
        fn note(&self, _call: &str, event: Event) {
            *self.0.lock().unwrap() = Some(event);
        }
    }

    static ONLY_YES: Menu<YesNo> = Menu::new("yes-no", &[always("yes", YesNo::Yes)]);

    #[test]
    fn the_open_menu_is_told_with_the_keys_of_the_caller() {
        let last = Arc::new(Last::default());
        let (line, _far) = line();
        let language = Language::load(&Assets::embedded(), "asterisk").unwrap();
        let caller = Caller::new(
            line,
            Arc::new(language),
            Locale::default(),
            Transcript::new("call", Arc::new([last.clone() as _])),
            Patience::default(),
        );
        let open = ONLY_YES.open();
        caller.note_asked(&open, &open.choices(&caller.language));
        let Some(Event::Asks { keys, .. }) = last.0.lock().unwrap().take() else {
            panic!("nothing was told");
        };
        let told: Vec<_> = keys.iter().map(|key| (&*key.keys, &*key.choice)).collect();
        assert_eq!(told, [("1", "yes"), ("*", "help"), ("#", "main-menu")]);
        assert!(keys[1].says.contains("all options, press star"));
    }

    #[test]
    fn the_open_menu_is_told_with_the_words_that_callers_hear() {
        let last = Arc::new(Last::default());
        let (line, _far) = line();
        let caller = Caller::new(
            line,
            Arc::new(Language::embedded().unwrap()),
            Locale::default(),
            Transcript::new("call", Arc::new([last.clone() as _])),
            Patience::default(),
        );
        let open = ONLY_YES.open().without_main_menu();
        caller.note_asked(&open, &open.choices(&caller.language));
        let Some(Event::Asks { menu, keys, .. }) = last.0.lock().unwrap().take() else {
            panic!("nothing was told");
        };
        assert_eq!(menu, "yes-no");
        let told: Vec<_> = keys.iter().map(|key| (&*key.keys, &*key.choice)).collect();
        assert_eq!(told, [("1", "yes"), ("0", "repeat")]);
        assert!(keys[0].says.contains("yes, press one"));
        assert_eq!(keys[0].when, "any-time");
        caller.note_asked_for("pin");
        assert!(matches!(
            last.0.lock().unwrap().as_ref(),
            Some(Event::Asks { menu, keys, .. }) if menu == "pin" && keys.is_empty()
        ));
    }
}
