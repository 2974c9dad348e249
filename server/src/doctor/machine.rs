//! What the machine has for a server: a port, open files, memory, a clock, a kernel that queues.

use std::{fs, io, net::IpAddr};

use chat_protocol::Timestamp;
use rustix::process::{Resource, getrlimit};

use super::Finding;
use crate::{
    config::FILES_APART,
    listener::{BACKLOG, bind},
};

/// As many connections as a small team never has.
const FEW_FILES: u64 = 4096;
/// What the store's cache and the server itself take.
const MEMORY_KIB: u64 = 160 * 1024;
/// No clock that is right shows less.
const EARLIEST: Timestamp = Timestamp(1_735_689_600_000);
/// Clocks are set by as much, now and then.
const STEP_MS: i64 = 60_000;

pub(super) fn port(host: IpAddr, port: u16, runs: bool) -> Finding {
    const WHAT: &str = "port";
    let address = std::net::SocketAddr::new(host, port);
    match bind(address) {
        Ok(_) if port == 0 => Finding::fine(WHAT, format!("any that is free, on {host}")),
        Ok(_) if runs => {
            Finding::hint(WHAT, format!("{address} is free, though a server runs here"), "is it another port that it listens on?")
        }
        Ok(_) => Finding::fine(WHAT, format!("{address} is free")),
        Err(error) => match error.kind() {
            io::ErrorKind::AddrInUse if runs => {
                Finding::fine(WHAT, format!("{address} is in use, as by the server that runs here"))
            }
            io::ErrorKind::AddrInUse => Finding::fault(
                WHAT,
                format!("{address} is another program's"),
                format!("ss -ltnp 'sport = :{port}' says whose; or another --port"),
            ),
            io::ErrorKind::PermissionDenied => {
                let advice = "a port from 1024 on, or CAP_NET_BIND_SERVICE (AmbientCapabilities of the unit)";
                Finding::fault(WHAT, format!("{address} is not for this user"), advice)
            }
            io::ErrorKind::AddrNotAvailable => {
                Finding::fault(WHAT, format!("this machine has no address {host}"), "--host :: or 0.0.0.0 for every network")
            }
            _ => Finding::fault(WHAT, format!("{address}: {error}"), "another --host or --port"),
        },
    }
}

/// The server takes as many as the hard limit has.
pub(super) fn open_files(max_connections: usize) -> Finding {
    let wanted = u64::try_from(max_connections).unwrap_or(u64::MAX);
    judge_files(getrlimit(Resource::Nofile).maximum, wanted)
}

fn judge_files(most: Option<u64>, wanted: u64) -> Finding {
    const WHAT: &str = "open files";
    let advice = "LimitNOFILE= of the unit, or ulimit -Hn: this is about where doctor was started";
    let Some(most) = most else { return Finding::fine(WHAT, "no limit") };
    let connections = most.saturating_sub(FILES_APART as u64);
    if wanted > connections {
        return Finding::fault(WHAT, format!("{most}: not enough for --max-connections {wanted}"), advice);
    }
    match most {
        0..FEW_FILES => Finding::hint(WHAT, format!("{most}: {connections} connections at most"), advice),
        _ => Finding::fine(WHAT, format!("{most}")),
    }
}

pub(super) fn memory() -> Option<Finding> {
    let text = fs::read_to_string("/proc/meminfo").ok()?;
    judge_memory(&text)
}

fn judge_memory(text: &str) -> Option<Finding> {
    const WHAT: &str = "memory";
    let free: u64 = text.lines().find_map(|line| line.strip_prefix("MemAvailable:"))?.trim().strip_suffix(" kB")?.parse().ok()?;
    let words = format!("{} MiB are to be had", free / 1024);
    Some(if free < MEMORY_KIB {
        Finding::hint(WHAT, words, format!("a busy server takes {} MiB, and 2-10 KiB for each connection", MEMORY_KIB / 1024))
    } else {
        Finding::fine(WHAT, words)
    })
}

/// Messages have the time at which they came: a clock that went back makes them out of order for people.
pub(super) fn clock(now: Timestamp, newest: Option<Timestamp>) -> Finding {
    const WHAT: &str = "clock";
    let advice = "timedatectl, or your NTP's status";
    match newest {
        _ if now < EARLIEST => Finding::fault(WHAT, format!("it is not {now}: the clock is not set"), advice),
        Some(newest) if newest.0 > now.0 + STEP_MS => {
            Finding::hint(WHAT, format!("it is {now}, and the newest message is of {newest}: the clock went back"), advice)
        }
        _ => Finding::fine(WHAT, now.to_string()),
    }
}

pub(super) fn kernel() -> Option<Finding> {
    let most: i32 = fs::read_to_string("/proc/sys/net/core/somaxconn").ok()?.trim().parse().ok()?;
    Some(judge_queue(most))
}

fn judge_queue(most: i32) -> Finding {
    const WHAT: &str = "kernel";
    if most < BACKLOG {
        let words = format!("{most} connections wait at most to be accepted, where a crowd comes back at once after a restart");
        return Finding::hint(WHAT, words, format!("sysctl net.core.somaxconn={BACKLOG}"));
    }
    Finding::fine(WHAT, format!("{BACKLOG} connections may wait to be accepted"))
}

#[cfg(test)]
mod tests {
    use super::{super::Verdict, *};

    #[test]
    fn ports_are_tried() {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let (host, taken) = ("127.0.0.1".parse().unwrap(), listener.local_addr().unwrap().port());
        assert_eq!(port(host, taken, false).verdict, Verdict::Fault);
        assert_eq!(port(host, taken, true).verdict, Verdict::Fine);
        assert_eq!(port(host, 0, false).verdict, Verdict::Fine);
        let elsewhere = port("192.0.2.1".parse().unwrap(), 0, false);
        assert!(elsewhere.verdict == Verdict::Fault && elsewhere.words.contains("no address"), "{elsewhere:?}");
        drop(listener);
        assert_eq!(port(host, taken, false).verdict, Verdict::Fine);
    }

    #[test]
    fn what_there_is_is_held_against_what_is_wanted() {
        for (found, verdict) in [
            (judge_files(Some(1024), 0), Verdict::Hint),
            (judge_files(Some(65_536), 0), Verdict::Fine),
            (judge_files(Some(65_536), 65_000), Verdict::Fine),
            (judge_files(Some(65_536), 65_536), Verdict::Fault),
            (judge_files(None, 1_000_000), Verdict::Fine),
            (judge_memory("MemTotal: 1 kB\nMemAvailable:     1000 kB\n").unwrap(), Verdict::Hint),
            (judge_memory("MemAvailable:  9000000 kB\n").unwrap(), Verdict::Fine),
            (judge_queue(128), Verdict::Hint),
            (judge_queue(4096), Verdict::Fine),
            (clock(Timestamp(0), None), Verdict::Fault),
            (clock(Timestamp(EARLIEST.0), Some(Timestamp(EARLIEST.0 + STEP_MS))), Verdict::Fine),
            (clock(Timestamp(EARLIEST.0), Some(Timestamp(EARLIEST.0 + STEP_MS + 1))), Verdict::Hint),
        ] {
            assert_eq!(found.verdict, verdict, "{found:?}");
        }
    }
}
