//! Names on the URL: percent-encoded, of any script, and those that are none.

mod common;

use chat_protocol::CloseCode;
use common::TestServer;
use serde_json::json;

/// Percent-encoded, each wrong for a user and for a room.
const BAD: [&str; 27] = [
    "%20",
    "%20alice",
    "alice%20",
    "a%20%20b",
    "-alice",
    ".",
    "..%2F..%2Fetc",
    "a%2Fb",
    "a%5Cb",
    "a%00b",
    "a%0Ab",
    "a%0D%0AX-Evil:%201",
    "a%1B%5B2Jb",
    "a%7F",
    "a%C2%9B1m",
    "a%E2%80%AEb",
    "a%E2%80%8Bb",
    "%EF%BB%BFa",
    "a%C2%A0b",
    "%23",
    "%237",
    "%40",
    "%40alice",
    "a%2Cb",
    "b%CC%81%CC%81%CC%81",
    "%F0%9F%91%8D",
    "%3Cscript%3E",
];

#[tokio::test]
async fn a_bad_name_is_closed_with_1008_and_the_reason_in_words() {
    let server = TestServer::start().await;
    let (long_user, long_room) = ("x".repeat(41), "x".repeat(65));
    for name in BAD.into_iter().chain([long_user.as_str(), &long_room, &"x".repeat(2000)]) {
        let mut paths = vec![format!("/ws/chat/general/{name}"), format!("/ws/{name}"), format!("/ws/json?user={name}")];
        if name != long_user {
            paths.push(format!("/ws/chat/{name}/alice"));
        }
        for path in paths {
            let mut client = server.open(&path).await;
            let closed = client.closed_with(CloseCode::Policy).await;
            assert!(!closed.reason.is_empty(), "{path}");
            assert!(!closed.reason.chars().any(chat_protocol::display::is_unsafe), "{path}: {:?}", closed.reason);
            if path.starts_with("/ws/chat") {
                let closing = client.expect("closing").await;
                let expected = json!({ "type": "closing", "code": 1008, "reason": closed.reason, "reconnect": false });
                assert_eq!(closing, expected, "{path}");
            }
        }
    }
    assert_eq!(server.get("/api/rooms").await.json()["rooms"], json!([]), "nobody came in");
}

#[tokio::test]
async fn names_of_any_script_are_welcome_and_shown_in_their_normal_form() {
    let server = TestServer::start().await;
    for (room, user, shown_room, shown_user) in [
        ("Tea%20Room", "Ann%20Lee", "Tea Room", "Ann Lee"),
        ("%D0%B3%D0%B5%D0%BD", "%E6%9D%8E", "ген", "李"),
        ("cafe%CC%81", "Zoe%CC%88", "café", "Zoë"),
        ("2026", "0a2c6f6e-8d1c-4a55-b7f5-1b5f0c0b9a77", "2026", "0a2c6f6e-8d1c-4a55-b7f5-1b5f0c0b9a77"),
        ("c++", "o'brien", "c++", "o'brien"),
        ("a.b_c-d", "%61lice", "a.b_c-d", "alice"),
        ("%E0%A4%B9%E0%A4%BF", "%D7%90%D7%91", "हि", "אב"),
        (&"x".repeat(64), &"y".repeat(40), &"x".repeat(64), &"y".repeat(40)),
    ] {
        let mut client = server.open(&format!("/ws/chat/{room}/{user}")).await;
        assert_eq!(client.expect("welcome").await["user"], shown_user);
        assert_eq!(client.expect("joined").await["room"], shown_room);
        client.close().await;
    }
    let mut client = server.open("/ws/chat/general/100%25zz").await;
    client.closed_with(CloseCode::Policy).await;
}

#[tokio::test]
async fn names_that_fold_alike_are_one_name() {
    let server = TestServer::start().await;
    let mut first = server.join("Stra%C3%9Fe", "J%C3%96RG").await;
    let mut other = server.join("STRASSE", "eve").await;
    other.say("one room").await;
    assert_eq!(first.hears("one room").await["seq"], 1);
    for same in ["j%C3%B6rg", "jo%CC%88rg", "JO%CC%88RG"] {
        let mut second = server.open(&format!("/ws/chat/general/{same}")).await;
        second.closed_with(CloseCode::NameTaken).await;
    }
}

#[tokio::test]
async fn somebody_elses_private_room_is_no_room_on_the_url() {
    let server = TestServer::start().await;
    let mut alice = server.join("general", "alice").await;
    let mut bob = server.join("general", "bob").await;
    alice.ask(json!({ "type": "private", "to": "bob", "text": "secret" })).await;
    bob.hears("secret").await;
    let mut reasons = Vec::new();
    for room in ["@alice,bob", "%40ALICE%2Cbob", "@alice,carol", "@carol,dave"] {
        let mut eve = server.open(&format!("/ws/chat/{room}/eve")).await;
        reasons.push(eve.closed_with(CloseCode::Policy).await.reason);
        eve.never_saw("secret");
    }
    assert!(reasons.iter().all(|reason| *reason == reasons[0]), "it is not told which there are: {reasons:?}");
    // Whoever was refused has taken no name, and left none behind.
    server.join("general", "eve").await.close().await;
    let (_tab, joined) = server.join_with("@alice,bob", "bob", &format!("session={}", bob.session())).await;
    assert_eq!((&joined["room"], &joined["messages"][0]["text"]), (&json!("@alice,bob"), &json!("secret")));
}

#[tokio::test]
async fn a_path_that_is_none_of_the_endpoints_is_not_found() {
    let server = TestServer::start().await;
    for path in ["/ws/", "/ws/chat", "/ws/chat/", "/ws/chat/general", "/ws/chat/general/", "/ws/chat/a/b/c", "/wss"] {
        let refused = server.try_open(path, &[]).await.err();
        let status = match &refused {
            Some(tokio_tungstenite::tungstenite::Error::Http(response)) => response.status().as_u16(),
            _ => 0,
        };
        // `/ws/chat` is the user `chat` of the tutorials' endpoint.
        let expected = if path == "/ws/chat" { 0 } else { 404 };
        assert_eq!(status, expected, "{path}: {refused:?}");
    }
    for path in ["/ws/chat/%FF/alice", "/ws/chat/general/%C3", "/ws/%ED%A0%80"] {
        assert!(server.try_open(path, &[]).await.is_err(), "what is not UTF-8 is no name: {path}");
    }
}
