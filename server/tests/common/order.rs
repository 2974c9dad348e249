//! Keeping order, as a moderator's client asks for it.

use std::time::Duration;

use serde_json::{Value, json};

use super::{PATIENCE, TestClient};

/// A request to punish somebody, and what it says beside that.
pub fn punish(action: &str, user: &str, more: Value) -> Value {
    let mut request = json!({ "type": "moderate", "action": action, "user": user });
    let (request_fields, more) = (request.as_object_mut().expect("an object"), more);
    request_fields.extend(more.as_object().expect("an object").clone());
    request
}

/// The words of the answer.
pub async fn told(client: &mut TestClient, request: Value) -> String {
    let answer = client.ask(request).await;
    assert_eq!(answer["type"], "notice", "{answer}");
    answer["text"].as_str().expect("words").to_owned()
}

/// The words of a refusal.
pub async fn refused(client: &mut TestClient, request: Value, code: &str) -> String {
    client.refused(request, code).await["text"].as_str().expect("words").to_owned()
}

/// Asks until it is not refused for this any more, which must end by itself.
pub async fn welcome_again(client: &mut TestClient, request: Value, code: &str) {
    let again = async {
        loop {
            let answer = client.ask(request.clone()).await;
            if answer["type"] != "error" {
                break;
            }
            assert_eq!(answer["code"], code, "{answer}");
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    };
    tokio::time::timeout(PATIENCE, again).await.expect("it ends");
}

pub fn say(text: &str) -> Value {
    json!({ "type": "send", "text": text })
}
