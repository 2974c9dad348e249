//! What is typed, and what it asks for.

use super::*;

#[track_caller]
fn check(line: &str, json: &str) {
    match parse(line) {
        Ok(Typed::Request(message)) => assert_eq!(serde_json::to_string(&message).unwrap(), json, "{line}"),
        other => panic!("{line}: {other:?}"),
    }
}

#[test]
fn lines_become_requests() {
    check("hi there", r#"{"type":"send","text":"hi there"}"#);
    check("//shrug", r#"{"type":"send","text":"/shrug"}"#);
    check("/me waves", r#"{"type":"send","text":"waves","action":true}"#);
    check("/PM bob hi  there ", r#"{"type":"private","to":"bob","text":"hi  there"}"#);
    check("/msg \"Ann Lee\" hi", r#"{"type":"private","to":"Ann Lee","text":"hi"}"#);
    check("/reply 7 yes", r#"{"type":"send","text":"yes","reply_to":7}"#);
    check("/edit 7 better", r#"{"type":"edit","seq":7,"text":"better"}"#);
    check("/delete 7", r#"{"type":"delete","seq":7}"#);
    check("/react 7 👍", r#"{"type":"react","seq":7,"emoji":"👍","on":true}"#);
    check("/unreact 7 👍", r#"{"type":"react","seq":7,"emoji":"👍","on":false}"#);
    check("/topic tea & cake", r#"{"type":"topic","text":"tea & cake"}"#);
    check("/topic \"\"", r#"{"type":"topic","text":""}"#);
    check("/join Tea Room", r#"{"type":"join","room":"Tea Room"}"#);
    check("/j \"Tea Room\"", r#"{"type":"join","room":"Tea Room"}"#);
    check("/leave", r#"{"type":"leave"}"#);
    check("/who", r#"{"type":"users"}"#);
    check("/rooms", r#"{"type":"rooms"}"#);
    check("/history 20", r#"{"type":"history","limit":20}"#);
    check("/search tea cake", r#"{"type":"search","query":"tea cake"}"#);
    check("/create ops private read-only", r#"{"type":"create","room":"ops","access":"private","speak":"moderators"}"#);
    check("/rules", r#"{"type":"rules"}"#);
    check("/mode open topic=moderators", r#"{"type":"rules","speak":"all","topic":"moderators"}"#);
    check("/slow 10", r#"{"type":"rules","slow":10}"#);
    check("/invite Ann Lee", r#"{"type":"rank","user":"Ann Lee","role":"member"}"#);
    check("/rank bob none", r#"{"type":"rank","user":"bob"}"#);
    check("/kick eve too loud", r#"{"type":"moderate","action":"kick","user":"eve","reason":"too loud"}"#);
    check("/kick eve 10m", r#"{"type":"moderate","action":"kick","user":"eve","reason":"10m"}"#);
    check(
        "/ban -a --everywhere eve 7d spam again",
        r#"{"type":"moderate","action":"ban","user":"eve","address":true,"everywhere":true,"seconds":604800,"reason":"spam again"}"#,
    );
    check("/mute \"Ann Lee\" 10m", r#"{"type":"moderate","action":"mute","user":"Ann Lee","seconds":600}"#);
    check("/mute eve 10 times", r#"{"type":"moderate","action":"mute","user":"eve","reason":"10 times"}"#);
    check("/unban -e eve", r#"{"type":"moderate","action":"unban","user":"eve","everywhere":true}"#);
    check("/modlog --everywhere 5", r#"{"type":"deeds","everywhere":true,"limit":5}"#);
    check("/block eve", r#"{"type":"block","user":"eve","on":true}"#);
    check("/unblock eve", r#"{"type":"block","user":"eve","on":false}"#);
    check("/ping", r#"{"type":"ping"}"#);
}

#[test]
fn what_cannot_be_read_is_explained() {
    for (line, said) in [
        ("/dance", "There is no command /dance. /help lists them; //dance says it as text."),
        ("/", "There is no command /. /help lists them; // says it as text."),
        ("/pm bob", "Like this: /pm <user> <text>"),
        ("/edit x y", "Like this: /edit <seq> <text>"),
        ("/unban eve please", "Like this: /unban [--everywhere] [--address] <user>"),
        ("/kick --hard eve", "Like this: /kick [--everywhere] <user> [reason]"),
        ("/rank bob king", "Like this: /rank <user> <rank>"),
        ("/delete 7 8", "Like this: /delete <seq>"),
        ("/history many", "Like this: /history [count]"),
        ("/rooms all", "Like this: /rooms"),
    ] {
        assert_eq!(parse(line).unwrap_err().to_string(), said);
    }
    assert_eq!(parse("/help /pm"), Ok(Typed::Help(Some("pm".into()))));
    assert_eq!(parse("/bye"), Ok(Typed::Quit));
}

#[test]
fn names_and_aliases_are_all_different() {
    let mut names: Vec<_> = COMMANDS.iter().flat_map(|c| c.aliases.iter().copied().chain([c.name])).collect();
    let all = names.len();
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len(), all);
    assert!(COMMANDS.iter().all(|c| help(None).contains(&c.synopsis())));
    assert!(help(Some("pm")).contains("/msg"));
}
