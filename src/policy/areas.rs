//! Which areas of a mailbox are open by telephone: the switches of dial plan, policy and mailbox,
//! ANDed (`unified-messaging` sections 5 and 8).

use super::mailbox::Subscriber;

/// A part of a mailbox that can be switched off.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Area {
    /// Hearing e-mail.
    Email,
    /// Hearing the calendar.
    Calendar,
    /// Searching personal contacts.
    Contacts,
    /// Searching the directory after sign-in.
    Directory,
    /// Sending a voice message to somebody without calling.
    Compose,
    /// Answering e-mail and meetings by voice.
    VoiceResponse,
    /// Opening voice mail without a PIN, from the subscriber's own telephone.
    PinlessVoiceMail,
    /// Being told of callers who left nothing.
    MissedCalls,
    /// Recording the welcome and the announcement of the dial plan.
    PromptRecording,
}

impl Subscriber {
    /// Whether every level allows this subscriber this area.
    pub fn may(&self, area: Area) -> bool {
        let (dial_plan, policy, mailbox) = (&self.dial_plan, &self.policy, &self.mailbox);
        match area {
            Area::Email => policy.allow_tui_access_to_email && mailbox.tui_access_to_email_enabled,
            Area::Calendar => {
                policy.allow_tui_access_to_calendar && mailbox.tui_access_to_calendar_enabled
            }
            Area::Contacts => policy.allow_tui_access_to_personal_contacts,
            Area::Directory => policy.allow_tui_access_to_directory,
            Area::Compose => dial_plan.send_voice_messages_enabled,
            Area::VoiceResponse => policy.allow_voice_response_to_other_message_types,
            Area::PinlessVoiceMail => {
                policy.allow_pinless_voice_mail_access
                    && mailbox.pinless_access_to_voice_mail_enabled
                    && policy.allow_subscriber_access
                    && mailbox.subscriber_access_enabled
            }
            Area::MissedCalls => {
                policy.allow_missed_call_notifications && mailbox.missed_call_notification_enabled
            }
            Area::PromptRecording => {
                dial_plan.tui_prompt_editing_enabled && mailbox.may_manage_prompts
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use serde_json::json;

    use super::*;

    fn subscriber(changes: &[(&str, &str, bool)]) -> Subscriber {
        let mut dial_plan = json!({ "name": "d", "number_of_digits_in_extension": 4 });
        let mut policy = json!({ "name": "p", "dial_plan": "d" });
        let mut mailbox = json!({ "user": "alice", "policy": "p", "extensions": ["1042"] });
        for (level, key, value) in changes {
            let object = match *level {
                "dial_plan" => &mut dial_plan,
                "policy" => &mut policy,
                _ => &mut mailbox,
            };
            object[*key] = json!(value);
        }
        Subscriber {
            mailbox: Arc::new(serde_json::from_value(mailbox).unwrap()),
            policy: Arc::new(serde_json::from_value(policy).unwrap()),
            dial_plan: Arc::new(serde_json::from_value(dial_plan).unwrap()),
            display_name: "Alice".into(),
        }
    }

    #[test]
    fn one_level_that_says_no_is_enough() {
        use Area::*;
        for (area, switches) in [
            (
                Email,
                &[
                    ("policy", "allow_tui_access_to_email"),
                    ("mailbox", "tui_access_to_email_enabled"),
                ][..],
            ),
            (
                Calendar,
                &[
                    ("policy", "allow_tui_access_to_calendar"),
                    ("mailbox", "tui_access_to_calendar_enabled"),
                ],
            ),
            (
                Contacts,
                &[("policy", "allow_tui_access_to_personal_contacts")],
            ),
            (Directory, &[("policy", "allow_tui_access_to_directory")]),
            (Compose, &[("dial_plan", "send_voice_messages_enabled")]),
            (
                VoiceResponse,
                &[("policy", "allow_voice_response_to_other_message_types")],
            ),
            (
                PinlessVoiceMail,
                &[
                    ("policy", "allow_pinless_voice_mail_access"),
                    ("mailbox", "pinless_access_to_voice_mail_enabled"),
                    ("policy", "allow_subscriber_access"),
                    ("mailbox", "subscriber_access_enabled"),
                ],
            ),
            (
                MissedCalls,
                &[
                    ("policy", "allow_missed_call_notifications"),
                    ("mailbox", "missed_call_notification_enabled"),
                ],
            ),
            (
                PromptRecording,
                &[
                    ("dial_plan", "tui_prompt_editing_enabled"),
                    ("mailbox", "may_manage_prompts"),
                ],
            ),
        ] {
            let all: Vec<_> = switches
                .iter()
                .map(|(level, key)| (*level, *key, true))
                .collect();
            assert!(subscriber(&all).may(area), "{area:?} with all on");
            for off in 0..all.len() {
                let mut some = all.clone();
                some[off].2 = false;
                assert!(
                    !subscriber(&some).may(area),
                    "{area:?} without {:?}",
                    all[off]
                );
            }
        }
    }

    #[test]
    fn what_is_dangerous_is_off_unless_somebody_switches_it_on() {
        let usual = subscriber(&[]);
        for area in [Area::PinlessVoiceMail, Area::PromptRecording] {
            assert!(!usual.may(area), "{area:?}");
        }
        for area in [Area::Email, Area::Calendar, Area::Contacts, Area::Compose] {
            assert!(usual.may(area), "{area:?}");
        }
    }
}
