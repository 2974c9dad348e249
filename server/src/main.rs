//! The program: arguments, log lines, signals, exit code.

mod beside;
mod keeping;
mod notify;
mod owner;
mod prompt;
mod reload;

use std::{
    ffi::OsString,
    io::{IsTerminal, Write},
    path::Path,
    process::ExitCode,
    sync::Arc,
};

use anyhow::{Context as _, bail};
use beside::{Beside, Ended, gone};
use chat_server::{
    Server,
    admin::{self, Answer},
    cli::{self, AccountCommand, Arguments, Command, ConfigCommand, File, LogFormat, Settings, Unread},
    config::{self, Config, Store},
    doctor,
    journal::Journal,
    services::Lent,
    tls::Certificate,
};
use notify::Supervisor;
use reload::Reload;
use tokio::{
    signal::unix::{Signal, SignalKind, signal},
    sync::{mpsc, oneshot},
};
use tracing_subscriber::{EnvFilter, Layer as _, fmt, layer::SubscriberExt as _, util::SubscriberInitExt as _};

/// A tenth of what who is in gets.
#[cfg(target_os = "linux")]
const NICE: i32 = 10;

fn main() -> ExitCode {
    let words: Vec<_> = std::env::args_os().collect();
    let gathered = Settings::gather(&words).and_then(|settings| Ok((settings.arguments()?, settings)));
    let (mut arguments, settings) = match gathered {
        Ok(gathered) => gathered,
        // Among them are help and version, which are no errors.
        Err(Unread::Words(error)) => error.exit(),
        Err(Unread::File(faults)) => return failed(&faults.into()),
    };
    let journal = start_tracing(&arguments, arguments.console && arguments.command.is_none() && std::io::stderr().is_terminal());
    let place = arguments.command.as_ref().is_none_or(Command::is_about_the_store).then(|| arguments.data_dir().ok()).flatten();
    let run = || {
        match arguments.command.take() {
            Some(Command::Console(console)) => {
                let way = console.way(|| arguments.data_dir())?;
                return beside::alone(way).map(|()| ExitCode::SUCCESS);
            }
            Some(Command::Account(command)) => return order(command, &arguments.data_dir()?),
            Some(Command::Config(command)) => return about_the_configuration(&command, &settings),
            Some(Command::Backup { file }) => return keeping::backup(&arguments.data_dir()?, &file),
            Some(Command::Restore { file }) => return keeping::restore(&arguments.data_dir()?, &file),
            Some(Command::Verify { file }) => return keeping::verify(&arguments.data_dir()?, file),
            Some(Command::Export(export)) => return keeping::export(&arguments.data_dir()?, &export),
            Some(Command::Import { file, room }) => return keeping::import(&arguments.data_dir()?, &file, &room),
            Some(Command::Doctor { json }) => return examine(&words, json),
            Some(Command::Completions { shell }) => return print(&cli::completions(shell)),
            Some(Command::Man { out }) => return print_or_write(cli::manual(), out.as_deref()),
            None => {}
        }
        let console = arguments.console;
        let config = within_open_files(arguments.config()?);
        let reload = Reload::of(words, settings, journal.clone());
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        runtime.block_on(serve(config, reload, journal, console))?;
        Ok(ExitCode::SUCCESS)
    };
    let done = run();
    let given = place.map_or(Ok(()), |place| owner::give_back(&place));
    done.and_then(|code| given.map(|()| code)).unwrap_or_else(|error| failed(&error))
}

fn failed(error: &anyhow::Error) -> ExitCode {
    // One line, with its causes; of a file, one for each thing that is wrong in it.
    let _ = writeln!(std::io::stderr(), "chat-server: {error:#}");
    ExitCode::FAILURE
}

/// Prints what is asked for about the configuration.
fn about_the_configuration(command: &ConfigCommand, settings: &Settings) -> anyhow::Result<ExitCode> {
    let text = match command {
        ConfigCommand::Print => cli::example(),
        ConfigCommand::Show { origin } => settings.show(*origin),
        ConfigCommand::Check { file } => {
            File::read(file)?.check()?;
            format!("{}: nothing is wrong with it\n", file.display())
        }
    };
    print(text.as_bytes())
}

/// Says what would hinder a server, and what to do.
fn examine(words: &[OsString], json: bool) -> anyhow::Result<ExitCode> {
    let findings = doctor::examine(words)?;
    let text = if json { serde_json::to_string_pretty(&findings)? + "\n" } else { doctor::report(&findings) };
    print(text.as_bytes())?;
    Ok(if doctor::is_well(&findings) { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn print(text: &[u8]) -> anyhow::Result<ExitCode> {
    std::io::stdout().write_all(text)?;
    Ok(ExitCode::SUCCESS)
}

/// The first page of the manual to see, or all of them into a directory.
fn print_or_write(pages: Vec<(String, String)>, directory: Option<&Path>) -> anyhow::Result<ExitCode> {
    let Some(directory) = directory else {
        return print(pages.first().map_or(&[], |(_, page)| page.as_bytes()));
    };
    std::fs::create_dir_all(directory).with_context(|| format!("cannot make {}", directory.display()))?;
    for (name, page) in pages {
        let path = directory.join(name);
        std::fs::write(&path, page).with_context(|| format!("cannot write {}", path.display()))?;
    }
    Ok(ExitCode::SUCCESS)
}

/// Has an operator's order carried out instead of serving, and says what came of it.
fn order(command: AccountCommand, directory: &Path) -> anyhow::Result<ExitCode> {
    let answer = admin::send(directory, command.order(prompt::password)?)?;
    match &answer {
        Answer::Refused { words } => bail!("{words}"),
        Answer::Token { words, .. } | Answer::Invitation { words, .. } => writeln!(std::io::stderr(), "{words}")?,
        _ => {}
    }
    std::io::stdout().write_all(answer.words().as_bytes())?;
    Ok(ExitCode::SUCCESS)
}

async fn serve(config: Config, reload: Option<Reload>, journal: Journal, console: bool) -> anyhow::Result<()> {
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    let supervisor = Supervisor::of_the_environment();
    let words = config.clone();
    let server = Server::open(config).await?;
    let certificate = server.certificate();
    let (asks, asked_anew) = mpsc::channel(1);
    server.lend(Lent { journal, reload: asks });
    let listening = format!("Listening on {} port {}", words.host, server.address()?.port());
    // Where there is nothing to read again, a terminal that goes ends the program as it ends others. A service manager's SIGHUP
    // does not come from a terminal.
    let renewed = certificate.clone().filter(|certificate| !certificate.is_own());
    if reload.is_some() || renewed.is_some() || supervisor.is_there() {
        let hangup = signal(SignalKind::hangup())?;
        let told = (supervisor.clone(), listening.clone());
        tokio::spawn(read_again(hangup, asked_anew, (reload, renewed), server.chooser(), told));
    } else {
        // Who asks is told at once that there is nothing to be read.
        drop(asked_anew);
    }
    let console = if console {
        Some(Beside::start(server.running())?)
    } else {
        announce(&words, server.address()?.port(), certificate.as_deref());
        None
    };
    let_those_inside_go_first();
    supervisor.ready(&listening);
    tokio::spawn({
        let (supervisor, pulse) = (supervisor.clone(), server.pulse());
        async move { supervisor.keep_informed(pulse).await }
    });
    let mut asked = async move || {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
    };
    let (first, told) = tokio::sync::oneshot::channel();
    tokio::spawn(async move {
        asked().await;
        let _ = first.send(());
        asked().await;
        // Asked twice: what was acknowledged is kept already.
        std::process::exit(130);
    });
    let (left, beside) = console.map(|console| (console.left, console.beside)).unzip();
    server
        .run(async {
            tokio::select! {
                _ = told => {}
                () = gone(left) => {}
            }
            tracing::info!("going down");
            supervisor.stopping();
        })
        .await;
    // It gives the terminal back before the program ends.
    beside.map_or(Ok(()), Ended::wait)
}

/// Reads again what was chosen, and the certificate, whenever it is asked for.
async fn read_again(
    mut hangup: Signal,
    mut asked: mpsc::Receiver<oneshot::Sender<String>>,
    (mut reload, renewed): (Option<Reload>, Option<Arc<Certificate>>),
    choose: impl Fn(&Config),
    (supervisor, listening): (Supervisor, String),
) {
    loop {
        let answer = tokio::select! {
            heard = hangup.recv() => match heard {
                Some(()) => None,
                None => return,
            },
            Some(answer) = asked.recv() => Some(answer),
        };
        supervisor.reloading();
        let words = match (&mut reload, &renewed) {
            (Some(reload), _) => reload.again(&choose).await,
            (None, Some(_)) => "The certificate is read again".into(),
            (None, None) => "There is nothing to be read again".into(),
        };
        if let Some(certificate) = &renewed {
            certificate.read_again();
        }
        supervisor.ready(&listening);
        if let Some(answer) = answer {
            // Who asked may have gone; it is so all the same.
            let _ = answer.send(words);
        }
    }
}

/// From here on this thread lets people in and keeps time, and the others serve who is in: where there is not enough of a processor
/// for both, a crowd before the door waits.
fn let_those_inside_go_first() {
    // There a priority is a thread's own; elsewhere it would be the whole server's.
    #[cfg(target_os = "linux")]
    if let Err(error) = rustix::process::setpriority_process(None, NICE) {
        tracing::warn!(%error, "a crowd before the door may be felt inside");
    }
}

/// Says where to go. On stdout, because it is what one starts the program for.
fn announce(config: &Config, port: u16, certificate: Option<&Certificate>) {
    let host = config.host_here();
    let store = match &config.store {
        Store::Ephemeral => "nowhere: --ephemeral keeps nothing".to_owned(),
        Store::Directory { path, .. } => path.display().to_string(),
    };
    let tls = if certificate.is_some() { "s" } else { "" };
    let (pin, shown) = match certificate.filter(|certificate| certificate.is_own()).map(Certificate::fingerprint) {
        Some(print) => (format!(" --fingerprint {print}"), format!("  certificate SHA-256 {print}\n")),
        None => (String::new(), String::new()),
    };
    let text = format!(
        "chat-server {version} is listening on {address} port {port}\n\
         \x20 page       http{tls}://{host}:{port}/\n\
         \x20 WebSocket  ws{tls}://{host}:{port}/ws/chat/general/YOUR_NAME\n\
         \x20 terminal   chat-tui --server ws{tls}://{host}:{port}{pin} --user YOUR_NAME --room general\n\
         {shown}\
         \x20 messages   {store}\n",
        version = env!("CARGO_PKG_VERSION"),
        address = config.host,
    );
    let mut stdout = std::io::stdout().lock();
    // Nobody reads it: then nobody needs to know.
    let _ = stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush());
}

/// Which log lines are written, as they were chosen.
fn log_filter(arguments: &Arguments) -> String {
    let of_all_programs = || std::env::var("RUST_LOG").ok().filter(|text| EnvFilter::try_new(text).is_ok());
    arguments.log_filter.clone().or_else(of_all_programs).filter(|text| !text.is_empty()).unwrap_or_else(|| "info".into())
}

/// Begins to write log lines: on stderr, unless the terminal shows something else, and at hand for who looks.
fn start_tracing(arguments: &Arguments, silent: bool) -> Journal {
    let (journal, filter) = Journal::with(EnvFilter::new(log_filter(arguments)));
    let lines = fmt::layer().with_writer(std::io::stderr);
    let lines = match arguments.log_format {
        _ if silent => None,
        LogFormat::Text => Some(lines.with_ansi(std::io::stderr().is_terminal()).boxed()),
        LogFormat::Json => Some(lines.json().boxed()),
    };
    tracing_subscriber::registry().with(filter).with(lines).with(journal.keeper()).init();
    journal
}

/// Where it has no bound of its own, there are as many connections as there may be files.
fn within_open_files(config: Config) -> Config {
    let files = raise_open_files().saturating_sub(config::FILES_APART).max(1);
    Config { max_connections: if config.max_connections == 0 { files } else { config.max_connections }, ..config }
}

/// One connection is one open file: as many as the system lets this process have.
fn raise_open_files() -> usize {
    use rustix::process::{Resource, getrlimit, setrlimit};
    let mut limit = getrlimit(Resource::Nofile);
    limit.current = limit.maximum;
    if let Err(error) = setrlimit(Resource::Nofile, limit) {
        tracing::warn!(%error, "the limit of open files stays as it is");
    }
    getrlimit(Resource::Nofile).current.and_then(|files| usize::try_from(files).ok()).unwrap_or(usize::MAX)
}
