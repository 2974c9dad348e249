//! Names, positions and times: what is one stays one, folded and written too; a refusal is safe to show.
#![no_main]

use chat_fuzz::assert_safe;
use chat_protocol::{ClientId, NameError, RoomName, Timestamp, UserName, json, names::fold};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    match UserName::parse(text) {
        Ok(name) => {
            assert_safe(name.shown(), false);
            assert!(!name.is_made() && name.shown().chars().count() <= 40 && name.folded().chars().count() <= 40);
            assert_eq!(UserName::parse(name.shown()).as_ref().map(UserName::folded), Ok(name.folded()));
            assert_eq!(UserName::parse(name.folded()), Ok(name.clone()), "folded it is the same name");
            assert_eq!(fold(name.folded()), name.folded());
            assert_eq!(name.reserved().is_some(), UserName::guest(text).is_err());
            assert!(!name.skeleton().is_empty() && !name.shown_skeleton().is_empty());
            let again: UserName = serde_json::from_str(&json::line(&name)).expect("what is written is read");
            assert_eq!(again.shown(), name.shown());
        }
        Err(error) => {
            assert_safe(&error.to_string(), false);
            // Only what the server makes, and what once was a name, is known and not chosen.
            if let Ok(known) = UserName::known(text) {
                assert!(known.is_made() || matches!(error, NameError::Scripts(_) | NameError::WrongSide), "{text:?}");
            }
        }
    }
    for room in [RoomName::parse(text), RoomName::known(text), RoomName::to_enter(text)] {
        match room {
            Ok(room) => {
                assert_safe(room.shown(), false);
                assert_eq!(RoomName::known(room.shown()).as_ref().map(RoomName::shown), Ok(room.shown()));
                assert_eq!(room.is_private(), room.pair().is_some());
                if let Some((one, other)) = room.pair() {
                    assert!(one <= other);
                    let one = UserName::known(one).expect("one of the two");
                    assert!(room.admits(Some(&one)) && room.other_than(&one).is_some());
                }
            }
            Err(error) => assert_safe(&error.to_string(), false),
        }
    }
    if let Some(at) = Timestamp::parse(text) {
        assert_eq!(Timestamp::parse(&at.to_string()), Some(at));
    }
    if let Some(cid) = ClientId::parse(text) {
        assert_eq!(cid.as_str(), text);
    }
});
