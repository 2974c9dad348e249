//! Word to the service manager that started us: a line or two in a datagram, as systemd reads it for services of `Type=notify` and
//! `notify-reload`. Where there is none, nothing is said to nobody.
//!
//! The variables stay in the environment, because taking them out is not safe beside other threads; no child of ours inherits them,
//! for there are none.

use std::{
    ffi::{OsStr, OsString},
    os::unix::{
        ffi::OsStrExt as _,
        net::{SocketAddr, UnixDatagram},
    },
    sync::Arc,
    time::Duration,
};

use anyhow::{Context as _, bail};
use chat_server::pulse::Pulse;
use rustix::time::{ClockId, clock_gettime};
use tokio::time::{MissedTickBehavior, interval};

/// See the module. Clones speak to the same one.
#[derive(Clone)]
pub(crate) struct Supervisor {
    line: Option<Arc<Line>>,
    /// Without a sign of life for so long it takes us for dead.
    patience: Option<Duration>,
}

struct Line {
    socket: UnixDatagram,
    address: SocketAddr,
}

impl Supervisor {
    /// The one that the environment names.
    pub(crate) fn of_the_environment() -> Self {
        Self::named_by(|name| std::env::var_os(name), std::process::id())
    }

    fn named_by(variable: impl Fn(&str) -> Option<OsString>, own: u32) -> Self {
        let number = |name: &str| variable(name)?.to_str()?.parse::<u64>().ok();
        let name = variable("NOTIFY_SOCKET").filter(|name| !name.is_empty());
        let opened = name.map(|name| Line::open(&name).with_context(|| format!("NOTIFY_SOCKET={}", name.display())));
        let line = opened.and_then(|line| {
            line.inspect_err(|error| tracing::warn!(error = format!("{error:#}"), "the service manager cannot be told anything"))
                .ok()
        });
        // It may be meant for whoever started us.
        let is_ours = number("WATCHDOG_PID").is_none_or(|pid| pid == u64::from(own));
        let patience = number("WATCHDOG_USEC").filter(|micros| is_ours && *micros > 0).map(Duration::from_micros);
        Self { patience: patience.filter(|_| line.is_some()), line: line.map(Arc::new) }
    }

    /// Whether there is one that waits for our word.
    pub(crate) fn is_there(&self) -> bool {
        self.line.is_some()
    }

    pub(crate) fn ready(&self, status: &str) {
        self.say(&format!("READY=1\nSTATUS={status}"));
    }

    /// [`Supervisor::ready`] is to follow. The time is that by which a service manager knows which reload this is about.
    pub(crate) fn reloading(&self) {
        let now = clock_gettime(ClockId::Monotonic);
        let micros = i128::from(now.tv_sec) * 1_000_000 + i128::from(now.tv_nsec) / 1000;
        self.say(&format!("RELOADING=1\nMONOTONIC_USEC={micros}\nSTATUS=Reading the configuration again"));
    }

    pub(crate) fn stopping(&self) {
        self.say("STOPPING=1\nSTATUS=Going down");
    }

    /// Gives signs of life for as long as the server's threads turn, twice as often as is asked for.
    pub(crate) async fn keep_informed(&self, pulse: Pulse) {
        let Some(patience) = self.patience else { return };
        let mut every = interval((patience / 2).max(Duration::from_millis(1)));
        every.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            every.tick().await;
            // Where a thread is stuck, this waits with it, and nothing is said.
            if pulse.beat().await {
                self.say("WATCHDOG=1");
            }
        }
    }

    fn say(&self, words: &str) {
        let Some(line) = &self.line else { return };
        if let Err(error) = line.socket.send_to_addr(words.as_bytes(), &line.address) {
            tracing::warn!(%error, "the service manager was not told something");
        }
    }
}

impl Line {
    fn open(name: &OsStr) -> anyhow::Result<Self> {
        let socket = UnixDatagram::unbound()?;
        // Whoever does not read loses a word, and nobody waits for it.
        socket.set_nonblocking(true)?;
        Ok(Self { socket, address: address(name)? })
    }
}

fn address(name: &OsStr) -> anyhow::Result<SocketAddr> {
    match name.as_bytes() {
        [b'/', ..] => Ok(SocketAddr::from_pathname(name)?),
        #[cfg(target_os = "linux")]
        [b'@', rest @ ..] => Ok(<SocketAddr as std::os::linux::net::SocketAddrExt>::from_abstract_name(rest)?),
        _ => bail!("only a path or an abstract name (@…) can be spoken to"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn named(variables: &[(&str, &str)]) -> Supervisor {
        Supervisor::named_by(|name| variables.iter().find(|(one, _)| *one == name).map(|(_, value)| value.into()), 7)
    }

    fn heard(socket: &UnixDatagram) -> String {
        let mut buffer = [0; 512];
        let length = socket.recv(&mut buffer).unwrap();
        String::from_utf8(buffer[..length].to_vec()).unwrap()
    }

    #[test]
    fn it_is_told_by_a_path_and_by_an_abstract_name() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("notify");
        let by_path = UnixDatagram::bind(&path).unwrap();
        let supervisor = named(&[("NOTIFY_SOCKET", path.to_str().unwrap())]);
        assert!(supervisor.is_there());
        supervisor.ready("Listening");
        assert_eq!(heard(&by_path), "READY=1\nSTATUS=Listening");
        #[cfg(target_os = "linux")]
        {
            use std::os::linux::net::SocketAddrExt as _;
            let name = format!("chat-notify-{}", std::process::id());
            let abstract_one = UnixDatagram::bind_addr(&SocketAddr::from_abstract_name(&name).unwrap()).unwrap();
            named(&[("NOTIFY_SOCKET", &format!("@{name}"))]).stopping();
            assert_eq!(heard(&abstract_one), "STOPPING=1\nSTATUS=Going down");
        }
    }

    #[test]
    fn a_reload_has_a_time_that_goes_on() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("notify");
        let socket = UnixDatagram::bind(&path).unwrap();
        let supervisor = named(&[("NOTIFY_SOCKET", path.to_str().unwrap())]);
        let time = || {
            supervisor.reloading();
            let words = heard(&socket);
            let time = words.strip_prefix("RELOADING=1\nMONOTONIC_USEC=").unwrap_or_else(|| panic!("{words}"));
            time.lines().next().unwrap().parse::<u128>().unwrap()
        };
        let first = time();
        assert!(first > 0 && time() > first);
    }

    #[test]
    fn what_is_not_meant_for_us_or_cannot_be_spoken_to_is_none() {
        for (variables, is_there, patience) in [
            (&[][..], false, None),
            (&[("NOTIFY_SOCKET", "")], false, None),
            (&[("NOTIFY_SOCKET", "vsock:2:1234")], false, None),
            (&[("NOTIFY_SOCKET", "vsock:2:1234"), ("WATCHDOG_USEC", "2000000")], false, None),
            (&[("WATCHDOG_USEC", "2000000")], false, None),
            (&[("NOTIFY_SOCKET", "/nowhere"), ("WATCHDOG_USEC", "2000000")], true, Some(2)),
            (&[("NOTIFY_SOCKET", "/nowhere"), ("WATCHDOG_USEC", "2000000"), ("WATCHDOG_PID", "7")], true, Some(2)),
            (&[("NOTIFY_SOCKET", "/nowhere"), ("WATCHDOG_USEC", "2000000"), ("WATCHDOG_PID", "8")], true, None),
            (&[("NOTIFY_SOCKET", "/nowhere"), ("WATCHDOG_USEC", "0")], true, None),
            (&[("NOTIFY_SOCKET", "/nowhere"), ("WATCHDOG_USEC", "soon")], true, None),
        ] {
            let supervisor = named(variables);
            // Nobody is there to hear it, and that hinders nothing.
            supervisor.ready("Listening");
            assert_eq!(
                (supervisor.is_there(), supervisor.patience),
                (is_there, patience.map(Duration::from_secs)),
                "{variables:?}"
            );
        }
    }
}
