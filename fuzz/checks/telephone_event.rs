//! What must hold for any telephone events: doubles change nothing, and no packet is two keys.

use ringback::media::{Heard, TelephoneEvent, TelephoneEvents};

/// Reads the bytes as packets of one event: steps of sequence and timestamp, marker, event.
pub(crate) fn check(data: &[u8]) {
    assert!(TelephoneEvent::parse_all(data).count() == data.len() / TelephoneEvent::LENGTH);
    let (mut once, mut twice) = (TelephoneEvents::new(), TelephoneEvents::new());
    let (mut sequence, mut timestamp) = (65_530_u16, u32::MAX - 1_000);
    for packet in data.as_chunks::<7>().0 {
        let [sequence_step, timestamp_step, flags, event @ ..] = packet;
        // Steps go back as well, so that packets overtake each other.
        sequence = sequence.wrapping_add_signed(i16::from(*sequence_step as i8));
        timestamp = timestamp.wrapping_add_signed(i32::from(*timestamp_step as i8) * 80);
        let marker = flags & 1 != 0;
        let mut keys = [0; 2];
        once.on_packet(sequence, timestamp, marker, event, |heard: Heard| {
            keys[0] += u32::from(heard.key.is_some());
        });
        for _ in 0..2 {
            twice.on_packet(sequence, timestamp, marker, event, |heard: Heard| {
                keys[1] += u32::from(heard.key.is_some());
            });
        }
        assert!(keys[0] <= 1 && keys[0] == keys[1], "{keys:?}");
    }
    // As the payload of one packet.
    let mut events = 0;
    once.on_packet(sequence, timestamp, false, data, |_| events += 1);
    assert_eq!(events, data.len() / TelephoneEvent::LENGTH);
}
