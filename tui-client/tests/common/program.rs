//! The real program without a terminal: its input a pipe, its output lines that can be waited for.

use std::{
    path::Path,
    process::{ExitStatus, Stdio},
    time::Duration,
};

use rustix::process::{Pid, Signal, kill_process};
use tempfile::TempDir;
use tokio::{
    io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader, Lines},
    process::{Child, ChildStdin, ChildStdout, Command},
    task::JoinHandle,
    time::timeout,
};

use super::PATIENCE;

/// What a program started in a test knows of the world: nothing but a home of its own.
pub fn environment(home: &Path) -> Vec<(&'static str, String)> {
    let at = |name: &str| home.join(name).display().to_string();
    vec![
        ("HOME", home.display().to_string()),
        ("XDG_CONFIG_HOME", at("config")),
        ("XDG_STATE_HOME", at("state")),
        ("XDG_DATA_HOME", at("data")),
        ("XDG_CACHE_HOME", at("cache")),
        ("TERM", "xterm-256color".into()),
        // The terminal is not asked for its colours: the one of the tests has no answer.
        ("COLORFGBG", "15;0".into()),
        ("TZ", "UTC".into()),
        ("LANG", "C.UTF-8".into()),
        ("USER", "tester".into()),
        ("PATH", std::env::var("PATH").unwrap_or_default()),
    ]
}

/// A run of the program.
pub struct Program {
    pub home: TempDir,
    child: Child,
    input: Option<ChildStdin>,
    output: Option<Lines<BufReader<ChildStdout>>>,
    errors: JoinHandle<String>,
}

/// How it ended.
#[derive(Debug)]
pub struct Ended {
    pub status: ExitStatus,
    /// What was not asked for before.
    pub output: Vec<String>,
    pub errors: String,
}

impl Ended {
    #[track_caller]
    pub fn with(&self, code: i32) -> &Self {
        assert_eq!(self.status.code(), Some(code), "{self:#?}");
        self
    }
}

impl Program {
    pub fn start(server: &str, args: &[&str]) -> Self {
        Self::start_at(tempfile::tempdir().expect("a home"), server, args)
    }

    /// In a home that is there already.
    pub fn start_at(home: TempDir, server: &str, args: &[&str]) -> Self {
        let mut command = Command::new(env!("CARGO_BIN_EXE_chat-tui"));
        command.env_clear().envs(environment(home.path())).args(["--server", server]).args(args).kill_on_drop(true);
        let mut child =
            command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("the program starts");
        let input = child.stdin.take();
        let output = child.stdout.take().map(|output| BufReader::new(output).lines());
        let mut errors = child.stderr.take().expect("its errors");
        let errors = tokio::spawn(async move {
            let mut text = String::new();
            let _ = errors.read_to_string(&mut text).await;
            text
        });
        Self { home, child, input, output, errors }
    }

    pub async fn write(&mut self, text: &str) {
        self.write_bytes(text.as_bytes()).await;
    }

    pub async fn write_bytes(&mut self, bytes: &[u8]) {
        let input = self.input.as_mut().expect("its input is open");
        timeout(PATIENCE, input.write_all(bytes)).await.expect("in time").expect("it is read");
    }

    /// The input ends.
    pub fn end_input(&mut self) {
        self.input = None;
    }

    /// Nobody reads the output any more.
    pub fn close_output(&mut self) {
        self.output = None;
    }

    /// The next line of the output.
    #[track_caller]
    pub fn line(&mut self) -> impl Future<Output = String> + '_ {
        let caller = std::panic::Location::caller();
        async move {
            let output = self.output.as_mut().expect("its output is open");
            let line = timeout(PATIENCE, output.next_line()).await;
            let line = line.unwrap_or_else(|_| panic!("{caller}: no line comes")).expect("it can be read");
            line.unwrap_or_else(|| panic!("{caller}: the output is over"))
        }
    }

    /// The next line that holds these words.
    #[track_caller]
    pub fn line_with<'a>(&'a mut self, words: &'a str) -> impl Future<Output = String> + 'a {
        let caller = std::panic::Location::caller();
        async move {
            let mut before = Vec::new();
            loop {
                let output = self.output.as_mut().expect("its output is open");
                match timeout(PATIENCE, output.next_line()).await {
                    Ok(Ok(Some(line))) if line.contains(words) => return line,
                    Ok(Ok(Some(line))) => before.push(line),
                    other => panic!("{caller}: «{words}» does not come ({other:?}); before: {before:#?}"),
                }
            }
        }
    }

    /// Whether nothing is printed for so long.
    pub async fn is_quiet(&mut self, length: Duration) -> bool {
        let output = self.output.as_mut().expect("its output is open");
        timeout(length, output.next_line()).await.is_err()
    }

    pub fn signal(&self, signal: Signal) {
        let id = self.child.id().and_then(|id| Pid::from_raw(id.cast_signed())).expect("it runs");
        kill_process(id, signal).expect("it takes a signal");
    }

    /// Waits for the end.
    #[track_caller]
    pub fn ended(self) -> impl Future<Output = Ended> {
        let ended = self.ended_at_home();
        // The home goes when the program has gone: not before, as long as that still writes in it.
        async move { ended.await.0 }
    }

    /// The same, keeping the home.
    #[track_caller]
    pub fn ended_at_home(self) -> impl Future<Output = (Ended, TempDir)> {
        let caller = std::panic::Location::caller();
        async move {
            let Self { home, mut child, input, output, errors } = self;
            let mut rest = Vec::new();
            let whole = async {
                if let Some(mut output) = output {
                    while let Ok(Some(line)) = output.next_line().await {
                        rest.push(line);
                    }
                }
                child.wait().await
            };
            let status = timeout(PATIENCE, whole).await;
            let status = status.unwrap_or_else(|_| panic!("{caller}: it does not end; printed {rest:#?}")).expect("its end");
            let errors = errors.await.expect("its errors");
            drop(input);
            (Ended { status, output: rest, errors }, home)
        }
    }
}
