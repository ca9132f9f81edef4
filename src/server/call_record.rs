//! What is noted while a call goes on, for its record and for the metrics.

use std::time::Duration;

use jiff::Timestamp;

use super::call::offer_result;
use super::clock::SystemClock;
use super::house::House;
use super::offer::Offer;
use super::translate::why_word;
use crate::admin::CallRecord;
use crate::admin::call_log::OfferResult;
use crate::admin::quality::{Quality, Received};
use crate::conversation::Outcome;
use crate::line::HangUpCause;
use crate::media::LegStatistics;
use crate::policy::clock::WallClock;

/// The record of a call that is not over.
pub(super) struct Notes {
    pub(super) record: CallRecord,
    came: Timestamp,
}

impl Notes {
    /// What is known when the call comes.
    pub(super) fn new(house: &House, offer: &Offer) -> Notes {
        Notes {
            came: SystemClock.now(),
            record: CallRecord {
                call_start_time: house.clock.now(),
                call_type: "None".to_owned(),
                call_identity: offer.call_id.clone(),
                um_server_name: house.server_name.clone(),
                ip_gateway_address: offer.source.to_canonical().to_string(),
                called_phone_number: offer.called.clone(),
                caller_phone_number: offer
                    .calling
                    .as_ref()
                    .map(|calling| calling.number.clone())
                    .unwrap_or_default(),
                reason_for_call: "None".to_owned(),
                ..CallRecord::default()
            },
        }
    }
}

/// Writes the record of a call that was not answered.
pub(super) fn refused(house: &House, notes: Notes, status: u16, why: &str) {
    house
        .metrics
        .count_kind("calls_refused_total", "status", status);
    house.metrics.count_kind("calls_total", "result", "refused");
    tracing::info!(call = %notes.record.call_identity, status, why, "call not taken");
    house.call_log.write(&CallRecord {
        offer_result: offer_result(status),
        drop_call_reason: why.to_owned(),
        ..notes.record
    });
}

/// Writes the record of a call that is over.
pub(super) fn finished(
    house: &House,
    notes: Notes,
    why: HangUpCause,
    outcome: &Outcome,
    statistics: &LegStatistics,
) {
    let metrics = &house.metrics;
    metrics.count_kind("calls_total", "result", "answered");
    metrics.count_many("messages_left_total", u64::from(outcome.messages_left));
    if outcome.fault.is_some() && why != HangUpCause::Fault {
        metrics.count_kind("call_faults_total", "kind", "conversation");
    }
    let quality = Quality::of(&Received {
        packets: statistics.packets_received,
        lost: statistics.packets_lost,
        samples_late: statistics.samples_late,
        jitter: statistics.jitter,
    });
    let milliseconds = |length: Duration| length.as_secs_f64() * 1_000.0;
    let some = statistics.packets_received > 0;
    let lasted = SystemClock.now().duration_since(notes.came);
    let mut record = notes.record;
    record.call_type = outcome.call_type.to_string();
    record.call_duration = u64::try_from(lasted.as_secs()).unwrap_or(0);
    record.offer_result = OfferResult::Answer;
    record.drop_call_reason = why_word(why, outcome);
    record.caller_mailbox_alias = outcome.caller_mailbox.clone().unwrap_or_default();
    if let Some(callee) = &outcome.callee_mailbox {
        record.callee_mailbox_alias.clone_from(callee);
    }
    record.nmos = quality.as_ref().map(|quality| quality.nmos);
    record.nmos_degradation = quality.as_ref().map(|quality| quality.degradation);
    record.nmos_degradation_jitter = quality.as_ref().map(|quality| quality.by_jitter);
    record.nmos_degradation_packet_loss = quality.as_ref().map(|quality| quality.by_loss);
    record.jitter = some.then(|| milliseconds(statistics.jitter));
    record.packet_loss = some.then(|| {
        let expected = statistics.packets_received + statistics.packets_lost;
        #[expect(clippy::cast_precision_loss, reason = "a share, not a count")]
        let share = statistics.packets_lost as f64 / expected as f64;
        share
    });
    record.round_trip = statistics.round_trip.map(milliseconds);
    record.audio_codec = statistics
        .codec
        .map(|codec| codec.name().to_owned())
        .unwrap_or_default();
    tracing::info!(
        call = %record.call_identity,
        kind = %record.call_type,
        seconds = record.call_duration,
        why = %record.drop_call_reason,
        "call over"
    );
    house.call_log.write(&record);
}
