//! What is kept for the next start, one thing after the other, on a thread of its own: a disk that is slow, or another of us that
//! holds the file, keeps nobody waiting but this.

use chat_protocol::{RoomName, UserName};
use tokio::{
    sync::mpsc::{self, Sender},
    task::{JoinHandle, spawn_blocking},
};

use crate::msg::Msg;

/// How many things may wait. With more the disk is as good as gone.
const WAITING: usize = 64;

/// What is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Kept {
    /// The proof of a name.
    Session(String),
    /// The rooms that one is in.
    Rooms(Vec<RoomName>),
}

/// Keeps it for a name. The error is in words.
pub(crate) type Keep = Box<dyn Fn(&UserName, &Kept) -> Result<(), String> + Send>;

/// Takes what is to be kept.
pub(crate) struct Keeper {
    things: Sender<(UserName, Kept)>,
    told: Sender<Msg>,
    /// It was said that it cannot keep up.
    failed: bool,
}

impl Keeper {
    /// Begins; it has ended, with everything kept, some time after this goes away. To be called within the runtime.
    pub(crate) fn start(keep: Keep, told: Sender<Msg>) -> (Self, JoinHandle<()>) {
        let (things, mut asked) = mpsc::channel::<(UserName, Kept)>(WAITING);
        let tell = told.clone();
        let thread = spawn_blocking(move || {
            let mut failed = false;
            while let Some((user, kept)) = asked.blocking_recv() {
                if let Err(words) = keep(&user, &kept)
                    && !failed
                {
                    failed = fail(&tell, &words);
                }
            }
        });
        (Self { things, told, failed: false }, thread)
    }

    /// Keeps this, after everything before it.
    pub(crate) fn keep(&mut self, user: UserName, kept: Kept) {
        if self.things.try_send((user, kept)).is_err() && !self.failed {
            self.failed = fail(&self.told, "the disk takes too long");
        }
    }
}

/// Says so; whether there was room for that. Once is enough.
fn fail(told: &Sender<Msg>, words: &str) -> bool {
    told.try_send(Msg::Failed(format!("Nothing can be kept for the next start: {words}"))).is_ok()
}

#[cfg(test)]
mod tests {
    use std::{
        sync::{Arc, Mutex, mpsc::sync_channel},
        time::Duration,
    };

    use tokio::time::timeout;

    use super::*;

    #[tokio::test]
    async fn what_is_kept_is_waited_for_by_nobody_and_comes_in_order() {
        let (told, mut heard) = mpsc::channel(8);
        let (go_on, held) = sync_channel::<()>(0);
        let (written, kept) = (Arc::new(Mutex::new(Vec::new())), Mutex::new(held));
        let disk = Arc::clone(&written);
        let keep = move |_: &UserName, thing: &Kept| {
            // The disk stands still until the test says otherwise.
            let _ = kept.lock().unwrap().recv();
            disk.lock().unwrap().push(thing.clone());
            Err("it is full".to_owned())
        };
        let (mut keeper, thread) = Keeper::start(Box::new(keep), told);
        let user = UserName::parse("eve").unwrap();
        let things: Vec<_> = (0..3).map(|number| Kept::Session(number.to_string())).collect();
        things.iter().for_each(|thing| keeper.keep(user.clone(), thing.clone()));
        assert!(written.lock().unwrap().is_empty() && heard.try_recv().is_err(), "this went on, and the disk did not");
        drop(go_on);
        drop(keeper);
        timeout(Duration::from_secs(20), thread).await.unwrap().unwrap();
        assert_eq!(*written.lock().unwrap(), things);
        assert!(matches!(heard.recv().await, Some(Msg::Failed(words)) if words.ends_with(": it is full")));
        assert!(heard.recv().await.is_none(), "that is said once");
    }

    #[tokio::test]
    async fn a_disk_that_stands_still_is_spoken_of() {
        let (told, mut heard) = mpsc::channel(8);
        let (go_on, held) = sync_channel::<()>(0);
        let held = Mutex::new(held);
        let (mut keeper, thread) = Keeper::start(Box::new(move |_, _| held.lock().unwrap().recv().or(Ok(()))), told);
        for _ in 0..WAITING + 9 {
            keeper.keep(UserName::parse("eve").unwrap(), Kept::Rooms(Vec::new()));
        }
        assert!(matches!(heard.recv().await, Some(Msg::Failed(words)) if words.ends_with(": the disk takes too long")));
        drop((go_on, keeper));
        timeout(Duration::from_secs(20), thread).await.unwrap().unwrap();
        assert!(heard.recv().await.is_none(), "that is said once");
    }
}
