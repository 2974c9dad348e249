//! Order in rooms: who may punish whom, how, for how long, and that it is all remembered.

mod common;

use chat_protocol::CloseCode;
use chat_server::realm::Role;
use common::{
    operator::Stage,
    order::{punish, refused, say, told, welcome_again},
    tail::Tail,
};
use serde_json::{Value, json};

#[tokio::test]
async fn a_voice_is_taken_for_a_while_and_given_back() {
    let stage = Stage::start().await;
    let mut olga = stage.comes("tea", "olga", Role::Owner).await;
    let mut eve = stage.server.join("tea", "eve").await;
    let mut bob = stage.comes("tea", "bob", Role::Member).await;
    let kept = eve.does(json!({ "type": "send", "text": "before", "cid": "c1" })).await;
    let words = told(&mut olga, punish("mute", "EVE", json!({ "seconds": 2, "reason": "too loud" }))).await;
    assert_eq!(words, "In tea: you muted EVE (a guest) for 2 s: too loud");
    assert_eq!(eve.expect("notice").await["text"], json!("olga muted EVE (a guest) for 2 s: too loud"));
    let words = refused(&mut eve, say("hi"), "muted").await;
    eve.send(json!({ "type": "typing", "active": true })).await;
    assert!(words.starts_with("You may not say anything in tea for another ") && words.ends_with(": too loud"), "{words}");
    for request in [
        json!({ "type": "topic", "text": "mine" }),
        json!({ "type": "edit", "seq": kept["seq"], "text": "other words" }),
        json!({ "type": "react", "seq": kept["seq"], "emoji": "x", "on": true }),
    ] {
        eve.refused(request, "muted").await;
    }
    assert!(!bob.quiet().await.join("").contains("typing"), "nobody waits for what will not be said");
    // What was kept is kept: sent again, it is answered as before. And one's own words may be taken back.
    let again = eve.does(json!({ "type": "send", "text": "before", "cid": "c1" })).await;
    assert_eq!((&again["seq"], &again["duplicate"]), (&kept["seq"], &json!(true)));
    eve.does(json!({ "type": "delete", "seq": kept["seq"] })).await;
    // Elsewhere it may speak.
    eve.does(json!({ "type": "join", "room": "cake" })).await;
    eve.does(json!({ "type": "send", "room": "cake", "text": "hi" })).await;
    welcome_again(&mut eve, say("back again"), "muted").await;
    bob.hears("back again").await;

    told(&mut olga, punish("mute", "bob", json!({ "everywhere": true }))).await;
    for room in ["tea", "@bob,olga"] {
        refused(&mut bob, json!({ "type": "send", "room": room, "text": "hi" }), "muted").await;
    }
    let token = stage.token("bob").await;
    let bearer = format!("Bearer {token}");
    let headers = [("authorization", bearer.as_str()), ("content-type", "application/json")];
    let post = stage.server.http("POST", "/api/rooms/cake/messages", &headers, r#"{"text":"hi"}"#).await;
    assert_eq!((post.status, &post.json()["error"]["code"]), (403, &json!("muted")));
    let words = told(&mut olga, punish("unmute", "bob", json!({ "everywhere": true }))).await;
    assert_eq!(words, "Everywhere: you unmuted bob");
    bob.does(say("thanks")).await;
    refused(&mut olga, punish("unmute", "bob", json!({ "everywhere": true })), "no_such_user").await;
}

#[tokio::test]
async fn who_is_put_out_goes_and_who_is_banned_stays_out() {
    let stage = Stage::start().await;
    let mut olga = stage.comes("tea", "olga", Role::Owner).await;
    let mut eve = stage.server.join("tea", "eve").await;
    let session = eve.session().to_owned();
    told(&mut olga, punish("kick", "eve", json!({ "reason": "off topic" }))).await;
    assert_eq!(eve.expect("left").await["room"], json!("tea"));
    eve.find_words("You were put out of tea: off topic").await;
    assert_eq!(olga.does(json!({ "type": "users" })).await["users"], json!([{ "name": "olga" }]));
    // Once: it may come again.
    eve.does(json!({ "type": "join", "room": "tea" })).await;
    told(&mut olga, punish("ban", "eve", json!({ "seconds": 3600 }))).await;
    eve.expect("left").await;
    eve.find_words("You may not come into tea for another 1 h").await;
    eve.refused(json!({ "type": "join", "room": "tea" }), "forbidden").await;
    eve.does(json!({ "type": "join", "room": "cake" })).await;
    stage.check_closed(&format!("/ws/chat/tea/eve?session={session}"), CloseCode::Kicked).await;

    told(&mut olga, punish("kick", "eve", json!({ "everywhere": true }))).await;
    let closed = eve.closed_with(CloseCode::Kicked).await;
    assert_eq!(closed.reason, "You were put out");
    let (mut eve, _) = stage.server.join_with("cake", "eve", &format!("session={session}")).await;
    told(&mut olga, punish("ban", "eve", json!({ "everywhere": true, "reason": "spam" }))).await;
    assert_eq!(eve.closed_with(CloseCode::Kicked).await.reason, "You may not come in here: spam");
    for path in ["/ws/chat/cake/Eve", "/ws/eve", "/ws/json?user=eve"] {
        stage.check_closed(path, CloseCode::Kicked).await;
    }
    let json = [("content-type", "application/json")];
    told(&mut olga, punish("ban", "adam", json!({ "everywhere": true }))).await;
    let post = stage.server.http("POST", "/api/rooms/cake/messages", &json, r#"{"text":"hi","user":"adam"}"#).await;
    assert_eq!(post.status, 403, "{}", post.body);
    // It is so for the next server, too; and can be undone.
    let stage = stage.again().await;
    stage.check_closed("/ws/chat/cake/eve", CloseCode::Kicked).await;
    let token = stage.token("olga").await;
    let mut olga = stage.joins("tea", "olga", &token).await;
    told(&mut olga, punish("unban", "eve", json!({ "everywhere": true }))).await;
    stage.server.join_with("cake", "eve", &format!("session={session}")).await;

    let token = stage.account("bob").await;
    let mut bob = stage.joins("tea", "bob", &token).await;
    told(&mut olga, punish("ban", "bob", json!({ "everywhere": true }))).await;
    bob.closed_with(CloseCode::Kicked).await;
    stage.check_closed(&format!("/ws/chat/tea/bob?token={token}"), CloseCode::Kicked).await;
    stage.check_closed(&format!("/ws/7?token={token}"), CloseCode::Kicked).await;
    let bearer = format!("Bearer {token}");
    assert_eq!(stage.server.http("GET", "/api/rooms", &[("authorization", &bearer)], "").await.status, 403);
}

#[tokio::test]
async fn all_guests_of_an_address_are_one_and_accounts_are_not() {
    let stage = Stage::start().await;
    let mut olga = stage.comes("tea", "olga", Role::Owner).await;
    let mut bob = stage.comes("tea", "bob", Role::Member).await;
    let mut eve = stage.server.join("tea", "eve").await;
    let words = told(&mut olga, punish("mute", "eve", json!({ "address": true }))).await;
    assert_eq!(words, "In tea: you muted the guests of 127.0.0.1");
    eve.refused(say("hi"), "muted").await;
    let mut other = stage.server.join("tea", "mallory").await;
    other.refused(say("hi"), "muted").await;
    let json = [("content-type", "application/json")];
    let post = stage.server.http("POST", "/api/rooms/tea/messages", &json, r#"{"text":"hi"}"#).await;
    assert_eq!((post.status, &post.json()["error"]["code"]), (403, &json!("muted")));
    bob.does(say("I may")).await;
    // From where somebody comes is nobody else's business, but for those who keep order on the server.
    told(&mut olga, json!({ "type": "rank", "user": "bob", "role": "moderator" })).await;
    assert_eq!(told(&mut bob, json!({ "type": "deeds" })).await.lines().count(), 1, "that one was made a moderator");
    assert!(told(&mut olga, json!({ "type": "deeds" })).await.contains("127.0.0.1"));
    eve.hears("I may").await;
    assert!(![eve.quiet().await, bob.quiet().await].concat().join("").contains("127.0.0.1"));
    told(&mut olga, punish("ban", "eve", json!({ "address": true, "everywhere": true }))).await;
    eve.closed_with(CloseCode::Kicked).await;
    other.closed_with(CloseCode::Kicked).await;
    for path in ["/ws/chat/cake/somebody", "/ws", "/ws/7", "/ws/json", "/ws/tasks"] {
        stage.check_closed(path, CloseCode::Kicked).await;
    }
    assert_eq!(stage.server.get("/api/rooms").await.status, 403);
    bob.does(say("I still may")).await;
    told(&mut olga, punish("unban", "127.0.0.1", json!({ "address": true, "everywhere": true }))).await;
    stage.server.join("tea", "adam").await;
    refused(&mut olga, punish("ban", "nobody", json!({ "address": true })), "no_such_user").await;
}

#[tokio::test]
async fn who_is_put_out_reads_no_further_by_any_door() {
    let stage = Stage::start().await;
    let mut olga = stage.comes("tea", "olga", Role::Owner).await;
    let token = stage.account("bob").await;
    let session = stage.server.join("cake", "eve").await.session().to_owned();
    for (user, query) in [("bob", format!("?token={token}")), ("eve", format!("?session={session}"))] {
        let tail = async |room: &str| Tail::open(&stage.server, &format!("/api/rooms/{room}/tail{query}")).await;
        let (tea, mut cake) = (tail("tea").await, tail("cake").await);
        let mut feed = stage.server.open(&format!("/ws/tasks{query}")).await;
        let mut nobodys = Tail::open(&stage.server, "/api/rooms/tea/tail").await;
        told(&mut olga, punish("kick", user, json!({}))).await;
        assert!(tea.ended().await.is_empty());
        // It was one room that it was put out of, and once.
        olga.does(json!({ "type": "join", "room": "cake" })).await;
        olga.does(json!({ "type": "send", "room": "cake", "text": "hi" })).await;
        assert_eq!(cake.next().await["text"], "hi");
        let mut again = tail("tea").await;
        olga.does(json!({ "type": "send", "room": "tea", "text": "hi" })).await;
        assert_eq!((&again.next().await["text"], &nobodys.next().await["text"]), (&json!("hi"), &json!("hi")));
        told(&mut olga, punish("kick", user, json!({ "everywhere": true, "reason": "enough" }))).await;
        assert_eq!(feed.closed_with(CloseCode::Kicked).await.reason, "You were put out: enough");
        for tail in [cake, again] {
            assert!(tail.ended().await.is_empty());
        }
        olga.does(json!({ "type": "leave", "room": "cake" })).await;
        olga.does(json!({ "type": "send", "room": "tea", "text": "bye" })).await;
        assert_eq!(nobodys.next().await["text"], "bye");
    }
}

#[tokio::test]
async fn nobody_punishes_who_is_no_less_nor_where_it_is_nobody() {
    let stage = Stage::start().await;
    let mut olga = stage.comes("tea", "olga", Role::Owner).await;
    let mut mod_ = stage.comes("tea", "mona", Role::Moderator).await;
    let mut alice = stage.comes("tea", "alice", Role::Member).await;
    let mut bob = stage.comes("tea", "bob", Role::Member).await;
    let mut guest = stage.server.join("tea", "guest").await;
    for request in
        [punish("mute", "bob", json!({})), json!({ "type": "rules", "slow": 5 }), json!({ "type": "create", "room": "den" })]
    {
        assert_eq!(refused(&mut guest, request, "forbidden").await, "That takes an account");
    }
    refused(&mut bob, punish("mute", "guest", json!({})), "forbidden").await;
    for user in ["olga", "mona"] {
        refused(&mut mod_, punish("ban", user, json!({})), "forbidden").await;
        refused(&mut mod_, punish("kick", user, json!({ "everywhere": true })), "forbidden").await;
    }
    refused(&mut mod_, json!({ "type": "rules", "access": "private" }), "forbidden").await;
    refused(&mut mod_, json!({ "type": "rank", "user": "bob", "role": "owner" }), "forbidden").await;
    told(&mut mod_, punish("mute", "bob", json!({ "seconds": 60 }))).await;

    // Who owns a room is somebody there, and there only.
    alice.does(json!({ "type": "create", "room": "den" })).await;
    for client in [&mut alice, &mut bob, &mut guest, &mut mod_] {
        client.does(json!({ "type": "join", "room": "den" })).await;
    }
    let den = |more: Value| {
        let mut all = json!({ "room": "den" });
        all.as_object_mut().expect("an object").extend(more.as_object().expect("an object").clone());
        all
    };
    told(&mut alice, json!({ "type": "rank", "room": "den", "user": "bob", "role": "moderator" })).await;
    told(&mut bob, punish("kick", "guest", den(json!({})))).await;
    refused(&mut bob, punish("kick", "alice", den(json!({}))), "forbidden").await;
    refused(&mut bob, punish("kick", "guest", json!({ "room": "tea" })), "forbidden").await;
    refused(&mut alice, punish("kick", "guest", json!({ "everywhere": true })), "forbidden").await;
    refused(&mut alice, punish("ban", "guest", den(json!({ "address": true }))), "forbidden").await;
    refused(&mut bob, json!({ "type": "rank", "room": "den", "user": "mona", "role": "moderator" }), "forbidden").await;
    refused(&mut bob, json!({ "type": "rank", "room": "den", "user": "alice" }), "forbidden").await;
    told(&mut bob, json!({ "type": "rank", "room": "den", "user": "bob", "role": "member" })).await;
    refused(&mut bob, punish("kick", "guest", den(json!({}))), "forbidden").await;
    refused(&mut alice, json!({ "type": "rank", "room": "den", "user": "guest", "role": "member" }), "no_such_user").await;
    told(&mut olga, json!({ "type": "rules", "room": "den", "access": "private" })).await;
    mod_.expect("left").await;
    refused(&mut mod_, punish("kick", "alice", den(json!({}))), "no_such_room").await;
    refused(&mut alice, punish("mute", "bob", json!({ "room": "@alice,bob" })), "bad_request").await;
    refused(&mut alice, punish("mute", "bob", den(json!({ "seconds": 0 }))), "bad_request").await;
    refused(&mut alice, punish("mute", "bob", den(json!({ "reason": "x".repeat(501) }))), "too_long").await;
}

#[tokio::test]
async fn a_slow_room_takes_one_from_each_in_a_while() {
    let stage = Stage::start().await;
    let mut alice = stage.comes("tea", "alice", Role::Moderator).await;
    let mut bob = stage.comes("tea", "bob", Role::Member).await;
    let mut guest = stage.server.join("tea", "guest").await;
    told(&mut alice, json!({ "type": "rules", "slow": 2 })).await;
    let first = bob.does(json!({ "type": "send", "text": "one", "cid": "b1" })).await;
    guest.does(say("two")).await;
    let haste = bob.refused(say("three"), "rate_limited").await;
    let wait = haste["retry_ms"].as_u64().expect("a time");
    assert!((1..=2000).contains(&wait), "{haste}");
    let again = bob.does(json!({ "type": "send", "text": "one", "cid": "b1" })).await;
    assert_eq!((&again["seq"], &again["duplicate"]), (&first["seq"], &json!(true)));
    bob.does(json!({ "type": "react", "seq": first["seq"], "emoji": "x", "on": true })).await;
    for text in ["we", "do", "not", "wait"] {
        alice.does(say(text)).await;
    }
    welcome_again(&mut bob, say("four"), "rate_limited").await;
    told(&mut alice, json!({ "type": "rules", "slow": 0 })).await;
    bob.does(say("five")).await;
    bob.does(say("six")).await;
    refused(&mut alice, json!({ "type": "rules", "slow": 1_000_000 }), "bad_request").await;
    refused(&mut alice, json!({ "type": "create", "room": "glacier", "slow": 1_000_000 }), "bad_request").await;
}

#[tokio::test]
async fn who_speaks_and_who_sets_the_topic_is_as_the_owner_says() {
    let stage = Stage::start().await;
    let mut alice = stage.comes("tea", "alice", Role::Member).await;
    let mut bob = stage.comes("tea", "bob", Role::Member).await;
    alice.does(json!({ "type": "create", "room": "news", "speak": "moderators" })).await;
    for client in [&mut alice, &mut bob] {
        client.does(json!({ "type": "join", "room": "news" })).await;
    }
    assert_eq!(
        refused(&mut bob, json!({ "type": "send", "room": "news", "text": "hi" }), "forbidden").await,
        "Only moderators speak in news"
    );
    bob.refused(json!({ "type": "topic", "room": "news", "text": "mine" }), "forbidden").await;
    alice.does(json!({ "type": "send", "room": "news", "text": "hear, hear" })).await;
    bob.hears("hear, hear").await;
    let json = [("content-type", "application/json")];
    assert_eq!(stage.server.http("POST", "/api/rooms/news/messages", &json, r#"{"text":"hi"}"#).await.status, 403);
    told(&mut alice, json!({ "type": "rules", "room": "news", "speak": "all", "topic": "moderators" })).await;
    bob.does(json!({ "type": "send", "room": "news", "text": "at last" })).await;
    bob.refused(json!({ "type": "topic", "room": "news", "text": "mine" }), "forbidden").await;
    assert_eq!(
        told(&mut bob, json!({ "type": "rules", "room": "news" })).await,
        "news is public, its topic is the moderators'; owners: alice"
    );
    let words = refused(&mut bob, json!({ "type": "create", "room": "TEA" }), "bad_request").await;
    assert_eq!(words, "There is a room TEA already");
}

#[tokio::test]
async fn what_is_taken_away_keeps_its_place_and_all_that_is_done_is_remembered() {
    let stage = Stage::start().await;
    let mut mona = stage.comes("tea", "mona", Role::Moderator).await;
    let mut eve = stage.server.join("tea", "eve").await;
    let said = eve.does(say("buy my things")).await;
    eve.does(say("second")).await;
    let mut bob = stage.comes("tea", "bob", Role::Member).await;
    bob.refused(json!({ "type": "delete", "seq": said["seq"] }), "forbidden").await;
    mona.refused(json!({ "type": "edit", "seq": said["seq"], "text": "nice words" }), "forbidden").await;
    let deletion = mona.does(json!({ "type": "delete", "seq": said["seq"] })).await;
    assert_eq!(deletion["type"], "ack");
    let deleted = eve.expect("deleted").await;
    assert_eq!((&deleted["target"], &deleted["from"]), (&said["seq"], &json!("mona")));
    let again = mona.does(json!({ "type": "delete", "seq": said["seq"] })).await;
    assert_eq!((&again["seq"], &again["duplicate"]), (&deletion["seq"], &json!(true)));
    let history = bob.does(json!({ "type": "history" })).await;
    assert_eq!((&history["messages"][0]["seq"], &history["messages"][0]["text"]), (&said["seq"], &json!("")));
    assert_eq!(bob.does(json!({ "type": "search", "query": "things" })).await["messages"], json!([]));
    told(&mut mona, punish("mute", "eve", json!({ "seconds": 600, "reason": "ads" }))).await;
    told(&mut mona, punish("ban", "eve", json!({ "everywhere": true }))).await;
    told(&mut mona, json!({ "type": "rules", "slow": 3 })).await;
    bob.refused(json!({ "type": "deeds" }), "forbidden").await;
    bob.refused(json!({ "type": "deeds", "everywhere": true }), "forbidden").await;

    let stage = stage.again().await;
    let token = stage.token("mona").await;
    let mut mona = stage.joins("tea", "mona", &token).await;
    let here = told(&mut mona, json!({ "type": "deeds" })).await;
    let without_times = |text: &str| text.lines().map(|line| line[25..].to_owned()).collect::<Vec<_>>();
    let took = format!("mona took message {} of eve away", said["seq"]);
    assert_eq!(without_times(&here), [took.as_str(), "mona muted eve (a guest) for 10 min: ads", "mona set slow: 3 s"]);
    let everywhere = told(&mut mona, json!({ "type": "deeds", "everywhere": true, "limit": 2 })).await;
    assert_eq!(
        without_times(&everywhere).iter().map(|line| line.trim_start().to_owned()).collect::<Vec<_>>(),
        ["[everywhere] mona banned eve (a guest)", "[tea] mona set slow: 3 s"]
    );
}

#[tokio::test]
async fn whom_one_blocks_does_not_reach_one_and_it_is_remembered() {
    let stage = Stage::start().await;
    let mut bob = stage.comes("tea", "bob", Role::Member).await;
    let mut eve = stage.server.join("tea", "eve").await;
    assert_eq!(bob.welcome.get("blocked"), None);
    eve.does(json!({ "type": "private", "to": "bob", "text": "psst" })).await;
    let answer = bob.does(json!({ "type": "block", "user": "EVE", "on": true })).await;
    assert_eq!((&answer["type"], &answer["users"]), (&json!("blocked"), &json!(["EVE"])));
    let words = refused(&mut eve, json!({ "type": "private", "to": "bob", "text": "psst" }), "forbidden").await;
    assert_eq!(words, "bob takes no private messages from you");
    eve.refused(json!({ "type": "send", "room": "@bob,eve", "text": "psst" }), "forbidden").await;
    let json = [("content-type", "application/json")];
    let session = eve.session().to_owned();
    let path = format!("/api/rooms/@bob,eve/messages?session={session}");
    assert_eq!(stage.server.http("POST", &path, &json, r#"{"text":"psst"}"#).await.status, 403);
    bob.refused(json!({ "type": "block", "user": "bob", "on": true }), "bad_request").await;
    let token = stage.token("bob").await;
    assert_eq!(stage.joins("tea", "bob", &token).await.welcome["blocked"], json!(["EVE"]));
    // A guest may, too.
    let mut guest = stage.server.join("tea", "guest").await;
    guest.does(json!({ "type": "block", "user": "bob", "on": true })).await;
    bob.refused(json!({ "type": "private", "to": "guest", "text": "psst" }), "forbidden").await;
    let session = guest.session().to_owned();

    let stage = stage.again().await;
    let mut bob = stage.joins("tea", "bob", &token).await;
    assert_eq!(bob.welcome["blocked"], json!(["EVE"]));
    let (guest, _) = stage.server.join_with("tea", "guest", &format!("session={session}")).await;
    assert_eq!(guest.welcome["blocked"], json!(["bob"]));
    bob.refused(json!({ "type": "private", "to": "guest", "text": "psst" }), "forbidden").await;
    assert_eq!(bob.does(json!({ "type": "block", "user": "eve", "on": false })).await["users"], json!([]));
    let mut eve = stage.server.join("tea", "eve").await;
    eve.does(json!({ "type": "private", "to": "bob", "text": "hello again" })).await;
    bob.hears("hello again").await;
}

#[tokio::test]
async fn at_a_plain_terminal_it_is_typed() {
    let stage = Stage::start().await;
    let mut olga = stage.comes("tea", "olga", Role::Owner).await;
    let mut eve = stage.server.join("tea", "eve").await;
    let mut old = stage.server.open("/ws/7").await;
    for (line, answer) in [
        ("/mute eve 10m too loud", "In tea: you muted eve (a guest) for 10 min: too loud"),
        ("/unmute eve", "In tea: you unmuted eve (a guest)"),
        ("/slow 5", "In tea: you set slow: 5 s"),
        ("/rules", "tea is public, one message in 5 s from each"),
        ("/create \"quiet corner\" private", "In quiet corner: you made the room"),
        ("/invite olga", "In tea: you made olga member"),
    ] {
        olga.line(line).await;
        olga.find(|frame| frame["type"] == "notice" && frame["text"] == answer).await;
    }
    olga.line("/kick eve bye").await;
    eve.expect("left").await;
    olga.does(json!({ "type": "join", "room": "lobby" })).await;
    olga.does(punish("kick", "#7", json!({ "room": "lobby" }))).await;
    assert_eq!(old.closed_with(CloseCode::Kicked).await.reason, "You were put out of lobby");
}
