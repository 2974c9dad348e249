//! The operator of a server, at another terminal.

use std::path::Path;

use chat_server::admin::{self, Answer, Order};

/// Has the operator order something, as from another process.
pub async fn order(directory: &Path, order: Order) -> Answer {
    let directory = directory.to_owned();
    let sent = tokio::task::spawn_blocking(move || admin::send(&directory, order)).await;
    sent.expect("it does not panic").expect("an answer")
}
