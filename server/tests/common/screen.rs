//! The real program in a terminal of its own: keys go in, a screen comes out.

use std::{
    io::{Read as _, Write},
    num::NonZeroU16,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    thread,
};

use portable_pty::{Child, CommandBuilder, MasterPty, PtySize, native_pty_system};
use rustix::process::{Pid, Signal, kill_process};
use tokio::{sync::watch, task::spawn_blocking, time::timeout};

use super::PATIENCE;

/// A run of the program in a terminal. It is killed, by its own id, when it is dropped.
pub struct Terminal {
    screen: Arc<Mutex<vt100::Parser>>,
    /// Closed when nobody is at the other end any more.
    changed: watch::Receiver<usize>,
    writer: Box<dyn Write + Send>,
    master: Box<dyn MasterPty + Send>,
    child: Option<Box<dyn Child + Send + Sync>>,
    /// Nothing more is read of what comes.
    stalled: Arc<AtomicBool>,
}

fn pty((columns, rows): (u16, u16)) -> PtySize {
    PtySize { rows, cols: columns, pixel_width: 0, pixel_height: 0 }
}

fn cells(count: u16) -> NonZeroU16 {
    NonZeroU16::new(count).expect("a terminal has a size")
}

impl Terminal {
    /// Columns and rows. It reads no configuration.
    pub fn start(arguments: &[&str], size: (u16, u16)) -> Self {
        Self::start_in(arguments, size, &[("CHAT_CONFIG", "/dev/null"), ("HOME", "/")])
    }

    /// The same in this environment.
    pub fn start_in(arguments: &[&str], size: (u16, u16), environment: &[(&str, &str)]) -> Self {
        let pair = native_pty_system().openpty(pty(size)).expect("a pty");
        let mut command = CommandBuilder::new(env!("CARGO_BIN_EXE_chat-server"));
        command.env_clear();
        for (name, value) in [("TERM", "xterm-256color"), ("COLORFGBG", "15;0")].iter().chain(environment) {
            command.env(name, value);
        }
        command.args(arguments);
        let child = pair.slave.spawn_command(command).expect("the program starts");
        drop(pair.slave);
        let screen = Arc::new(Mutex::new(vt100::Parser::new(cells(size.1), cells(size.0), 0)));
        let (tell, changed) = watch::channel(0);
        let (mut reader, seen) = (pair.master.try_clone_reader().expect("a reader"), Arc::clone(&screen));
        let stalled = Arc::new(AtomicBool::new(false));
        let stops = Arc::clone(&stalled);
        thread::spawn(move || {
            let mut buffer = [0; 4096];
            while let Ok(read @ 1..) = reader.read(&mut buffer) {
                if stops.load(Ordering::SeqCst) {
                    // Nothing more is taken, and the other end stays open.
                    std::mem::forget(reader);
                    return;
                }
                seen.lock().unwrap_or_else(PoisonError::into_inner).process(&buffer[..read]);
                tell.send_modify(|count| *count += read);
            }
        });
        let writer = pair.master.take_writer().expect("a writer");
        Self { screen, changed, writer, master: pair.master, child: Some(child), stalled }
    }

    fn text(&self) -> String {
        self.screen.lock().unwrap_or_else(PoisonError::into_inner).screen().contents()
    }

    /// Whether the screen is the shell's again, with its cursor.
    pub fn is_given_back(&self) -> bool {
        let parser = self.screen.lock().unwrap_or_else(PoisonError::into_inner);
        !parser.screen().alternate_screen() && !parser.screen().hide_cursor()
    }

    pub fn types(&mut self, keys: &str) {
        self.writer.write_all(keys.as_bytes()).and_then(|()| self.writer.flush()).expect("it is typed");
    }

    pub fn resize(&self, size: (u16, u16)) {
        self.screen.lock().unwrap_or_else(PoisonError::into_inner).screen_mut().set_size(cells(size.1), cells(size.0));
        self.master.resize(pty(size)).expect("it has another size");
    }

    /// Waits until this stands on the screen.
    pub async fn shows(&mut self, words: &str) {
        self.until(words, |text| text.contains(words)).await;
    }

    /// Waits until such a line does.
    pub async fn shows_line(&mut self, fits: impl Fn(&str) -> bool) {
        self.until("such a line", |text| text.lines().any(&fits)).await;
    }

    async fn until(&mut self, what: &str, fits: impl Fn(&str) -> bool) {
        let shown = async {
            loop {
                self.changed.borrow_and_update();
                if fits(&self.text()) {
                    return;
                }
                if self.changed.changed().await.is_err() {
                    // What came last is looked at before it is believed that no more comes.
                    assert!(fits(&self.text()), "it ended without «{what}»:\n{}", self.text());
                    return;
                }
            }
        };
        let mut late = String::new();
        if timeout(PATIENCE, shown).await.is_err() {
            late = self.text();
        }
        assert!(late.is_empty(), "no «{what}» on the screen:\n{late}");
    }

    /// From now on nobody reads what it writes.
    pub fn stall(&self) {
        self.stalled.store(true, Ordering::SeqCst);
    }

    pub fn signal(&self, signal: Signal) {
        let id = self.child.as_ref().and_then(|child| child.process_id()).and_then(|id| Pid::from_raw(id.cast_signed()));
        kill_process(id.expect("it runs"), signal).expect("it can be signalled");
    }

    /// Waits for the end, whatever it still wants to write.
    pub async fn is_gone(&mut self) {
        let mut child = self.child.take().expect("it ends once");
        let mut killer = child.clone_killer();
        if timeout(PATIENCE, spawn_blocking(move || child.wait())).await.is_err() {
            let _ = killer.kill();
            panic!("it does not end");
        }
    }

    /// Waits for the end; its exit code.
    pub async fn ends(&mut self) -> u32 {
        let mut child = self.child.take().expect("it ends once");
        let killer = child.clone_killer();
        let ended = timeout(PATIENCE, spawn_blocking(move || child.wait())).await;
        let Ok(ended) = ended else {
            let _ = { killer }.kill();
            panic!("it does not end:\n{}", self.text());
        };
        let code = ended.expect("it is waited for").expect("it has ended").exit_code();
        // Its last words are on the screen when the other end is closed.
        while self.changed.changed().await.is_ok() {}
        code
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        if let Some(mut child) = self.child.take() {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}
