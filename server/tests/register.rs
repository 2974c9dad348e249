//! Somebody makes an account of their own: where anybody may, by invitation, and not at all.

mod common;

use std::path::Path;

use chat_protocol::CloseCode;
use chat_server::{
    Config,
    admin::{Answer, InvitationLine, Order},
    realm::InvitationId,
    registration::Registration,
};
use common::{Reply, TestClient, TestServer, config, config_in, operator::order, program::Program};
use serde_json::{Value, json};
use tempfile::TempDir;

const PASSWORD: &str = "correct horse";

/// A server with a store where somebody may register, and its operator.
struct Stage {
    server: TestServer,
    directory: TempDir,
}

impl Stage {
    async fn start(registration: Registration) -> Self {
        Self::on(tempfile::tempdir().expect("a directory"), registration).await
    }

    async fn on(directory: TempDir, registration: Registration) -> Self {
        let config = Config { registration, ..config_in(directory.path()) };
        Self { server: TestServer::with(config).await, directory }
    }

    async fn order(&self, asked: Order) -> Answer {
        order(self.directory.path(), asked).await
    }

    async fn invite(&self, uses: u32) -> String {
        invite(self.directory.path(), uses, 60).await.0
    }

    async fn invitations(&self) -> Vec<InvitationLine> {
        match self.order(Order::Invitations).await {
            Answer::Invitations { invitations } => invitations,
            other => panic!("{other:?}"),
        }
    }

    async fn register(&self, body: Value) -> Reply {
        register(&self.server, body).await
    }

    /// By a name, with a good password.
    async fn by(&self, name: &str, invite: Option<&str>) -> Reply {
        self.register(json!({ "user": name, "password": PASSWORD, "invite": invite })).await
    }
}

async fn register(server: &TestServer, body: Value) -> Reply {
    server.http("POST", "/api/register", &[("content-type", "application/json")], &body.to_string()).await
}

/// The code of a new invitation, and its link if there is one.
async fn invite(directory: &Path, uses: u32, minutes: u32) -> (String, Option<String>) {
    match order(directory, Order::Invite { uses, minutes, label: "team".into(), url: None }).await {
        Answer::Invitation { code, link, .. } => (code.tell().to_owned(), link.map(|link| link.tell().to_owned())),
        other => panic!("{other:?}"),
    }
}

async fn in_with(server: &TestServer, name: &str, reply: &Reply) -> TestClient {
    let (status, said) = (reply.status, reply.json());
    assert_eq!((status, &said["user"]), (201, &json!(name)), "{said}");
    let token = said["token"].as_str().expect("a token");
    let mut client = server.open(&format!("/ws/auth?token={token}")).await;
    client.welcome = client.expect("welcome").await;
    assert_eq!((&client.welcome["user"], &client.welcome["guest"]), (&json!(name), &json!(false)));
    client
}

#[track_caller]
fn check(reply: &Reply, status: u16, code: &str, words: &str) {
    let error = &reply.json()["error"];
    assert_eq!((reply.status, error["code"].as_str()), (status, Some(code)), "{reply:?}");
    assert!(error["text"].as_str().is_some_and(|text| text.contains(words)), "«{words}»: {reply:?}");
}

#[tokio::test]
async fn where_anybody_may_a_name_and_a_password_are_an_account_and_one_is_in() {
    let stage = Stage::start(Registration::Open).await;
    assert_eq!(stage.server.get("/api/registration").await.json(), json!({ "registration": "open" }));
    let reply = stage.register(json!({ "user": "Zoë", "password": PASSWORD, "label": "phone" })).await;
    assert!(reply.header("cache-control").is_some_and(|value| value.contains("no-store")), "{reply:?}");
    let mut zoe = in_with(&stage.server, "Zoë", &reply).await;
    zoe.say("hi").await;
    let Answer::Tokens { tokens } = stage.order(Order::Tokens { name: None }).await else { panic!("no list") };
    assert_eq!((tokens.len(), tokens[0].label.as_str(), tokens[0].expires.is_some()), (1, "phone", true));
    let login = json!({ "user": "zoë", "password": PASSWORD }).to_string();
    let json = [("content-type", "application/json")];
    assert_eq!(stage.server.http("POST", "/api/login", &json, &login).await.status, 200, "and the password is its own");
    // As curl has it; a code is not asked for, whatever it is.
    let form = [("content-type", "application/x-www-form-urlencoded")];
    let posted = stage.server.http("POST", "/api/register", &form, "user=paul&password=correct+horse&invite=none").await;
    in_with(&stage.server, "paul", &posted).await;
}

#[tokio::test]
async fn what_is_wrong_is_refused_before_it_costs_anything() {
    let stage = Stage::start(Registration::Open).await;
    for (body, code, words) in [
        (json!({ "user": "#7", "password": PASSWORD }), "bad_name", "begins with a letter"),
        (json!({ "user": "", "password": PASSWORD }), "bad_name", "empty"),
        (json!({ "user": "paul", "password": "1234567" }), "bad_request", "at least 8 characters"),
        (json!({ "user": "paul", "password": "x".repeat(1025) }), "bad_request", "at most 1024 bytes"),
        (json!({ "user": "paul" }), "bad_request", "password"),
        (json!({ "user": "paul", "password": PASSWORD, "session": 7 }), "bad_request", "string"),
    ] {
        check(&stage.register(body).await, 400, code, words);
    }
    let foreign = [("content-type", "application/json"), ("origin", "http://evil.example")];
    let body = json!({ "user": "paul", "password": PASSWORD }).to_string();
    check(&stage.server.http("POST", "/api/register", &foreign, &body).await, 403, "forbidden", "other sites");
    assert_eq!(stage.server.get("/api/register").await.status, 405);
    let label = json!({ "user": "paul", "password": PASSWORD, "label": "x".repeat(101) });
    check(&stage.register(label).await, 400, "bad_request", "100 bytes");
    let Answer::Accounts { accounts } = stage.order(Order::Accounts).await else { panic!("no list") };
    assert!(accounts.is_empty(), "nothing came of any of it: {accounts:?}");
    in_with(&stage.server, "paul", &stage.by("paul", None).await).await;
}

#[tokio::test]
async fn a_name_that_is_somebodys_is_not_given_again() {
    let stage = Stage::start(Registration::Open).await;
    in_with(&stage.server, "paul", &stage.by("paul", None).await).await;
    for name in ["Paul", "pauI"] {
        check(&stage.by(name, None).await, 409, "forbidden", "is taken, or looks like");
    }
    let mut guest = stage.server.join("general", "carol").await;
    check(&stage.by("CAROL", None).await, 409, "forbidden", "is taken");
    let other = stage.server.join("general", "dave").await.session().to_owned();
    let with = |session: &str| json!({ "user": "carol", "password": PASSWORD, "session": session });
    check(&stage.register(with(&other)).await, 409, "forbidden", "is taken");
    guest.say("still a guest").await;
}

#[tokio::test]
async fn a_guests_own_name_becomes_its_account() {
    let stage = Stage::start(Registration::Open).await;
    let mut guest = stage.server.join("general", "carol").await;
    let body = json!({ "user": "carol", "password": PASSWORD, "session": guest.session() });
    let reply = stage.register(body).await;
    guest.closed_with(CloseCode::NameTaken).await;
    in_with(&stage.server, "carol", &reply).await.say("mine now").await;
    // One who has just gone has the name kept, for nobody else.
    let gone = stage.server.join("general", "dave").await;
    let session = gone.session().to_owned();
    gone.close().await;
    check(&stage.by("dave", None).await, 409, "forbidden", "is taken");
    let reply = stage.register(json!({ "user": "dave", "password": PASSWORD, "session": session })).await;
    in_with(&stage.server, "dave", &reply).await;
}

#[tokio::test]
async fn who_may_register_is_what_the_operator_says() {
    let stage = Stage::start(Registration::Closed).await;
    assert_eq!(stage.server.get("/api/registration").await.json(), json!({ "registration": "closed" }));
    let code = stage.invite(1).await;
    check(&stage.by("paul", Some(&code)).await, 403, "forbidden", "registration is closed");
    let mut guest = stage.server.join("general", "carol").await;
    let told = async |guest: &mut TestClient| {
        guest.line("/register carol hunter22").await;
        guest.expect("notice").await["text"].as_str().expect("words").to_owned()
    };
    let words = told(&mut guest).await;
    assert!(words.contains("ask them for one") && words.contains("no password"), "{words}");
    guest.say("and it was said to nobody").await;
    guest.never_saw("hunter22");
    let Stage { server, directory } = stage;
    server.stop().await;

    let stage = Stage::on(directory, Registration::Invite).await;
    assert_eq!(stage.server.get("/api/registration").await.json(), json!({ "registration": "invite" }));
    let words = told(&mut stage.server.join("general", "dave").await).await;
    assert!(words.contains("--register --invite"), "{words}");
    check(&stage.by("paul", None).await, 403, "forbidden", "by invitation");
    in_with(&stage.server, "paul", &stage.by("paul", Some(&code)).await).await;
}

#[tokio::test]
async fn an_invitation_that_is_over_is_as_one_that_never_was() {
    let stage = Stage::start(Registration::Invite).await;
    let unknown = stage.by("paul", Some("nonsense")).await;
    check(&unknown, 403, "forbidden", "not known here, or it is over");
    let once = stage.invite(1).await;
    in_with(&stage.server, "paul", &stage.by("paul", Some(&once)).await).await;
    let revoked = stage.invite(1).await;
    let [used, open] = &stage.invitations().await[..] else { panic!("two were made") };
    assert_eq!((used.used, used.open, used.came.as_str(), open.open), (1, false, "paul", true));
    let done = stage.order(Order::RevokeInvitation { invitation: open.id }).await;
    assert!(matches!(done, Answer::Done { .. }), "{done:?}");
    for code in [&once, &revoked] {
        let reply = stage.by("carol", Some(code)).await;
        assert_eq!((reply.status, &reply.body), (unknown.status, &unknown.body), "nobody learns which there were");
    }
    // Nor which names are taken.
    let taken = stage.by("paul", Some(&revoked)).await;
    assert_eq!((taken.status, &taken.body), (unknown.status, &unknown.body));
    for (asked, words) in [
        (Order::RevokeInvitation { invitation: open.id }, "There is no invitation"),
        (Order::RevokeInvitation { invitation: InvitationId(99) }, "There is no invitation 99"),
        (Order::Invite { uses: 0, minutes: 1, label: String::new(), url: None }, "1 to 1000 accounts"),
        (Order::Invite { uses: 1, minutes: 1, label: "x".repeat(101), url: None }, "100 bytes"),
        (Order::Invite { uses: 1, minutes: u32::MAX, label: String::new(), url: None }, "at most for a year"),
    ] {
        let answer = stage.order(asked.clone()).await;
        assert!(matches!(&answer, Answer::Refused { words: said } if said.contains(words)), "{asked:?}: {answer:?}");
    }
}

#[tokio::test]
async fn the_last_use_is_ones_and_the_same_name_is_ones() {
    let stage = Stage::start(Registration::Invite).await;
    let once = stage.invite(1).await;
    let (one, other) = tokio::join!(stage.by("alice", Some(&once)), stage.by("bob", Some(&once)));
    let mut statuses = [one.status, other.status];
    statuses.sort_unstable();
    assert_eq!(statuses, [201, 403], "{one:?} {other:?}");
    let twice = stage.invite(2).await;
    let (one, other) = tokio::join!(stage.by("carol", Some(&twice)), stage.by("caroI", Some(&twice)));
    let mut statuses = [one.status, other.status];
    statuses.sort_unstable();
    assert_eq!(statuses, [201, 409], "{one:?} {other:?}");
    let Answer::Accounts { accounts } = stage.order(Order::Accounts).await else { panic!("no list") };
    assert_eq!((accounts.len(), accounts.iter().map(|account| account.tokens).sum::<usize>()), (2, 2), "{accounts:?}");
    let uses: Vec<_> = stage.invitations().await.iter().map(|invitation| (invitation.used, invitation.uses)).collect();
    assert_eq!(uses, [(1, 1), (1, 2)]);
}

#[tokio::test]
async fn who_tries_too_often_waits_whatever_the_names() {
    let stage = Stage::start(Registration::Invite).await;
    for number in 0..5 {
        assert_eq!(stage.by(&format!("name-{number}"), Some("a guess")).await.status, 403);
    }
    let code = stage.invite(1).await;
    let refused = stage.by("paul", Some(&code)).await;
    check(&refused, 429, "rate_limited", "wait a moment");
    let wait: u64 = refused.header("retry-after").and_then(|value| value.parse().ok()).expect("when to come back");
    assert!((1..=11).contains(&wait), "{wait}");
    stage.server.join("general", "carol").await.say("nobody else waits").await;
}

#[tokio::test]
async fn a_server_that_keeps_nothing_has_accounts_as_long_as_it_runs() {
    let server = TestServer::with(Config { registration: Registration::Open, require_auth: true, ..config() }).await;
    let reply = register(&server, json!({ "user": "paul", "password": PASSWORD })).await;
    in_with(&server, "paul", &reply).await;
    for (arguments, words) in [
        (&["--ephemeral", "--registration", "invite"][..], "lets nobody in"),
        (&["--ephemeral", "--registration", "perhaps"], "open, invite or closed"),
    ] {
        let ended = Program::refused(arguments).await;
        assert!(!ended.status.success() && ended.stderr.contains(words), "{ended:?}");
    }
}

#[tokio::test]
async fn invitations_are_made_with_or_without_a_server_and_outlive_it() {
    let directory = tempfile::tempdir().expect("a directory");
    let (before, link) = invite(directory.path(), 1, 60).await;
    assert_eq!(link, None, "where its page is, nobody knows yet");
    let place = directory.path().to_str().expect("a path").to_owned();
    let run = async |arguments: &[&str]| Program::run(&[arguments, &["--data-dir", &place]].concat()).await;
    let server = Program::start(&["--data-dir", &place, "--registration", "invite"]).await;
    let made = run(&["account", "invite", "--label", "Ann Lee", "--expires", "12h"]).await;
    let (link, code) = made.stdout.split_once('\n').expect("two lines");
    let code = code.trim();
    assert_eq!((code.len(), link), (52, format!("http://localhost:{}/#invite={code}", server.address.port()).as_str()));
    assert!(made.stderr.contains("good for one account") && made.stderr.contains("not shown again"), "{made:?}");
    assert!(!made.stderr.contains("yet") && !made.stderr.contains(code), "{made:?}");
    let elsewhere = run(&["account", "invite", "--url", "https://chat.example/x/"]).await.stdout;
    assert!(elsewhere.starts_with("https://chat.example/x/#invite="), "{elsewhere}");
    let body = |name: &str, code: &str| json!({ "user": name, "password": PASSWORD, "invite": code });
    in_with(&server, "paul", &register(&server, body("paul", &before)).await).await;
    server.terminate().await;

    let listed = run(&["account", "invite", "list"]).await.stdout;
    let rows: Vec<_> = listed.lines().collect();
    assert!(rows.len() == 4 && rows[0].starts_with("INVITATION  USED") && rows[2].contains("Ann Lee"), "{listed}");
    assert!(!listed.contains(code) && rows.iter().filter(|row| row.contains("open")).count() == 2, "{listed}");
    let server = Program::start(&["--data-dir", &place, "--registration", "invite"]).await;
    let ann = register(&server, body("ann", code)).await;
    in_with(&server, "ann", &ann).await;
    let listed = run(&["account", "invite", "list"]).await.stdout;
    let row = listed.lines().find(|row| row.contains("Ann Lee")).expect("its row");
    assert!(row.contains("1 of 1") && row.contains("over") && row.ends_with("ann"), "{listed}");
    let login = json!({ "user": "paul", "password": PASSWORD }).to_string();
    let json = [("content-type", "application/json")];
    assert_eq!(server.http("POST", "/api/login", &json, &login).await.status, 200, "the account outlived it too");
}

#[tokio::test]
async fn who_is_kept_out_does_not_come_in_as_somebody_new_and_nobody_as_who_speaks_for_the_server() {
    let stage = Stage::start(Registration::Open).await;
    let Answer::Done { .. } = stage.order(Order::AddAccount { name: "olga".into(), role: chat_server::realm::Role::Owner }).await
    else {
        panic!("no account");
    };
    let asked = Order::NewToken { name: "olga".into(), label: String::new(), days: None };
    let Answer::Token { token, .. } = stage.order(asked).await else { panic!("no token") };
    let mut olga = stage.server.open(&format!("/ws/chat/tea/olga?token={}", token.tell())).await;
    assert_eq!(stage.by("Adm1n", None).await.status, 400);
    olga.ask(json!({ "type": "moderate", "action": "ban", "user": "127.0.0.1", "address": true, "everywhere": true })).await;
    let refused = stage.by("newcomer", None).await;
    assert_eq!((refused.status, &refused.json()["error"]["code"]), (403, &json!("forbidden")), "{}", refused.body);
    olga.ask(json!({ "type": "moderate", "action": "unban", "user": "127.0.0.1", "address": true, "everywhere": true })).await;
    assert_eq!(stage.by("newcomer", None).await.status, 201);
}
