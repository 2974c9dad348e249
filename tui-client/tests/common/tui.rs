//! The real program in a terminal of its own: keys go in, a screen comes out, and every byte of it is kept.

use std::{
    fs::{File, OpenOptions},
    io::{Read as _, Write},
    num::NonZeroU16,
    os::unix::fs::OpenOptionsExt as _,
    path::{Path, PathBuf},
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    thread,
    time::Duration,
};

use portable_pty::{Child, CommandBuilder, ExitStatus, MasterPty, PtySize, native_pty_system};
use rustix::{
    process::{Pid, Signal, kill_process},
    termios::{LocalModes, Termios, tcgetattr},
};
use tempfile::TempDir;
use tokio::{
    sync::watch,
    time::{Instant, sleep, timeout_at},
};

use super::{PATIENCE, program::environment};

pub const ENTER: &str = "\r";
pub const CTRL_C: &str = "\x03";

/// How to start it.
pub struct Launch {
    pub home: TempDir,
    args: Vec<String>,
    environment: Vec<(String, String)>,
    size: (u16, u16),
    detached: bool,
    shell: bool,
}

impl Launch {
    /// As this user, in the room «general» of this server.
    pub fn of(server: &str, user: &str) -> Self {
        Self::bare().args(&["--server", server, "--user", user, "--room", "general"])
    }

    /// Without arguments.
    pub fn bare() -> Self {
        let home = tempfile::tempdir().expect("a home");
        let environment = environment(home.path()).into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
        Self { home, args: Vec::new(), environment, size: (100, 30), detached: false, shell: false }
    }

    pub fn args(mut self, args: &[&str]) -> Self {
        self.args.extend(args.iter().map(|arg| (*arg).to_owned()));
        self
    }

    pub fn env(mut self, name: &str, value: &str) -> Self {
        self.environment.retain(|(other, _)| other != name);
        self.environment.push((name.into(), value.into()));
        self
    }

    /// Columns and rows.
    pub fn size(mut self, columns: u16, rows: u16) -> Self {
        self.size = (columns, rows);
        self
    }

    /// The terminal is not the one that controls it: the system does not tell it when that goes.
    pub fn detached(mut self) -> Self {
        self.detached = true;
        self
    }

    /// By a shell that reads this first line; it stays when the program ends.
    pub fn in_a_shell(mut self) -> Self {
        self.shell = true;
        self
    }

    pub fn start(self) -> Tui {
        Tui::start(self)
    }
}

struct Seen {
    parser: vt100::Parser,
    bytes: Vec<u8>,
}

/// A run of the program in a terminal.
pub struct Tui {
    home: TempDir,
    seen: Arc<Mutex<Seen>>,
    /// Counts what came; closed when nobody is at the other end any more.
    changed: watch::Receiver<usize>,
    /// Whatever comes next is not read any more.
    closing: Arc<AtomicBool>,
    writer: Option<Box<dyn Write + Send>>,
    master: Option<Box<dyn MasterPty + Send>>,
    child: Box<dyn Child + Send + Sync>,
    device: PathBuf,
    before: Termios,
}

fn pty_size((columns, rows): (u16, u16)) -> PtySize {
    PtySize { rows, cols: columns, pixel_width: 0, pixel_height: 0 }
}

fn size(cells: u16) -> NonZeroU16 {
    NonZeroU16::new(cells).expect("a terminal has a size")
}

impl Tui {
    fn start(launch: Launch) -> Self {
        let pair = native_pty_system().openpty(pty_size(launch.size)).expect("a pty");
        let device = pair.master.tty_name().expect("its name");
        let before = attributes(&device);
        let program = env!("CARGO_BIN_EXE_chat-tui");
        let child: Box<dyn Child + Send + Sync> = if launch.detached {
            let end = || open(&device);
            let mut command = std::process::Command::new(program);
            command.env_clear().envs(launch.environment.iter().cloned()).args(&launch.args);
            Box::new(command.stdin(end()).stdout(end()).stderr(end()).spawn().expect("the program starts"))
        } else {
            let mut command = match launch.shell {
                true => CommandBuilder::new("sh"),
                false => CommandBuilder::new(program),
            };
            command.env_clear();
            for (name, value) in &launch.environment {
                command.env(name, value);
            }
            command.cwd(launch.home.path());
            if launch.shell {
                command.args(["-i"]);
                command.env("PS1", "shell> ");
            } else {
                command.args(&launch.args);
            }
            pair.slave.spawn_command(command).expect("the program starts")
        };
        drop(pair.slave);
        let (columns, rows) = launch.size;
        let seen = Arc::new(Mutex::new(Seen { parser: vt100::Parser::new(size(rows), size(columns), 0), bytes: Vec::new() }));
        let (told, changed) = watch::channel(0);
        let mut reader = pair.master.try_clone_reader().expect("its output");
        let (kept, closing) = (Arc::clone(&seen), Arc::new(AtomicBool::new(false)));
        let closed = Arc::clone(&closing);
        thread::spawn(move || {
            let mut chunk = [0; 64 * 1024];
            // At the end of the last process of the terminal, reading fails.
            while let Ok(count @ 1..) = reader.read(&mut chunk) {
                if closed.load(Ordering::SeqCst) {
                    break;
                }
                let mut kept = kept.lock().unwrap_or_else(PoisonError::into_inner);
                kept.parser.process(&chunk[..count]);
                kept.bytes.extend_from_slice(&chunk[..count]);
                let _ = told.send(kept.bytes.len());
            }
        });
        let writer = pair.master.take_writer().expect("its input");
        let shell = launch.shell.then(|| format!("{program} {}", launch.args.join(" ")));
        let mut tui = Self {
            home: launch.home,
            seen,
            changed,
            closing,
            writer: Some(writer),
            master: Some(pair.master),
            child,
            device,
            before,
        };
        if let Some(line) = shell {
            tui.line(&line);
        }
        tui
    }

    pub fn home(&self) -> &Path {
        self.home.path()
    }

    /// Types, as a keyboard does: the bytes of the keys.
    pub fn keys(&mut self, keys: &str) {
        let writer = self.writer.as_mut().expect("the terminal is open");
        writer.write_all(keys.as_bytes()).and_then(|()| writer.flush()).expect("keys are taken");
    }

    /// Types a line.
    pub fn line(&mut self, text: &str) {
        self.keys(text);
        self.keys(ENTER);
    }

    /// What is on the screen.
    pub fn contents(&self) -> String {
        self.look(|screen| screen.contents())
    }

    pub fn look<T>(&self, look: impl FnOnce(&vt100::Screen) -> T) -> T {
        look(self.seen.lock().unwrap_or_else(PoisonError::into_inner).parser.screen())
    }

    /// Everything that the program wrote.
    pub fn bytes(&self) -> Vec<u8> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner).bytes.clone()
    }

    /// Waits until the screen is as expected.
    #[track_caller]
    pub fn wait_for<'a>(
        &'a mut self,
        what: &'a str,
        fits: impl Fn(&vt100::Screen) -> bool + 'a,
    ) -> impl Future<Output = ()> + 'a {
        let caller = std::panic::Location::caller();
        async move {
            let deadline = Instant::now() + PATIENCE;
            loop {
                self.changed.borrow_and_update();
                if self.look(&fits) {
                    return;
                }
                let over = match timeout_at(deadline, self.changed.changed()).await {
                    Ok(Ok(())) => continue,
                    Ok(Err(_)) if self.look(&fits) => return,
                    Ok(Err(_)) => "the program ended",
                    Err(_) => "time is over",
                };
                panic!("{caller}: {what}: {over}. The screen:\n{}", self.contents());
            }
        }
    }

    /// Waits until these words are on the screen.
    #[track_caller]
    pub fn shows<'a>(&'a mut self, words: &'a str) -> impl Future<Output = ()> + 'a {
        self.wait_for(words, move |screen| screen.contents().contains(words))
    }

    /// Waits until these words are not on the screen.
    #[track_caller]
    pub fn hides<'a>(&'a mut self, words: &'a str) -> impl Future<Output = ()> + 'a {
        self.wait_for(words, move |screen| !screen.contents().contains(words))
    }

    /// Waits until these bytes were written.
    #[track_caller]
    pub fn wrote<'a>(&'a mut self, words: &'a str) -> impl Future<Output = ()> + 'a {
        self.wrote_times(1, words)
    }

    /// Waits until the terminal was taken again: from here on what is typed is for the program.
    #[track_caller]
    pub fn took_again(&mut self) -> impl Future<Output = ()> + '_ {
        self.wrote_times(2, "\x1b[?1049h")
    }

    #[track_caller]
    fn wrote_times<'a>(&'a mut self, times: usize, words: &'a str) -> impl Future<Output = ()> + 'a {
        let caller = std::panic::Location::caller();
        async move {
            let deadline = Instant::now() + PATIENCE;
            loop {
                self.changed.borrow_and_update();
                if count(&self.bytes(), words) >= times {
                    return;
                }
                let more = timeout_at(deadline, self.changed.changed()).await;
                assert!(matches!(more, Ok(Ok(()))), "{caller}: {words:?} was not written. The screen:\n{}", self.contents());
            }
        }
    }

    /// Waits until more than so many bytes were written.
    #[track_caller]
    pub fn grows_beyond(&mut self, bytes: usize) -> impl Future<Output = ()> + '_ {
        let caller = std::panic::Location::caller();
        async move {
            let deadline = Instant::now() + PATIENCE;
            let grown =
                timeout_at(deadline, self.changed.wait_for(|length| *length > bytes)).await.is_ok_and(|grown| grown.is_ok());
            assert!(grown, "{caller}: nothing more is written. The screen:\n{}", self.contents());
        }
    }

    /// Whether nothing is written for so long.
    pub async fn is_quiet(&mut self, length: Duration) -> bool {
        self.changed.borrow_and_update();
        timeout_at(Instant::now() + length, self.changed.changed()).await.is_err()
    }

    /// The time of a processor that it has taken, in the system's coarse units.
    pub fn processor_time(&self) -> Duration {
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", self.id().as_raw_nonzero())).unwrap_or_default();
        // The name, in brackets, may hold anything.
        let fields: Vec<&str> = stat.rsplit(')').next().unwrap_or_default().split_whitespace().collect();
        let ticks = |at: usize| fields.get(at).and_then(|field| field.parse::<u64>().ok()).unwrap_or(0);
        Duration::from_millis(10 * (ticks(11) + ticks(12)))
    }

    pub fn resize(&mut self, columns: u16, rows: u16) {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner).parser.screen_mut().set_size(size(rows), size(columns));
        let master = self.master.as_ref().expect("the terminal is open");
        master.resize(pty_size((columns, rows))).expect("it takes a size");
    }

    pub fn id(&self) -> Pid {
        self.child.process_id().and_then(|id| Pid::from_raw(id.cast_signed())).expect("it runs")
    }

    pub fn signal(&self, signal: Signal) {
        kill_process(self.id(), signal).expect("it takes a signal");
    }

    /// The terminal's window is closed. A key wakes our reader, so that it lets go of the terminal as well.
    pub async fn close(&mut self) {
        self.closing.store(true, Ordering::SeqCst);
        // The window gets the focus: nothing that would change by itself later.
        self.keys("\x1b[I");
        let deadline = Instant::now() + PATIENCE;
        while timeout_at(deadline, self.changed.changed()).await.expect("the reader ends").is_ok() {}
        // Whatever that key draws is drawn by then: it is an idle program whose terminal goes.
        sleep(Duration::from_millis(500)).await;
        self.writer = None;
        self.master = None;
    }

    pub fn is_running(&mut self) -> bool {
        self.child.try_wait().expect("its state").is_none()
    }

    /// Waits for the end.
    #[track_caller]
    pub fn ended<'a>(&'a mut self) -> impl Future<Output = ExitStatus> + 'a {
        let caller = std::panic::Location::caller();
        async move {
            let deadline = Instant::now() + PATIENCE;
            // The system tells nobody but the parent, who has to ask.
            loop {
                if let Some(status) = self.child.try_wait().expect("its state") {
                    break status;
                }
                assert!(Instant::now() < deadline, "{caller}: it does not end. The screen:\n{}", self.contents());
                sleep(Duration::from_millis(10)).await;
            }
        }
    }

    /// Waits for the end, and for the last byte that was written before it.
    #[track_caller]
    pub fn ended_with<'a>(&'a mut self, code: u32) -> impl Future<Output = ()> + 'a {
        let caller = std::panic::Location::caller();
        async move {
            let status = self.ended().await;
            let deadline = Instant::now() + PATIENCE;
            while let Ok(Ok(())) = timeout_at(deadline, self.changed.changed()).await {}
            assert_eq!(status.exit_code(), code, "{caller}: {status:?}. The screen:\n{}", self.contents());
        }
    }

    /// Whether the terminal is raw.
    pub fn is_raw(&self) -> bool {
        !attributes(&self.device).local_modes.contains(LocalModes::ICANON)
    }

    /// Everything that was taken of the terminal was given back, once.
    #[track_caller]
    pub fn assert_restored(&self) {
        let bytes = self.bytes();
        let text = String::from_utf8_lossy(&bytes);
        for (taken, given) in [
            ("\x1b[?1049h", "\x1b[?1049l"),
            ("\x1b[?2004h", "\x1b[?2004l"),
            ("\x1b[?1004h", "\x1b[?1004l"),
            ("\x1b[?1000h", "\x1b[?1000l"),
            ("\x1b[?1006h", "\x1b[?1006l"),
            ("\x1b[?25l", "\x1b[?25h"),
            ("\x1b[22;2t", "\x1b[23;2t"),
        ] {
            let (taken_at, given_at) = (text.rfind(taken), text.rfind(given));
            assert!(taken_at.is_none() || taken_at < given_at, "{taken:?} is not given back:\n{text:?}");
        }
        assert_eq!(count(&bytes, "\x1b[?1049h"), count(&bytes, "\x1b[?1049l"), "given back once for each time it was taken");
        let state = self.look(|screen| (screen.alternate_screen(), screen.hide_cursor(), screen.bracketed_paste()));
        assert_eq!(state, (false, false, false), "other screen, hidden cursor, marked pastes");
        if self.master.is_some() {
            let after = attributes(&self.device);
            assert_eq!(format!("{:?}", self.before), format!("{after:?}"), "the line discipline is as it was");
        }
    }
}

impl Drop for Tui {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A terminal, looked at without making it ours.
fn open(device: &Path) -> File {
    /// Linux's own number; elsewhere it is another, but nobody there is a session leader without a terminal.
    const NO_CONTROLLING_TERMINAL: i32 = if cfg!(target_os = "linux") { 0o400 } else { 0 };
    let tty = OpenOptions::new().read(true).write(true).custom_flags(NO_CONTROLLING_TERMINAL).open(device);
    tty.expect("the terminal opens")
}

fn attributes(device: &Path) -> Termios {
    tcgetattr(open(device)).expect("its attributes")
}

/// How often these bytes are in those.
pub fn count(bytes: &[u8], words: &str) -> usize {
    bytes.windows(words.len()).filter(|window| *window == words.as_bytes()).count()
}
