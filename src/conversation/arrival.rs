//! What a conversation is told about its call, and what it tells the call record afterwards.

use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;

use crate::line::{Number, Sound};
use crate::policy::dial_plan::DialPlan;
use crate::policy::mailbox::Subscriber;
pub use crate::policy::routing::ReasonForCall;

/// Where a call enters the house (`outlook-voice-access` section 1.1).
#[derive(Clone, Debug)]
pub enum EntryPoint {
    /// A voice access number was called: sign-in.
    SubscriberAccess,
    /// Somebody's call was diverted, or somebody's extension called: the mailbox answers.
    CallAnswering(Subscriber),
}

/// A call that was answered and wants to be talked to.
#[derive(Clone, Debug)]
pub struct Arrival {
    /// Where it enters.
    pub entry: EntryPoint,
    /// The dial plan whose hunt group took it.
    pub dial_plan: Arc<DialPlan>,
    /// The calling number; none when withheld.
    pub calling: Option<Number>,
    /// Whether the gateway vouches for the calling number.
    pub calling_is_asserted: bool,
    /// The name that came with the calling number.
    pub calling_name: Option<String>,
    /// The number that was called.
    pub called: String,
    /// The number that diverted the call to us.
    pub diverted_from: Option<String>,
    /// Why the call came to us.
    pub reason: ReasonForCall,
    /// SIP Call-ID.
    pub call_id: String,
}

impl Arrival {
    /// The number that a mailbox answers for: the one that diverted the call, else the one called.
    pub fn answers_for(&self) -> &str {
        self.diverted_from.as_ref().unwrap_or(&self.called)
    }
}

/// CallType of a call record (`unified-messaging` section 16).
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum CallType {
    /// None of the others: an apology and goodbye.
    #[default]
    None,
    /// Somebody signed in.
    SubscriberAccess,
    /// A voice access number was called, and nobody signed in.
    UnauthenticatedPilotNumber,
    /// A mailbox answered, and a message was left.
    CallAnsweringVoiceMessage,
    /// A mailbox answered, and no message was left.
    CallAnsweringMissedCall,
    /// Somebody signed in to record the dial plan's welcome or announcement (PromptProvisioning).
    GreetingsRecording,
}

impl fmt::Display for CallType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            CallType::None => "None",
            CallType::SubscriberAccess => "Subscriber Access",
            CallType::UnauthenticatedPilotNumber => "Unauthenticated Pilot Number",
            CallType::CallAnsweringVoiceMessage => "Call Answering Voice Message",
            CallType::CallAnsweringMissedCall => "Call Answering Missed Call",
            CallType::GreetingsRecording => "Greetings Recording",
        })
    }
}

/// What the call record needs to know of a conversation that is over.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Outcome {
    /// What kind of call it was.
    pub call_type: CallType,
    /// CallerMailboxAlias: who signed in.
    pub caller_mailbox: Option<String>,
    /// CalleeMailboxAlias: whose mailbox answered, or was left a message.
    pub callee_mailbox: Option<String>,
    /// How many messages were left.
    pub messages_left: u32,
    /// Whether the owner of the mailbox was told of a caller who left nothing.
    pub missed_call_noted: bool,
    /// How many messages a subscriber sent.
    pub messages_sent: u32,
    /// Whether the caller ended the call; false when we said goodbye.
    pub caller_hung_up: bool,
    /// What failed, in words for the log; the caller heard an apology.
    pub fault: Option<String>,
}

/// Sounds that an administrator recorded for a dial plan: its welcome and its announcement.
#[async_trait]
pub trait CustomPrompts: Send + Sync {
    /// The sound in this file, if it could be read. Answers from memory.
    fn sound(&self, file_name: &str) -> Option<Arc<Sound>>;

    /// Puts another sound in the place of this file's, for every call from now on. A file that no dial
    /// plan names is none that can be replaced. The error is for the log.
    async fn replace(&self, file_name: &str, sound: Arc<Sound>) -> Result<(), String>;
}
