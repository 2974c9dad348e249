//! Accounts: a name that belongs to somebody, the tokens that open it, and what an operator does with both, on a running server
//! and on its store.

mod common;

use std::path::Path;

use chat_protocol::{CloseCode, Timestamp, UserName};
use chat_server::{
    admin::{AccountLine, Answer, Order},
    auth,
    log::{
        Asker, Log as _, Motion, Write,
        sqlite::{Durability, Sqlite},
    },
    realm::{AccountId, Decree, Role, TokenId},
};
use common::{
    TestServer, config_in,
    operator::{Stage, in_as, order, welcomed},
    program::Program,
    tail::Tail,
};
use serde_json::json;

#[tokio::test]
async fn an_accounts_name_and_all_that_look_like_it_are_its_own() {
    let stage = Stage::start().await;
    let token = stage.account("paul").await;
    // As a guest, on every endpoint that takes a name. The last one is in wide letters.
    for name in ["paul", "PAUL", "pauI", "%EF%BD%90%EF%BD%81%EF%BD%95%EF%BD%8C"] {
        stage.check_closed(&format!("/ws/chat/general/{name}"), CloseCode::NameTaken).await;
    }
    stage.check_closed("/ws/paul", CloseCode::NameTaken).await;
    stage.check_closed("/ws/json?user=paul", CloseCode::NameTaken).await;
    let json = [("content-type", "application/json")];
    let post =
        async |body: serde_json::Value| stage.server.http("POST", "/api/rooms/general/messages", &json, &body.to_string()).await;
    assert_eq!(post(json!({ "text": "me", "user": "Paul" })).await.status, 409);
    assert_eq!(post(json!({ "text": "me", "user": "paula" })).await.status, 201);

    let mut paul = welcomed(stage.server.open(&in_as("PAUL", &token)).await).await;
    assert_eq!(
        (&paul.welcome["user"], &paul.welcome["guest"], &paul.welcome["session"]),
        (&json!("paul"), &json!(false), &json!(""))
    );
    let ack = paul.say("mine").await;
    let mut phone = welcomed(stage.server.open(&in_as("paul", &token)).await).await;
    let edit = phone.ask(json!({ "type": "edit", "seq": ack["seq"], "text": "mine, still" })).await;
    assert_eq!(edit["type"], "ack", "the author is the account, whichever the connection: {edit}");
    // A token says who one is: not somebody else.
    stage.check_closed(&in_as("paula", &token), CloseCode::Policy).await;
    stage.check_closed(&format!("/ws/json?user=paula&token={token}"), CloseCode::Policy).await;
}

#[tokio::test]
async fn a_token_opens_every_endpoint_in_every_way_of_showing_it() {
    let stage = Stage::start().await;
    let token = stage.account("paul").await;
    let bearer = format!("Bearer {token}");
    let header = [("authorization", bearer.as_str())];
    let mut auth = stage.server.open(&format!("/ws/auth?token={token}")).await;
    assert_eq!(auth.expect("welcome").await["user"], "paul", "it need not say its name");
    let chat = stage.server.try_open("/ws/chat/general/paul", &header).await.expect("a handshake");
    assert_eq!(welcomed(chat).await.welcome["guest"], false);
    // As chat-tui and the page do, who keep it out of the URL.
    let mut hello = stage.server.open("/ws/chat/general/paul").await;
    hello.send(json!({ "type": "hello", "token": token, "client": "test/1" })).await;
    assert_eq!(welcomed(hello).await.welcome["guest"], false);
    stage.check_closed("/ws/chat/general/paul?token=wrong", CloseCode::InvalidToken).await;
    let mut named = stage.server.open(&format!("/ws/paul?token={token}")).await;
    named.find_words("paul joined").await;
    let mut bot = stage.server.open(&format!("/ws/json?token={token}")).await;
    bot.send(json!({ "action": "subscribe", "channel": "general" })).await;
    bot.find_words("subscribed").await;
    bot.send(json!({ "action": "send", "channel": "general", "message": "beep" })).await;
    assert_eq!(bot.find(|value| value["message"] == "beep").await["from"], "paul");
    // The numbered clients of the tutorials stay what they are.
    let mut client = stage.server.open(&format!("/ws/7?token={token}")).await;
    client.line("hi").await;
    client.find_text(|text| text == "Client #7: hi").await;

    let headers = [("content-type", "application/json"), ("authorization", bearer.as_str())];
    let post = async |body: serde_json::Value| {
        stage.server.http("POST", "/api/rooms/general/messages", &headers, &body.to_string()).await
    };
    assert_eq!(post(json!({ "text": "over HTTP" })).await.status, 201);
    assert_eq!(post(json!({ "text": "over HTTP", "user": "Paul" })).await.status, 201);
    let other = post(json!({ "text": "over HTTP", "user": "paula" })).await;
    assert_eq!((other.status, other.json()["error"]["code"].clone()), (403, json!("forbidden")));
    let messages = stage.server.http("GET", "/api/rooms/general/messages", &header, "").await.json();
    assert!(messages["messages"].as_array().is_some_and(|all| all.iter().all(|message| message["from"] == "paul")), "{messages}");
    let tokens = stage.tokens().await;
    assert!(tokens.iter().all(|token| token.used.is_some()), "its use is known: {tokens:?}");
}

#[tokio::test]
async fn who_requires_a_credential_takes_an_accounts_too() {
    let directory = tempfile::tempdir().expect("a directory");
    let config = chat_server::Config { tokens: vec!["door".into()], require_auth: true, ..config_in(directory.path()) };
    let stage = Stage { server: TestServer::with(config).await, directory };
    let token = stage.account("paul").await;
    let mut hello = stage.server.open("/ws/chat/general/paul").await;
    hello.send(json!({ "type": "hello", "token": token })).await;
    assert_eq!(welcomed(hello).await.welcome["guest"], false);
    let door = stage.server.open("/ws/chat/general/carol?token=door").await;
    assert_eq!(welcomed(door).await.welcome["guest"], true, "the operator's token opens the door, and no more");
    stage.check_closed("/ws/chat/general/paul?token=door", CloseCode::NameTaken).await;
    let bearer = format!("Bearer {token}");
    assert_eq!(stage.server.http("GET", "/api/rooms", &[("authorization", &bearer)], "").await.status, 200);
    assert_eq!(stage.server.get(&format!("/api/rooms?token={token}")).await.status, 200);
}

#[tokio::test]
async fn a_token_that_ends_ends_what_came_in_with_it_and_nothing_else() {
    let stage = Stage::start().await;
    let (laptop, phone) = (stage.account("paul").await, stage.token("paul").await);
    let mut on_laptop = welcomed(stage.server.open(&in_as("paul", &laptop)).await).await;
    let mut on_phone = welcomed(stage.server.open(&in_as("paul", &phone)).await).await;
    let mut tasks = stage.server.open(&format!("/ws/tasks?token={laptop}")).await;
    let mut nameless = stage.server.open(&format!("/ws/7?token={laptop}")).await;
    nameless.find_words("entered").await;
    let mut guest = stage.server.join("general", "carol").await;
    let id = stage.tokens().await[0].id;
    stage.done(Order::RevokeToken { token: id }).await;
    assert_eq!(on_laptop.closed_with(CloseCode::InvalidToken).await.reason, "Invalid token");
    tasks.closed_with(CloseCode::InvalidToken).await;
    nameless.closed_with(CloseCode::InvalidToken).await;
    on_phone.say("still here").await;
    guest.hears("still here").await;
    stage.check_closed(&in_as("paul", &laptop), CloseCode::InvalidToken).await;
    let bearer = format!("Bearer {laptop}");
    assert_eq!(stage.server.http("GET", "/api/rooms", &[("authorization", &bearer)], "").await.status, 401, "not as a guest");

    stage.done(Order::SetDisabled { name: "Paul".into(), disabled: true }).await;
    on_phone.closed_with(CloseCode::InvalidToken).await;
    stage.check_closed(&in_as("paul", &phone), CloseCode::InvalidToken).await;
    stage.check_closed("/ws/chat/general/paul", CloseCode::NameTaken).await;
    stage.done(Order::SetDisabled { name: "paul".into(), disabled: false }).await;
    welcomed(stage.server.open(&in_as("paul", &phone)).await).await.say("back").await;
    guest.hears("back").await;
}

#[tokio::test]
async fn a_guest_whose_name_becomes_an_accounts_has_to_go() {
    let stage = Stage::start().await;
    let mut guest = stage.server.join("general", "paul").await;
    let mut named = stage.server.open("/ws/PauI").await;
    named.closed_with(CloseCode::NameTaken).await;
    let session = guest.session().to_owned();
    // What it reads of its private conversations would be the account's from now on.
    let mut tasks = stage.server.open(&format!("/ws/tasks?session={session}")).await;
    let mut bob = stage.server.join("general", "bob").await;
    bob.ask(json!({ "type": "private", "to": "paul", "text": "before" })).await;
    let mut tail = Tail::open(&stage.server, &format!("/api/rooms/%40bob,paul/tail?session={session}&after=0")).await;
    assert_eq!(tail.next().await["text"], "before");
    let token = stage.account("paul").await;
    guest.closed_with(CloseCode::NameTaken).await;
    tasks.closed_with(CloseCode::NameTaken).await;
    let ack = bob.ask(json!({ "type": "private", "to": "paul", "text": "behind" })).await;
    assert_eq!(ack["type"], "ack", "{ack}");
    assert_eq!(tail.ended().await, Vec::<serde_json::Value>::new());
    stage.check_closed(&format!("/ws/chat/general/paul?session={session}"), CloseCode::NameTaken).await;
    // The name waits a minute for its guest: not against its owner.
    welcomed(stage.server.open(&in_as("paul", &token)).await).await;
    assert_eq!(stage.server.get(&format!("/api/rooms?session={session}")).await.status, 409);
}

#[tokio::test]
async fn what_is_said_to_an_account_that_is_away_is_kept_for_it() {
    let stage = Stage::start().await;
    let token = stage.account("paul").await;
    let mut carol = stage.server.join("general", "carol").await;
    let ack = carol.ask(json!({ "type": "private", "to": "paul", "text": "call me" })).await;
    assert_eq!(ack["type"], "ack", "{ack}");
    let refused = carol.ask(json!({ "type": "private", "to": "nobody", "text": "call me" })).await;
    assert_eq!(refused["code"], "no_such_user");
    let mut paul = welcomed(stage.server.open(&in_as("paul", &token)).await).await;
    assert_eq!(paul.welcome["private"][0]["with"], "carol");
    let history = paul.ask(json!({ "type": "history", "room": "@carol,paul" })).await;
    assert_eq!(history["messages"][0]["text"], "call me");
}

#[tokio::test]
async fn accounts_outlive_the_server_and_are_ordered_without_one() {
    let directory = tempfile::tempdir().expect("a directory");
    let add = |name: &str, role| Order::AddAccount { name: name.into(), role };
    assert!(matches!(order(directory.path(), add("paul", Role::Owner)).await, Answer::Done { .. }));
    let Answer::Token { token, .. } =
        order(directory.path(), Order::NewToken { name: "paul".into(), label: "laptop".into(), days: Some(1) }).await
    else {
        panic!("no token");
    };
    let token = token.tell();
    let stage = Stage { server: TestServer::with(config_in(directory.path())).await, directory };
    welcomed(stage.server.open(&in_as("paul", token)).await).await.say("hi").await;
    for (order, words) in [
        (add("PAUL", Role::Member), "There is an account paul already"),
        (add("ｐａｕｌ", Role::Member), "looks like paul"),
        (add("no\nname", Role::Member), "name"),
        (Order::SetRole { name: "nobody".into(), role: Role::Owner }, "There is no account nobody"),
        (Order::RevokeToken { token: TokenId(99) }, "There is no token 99"),
    ] {
        match stage.order(order.clone()).await {
            Answer::Refused { words: said } => assert!(said.contains(words), "{order:?}: {said}"),
            other => panic!("{order:?}: {other:?}"),
        }
    }
    stage.done(Order::SetRole { name: "paul".into(), role: Role::Moderator }).await;
    let Answer::Accounts { accounts } = stage.order(Order::Accounts).await else { panic!("no list") };
    let [AccountLine { role: Role::Moderator, tokens: 1, disabled: false, used: Some(_), .. }] = &accounts[..] else {
        panic!("{accounts:?}");
    };
    let Stage { server, directory } = stage;
    server.stop().await;
    assert!(!directory.path().join("chat.sock").exists(), "nothing is left");
    let again = order(directory.path(), Order::Accounts).await;
    assert_eq!(again, Answer::Accounts { accounts });
}

#[tokio::test]
#[allow(clippy::disallowed_methods, reason = "the token is made before there is a server whose clock could be read")]
async fn a_token_that_expires_ends_what_came_in_with_it() {
    let directory = tempfile::tempdir().expect("a directory");
    let (token, hash) = auth::token().expect("randomness");
    let mut log = Sqlite::open(directory.path(), Durability::Full).expect("a store");
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).expect("after 1970");
    let expires = Timestamp(i64::try_from(now.as_millis()).expect("a time") + 8000);
    let name = UserName::parse("paul").expect("a name");
    let decrees = [
        Decree::Account { name, role: Role::Member },
        Decree::Token { account: AccountId(1), hash, label: "short".into(), expires: Some(expires) },
    ];
    let writes = decrees.map(|decree| Write::Decree(Motion { by: "test".into(), of: None, decree, asker: Asker::Nobody }));
    log.apply(&writes, Timestamp(0)).expect("kept");
    drop(log);
    let stage = Stage { server: TestServer::with(config_in(directory.path())).await, directory };
    let mut paul = welcomed(stage.server.open(&in_as("paul", token.tell())).await).await;
    paul.closed_with(CloseCode::InvalidToken).await;
    stage.check_closed(&in_as("paul", token.tell()), CloseCode::InvalidToken).await;
}

#[tokio::test]
async fn the_socket_is_its_owners_alone_and_takes_bad_orders_with_words() {
    use std::os::unix::fs::PermissionsExt as _;
    use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader};

    let stage = Stage::start().await;
    let path = stage.directory.path().join("chat.sock");
    let mode = |path: &Path| std::fs::metadata(path).expect("it is there").permissions().mode() & 0o777;
    assert_eq!(mode(&path), 0o600);
    let mut socket = BufReader::new(tokio::net::UnixStream::connect(&path).await.expect("connects"));
    for wrong in ["", "{}", "x", "\u{0}", r#"{"order":"dance"}"#, r#"{"order":"add_account","name":7,"role":"owner"}"#] {
        socket.write_all(format!("{wrong}\n").as_bytes()).await.expect("writes");
        let mut line = String::new();
        socket.read_line(&mut line).await.expect("reads");
        assert!(line.starts_with(r#"{"answer":"refused","words":"This server does not know that order"#), "{wrong}: {line}");
    }
    // A line without an end is not read for ever.
    let endless = vec![b'x'; 200 * 1024];
    let _ = socket.write_all(&endless).await;
    let mut all = Vec::new();
    let _ = tokio::time::timeout(common::PATIENCE, socket.read_until(b'}', &mut all)).await.expect("an answer");
    assert!(all.starts_with(br#"{"answer":"refused""#), "{}", String::from_utf8_lossy(&all));
    stage.account("paul").await;
}

#[tokio::test]
async fn the_command_line_makes_accounts_on_the_running_server_and_without_one() {
    let directory = tempfile::tempdir().expect("a directory");
    let place = directory.path().to_str().expect("a path");
    let run = async |arguments: &[&str]| Program::run(&[arguments, &["--data-dir", place]].concat()).await;
    let added = run(&["account", "add", "Ann Lee", "--role", "owner"]).await;
    assert!(
        added.status.success()
            && added.stdout.contains(r#"account token new "Ann Lee""#)
            && added.stdout.contains(r#"passwd "Ann Lee""#),
        "{added:?}"
    );
    let server = Program::start(&["--data-dir", place]).await;
    let made = run(&["account", "token", "new", "ann lee", "--label", "laptop", "--expires", "30"]).await;
    let token = made.stdout.trim();
    assert!(made.status.success() && token.starts_with("chat_") && made.stderr.contains("not shown again"), "{made:?}");
    let ann = welcomed(server.open(&format!("/ws/chat/general/Ann%20Lee?token={token}")).await).await;
    assert_eq!(ann.welcome["user"], "Ann Lee");
    let listed = run(&["account", "list"]).await.stdout;
    let lines: Vec<Vec<_>> = listed.lines().map(|line| line.split_whitespace().collect()).collect();
    assert_eq!(
        (&lines[0][..3], &lines[1][..4]),
        (&["NAME", "ROLE", "TOKENS"][..], &["Ann", "Lee", "owner", "1"][..]),
        "{listed}"
    );
    let refused = run(&["account", "add", "ann lee"]).await;
    assert_eq!((refused.status.code(), refused.stdout.as_str()), (Some(1), ""));
    assert_eq!(refused.stderr, "chat-server: There is an account Ann Lee already\n");
    let ended = server.terminate().await;
    assert!(!ended.stderr.contains(token) && !listed.contains(token), "{ended:?}");
    let tokens = run(&["account", "token", "list"]).await.stdout;
    assert!(tokens.contains("laptop") && !tokens.contains(token), "{tokens}");
}
