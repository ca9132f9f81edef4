//! What the caller hears when a room behind a trait fails, and what the log says.

use super::prompts;
use crate::caller::{Fault, Leave};
use crate::directory::DirectoryFault;
use crate::line::PromptName;
use crate::mailbox::MailFault;
use crate::outbox::OutboxFault;
use crate::policy::pin::PinFault;

fn fault(log: impl ToString, prompt: PromptName) -> Leave {
    Leave::Fault(Fault {
        log: log.to_string(),
        prompt,
    })
}

/// The subscriber's mailbox could not do what was asked.
pub(super) fn mailbox(cause: MailFault) -> Leave {
    let prompt = match cause {
        MailFault::QuotaFull => prompts::OWN_MAILBOX_FULL,
        _ => prompts::MAILBOX_UNAVAILABLE,
    };
    fault(cause, prompt)
}

/// The subscriber's calendar cannot be had.
pub(super) fn calendar(cause: MailFault) -> Leave {
    fault(cause, prompts::CALENDAR_UNAVAILABLE)
}

/// PINs can be neither checked nor changed.
pub(super) fn pins(cause: PinFault) -> Leave {
    fault(cause, prompts::SIGN_IN_UNAVAILABLE)
}

/// The directory cannot be searched.
pub(super) fn directory(cause: DirectoryFault) -> Leave {
    fault(cause, prompts::DIRECTORY_UNAVAILABLE)
}

/// Personal contacts cannot be searched.
pub(super) fn contacts(cause: DirectoryFault) -> Leave {
    fault(cause, prompts::CONTACTS_UNAVAILABLE)
}

/// Nothing can be recorded.
pub(super) fn recording(cause: OutboxFault) -> Leave {
    fault(cause, prompts::RECORDING_UNAVAILABLE)
}

/// What was recorded could not be kept.
pub(super) fn sending(cause: OutboxFault) -> Leave {
    fault(cause, prompts::MESSAGE_NOT_SENT)
}
