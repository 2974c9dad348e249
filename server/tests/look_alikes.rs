//! Names that could be mistaken for another: each is refused, or taken while the other is in use, whichever came first. What
//! people tell apart is welcome.

mod common;

use Outcome::{Refused, Taken, Welcome};
use chat_protocol::{CloseCode, UserName};
use common::{TestClient, TestServer};
use serde_json::json;

#[derive(Clone, Copy, Debug, PartialEq)]
enum Outcome {
    /// No name at all, or of several scripts: 1008.
    Refused,
    /// 4009 while the other is here.
    Taken,
    Welcome,
}

/// In use; who comes; what of it.
const PAIRS: &[(&str, &str, Outcome)] = &[
    // The same name
    ("alice", "Alice", Taken),
    ("alice", "ALICE", Taken),
    ("Straße", "STRASSE", Taken),
    ("Straße", "strasse", Taken),
    ("STRAẞE", "Straße", Taken),
    ("jo\u{308}rg", "Jörg", Taken),
    ("fish", "ﬁsh", Taken),
    ("afflict", "aﬄict", Taken),
    ("kelvin", "\u{212a}elvin", Taken),
    ("susi", "ſuſi", Taken),
    ("ΣΊΣΥΦΟΣ", "σίσυφος", Taken),
    // Letters of other scripts among Latin ones
    ("alice", "аlice", Refused),
    ("alice", "αlice", Refused),
    ("alice", "alісе", Refused),
    ("oskar", "օskar", Refused),
    ("google", "gооgle", Refused),
    ("paypal", "рaypal", Refused),
    ("bob", "bօb", Refused),
    ("victor", "νictor", Refused),
    ("Hans", "Ηans", Refused),
    ("Bea", "Ꮟea", Refused),
    ("tea", "tе\u{301}a", Refused),
    ("mira", "mirа", Refused),
    ("omu", "oµu", Refused),
    ("nora", "nοra", Refused),
    ("lab", "לab", Refused),
    // Whole names of other scripts
    ("caxap", "сахар", Taken),
    ("coco", "сосо", Taken),
    ("BEPA", "ВЕРА", Taken),
    ("ABEKA", "ΑΒΕΚΑ", Taken),
    ("ovo", "ονο", Taken),
    ("ооо", "οοο", Taken),
    ("uo", "սօ", Taken),
    // Wide, styled and letterlike
    ("alice", "ａｌｉｃｅ", Taken),
    ("alice", "ＡＬＩＣＥ", Taken),
    ("alice", "𝐚𝐥𝐢𝐜𝐞", Taken),
    ("alice", "𝒶𝓁𝒾𝒸ℯ", Taken),
    ("alice", "𝔞𝔩𝔦𝔠𝔢", Taken),
    ("alice", "𝚊𝚕𝚒𝚌𝚎", Taken),
    ("alice", "al𝐢ce", Taken),
    ("Rosa", "ℝosa", Taken),
    ("nina", "ⁿina", Taken),
    ("alice", "ⓐlice", Refused),
    ("alice", "🅰lice", Refused),
    // Digits
    ("bob", "b0b", Taken),
    ("OTTO", "0TT0", Taken),
    ("alice", "a1ice", Taken),
    ("alice", "aIice", Taken),
    ("ILLE", "1LLE", Taken),
    ("user2", "user２", Taken),
    ("user2", "user𝟐", Taken),
    ("user8", "user৪", Refused),
    ("user2", "user²", Refused),
    ("user1", "user①", Refused),
    // Several letters that look like one
    ("corner", "comer", Taken),
    ("Marnie", "Mamie", Taken),
    ("modern", "rnodern", Taken),
    ("aesop", "æsop", Taken),
    ("oeuvre", "œuvre", Taken),
    ("lj", "ǉ", Taken),
    ("dieter", "ɗieter", Welcome),
    // Dots
    ("admira", "adm\u{131}ra", Taken),
    ("ilker", "İlker", Taken),
    ("ilker", "i\u{307}lker", Taken),
    ("ILKER", "İLKER", Taken),
    ("jan", "j\u{307}an", Taken),
    ("jan", "\u{237}an", Taken),
    ("i\u{323}da", "i\u{323}\u{307}da", Taken),
    // Marks
    ("alice", "alice\u{301}\u{301}\u{301}\u{301}", Refused),
    ("alice", "a\u{200b}lice", Refused),
    ("alice", "alice\u{34f}", Refused),
    ("alice", "alice\u{fe0f}", Refused),
    ("alice", "\u{301}alice", Refused),
    ("alice", "al\u{20dd}ice", Refused),
    ("zoe", "zoë", Welcome),
    ("łukasz", "l\u{335}ukasz", Taken),
    ("søren", "so\u{338}ren", Taken),
    ("garçon", "garc\u{327}on", Taken),
    // Reading order and what cannot be seen
    ("alice", "\u{202e}ecila", Refused),
    ("alice", "ali\u{200d}ce", Refused),
    ("alice", "ali\u{ad}ce", Refused),
    ("alice", "alice\u{3164}", Refused),
    ("אב", "א\u{200f}ב", Refused),
    ("אב", "בא", Welcome),
    ("אב", "ﬡﬠ", Welcome),
    // In a line of Latin both are seen as the second one.
    ("א7", "7א", Refused),
    ("مريم2", "2مريم", Refused),
    // Spaces and stops
    ("Ann Lee", "Ann\u{a0}Lee", Refused),
    ("Ann Lee", "Ann\u{2003}Lee", Refused),
    ("Ann Lee", "Ann  Lee", Refused),
    ("Ann Lee", "Ann Lee ", Refused),
    ("Ann Lee", "AnnLee", Welcome),
    ("o'brien", "o’brien", Refused),
    ("o'brien", "oʼbrien", Taken),
    ("jean-luc", "jean‐luc", Refused),
    ("a.b", "a․b", Refused),
    // Not letters
    ("alice", "alice👩", Refused),
    ("alice", "👩alice", Refused),
    ("1", "1\u{fe0f}\u{20e3}", Refused),
    ("alice", "alice™", Refused),
    // East Asia
    ("ハナ", "八ナ", Taken),
    ("ロロ", "口口", Taken),
    ("エリ", "工リ", Taken),
    ("へい", "ヘい", Taken),
    ("ﾊﾅ", "ハナ", Taken),
    ("李", "\u{f9e1}", Taken),
    ("한", "\u{1112}\u{1161}\u{11ab}", Taken),
    ("山田", "山由", Welcome),
    // Nothing to be mistaken
    ("alice", "alicia", Welcome),
    ("alice", "алиса", Welcome),
    ("alice", "Αλίκη", Welcome),
    ("kim", "kim 김", Welcome),
    ("mueller", "müller", Welcome),
];

fn encoded(name: &str) -> String {
    name.bytes().map(|byte| format!("%{byte:02X}")).collect()
}

/// In a room of its own, so that nothing else is tried than the name.
async fn knock(server: &TestServer, name: &str) -> TestClient {
    server.open(&format!("/ws/chat/general/{}", encoded(name))).await
}

async fn outcome(first: &str, second: &str) -> Outcome {
    let server = TestServer::start().await;
    let mut here = knock(&server, first).await;
    here.expect("joined").await;
    let mut comer = knock(&server, second).await;
    let met = comer.hear().await.expect("words first");
    match (met["type"].as_str(), met["code"].as_u64()) {
        (Some("welcome"), _) => Welcome,
        (Some("closing"), Some(1008)) => Refused,
        (Some("closing"), Some(4009)) => Taken,
        other => panic!("{first} {second}: {other:?}"),
    }
}

#[tokio::test]
async fn who_could_be_mistaken_for_another_is_refused_or_finds_the_name_taken() {
    let mut wrong = Vec::new();
    for (first, second, expected) in PAIRS {
        let found = outcome(first, second).await;
        if found != *expected {
            wrong.push(format!("«{first}» is here, «{second}» ({}): {found:?}", second.escape_unicode()));
        }
        // Whoever comes first.
        if *expected != Refused && outcome(second, first).await != *expected {
            wrong.push(format!("«{second}» is here, «{first}» comes"));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[tokio::test]
async fn a_name_or_room_of_several_scripts_is_refused_in_words_everywhere() {
    let server = TestServer::start().await;
    let (mixed, words) = (encoded("аlice"), "a name is written in one script: «а» is Cyrillic and «l» is Latin");
    let paths = ["/ws/chat/general/", "/ws/", "/ws/json?user="].map(|path| format!("{path}{mixed}"));
    for path in paths.into_iter().chain([format!("/ws/chat/{mixed}/alice")]) {
        let mut client = server.open(&path).await;
        assert_eq!(client.closed_with(CloseCode::Policy).await.reason, words, "{path}");
    }
    let mut alice = server.join("general", "alice").await;
    let refused = alice.refused(json!({ "type": "join", "room": "аlice" }), "bad_name").await;
    assert_eq!(refused["text"], words);
    let mut bot = server.open("/ws/json").await;
    for action in ["subscribe", "send"] {
        bot.send(json!({ "action": action, "channel": "аlice", "message": "hi" })).await;
        assert_eq!(bot.expect("error").await["message"], words, "{action}");
    }
    let post = |path: String, body: String| {
        let server = &server;
        async move { server.http("POST", &path, &[("content-type", "application/json")], &body).await }
    };
    let answer = post(format!("/api/rooms/{mixed}/messages"), json!({ "text": "hi" }).to_string()).await;
    assert_eq!((answer.status, &answer.json()["error"]["text"]), (400, &json!(words)));
    let answer = post("/api/rooms/general/messages".into(), json!({ "text": "hi", "user": "аlice" }).to_string()).await;
    assert_eq!((answer.status, &answer.json()["error"]["code"]), (400, &json!("bad_name")));
    // To read is not to make.
    let answer = server.get(&format!("/api/rooms/{mixed}/messages")).await;
    assert_eq!((answer.status, &answer.json()["messages"]), (200, &json!([])));
}

#[tokio::test]
async fn nobody_comes_in_as_who_speaks_for_the_server() {
    let server = TestServer::start().await;
    for (name, word) in [("admin", "admin"), ("Adm1n_", "admin"), ("ａｄｍｉｎ", "admin"), ("SYSTEM", "system"), ("a11", "all")]
    {
        let words = format!("nobody comes in as «{word}», or as what looks like it");
        for path in ["/ws/chat/general/", "/ws/", "/ws/json?user="].map(|path| format!("{path}{}", encoded(name))) {
            let mut client = server.open(&path).await;
            assert_eq!(client.closed_with(CloseCode::Policy).await.reason, words, "{path}");
        }
        let body = json!({ "text": "hi", "user": name }).to_string();
        let answer = server.http("POST", "/api/rooms/general/messages", &[("content-type", "application/json")], &body).await;
        assert_eq!((answer.status, &answer.json()["error"]["code"]), (400, &json!("bad_name")), "{name}");
    }
    for (number, word) in chat_protocol::names::RESERVED.iter().map(|row| row.word).enumerate() {
        let mut client = knock(&server, word).await;
        client.closed_with(CloseCode::Policy).await;
        // Where one talks about such things is a room like any other.
        server.join(word, &format!("visitor-{number}")).await.close().await;
    }
}

/// Two who are taken for each other under the rule never talk under the same room's roof by an older name either: the wire
/// reads what was stored, and nobody takes it.
#[test]
fn what_was_stored_before_the_rule_is_read() {
    assert_eq!(UserName::known("аlice").map(|name| name.to_string()).as_deref(), Ok("аlice"));
    assert_eq!(UserName::known("admin").map(|name| name.to_string()).as_deref(), Ok("admin"));
}
