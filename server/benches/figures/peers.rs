//! What a user might run instead: each peer is a small program in `benches/peers/`, installed by its own ordinary client below
//! the target directory. What cannot be had is said in the table, not left out of it.

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    time::{Duration, Instant},
};

use anyhow::{Context, anyhow, bail};

use crate::process::Process;

/// Sources of all of them.
const SOURCES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/benches/peers");
/// What no step of an installation takes.
const PATIENCE: Duration = Duration::from_secs(300);

/// A peer, and how to run it or why not.
#[derive(Clone, Debug)]
pub(crate) struct Peer {
    pub(crate) name: &'static str,
    way: Result<Way, String>,
}

#[derive(Clone, Debug)]
struct Way {
    program: PathBuf,
    script: Option<PathBuf>,
    /// Where Node looks for what was installed.
    node_path: Option<PathBuf>,
}

/// Finds the way, below this directory and after installing what is needed if that is allowed.
type Make = fn(&Path, bool) -> anyhow::Result<Way>;

impl Peer {
    /// All of them, installed where that is allowed and was not done before.
    pub(crate) fn all(install: bool) -> Vec<Self> {
        let home = Path::new(env!("CARGO_TARGET_TMPDIR")).join("peers");
        let peers: [(&str, Make); 3] =
            [("Node ws", ws), ("FastAPI tutorial, uvicorn", tutorial), ("axum example, broadcast", axum)];
        peers
            .into_iter()
            .map(|(name, make)| Self { name, way: make(&home, install).map_err(|error| format!("{error:#}")) })
            .collect()
    }

    pub(crate) fn start(&self) -> anyhow::Result<Process> {
        let way = self.way.as_ref().map_err(|why| anyhow!("{why}"))?;
        let mut command = Command::new(&way.program);
        command.args(&way.script).stderr(Stdio::null());
        if let Some(path) = &way.node_path {
            command.env("NODE_PATH", path);
        }
        Process::start(&mut command)
    }
}

fn ws(home: &Path, install: bool) -> anyhow::Result<Way> {
    let modules = home.join("node/node_modules");
    here("node")?;
    if needs(&modules.join("ws/package.json"), install)? {
        fs::create_dir_all(home.join("node"))?;
        let arguments = ["install", "--silent", "--no-save", "--no-package-lock", "ws", "--prefix"];
        run(Command::new("npm").args(arguments).arg(home.join("node")))?;
    }
    Ok(Way { program: "node".into(), script: Some(Path::new(SOURCES).join("ws.cjs")), node_path: Some(modules) })
}

fn tutorial(home: &Path, install: bool) -> anyhow::Result<Way> {
    let python = home.join("python/bin/python");
    here("python3")?;
    if needs(&home.join("python/bin/uvicorn"), install)? {
        run(Command::new("python3").args(["-m", "venv"]).arg(home.join("python")))?;
        let arguments = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "fastapi", "uvicorn[standard]"];
        run(Command::new(&python).args(arguments))?;
    }
    Ok(Way { program: python, script: Some(Path::new(SOURCES).join("tutorial.py")), node_path: None })
}

/// It is copied first, so that neither its lock file nor what is built lies among the sources.
fn axum(home: &Path, install: bool) -> anyhow::Result<Way> {
    let (from, to) = (Path::new(SOURCES).join("axum"), home.join("axum"));
    let program = to.join("target/release/peer-axum");
    let files = ["Cargo.toml", "src/main.rs"];
    let changed = files.iter().any(|file| fs::read(from.join(file)).ok() != fs::read(to.join(file)).ok());
    if needs(&program, install)? || (changed && install) {
        fs::create_dir_all(to.join("src"))?;
        for file in files {
            fs::copy(from.join(file), to.join(file))?;
        }
        let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
        let mut build = Command::new(cargo);
        build.args(["build", "--release", "--quiet", "--target-dir", "target"]).env_remove("CARGO_TARGET_DIR");
        run(build.current_dir(&to))?;
    }
    Ok(Way { program, script: None, node_path: None })
}

fn here(program: &str) -> anyhow::Result<()> {
    run(Command::new(program).arg("--version")).map_err(|_| anyhow!("{program} is not here"))
}

/// Whether it must be made first.
fn needs(made: &Path, install: bool) -> anyhow::Result<bool> {
    let there = made.exists();
    if !there && !install {
        bail!("not installed yet: a run without --quick does that");
    }
    Ok(!there)
}

/// Runs a step to its end, or ends it.
fn run(command: &mut Command) -> anyhow::Result<()> {
    let what = command.get_program().to_owned();
    let mut child = command
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .with_context(|| format!("{} cannot be run", what.display()))?;
    let begun = Instant::now();
    loop {
        if let Some(status) = child.try_wait()? {
            return if status.success() { Ok(()) } else { Err(anyhow!("{} failed", what.display())) };
        }
        if begun.elapsed() > PATIENCE {
            child.kill()?;
            child.wait()?;
            bail!("{} does not end", what.display());
        }
        std::thread::sleep(Duration::from_millis(20));
    }
}
