//! The keys that steer what is played or read (`outlook-voice-access` section 5.2).

use std::time::Duration;

use super::prompts;
use crate::caller::{Caller, Talk};
use crate::line::{Pace, Skip};

/// How far one press of rewind or fast forward goes.
const SKIP: Duration = Duration::from_secs(5);

/// Whoever has heard this much of a message has heard it.
pub(super) const HEARD: f32 = 2.0 / 3.0;

/// One of these keys.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Steer {
    Rewind,
    Pause,
    FastForward,
    End,
    Slower,
    Faster,
}

/// Does what the key asks for; what plays goes on playing.
pub(super) async fn steer(caller: &mut Caller, how: Steer) -> Talk {
    match how {
        Steer::Rewind => caller.skip(Skip::Back(SKIP)).await,
        Steer::Pause => caller.pause_or_resume().await,
        Steer::FastForward => caller.skip(Skip::Ahead(SKIP)).await,
        Steer::End => caller.skip(Skip::ToEnd).await,
        Steer::Slower => match slower(caller) {
            Some(pace) => caller.set_pace(pace).await,
            None => caller.interject(prompts::SLOWEST).await,
        },
        Steer::Faster => match faster(caller) {
            Some(pace) => caller.set_pace(pace).await,
            None => caller.interject(prompts::FASTEST).await,
        },
    }
}

/// The next slower step of the layout; nothing when this is the slowest.
pub(super) fn slower(caller: &Caller) -> Option<Pace> {
    let mut paces = caller.language().keys.paces().iter().rev();
    paces.find(|pace| **pace < caller.pace()).copied()
}

/// The next faster step of the layout; nothing when this is the fastest.
pub(super) fn faster(caller: &Caller) -> Option<Pace> {
    let mut paces = caller.language().keys.paces().iter();
    paces.find(|pace| **pace > caller.pace()).copied()
}
