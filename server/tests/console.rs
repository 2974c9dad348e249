//! The operator's console against a real server: what it sees, what it does and who hears of it; that nobody else may, and that one
//! that does not read harms nobody.

mod common;

use std::{path::Path, time::Duration};

use chat_protocol::{Action, CloseCode, task::TaskKind};
use chat_server::{
    admin::{Act, Answer, Order, RoomSorting, Sight},
    realm::Role,
    roster::{Asked, ConnectionLine, Sorting},
};
use common::{PATIENCE, TestClient, operator::Stage, program::Program};
use serde_json::{Value, json};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::UnixStream,
    time::timeout,
};

async fn look(stage: &Stage) -> Sight {
    match stage.order(Order::Look { log_after: 0 }).await {
        Answer::Sight(sight) => *sight,
        other => panic!("{other:?}"),
    }
}

async fn connections(stage: &Stage, asked: Asked) -> Vec<ConnectionLine> {
    match stage.order(Order::Connections(asked)).await {
        Answer::Connections { connections, .. } => connections,
        other => panic!("{other:?}"),
    }
}

fn all() -> Asked {
    Asked { sorting: Sorting::Name, limit: 100, ..Asked::default() }
}

async fn act(stage: &Stage, act: Act) -> String {
    match stage.order(Order::Act(act)).await {
        Answer::Done { words } => words,
        other => panic!("{other:?}"),
    }
}

fn punish(action: Action, user: &str, room: Option<&str>) -> Act {
    let room = room.map(str::to_owned);
    Act::Punish { action, user: user.into(), address: false, room, seconds: None, reason: "enough".into() }
}

async fn notice(client: &mut TestClient, words: &str) -> Value {
    client.find(|value| value["type"] == "notice" && value["text"] == words).await
}

#[tokio::test]
async fn what_it_shows_is_what_metrics_say() {
    let stage = Stage::start().await;
    stage.account("paul").await;
    let mut alice = stage.server.join("tea", "alice").await;
    let mut bob = stage.server.join("cake", "bob").await;
    for text in ["one", "two", "three"] {
        alice.say(text).await;
    }
    bob.say("four").await;
    let vitals = look(&stage).await.vitals;
    let counted = [vitals.messages, vitals.connections, vitals.users, vitals.rooms, vitals.accounts];
    assert_eq!(counted, [4, 2, 2, 2, 1]);
    for (name, expected) in [
        ("chat_messages_total", 4.0),
        ("chat_connections", 2.0),
        ("chat_users", 2.0),
        ("chat_rooms", 2.0),
        ("chat_accounts", 1.0),
        ("chat_deliveries_total", vitals.deliveries as f64),
        ("chat_log_writable", 1.0),
        ("chat_draining", 0.0),
    ] {
        assert_eq!(stage.server.metric(name).await, expected, "{name}");
    }
    // Beside the messages: the account, its token, and two guests' sessions at least.
    assert!(vitals.commit_sizes.sum >= 8.0, "{:?}", vitals.commit_sizes);
    assert!(vitals.commit_seconds.count() >= 4 && vitals.commit_sizes.count() == vitals.commit_seconds.count());
    let store = vitals.store.expect("a store");
    assert!(store.bytes > 10_000 && store.free_bytes > 0 && Path::new(&store.path) == stage.directory.path(), "{store:?}");
    let threads: Vec<_> = vitals.process.threads.iter().map(|thread| thread.name.as_str()).collect();
    assert!(threads.contains(&"shard-0") && threads.contains(&"log-write"), "{threads:?}");
    // What was sent and said is counted once a second.
    stage.server.metric_becomes("chat_received_bytes_total", |bytes| bytes > 100.0).await;
    stage.server.metric_becomes("chat_sent_bytes_total", |bytes| bytes > 1000.0).await;
}

#[tokio::test]
async fn who_is_here_and_where_is_shown_and_can_be_looked_for() {
    let stage = Stage::start().await;
    let mut paul = stage.comes("tea", "paul", Role::Member).await;
    let mut alice = stage.server.join("tea", "alice").await;
    let _plain = stage.server.open("/ws/7").await;
    let _tasks = stage.server.open("/ws/tasks").await;
    paul.does(json!({ "type": "join", "room": "cake" })).await;
    alice.say("hi").await;
    let lines = connections(&stage, all()).await;
    let shown = |line: &ConnectionLine| (line.user.clone().unwrap_or_default(), line.dialect.clone(), line.account);
    let shown: Vec<_> = lines.iter().map(shown).collect();
    let expected = [("#7", "plain", false), ("alice", "chat", false), ("paul", "chat", true), ("", "tasks", false)];
    assert_eq!(shown, expected.map(|(user, dialect, account)| (user.to_owned(), dialect.to_owned(), account)));
    assert!(lines[1].said > 0 && lines[1].took > 100 && lines[1].address.is_loopback() && lines[1].rooms.is_empty());
    let only = connections(&stage, Asked { only: Some(lines[2].id), limit: 1, ..Asked::default() }).await;
    assert_eq!(only[0].rooms, ["cake", "tea"]);
    let filtered = connections(&stage, Asked { filter: "ALI".into(), ..all() }).await;
    assert_eq!(filtered.iter().map(|line| line.id).collect::<Vec<_>>(), [lines[1].id]);
    let rooms = async |filter: &str, sorting| match stage.order(Order::Rooms { filter: filter.into(), sorting, limit: 9 }).await {
        Answer::Rooms { rooms, .. } => {
            rooms.into_iter().map(|room| (room.name.to_string(), room.online, room.seq)).collect::<Vec<_>>()
        }
        other => panic!("{other:?}"),
    };
    let tea = ("tea".to_owned(), 2, Some(1));
    assert_eq!(rooms("", RoomSorting::Online).await[0], tea);
    assert_eq!(rooms("te", RoomSorting::Name).await, [tea]);
    match stage.order(Order::Room { name: "tea".into() }).await {
        Answer::Room { users, .. } => assert_eq!(users, ["alice", "paul"]),
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn what_is_done_is_heard_by_those_whom_it_concerns_and_remembered() {
    let stage = Stage::start().await;
    let mut olga = stage.comes("tea", "olga", Role::Owner).await;
    let mut alice = stage.server.join("tea", "alice").await;
    let mut bob = stage.server.join("cake", "bob").await;
    assert_eq!(act(&stage, Act::Notice { room: None, text: " tea is ready ".into() }).await, "Everybody was told");
    for client in [&mut olga, &mut alice, &mut bob] {
        notice(client, "tea is ready").await;
    }
    act(&stage, Act::Notice { room: Some("tea".into()), text: "only here".into() }).await;
    notice(&mut alice, "only here").await;
    act(&stage, Act::Slow { room: "cake".into(), seconds: 30 }).await;
    notice(&mut bob, "operator set slow: 30 s").await;
    act(&stage, punish(Action::Mute, "alice", Some("tea"))).await;
    notice(&mut alice, "operator muted alice (a guest): enough").await;
    alice.refused(json!({ "type": "send", "text": "hi" }), "muted").await;
    act(&stage, punish(Action::Kick, "alice", None)).await;
    assert!(alice.closed_with(CloseCode::Kicked).await.reason.contains("enough"));
    let id = connections(&stage, Asked { filter: "bob".into(), ..all() }).await[0].id;
    act(&stage, Act::Close { connection: id }).await;
    bob.closed_with(CloseCode::Kicked).await;
    let begin = |task| Order::Begin { task, room: None, format: None, file: Some("../chat.db".into()) };
    assert!(matches!(stage.order(begin(TaskKind::Import)).await, Answer::Refused { .. }));
    assert!(matches!(stage.order(begin(TaskKind::Verify)).await, Answer::Tasks { .. }));
    // Who may keep order reads of all of it, as of what is done in a room.
    let deeds = olga.ask(json!({ "type": "deeds", "everywhere": true })).await["text"].as_str().unwrap_or_default().to_owned();
    for words in [
        "[everywhere] operator said: tea is ready",
        "[tea] operator said: only here",
        "[cake] operator set slow: 30 s",
        "[tea] operator muted alice (a guest): enough",
        "[everywhere] operator kicked alice (a guest): enough",
        &format!("[everywhere] operator closed connection {id}"),
    ] {
        assert!(deeds.contains(words), "{words}: {deeds}");
    }
    assert!(
        deeds.contains("operator began a verification") && !deeds.contains("import"),
        "what was not done is no deed: {deeds}"
    );
    // What says nothing, or is about nobody, is refused in words.
    for (wrong, words) in [
        (Act::Notice { room: None, text: "  ".into() }, "A notice has 1 to 1000 bytes"),
        (Act::Slow { room: "cake".into(), seconds: 1_000_000 }, "A room is slow by at most"),
        (Act::Stay, "It was not going down"),
        (Act::Close { connection: 424_242 }, "There is no such connection any more"),
        (Act::Reload, "no configuration file"),
        (Act::LogFilter { filter: "debug".into() }, "chosen by somebody else"),
        (Act::Slow { room: "@alice,bob".into(), seconds: 1 }, "a name begins with"),
    ] {
        match stage.order(Order::Act(wrong)).await {
            Answer::Refused { words: said } => assert!(said.contains(words), "{said}"),
            other => panic!("{other:?}"),
        }
    }
}

#[tokio::test]
async fn from_afar_only_owners_order_and_nothing_that_makes_secrets() {
    let stage = Stage::start().await;
    let (olga, paul) = (stage.account_as("olga", Role::Owner).await, stage.account_as("paul", Role::Moderator).await);
    let mut alice = stage.server.join("tea", "alice").await;
    let mut bob = stage.server.join("tea", "bob").await;
    let post = async |token: Option<&str>, order: &Order| {
        let bearer = token.map(|token| format!("Bearer {token}"));
        let mut headers = vec![("content-type", "application/json")];
        headers.extend(bearer.as_ref().map(|bearer| ("authorization", bearer.as_str())));
        let reply = stage.server.http("POST", "/api/operator", &headers, &serde_json::to_string(order).unwrap()).await;
        (reply.status, reply.json())
    };
    let (look, kick) = (Order::Look { log_after: 0 }, Order::Act(punish(Action::Kick, "alice", Some("tea"))));
    let secret = Order::NewToken { name: "olga".into(), label: String::new(), days: None };
    for (token, order, status) in [
        (None, &look, 401),
        (Some("nonsense"), &look, 401),
        (Some(paul.as_str()), &look, 403),
        (Some(paul.as_str()), &kick, 403),
        (Some(olga.as_str()), &secret, 403),
        (Some(olga.as_str()), &Order::AddAccount { name: "eve".into(), role: Role::Owner }, 403),
        (Some(olga.as_str()), &Order::SetPassword { name: "paul".into(), password: None }, 403),
        (Some(olga.as_str()), &look, 200),
    ] {
        let (found, answer) = post(token, order).await;
        assert_eq!(found, status, "{order:?}: {answer}");
    }
    alice.say("still here").await;
    alice.never_saw("kick");
    let (_, answer) = post(Some(&olga), &kick).await;
    assert_eq!(answer["words"], "In tea: you kicked alice (a guest): enough");
    notice(&mut bob, "olga kicked alice (a guest): enough").await;
    notice(&mut alice, "You were put out of tea: enough").await;
    // Who owns it no longer orders no longer.
    stage.done(Order::SetRole { name: "olga".into(), role: Role::Member }).await;
    assert_eq!(post(Some(&olga), &look).await.0, 403);
    let page = [("content-type", "application/json"), ("origin", "https://evil.example")];
    assert_eq!(stage.server.http("POST", "/api/operator", &page, "{}").await.status, 403);
}

#[tokio::test]
async fn who_was_not_let_in_hears_no_notice() {
    let directory = tempfile::tempdir().expect("a directory");
    let config = chat_server::Config { require_auth: true, tokens: vec!["sesame".into()], ..common::config_in(directory.path()) };
    let server = common::TestServer::with(config).await;
    let mut stranger = server.open("/ws/chat/general/mallory").await;
    let (mut alice, _) = server.join_with("general", "alice", "token=sesame").await;
    let say = Order::Act(Act::Notice { room: None, text: "for members only".into() });
    assert!(matches!(common::operator::order(directory.path(), say).await, Answer::Done { .. }));
    notice(&mut alice, "for members only").await;
    // It is heard by who comes in, and was told nothing before.
    stranger.send(json!({ "type": "hello", "token": "sesame" })).await;
    stranger.expect("welcome").await;
    stranger.never_saw("for members only");
}

#[tokio::test]
async fn orders_from_afar_are_counted_as_their_accounts() {
    let directory = tempfile::tempdir().expect("a directory");
    let mut config = common::config_in(directory.path());
    config.limits.account = chat_server::limits::Rate::new(4, 1);
    let server = common::TestServer::with(config).await;
    let order = async |order| common::operator::order(directory.path(), order).await;
    order(Order::AddAccount { name: "olga".into(), role: Role::Owner }).await;
    let Answer::Token { token, .. } = order(Order::NewToken { name: "olga".into(), label: String::new(), days: None }).await
    else {
        panic!("no token")
    };
    let bearer = format!("Bearer {}", token.tell());
    let headers = [("content-type", "application/json"), ("authorization", bearer.as_str())];
    let body = serde_json::to_string(&Order::Look { log_after: 0 }).unwrap();
    let mut refused = 0;
    for _ in 0..12 {
        refused += usize::from(server.http("POST", "/api/operator", &headers, &body).await.status == 429);
    }
    assert!(refused >= 4, "{refused} of 12 were refused");
}

#[tokio::test]
async fn where_the_log_takes_no_writes_people_are_told_all_the_same() {
    let directory = tempfile::tempdir().expect("a directory");
    let program = Program::start(&["--data-dir", directory.path().to_str().expect("a path")]).await;
    let mut alice = program.join("tea", "alice").await;
    let order = async |act| common::operator::order(directory.path(), Order::Act(act)).await;
    program.disk_is_full(true);
    alice.refused(json!({ "type": "send", "text": "hi" }), "unavailable").await;
    order(Act::Notice { room: None, text: "the disk is full".into() }).await;
    notice(&mut alice, "the disk is full").await;
    order(Act::Leave { seconds: 3600 }).await;
    notice(&mut alice, "The server goes down in 1 h.").await;
    order(Act::Stay).await;
    notice(&mut alice, "The server stays after all.").await;
    program.says("what an operator did is not remembered").await;
    program.disk_is_full(false);
}

#[tokio::test]
async fn one_that_reads_nothing_harms_nobody() {
    let stage = Stage::start().await;
    let mut alice = stage.server.join("tea", "alice").await;
    let mut stalled = Vec::new();
    for _ in 0..12 {
        let mut socket = UnixStream::connect(stage.directory.path().join("chat.sock")).await.expect("a socket");
        let order = format!("{}\n", serde_json::to_string(&Order::Look { log_after: 0 }).unwrap());
        // Until nothing more of it is taken.
        let flood = async {
            loop {
                socket.write_all(order.as_bytes()).await.expect("it is taken or waits");
            }
        };
        let _: Result<(), _> = timeout(Duration::from_millis(200), flood).await;
        stalled.push(socket);
    }
    for text in ["still", "here"] {
        alice.say(text).await;
    }
    // Nor are others' orders held up.
    assert_eq!(look(&stage).await.vitals.messages, 2);
    while stalled.len() < 40 {
        stalled.push(UnixStream::connect(stage.directory.path().join("chat.sock")).await.expect("a socket"));
    }
    match stage.order(Order::Look { log_after: 0 }).await {
        Answer::Refused { words } => assert!(words.contains("close one"), "{words}"),
        other => panic!("{other:?}"),
    }
    drop(stalled);
    let again = async {
        while !matches!(stage.order(Order::Look { log_after: 0 }).await, Answer::Sight(_)) {
            tokio::task::yield_now().await;
        }
    };
    timeout(PATIENCE, again).await.expect("as soon as they are gone there is room for others");
}

#[tokio::test]
async fn a_line_that_is_no_order_is_answered_and_the_next_is_heard() {
    let stage = Stage::start().await;
    let mut socket = UnixStream::connect(stage.directory.path().join("chat.sock")).await.expect("a socket");
    socket.write_all(b"{\"order\":\"make_tea\"}\n{\"order\":\"look\",\"log_after\":0}\n").await.unwrap();
    let mut text = String::new();
    let read = async {
        while text.lines().count() < 2 || !text.ends_with('\n') {
            let mut buffer = [0; 4096];
            let read = socket.read(&mut buffer).await.unwrap();
            text.push_str(&String::from_utf8_lossy(&buffer[..read]));
        }
    };
    timeout(PATIENCE, read).await.expect("two answers");
    let lines: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!((&lines[0]["answer"], &lines[1]["answer"]), (&json!("refused"), &json!("sight")));
}

#[tokio::test]
async fn it_goes_down_after_a_while_unless_it_is_called_off() {
    let directory = tempfile::tempdir().expect("a directory");
    let data = directory.path().to_str().expect("a path");
    let program = Program::start(&["--data-dir", data]).await;
    let mut alice = program.join("tea", "alice").await;
    let order = async |act| common::operator::order(directory.path(), Order::Act(act)).await;
    order(Act::Leave { seconds: 3600 }).await;
    notice(&mut alice, "The server goes down in 1 h.").await;
    order(Act::Stay).await;
    notice(&mut alice, "The server stays after all.").await;
    alice.say("good").await;
    order(Act::Leave { seconds: 1 }).await;
    notice(&mut alice, "The server goes down in 1 s.").await;
    alice.closed_with(CloseCode::Restarting).await;
    let ended = program.ended().await;
    assert_eq!(ended.status.code(), Some(0), "{}", ended.stderr);
}
