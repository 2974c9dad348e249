//! What was decreed to keep order, in words for people: what was done, and where.

use chat_protocol::{Role, RoomName, Timestamp, rights::lasting};

use super::{
    Decree, Realm,
    rooms::{Penalty, Sentence, Whom},
};

/// How long it is until then.
pub(super) fn time_until(until: Timestamp, now: Timestamp) -> String {
    lasting(u64::try_from((until.0 - now.0).max(0)).unwrap_or(0).div_ceil(1000))
}

/// A reason, where there is one, behind what it is the reason of.
pub fn because(reason: &str) -> String {
    if reason.is_empty() { String::new() } else { format!(": {reason}") }
}

/// Whether it says from where people come: that is for those to know who keep order on the server.
pub fn tells_addresses(decree: &Decree) -> bool {
    match decree {
        Decree::Sentenced(Sentence { whom, .. }) | Decree::Lifted { whom, .. } | Decree::Kicked { whom, .. } => {
            matches!(whom, Whom::Address(_))
        }
        _ => false,
    }
}

/// What a moderator did, in words, and where; nothing for decrees that are none of theirs.
pub fn deed(realm: &Realm, decree: &Decree, at: Timestamp) -> Option<(Option<RoomName>, String)> {
    let name = |whom: &Whom| match whom {
        Whom::Account(id) => realm.account(*id).map_or_else(|| "somebody".into(), |account| account.name.to_string()),
        Whom::Guest(name) => format!("{name} (a guest)"),
        Whom::Address(address) => format!("the guests of {address}"),
    };
    Some(match decree {
        Decree::Founded { room, .. } => (Some(room.clone()), "made the room".into()),
        Decree::Rules { room, rules } => {
            let parts = [
                rules.access.map(|access| access.to_string()),
                rules.speak.map(|speak| format!("speak: {speak}")),
                rules.topic.map(|topic| format!("topic: {topic}")),
                rules.slow.map(|slow| format!("slow: {slow} s")),
            ];
            let parts: Vec<_> = parts.into_iter().flatten().collect();
            (Some(room.clone()), format!("set {}", parts.join(", ")))
        }
        Decree::Rank { room, account, role } => {
            let role = role.map_or("nobody in particular", Role::word);
            (Some(room.clone()), format!("made {} {role}", name(&Whom::Account(*account))))
        }
        Decree::Sentenced(Sentence { penalty, whom, room, until, reason, .. }) => {
            let what = match penalty {
                Penalty::Mute => "muted",
                Penalty::Ban => "banned",
            };
            let lasting = until.map_or_else(String::new, |until| format!(" for {}", time_until(until, at)));
            (room.clone(), format!("{what} {}{lasting}{}", name(whom), because(reason)))
        }
        Decree::Lifted { penalty, whom, room } => {
            let what = match penalty {
                Penalty::Mute => "unmuted",
                Penalty::Ban => "unbanned",
            };
            (room.clone(), format!("{what} {}", name(whom)))
        }
        Decree::Kicked { whom, room, reason } => (room.clone(), format!("kicked {}{}", name(whom), because(reason))),
        Decree::Operated { room, what } => (room.clone(), what.clone()),
        Decree::Removed { room, seq, from } => (Some(room.clone()), format!("took message {seq} of {from} away")),
        _ => return None,
    })
}
