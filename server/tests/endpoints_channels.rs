//! `/ws/json`: channels for bots and integrations.

mod common;

use chat_protocol::{CloseCode, Timestamp};
use common::{TestClient, TestServer};
use serde_json::{Value, json};

/// A bot that hears a channel.
async fn subscribed(server: &TestServer, user: &str, channel: &str) -> TestClient {
    let mut bot = server.open(&format!("/ws/json?user={user}")).await;
    bot.send(json!({ "action": "subscribe", "channel": channel })).await;
    assert_eq!(next(&mut bot).await, json!({ "type": "subscribed", "channel": channel }));
    bot
}

async fn next(client: &mut TestClient) -> Value {
    serde_json::from_str(&client.next_text().await).expect("every frame is JSON")
}

fn saying(channel: &str, message: &str) -> Value {
    json!({ "action": "send", "channel": channel, "message": message })
}

#[tokio::test]
async fn every_subscriber_hears_what_is_sent_the_sender_too() {
    let server = TestServer::start().await;
    let mut one = subscribed(&server, "one", "news").await;
    let mut two = subscribed(&server, "two", "news").await;
    one.send(saying("news", "Hello")).await;
    for bot in [&mut one, &mut two] {
        let heard = next(bot).await;
        assert!(heard["at"].as_str().is_some_and(|at| Timestamp::parse(at).is_some()), "{heard}");
        let expected =
            json!({ "type": "message", "channel": "news", "message": "Hello", "from": "one", "seq": 1, "at": heard["at"] });
        assert_eq!(heard, expected);
    }
    two.send(saying("news", "and back")).await;
    let heard = next(&mut one).await;
    assert_eq!((&heard["from"], &heard["seq"]), (&json!("two"), &json!(2)));
}

#[tokio::test]
async fn who_unsubscribed_hears_no_more_and_who_never_did_may_still_send() {
    let server = TestServer::start().await;
    let mut one = subscribed(&server, "one", "news").await;
    let mut two = subscribed(&server, "two", "news").await;
    two.send(json!({ "action": "subscribe", "channel": "weather" })).await;
    assert_eq!(next(&mut two).await, json!({ "type": "subscribed", "channel": "weather" }));
    two.send(json!({ "action": "unsubscribe", "channel": "news" })).await;
    assert_eq!(next(&mut two).await, json!({ "type": "unsubscribed", "channel": "news" }));
    two.send(saying("news", "from outside")).await;
    assert_eq!(next(&mut one).await["message"], "from outside");
    one.send(saying("weather", "rain")).await;
    assert_eq!(next(&mut two).await["message"], "rain", "and nothing of the other channel before it");
    one.send(json!("marker")).await;
    assert_eq!(next(&mut one).await["data"], "marker", "who is no subscriber hears nothing of what it sent");
}

#[tokio::test]
async fn subscribing_twice_is_hearing_once() {
    let server = TestServer::start().await;
    let mut bot = subscribed(&server, "bot", "news").await;
    bot.send(json!({ "action": "subscribe", "channel": "NEWS" })).await;
    assert_eq!(next(&mut bot).await["type"], "subscribed");
    bot.send(saying("news", "one")).await;
    bot.send(saying("news", "two")).await;
    assert_eq!(next(&mut bot).await["message"], "one");
    assert_eq!(next(&mut bot).await["message"], "two");
}

#[tokio::test]
async fn any_other_json_value_comes_back_as_data() {
    let server = TestServer::start().await;
    let mut bot = server.open("/ws/json").await;
    for value in [
        json!(42),
        json!("hi"),
        json!("/help"),
        json!([1, [2], {}]),
        json!(null),
        json!(true),
        json!(-1.5),
        json!({}),
        json!({ "a": { "b": [null] } }),
        json!({ "type": "send", "text": "not here" }),
        json!({ "action": "dance" }),
        json!({ "action": 7, "channel": "news" }),
        json!("\u{202e}\u{9b}31m"),
    ] {
        bot.send(value.clone()).await;
        let raw = bot.next_text().await;
        assert!(!raw.chars().any(chat_protocol::display::is_unsafe), "{raw:?}");
        assert_eq!(serde_json::from_str::<Value>(&raw).expect("JSON"), json!({ "type": "response", "data": value }));
    }
}

#[tokio::test]
async fn what_cannot_be_taken_is_an_error_and_the_connection_stays() {
    let server = TestServer::start().await;
    let mut bot = server.open("/ws/json").await;
    let long = saying("news", &"x".repeat(chat_protocol::limits::TEXT_BYTES + 1)).to_string();
    for (frame, code) in [
        ("hello", "bad_json"),
        ("", "bad_json"),
        ("{", "bad_json"),
        (r#"{"action":"send","channel":"news","message":"\ud800"}"#, "bad_json"),
        (r#"{"a":1} x"#, "bad_json"),
        (r#"{"action":"subscribe"}"#, "bad_request"),
        (r#"{"action":"subscribe","channel":7}"#, "bad_request"),
        (r#"{"action":"unsubscribe"}"#, "bad_request"),
        (r#"{"action":"send","channel":"news"}"#, "bad_request"),
        (r#"{"action":"send","message":"hi"}"#, "bad_request"),
        (r#"{"action":"send","channel":"news","message":""}"#, "bad_request"),
        (r#"{"action":"send","channel":"news","message":null}"#, "bad_request"),
        (r#"{"action":"subscribe","channel":"-news"}"#, "bad_name"),
        (r#"{"action":"send","channel":"","message":"hi"}"#, "bad_name"),
        (r#"{"action":"unsubscribe","channel":"news"}"#, "not_joined"),
        (r#"{"action":"subscribe","channel":"@alice,bob"}"#, "no_such_room"),
        (r#"{"action":"send","channel":"@alice,bob","message":"hi"}"#, "no_such_room"),
        (&long, "too_long"),
    ] {
        bot.line(frame).await;
        let told = next(&mut bot).await;
        assert_eq!((&told["type"], &told["code"]), (&json!("error"), &json!(code)), "{frame:.80} → {told}");
        assert!(told["message"].as_str().is_some_and(|words| !words.is_empty()), "{told}");
    }
    bot.line(&"[".repeat(60_000)).await;
    assert_eq!(next(&mut bot).await["code"], "bad_json", "depth is no way to hurt the reader");
    bot.send(json!("still here")).await;
    assert_eq!(next(&mut bot).await["data"], "still here");
}

#[tokio::test]
async fn a_bot_has_the_name_it_gives_or_one_that_it_is_given() {
    let server = TestServer::start().await;
    let mut listener = subscribed(&server, "listener", "news").await;
    let mut nameless = server.open("/ws/json").await;
    nameless.send(saying("news", "who am I?")).await;
    let from = next(&mut listener).await["from"].as_str().expect("a name").to_owned();
    assert!(from.strip_prefix("guest-").is_some_and(|rest| rest.len() == 4), "{from}");
    let mut second = server.open("/ws/json?user=Listener").await;
    assert_eq!(second.closed_with(CloseCode::NameTaken).await.reason, "Name is taken");
    let mut bad = server.open("/ws/json?user=%20").await;
    assert!(!bad.closed_with(CloseCode::Policy).await.reason.is_empty());
}

#[tokio::test]
async fn private_rooms_are_heard_only_with_a_session_of_one_of_the_two() {
    let server = TestServer::start().await;
    let mut alice = server.join("general", "alice").await;
    let mut bob = server.join("general", "bob").await;
    let mut hers = server.open(&format!("/ws/json?user=alice&session={}", alice.session())).await;
    hers.send(json!({ "action": "subscribe", "channel": "general" })).await;
    assert_eq!(next(&mut hers).await["type"], "subscribed");
    let mut other = subscribed(&server, "eve", "general").await;
    alice.send(json!({ "type": "private", "to": "bob", "text": "secret" })).await;
    bob.hears("secret").await;
    bob.say("in public").await;
    let heard = hers.find(|value| value["message"] == "secret").await;
    assert_eq!((&heard["channel"], &heard["from"]), (&json!("@alice,bob"), &json!("alice")));
    assert_eq!(next(&mut other).await["message"], "in public");
    hers.send(saying("@alice,bob", "from the bot")).await;
    let seen = bob.hears("from the bot").await;
    assert_eq!((&seen["room"], &seen["from"]), (&json!("@alice,bob"), &json!("alice")));
}

#[tokio::test]
async fn a_name_alone_does_not_open_a_private_room() {
    let server = TestServer::start().await;
    let mut bob = server.join("general", "bob").await;
    // Nobody has this name: whoever asks gets it, but it proves nothing.
    let mut alice = server.open("/ws/json?user=alice").await;
    alice.send(json!({ "action": "subscribe", "channel": "@alice,bob" })).await;
    assert_eq!(next(&mut alice).await["code"], "no_such_room");
    alice.send(json!({ "action": "subscribe", "channel": "general" })).await;
    alice.find(|value| value["type"] == "subscribed" && value["channel"] == "general").await;
    bob.send(json!({ "type": "private", "to": "alice", "text": "secret" })).await;
    bob.find(|value| value["type"] == "ack" || value["type"] == "error").await;
    bob.say("in public").await;
    alice.find_words("in public").await;
    alice.never_saw("secret");
}

#[tokio::test]
async fn a_channel_keeps_its_order_and_its_numbers_are_dense() {
    let server = TestServer::start().await;
    let mut one = subscribed(&server, "one", "news").await;
    let mut two = subscribed(&server, "two", "news").await;
    for number in 0..50 {
        one.send(saying("news", &format!("one {number}"))).await;
        two.send(saying("news", &format!("two {number}"))).await;
    }
    let mut seen = Vec::new();
    for bot in [&mut one, &mut two] {
        let mut all = Vec::new();
        while all.len() < 100 {
            let heard = next(bot).await;
            all.push((heard["seq"].as_u64().expect("a seq"), heard["message"].as_str().expect("words").to_owned()));
        }
        seen.push(all);
    }
    assert_eq!(seen[0], seen[1], "everybody sees the same order");
    assert!(seen[0].iter().map(|(seq, _)| *seq).eq(1..=100));
    let of_one: Vec<_> = seen[0].iter().map(|(_, text)| text).filter(|text| text.starts_with("one")).collect();
    assert!(of_one.iter().enumerate().all(|(number, text)| **text == format!("one {number}")));
}
