//! A line said on one endpoint is seen on the others, on each in its own words.

mod common;

use common::{TestClient, TestServer};
use serde_json::{Value, json};

/// Somebody on each endpoint that can be in `lobby`, all there.
struct Lobby {
    server: TestServer,
    chat: TestClient,
    number: TestClient,
    name: TestClient,
    channel: TestClient,
}

impl Lobby {
    async fn open() -> Self {
        let server = TestServer::start().await;
        let chat = server.join("lobby", "alice").await;
        let mut number = server.open("/ws/7").await;
        number.find_text(|text| text == "Client #7 has entered the chat").await;
        let mut name = server.open("/ws/bob").await;
        name.find_words("bob joined the chat").await;
        let mut channel = server.open("/ws/json?user=bot").await;
        channel.send(json!({ "action": "subscribe", "channel": "lobby" })).await;
        channel.find_words("subscribed").await;
        Self { server, chat, number, name, channel }
    }

    /// Everybody sees it as said by this user, the numbered client as this speaker.
    async fn check(&mut self, text: &str, user: &str, speaker: &str) {
        let seen = self.chat.hears(text).await;
        assert_eq!((&seen["from"], &seen["room"]), (&json!(user), &json!("lobby")));
        let line = self.number.find_words(text).await;
        assert_eq!(line, format!("{speaker}: {text}"));
        let envelope = self.name.find(|value| value["type"] == "message").await;
        assert_eq!((&envelope["client_id"], &envelope["message"]), (&json!(user), &json!(text)));
        let message = self.channel.find(|value| value["type"] == "message").await;
        let expected = json!({
            "type": "message", "channel": "lobby", "message": text, "from": user, "seq": seen["seq"], "at": seen["at"],
        });
        assert_eq!(message, expected);
        assert_eq!(envelope["timestamp"], seen["at"], "one moment for all");
    }
}

#[tokio::test]
async fn a_line_said_anywhere_is_seen_everywhere() {
    let mut lobby = Lobby::open().await;
    lobby.chat.line("from the chat").await;
    lobby.check("from the chat", "alice", "alice").await;
    lobby.number.line("from a number").await;
    lobby.check("from a number", "#7", "Client #7").await;
    lobby.name.line("from a name").await;
    lobby.check("from a name", "bob", "bob").await;
    lobby.channel.send(json!({ "action": "send", "channel": "lobby", "message": "from a bot" })).await;
    lobby.check("from a bot", "bot", "bot").await;
    let post = json!({ "text": "from curl", "user": "script" }).to_string();
    let reply = lobby.server.http("POST", "/api/rooms/lobby/messages", &[("content-type", "application/json")], &post).await;
    assert_eq!(reply.status, 201, "{reply:?}");
    lobby.check("from curl", "script", "script").await;
    let history = lobby.server.get("/api/rooms/lobby/messages").await.json();
    let all: Vec<_> = history["messages"].as_array().into_iter().flatten().map(|message| message["from"].clone()).collect();
    assert_eq!(all, ["alice", "#7", "bob", "bot", "script"]);
}

#[tokio::test]
async fn comings_and_goings_are_told_everywhere_too() {
    let mut lobby = Lobby::open().await;
    let carol = lobby.server.join("lobby", "carol").await;
    assert_eq!(lobby.number.find_words("carol").await, "carol has entered the chat");
    assert_eq!(lobby.name.find(|value| value["client_id"] == "carol").await["type"], "connection");
    let came = |value: &Value| value["type"] == "presence" && value["joined"].to_string().contains("carol");
    assert_eq!(lobby.chat.find(came).await["room"], "lobby");
    carol.close().await;
    assert_eq!(lobby.number.find_words("carol").await, "carol has left the chat");
    assert_eq!(lobby.name.find(|value| value["client_id"] == "carol").await["type"], "disconnection");
    lobby.chat.find(|value| value["type"] == "presence" && value["left"] == json!(["carol"])).await;
    let users = lobby.chat.ask(json!({ "type": "users" })).await;
    let users: Vec<_> = users["users"].as_array().into_iter().flatten().map(|user| user["name"].clone()).collect();
    assert_eq!(users, ["#7", "alice", "bob", "bot"]);
    lobby.number.close().await;
    assert_eq!(lobby.name.find(|value| value["client_id"] == "#7").await["message"], "#7 left the chat");
    lobby.chat.find(|value| value["type"] == "presence" && value["left"] == json!(["#7"])).await;
}

#[tokio::test]
async fn an_action_and_an_edit_have_words_for_those_who_read_plain_text() {
    let mut lobby = Lobby::open().await;
    lobby.chat.line("/me waves").await;
    assert_eq!(lobby.number.find_words("waves").await, "* alice waves");
    assert_eq!(lobby.name.find_words("waves").await.matches("waves").count(), 1);
    let heard = lobby.channel.find(|value| value["message"] == "waves").await;
    lobby.chat.send(json!({ "type": "edit", "seq": heard["seq"], "text": "bows" })).await;
    let line = lobby.number.find_words("bows").await;
    assert!(line.starts_with("alice") && line.contains("edited"), "{line}");
}

#[tokio::test]
async fn the_echo_endpoint_talks_in_the_room_echo() {
    let server = TestServer::start().await;
    let mut first_steps = server.open("/ws").await;
    first_steps.line("here").await;
    first_steps.find_text(|text| text == "Echo: here").await;
    let (mut alice, joined) = server.join_with("echo", "alice", "").await;
    assert_eq!(joined["messages"][0]["text"], "here");
    let speaker = joined["messages"][0]["from"].as_str().expect("a name").to_owned();
    assert!(speaker.starts_with('#'), "{speaker}");
    alice.say("hello, first steps").await;
    assert_eq!(first_steps.next_text().await, "alice: hello, first steps");
    first_steps.line("hello, alice").await;
    assert_eq!(alice.hears("hello, alice").await["from"], json!(speaker));
}

#[tokio::test]
async fn a_numbered_client_and_a_chat_user_can_talk_in_private() {
    let mut lobby = Lobby::open().await;
    lobby.chat.line("/pm #7 psst").await;
    assert_eq!(lobby.number.find_words("psst").await, "alice (private): psst");
    let ack = lobby.chat.expect("ack").await;
    assert_eq!(ack["room"], "@#7,alice");
    let mut eight = lobby.server.open("/ws/8").await;
    eight.line("7:hush").await;
    assert_eq!(lobby.number.find_words("hush").await, "Client #8 (private): hush");
    lobby.chat.say("in public").await;
    lobby.name.find_words("in public").await;
    lobby.channel.find_words("in public").await;
    lobby.chat.hears("in public").await;
    for (client, secrets) in
        [(&lobby.name, ["psst", "hush"].as_slice()), (&lobby.channel, &["psst", "hush"]), (&lobby.chat, &["hush"])]
    {
        secrets.iter().for_each(|secret| client.never_saw(secret));
    }
    let history = lobby.server.get("/api/rooms/lobby/messages").await.body;
    assert!(!history.contains("psst") && !history.contains("hush"), "{history}");
}

#[tokio::test]
async fn a_name_is_one_name_on_every_endpoint() {
    let server = TestServer::start().await;
    let _alice = server.join("general", "alice").await;
    for path in ["/ws/alice", "/ws/json?user=Alice", "/ws/chat/other/ALICE"] {
        let mut second = server.open(path).await;
        assert_eq!(second.closed_with(chat_protocol::CloseCode::NameTaken).await.reason, "Name is taken", "{path}");
    }
    let post = json!({ "text": "it is me", "user": "alice" }).to_string();
    let reply = server.http("POST", "/api/rooms/general/messages", &[("content-type", "application/json")], &post).await;
    assert_eq!(reply.status, 409, "{reply:?}");
}
