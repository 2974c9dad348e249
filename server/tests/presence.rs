//! Who is here: a reload is not noticed, an absence is within about a second, many comings are told together, and typing ends.

mod common;

use std::{
    collections::BTreeSet,
    time::{Duration, Instant},
};

use chat_protocol::limits;
use common::{TestClient, TestServer};
use futures::future::join_all;
use serde_json::{Value, json};

fn names(frame: &Value, field: &str) -> Vec<String> {
    let list = frame[field].as_array().expect("a list").iter();
    list.map(|user| user.as_str().or(user["name"].as_str()).expect("a name").to_owned()).collect()
}

/// Reads presence until somebody has left; everything that was told, as `+name` and `-name`.
async fn until_left(client: &mut TestClient, who: &str) -> Vec<String> {
    let mut told = Vec::new();
    loop {
        let frame = client.expect("presence").await;
        told.extend(names(&frame, "joined").into_iter().map(|name| format!("+{name}")));
        let left = names(&frame, "left");
        told.extend(left.iter().map(|name| format!("-{name}")));
        if left.iter().any(|name| name == who) {
            return told;
        }
    }
}

async fn until_joined(client: &mut TestClient, who: &str) -> Value {
    client.find(|frame| frame["type"] == "presence" && names(frame, "joined").iter().any(|name| name == who)).await
}

#[tokio::test]
async fn a_reload_is_not_noticed_and_an_absence_is_within_about_a_second() {
    let server = TestServer::start().await;
    let mut alice = server.join("tea", "alice").await;
    let bob = server.join("tea", "bob").await;
    until_joined(&mut alice, "bob").await;
    let dave = server.join("tea", "dave").await;
    until_joined(&mut alice, "dave").await;
    let session = format!("session={}", bob.session());
    bob.cut();
    let (bob, _) = server.join_with("tea", "bob", &session).await;
    // Dave goes later than Bob went: when Dave's absence is told, Bob's would have been.
    let gone = Instant::now();
    dave.close().await;
    assert_eq!(until_left(&mut alice, "dave").await, ["-dave"]);
    assert!((Duration::from_millis(500)..Duration::from_secs(3)).contains(&gone.elapsed()), "{:?}", gone.elapsed());
    let users = alice.ask(json!({ "type": "users" })).await;
    assert_eq!(names(&users, "users"), ["alice", "bob"]);
    // Who leaves a room on purpose is not waited for.
    let mut bob = bob;
    let left = Instant::now();
    bob.ask(json!({ "type": "leave" })).await;
    assert_eq!(until_left(&mut alice, "bob").await, ["-bob"]);
    assert!(left.elapsed() < Duration::from_millis(800), "{:?}", left.elapsed());
}

#[tokio::test]
async fn many_comings_are_told_together_and_each_once() {
    let server = TestServer::start().await;
    let mut alice = server.join("tea", "alice").await;
    until_joined(&mut alice, "alice").await;
    let users: Vec<_> = (0..40).map(|number| format!("user{number}")).collect();
    let clients = join_all(users.iter().map(|user| server.join("tea", user))).await;
    let (mut told, mut frames) = (Vec::new(), 0);
    while told.len() < users.len() {
        let frame = alice.expect("presence").await;
        told.extend(names(&frame, "joined"));
        frames += 1;
        assert_eq!(frame["online"], 1 + told.len());
    }
    assert!(frames <= 20, "{frames} frames for {} users", users.len());
    told.sort();
    let mut expected = users.clone();
    expected.sort();
    assert_eq!(told, expected);
    drop(clients);
    let (mut gone, mut frames) = (Vec::new(), 0);
    while gone.len() < users.len() {
        let frame = alice.expect("presence").await;
        gone.extend(names(&frame, "left"));
        frames += 1;
    }
    assert!(frames <= 20, "{frames} frames for {} users", users.len());
    gone.sort();
    assert_eq!(gone, expected);
}

#[tokio::test]
async fn two_connections_are_one_user_who_is_here_until_both_are_gone() {
    let server = TestServer::start().await;
    let mut alice = server.join("tea", "alice").await;
    until_joined(&mut alice, "alice").await;
    let phone = server.join("tea", "bob").await;
    until_joined(&mut alice, "bob").await;
    let (laptop, joined) = server.join_with("tea", "BOB", &format!("session={}", phone.session())).await;
    assert_eq!(names(&joined, "users"), ["alice", "bob"]);
    phone.close().await;
    // Carol comes and goes after the phone went: had Bob been told as gone, it would have been before.
    server.join("tea", "carol").await.close().await;
    assert_eq!(until_left(&mut alice, "carol").await, ["+carol", "-carol"]);
    laptop.close().await;
    assert_eq!(until_left(&mut alice, "bob").await, ["-bob"]);
}

#[tokio::test]
async fn who_comes_in_is_told_who_is_here_and_a_signal_is_never_older() {
    let server = TestServer::start().await;
    let mut rooms = Vec::new();
    for user in ["ann", "bob", "cyd"] {
        rooms.push(server.join("tea", user).await);
    }
    let (_dan, joined) = server.join_with("tea", "dan", "").await;
    assert_eq!(names(&joined, "users"), ["ann", "bob", "cyd", "dan"]);
    let other = server.join("coffee", "eve").await;
    let users = rooms[0].ask(json!({ "type": "users", "room": "coffee" })).await;
    assert_eq!(names(&users, "users"), ["eve"], "a room may be looked into from outside");
    drop(other);
}

/// What a client has that does as the protocol says.
struct List {
    users: BTreeSet<String>,
    online: u64,
}

impl List {
    fn of(joined: &Value) -> Self {
        Self { users: names(joined, "users").into_iter().collect(), online: joined["online"].as_u64().expect("a number") }
    }

    /// Reads presence until so many are told.
    async fn until(&mut self, client: &mut TestClient, online: usize) {
        while self.online != online as u64 {
            let frame = client.expect("presence").await;
            self.users.extend(names(&frame, "joined"));
            for name in names(&frame, "left") {
                self.users.remove(&name);
            }
            self.online = frame["online"].as_u64().expect("a number");
            assert_eq!(self.users.len() as u64, self.online.min(limits::USERS as u64), "the list is never short: {frame}");
        }
    }

    #[track_caller]
    fn holds(&self, everybody: &BTreeSet<String>) {
        let expected: Vec<_> = everybody.iter().take(limits::USERS).collect();
        assert_eq!(self.users.iter().collect::<Vec<_>>(), expected);
    }
}

#[tokio::test]
async fn a_big_room_lists_the_first_by_name_and_counts_the_others() {
    let server = TestServer::start().await;
    let (mut zoe, joined) = server.join_with("fair", "zoe", "").await;
    assert_eq!(zoe.welcome["limits"]["users"], limits::USERS);
    let mut list = List::of(&joined);
    let mut everybody: BTreeSet<_> = ["zoe".to_owned()].into();
    let mut guests = Vec::new();
    let users: Vec<_> = (0..limits::USERS + 20).map(|number| format!("user{number:03}")).collect();
    for some in users.chunks(44) {
        guests.extend(join_all(some.iter().map(|user| server.join("fair", user))).await);
        everybody.extend(some.iter().cloned());
        list.until(&mut zoe, everybody.len()).await;
        list.holds(&everybody);
    }
    assert!(!list.users.contains("zoe"), "one may be too far behind for one's own list");
    // Who comes in front pushes somebody out, and is told the same list as everybody has.
    let (mut ann, joined) = server.join_with("fair", "ann", "").await;
    everybody.insert("ann".into());
    List::of(&joined).holds(&everybody);
    assert_eq!(joined["online"], everybody.len());
    list.until(&mut zoe, everybody.len()).await;
    list.holds(&everybody);
    let all = names(&ann.ask(json!({ "type": "users" })).await, "users");
    assert_eq!(all, everybody.iter().cloned().collect::<Vec<_>>(), "who asks hears of everybody");
    // Others move up when those before them go, until everybody is in the list again.
    let mut list_of_ann = List::of(&joined);
    for mut guest in guests.drain(..60) {
        let name = guest.welcome["user"].as_str().expect("a name").to_owned();
        guest.ask(json!({ "type": "leave" })).await;
        everybody.remove(&name);
    }
    for (client, list) in [(&mut zoe, &mut list), (&mut ann, &mut list_of_ann)] {
        list.until(client, everybody.len()).await;
        list.holds(&everybody);
    }
    assert!(list.users.contains("zoe"));
}

#[tokio::test]
async fn the_tutorials_are_told_of_each_connection_at_once() {
    let server = TestServer::start().await;
    let mut plain = server.open("/ws/1").await;
    plain.find_text(|text| text == "Client #1 has entered the chat").await;
    let carol = server.join("lobby", "carol").await;
    plain.find_text(|text| text == "carol has entered the chat").await;
    let first = server.open("/ws/7").await;
    let second = server.open("/ws/7").await;
    let mut named = server.open("/ws/dora").await;
    named.find(|frame| frame["type"] == "connection" && frame["client_id"] == "dora").await;
    for _ in 0..2 {
        plain.find_text(|text| text == "Client #7 has entered the chat").await;
    }
    plain.find_text(|text| text == "dora has entered the chat").await;
    // Carol goes first and is told last: a chat user has a moment to come back, a tutorial's client has none.
    carol.close().await;
    first.close().await;
    second.close().await;
    let gone = |text: &str| text.ends_with("has left the chat");
    let told = [plain.find_text(gone).await, plain.find_text(gone).await, plain.find_text(gone).await];
    assert_eq!(told, ["Client #7 has left the chat", "Client #7 has left the chat", "carol has left the chat"]);
    named.find(|frame| frame["type"] == "disconnection" && frame["client_id"] == "#7").await;
    named.close().await;
    plain.find_text(|text| text == "dora has left the chat").await;
}

#[tokio::test]
async fn typing_is_shown_once_and_ends_by_itself_by_speaking_and_by_leaving() {
    let server = TestServer::start().await;
    let mut alice = server.join("tea", "alice").await;
    let mut bob = server.join("tea", "bob").await;
    let typing = |active: bool| json!({ "type": "typing", "active": active });
    let shown = |active: bool| json!({ "type": "typing", "room": "tea", "user": "alice", "active": active });
    // Told five times in one breath, shown once; it ends three seconds after the last.
    for _ in 0..5 {
        alice.send(typing(true)).await;
    }
    let began = Instant::now();
    assert_eq!(bob.expect("typing").await, shown(true));
    assert_eq!(bob.expect("typing").await, shown(false));
    assert!((Duration::from_millis(2500)..Duration::from_secs(5)).contains(&began.elapsed()), "{:?}", began.elapsed());
    // By saying so.
    alice.send(typing(true)).await;
    alice.send(typing(false)).await;
    alice.send(typing(false)).await;
    assert_eq!(bob.expect("typing").await, shown(true));
    assert_eq!(bob.expect("typing").await, shown(false));
    // By speaking: it is over when the message is there, or just before.
    alice.send(typing(true)).await;
    alice.say("done").await;
    assert_eq!(bob.expect("typing").await, shown(true));
    assert_eq!(bob.expect("typing").await, shown(false));
    bob.expect("message").await;
    // By leaving the room, and by being gone.
    alice.send(typing(true)).await;
    alice.ask(json!({ "type": "leave" })).await;
    assert_eq!(bob.expect("typing").await, shown(true));
    assert_eq!(bob.expect("typing").await, shown(false));
    alice.ask(json!({ "type": "join", "room": "tea" })).await;
    alice.send(typing(true)).await;
    assert_eq!(bob.expect("typing").await, shown(true));
    let cut = Instant::now();
    alice.cut();
    assert_eq!(bob.expect("typing").await, shown(false));
    assert!(cut.elapsed() < Duration::from_millis(2500), "{:?}", cut.elapsed());
}
