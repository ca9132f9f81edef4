//! Recording what a subscriber sends: the recording menu with its marks
//! (`outlook-voice-access` section 10.2).

use std::time::Duration;

use super::desk::{Desk, Session};
use super::recording::{self, Bounds, LEAST_VOICE_IN_MESSAGE, SHORTEST_MESSAGE, Taken};
use super::{faults, prompts};
use crate::caller::{Caller, Leave, OpenMenu, Saying, Talk, Value};
use crate::line::{Key, PromptName, TakeEnd};
use crate::mailbox::{Importance, MailKind};
use crate::outbox::{Recording, TapePurpose};
use crate::policy::mailbox_policy::Protect;
use crate::turn::menu::{Menu, always};

/// What a subscriber may do with what was just recorded.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum OnMessageTake {
    /// Leads to the marks, and to sending.
    Accept,
    /// Sends at once, as it is marked.
    Send,
    AddRecipient,
    Important,
    NotImportant,
    Private,
    NotPrivate,
    Replay,
    StartOver,
    Continue,
    Cancel,
}

/// The subscriber's menu after a recording. A key layout has either `accept`, and the marks in a menu
/// of their own, or `send` with the marks beside it.
pub(super) static MESSAGE_RECORDING: Menu<OnMessageTake> = Menu::new(
    "message-recording",
    &[
        always("accept", OnMessageTake::Accept),
        always("send", OnMessageTake::Send).leading(),
        always("important", OnMessageTake::Important),
        always("not-important", OnMessageTake::NotImportant),
        always("private", OnMessageTake::Private),
        always("not-private", OnMessageTake::NotPrivate),
        always("replay", OnMessageTake::Replay),
        always("start-over", OnMessageTake::StartOver),
        always("continue", OnMessageTake::Continue),
        always("add-recipient", OnMessageTake::AddRecipient),
        always("cancel", OnMessageTake::Cancel),
    ],
);

/// How an accepted message is sent.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum OnMessageSending {
    Send,
    Important,
    NotImportant,
    Private,
    NotPrivate,
    Back,
}

/// The second level: marks, and sending. Whoever says nothing more sends.
pub(super) static MESSAGE_SENDING: Menu<OnMessageSending> = Menu::new(
    "message-sending",
    &[
        always("send", OnMessageSending::Send),
        always("important", OnMessageSending::Important),
        always("not-important", OnMessageSending::NotImportant),
        always("private", OnMessageSending::Private),
        always("not-private", OnMessageSending::NotPrivate),
        always("back", OnMessageSending::Back),
    ],
);

/// Words with what is sent, or none.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum OnOptional {
    Record,
    Without,
    /// What they would go along with is not sent either.
    Back,
}

/// Whether there is nothing to send without words.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Introduction {
    /// The words are the message.
    Needed,
    /// They introduce what is forwarded; `#` at once sends it without.
    Optional,
}

/// What is possible with a recording.
#[derive(Clone, Copy)]
pub(super) struct Rules {
    bounds: Bounds,
    introduction: Introduction,
    /// What the sender's policy protects; nothing for answers to e-mail and meetings.
    protects: Protect,
    /// Whether it can be marked at all.
    marks: bool,
}

impl Rules {
    /// The rules for what this subscriber sends.
    pub(super) fn of(session: &Session, kind: MailKind, introduction: Introduction) -> Rules {
        let protects = session.subscriber.policy.protect_authenticated_voice_mail;
        Rules {
            bounds: bounds(session),
            introduction,
            protects: match kind {
                MailKind::Voice => protects,
                MailKind::CallAnswering
                | MailKind::VoiceReply
                | MailKind::Note
                | MailKind::MissedCall
                | MailKind::AutoReply
                | MailKind::System => Protect::None,
            },
            marks: true,
        }
    }

    /// The rules for words that go along with something else.
    pub(super) fn words(session: &Session) -> Rules {
        Rules {
            bounds: bounds(session),
            introduction: Introduction::Needed,
            protects: Protect::None,
            marks: false,
        }
    }

    /// Whether the private mark is offered: wherever the policy protects anything.
    fn can_be_marked_private(self) -> bool {
        self.marks && self.protects != Protect::None
    }

    /// Whether a message is private, as far as it was `marked`.
    pub(super) fn is_private(self, marked: bool) -> bool {
        marked || self.protects == Protect::All
    }
}

fn bounds(session: &Session) -> Bounds {
    let plan = &session.subscriber.dial_plan;
    Bounds {
        longest: Duration::from_secs(u64::from(plan.max_recording_duration) * 60),
        idle: Duration::from_secs(u64::from(plan.recording_idle_timeout)),
        shortest: SHORTEST_MESSAGE,
        least_voice: LEAST_VOICE_IN_MESSAGE,
    }
}

/// A message not yet sent.
#[derive(Default)]
pub(super) struct Draft {
    pub(super) recording: Option<Recording>,
    /// Whether the caller has said that it may go.
    pub(super) accepted: bool,
    pub(super) importance: Importance,
    pub(super) private: bool,
    /// Whether somebody gets it who has no mailbox of ours: then it cannot be private.
    pub(super) leaves_us: bool,
}

impl Draft {
    /// Forgets the recording.
    pub(super) async fn discard(&mut self, desk: &Desk) {
        if let Some(recording) = self.recording.take() {
            recording::discard(desk, &recording.tape).await;
        }
    }
}

/// How the talk about a message ended, when the caller ended it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Verdict {
    Send,
    Cancel,
    /// Somebody else is to get it too; then the talk goes on.
    AddRecipient,
}

/// Records after `saying` and the tone, unless the draft has a recording already, and lets the caller
/// decide. However this ends, the recording is in the draft, and the draft says whether it was
/// accepted.
pub(super) async fn talk(
    caller: &mut Caller,
    desk: &Desk,
    draft: &mut Draft,
    mut saying: Saying,
    rules: Rules,
) -> Talk<Verdict> {
    loop {
        if draft.recording.is_some() {
            match decide(caller, desk, draft, rules).await? {
                Some(verdict) => return Ok(verdict),
                None => saying = again(rules),
            }
        }
        match recording::record(caller, desk, saying, TapePurpose::Scratch, rules.bounds).await? {
            Taken::Usable(recording) => {
                draft.recording = Some(recording);
                caller.forgive_failures();
            }
            Taken::LineGone => return Err(Leave::Goodbye),
            Taken::Nothing(TakeEnd::Stopped) if rules.introduction == Introduction::Optional => {
                draft.accepted = true;
                return Ok(Verdict::Send);
            }
            Taken::Nothing(_) => {
                caller.say(prompts::NOTHING_RECORDED).await?;
                if caller.count_empty_recording().await? {
                    return Ok(Verdict::Cancel);
                }
            }
        }
        saying = again(rules);
    }
}

fn again(rules: Rules) -> Saying {
    Saying::new(match rules.introduction {
        Introduction::Needed => prompts::RECORD_YOUR_MESSAGE,
        Introduction::Optional => prompts::RECORD_INTRODUCTION,
    })
}

/// Asks what to do with the recording; `None` to record anew.
async fn decide(
    caller: &mut Caller,
    desk: &Desk,
    draft: &mut Draft,
    rules: Rules,
) -> Talk<Option<Verdict>> {
    loop {
        let choice = caller.choose(open_recording(draft, rules)).await?;
        let Some(recording) = &mut draft.recording else {
            return Ok(None);
        };
        match choice {
            OnMessageTake::Accept => {
                draft.accepted = true;
                if !rules.marks {
                    caller.take_as_belonging(Key::POUND);
                    return Ok(Some(Verdict::Send));
                }
                if mark(caller, draft, rules).await? {
                    return Ok(Some(Verdict::Send));
                }
                draft.accepted = false;
            }
            OnMessageTake::Send => {
                draft.accepted = true;
                return Ok(Some(Verdict::Send));
            }
            OnMessageTake::AddRecipient => return Ok(Some(Verdict::AddRecipient)),
            OnMessageTake::Important => {
                caller.say(set_important(draft, true)).await?;
            }
            OnMessageTake::NotImportant => {
                caller.say(set_important(draft, false)).await?;
            }
            OnMessageTake::Private => {
                caller.say(set_private(draft)).await?;
            }
            OnMessageTake::NotPrivate => {
                caller.say(set_not_private(draft)).await?;
            }
            OnMessageTake::Replay => {
                let sound = desk.outbox.sound(recording);
                let sound = sound.await.map_err(faults::recording)?;
                caller
                    .start(Saying::nothing().play("recording", sound))
                    .await?;
            }
            OnMessageTake::StartOver => {
                draft.discard(desk).await;
                return Ok(None);
            }
            OnMessageTake::Continue => {
                let end = recording::record_more(caller, desk, recording, rules.bounds).await?;
                if end == TakeEnd::SteadyTone {
                    return Err(Leave::Goodbye);
                }
            }
            OnMessageTake::Cancel => return Ok(Some(Verdict::Cancel)),
        }
    }
}

/// The menu after a recording, without what makes no sense for it.
fn open_recording(draft: &Draft, rules: Rules) -> OpenMenu<OnMessageTake> {
    use OnMessageTake::{AddRecipient, Important, NotImportant, NotPrivate, Private};
    let marks = if rules.marks { "yes" } else { "no" };
    let mut open = MESSAGE_RECORDING
        .open()
        .with_value("accept", "marks", Value::Word(marks));
    if !rules.marks {
        open = open
            .without(AddRecipient)
            .without(Important)
            .without(NotImportant);
    }
    open = open.without(if draft.importance == Importance::High {
        Important
    } else {
        NotImportant
    });
    let may_be_private = rules.can_be_marked_private();
    if !may_be_private || draft.private {
        open = open.without(Private);
    }
    if !may_be_private || !draft.private {
        open = open.without(NotPrivate);
    }
    open
}

fn set_important(draft: &mut Draft, important: bool) -> PromptName {
    if important {
        draft.importance = Importance::High;
        prompts::MARKED_IMPORTANT
    } else {
        draft.importance = Importance::Normal;
        prompts::MARKED_NOT_IMPORTANT
    }
}

/// What is private is protected, and nothing protects it where others keep it.
fn set_private(draft: &mut Draft) -> PromptName {
    if draft.leaves_us {
        return prompts::PRIVATE_STAYS_INSIDE;
    }
    draft.private = true;
    prompts::MARKED_PRIVATE
}

fn set_not_private(draft: &mut Draft) -> PromptName {
    draft.private = false;
    prompts::MARKED_NOT_PRIVATE
}

/// Sets marks; true when the message may go, false to go back.
async fn mark(caller: &mut Caller, draft: &mut Draft, rules: Rules) -> Talk<bool> {
    let may_be_private = rules.can_be_marked_private();
    loop {
        let important = draft.importance == Importance::High;
        let mut open = MESSAGE_SENDING.open().without(if important {
            OnMessageSending::Important
        } else {
            OnMessageSending::NotImportant
        });
        if !may_be_private || draft.private {
            open = open.without(OnMessageSending::Private);
        }
        if !may_be_private || !draft.private {
            open = open.without(OnMessageSending::NotPrivate);
        }
        // Who accepted it and says nothing more, or finds no key, wants it to go.
        let said = match caller.choose_or_nothing(open).await? {
            None | Some(OnMessageSending::Send) => return Ok(true),
            Some(OnMessageSending::Back) => return Ok(false),
            Some(OnMessageSending::Important) => set_important(draft, true),
            Some(OnMessageSending::NotImportant) => set_important(draft, false),
            Some(OnMessageSending::Private) => set_private(draft),
            Some(OnMessageSending::NotPrivate) => set_not_private(draft),
        };
        caller.say(said).await?;
    }
}
