//! What is a name and what is none, in tables.

use super::*;

#[track_caller]
fn check(text: &str, expected: Result<&str, NameError>) {
    let parsed = UserName::parse(text);
    assert_eq!(parsed.as_ref().map(UserName::folded), expected.as_deref().map_err(|_| parsed.as_ref().unwrap_err()), "{text:?}");
    if let (Err(found), Err(wanted)) = (parsed, expected) {
        assert_eq!(found, wanted, "{text:?}");
    }
}

#[test]
fn names_are_letters_digits_and_little_else() {
    check("alice", Ok("alice"));
    check("Ann Lee", Ok("ann lee"));
    check("O'Brien-3.x_+", Ok("o'brien-3.x_+"));
    check("Straße", Ok("strasse"));
    check("İ", Ok("i̇"));
    check("山田", Ok("山田"));
    check("e\u{301}ric", Ok("éric"));
    check("550e8400-e29b-41d4-a716-446655440000", Ok("550e8400-e29b-41d4-a716-446655440000"));
    check("", Err(NameError::Empty));
    check(&"a".repeat(41), Err(NameError::TooLong(40)));
    check(&"a".repeat(9000), Err(NameError::TooLong(40)));
    check("-x", Err(NameError::Beginning));
    check(" x", Err(NameError::Beginning));
    check("#7", Err(NameError::Beginning));
    check("@a,b", Err(NameError::Beginning));
    check("\u{301}a", Err(NameError::Beginning));
    check("a  b", Err(NameError::Spaces));
    check("a ", Err(NameError::Spaces));
    check("a\u{301}\u{302}\u{303}\u{304}", Err(NameError::Marks));
    check("a\u{202e}b", Err(NameError::Character("U+202E".into())));
    check("a\u{200b}b", Err(NameError::Character("U+200B".into())));
    check("a\u{1b}[2J", Err(NameError::Character("U+001B".into())));
    check("a\u{3164}", Err(NameError::Character("U+3164".into())));
    check("a,b", Err(NameError::Character("«,»".into())));
    check("a.\u{301}", Err(NameError::Character("U+0301".into())));
    check(&"ß".repeat(20), Ok(&"s".repeat(40)));
    check(&"ß".repeat(21), Err(NameError::TooLong(40)));
    check("İ\u{903}\u{301}", Err(NameError::Marks));
}

#[test]
fn what_is_chosen_is_of_one_script_and_what_is_known_need_not_be() {
    let scripts = |one: &str, first, other: &str, second| Err(NameError::Scripts([(one.into(), first), (other.into(), second)]));
    check("аlice", scripts("«а»", "Cyrillic", "«l»", "Latin"));
    check("Li 李", Ok("li 李"));
    // Of no script, and folded it is Greek.
    check("aµ", scripts("«a»", "Latin", "«μ»", "Greek"));
    assert_eq!(
        UserName::parse("аlice").unwrap_err().to_string(),
        "a name is written in one script: «а» is Cyrillic and «l» is Latin"
    );
    assert_eq!(UserName::known("аlice").unwrap().shown(), "аlice");
    assert!(RoomName::parse("gеneral").is_err() && RoomName::to_enter("gеneral").is_err());
    assert_eq!(RoomName::known("gеneral").unwrap().shown(), "gеneral");
    assert_eq!(RoomName::to_enter("@аlice,bob").unwrap().pair(), Some(("bob", "аlice")));
    assert_eq!(serde_json::from_str::<UserName>("\"аlice\"").unwrap().shown(), "аlice");
}

#[test]
fn private_rooms_are_named_after_their_two() {
    let (alice, bob) = (UserName::parse("Alice").unwrap(), UserName::parse("bob").unwrap());
    let room = RoomName::private(&bob, &alice);
    assert_eq!(room.shown(), "@alice,bob");
    assert_eq!(RoomName::known("@Bob,alice").unwrap(), room);
    assert!(RoomName::parse("@alice,bob").is_err());
    assert!(room.admits(Some(&alice)) && !room.admits(Some(&UserName::parse("eve").unwrap())) && !room.admits(None));
    assert_eq!(room.other_than(&alice), Some(bob));
    let alone = RoomName::private(&alice, &alice);
    assert_eq!(alone.other_than(&alice), Some(alice));
    assert_eq!(RoomName::known("@#7,alice").unwrap().pair(), Some(("#7", "alice")));
}

#[test]
fn made_names_are_known_and_never_chosen() {
    assert_eq!(UserName::client(7), UserName::known("#7").unwrap());
    assert_eq!(UserName::client(u64::MAX).client_id(), Some(u64::MAX));
    assert_eq!(UserName::nameless(3).client_id(), None);
    assert!(UserName::known("#").is_err() && UserName::known("#A").is_err() && UserName::known("##").is_err());
    assert!(UserName::known("#007").is_err() && UserName::known("#0").is_ok());
}
