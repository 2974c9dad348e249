//! A big room is told in goes: what comes first waits for a moment, and between two goes the room rests. Nobody may notice more
//! of that than this moment: everything comes once, in order, to whoever is there, and what passes keeps its place behind what
//! was said.

mod common;

use common::{
    TestClient, TestServer, config,
    raw::{FIN, Raw as _, TEXT, frame},
    sight::{Sight, seq},
};
use futures::future::join_all;
use serde_json::json;

/// All on one shard, and enough of them for their room to rest.
const MEMBERS: usize = 230;
const SPEAKERS: usize = 3;
const LINES: usize = 60;

async fn full(room: &str) -> (TestServer, Vec<TestClient>) {
    let server = TestServer::with(chat_server::Config { shards: 1, ..config() }).await;
    let names: Vec<_> = (0..MEMBERS).map(|number| format!("member{number}")).collect();
    let mut members = Vec::new();
    for some in names.chunks(46) {
        members.extend(join_all(some.iter().map(|name| server.join(room, name))).await);
    }
    (server, members)
}

async fn read_to(client: &mut TestClient, sight: &mut Sight, last: u64) {
    while sight.last() < last {
        sight.hear(&client.hear().await.expect("nobody is closed"));
    }
}

#[tokio::test]
async fn what_waits_is_told_once_and_in_order_to_whoever_is_there_or_comes() {
    let (server, mut members) = full("fair").await;
    let last = (SPEAKERS * LINES) as u64;
    for speaker in &mut members[..SPEAKERS] {
        for line in 0..LINES {
            speaker.send(json!({ "type": "send", "text": format!("line {line}") })).await;
        }
    }
    // People come while that is told: each starts where its snapshot ends.
    let coming = join_all((0..20).map(|number| {
        let server = &server;
        async move {
            let (mut client, joined) = server.join_with("fair", &format!("late{number}"), "").await;
            let mut sight = Sight::joined(&joined, 0);
            read_to(&mut client, &mut sight, last).await;
        }
    }));
    let staying = join_all(members.iter_mut().skip(SPEAKERS).map(|member| async move {
        let mut sight = Sight::after("fair", 0);
        read_to(member, &mut sight, last).await;
        sight
    }));
    let (_, sights) = futures::future::join(coming, staying).await;
    assert!(sights.iter().all(|sight| *sight == sights[0]), "two readers disagree");
    // Who came last knows no less than who was there: what is at hand is up to date.
    let (_, joined) = server.join_with("fair", "last", "").await;
    assert_eq!((seq(&joined), joined["more"].as_bool()), (last, Some(true)));
    let texts: Vec<_> = joined["messages"].as_array().unwrap().iter().map(|message| message["text"].as_str().unwrap()).collect();
    let expected: Vec<_> = sights[0].seen.iter().rev().take(50).rev().map(|(_, text)| text.as_str()).collect();
    assert_eq!(texts, expected);
    server.stop().await;
}

#[tokio::test]
async fn what_is_said_while_something_waits_is_told_together() {
    let (server, mut members) = full("fair").await;
    // One after the other, each when the last one is kept, so that nothing but the room's waiting can bring two of them together.
    // How soon it does depends on how busy the machine is.
    for _ in 0..50 {
        for line in 0..20 {
            members[0].say(&format!("line {line}")).await;
        }
        let (deliveries, tellings) = (server.metric("chat_deliveries_total").await, server.metric("chat_tellings_total").await);
        if tellings < deliveries {
            return server.stop().await;
        }
    }
    panic!("a thousand lines, and each in a go of its own");
}

#[tokio::test]
async fn who_leaves_after_its_last_words_is_told_to_leave_after_them() {
    let (server, mut members) = full("lobby").await;
    let mut reader = server.open("/ws/1").await;
    reader.find_words("Client #1 has entered").await;
    for id in 2..12 {
        let mut other = server.open(&format!("/ws/{id}")).await;
        other.find_words(&format!("Client #{id} has entered")).await;
        // The room is about to be told this, or rests after it, when the last words come.
        members[0].say("busy").await;
        other.line("bye").await;
        other.cut();
        let told =
            reader.find_text(|text| text == format!("Client #{id}: bye") || text == format!("Client #{id} has left the chat"));
        assert_eq!(told.await, format!("Client #{id}: bye"));
        reader.find_words(&format!("Client #{id} has left")).await;
    }
    server.stop().await;
}

/// Where what comes back is all that says that it was kept.
#[tokio::test]
async fn who_speaks_and_leaves_at_once_hears_itself() {
    let (server, _members) = full("lobby").await;
    for round in 0..10 {
        let mut one = server.open(&format!("/ws/late{round}")).await;
        let words = format!("the last of {round}");
        one.raw(&[frame(FIN | TEXT, words.as_bytes()), frame(FIN | 8, &1000_u16.to_be_bytes())].concat()).await;
        one.find_words(&words).await;
        assert_eq!(one.closed().await.code, 1000);
    }
    server.stop().await;
}

#[tokio::test]
async fn a_change_makes_the_next_one_who_comes_read_anew() {
    let server = TestServer::start().await;
    let mut ann = server.join("fair", "ann").await;
    let first = seq(&ann.say("frist").await);
    server.join("fair", "bob").await;
    for (request, field, expected) in [
        (json!({ "type": "edit", "seq": first, "text": "first" }), "text", json!("first")),
        (json!({ "type": "react", "seq": first, "emoji": "👍", "on": true }), "reactions", json!({ "👍": ["ann"] })),
        (json!({ "type": "delete", "seq": first }), "deleted", json!(true)),
    ] {
        let last = seq(&ann.ask(request).await);
        ann.say("and more").await;
        for again in 0..2 {
            let (_, joined) = server.join_with("fair", &format!("cyd{last}{again}"), "").await;
            assert_eq!((&joined["messages"][0][field], seq(&joined)), (&expected, last + 1), "{joined}");
        }
    }
    ann.ask(json!({ "type": "topic", "text": "tea" })).await;
    let (_, joined) = server.join_with("fair", "dan", "").await;
    assert_eq!(joined["topic"], "tea");
    server.stop().await;
}
