use super::*;
use crate::sip::sdp::parse;
use proptest::prelude::*;

const LOCAL: LocalMedia = LocalMedia {
    rtp: SocketAddr::new(IpAddr::V4(std::net::Ipv4Addr::new(192, 0, 2, 9)), 20_000),
    rtcp_port: 20_001,
    session_id: 7,
};

fn offer_with(media: &str) -> String {
    format!("v=0\r\no=- 1 1 IN IP4 192.0.2.1\r\ns=-\r\nc=IN IP4 192.0.2.1\r\nt=0 0\r\n{media}")
}

fn plan_of(media: &str) -> Result<MediaPlan, NotAcceptable> {
    choose(&parse(offer_with(media).as_bytes()).unwrap()).map(|(_, plan)| plan)
}

fn answer_to(media: &str) -> String {
    let offer = parse(offer_with(media).as_bytes()).unwrap();
    let chosen = choose(&offer).ok();
    answer(
        &offer,
        chosen.as_ref().map(|(at, plan)| (*at, plan)),
        LOCAL,
        1,
    )
}

#[test]
fn the_first_common_codec_in_the_order_of_the_offer() {
    let codec = |media: &str| plan_of(media).map(|plan| (plan.codec, plan.payload_type));
    assert_eq!(
        codec("m=audio 4000 RTP/AVP 18 8 0\r\n"),
        Ok((Codec::Pcma, 8))
    );
    assert_eq!(codec("m=audio 4000 RTP/AVP 0 8\r\n"), Ok((Codec::Pcmu, 0)));
    assert_eq!(
        codec(
            "m=audio 4000 RTP/AVP 96 97 8\r\na=rtpmap:96 opus/48000/2\r\na=rtpmap:97 pcma/8000/1\r\n"
        ),
        Ok((Codec::Pcma, 97))
    );
    // A static payload type that the offer gives another meaning.
    assert_eq!(
        codec("m=audio 4000 RTP/AVP 0 8\r\na=rtpmap:0 G722/8000\r\n"),
        Ok((Codec::Pcma, 8))
    );
    assert_eq!(
        codec("m=audio 4000 RTP/AVP 96\r\na=rtpmap:96 PCMU/16000\r\n"),
        Err(NotAcceptable::NothingFits)
    );
    assert_eq!(
        codec("m=audio 4000 RTP/AVP 18 4\r\n"),
        Err(NotAcceptable::NothingFits)
    );
    assert_eq!(codec(""), Err(NotAcceptable::NothingFits));
}

#[test]
fn g711_is_taken_where_it_is_offered_and_g722_where_it_is_not() {
    let codec = |media: &str| plan_of(media).map(|plan| (plan.codec, plan.payload_type));
    // The order of most telephones: nothing is won by encoding our sound once more.
    assert_eq!(
        codec("m=audio 4000 RTP/AVP 9 8 0 101\r\n"),
        Ok((Codec::Pcma, 8))
    );
    assert_eq!(codec("m=audio 4000 RTP/AVP 9\r\n"), Ok((Codec::G722, 9)));
    assert_eq!(
        codec("m=audio 4000 RTP/AVP 18 99\r\na=rtpmap:99 g722/8000/1\r\n"),
        Ok((Codec::G722, 99))
    );
    let text = answer_to(
        "m=audio 4000 RTP/AVP 9 101\r\na=rtpmap:9 G722/8000\r\na=rtpmap:101 telephone-event/8000\r\n",
    );
    assert!(
        text.contains("m=audio 20000 RTP/AVP 9 101\r\na=rtpmap:9 G722/8000\r\n"),
        "{text}"
    );
}

/// A telephone that speaks Opus only, as browsers and softphones write it.
#[cfg(feature = "opus")]
const OPUS: &str = "m=audio 4000 RTP/AVP 111 110 126\r\na=rtpmap:111 opus/48000/2\r\n\
    a=fmtp:111 minptime=10;useinbandfec=1\r\na=rtpmap:126 telephone-event/8000\r\n\
    a=rtpmap:110 telephone-event/48000\r\n";

#[cfg(feature = "opus")]
#[test]
fn opus_comes_with_events_of_its_own_clock() {
    let plan = plan_of(OPUS).unwrap();
    assert_eq!((plan.codec, plan.payload_type), (Codec::Opus, 111));
    assert_eq!(
        (plan.telephone_event, plan.telephone_event_rate),
        (Some(110), 48_000)
    );
    let text = answer_to(OPUS);
    assert!(
        text.contains("m=audio 20000 RTP/AVP 111 110\r\na=rtpmap:111 opus/48000/2\r\n"),
        "{text}"
    );
    assert!(text.contains("a=rtpmap:110 telephone-event/48000\r\n"));
    // Events of the other clock, where the far end has no better ones.
    let plan = plan_of(&OPUS.replace("telephone-event/48000", "nothing/48000")).unwrap();
    assert_eq!(
        (plan.telephone_event, plan.telephone_event_rate),
        (Some(126), 8_000)
    );
    let again = offer(Some(&plan), LOCAL, 2);
    assert!(
        again.contains("m=audio 20000 RTP/AVP 111 0 8 9 126 101\r\n"),
        "{again}"
    );
    let (_, back) = choose(&parse(again.as_bytes()).unwrap()).unwrap();
    assert_eq!(back.codec, Codec::Pcmu, "where both can, G.711");
}

#[cfg(not(feature = "opus"))]
#[test]
fn opus_alone_is_nothing_that_fits_without_the_feature() {
    assert_eq!(
        plan_of("m=audio 4000 RTP/AVP 111\r\na=rtpmap:111 opus/48000/2\r\n"),
        Err(NotAcceptable::NothingFits)
    );
}

#[test]
fn what_cannot_be_sent_to_is_not_acceptable() {
    for media in [
        "m=audio 0 RTP/AVP 0\r\n",
        "m=audio 4000 RTP/SAVP 0\r\n",
        "m=audio 4000 UDP/TLS/RTP/SAVPF 0\r\n",
        "m=video 4000 RTP/AVP 0\r\n",
        "m=audio 4000 RTP/AVP 0\r\nc=IN IP4 224.2.36.42/127\r\n",
        "m=audio 4000 RTP/AVP 0\r\nc=IN IP4 255.255.255.255\r\n",
        "m=audio 4000 RTP/AVP 0\r\nc=IN IP4 phone.example\r\n",
        "m=audio 4000 RTP/AVP 0\r\nc=IN IP6 ff15::101\r\n",
    ] {
        assert_eq!(plan_of(media), Err(NotAcceptable::NothingFits), "{media}");
    }
    let nowhere = parse(b"v=0\r\nm=audio 4000 RTP/AVP 0\r\n").unwrap();
    assert_eq!(choose(&nowhere).unwrap_err(), NotAcceptable::NothingFits);
}

#[test]
fn the_answer_takes_one_stream_and_refuses_the_others_in_their_place() {
    let answer = answer_to(
        "m=video 5000 RTP/AVP 96 97\r\na=rtpmap:96 VP8/90000\r\n\
         m=audio 4000 RTP/SAVP 0\r\n\
         m=audio 4002 RTP/AVP 8 96\r\na=rtpmap:96 telephone-event/8000\r\na=ptime:30\r\n\
         m=audio 4004 RTP/AVP 0\r\n\
         m=application 9 UDP/DTLS/SCTP webrtc-datachannel\r\n",
    );
    assert_eq!(
        answer,
        "v=0\r\no=- 7 1 IN IP4 192.0.2.9\r\ns=-\r\nc=IN IP4 192.0.2.9\r\nt=0 0\r\n\
         m=video 0 RTP/AVP 96\r\n\
         m=audio 0 RTP/SAVP 0\r\n\
         m=audio 20000 RTP/AVP 8 96\r\na=rtpmap:8 PCMA/8000\r\n\
         a=rtpmap:96 telephone-event/8000\r\na=fmtp:96 0-15\r\na=ptime:30\r\na=sendrecv\r\n\
         m=audio 0 RTP/AVP 0\r\n\
         m=application 0 UDP/DTLS/SCTP webrtc-datachannel\r\n"
    );
}

#[test]
fn telephone_events_only_where_the_peer_knows_them() {
    let events = |attributes: &str| {
        plan_of(&format!("m=audio 4000 RTP/AVP 0 100 101\r\n{attributes}"))
            .unwrap()
            .telephone_event
    };
    assert_eq!(events(""), None);
    assert_eq!(events("a=rtpmap:101 telephone-event/8000\r\n"), Some(101));
    assert_eq!(
        events("a=rtpmap:100 telephone-event/48000\r\na=rtpmap:101 TELEPHONE-EVENT/8000/1\r\n"),
        Some(101)
    );
    assert!(!answer_to("m=audio 4000 RTP/AVP 0\r\n").contains("telephone-event"));
}

#[test]
fn hold_and_its_older_form() {
    let flow = |media: &str| {
        let plan = plan_of(media).unwrap();
        (plan.send, plan.receive)
    };
    let audio = "m=audio 4000 RTP/AVP 0\r\n";
    assert_eq!(flow(audio), (true, true));
    assert_eq!(flow(&format!("{audio}a=sendonly\r\n")), (false, true));
    assert_eq!(flow(&format!("{audio}a=recvonly\r\n")), (true, false));
    assert_eq!(flow(&format!("{audio}a=inactive\r\n")), (false, false));
    assert_eq!(flow(&format!("a=inactive\r\n{audio}")), (false, false));
    assert_eq!(
        flow(&format!("a=inactive\r\n{audio}a=sendrecv\r\n")),
        (true, true)
    );
    assert_eq!(flow(&format!("{audio}c=IN IP4 0.0.0.0\r\n")), (false, true));
    assert!(answer_to(&format!("{audio}a=sendonly\r\n")).contains("a=recvonly\r\n"));
    assert!(answer_to(&format!("{audio}a=recvonly\r\n")).contains("a=sendonly\r\n"));
    assert!(answer_to(&format!("{audio}a=inactive\r\n")).contains("a=inactive\r\n"));
}

#[test]
fn ptime_within_bounds() {
    let ptime = |attributes: &str| {
        plan_of(&format!("m=audio 4000 RTP/AVP 0\r\n{attributes}"))
            .unwrap()
            .ptime_ms
    };
    assert_eq!(ptime(""), 20);
    for (asked, given) in [
        ("0", 20),
        ("9", 20),
        ("10", 10),
        ("30", 30),
        ("60", 60),
        ("61", 20),
        ("65535", 20),
        ("4294967316", 20),
        ("-20", 20),
        ("x", 20),
    ] {
        assert_eq!(ptime(&format!("a=ptime:{asked}\r\n")), given, "{asked}");
    }
    assert_eq!(ptime("a=ptime:60\r\na=maxptime:30\r\n"), 30);
    assert_eq!(ptime("a=maxptime:10\r\n"), 10);
    assert_eq!(ptime("a=maxptime:5\r\n"), 20);
    assert_eq!(ptime("a=maxptime:240\r\n"), 20);
}

#[test]
fn rtcp_is_one_port_up_unless_told() {
    let rtcp = |attributes: &str| {
        plan_of(&format!("m=audio 4000 RTP/AVP 0\r\n{attributes}"))
            .unwrap()
            .remote_rtcp
            .to_string()
    };
    assert_eq!(rtcp(""), "192.0.2.1:4001");
    assert_eq!(rtcp("a=rtcp:4009\r\n"), "192.0.2.1:4009");
    assert_eq!(rtcp("a=rtcp:4009 IN IP4 192.0.2.7\r\n"), "192.0.2.7:4009");
    let last = plan_of("m=audio 65535 RTP/AVP 0\r\n").unwrap();
    assert_eq!(last.remote_rtcp.port(), 65_535);
    let elsewhere = LocalMedia {
        rtcp_port: 30_000,
        ..LOCAL
    };
    assert!(offer(None, elsewhere, 1).contains("a=rtcp:30000\r\n"));
    assert!(!offer(None, LOCAL, 1).contains("a=rtcp:"));
}

#[test]
fn ipv6_is_written_as_ip6() {
    let local = LocalMedia {
        rtp: "[2001:db8::9]:20000".parse().unwrap(),
        ..LOCAL
    };
    let text = offer(None, local, 3);
    assert!(text.contains("o=- 7 3 IN IP6 2001:db8::9\r\n"));
    assert!(text.contains("c=IN IP6 2001:db8::9\r\n"));
    let (_, plan) = choose(&parse(text.as_bytes()).unwrap()).unwrap();
    assert_eq!(plan.remote, local.rtp);
}

#[test]
fn our_offer_repeats_what_is_agreed_first() {
    let agreed = plan_of(
        "m=audio 4000 RTP/AVP 97 101\r\na=rtpmap:97 PCMA/8000\r\na=rtpmap:101 telephone-event/8000\r\na=ptime:30\r\n",
    )
    .unwrap();
    let text = offer(Some(&agreed), LOCAL, 2);
    assert!(text.contains("m=audio 20000 RTP/AVP 97 0 9 "), "{text}");
    assert!(text.contains("a=ptime:30\r\n"));
    let (_, plan) = choose(&parse(text.as_bytes()).unwrap()).unwrap();
    assert_eq!(
        (plan.codec, plan.payload_type, plan.telephone_event),
        (Codec::Pcma, 97, Some(101))
    );
    let text = offer(None, LOCAL, 1);
    assert!(text.contains("m=audio 20000 RTP/AVP 0 8 9 "), "{text}");
    assert!(text.contains(" 101"), "{text}");
}

#[test]
fn audio_taken_away_is_told_from_audio_that_does_not_fit() {
    let removes = |media: &str| removes_audio(&parse(offer_with(media).as_bytes()).unwrap());
    assert!(removes("m=audio 0 RTP/AVP 0\r\n"));
    assert!(removes(
        "m=audio 0 RTP/AVP 0\r\nm=video 4000 RTP/AVP 96\r\n"
    ));
    assert!(!removes("m=audio 4000 RTP/AVP 18\r\n"));
    assert!(!removes("m=video 0 RTP/AVP 96\r\n"));
}

/// Descriptions of other people's telephones and browsers.
fn collected() -> Vec<(String, Vec<u8>)> {
    let root = std::env::var_os("RINGBACK_TESTDATA").map_or_else(
        || std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/testdata"),
        std::path::PathBuf::from,
    );
    let mut found = Vec::new();
    for folder in ["sdp", "sdp-rtpengine"] {
        let Ok(entries) = std::fs::read_dir(root.join(folder)) else {
            continue;
        };
        for entry in entries.flatten() {
            let name = entry.file_name().to_string_lossy().into_owned();
            if name.ends_with(".sdp") {
                found.push((name, std::fs::read(entry.path()).unwrap()));
            }
        }
    }
    found.sort();
    found
}

/// Every `m=` line of an offer has its counterpart in the answer, in order, and at most one is taken.
fn check_answer(name: &str, description: &Description) {
    let chosen = choose(description).ok();
    let text = answer(
        description,
        chosen.as_ref().map(|(at, plan)| (*at, plan)),
        LOCAL,
        1,
    );
    let ours = parse(text.as_bytes()).unwrap();
    let kinds = |description: &Description| -> Vec<(String, String)> {
        let media = description.media.iter();
        media
            .map(|medium| (medium.kind.clone(), medium.protocol.clone()))
            .collect()
    };
    assert_eq!(kinds(&ours), kinds(description), "{name}");
    let taken: Vec<usize> = (0..ours.media.len())
        .filter(|at| ours.media[*at].port != 0)
        .collect();
    assert_eq!(
        taken,
        chosen.iter().map(|(at, _)| *at).collect::<Vec<_>>(),
        "{name}"
    );
    if let Some((_, plan)) = chosen {
        let (_, back) = choose(&ours).unwrap();
        // Symmetric payload types (RFC 3264 section 6.1).
        assert_eq!(
            (back.codec, back.payload_type),
            (plan.codec, plan.payload_type),
            "{name}"
        );
        assert_eq!(back.telephone_event, plan.telephone_event, "{name}");
        assert!(
            !plan.remote.ip().is_multicast() && plan.remote.port() != 0,
            "{name}"
        );
        assert!((10..=60).contains(&plan.ptime_ms), "{name}");
    }
}

#[test]
#[expect(clippy::print_stderr, reason = "a test that finds no data must say so")]
fn descriptions_of_others_are_read_and_answered() {
    let collected = collected();
    if collected.is_empty() {
        eprintln!(
            "no collected session descriptions found: set RINGBACK_TESTDATA; nothing was tested"
        );
        return;
    }
    let mut taken = 0;
    for (name, bytes) in &collected {
        match parse(bytes) {
            Ok(description) => {
                check_answer(name, &description);
                taken += usize::from(choose(&description).is_ok());
            }
            Err(fault) => panic!("{name}: {fault}"),
        }
    }
    // rtpengine's are mostly plain telephony; a parser that understood nothing would take none.
    assert!(
        taken * 2 > collected.len(),
        "{taken} of {} taken",
        collected.len()
    );
}

proptest! {
    #[test]
    fn any_bytes_are_read_without_harm(bytes in proptest::collection::vec(any::<u8>(), 0..2_000)) {
        if let Ok(description) = parse(&bytes) {
            check_answer("random", &description);
        }
    }

    #[test]
    fn any_lines_are_read_without_harm(
        lines in proptest::collection::vec("[a-z]=[ -~]{0,60}|m=audio [0-9]{1,6} RTP/AVP( [0-9]{1,3}){1,5}|a=rtpmap:[0-9]{1,3} (PCMU|PCMA|telephone-event)/8000|c=IN IP[46] [0-9a-f.:]{1,20}|a=(ptime|maxptime|rtcp):[0-9-]{1,12}|a=(sendonly|recvonly|inactive|sendrecv)", 0..80),
    ) {
        let text = format!("v=0\r\n{}", lines.join("\r\n"));
        if let Ok(description) = parse(text.as_bytes()) {
            check_answer(&text, &description);
        }
    }
}
