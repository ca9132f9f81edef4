//! How we talk with one caller: what a subscriber may choose for himself, as one value that can be
//! kept and given back when the next one signs in at the same telephone.

use std::sync::Arc;

use super::{Caller, Patience, Style, Talk};
use crate::line::{Locale, Pace};

/// How we talk with a caller.
#[derive(Clone, PartialEq, Debug)]
pub struct Manner {
    /// The language of prompts.
    pub locale: Locale,
    /// How much prompts say.
    pub style: Style,
    /// How long we wait.
    pub patience: Patience,
    /// Which keys do what, by the name of the layout.
    pub key_layout: String,
    /// The playing speed of recordings.
    pub pace: Pace,
    /// Whether phrases are listened for.
    pub phrases: bool,
}

impl Caller {
    /// How we talk with this caller.
    pub fn manner(&self) -> Manner {
        Manner {
            locale: self.locale.clone(),
            style: self.style,
            patience: self.patience,
            key_layout: self.language.keys.name().to_owned(),
            pace: self.pace,
            phrases: self.phrases_offered,
        }
    }

    /// Talks like this from now on. A layout that is not installed changes no key.
    pub async fn set_manner(&mut self, manner: Manner) -> Talk {
        self.locale = manner.locale;
        self.style = manner.style;
        self.patience = manner.patience;
        self.phrases_offered = manner.phrases;
        if self.language.keys.name() != manner.key_layout
            && let Some(language) = self.language.with_layout(&manner.key_layout)
        {
            self.language = Arc::new(language);
        }
        if self.pace != manner.pace {
            self.set_pace(manner.pace).await?;
        }
        Ok(())
    }
}
