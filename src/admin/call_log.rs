//! Call records: one JSON object per call, with the fields of the reference
//! (`unified-messaging` section 16). Reports are counted from these.

use std::io;
use std::path::Path;

use jiff::Timestamp;
use serde::{Serialize, Serializer};

use super::json_lines::JsonLines;

/// What became of one call.
#[derive(Clone, PartialEq, Debug, Default, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct CallRecord {
    /// When the call came, UTC.
    #[serde(serialize_with = "as_record_time")]
    pub call_start_time: Timestamp,
    /// What kind of call it was, in the words of the reference.
    pub call_type: String,
    /// SIP Call-ID.
    pub call_identity: String,
    /// The call this one came from; empty for a first call.
    pub parent_call_identity: String,
    /// This server's host name.
    #[serde(rename = "UMServerName")]
    pub um_server_name: String,
    /// The dial plan of the hunt group that took it.
    pub dial_plan_name: String,
    /// Seconds from answer to end.
    pub call_duration: u64,
    /// Address of the peer that sent the call.
    #[serde(rename = "IPGatewayAddress")]
    pub ip_gateway_address: String,
    /// The called number.
    pub called_phone_number: String,
    /// The calling number.
    pub caller_phone_number: String,
    /// `Answer`, `Failed`, `Rejected`, `Redirected` or `None`.
    pub offer_result: OfferResult,
    /// Why the call ended, or why it was not taken.
    pub drop_call_reason: String,
    /// `Direct`, `DivertForward`, `DivertBusy`, `DivertNoAnswer`, `Outbound` or `None`.
    pub reason_for_call: String,
    /// Target of a transfer; empty when there was none.
    pub dialed_string: String,
    /// Who signed in.
    pub caller_mailbox_alias: String,
    /// Whose mailbox was meant.
    pub callee_mailbox_alias: String,
    /// The auto attendant that answered.
    pub auto_attendant_name: String,
    /// Network mean opinion score, 1–5, of the sound that we received; calls below 10 s have none.
    #[serde(rename = "NMOS", skip_serializing_if = "Option::is_none")]
    pub nmos: Option<f64>,
    /// What the codec could reach less `nmos`.
    #[serde(rename = "NMOSDegradation", skip_serializing_if = "Option::is_none")]
    pub nmos_degradation: Option<f64>,
    /// The part of the degradation that jitter is to blame for.
    #[serde(
        rename = "NMOSDegradationJitter",
        skip_serializing_if = "Option::is_none"
    )]
    pub nmos_degradation_jitter: Option<f64>,
    /// The part of the degradation that loss is to blame for.
    #[serde(
        rename = "NMOSDegradationPacketLoss",
        skip_serializing_if = "Option::is_none"
    )]
    pub nmos_degradation_packet_loss: Option<f64>,
    /// Mean jitter in milliseconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub jitter: Option<f64>,
    /// Share of packets lost, 0–1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub packet_loss: Option<f64>,
    /// Round trip in milliseconds, from RTCP.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub round_trip: Option<f64>,
    /// Share of packets lost within bursts of loss.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub burst_density: Option<f64>,
    /// Mean length of a burst, in milliseconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub burst_gap_duration: Option<f64>,
    /// `PCMU` or `PCMA`; empty when no call was set up.
    pub audio_codec: String,
}

/// How our side took the offer of a call.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize)]
pub enum OfferResult {
    /// Taken.
    Answer,
    /// The caller gave up, or nothing in the offer fitted.
    Failed,
    /// Refused by configuration or because of a limit.
    Rejected,
    /// Sent elsewhere.
    Redirected,
    /// Nothing of these.
    #[default]
    None,
}

fn as_record_time<S: Serializer>(time: &Timestamp, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(&time.strftime("%Y-%m-%d %H:%M:%SZ"))
}

/// The file of call records.
pub struct CallLog(JsonLines);

impl CallLog {
    /// Appends to `path`.
    ///
    /// # Errors
    /// When the file cannot be opened.
    pub fn open(path: &Path) -> io::Result<CallLog> {
        JsonLines::open(path).map(CallLog)
    }

    /// Writes one record; never waits.
    pub fn write(&self, record: &CallRecord) {
        self.0.append(record);
    }

    /// Opens the file anew, for log rotation.
    pub fn reopen(&self) {
        self.0.reopen();
    }

    /// How many records were lost because the disk was too slow.
    pub fn dropped(&self) -> u64 {
        self.0.dropped()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_has_the_fields_of_the_reference() {
        let record = CallRecord {
            call_start_time: "2026-11-23T08:30:05Z".parse().unwrap(),
            call_type: "Subscriber Access".to_owned(),
            offer_result: OfferResult::Answer,
            jitter: Some(1.5),
            ..CallRecord::default()
        };
        let written = serde_json::to_value(&record).unwrap();
        assert_eq!(written["CallStartTime"], "2026-11-23 08:30:05Z");
        assert_eq!(written["CallType"], "Subscriber Access");
        assert_eq!(written["OfferResult"], "Answer");
        assert_eq!(written["Jitter"], 1.5);
        for field in [
            "CallIdentity",
            "ParentCallIdentity",
            "UMServerName",
            "DialPlanName",
            "CallDuration",
            "IPGatewayAddress",
            "CalledPhoneNumber",
            "CallerPhoneNumber",
            "DropCallReason",
            "ReasonForCall",
            "DialedString",
            "CallerMailboxAlias",
            "CalleeMailboxAlias",
            "AutoAttendantName",
            "AudioCodec",
        ] {
            assert!(written.get(field).is_some(), "{field}");
        }
        assert!(
            written.get("NMOS").is_none(),
            "may be missing, is not faked"
        );
    }
}
