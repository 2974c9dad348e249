//! Somebody with an account: a password once, then what it gave, until that is given back.

mod common;

use chat_server::{
    Config,
    admin::{Answer, Order},
    auth::Secret,
    realm::Role,
    tls::Choice,
};
use common::{TestServer, config_in, order, program::Program};

#[tokio::test]
async fn a_password_is_asked_once_and_what_it_gave_is_used_until_it_is_given_back() {
    let directory = tempfile::tempdir().expect("a directory");
    let server = TestServer::with(config_in(directory.path(), 0)).await;
    let order = async |asked| order(directory.path(), asked).await;
    order(Order::AddAccount { name: "paul".into(), role: Role::Member }).await;
    order(Order::SetPassword { name: "paul".into(), password: Some(Secret::new("correct horse")) }).await;
    let once = |text| ["--user", "Paul", "--room", "ops", "--once", text];
    let mut peer = server.join("ops", "bob").await;

    let refused = Program::start(&server.url(), &once("as a guest")).ended().await;
    assert!(refused.with(3).errors.contains("This name belongs to an account"), "{refused:?}");
    let mut wrong = Program::start(&server.url(), &[&["--login"], &once("not yet")[..]].concat());
    wrong.write("incorrect horse\n").await;
    let (refused, home) = wrong.ended_at_home().await;
    assert_eq!(refused.with(3).errors, "chat-tui: There is no account with that name and password\n");
    let mut right = Program::start_at(home, &server.url(), &[&["--login"], &once("with a password")[..]].concat());
    right.write("correct horse\n").await;
    let (ended, home) = right.ended_at_home().await;
    assert_eq!(ended.with(0).errors, "");
    peer.hears("with a password").await;

    let (ended, home) = Program::start_at(home, &server.url(), &once("and without")).ended_at_home().await;
    assert_eq!(ended.with(0).errors, "");
    peer.hears("and without").await;
    let (ended, home) = Program::start_at(home, &server.url(), &["--user", "paul", "--logout"]).ended_at_home().await;
    assert_eq!((ended.with(0).errors.as_str(), &ended.output[..]), ("", &[][..]));
    let Answer::Tokens { tokens } = order(Order::Tokens { name: None }).await else { panic!("no list") };
    assert!(tokens.is_empty(), "{tokens:?}");
    let (again, home) = Program::start_at(home, &server.url(), &["--user", "paul", "--logout"]).ended_at_home().await;
    assert!(again.with(1).errors.contains("no login of paul"), "{again:?}");
    let refused = Program::start_at(home, &server.url(), &once("as a guest")).ended().await;
    refused.with(3);
}

#[tokio::test]
async fn a_password_goes_to_the_one_certificate_and_no_other() {
    let directory = tempfile::tempdir().expect("a directory");
    let server = TestServer::with(Config { tls: Choice::SelfSigned, ..config_in(directory.path(), 0) }).await;
    order(directory.path(), Order::AddAccount { name: "paul".into(), role: Role::Member }).await;
    let password = Some(Secret::new("correct horse"));
    order(directory.path(), Order::SetPassword { name: "paul".into(), password }).await;
    let (url, print) = (format!("wss://{}", server.address), server.fingerprint.clone().expect("a fingerprint"));
    let login = async |print: &str| {
        let arguments = ["--login", "--user", "paul", "--room", "ops", "--once", "hello", "--fingerprint", print];
        let mut program = Program::start(&url, &arguments);
        program.write("correct horse\n").await;
        program.ended().await
    };
    let other = login(&"0".repeat(64)).await;
    assert!(other.errors.contains("is not the one of --fingerprint"), "{other:?}");
    let Answer::Tokens { tokens } = order(directory.path(), Order::Tokens { name: None }).await else { panic!("no list") };
    assert!(tokens.is_empty(), "{tokens:?}");
    assert_eq!(login(&print).await.with(0).errors, "");
}
