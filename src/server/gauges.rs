//! What the rooms tell about themselves when the metrics page is read.

use std::sync::Arc;

use super::house::House;
use crate::admin::{Page, TranscriptFile};
use crate::sip::Endpoint;

/// Adds all rooms to the page.
pub(super) fn tell(
    page: &mut Page,
    house: &House,
    endpoint: &Endpoint,
    transcript: Option<&Arc<TranscriptFile>>,
) {
    page.gauge("calls", "Calls in progress.", None, house.calls.count());
    page.gauge(
        "calls_max",
        "Calls that are allowed at once.",
        None,
        house.config().limits.calls_max,
    );
    signalling(page, endpoint);
    sound(page, house);
    storage(page, house);
    page.gauge(
        "speech_tasks",
        "Relays of calls and sentences being spoken.",
        None,
        house.speech.tasks(),
    );
    let mut dropped = |file, lines| {
        page.counter(
            "log_lines_dropped_total",
            "Lines lost because the disk was too slow or full.",
            Some(("file", file)),
            lines,
        );
    };
    dropped("call-records", house.call_log.dropped());
    if let Some(transcript) = transcript {
        dropped("transcript", transcript.dropped());
    }
    let gauge = &mut |name: &str, help: &str, value: usize| page.gauge(name, help, None, value);
    process(gauge);
}

fn signalling(page: &mut Page, endpoint: &Endpoint) {
    let gate = endpoint.gate_counts();
    page.counter(
        "sip_messages_passed_total",
        "SIP messages that passed the gate.",
        None,
        gate.passed,
    );
    for (reason, count) in &gate.refused {
        page.counter(
            "sip_gate_total",
            "SIP messages that ended at the gate, by reason.",
            Some(("reason", reason.label())),
            *count,
        );
    }
    let counts = endpoint.counts();
    page.gauge(
        "sip_calls",
        "Calls between INVITE and end in the SIP room.",
        None,
        counts.calls,
    );
    page.gauge("sip_tasks", "Tasks of the SIP room.", None, counts.tasks);
    page.gauge(
        "sip_transactions",
        "SIP transactions under way.",
        None,
        counts.transactions,
    );
    page.counter(
        "sip_invites_total",
        "INVITEs received.",
        None,
        counts.invites,
    );
    page.counter(
        "sip_strays_total",
        "Requests that named no call of ours.",
        None,
        counts.strays,
    );
}

fn sound(page: &mut Page, house: &House) {
    let counts = house.media.counts();
    page.gauge("media_legs", "Calls with sound.", None, counts.legs);
    page.gauge("rtp_ports", "Port pairs in use.", None, counts.ports);
    page.counter(
        "rtp_packets_sent_total",
        "RTP packets sent.",
        None,
        counts.packets_sent,
    );
    page.counter(
        "rtp_packets_unsent_total",
        "RTP packets that the system did not take.",
        None,
        counts.packets_unsent,
    );
    page.counter(
        "rtp_packets_received_total",
        "RTP packets received.",
        None,
        counts.packets_received,
    );
    page.gauge(
        "media_late_microseconds",
        "How late sound is sent, as a mean of half a second; above limits.late_ms new calls are refused.",
        None,
        counts.lateness.as_micros(),
    );
    page.counter(
        "media_tick_late_total",
        "Sending slots that began more than 10 ms late.",
        None,
        counts.slots_late,
    );
    page.counter(
        "media_legs_failed_total",
        "Calls whose sound failed.",
        None,
        counts.legs_failed,
    );
}

fn storage(page: &mut Page, house: &House) {
    let waiting = house.desk.outbox.waiting();
    page.gauge(
        "outbox_depth",
        "Messages acknowledged and not yet in a mailbox.",
        None,
        waiting.due,
    );
    page.gauge(
        "outbox_parked",
        "Messages that their mailbox refused for good.",
        None,
        waiting.parked,
    );
    page.gauge(
        "outbox_mails",
        "Mails that somebody has not got yet.",
        None,
        waiting.mails,
    );
    page.gauge(
        "outbox_mails_elsewhere",
        "Mails that wait for the mail relay.",
        None,
        waiting.elsewhere,
    );
    page.gauge(
        "mail_relay_configured",
        "Whether mail to addresses elsewhere can leave (submission.host).",
        None,
        usize::from(house.config().submission.host.is_some()),
    );
    page.gauge(
        "mailboxes",
        "Mailboxes of the organisation.",
        None,
        house.organisation.snapshot().subscribers().count(),
    );
}

/// Descriptors and memory, where the system tells.
fn process(gauge: &mut dyn FnMut(&str, &str, usize)) {
    if let Ok(descriptors) = std::fs::read_dir("/proc/self/fd") {
        gauge(
            "open_descriptors",
            "Open files and sockets.",
            descriptors.count(),
        );
    }
    let resident_kib = std::fs::read_to_string("/proc/self/status")
        .ok()
        .and_then(|text| {
            let line = text.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
            line.trim().strip_suffix(" kB")?.parse::<usize>().ok()
        });
    if let Some(kib) = resident_kib {
        gauge(
            "resident_bytes",
            "Memory in use.",
            kib.saturating_mul(1_024),
        );
    }
}
