use super::*;

const CODEC: G711 = G711::Pcma;

/// A sound whose every sample tells its place: encoding it does not lose the order.
fn ramp(length: usize) -> Arc<Sound> {
    let samples: Vec<i16> = (0..length)
        .map(|index| (index % 200) as i16 * 100)
        .collect();
    Arc::new(Sound::new(samples))
}

fn segment(sound: &Arc<Sound>) -> Segment {
    Segment::Sound(SoundSlot::ready(Arc::clone(sound)))
}

fn playing(segments: Vec<Segment>) -> Player {
    let mut player = Player::default();
    player.play(PlayId(1), segments);
    player
}

/// Plays until the end, at most `frames` frames; true when it ended.
fn listen(player: &mut Player, frames: usize) -> (Vec<u8>, bool) {
    let mut heard = Vec::new();
    for _ in 0..frames {
        let mut out = [0; 160];
        player.fill(CODEC, &mut out);
        heard.extend(out);
        if player.take_ended().is_some() {
            return (heard, true);
        }
    }
    (heard, false)
}

fn trimmed(heard: &[u8]) -> &[u8] {
    let end = heard.iter().rposition(|&byte| byte != CODEC.silence());
    &heard[..end.map_or(0, |end| end + 1)]
}

#[test]
fn segments_follow_each_other_without_a_gap_and_the_end_is_told_with_the_last_sample() {
    let (one, two) = (ramp(250), ramp(330));
    let mut player = playing(vec![
        segment(&one),
        segment(&Arc::new(Sound::default())),
        Segment::Silence(Duration::from_millis(10)),
        segment(&two),
    ]);
    let (heard, ended) = listen(&mut player, 10);
    assert!(ended);
    // 250 + 80 + 330 samples are 4.1 frames.
    assert_eq!(heard.len(), 5 * 160);
    assert_eq!(heard[..250], *CODEC.encode_all(one.samples()));
    assert!(heard[250..330].iter().all(|&byte| byte == CODEC.silence()));
    assert_eq!(heard[330..660], *CODEC.encode_all(two.samples()));
    assert!(heard[660..].iter().all(|&byte| byte == CODEC.silence()));
}

#[test]
fn a_sound_that_fills_its_frames_ends_with_the_last_of_them() {
    let mut player = playing(vec![
        segment(&ramp(320)),
        segment(&Arc::new(Sound::default())),
    ]);
    let (heard, ended) = listen(&mut player, 10);
    assert!(ended);
    assert_eq!(heard.len(), 320);
    assert!(!player.is_playing());
}

#[test]
fn nothing_to_play_ends_at_once() {
    assert!(listen(&mut playing(Vec::new()), 1).1);
    assert!(listen(&mut playing(vec![segment(&Arc::new(Sound::default()))]), 1).1);
}

#[test]
fn a_segment_begins_once_with_its_first_sample() {
    let slot = SoundSlot::default();
    for pace in [50, 100, 150] {
        let mut player = playing(vec![
            segment(&ramp(3_200)),
            segment(&Arc::new(Sound::default())),
            segment(&ramp(3_200)),
            Segment::Sound(slot.clone()),
        ]);
        player.set_pace(Pace(pace));
        let mut begun = Vec::new();
        for frame in 0..150 {
            let mut out = [0; 160];
            player.fill(CODEC, &mut out);
            begun.extend(player.take_began());
            if frame == 100 {
                player.skip(Skip::ToStart);
            }
        }
        // Neither what is empty, nor what is awaited; what is heard again is told again.
        let both = [(PlayId(1), 0), (PlayId(1), 2)];
        assert_eq!(begun, [both, both].concat(), "pace {pace}");
    }
}

#[test]
fn an_empty_slot_is_awaited_in_silence() {
    let slot = SoundSlot::default();
    let mut player = playing(vec![segment(&ramp(100)), Segment::Sound(slot.clone())]);
    let (heard, ended) = listen(&mut player, 50);
    assert!(!ended);
    assert_eq!(trimmed(&heard).len(), 100);
    assert_eq!(player.waiting(), 49);
    slot.fill(ramp(100));
    let (heard, ended) = listen(&mut player, 2);
    assert!(ended);
    assert_eq!(trimmed(&heard), &*CODEC.encode_all(ramp(100).samples()));
    assert_eq!(player.waiting(), 0);
}

#[test]
fn a_long_sound_is_encoded_as_it_plays_and_sounds_the_same() {
    let long = ramp(ENCODED_AT_ONCE + 1_000);
    let mut player = playing(vec![segment(&long)]);
    let (heard, ended) = listen(&mut player, 2_000);
    assert!(ended);
    assert!(heard.starts_with(&CODEC.encode_all(long.samples())));
}

#[test]
fn jumps_are_in_source_time_at_any_pace() {
    for pace in [50, 100, 150] {
        let long = ramp(80_000);
        let mut player = playing(vec![segment(&long)]);
        player.set_pace(Pace(pace));
        listen(&mut player, 10);
        let position = |player: &Player| player.playing.as_ref().unwrap().offset;
        player.skip(Skip::Ahead(Duration::from_secs(5)));
        let after_ahead = position(&player);
        assert!(
            (40_000..43_000).contains(&after_ahead),
            "{pace}: {after_ahead}"
        );
        player.skip(Skip::Back(Duration::from_secs(2)));
        assert_eq!(position(&player), after_ahead - 16_000);
        player.skip(Skip::Back(Duration::from_secs(100)));
        assert_eq!(position(&player), 0);
        player.skip(Skip::Ahead(Duration::from_secs(100)));
        assert!(listen(&mut player, 1).1, "{pace}");
    }
}

#[test]
fn a_jump_back_stays_in_its_group_of_sounds() {
    let mut player = playing(vec![
        segment(&ramp(800)),
        Segment::Beep,
        segment(&ramp(800)),
        segment(&ramp(800)),
    ]);
    let at = |player: &Player| {
        let playing = player.playing.as_ref().unwrap();
        (playing.part, playing.offset)
    };
    player.skip(Skip::Ahead(Duration::from_micros(
        800 * 125 + 500_000 + 900 * 125,
    )));
    assert_eq!(at(&player), (3, 100));
    player.skip(Skip::Back(Duration::from_micros(300 * 125)));
    assert_eq!(at(&player), (2, 600));
    player.skip(Skip::Back(Duration::from_secs(5)));
    assert_eq!(at(&player), (2, 0));
    player.skip(Skip::ToStart);
    assert_eq!(at(&player), (0, 0));
}

#[test]
fn skipping_to_the_end_ends_it_even_when_paused() {
    let mut player = playing(vec![segment(&ramp(80_000))]);
    player.pause_or_resume();
    player.skip(Skip::ToEnd);
    let (heard, ended) = listen(&mut player, 1);
    assert!(ended);
    assert!(trimmed(&heard).is_empty());
}

#[test]
fn a_pause_is_silent_and_loses_nothing() {
    let sound = ramp(1_600);
    let mut player = playing(vec![segment(&sound)]);
    let (first, _) = listen(&mut player, 3);
    player.pause_or_resume();
    let (paused, ended) = listen(&mut player, 20);
    assert!(!ended && trimmed(&paused).is_empty());
    player.pause_or_resume();
    let (rest, ended) = listen(&mut player, 20);
    assert!(ended);
    assert_eq!([first, rest].concat(), *CODEC.encode_all(sound.samples()));
}

#[test]
fn stopping_and_replacing_tell_no_end() {
    let mut player = playing(vec![segment(&ramp(800))]);
    listen(&mut player, 1);
    player.stop();
    let (heard, ended) = listen(&mut player, 20);
    assert!(!ended && trimmed(&heard).is_empty());
    player.play(PlayId(2), vec![segment(&ramp(800))]);
    player.play(PlayId(3), vec![segment(&ramp(160))]);
    let mut out = [0; 160];
    player.fill(CODEC, &mut out);
    assert_eq!(player.take_ended(), Some(PlayId(3)));
    assert_eq!(player.take_ended(), None);
}

#[test]
fn the_pace_changes_length_and_returns_to_the_very_bytes() {
    let sound = ramp(80_000);
    for pace in [50, 60, 80, 125, 150, 200] {
        let mut player = playing(vec![segment(&sound)]);
        player.set_pace(Pace(pace));
        let (heard, ended) = listen(&mut player, 2_000);
        assert!(ended);
        let ratio = trimmed(&heard).len() as f64 / (80_000.0 * 100.0 / f64::from(pace));
        assert!((ratio - 1.0).abs() < 0.01, "{pace}: {ratio}");
    }
    let mut player = playing(vec![segment(&sound)]);
    player.set_pace(Pace(150));
    listen(&mut player, 20);
    player.set_pace(Pace::NORMAL);
    // What was stretched ahead takes at most one more piece.
    listen(&mut player, 1);
    let from = player.playing.as_ref().unwrap().offset;
    let (heard, _) = listen(&mut player, 10);
    let rest = CODEC.encode_all(&sound.samples()[from..from + heard.len()]);
    assert!(heard == *rest);
}

#[test]
fn the_pace_stays_for_the_call_and_leaves_beeps_alone() {
    let mut player = playing(Vec::new());
    player.set_pace(Pace(200));
    player.play(PlayId(2), vec![Segment::Beep, segment(&ramp(8_000))]);
    let (heard, ended) = listen(&mut player, 200);
    assert!(ended);
    let samples = heard.len();
    assert!((7_900..=8_160).contains(&samples), "{samples}");
}

#[test]
fn the_beep_has_a_thousand_hertz_for_half_a_second() {
    let (heard, ended) = listen(&mut playing(vec![Segment::Beep]), 50);
    assert!(ended);
    assert_eq!(heard.len(), 4_000);
    let samples: Vec<i16> = heard.iter().map(|&byte| CODEC.decode(byte)).collect();
    let crossings = samples
        .windows(2)
        .filter(|pair| pair[0] < 0 && pair[1] >= 0)
        .count();
    assert!((495..=505).contains(&crossings), "{crossings}");
    let peak = samples
        .iter()
        .map(|sample| sample.unsigned_abs())
        .max()
        .unwrap();
    assert!((4_000..9_000).contains(&peak), "{peak}");
}

#[test]
fn the_warning_is_heard_once_over_anything() {
    let mut player = Player::default();
    player.warn();
    let (heard, _) = listen(&mut player, 50);
    let sounding = trimmed(&heard).len();
    assert!((3_000..=3_200).contains(&sounding), "{sounding}");
}

#[test]
fn what_is_to_be_continued_is_awaited_in_silence_and_then_goes_on() {
    let mut player = playing(vec![segment(&ramp(160)), Segment::ToBeContinued]);
    let mut out = [0; 160];
    player.fill(CODEC, &mut out);
    player.fill(CODEC, &mut out);
    assert_eq!(out, [CODEC.silence(); 160]);
    assert_eq!(player.take_ended(), None);
    player.continue_with(PlayId(9), vec![segment(&ramp(160))]);
    player.fill(CODEC, &mut out);
    assert_eq!(out, [CODEC.silence(); 160], "that was for another one");
    player.continue_with(PlayId(1), vec![segment(&ramp(160)), segment(&ramp(160))]);
    player.continue_with(PlayId(1), vec![segment(&ramp(160))]);
    player.take_began();
    for number in [1, 2] {
        player.fill(CODEC, &mut out);
        assert_eq!(player.take_began(), Some((PlayId(1), number)));
    }
    assert_eq!(
        player.take_ended(),
        Some(PlayId(1)),
        "it was not to be continued again"
    );
}

#[test]
fn a_continued_text_is_gone_back_in_and_does_not_pile_up() {
    let sentence = ramp(10 * SAMPLE_RATE as usize);
    let mut player = playing(vec![Segment::ToBeContinued]);
    let mut out = vec![0; 10 * SAMPLE_RATE as usize];
    for _ in 0..100 {
        player.continue_with(PlayId(1), vec![segment(&sentence), Segment::ToBeContinued]);
        player.fill(CODEC, &mut out);
    }
    assert!(Arc::strong_count(&sentence) < 16, "two minutes are kept");
    assert_eq!(player.take_began(), Some((PlayId(1), 99)));
    player.skip(Skip::Back(Duration::from_secs(15)));
    player.fill(CODEC, &mut out[..160]);
    assert_eq!(player.take_began(), Some((PlayId(1), 98)));
    player.skip(Skip::Back(Duration::from_secs(3_600)));
    player.fill(CODEC, &mut out[..160]);
    let (_, oldest) = player.take_began().unwrap();
    assert!((86..=88).contains(&oldest), "{oldest}");
}
