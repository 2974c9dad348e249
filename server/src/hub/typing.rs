//! Who types where, until when. `true` goes out at the start and at renewals, at most every two seconds; `false` three seconds
//! after the last word of it, and at once when somebody says so.

use std::{collections::HashMap, sync::Arc, time::Instant};

use chat_protocol::{RoomName, Signal, UserName, limits};

use super::Due;

#[derive(Default)]
pub(super) struct Typing {
    now: HashMap<(Arc<str>, Arc<str>), Typist>,
}

struct Typist {
    room: RoomName,
    user: UserName,
    until: Instant,
    told: Instant,
}

impl Typist {
    fn signal(&self, active: bool) -> Signal {
        Signal::Typing { room: self.room.clone(), user: self.user.clone(), active }
    }
}

impl Typing {
    pub(super) fn go_on(&mut self, room: &RoomName, user: &UserName, now: Instant) -> (Option<Signal>, Option<(Instant, Due)>) {
        let until = now + limits::TYPING_LASTS;
        let key = (room.key(), user.key());
        if let Some(typist) = self.now.get_mut(&key) {
            typist.until = until;
            let tell = now >= typist.told + limits::TYPING_RENEW;
            if tell {
                typist.told = now;
            }
            // The deadline that is already noted finds the new `until` and notes the next one.
            return (tell.then(|| typist.signal(true)), None);
        }
        let due = Due::Typing(key.0.clone(), key.1.clone());
        let typist = Typist { room: room.clone(), user: user.clone(), until, told: now };
        let signal = typist.signal(true);
        self.now.insert(key, typist);
        (Some(signal), Some((until, due)))
    }

    pub(super) fn stop(&mut self, room: &RoomName, user: &UserName) -> Option<Signal> {
        self.now.remove(&(room.key(), user.key())).map(|typist| typist.signal(false))
    }

    pub(super) fn due(&mut self, room: &Arc<str>, user: &Arc<str>, now: Instant) -> (Option<Signal>, Option<(Instant, Due)>) {
        let key = (Arc::clone(room), Arc::clone(user));
        match self.now.get(&key) {
            Some(typist) if typist.until > now => (None, Some((typist.until, Due::Typing(key.0, key.1)))),
            Some(_) => (self.now.remove(&key).map(|typist| typist.signal(false)), None),
            None => (None, None),
        }
    }
}
