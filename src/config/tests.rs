use super::*;

const SHIPPED: &str = include_str!("../../packaging/ringback.toml");
const MANUAL: &str = include_str!("../../docs/configuration.md");

fn complaint(text: &str) -> String {
    Config::parse("ringback.toml", text)
        .expect_err("must be refused")
        .to_string()
}

#[test]
fn nothing_configured_is_the_default() {
    assert_eq!(Config::parse("x", "").unwrap(), Config::default());
}

#[test]
fn an_unknown_key_is_refused_with_file_line_key_and_suggestion() {
    let said =
        complaint("# mine\n[sip]\nlisten = [\"127.0.0.1:5060\"]\nmin_sesion_expires_s = 90\n");
    assert_eq!(
        said,
        "ringback.toml:4: sip.min_sesion_expires_s: unknown key; \
         did you mean `min_session_expires_s`?"
    );
    let said = complaint("[limit]\ncalls_max = 3\n");
    assert_eq!(
        said,
        "ringback.toml:1: limit: unknown key; did you mean `limits`?"
    );
}

#[test]
fn a_key_that_resembles_nothing_is_refused_with_the_keys_there_are() {
    let said = complaint("[http]\nzzzzzzzz = 1\n");
    assert!(
        said.starts_with("ringback.toml:2: http.zzzzzzzz: unknown key"),
        "{said}"
    );
    assert!(said.contains("`listen`"), "{said}");
}

#[test]
fn a_wrong_value_names_line_and_key() {
    let said = complaint("[media]\n\nports = \"70000-1\"\n");
    assert!(said.starts_with("ringback.toml:3: media.ports: "), "{said}");
    assert!(said.contains("20000-29999"), "{said}");
    let said = complaint("[limits]\ncalls_max = \"many\"\n");
    assert!(
        said.starts_with("ringback.toml:2: limits.calls_max: "),
        "{said}"
    );
}

#[test]
fn a_wrong_type_or_address_says_how_it_is_written() {
    for (text, key, cure) in [
        (
            "[sip]\nlisten = \"x\"\n",
            "sip.listen",
            "write it like listen = [\"0.0.0.0:5060\"]",
        ),
        (
            "[sip]\nlisten = [\"1.2.3.4\"]\n",
            "sip.listen",
            "write it like listen = [\"0.0.0.0:5060\"]",
        ),
        (
            "[http]\nlisten = \"foo\"\n",
            "http.listen",
            "write it like listen = \"127.0.0.1:8080\"",
        ),
        (
            "[sip]\nadvertised_address = 3\n",
            "sip.advertised_address",
            "= \"192.0.2.1\"",
        ),
        (
            "[limits]\ncalls_max = \"many\"\n",
            "limits.calls_max",
            "write it like calls_max = 100",
        ),
    ] {
        let said = complaint(text);
        assert!(
            said.starts_with(&format!("ringback.toml:2: {key}")),
            "{said}"
        );
        assert!(said.contains(cure), "{said}");
    }
    let said = complaint("sip = 3\n");
    assert!(said.contains("[sip]"), "{said}");
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("ringback.toml");
    std::fs::write(&file, [0xff, 0xfe, 0]).unwrap();
    let said = Config::read(&file).unwrap_err().to_string();
    assert!(said.contains("UTF-8 text"), "{said}");
}

#[test]
fn every_problem_is_told_at_once() {
    let said = complaint(
        "[media]\nports = \"20000-20009\"\n[limits]\ncalls_max = 6\n\
         [conversation]\ntime_zone = \"Mars/Olympus\"\n[log]\nlevel = \"loud\"\n",
    );
    let lines: Vec<&str> = said.lines().collect();
    assert_eq!(lines.len(), 3, "{said}");
    assert!(
        lines[0].starts_with("ringback.toml:4: limits.calls_max: is 6"),
        "{said}"
    );
    assert!(
        lines[1].starts_with("ringback.toml:6: conversation.time_zone: "),
        "{said}"
    );
    assert!(
        lines[2].starts_with("ringback.toml:8: log.level: "),
        "{said}"
    );
}

#[test]
fn a_folder_of_words_without_words_is_told_once_with_its_line() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("ringback.toml");
    let words = folder.path().join("words");
    let text = format!("[conversation]\n\nwords = \"{}\"\n", words.display());
    std::fs::write(&file, text).unwrap();
    let said = Config::read(&file).unwrap_err().to_string();
    assert_eq!(said.lines().count(), 1, "{said}");
    assert!(said.contains(".toml:3: conversation.words: "), "{said}");
    assert!(
        said.contains("holds neither prompts/ nor grammars/"),
        "{said}"
    );
    std::fs::create_dir_all(words.join("prompts")).unwrap();
    assert!(Config::read(&file).is_ok());
}

#[test]
fn a_syntax_error_names_its_line() {
    let said = complaint("[sip]\nlisten = [\n");
    assert!(said.starts_with("ringback.toml:"), "{said}");
}

#[test]
fn ports_count_in_pairs_from_an_even_one() {
    let pairs = |text: &str| text.parse::<PortRange>().unwrap().pairs();
    assert_eq!(pairs("20000-20001"), 1);
    assert_eq!(pairs("20001-20004"), 1);
    assert_eq!(pairs("20000-20000"), 0);
    assert_eq!(pairs("20000-29999"), 5_000);
    assert_eq!(pairs("65534-65535"), 1);
    assert!("29999-20000".parse::<PortRange>().is_err());
    assert!("80-90".parse::<PortRange>().is_err());
}

#[test]
fn the_shipped_file_holds_exactly_the_defaults() {
    assert_eq!(
        Config::parse("packaging/ringback.toml", SHIPPED).unwrap(),
        Config::default()
    );
    let shipped: toml::Table = toml::from_str(SHIPPED).unwrap();
    let defaults = toml::Table::try_from(Config::default()).unwrap();
    assert_eq!(shipped, defaults, "a key is missing in the shipped file");
}

#[test]
fn optional_keys_of_the_shipped_file_exist() {
    let uncommented: String = SHIPPED
        .lines()
        .map(|line| {
            line.strip_prefix("#")
                .filter(|rest| rest.starts_with(|c: char| c.is_ascii_lowercase()))
                .unwrap_or(line)
        })
        .map(|line| format!("{line}\n"))
        .collect();
    let config = Config::parse("packaging/ringback.toml", &uncommented).unwrap();
    assert!(config.sip.advertised_address.is_some());
    assert!(config.storage.data.is_some());
    assert!(config.conversation.words.is_some());
    assert!(config.log.call_records.is_some());
    assert!(config.log.transcript.is_some());
}

#[test]
fn the_manual_explains_every_key() {
    let mut table = "";
    for line in SHIPPED.lines() {
        if let Some(name) = line
            .strip_prefix('[')
            .and_then(|rest| rest.strip_suffix(']'))
        {
            table = name;
            assert!(MANUAL.contains(&format!("`[{table}]`")), "[{table}]");
        } else if let Some((key, _)) = line.trim_start_matches('#').split_once(" = ")
            && key.chars().all(|c| c.is_ascii_lowercase() || c == '_')
        {
            assert!(MANUAL.contains(&format!("| `{key}` |")), "{table}.{key}");
        }
    }
}
