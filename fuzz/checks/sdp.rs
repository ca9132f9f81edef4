//! What must hold for any bytes that are offered as a session description.

use std::net::SocketAddr;

use ringback::sip::answer_to_offer;

const OURS: &str = "192.0.2.9:20000";

/// Reads the bytes as a description and as a multipart body; an answer of ours must be one that we would take ourselves.
pub(crate) fn check(data: &[u8]) {
    for content_type in [
        None,
        Some("application/sdp"),
        Some("multipart/mixed;boundary=edge"),
    ] {
        let ours: SocketAddr = OURS.parse().unwrap();
        let Ok((plan, answer)) = answer_to_offer(content_type, data, ours) else {
            continue;
        };
        assert!(!plan.remote.ip().is_multicast() && plan.remote.port() != 0);
        assert!((10..=60).contains(&plan.ptime_ms));
        assert!(plan.payload_type < 128 && plan.telephone_event.is_none_or(|event| event < 128));
        // One line for each of theirs, and a little for the one that we take.
        assert!(answer.len() <= 2 * data.len() + 600);
        let (back, _) = answer_to_offer(None, answer.as_bytes(), plan.remote).unwrap();
        assert_eq!(back.remote, ours);
        assert_eq!(
            (back.codec, back.payload_type, back.telephone_event),
            (plan.codec, plan.payload_type, plan.telephone_event)
        );
        assert!(
            answer
                .bytes()
                .all(|byte| byte.is_ascii_graphic() || b" \r\n".contains(&byte))
        );
    }
}
