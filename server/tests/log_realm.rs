//! Who belongs here, as every log keeps it: decrees have one dense order, are judged against all before them, and are true for
//! everybody when they are kept and not before.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::collections::HashMap;

use chat_protocol::{Refusal, Timestamp, UserName};
use chat_server::{
    log::{
        Asker, Log, LogError, Motion, Outcome, Write,
        memory::Memory,
        sqlite::{Durability, Sqlite},
    },
    realm::{AccountId, Decree, InvitationId, NewInvitation, Newcomer, PasswordHash, Realm, Role, SecretHash, TokenId},
};

fn account(name: &str) -> Decree {
    Decree::Account { name: UserName::parse(name).unwrap(), role: Role::Member }
}

fn token(account: u64, byte: u8) -> Decree {
    Decree::Token { account: AccountId(account), hash: SecretHash([byte; 32]), label: "laptop".into(), expires: None }
}

fn motion(decree: Decree) -> Write {
    Write::Decree(Motion { by: "operator".into(), of: None, decree, asker: Asker::Nobody })
}

fn apply(log: &mut dyn Log, decrees: Vec<Decree>) -> Vec<Result<u64, Refusal>> {
    let writes: Vec<_> = decrees.into_iter().map(motion).collect();
    let outcomes = log.apply(&writes, Timestamp(1000)).unwrap();
    let result = |outcome| match outcome {
        Outcome::Decreed(decreed) => Ok(decreed.seq.0),
        Outcome::Refused(refusal) => Err(refusal),
        other => panic!("{other:?}"),
    };
    outcomes.into_iter().map(result).collect()
}

fn seen(log: &dyn Log) -> Realm {
    Realm::clone(&log.realm().borrow())
}

/// The realm that the kept decrees make.
fn made_of(log: &dyn Log) -> Realm {
    let mut realm = Realm::default();
    log.reader().unwrap().decrees().unwrap().iter().for_each(|decreed| realm.apply(decreed));
    realm
}

fn on_each(test: impl Fn(&mut dyn Log)) {
    test(&mut Memory::new().unwrap());
    let directory = tempfile::tempdir().unwrap();
    test(&mut Sqlite::open(directory.path(), Durability::Normal).unwrap());
}

#[test]
fn decrees_are_judged_in_order_within_a_batch_too() {
    on_each(|log| {
        let mut news = log.realm();
        let results = apply(log, vec![account("alice"), account("ALICE"), token(1, 7), token(1, 7), token(9, 8), account("bob")]);
        let places: Vec<_> = results.iter().map(|result| result.as_ref().ok().copied()).collect();
        assert_eq!(places, [Some(1), None, Some(2), None, None, Some(3)], "dense, whatever was refused between");
        assert!(news.has_changed().unwrap());
        let realm = seen(log);
        assert_eq!(realm.accounts().map(|account| account.name.shown()).collect::<Vec<_>>(), ["alice", "bob"]);
        assert_eq!(realm.pass(&SecretHash([7; 32]), Timestamp(0)).unwrap().account, AccountId(1));
        assert_eq!(made_of(log), realm);
        news.mark_unchanged();
        apply(log, vec![token(9, 1)]);
        assert!(!news.has_changed().unwrap(), "nothing came of it, and nobody hears of it");
        apply(log, vec![Decree::Revoked { token: TokenId(2) }]);
        assert!(news.has_changed().unwrap() && seen(log).tokens().next().is_none());
        assert_eq!(made_of(log), seen(log));
    });
}

#[test]
fn of_two_who_come_by_the_last_use_of_an_invitation_one_comes_whole() {
    on_each(|log| {
        let hash = SecretHash([7; 32]);
        let invitation = NewInvitation { hash, label: "team".into(), uses: 1, expires: Timestamp(9000) };
        let by = |name: &str, byte| {
            Decree::Registered(Newcomer {
                name: UserName::parse(name).unwrap(),
                password: PasswordHash("$argon2id$…".into()),
                token: SecretHash([byte; 32]),
                label: "page".into(),
                expires: Timestamp(9000),
                invitation: Some(InvitationId(1)),
            })
        };
        assert_eq!(apply(log, vec![Decree::Invitation(invitation)]), [Ok(1)]);
        let results = apply(log, vec![by("alice", 1), by("bob", 2)]);
        assert!(results[0] == Ok(2) && results[1].is_err(), "{results:?}");
        let realm = seen(log);
        let account = realm.accounts().next().unwrap();
        assert_eq!((realm.accounts().count(), account.name.shown(), account.password.is_some()), (1, "alice", true));
        assert_eq!(realm.pass(&SecretHash([1; 32]), Timestamp(0)).unwrap().account, account.id);
        assert_eq!((realm.tokens().count(), realm.invitations().next().unwrap().came.as_slice()), (1, &[account.id][..]));
        assert_eq!(made_of(log), realm);
    });
}

#[test]
fn the_last_use_of_a_token_is_known() {
    on_each(|log| {
        let used = |token, at| Write::Used { token: TokenId(token), at: Timestamp(at) };
        log.apply(&[used(2, 5000), used(3, 1), used(2, 7000)], Timestamp(7000)).unwrap();
        let uses = log.reader().unwrap().token_uses().unwrap();
        assert_eq!(uses, HashMap::from([(TokenId(2), Timestamp(7000)), (TokenId(3), Timestamp(1))]));
    });
}

#[test]
fn what_was_decreed_is_so_after_a_restart() {
    let directory = tempfile::tempdir().unwrap();
    let mut log = Sqlite::open(directory.path(), Durability::Full).unwrap();
    apply(
        &mut log,
        vec![account("alice"), token(1, 7), account("bob"), Decree::Disabled { account: AccountId(3), disabled: true }],
    );
    let before = seen(&log);
    drop(log);
    let mut log = Sqlite::open(directory.path(), Durability::Full).unwrap();
    assert_eq!(seen(&log), before);
    assert_eq!(apply(&mut log, vec![account("carol")]), [Ok(5)], "the order goes on");
    assert_eq!(log.reader().unwrap().verify(&mut |_| true).unwrap(), Some(vec![]));
}

#[test]
fn a_decree_that_could_not_be_kept_never_was() {
    let directory = tempfile::tempdir().unwrap();
    let mut log = Sqlite::open(directory.path(), Durability::Normal).unwrap();
    apply(&mut log, vec![account("alice")]);
    let (before, news) = (seen(&log), log.realm());
    log.limit_pages(1).unwrap();
    let many: Vec<_> = (0..200).map(|number| motion(account(&format!("user-{number}-{}", "x".repeat(20))))).collect();
    assert!(matches!(log.apply(&many, Timestamp(1000)), Err(LogError::Unavailable(_))));
    assert_eq!(seen(&log), before);
    assert!(!news.has_changed().unwrap());
    log.limit_pages(1_000_000).unwrap();
    assert_eq!(apply(&mut log, vec![account("bob")]), [Ok(2)]);
    assert_eq!(made_of(&log), seen(&log));
}
