//! A program under measure: how it is started and ended, and what the system says of it. It is killed when it is dropped.

use std::{
    fs,
    io::{BufRead, BufReader},
    path::Path,
    process::{Child, ChildStdout, Command, Stdio},
    time::{Duration, Instant},
};

use anyhow::Context;
use rustix::thread::{CpuSet, sched_getaffinity, sched_setaffinity};

use crate::Plan;

/// A running program that said its port.
pub(crate) struct Process {
    child: Child,
    pub(crate) port: u16,
    /// From its start to the line with the port.
    pub(crate) started: Duration,
    /// Held, so that it may go on writing.
    _stdout: BufReader<ChildStdout>,
}

impl Process {
    /// Starts a program and waits until a line of its ends in a port.
    pub(crate) fn start(command: &mut Command) -> anyhow::Result<Self> {
        let begun = Instant::now();
        let mut child = command.stdin(Stdio::null()).stdout(Stdio::piped()).spawn()?;
        let mut stdout = BufReader::new(child.stdout.take().context("its stdout is a pipe")?);
        let mut line = String::new();
        stdout.read_line(&mut line)?;
        let started = begun.elapsed();
        let port = line.trim().rsplit(' ').next().and_then(|port| port.parse().ok());
        let Some(port) = port else {
            let _ = child.kill();
            let _ = child.wait();
            anyhow::bail!("it did not say its port, but {line:?}");
        };
        Ok(Self { child, port, started, _stdout: stdout })
    }

    /// The server, on a free port, without the limits that a generator would run into; in memory unless there is a directory.
    pub(crate) fn server(plan: &Plan, store: Option<&Path>) -> anyhow::Result<Self> {
        Self::server_of(plan, plan.shards(), store)
    }

    /// The same with so many shards.
    pub(crate) fn server_of(plan: &Plan, shards: usize, store: Option<&Path>) -> anyhow::Result<Self> {
        let mut command = Command::new(&plan.server);
        command.args(["--port", "0", "--rate-limit", "off", "--max-per-ip", "0"]);
        command.arg(format!("--shards={shards}")).env("RUST_LOG", "warn");
        // As variables, which a build of before they were there does not mind.
        command.envs(["CHAT_IP_RATE", "CHAT_CONTROL_RATE", "CHAT_CONNECT_RATE"].map(|name| (name, "off")));
        command.envs(["CHAT_MAX_STRANGERS", "CHAT_MAX_STRANGERS_PER_IP"].map(|name| (name, "0")));
        // Nor is the machine's own configuration measured.
        command.env("CHAT_CONFIG", "/dev/null");
        match store {
            Some(directory) => command.arg("--data-dir").arg(directory),
            None => command.arg("--ephemeral"),
        };
        Self::start(&mut command)
    }

    /// The server as it is unless it is told otherwise, in memory, with one shard: whoever is attacked shares it.
    pub(crate) fn guarded_server(plan: &Plan) -> anyhow::Result<Self> {
        let mut command = Command::new(&plan.server);
        command.args(["--port", "0", "--ephemeral", "--shards", "1"]).env("RUST_LOG", "error");
        Self::start(&mut command)
    }

    /// Processor time of all its threads since they began, as `utime` and `stime` have it, but to the nanosecond.
    pub(crate) fn cpu(&self) -> anyhow::Result<Duration> {
        let mut sum = Duration::ZERO;
        for thread in fs::read_dir(format!("/proc/{}/task", self.child.id()))? {
            // One that ended meanwhile has none.
            sum += ran(&thread?.path().join("schedstat")).unwrap_or_default();
        }
        Ok(sum)
    }

    /// Resident memory in KiB.
    pub(crate) fn resident(&self) -> anyhow::Result<f64> {
        let status = fs::read_to_string(format!("/proc/{}/status", self.child.id()))?;
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).context("a VmRSS")?;
        Ok(line.trim().trim_end_matches(" kB").parse()?)
    }

    /// Ends it as an operator would, and waits.
    pub(crate) fn stop(mut self) -> anyhow::Result<()> {
        rustix::process::kill_process(rustix::process::Pid::from_child(&self.child), rustix::process::Signal::TERM)?;
        self.child.wait()?;
        Ok(())
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Processor time of this thread, which is the generator's.
pub(crate) fn own_cpu() -> anyhow::Result<Duration> {
    ran(Path::new("/proc/thread-self/schedstat"))
}

fn ran(schedstat: &Path) -> anyhow::Result<Duration> {
    let text = fs::read_to_string(schedstat)?;
    let nanos = text.split(' ').next().context("a first number")?;
    Ok(Duration::from_nanos(nanos.parse()?))
}

/// One connection is one open file: as many as the system lets this process have.
pub(crate) fn raise_open_files() {
    use rustix::process::{Resource, getrlimit, setrlimit};
    let mut limit = getrlimit(Resource::Nofile);
    limit.current = limit.maximum;
    if let Err(error) = setrlimit(Resource::Nofile, limit) {
        eprintln!("the limit of open files stays as it is: {error}");
    }
}

/// From now on this thread, and whatever it starts, has the first of its processors alone. Says which it had.
pub(crate) fn keep_the_first_processor() -> anyhow::Result<CpuSet> {
    let all = sched_getaffinity(None)?;
    let mut first = CpuSet::new();
    first.set((0..CpuSet::MAX_CPU).find(|processor| all.is_set(*processor)).context("a processor")?);
    keep(&first)?;
    Ok(all)
}

/// These processors, and no other.
pub(crate) fn keep(processors: &CpuSet) -> anyhow::Result<()> {
    Ok(sched_setaffinity(None, processors)?)
}

/// The opposite, where there are several, for whoever was started with the first alone.
pub(crate) fn leave_the_first_processor() -> anyhow::Result<()> {
    let own = sched_getaffinity(None)?;
    let mut others = CpuSet::new();
    (0..CpuSet::MAX_CPU).filter(|processor| !own.is_set(*processor)).for_each(|processor| others.set(processor));
    // The system leaves out those that there are not, and takes no set of none.
    let _ = sched_setaffinity(None, &others);
    Ok(())
}

/// How many connections this process may hold, with some left for everything else.
pub(crate) fn most_connections() -> usize {
    let limit = rustix::process::getrlimit(rustix::process::Resource::Nofile).current;
    limit.map_or(usize::MAX, |limit| usize::try_from(limit).unwrap_or(usize::MAX)).saturating_sub(200)
}
