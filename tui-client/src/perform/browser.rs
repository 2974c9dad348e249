//! A link in the browser: http and https only, by its arguments, never by a shell.

use std::{env, process::Stdio, time::Duration};

use tokio::{process::Command, sync::mpsc::Sender, time::timeout};

use crate::msg::Msg;

/// A browser that cannot start says so within this; one that runs on may end as it likes.
const BIRTH: Duration = Duration::from_secs(5);
/// What no address that a person follows is longer than.
const URL_BYTES: usize = 4096;

/// Opens it, and goes on without waiting.
pub(crate) fn open(url: &str, own: Sender<Msg>) {
    let Some(arguments) = arguments(env::var("BROWSER").ok().as_deref(), url) else {
        let _ = own.try_send(Msg::Failed("Only links that begin with http:// or https:// are opened".into()));
        return;
    };
    let mut command = Command::new(&arguments[0]);
    // A group of its own: what interrupts us is not for the browser.
    command.args(&arguments[1..]).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).process_group(0);
    let name = arguments[0].clone();
    match command.spawn() {
        Err(error) => drop(own.try_send(Msg::Failed(format!("{name} does not start: {error}")))),
        Ok(mut browser) => drop(tokio::spawn(async move {
            if let Ok(Ok(status)) = timeout(BIRTH, browser.wait()).await
                && !status.success()
            {
                let _ = own.send(Msg::Failed(format!("{name} could not open the link ({status})"))).await;
            }
        })),
    }
}

/// The program and what it is given; nothing, if that is no link to open.
fn arguments(browser: Option<&str>, url: &str) -> Option<Vec<String>> {
    let scheme = url.split_once("://").map(|(scheme, _)| scheme.to_ascii_lowercase());
    let is_web = scheme.is_some_and(|scheme| scheme == "http" || scheme == "https");
    if !is_web || url.len() > URL_BYTES || url.chars().any(|c| c.is_control() || c.is_whitespace()) {
        return None;
    }
    // BROWSER is a list with colons between, of which the first is taken; %s stands for the address.
    let chosen = browser.and_then(|list| list.split(':').next()).map(str::split_whitespace);
    let mut arguments: Vec<String> = chosen.into_iter().flatten().map(str::to_owned).collect();
    if arguments.is_empty() {
        arguments.push(if cfg!(target_os = "macos") { "open" } else { "xdg-open" }.into());
    }
    match arguments.iter_mut().skip(1).find(|argument| argument.contains("%s")) {
        Some(place) => *place = place.replace("%s", url),
        None => arguments.push(url.into()),
    }
    Some(arguments)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(browser: Option<&str>, url: &str, expected: Option<&[&str]>) {
        let found = arguments(browser, url);
        assert_eq!(found, expected.map(|expected| expected.iter().map(|text| (*text).to_owned()).collect()), "{url}");
    }

    #[test]
    fn links_of_the_web_are_opened_and_nothing_else() {
        let default = if cfg!(target_os = "macos") { "open" } else { "xdg-open" };
        check(None, "https://e.org/?a=b&c;d", Some(&[default, "https://e.org/?a=b&c;d"]));
        check(None, "HTTP://e.org", Some(&[default, "HTTP://e.org"]));
        check(Some("firefox:lynx"), "http://e.org", Some(&["firefox", "http://e.org"]));
        check(Some("w3m -T %s -x"), "http://e.org", Some(&["w3m", "-T", "http://e.org", "-x"]));
        check(Some(""), "http://e.org", Some(&[default, "http://e.org"]));
        for bad in [
            "file:///etc/passwd",
            "javascript:alert(1)",
            "--help",
            "-http://e.org",
            "http://e.org/\n--x",
            "http://e .org",
            "xhttp://e",
            "",
        ] {
            check(None, bad, None);
        }
        check(None, &format!("http://e.org/{}", "x".repeat(URL_BYTES)), None);
    }
}
