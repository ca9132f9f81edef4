//! What is well written and cannot work: values out of bounds, and values that contradict each other.

use std::net::IpAddr;

use super::{Config, SubmissionTls};

impl Config {
    /// What cannot work, as (key, what is wrong and the cure).
    pub(super) fn examine(&self) -> Vec<(&'static str, String)> {
        let mut found = Vec::new();
        if self.sip.listen.is_empty() {
            found.push((
                "sip.listen",
                "is empty; name at least one address such as 0.0.0.0:5060".to_owned(),
            ));
        }
        if self.sip.transports.is_empty() {
            found.push((
                "sip.transports",
                "is empty; name \"udp\", \"tcp\" or both".to_owned(),
            ));
        }
        if let Some(address) = self.sip.advertised_address
            && address.is_unspecified()
        {
            found.push((
                "sip.advertised_address",
                format!("{address} reaches nobody; give the address that peers can send to"),
            ));
        }
        if self.sip.min_session_expires_s < 90 {
            found.push((
                "sip.min_session_expires_s",
                "is below 90, the least that RFC 4028 allows; raise it".to_owned(),
            ));
        }
        if self.sip.session_expires_s < self.sip.min_session_expires_s {
            found.push((
                "sip.session_expires_s",
                "is below sip.min_session_expires_s; raise it".to_owned(),
            ));
        }
        if self.sip.answer_after_ms > 20_000 {
            found.push((
                "sip.answer_after_ms",
                "is above 20000; callers would give up, so lower it".to_owned(),
            ));
        }
        self.examine_limits(&mut found);
        self.examine_lmtp(&mut found);
        if self.storage.deleted_items_days > 3_650 {
            found.push((
                "storage.deleted_items_days",
                "is above 3650; choose fewer days, or 0 to keep everything".to_owned(),
            ));
        }
        if jiff::tz::TimeZone::get(&self.conversation.time_zone).is_err() {
            found.push((
                "conversation.time_zone",
                format!(
                    "`{}` is no time zone; give an IANA name such as Europe/Berlin",
                    self.conversation.time_zone
                ),
            ));
        }
        for (key, value) in [
            (
                "conversation.menu_patience_ms",
                self.conversation.menu_patience_ms,
            ),
            (
                "conversation.between_keys_ms",
                self.conversation.between_keys_ms,
            ),
            (
                "conversation.between_digits_ms",
                self.conversation.between_digits_ms,
            ),
        ] {
            if !(200..=60_000).contains(&value) {
                found.push((
                    key,
                    format!("is {value}; choose between 200 and 60000 milliseconds"),
                ));
            }
        }
        self.examine_submission(&mut found);
        self.examine_auto_reply(&mut found);
        if let Err(problem) = self.log.targets() {
            found.push(("log.level", problem));
        }
        found
    }

    fn examine_lmtp(&self, found: &mut Vec<(&'static str, String)>) {
        let lmtp = &self.lmtp;
        let silence = usize::try_from(lmtp.silence_s).unwrap_or(usize::MAX);
        // Larger mails than 64 MiB are not looked at to their end.
        for (key, value, most) in [
            ("lmtp.mail_max_mib", lmtp.mail_max_mib, 64),
            ("lmtp.recipients_max", lmtp.recipients_max, 1_000),
            ("lmtp.connections_max", lmtp.connections_max, 1_000),
            ("lmtp.silence_s", silence, 600),
        ] {
            if !(1..=most).contains(&value) {
                found.push((key, format!("is {value}; choose between 1 and {most}")));
            }
        }
        if lmtp
            .domains
            .iter()
            .any(|domain| domain.is_empty() || domain.contains('@'))
        {
            found.push((
                "lmtp.domains",
                "has an entry that is no domain; write it like example.com".to_owned(),
            ));
        }
    }

    fn examine_submission(&self, found: &mut Vec<(&'static str, String)>) {
        let relay = &self.submission;
        if !is_address(&relay.address) {
            let address = &relay.address;
            found.push((
                "submission.address",
                format!("`{address}` is no mail address; give one such as voicemail@example.com"),
            ));
        }
        let local = relay.host.as_deref().is_some_and(is_this_machine);
        if relay.tls == SubmissionTls::None && relay.host.is_some() && !local {
            found.push((
                "submission.tls",
                "is none, which is for a relay on this machine only; choose required or starttls"
                    .to_owned(),
            ));
        }
        if relay.user.is_some() != relay.password_file.is_some() {
            found.push((
                "submission.user",
                "and submission.password_file belong together; give both or neither".to_owned(),
            ));
        }
        if relay.host.as_deref() == Some("") {
            found.push((
                "submission.host",
                "is empty; name the relay, or leave the key out".to_owned(),
            ));
        }
        if !(1..=600).contains(&relay.timeout_s) {
            found.push((
                "submission.timeout_s",
                format!("is {}; choose between 1 and 600 seconds", relay.timeout_s),
            ));
        }
    }

    fn examine_auto_reply(&self, found: &mut Vec<(&'static str, String)>) {
        let replies = &self.auto_reply;
        for (key, value, most) in [
            ("auto_reply.again_after_days", replies.again_after_days, 365),
            ("auto_reply.per_day_max", replies.per_day_max, 10_000),
        ] {
            if !(1..=most).contains(&value) {
                found.push((key, format!("is {value}; choose between 1 and {most}")));
            }
        }
        let length = replies.text.chars().count();
        if replies.text.trim().is_empty() || length > 4_000 {
            found.push((
                "auto_reply.text",
                format!("has {length} characters; write 1 to 4000, or leave the key out"),
            ));
        }
    }

    fn examine_limits(&self, found: &mut Vec<(&'static str, String)>) {
        let (calls, pairs) = (self.limits.calls_max, self.media.ports.pairs());
        if calls == 0 {
            found.push((
                "limits.calls_max",
                "is 0; allow at least one call".to_owned(),
            ));
        }
        if calls > pairs {
            found.push((
                "limits.calls_max",
                format!(
                    "is {calls}, but media.ports {} has room for {pairs} calls; \
                     widen the range or lower the limit",
                    self.media.ports
                ),
            ));
        }
        if self.limits.late_ms > 100 {
            found.push((
                "limits.late_ms",
                "is above 100, where callers have long heard gaps; lower it, or choose 0 to take \
                 calls however late sound is"
                    .to_owned(),
            ));
        }
        if self.limits.drain_s > 86_400 {
            found.push((
                "limits.drain_s",
                "is more than a day (86400); lower it".to_owned(),
            ));
        }
        if self.limits.hang_up_wait_ms > 10_000 {
            found.push((
                "limits.hang_up_wait_ms",
                "is above 10000; peers give up on a BYE after 32 s, so lower it".to_owned(),
            ));
        }
    }

    /// What does not lie where it should, in the same form. Looks at the disk.
    pub(super) fn examine_folders(&self) -> Vec<(&'static str, String)> {
        let mut found = Vec::new();
        if let Some(words) = &self.conversation.words
            && !["prompts", "grammars"]
                .iter()
                .any(|part| words.join(part).is_dir())
        {
            found.push((
                "conversation.words",
                format!(
                    "{} holds neither prompts/ nor grammars/; name the folder that does, or leave \
                     the setting out to use the built-in words",
                    words.display()
                ),
            ));
        }
        found
    }
}

/// ASCII without spaces, and something on both sides of one `@`.
fn is_address(address: &str) -> bool {
    let graphic = |byte: u8| byte.is_ascii_graphic() && !b"<>\"(),;\\".contains(&byte);
    address.len() <= 254
        && address.bytes().all(graphic)
        && address.split_once('@').is_some_and(|(local, domain)| {
            !local.is_empty() && !domain.is_empty() && !domain.contains('@')
        })
}

fn is_this_machine(host: &str) -> bool {
    host == "localhost" || host.parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback())
}
