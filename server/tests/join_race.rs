//! Who comes in while others talk has no gap and hears nothing twice: what it is told on coming in and what it then hears live
//! are one dense sequence.

mod common;

use std::{cell::Cell, rc::Rc};

use common::{
    TestClient, TestServer, config_in,
    sight::{Sight, seq},
};
use futures::future::join_all;
use serde_json::{Value, json};
use tokio::task::LocalSet;

fn random(below: u64) -> u64 {
    getrandom::u64().expect("randomness") % below
}

/// Says something again and again, so many in flight at any time, until told to stop. How many were kept.
async fn flood(mut client: TestClient, request: Value, window: u64, stop: Rc<Cell<bool>>) -> u64 {
    let (mut sent, mut acked) = (0, 0);
    loop {
        while !stop.get() && sent - acked < window {
            client.send(request.clone()).await;
            sent += 1;
        }
        if acked == sent {
            return acked;
        }
        acked += u64::from(client.next_text().await.contains("\"ack\""));
    }
}

/// Comes into a room in every way there is, at moments that nobody chose, and hears a while each time.
async fn come_and_go(server: &TestServer, room: &str, user: &str, times: usize) -> u64 {
    let (mut client, joined) = server.join_with(room, user, "").await;
    let mut sight = Sight::joined(&joined, 0);
    for _ in 0..times {
        let until = sight.last() + 1 + random(40);
        while sight.last() < until {
            sight.hear(&client.hear().await.expect("nobody is closed"));
        }
        let (after, epoch) = (sight.last(), client.epoch().to_owned());
        let session = format!("session={}", client.session());
        match random(4) {
            0 => {
                client.cut();
                let (again, joined) = server.join_with(room, user, &session).await;
                (client, sight) = (again, Sight::joined(&joined, 0));
            }
            1 => {
                client.cut();
                let query = format!("{session}&after={after}&epoch={epoch}");
                let (again, joined) = server.join_with(room, user, &query).await;
                assert_eq!(joined["recovered"], true, "{joined}");
                (client, sight) = (again, Sight::joined(&joined, after));
            }
            way => {
                let leaves = way == 2;
                if leaves {
                    client.send(json!({ "type": "leave", "room": room })).await;
                }
                let after = after.saturating_sub(random(600));
                client.send(json!({ "type": "join", "room": room, "after": after, "epoch": epoch })).await;
                let joined = loop {
                    let frame = client.hear().await.expect("nobody is closed");
                    if frame["type"] == "joined" {
                        break frame;
                    }
                    sight.hear(&frame);
                };
                assert_eq!(joined["recovered"], true, "{joined}");
                sight = Sight::joined(&joined, after);
            }
        }
    }
    let until = sight.last() + 5;
    while sight.last() < until {
        sight.hear(&client.hear().await.expect("nobody is closed"));
    }
    sight.last()
}

async fn joiners_during_a_flood(server: TestServer, window: u64) {
    LocalSet::new()
        .run_until(async {
            let stop = Rc::new(Cell::new(false));
            let mut writers = Vec::new();
            for number in 0..3 {
                let client = server.join("tea", &format!("writer{number}")).await;
                let request = json!({ "type": "send", "text": "on and on" });
                writers.push(tokio::task::spawn_local(flood(client, request, window, Rc::clone(&stop))));
            }
            let joiners: Vec<_> = (0..6).map(|number| format!("joiner{number}")).collect();
            join_all(joiners.iter().map(|user| come_and_go(&server, "tea", user, 8))).await;
            stop.set(true);
            let kept: u64 = join_all(writers).await.into_iter().map(|writer| writer.expect("no writer fails")).sum();
            let (_, joined) = server.join_with("tea", "last", "").await;
            assert_eq!(seq(&joined), kept, "acks and numbers agree");
        })
        .await;
}

#[tokio::test]
async fn joining_during_a_flood_leaves_no_gap_in_memory() {
    joiners_during_a_flood(TestServer::start().await, 60).await;
}

#[tokio::test]
async fn joining_during_a_flood_leaves_no_gap_on_disk() {
    let dir = tempfile::tempdir().unwrap();
    joiners_during_a_flood(TestServer::with(config_in(dir.path())).await, 200).await;
}

#[tokio::test]
async fn a_private_conversation_is_heard_whole_by_whoever_comes_during_it() {
    let server = TestServer::start().await;
    let room = "@alice,bob";
    let talk = async {
        let first = server.join("tea", "alice").await;
        let bob = server.join("tea", "bob").await;
        let stop = Rc::new(Cell::new(false));
        let request = json!({ "type": "private", "to": "alice", "text": "psst" });
        let writer = tokio::task::spawn_local(flood(bob, request, 20, Rc::clone(&stop)));
        let (session, epoch) = (format!("session={}", first.session()), first.epoch().to_owned());
        for _ in 0..12 {
            // From the list in `welcome` on, it is live.
            let (mut alice, _) = server.join_with("tea", "alice", &session).await;
            let listed = alice.welcome["private"].as_array().expect("a list").first().map_or(0, seq);
            let mut sight = Sight::after(room, listed);
            let until = listed + 1 + random(30);
            while sight.last() < until {
                sight.hear(&alice.hear().await.expect("nobody is closed"));
            }
            // And from a place in particular.
            let after = sight.last().saturating_sub(random(700));
            alice.send(json!({ "type": "join", "room": room, "after": after, "epoch": epoch })).await;
            let joined = loop {
                let frame = alice.hear().await.expect("nobody is closed");
                if frame["type"] == "joined" {
                    break frame;
                }
                sight.hear(&frame);
            };
            assert_eq!(joined["recovered"], true, "{joined}");
            let mut sight = Sight::joined(&joined, after);
            let until = seq(&joined) + 10;
            while sight.last() < until {
                sight.hear(&alice.hear().await.expect("nobody is closed"));
            }
        }
        stop.set(true);
        writer.await.expect("the writer ends well");
    };
    LocalSet::new().run_until(talk).await;
}

/// Says a line so many times, some in flight at any time: who does not read what it says itself would be too slow.
async fn say_often(client: &mut TestClient, text: &str, times: usize) {
    let (mut sent, mut acked) = (0, 0);
    while acked < times {
        while sent < times.min(acked + 10) {
            client.send(json!({ "type": "send", "text": text })).await;
            sent += 1;
        }
        acked += usize::from(client.next_text().await.starts_with("{\"type\":\"ack\""));
    }
}

/// More is committed than is held for a member that comes in, because it takes what it asked for so slowly; and the talk goes on
/// while it goes live.
#[tokio::test]
async fn who_reads_its_resume_slower_than_others_talk_still_gets_all_of_it() {
    let dir = tempfile::tempdir().unwrap();
    let server = TestServer::with(config_in(dir.path())).await;
    let mut alice = server.join("tea", "alice").await;
    // A first page, which is read at once, and a second one that is more than the systems between the two take.
    say_often(&mut alice, "short", 500).await;
    say_often(&mut alice, &"x".repeat(14_000), 520).await;
    let query = format!("after=0&epoch={}", alice.epoch());
    let mut slow = Vec::new();
    for number in 0..4 {
        let (client, joined) = server.join_narrow("tea", &format!("slow{number}"), &query).await;
        assert_eq!(joined["more"], true);
        slow.push((client, Sight::joined(&joined, 0)));
    }
    // Each in a commit of its own: more than are held.
    for _ in 0..70 {
        alice.say("a lone line").await;
    }
    // What is read last takes a while to read, and the talk goes on meanwhile.
    say_often(&mut alice, &"y".repeat(4000), 250).await;
    let talk = async {
        let stop = Rc::new(Cell::new(false));
        let request = json!({ "type": "send", "text": "on and on" });
        let writer = tokio::task::spawn_local(flood(alice, request, 20, Rc::clone(&stop)));
        for (client, mut sight) in slow {
            let mut live = 0;
            let mut client = client;
            while live < 300 {
                let frame = client.hear().await.expect("it is not closed");
                live += usize::from(sight.hear(&frame) && frame["type"] == "message");
            }
            client.cut();
        }
        stop.set(true);
        writer.await.expect("the writer ends well");
    };
    LocalSet::new().run_until(talk).await;
}
