//! The URL of one person's place in one room of a server.

use std::fmt::Write as _;

use chat_protocol::{RoomName, UserName};
use chat_terminal::reach::Address;

use crate::effect::Resume;

/// Where to connect to, with what is known from before. Not the session: what stands in an address is written down on its way.
pub(super) fn url(address: &Address, room: &RoomName, user: &UserName, resume: &Resume) -> String {
    let mut query = Vec::new();
    if let Some((epoch, seq)) = &resume.position {
        query.push(format!("after={seq}&epoch={}", escaped(&epoch.0)));
    }
    let mark = if query.is_empty() { "" } else { "?" };
    format!("{address}/ws/chat/{}/{}{mark}{}", escaped(room.shown()), escaped(user.shown()), query.join("&"))
}

/// Percent-encoded, all but RFC 3986's unreserved characters.
fn escaped(text: &str) -> String {
    text.bytes().fold(String::with_capacity(text.len()), |mut out, byte| {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => out.push(char::from(byte)),
            _ => drop(write!(out, "%{byte:02X}")),
        }
        out
    })
}

#[cfg(test)]
mod tests {
    use chat_protocol::{Epoch, Seq};

    use super::*;

    #[test]
    fn a_place_holds_names_and_position_escaped() {
        let (room, user) = (RoomName::parse("Tea Room").unwrap(), UserName::parse("Zoë+1").unwrap());
        let address = Address::parse("ws://h:1").unwrap();
        let place = |session, position| {
            let resume = Resume { room: room.clone(), user: user.clone(), session, position };
            url(&address, &room, &user, &resume)
        };
        assert_eq!(place(None, None), "ws://h:1/ws/chat/Tea%20Room/Zo%C3%AB%2B1");
        let there = place(Some("a/b".into()), Some((Epoch("e&".into()), Seq(7))));
        assert_eq!(there, "ws://h:1/ws/chat/Tea%20Room/Zo%C3%AB%2B1?after=7&epoch=e%26", "and not the session");
    }
}
