//! Decrees as the store has them, one on each line: what is read is written as it was, what cannot be is refused in safe words
//! and changes nothing, and the realm that comes of the rest keeps its rules.
#![no_main]

#[path = "../../server/src/realm/mod.rs"]
#[allow(dead_code, unused_imports, reason = "the server uses all of it")]
mod realm;

use std::collections::HashSet;

use chat_fuzz::{assert_plain, assert_safe};
use chat_protocol::{RoomName, Timestamp, json};
use libfuzzer_sys::fuzz_target;
use realm::{Decree, Decreed, Pass, Realm, Someone, rights::Deed};

/// Whoever may do something in a room may read it, and a guarded room keeps those who may.
fn assert_rights(realm: &Realm, room: &RoomName, now: Timestamp) {
    for account in realm.accounts() {
        let someone = Someone { name: &account.name, account: Some(account.id) };
        let reads = realm.may_read(room, Some(someone), now);
        for deed in [Deed::Read, Deed::Speak, Deed::SetTopic, Deed::Delete, Deed::Punish, Deed::Invite, Deed::SetRules] {
            let may = realm.may(deed, room, someone, now);
            assert!(may.is_err() || reads, "{deed:?} in {room} by {}", account.name);
            if let Err(refusal) = may {
                assert_safe(&refusal.text, false);
            }
        }
        if realm.is_guarded(room.folded()) {
            assert_eq!(realm.keeps(room.folded(), Some(account.id), now), reads);
            assert!(!realm.may_read(room, None, now), "nobody in particular reads what is private");
        }
    }
}

/// Every name leads to its account and to no other, and every token belongs to one.
fn assert_rules(realm: &Realm, now: Timestamp) {
    let mut names = HashSet::new();
    for account in realm.accounts() {
        assert!(!account.name.is_made() && names.insert(account.name.folded().to_owned()));
        assert_eq!(realm.named(&account.name), Some(account));
        assert!(account.id.0 <= realm.seq().0);
    }
    for token in realm.tokens() {
        let owner = realm.account(token.account).expect("whose it is");
        let admitted = realm.admits(Pass { account: owner.id, token: token.id }, now);
        assert_eq!(admitted, !owner.disabled && !token.is_expired(now));
    }
}

fuzz_target!(|text: &str| {
    let (mut realm, mut kept, mut rooms) = (Realm::default(), Vec::new(), Vec::new());
    for (line, second) in text.split('\n').zip(0..) {
        let now = Timestamp(second * 1000);
        let Ok(decree) = serde_json::from_str::<Decree>(line) else { continue };
        let written = json::line(&decree);
        assert_plain(&written);
        assert_eq!(serde_json::from_str::<Decree>(&written).expect("what is written is read"), decree);
        // Every other one is wanted by the oldest account, as far as it may.
        let by = realm.accounts().next().map(|account| account.id).filter(|_| second % 2 == 1);
        match realm.judge(by, &decree, now) {
            Err(refusal) => assert_safe(&refusal.text, false),
            Ok(()) => {
                let decreed = Decreed { seq: realm.seq().next(), at: now, by: "the operator".into(), decree };
                realm.apply(&decreed);
                if let Decree::Token { hash, .. } = &decreed.decree {
                    let token = realm.tokens().last().expect("the one that was made");
                    let opens = realm.admits(Pass { account: token.account, token: token.id }, now);
                    assert_eq!(realm.pass(hash, now).is_some(), opens);
                }
                if let Decree::Founded { room, .. } | Decree::Rules { room, .. } | Decree::Rank { room, .. } = &decreed.decree {
                    rooms.push(room.clone());
                }
                kept.push(decreed);
                assert_rules(&realm, now);
                rooms.iter().for_each(|room| assert_rights(&realm, room, now));
            }
        }
    }
    let mut again = Realm::default();
    kept.iter().for_each(|decreed| again.apply(decreed));
    assert_eq!(again, realm, "whoever applies the same ones has the same realm");
});
