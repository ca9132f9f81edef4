//! Menus: sets of choices, by name. Keys, phrases and prompts for the names come from files.

/// A set of choices a caller has at one place.
#[derive(Debug)]
pub struct Menu<C: 'static> {
    /// Its name in `grammars/` and the first part of its prompts' names.
    pub name: &'static str,
    /// The choices, in the order in which they are announced.
    pub entries: &'static [Entry<C>],
}

/// One choice of a menu.
#[derive(Clone, Copy, Debug)]
pub struct Entry<C> {
    /// Its name in the key layout, in the phrases and at the end of its prompt's name.
    pub name: &'static str,
    /// What the conversation receives.
    pub choice: C,
    /// When it may be chosen.
    pub when: When,
    /// Whether and when it is announced.
    pub level: Level,
    /// Whether it comes first even where the options are read by their keys.
    pub leads: bool,
}

/// When a choice is open. Where a message and the menu at its end give one key two meanings, this
/// is what decides: `00` counts as the end of the message.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum When {
    /// While something plays, and after it.
    Always,
    /// Only while something plays, which goes on playing: pause, rewind, faster.
    WhilePlaying,
    /// Only when nothing plays (any more).
    AfterPlaying,
}

/// Whether a choice is announced.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Level {
    /// Each time the options are read.
    First,
    /// Only after `00`; its keys are accepted without.
    More,
    /// Accepted but never announced.
    Silent,
}

impl<C: 'static> Menu<C> {
    /// A menu of these choices.
    pub const fn new(name: &'static str, entries: &'static [Entry<C>]) -> Menu<C> {
        Menu { name, entries }
    }
}

impl<C: Copy> Entry<C> {
    /// The same choice, announced only after `00`.
    pub const fn more(self) -> Entry<C> {
        Entry {
            level: Level::More,
            ..self
        }
    }

    /// The same choice, announced first even where the options are read by their keys: what most
    /// callers want next.
    pub const fn leading(self) -> Entry<C> {
        Entry {
            leads: true,
            ..self
        }
    }

    /// The same choice, never announced.
    pub const fn silent(self) -> Entry<C> {
        Entry {
            level: Level::Silent,
            ..self
        }
    }
}

const fn entry<C: Copy>(name: &'static str, choice: C, when: When, level: Level) -> Entry<C> {
    Entry {
        name,
        choice,
        when,
        level,
        leads: false,
    }
}

/// Open while something plays and after it; announced.
pub const fn always<C: Copy>(name: &'static str, choice: C) -> Entry<C> {
    entry(name, choice, When::Always, Level::First)
}

/// Open only while something plays, which goes on playing.
pub const fn while_playing<C: Copy>(name: &'static str, choice: C) -> Entry<C> {
    entry(name, choice, When::WhilePlaying, Level::First)
}

/// Open when nothing plays (any more); announced.
pub const fn after_playing<C: Copy>(name: &'static str, choice: C) -> Entry<C> {
    entry(name, choice, When::AfterPlaying, Level::First)
}

/// Open when nothing plays (any more), with or without `00`; announced after `00` only.
pub const fn more<C: Copy>(name: &'static str, choice: C) -> Entry<C> {
    entry(name, choice, When::AfterPlaying, Level::More)
}

/// Open always, never announced.
pub const fn silent<C: Copy>(name: &'static str, choice: C) -> Entry<C> {
    entry(name, choice, When::Always, Level::Silent)
}

/// What can be asked for in every menu, unless the menu's own key beats it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Everywhere {
    /// Say the options again.
    Repeat,
    /// Say the second half of the options.
    More,
    /// Say what can be done here.
    Help,
    /// Back to the main menu.
    MainMenu,
}

/// The menu that stands behind every other menu.
pub static EVERYWHERE: Menu<Everywhere> = Menu::new(
    "everywhere",
    &[
        always("repeat", Everywhere::Repeat),
        always("more", Everywhere::More),
        silent("help", Everywhere::Help),
        always("main-menu", Everywhere::MainMenu),
    ],
);

/// The answer to a warning that the call is about to end for silence.
pub static WAITING: Menu<()> = Menu::new("waiting", &[always("wait", ())]);

/// The answer to a question that takes yes or no.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum YesNo {
    /// Yes.
    Yes,
    /// No.
    No,
}

/// Yes or no: asked when we are not sure what a caller said.
pub static YES_NO: Menu<YesNo> = Menu::new(
    "yes-no",
    &[always("yes", YesNo::Yes), always("no", YesNo::No)],
);
