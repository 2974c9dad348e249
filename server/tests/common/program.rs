//! The real binary as a child: its signals, its exit code, what it prints, and a disk that can be made to fail.

use std::{
    net::SocketAddr,
    ops::Deref,
    process::{ExitStatus, Stdio},
};

use rustix::process::{Pid, Resource, Rlimit, Signal, kill_process, prlimit};
use tokio::{
    io::{AsyncBufReadExt, AsyncWriteExt, BufReader},
    process::{Child, Command},
    sync::watch,
    task::JoinHandle,
    time::timeout,
};

use super::{PATIENCE, TestServer};

/// A running `chat-server`. It is killed, by its own id, when it is dropped.
pub struct Program {
    server: TestServer,
    child: Child,
    /// What it announced on stdout.
    pub announced: String,
    /// What it says on stderr.
    said: watch::Receiver<String>,
    stderr: JoinHandle<()>,
}

/// How a child ended, and what it said to the operator.
#[derive(Debug)]
pub struct Ended {
    pub status: ExitStatus,
    pub stderr: String,
}

/// What a run that serves nobody said.
#[derive(Debug)]
pub struct Ran {
    pub status: ExitStatus,
    pub stdout: String,
    pub stderr: String,
}

impl Deref for Program {
    type Target = TestServer;

    fn deref(&self) -> &TestServer {
        &self.server
    }
}

fn command(arguments: &[&str]) -> Command {
    // The shell leaves its place to the program; what it ignores stays ignored, so that a file that may not grow is an error
    // and not the end.
    let mut command = Command::new("sh");
    command.args(["-c", "trap '' XFSZ; exec \"$0\" \"$@\"", env!("CARGO_BIN_EXE_chat-server")]);
    command.args(arguments);
    for (name, _) in std::env::vars_os().filter(|(name, _)| name.to_string_lossy().starts_with("CHAT_")) {
        command.env_remove(name);
    }
    // Nor is the machine's own configuration anybody's here.
    command.env("CHAT_CONFIG", "/dev/null");
    command.env("RUST_LOG", "warn").stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).kill_on_drop(true);
    command
}

/// Gathers what comes, line by line, where others can look at it meanwhile.
async fn gather(stream: impl tokio::io::AsyncRead + Unpin, said: watch::Sender<String>) {
    let (mut stream, mut line) = (BufReader::new(stream), Vec::new());
    // What came until it broke off is as good.
    while stream.read_until(b'\n', &mut line).await.is_ok_and(|read| read > 0) {
        said.send_modify(|text| text.push_str(&String::from_utf8_lossy(&line)));
        line.clear();
    }
}

impl Program {
    /// Without a rate limit, on a free port, with these arguments besides.
    pub async fn start(arguments: &[&str]) -> Self {
        Self::start_at(0, arguments).await
    }

    /// The same on a port.
    pub async fn start_at(port: u16, arguments: &[&str]) -> Self {
        Self::start_telling(port, arguments, "warn").await
    }

    /// One that says all that it ever says.
    pub async fn start_loud(arguments: &[&str]) -> Self {
        Self::start_telling(0, arguments, "trace").await
    }

    /// One that is what this file says, on a free port, and says what it does.
    pub async fn start_by(file: &str) -> Self {
        Self::launch(&["--port", "0", "--config", file], "info").await
    }

    async fn start_telling(port: u16, arguments: &[&str], level: &str) -> Self {
        let port = port.to_string();
        let mut all = vec!["--port", &port, "--rate-limit", "off", "--max-per-ip", "0", "--shards", "2"];
        all.extend(arguments);
        Self::launch(&all, level).await
    }

    /// One that finds these in its environment, on a free port, and says what it does.
    pub async fn start_amid(environment: &[(&str, &str)], arguments: &[&str]) -> Self {
        let mut command = command(arguments);
        command.args(["--port", "0", "--shards", "2"]).env("RUST_LOG", "info").envs(environment.iter().copied());
        Self::watch(command).await
    }

    async fn launch(arguments: &[&str], level: &str) -> Self {
        let mut command = command(arguments);
        command.env("RUST_LOG", level);
        Self::watch(command).await
    }

    async fn watch(mut command: Command) -> Self {
        let mut child = command.spawn().expect("the program starts");
        let (tell, said) = watch::channel(String::new());
        let stderr = tokio::spawn(gather(child.stderr.take().expect("a stderr"), tell));
        let mut lines = BufReader::new(child.stdout.take().expect("a stdout")).lines();
        let mut announced = String::new();
        let read = async {
            while let Ok(Some(line)) = lines.next_line().await {
                announced += &line;
                announced.push('\n');
                if line.trim_start().starts_with("messages") {
                    return true;
                }
            }
            false
        };
        if !timeout(PATIENCE, read).await.expect("it says where it listens") {
            let _ = stderr.await;
            panic!("it did not start: {}", *said.borrow());
        }
        let port = announced.split("port ").nth(1).and_then(|rest| rest.split_whitespace().next()?.parse().ok());
        let address = SocketAddr::from(([127, 0, 0, 1], port.expect("a port")));
        Self { server: TestServer::elsewhere(address), child, announced, said, stderr }
    }

    /// Waits for words on stderr.
    pub async fn says(&self, words: &str) {
        let mut said = self.said.clone();
        let found = timeout(PATIENCE, said.wait_for(|text| text.contains(words))).await;
        assert!(matches!(found, Ok(Ok(_))), "it did not say {words}: {}", *self.said.borrow());
    }

    /// Starts it where it cannot run, and waits for the end.
    pub async fn refused(arguments: &[&str]) -> Ended {
        let Ran { status, stderr, .. } = Self::run(arguments).await;
        Ended { status, stderr }
    }

    /// Has it do something else than serve, and waits for the end.
    pub async fn run(arguments: &[&str]) -> Ran {
        Self::run_with(arguments, "").await
    }

    /// The same with something piped in.
    pub async fn run_with(arguments: &[&str], input: &str) -> Ran {
        let mut command = command(arguments);
        command.stdin(Stdio::piped());
        Self::run_command(command, input).await
    }

    /// Has it do something else than serve, in an environment where these and no others are about it.
    pub async fn run_amid(environment: &[(&str, &str)], arguments: &[&str]) -> Ran {
        let mut command = command(arguments);
        command.env_remove("CHAT_CONFIG").envs(environment.iter().copied()).stdin(Stdio::piped());
        Self::run_command(command, "").await
    }

    async fn run_command(mut command: Command, input: &str) -> Ran {
        let mut child = command.spawn().expect("the program starts");
        let mut stdin = child.stdin.take().expect("a stdin");
        // Who does not read it has ended already.
        let _ = stdin.write_all(input.as_bytes()).await;
        drop(stdin);
        let output = timeout(PATIENCE, child.wait_with_output()).await.expect("it ends").expect("it is waited for");
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        Ran { status: output.status, stdout: text(&output.stdout), stderr: text(&output.stderr) }
    }

    fn id(&self) -> Pid {
        let id = self.child.id().and_then(|id| i32::try_from(id).ok());
        id.and_then(Pid::from_raw).expect("it runs")
    }

    pub fn signal(&self, signal: Signal) {
        kill_process(self.id(), signal).expect("it can be signalled");
    }

    /// From now on no file can be written, or can be again.
    pub fn disk_is_full(&self, full: bool) {
        let limit = Rlimit { current: full.then_some(0), maximum: None };
        prlimit(Some(self.id()), Resource::Fsize, limit).expect("its limits can be set");
    }

    /// Waits for the end.
    pub async fn ended(mut self) -> Ended {
        let status = timeout(PATIENCE, self.child.wait()).await.expect("it ends").expect("it is waited for");
        let _ = (&mut self.stderr).await;
        let stderr = self.said.borrow().clone();
        Ended { status, stderr }
    }

    /// Ends it as a power cut would end the process.
    pub async fn kill(self) -> Ended {
        self.signal(Signal::KILL);
        self.ended().await
    }

    /// Asks it to go, and waits for the end.
    pub async fn terminate(self) -> Ended {
        self.signal(Signal::TERM);
        self.ended().await
    }
}
