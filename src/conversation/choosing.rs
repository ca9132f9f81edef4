//! Choosing one of several by ear: the present one is read, `1` goes on, `2` goes back, `#` takes what
//! was read last, `*` leaves everything as it is.

use super::desk::{Session, Visit};
use super::personal_options::change;
use super::{prompts, zones};
use crate::caller::{Caller, Saying, Talk, Value};
use crate::mailbox::PatienceLevel;
use crate::turn::menu::{Menu, always};

/// What can be done with what was read.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum OnChoosing {
    Next,
    Previous,
    Take,
    Leave,
}

/// The menu of what was read.
pub(super) static CHOOSING: Menu<OnChoosing> = Menu::new(
    "choosing",
    &[
        always("next", OnChoosing::Next),
        always("previous", OnChoosing::Previous),
        always("take", OnChoosing::Take),
        always("leave", OnChoosing::Leave),
    ],
);

/// Lets a caller choose one of `count` things, from `present` on; nothing when he leaves it.
pub(super) async fn choose_one(
    caller: &mut Caller,
    count: usize,
    present: usize,
    read: impl Fn(&Caller, usize) -> Saying,
) -> Talk<Option<usize>> {
    let mut at = present;
    loop {
        let open = CHOOSING.open().introduced_by(read(caller, at));
        at = match caller.choose(open).await? {
            OnChoosing::Next => (at + 1) % count,
            OnChoosing::Previous => (at + count - 1) % count,
            OnChoosing::Take => return Ok(Some(at)),
            OnChoosing::Leave => {
                caller.say(prompts::LEFT_AS_IT_IS).await?;
                return Ok(None);
            }
        };
    }
}

/// Sets the time zone.
pub(super) async fn time_zone(
    caller: &mut Caller,
    visit: &Visit<'_>,
    session: &mut Session,
) -> Talk {
    let now = visit.desk.clock.now();
    let all = zones::from(&session.time_zone);
    let clock = session.clock_format();
    let read = |_: &Caller, at: usize| zones::saying(&all[at], now, clock);
    let Some(at) = choose_one(caller, all.len(), 0, read).await? else {
        return Ok(());
    };
    let Some(name) = all[at].iana_name().map(ToOwned::to_owned) else {
        return caller.say(prompts::LEFT_AS_IT_IS).await;
    };
    change(caller, visit, session, |settings| {
        settings.time_zone = Some(name);
    })
    .await?;
    session.time_zone = all[at].clone();
    caller.say(prompts::TIME_ZONE_SET).await
}

/// Sets how long we wait for keys.
pub(super) async fn patience(
    caller: &mut Caller,
    visit: &Visit<'_>,
    session: &mut Session,
) -> Talk {
    use PatienceLevel::{Long, Short, Usual, VeryLong};
    const LEVELS: [PatienceLevel; 4] = [Short, Usual, Long, VeryLong];
    let present = LEVELS
        .iter()
        .position(|level| *level == session.settings.patience)
        .unwrap_or_default();
    let read = |_: &Caller, at: usize| {
        Saying::new(match LEVELS[at] {
            Short => prompts::PATIENCE_SHORT,
            Usual => prompts::PATIENCE_USUAL,
            Long => prompts::PATIENCE_LONG,
            VeryLong => prompts::PATIENCE_VERY_LONG,
        })
    };
    let Some(at) = choose_one(caller, LEVELS.len(), present, read).await? else {
        return Ok(());
    };
    change(caller, visit, session, |settings| {
        settings.patience = LEVELS[at];
    })
    .await?;
    caller.say(prompts::PATIENCE_SET).await
}

/// Sets the playing speed at the beginning of a call.
pub(super) async fn speed(caller: &mut Caller, visit: &Visit<'_>, session: &mut Session) -> Talk {
    let paces = caller.language().keys.paces().to_vec();
    let pace = caller.pace();
    let present = paces
        .iter()
        .position(|one| *one >= pace)
        .unwrap_or_default();
    let read = |_: &Caller, at: usize| {
        let percent = u64::from(paces[at].0);
        Saying::new(prompts::SPEED_IS).with("percent", Value::Count(percent))
    };
    let Some(at) = choose_one(caller, paces.len(), present, read).await? else {
        return Ok(());
    };
    change(caller, visit, session, |settings| {
        settings.pace = Some(paces[at].0);
    })
    .await?;
    caller.say(prompts::SPEED_SET).await
}

/// Sets which keys do what.
pub(super) async fn key_layout(
    caller: &mut Caller,
    visit: &Visit<'_>,
    session: &mut Session,
) -> Talk {
    let layouts = caller.language().layouts.clone();
    let present = caller.language().keys.name().to_owned();
    let present = layouts.iter().position(|one| one.name() == present);
    let read = |caller: &Caller, at: usize| {
        let name = layouts[at].name();
        // A layout of the administrator's own has its name for a name.
        match caller
            .language()
            .prompts
            .name(&format!("key-layout-{name}"))
        {
            Some(prompt) => Saying::new(prompt),
            None => Saying::new(prompts::KEY_LAYOUT_OTHER)
                .with("name", Value::Name(name.replace('-', " "))),
        }
    };
    let chosen = choose_one(caller, layouts.len(), present.unwrap_or_default(), read).await?;
    let Some(at) = chosen else {
        return Ok(());
    };
    change(caller, visit, session, |settings| {
        settings.key_layout = Some(layouts[at].name().to_owned());
    })
    .await?;
    caller.say(prompts::KEY_LAYOUT_SET).await
}
