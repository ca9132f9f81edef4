//! Silence of a subscriber: nobody who has signed in is sent away for it without being told, and
//! without the offer to wait as long as he needs.

use std::time::Duration;

use super::open_menu::options_of;
use super::{Caller, Leave, NO_ANSWER_GOODBYE, Next, Saying, Talk, now};
use crate::line::{Key, LineEvent, PromptName};
use crate::transcript::Event;
use crate::turn::menu::WAITING as WAITING_MENU;

/// Said before a call would be ended for silence; how to prevent it follows.
pub(super) const ENDING_FOR_SILENCE: PromptName = PromptName("ending-for-silence");
/// Said when somebody wants us to wait.
pub(super) const WAITING: PromptName = PromptName("waiting");

impl Caller {
    /// Asks somebody who has said nothing too often whether he is still there, as menus do; ends the call
    /// if he is not.
    pub async fn make_sure_of_presence(&mut self) -> Talk {
        if Box::pin(self.is_still_there()).await? {
            return Ok(());
        }
        Err(self.farewell(NO_ANSWER_GOODBYE).await)
    }

    /// Whether somebody who has been silent for too long is still there: warns, offers to wait, and
    /// waits. What is asked next is asked anew.
    pub(super) async fn is_still_there(&mut self) -> Talk<bool> {
        if !self.patience.offers_to_wait {
            return Ok(false);
        }
        let wait = WAITING_MENU.open();
        let offer = Saying::new(ENDING_FOR_SILENCE).then(options_of(&wait, &self.language)?);
        let answer = match self.key_after(offer, self.patience.menu * 2).await? {
            Some(key) => key,
            None => return Ok(false),
        };
        let keys = self.language.keys.keys(WAITING_MENU.name, "wait");
        if keys.is_none_or(|keys| keys.keys() != [answer]) {
            // Another key is the answer to what was asked, or to nothing; it is asked again.
            self.keep_key(answer);
            return Ok(true);
        }
        self.note_key(answer);
        self.transcript.note(Event::Choice {
            menu: WAITING_MENU.name.to_owned(),
            choice: "wait".to_owned(),
        });
        let back = self
            .key_after(Saying::new(WAITING), self.patience.waiting_longest)
            .await?;
        match back {
            // It says "I am back", and must not do anything else.
            Some(key) => {
                self.note_key(key);
                Ok(true)
            }
            None => Ok(false),
        }
    }

    /// The first key during these words, or so long after them.
    async fn key_after(&mut self, saying: Saying, patience: Duration) -> Talk<Option<Key>> {
        let mut until = None;
        if !self.play(&saying).await? {
            until = Some(now() + patience);
        }
        loop {
            let wake = until.or(self.playing_ends_by);
            match self.next(wake).await {
                Next::Event(LineEvent::Key(key)) => {
                    self.stop_talking().await?;
                    return Ok(Some(key));
                }
                Next::Event(LineEvent::PlayEnded(_)) => until = Some(now() + patience),
                Next::Event(_) => {}
                Next::TimeUp if until.is_some() => return Ok(None),
                Next::TimeUp => {
                    self.stop_talking().await?;
                    until = Some(now() + patience);
                }
                Next::Over => return Err(Leave::HungUp),
            }
        }
    }
}
