//! What was chosen where, and what comes of it.

use std::fmt::Write as _;

use clap::Parser as _;

use super::*;

/// What comes of a command line, of variables (`NAME=value`, with `;` between), and of a file.
fn gathered(line: &str, variables: &str, file: &str) -> Result<Start, String> {
    let words = line.split(' ').filter(|word| !word.is_empty());
    let args = Args::try_parse_from(["chat-tui"].into_iter().chain(words)).unwrap();
    let env = |name: &str| {
        let mut pairs = variables.split(';').filter_map(|pair| pair.split_once('='));
        pairs.find(|(key, _)| *key == name).map(|(_, value)| value.to_owned())
    };
    let origin = Origin { path: None, ..Origin::of(&args, &env) };
    gather(&args, &env, origin, File::parse(file)?)
}

/// The parts of a start that the table is about, in one line.
fn told(start: &Start) -> String {
    let mut text = start.user.as_ref().map_or("?", UserName::shown).to_owned();
    for room in &start.rooms {
        let _ = write!(text, " {}", room.shown());
    }
    let _ = write!(text, " @ {}", start.server.address);
    if let Some(token) = &start.server.token {
        let _ = write!(text, " with {}", token.secret());
    }
    text
}

#[test]
fn flags_go_before_the_environment_that_before_the_file() {
    let file = "user = 'fay'\nrooms = ['filed', 'more']\nserver = 'wss://file.example'\ntoken_command = 'echo filed'";
    let env = "CHAT_USER=eve;CHAT_ROOM=env, else;CHAT_SERVER=ws://[::1]:1;CHAT_TOKEN=env";
    for (line, env, file, expected) in [
        ("", "", "", "? @ ws://127.0.0.1:8000"),
        ("", "", file, "fay filed more @ wss://file.example:443 with filed"),
        ("", env, file, "eve env else @ ws://[::1]:1 with env"),
        (
            "-u flo -r flag -s ws://flag.example --token-command printf${IFS}flag",
            env,
            file,
            "flo flag @ ws://flag.example:80 with flag",
        ),
        ("-u flo", env, "", "flo env else @ ws://[::1]:1 with env"),
        ("-r one,Two -r ONE", "CHAT_USER=", file, "fay one Two @ wss://file.example:443 with filed"),
        // Without a screen nobody can be asked.
        ("--pipe -u flo", "", "", "flo general @ ws://127.0.0.1:8000"),
        ("--plain", "", "", "? @ ws://127.0.0.1:8000"),
        // A link is for its server, unless another is named.
        (
            "--register --invite https://link.example/#invite=abc",
            "CHAT_SERVER=ws://env.example",
            "",
            "? @ wss://link.example:443",
        ),
        ("--register --invite https://a.example/#invite=abc -s ws://flag.example", "", "", "? @ ws://flag.example:80"),
        ("--register --invite abc", "CHAT_SERVER=ws://env.example", "", "? @ ws://env.example:80"),
        // The file's token is for the file's server.
        ("-s ws://evil.example", "", file, "fay filed more @ ws://evil.example:80"),
        ("-s wss://FILE.example:443/", "", file, "fay filed more @ wss://file.example:443 with filed"),
        ("-s ws://127.0.0.1:8000", "", "token_command = 'echo x'", "? @ ws://127.0.0.1:8000 with x"),
    ] {
        match gathered(line, env, file) {
            Ok(start) => assert_eq!(told(&start), expected, "{line} | {env} | {file}"),
            Err(words) => panic!("{line} | {env} | {file}: {words}"),
        }
    }
}

#[test]
fn looks_follow_the_same_order() {
    let file = "[look]\ntheme = 'light'\ncolors = 'never'\nmouse = true\nnick_width = 20\n[alerts]\nnotify = 'osc9'\n[keys]\nsend = ['ctrl-s']";
    let colored = |line: &str, env: &str, file: &str| gathered(line, env, file).unwrap().settings.look.theme;
    assert_eq!(colored("", "COLORTERM=truecolor", file), Theme::build(false, Depth::None, &[]).unwrap());
    assert_eq!(colored("--color true", "NO_COLOR=1", file), Theme::build(false, Depth::True, &[]).unwrap());
    assert_eq!(colored("--color 256 --theme dark", "", file), Theme::build(true, Depth::Ansi256, &[]).unwrap());
    assert_eq!(colored("", "NO_COLOR=1;COLORTERM=truecolor", ""), Theme::build(true, Depth::None, &[]).unwrap());
    let settings = gathered("", "", file).unwrap().settings;
    assert!(settings.mouse && settings.look.nick_width == 20 && settings.alerts.notify == super::super::Notify::Osc9);
    assert_ne!(settings.keys, KeyMap::default());
    assert!(gathered("--mouse", "", "").unwrap().settings.mouse && !gathered("", "", "").unwrap().settings.mouse);
    assert_eq!(gathered("", "COLORTERM=truecolor", "").unwrap().settings.scrollback, Settings::default().scrollback);
}

#[test]
fn the_ways_to_run_are_told_apart() {
    let timeout = Duration::from_secs(30);
    for (line, expected) in [
        ("", Mode::Screen),
        ("--plain", Mode::Plain { timeout }),
        ("--pipe", Mode::Pipe { timeout }),
        ("--once hi --timeout 2", Mode::Once { text: "hi".into(), timeout: Duration::from_secs(2) }),
        ("--tail", Mode::Tail { json: false, position: None, limit: None }),
        ("--tail --json --position p --limit 3", Mode::Tail { json: true, position: Some("p".into()), limit: Some(3) }),
    ] {
        assert_eq!(gathered(line, "CHAT_USER=eve", "").unwrap().mode, expected, "{line}");
    }
}

#[test]
fn what_is_wrong_is_said_in_a_line_that_names_where() {
    let nowhere = "-s wss://h --ca-file /no/such/ca";
    for (line, env, file, expected) in [
        ("-u #1", "", "", "--user «#1»: a name begins"),
        ("", "CHAT_USER=a/b", "", "CHAT_USER «a/b»: a name cannot hold"),
        ("-r tea,-x", "", "", "--room «-x»: "),
        ("", "CHAT_ROOM=tea,", "", "CHAT_ROOM «»: a name cannot be empty"),
        ("-s http://h", "", "", "--server: «http://h» begins with"),
        ("", "CHAT_SERVER=h", "", "CHAT_SERVER: «h» is not a whole URL"),
        ("--tail", "", "", "no name to go by"),
        ("--token-file /no/such/token", "CHAT_TOKEN=x", "", "token file /no/such/token: No such file"),
        (nowhere, "", "", "CA file /no/such/ca: No such file"),
        ("-s wss://h --fingerprint 12:34", "", "", "--fingerprint «12:34»: a fingerprint is the 64 hexadecimal digits"),
        ("", "", "token_file = 'a'\ntoken_command = 'b'", "both"),
        ("", "", "[keys]\nsnd = ['a']", "[keys]: there is no action «snd»"),
        ("", "", "[keys]\nsend = ['hyper-x']", "[keys]: «hyper-x» (for send) is not a key"),
        ("--theme dark", "", "[theme.light]\nnonsense = 'red'", "[theme.light]: "),
    ] {
        let error = gathered(line, env, file).map(|start| told(&start)).expect_err(line);
        assert!(error.contains(expected) && !error.contains('\n'), "{line} | {env} | {file}: {error}");
    }
}

#[test]
fn a_token_that_others_can_see_is_warned_of() {
    for (line, file, expected) in [
        ("-s ws://h", "", "the token goes to ws://h:80 unencrypted"),
        ("-s wss://h", "", ""),
        ("-s ws://localhost:1", "", ""),
        ("-s ws://127.8.0.1:1", "", ""),
        ("-s ws://[::1]:1", "", ""),
        ("-s ws://127.0.0.1.evil.example", "", "unencrypted"),
    ] {
        let start = gathered(line, "CHAT_TOKEN=x", file).unwrap();
        let warnings = start.warnings.join("\n");
        assert!(if expected.is_empty() { warnings.is_empty() } else { warnings.contains(expected) }, "{line}: {warnings}");
        assert!(!format!("{start:?}").contains("\"x\""), "{start:?}");
    }
    let start = gathered("-s wss://evil.example", "", "token_command = 'echo x'").unwrap();
    assert!(start.warnings[0].contains("wss://evil.example:443 does not get it"), "{:?}", start.warnings);
}

#[test]
fn a_file_may_be_missing_unless_it_was_named_and_is_read_again() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("config.toml");
    let origin = |named| Origin { path: Some(path.clone()), named, colors: None, theme: None, mouse: false, dark: true };
    assert_eq!(origin(false).read(), Ok(File::default()));
    assert!(origin(true).read().is_err_and(|words| words.contains("config.toml: No such file")));
    fs::write(&path, "scrollback = 200").unwrap();
    assert_eq!(origin(true).reload().map(|settings| settings.scrollback), Ok(200));
    fs::write(&path, "\nscrollback = 1").unwrap();
    assert!(origin(true).reload().is_err_and(|words| words.ends_with("config.toml: line 2: 1 is not from 100 to 10000000")));
    fs::write(&path, b"\xff").unwrap();
    assert!(origin(false).read().is_err());
}

#[test]
fn the_background_decides_where_nobody_else_did() {
    for (line, asks) in
        [("--color 16", true), ("--color 16 --theme dark", false), ("--color never", false), ("--plain --color 16", false)]
    {
        assert_eq!(gathered(line, "", "").unwrap().asks_background(), asks, "{line}");
    }
    let start = gathered("--color true", "", "").unwrap();
    for dark in [true, false] {
        assert_eq!(start.theme(dark), Theme::build(dark, Depth::True, &[]).unwrap());
    }
}

#[test]
fn a_fingerprint_is_for_one_server_and_only_where_it_proves_something() {
    let print = "ab".repeat(32);
    let flag = |server: &str| format!("-s {server} --fingerprint {print}");
    let file = format!("server = 'wss://h'\nca_file = '/no/such/ca'\nfingerprint = '{print}'");
    let unsafe_file = format!("server = 'ws://h'\nfingerprint = '{print}'");
    for (line, file, expected) in [
        (flag("wss://h").as_str(), "", Ok(true)),
        (&flag("wss://h"), file.as_str(), Ok(true)),
        ("", &file, Ok(true)),
        ("-s wss://h:443/", &file, Ok(true)),
        ("-s wss://other", &format!("server = 'wss://h'\nfingerprint = '{print}'"), Ok(false)),
        ("--ca-file /no/such/flag", &file, Err("/no/such/flag")),
        ("-s wss://other", &file, Err("/no/such/ca")),
        (&flag("ws://h"), "", Err("a fingerprint proves nothing at ws://h:80")),
        ("", &unsafe_file, Err("a fingerprint proves nothing at ws://h:80")),
        ("-s wss://h", &unsafe_file, Ok(false)),
    ] {
        match (gathered(line, "", file), expected) {
            (Ok(start), Ok(pinned)) => {
                assert_eq!(format!("{:?}", start.server.trust).contains(&print), pinned, "{line} | {file}");
            }
            (Err(words), Err(part)) => assert!(words.contains(part), "{line} | {file}: {words}"),
            (found, _) => panic!("{line} | {file}: {:?}", found.map(|start| told(&start))),
        }
    }
}
