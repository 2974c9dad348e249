//! Somebody without an account makes one, by the link that they were given, and stays in by it.

mod common;

use chat_server::{
    Config,
    admin::{Answer, Order},
    registration::Registration,
};
use common::{
    TestServer, config, config_in, order,
    program::Program,
    tui::{Launch, Tui},
};

#[tokio::test]
async fn a_link_and_a_password_are_an_account_that_is_kept() {
    let directory = tempfile::tempdir().expect("a directory");
    let config = Config { registration: Registration::Invite, ..config_in(directory.path(), 0) };
    let server = TestServer::with(config).await;
    let invite = Order::Invite { uses: 1, minutes: 60, label: String::new(), url: None };
    let Answer::Invitation { code, link: Some(link), .. } = order(directory.path(), invite).await else { panic!("no link") };
    let mut peer = server.join("ops", "bob").await;
    let once = |text| ["--user", "Paul", "--room", "ops", "--once", text];
    // As a guest first: the name is his, and becomes his account's.
    let (ended, home) = Program::start(&server.url(), &once("as a guest")).ended_at_home().await;
    assert_eq!(ended.with(0).errors, "");

    let register = |invite: &'static [&'static str]| [&["--register"], invite, &once("with an account")[..]].concat();
    let without = Program::start(&server.url(), &register(&[])).ended().await;
    assert!(without.with(3).errors.contains("asks for an invitation: --invite"), "{without:?}");
    let nonsense = Program::start(&server.url(), &register(&["--invite", "https://h/"])).ended().await;
    assert!(nonsense.with(2).errors.contains("--invite: a link like"), "{nonsense:?}");
    let mut wrong = Program::start(&server.url(), &register(&["--invite", "nonsense"]));
    wrong.write("correct horse\n").await;
    let wrong = wrong.ended().await;
    assert!(wrong.with(3).errors.contains("not known here, or it is over"), "{wrong:?}");
    // Somebody else does not get the name.
    let other = [&["--register", "--invite", code.tell()], &once("not me")[..]].concat();
    let mut other = Program::start(&server.url(), &other);
    other.write("another horse\n").await;
    let other = other.ended().await;
    assert!(other.with(3).errors.contains("Paul is taken"), "{other:?}");

    let with_link = [&["--register", "--invite", link.tell()], &once("with an account")[..]].concat();
    let mut right = Program::start_at(home, &server.url(), &with_link);
    right.write("correct horse\n").await;
    let (ended, home) = right.ended_at_home().await;
    assert_eq!(ended.with(0).errors, "");
    peer.hears("with an account").await;
    let (ended, home) = Program::start_at(home, &server.url(), &once("and again")).ended_at_home().await;
    assert_eq!(ended.with(0).errors, "");
    peer.hears("and again").await;
    let Answer::Accounts { accounts } = order(directory.path(), Order::Accounts).await else { panic!("no list") };
    assert_eq!((accounts.len(), accounts[0].name.shown(), accounts[0].tokens), (1, "Paul", 1));
    let ended = Program::start_at(home, &server.url(), &["--user", "paul", "--logout"]).ended().await;
    ended.with(0);
}

#[tokio::test]
async fn where_nobody_may_register_no_password_is_asked_for() {
    let server = TestServer::start().await;
    let register = ["--register", "--user", "paul", "--room", "ops", "--once", "hi"];
    let refused = Program::start(&server.url(), &register).ended().await;
    assert!(refused.with(3).errors.contains("lets nobody make an account: ask whoever runs it"), "{refused:?}");
}

#[tokio::test]
async fn at_a_terminal_a_password_is_asked_for_twice_and_shown_nowhere() {
    let server = TestServer::with(Config { registration: Registration::Open, ..config() }).await;
    let mut tui = Launch::of(&server.url(), "paul").args(&["--register"]).start();
    let asked = async |tui: &mut Tui, words: &str, times: usize, answer: &str| {
        tui.wait_for(words, |screen| screen.contents().matches(words).count() == times).await;
        tui.line(answer);
    };
    asked(&mut tui, "New password of paul", 1, "correct horse").await;
    asked(&mut tui, "The same again: ", 1, "incorrect horse").await;
    tui.shows("These are two passwords.").await;
    asked(&mut tui, "New password of paul", 2, "correct horse").await;
    asked(&mut tui, "The same again: ", 2, "correct horse").await;
    tui.shows("connected").await;
    tui.line("/register paul hunter22");
    tui.shows("An account is made at the door").await;
    let bytes = String::from_utf8_lossy(&tui.bytes()).into_owned();
    assert!(!bytes.contains("correct horse"));
    assert!(server.join("general", "bob").await.log().await.is_empty(), "nothing was said");
    tui.line("/quit");
    tui.ended_with(0).await;
}
