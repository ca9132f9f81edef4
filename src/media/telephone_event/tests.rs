use std::path::PathBuf;

use proptest::prelude::*;
use rtp_rs::RtpReader;

use super::*;

/// A packet of events on its way.
#[derive(Clone, Debug)]
struct Sent {
    press: usize,
    sequence: u16,
    timestamp: u32,
    marker: bool,
    event: TelephoneEvent,
}

fn event(code: u8, end: bool, duration: u16) -> TelephoneEvent {
    TelephoneEvent {
        code,
        end,
        volume: 10,
        duration,
    }
}

fn keys_of(packets: impl IntoIterator<Item = (u16, u32, bool, TelephoneEvent)>) -> String {
    let mut events = TelephoneEvents::new();
    let mut keys = String::new();
    for (sequence, timestamp, marker, event) in packets {
        events.on_packet(sequence, timestamp, marker, &event.to_bytes(), |heard| {
            keys.extend(heard.key.map(Key::character));
        });
    }
    keys
}

/// What a telephone sends for one key held for `updates` packets: updates, then three end packets.
fn press(
    packets: &mut Vec<Sent>,
    sequence: &mut u16,
    timestamp: &mut u32,
    code: u8,
    updates: u16,
    same_end_sequence: bool,
) {
    let number = packets.last().map_or(0, |packet| packet.press + 1);
    for update in 1..=updates {
        packets.push(Sent {
            press: number,
            sequence: *sequence,
            timestamp: *timestamp,
            marker: update == 1,
            event: event(code, false, update * 160),
        });
        *sequence = sequence.wrapping_add(1);
    }
    for _ in 0..3 {
        packets.push(Sent {
            press: number,
            sequence: *sequence,
            timestamp: *timestamp,
            marker: false,
            event: event(code, true, (updates + 1) * 160),
        });
        if !same_end_sequence {
            *sequence = sequence.wrapping_add(1);
        }
    }
    if same_end_sequence {
        *sequence = sequence.wrapping_add(1);
    }
    *timestamp = timestamp.wrapping_add(u32::from(updates + 1) * 160);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    /// Up to 20 % of the packets are lost, some are doubled, some overtake each other: as long as
    /// one packet of each press arrives, each press is one key, in the order of their arrival.
    #[test]
    fn each_press_is_one_key(
        presses in prop::collection::vec((0..12_u8, 2..40_u16, 2..20_u16), 1..25),
        first_sequence: u16,
        first_timestamp: u32,
        same_end_sequence: bool,
        fates in prop::collection::vec((0..100_u8, 0..100_u8, 0..4_usize), 1_600),
        losses in 0..=20_u8,
    ) {
        let (mut sequence, mut timestamp) = (first_sequence, first_timestamp);
        let mut packets = Vec::new();
        for &(code, updates, pause) in &presses {
            press(&mut packets, &mut sequence, &mut timestamp, code, updates, same_end_sequence);
            sequence = sequence.wrapping_add(pause);
            timestamp = timestamp.wrapping_add(u32::from(pause) * 160);
        }
        let mut arriving: Vec<(usize, Sent)> = Vec::new();
        for (place, (packet, &(lost, doubled, late))) in packets.iter().zip(&fates).enumerate() {
            let only_one = !arriving.iter().any(|(_, arrived)| arrived.press == packet.press)
                && packets.get(place + 1).is_none_or(|next| next.press != packet.press);
            if lost < losses && !only_one {
                continue;
            }
            arriving.push((place + late, packet.clone()));
            if doubled < 15 {
                arriving.push((place + late + 1, packet.clone()));
            }
        }
        arriving.sort_by_key(|(place, _)| *place);
        let mut expected = String::new();
        let mut known = std::collections::BTreeSet::new();
        for (_, packet) in &arriving {
            if known.insert(packet.press) {
                expected.extend(packet.event.key().map(Key::character));
            }
        }
        let keys = keys_of(arriving.iter().map(|(_, packet)| {
            (packet.sequence, packet.timestamp, packet.marker, packet.event)
        }));
        prop_assert_eq!(known.len(), presses.len());
        prop_assert_eq!(keys, expected);
    }

    #[test]
    fn any_bytes_are_survived(
        packets in prop::collection::vec(
            (any::<u16>(), any::<u32>(), any::<bool>(), prop::collection::vec(any::<u8>(), 0..40)),
            0..50,
        )
    ) {
        let mut events = TelephoneEvents::new();
        for (sequence, timestamp, marker, payload) in packets {
            let mut count = 0;
            events.on_packet(sequence, timestamp, marker, &payload, |_| count += 1);
            prop_assert_eq!(count, payload.len() / 4);
        }
    }

    #[test]
    fn events_survive_a_round_trip(code: u8, end: bool, volume in 0..64_u8, duration: u16) {
        let sent = TelephoneEvent { code, end, volume, duration };
        prop_assert_eq!(TelephoneEvent::parse(&sent.to_bytes()), Some(sent));
    }
}

#[test]
fn four_ones_are_four_ones() {
    let mut packets = Vec::new();
    let (mut sequence, mut timestamp) = (65_530, u32::MAX - 500);
    for _ in 0..4 {
        press(&mut packets, &mut sequence, &mut timestamp, 1, 3, false);
        timestamp = timestamp.wrapping_add(320);
    }
    let all = packets.iter().map(|packet| {
        (
            packet.sequence,
            packet.timestamp,
            packet.marker,
            packet.event,
        )
    });
    assert_eq!(keys_of(all), "1111");
}

#[test]
fn an_end_packet_alone_is_a_key() {
    assert_eq!(keys_of([(7, 100, false, event(9, true, 800))]), "9");
}

#[test]
fn lost_end_packets_do_not_join_two_presses() {
    let packets = [
        (1, 1_000, true, event(4, false, 160)),
        (2, 1_000, false, event(4, false, 320)),
        // Three end packets lost, then a pause.
        (8, 2_200, true, event(4, false, 160)),
        (9, 2_200, false, event(4, false, 320)),
    ];
    assert_eq!(keys_of(packets), "44");
    // The marker is lost too.
    let packets = [
        (1, 1_000, true, event(4, false, 160)),
        (2, 1_000, false, event(4, false, 320)),
        (9, 2_200, false, event(4, false, 320)),
    ];
    assert_eq!(keys_of(packets), "44");
}

#[test]
fn a_late_packet_of_an_old_press_is_no_key() {
    let mut packets: Vec<_> = (0..12_u16)
        .map(|number| {
            (
                number * 10,
                u32::from(number) * 2_000,
                true,
                event(3, true, 800),
            )
        })
        .collect();
    packets.push((2, 0, false, event(3, false, 160)));
    packets.push((35, 6_000, false, event(3, true, 800)));
    assert_eq!(keys_of(packets), "3".repeat(12));
}

#[test]
fn a_key_held_for_half_a_minute_is_one_key() {
    // RFC 4733 section 2.5.1.3: the event goes on in segments, without end and marker.
    let mut packets = Vec::new();
    let mut sequence = 0_u16;
    for segment in 0..4_u32 {
        for duration in (400..65_535_u32).step_by(400).chain([65_535]) {
            let timestamp = 9_000 + segment * 65_535;
            packets.push((
                sequence,
                timestamp,
                sequence == 0,
                event(6, false, duration as u16),
            ));
            sequence += 1;
        }
    }
    assert_eq!(keys_of(packets.clone()), "6");
    // The same when every fifth packet is lost.
    let thinned = packets
        .into_iter()
        .enumerate()
        .filter(|(index, _)| index % 5 != 4);
    assert_eq!(keys_of(thinned.map(|(_, packet)| packet)), "6");
}

#[test]
fn a_sender_that_moves_the_timestamp_while_a_key_is_held_gives_one_key() {
    let packets = (0..30_u16).map(|number| {
        let step = u32::from(number) * 160;
        (
            number,
            5_000 + step,
            number == 0,
            event(2, number > 26, 160 + step as u16),
        )
    });
    assert_eq!(keys_of(packets), "2");
}

#[test]
fn a_sender_that_never_moves_the_timestamp_gives_each_key() {
    let mut packets = Vec::new();
    let mut sequence = 0;
    for code in [1, 1, 2, 1] {
        let mut timestamp = 5_000;
        press(&mut packets, &mut sequence, &mut timestamp, code, 4, false);
    }
    let all = packets.iter().map(|packet| {
        (
            packet.sequence,
            packet.timestamp,
            packet.marker,
            packet.event,
        )
    });
    assert_eq!(keys_of(all), "1121");
}

#[test]
fn letters_flash_and_cuttings_are_no_keys() {
    for code in 12..=255 {
        assert_eq!(
            keys_of([(1, 1, true, event(code, false, 160))]),
            "",
            "{code}"
        );
    }
    let mut events = TelephoneEvents::new();
    for length in 0..4 {
        events.on_packet(1, 1, true, &[1; 3][..length.min(3)], |heard| {
            panic!("{heard:?}")
        });
    }
}

#[test]
fn several_events_in_one_packet_are_several_keys() {
    let mut payload = Vec::new();
    for code in [5, 5, 11] {
        payload.extend(event(code, true, 800).to_bytes());
    }
    let mut keys = String::new();
    TelephoneEvents::new().on_packet(1, 1, false, &payload, |heard| {
        keys.extend(heard.key.map(Key::character));
    });
    assert_eq!(keys, "55#");
}

/// The UDP payloads of a capture file (classic pcap, Ethernet, IPv4).
fn payloads(capture: &[u8]) -> Vec<Vec<u8>> {
    assert_eq!(capture[..4], [0xD4, 0xC3, 0xB2, 0xA1], "little-endian pcap");
    let mut rest = &capture[24..];
    let mut found = Vec::new();
    while rest.len() >= 16 {
        let length = u32::from_le_bytes(rest[8..12].try_into().unwrap()) as usize;
        let frame = &rest[16..16 + length];
        let header = usize::from(frame[14] & 0x0F) * 4;
        let udp = &frame[14 + header..];
        let size = usize::from(u16::from_be_bytes([udp[4], udp[5]]));
        found.push(udp[8..size].to_vec());
        rest = &rest[16 + length..];
    }
    found
}

#[test]
fn captured_keys_are_one_key_each() {
    let root = std::env::var_os("RINGBACK_TESTDATA").map_or_else(
        || PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../shared/testdata"),
        PathBuf::from,
    );
    let folder = root.join("dtmf-pcap");
    if !folder.is_dir() {
        eprintln!("skipped: {} is not there", folder.display());
        return;
    }
    let names = [
        "0", "1", "2", "3", "4", "5", "6", "7", "8", "9", "star", "pound",
    ];
    for (name, key) in names.iter().zip("0123456789*#".chars()) {
        let capture = std::fs::read(folder.join(format!("dtmf_2833_{name}.pcap"))).unwrap();
        let packets = payloads(&capture);
        assert!(packets.len() >= 5, "{name}");
        // Whole, and with any packets but one missing.
        for kept in std::iter::once(None).chain((0..packets.len()).map(Some)) {
            let mut events = TelephoneEvents::new();
            let mut keys = String::new();
            for (index, packet) in packets.iter().enumerate() {
                if kept.is_some_and(|kept| kept != index) {
                    continue;
                }
                let rtp = RtpReader::new(packet).unwrap();
                let sequence = rtp.sequence_number().into();
                events.on_packet(
                    sequence,
                    rtp.timestamp(),
                    rtp.mark(),
                    rtp.payload(),
                    |heard| {
                        keys.extend(heard.key.map(Key::character));
                    },
                );
            }
            assert_eq!(keys, key.to_string(), "{name}, only {kept:?}");
        }
    }
}
