//! Ten thousand messages while the page is open: it stays usable, and does not grow with them. What was measured is printed.

use std::{io::Write as _, time::Instant};

use futures::future::join_all;
use serde_json::{Value, json};

use crate::{
    chromium::{Browser, Driver},
    common::{TestClient, TestServer},
    page,
};

const MESSAGES: usize = 10_000;
const SENDERS: usize = 4;
/// Sent at once by each; then it waits for the server.
const WINDOW: usize = 50;

async fn talk(mut peer: TestClient, name: usize) {
    for window in 0..MESSAGES / SENDERS / WINDOW {
        for line in 0..WINDOW {
            peer.send(json!({ "type": "send", "text": format!("line {} of sender {name}, about nothing much", window * WINDOW + line) })).await;
        }
        for _ in 0..WINDOW {
            peer.expect("ack").await;
        }
        // What others say is not of interest here.
        peer.forget();
    }
}

async fn heap(browser: &Browser) -> f64 {
    browser.devtools("HeapProfiler.collectGarbage", json!({})).await;
    let metrics = browser.devtools("Performance.getMetrics", json!({})).await;
    let metrics = metrics["metrics"].as_array().expect("metrics").iter();
    let used = metrics.clone().find(|metric| metric["name"] == "JSHeapUsedSize").and_then(|metric| metric["value"].as_f64());
    used.expect("a size") / 1e6
}

fn numbers(value: &Value) -> Vec<f64> {
    let mut numbers: Vec<f64> = serde_json::from_value(value.clone()).expect("numbers");
    numbers.sort_by(f64::total_cmp);
    numbers
}

#[tokio::test]
#[ignore = "needs chromium and chromedriver: just test-browser"]
async fn ten_thousand_messages_leave_the_page_usable() {
    let server = TestServer::start().await;
    let driver = Driver::start();
    let browser = driver.browser().await;
    browser.enter(&page(&server), "alice").await;
    browser.devtools("Performance.enable", json!({})).await;
    let before = heap(&browser).await;
    browser
        .run(
            "window.echoes = []; longTasks.length = 0; new PerformanceObserver((list) => echoes.push(...list.getEntries()\
             .filter((entry) => entry.name === 'keydown').map((entry) => entry.duration))).observe({ type: 'event', durationThreshold: 16 })",
        )
        .await;
    let mut senders = Vec::new();
    for name in 0..SENDERS {
        senders.push(talk(server.join("general", &format!("sender{name}")).await, name));
    }
    let typed = "typed meanwhile";
    let types = async {
        for letter in typed.chars() {
            browser.keys("#input", &letter.to_string()).await;
        }
    };
    let began = Instant::now();
    futures::future::join(join_all(senders), types).await;
    let sent = began.elapsed();
    let mut last = server.join("general", "last").await;
    last.say("the last of all").await;
    let newest = "(() => { const row = [...document.querySelectorAll('#messages li.message')].at(-1); \
                  const [pane, at] = [document.querySelector('#scroll'), row].map((element) => element?.getBoundingClientRect()); \
                  return row?.querySelector('.text').textContent === 'the last of all' && at.top >= pane.top && at.bottom <= pane.bottom + 1 })()";
    browser.wait_for(newest).await;
    let shown = began.elapsed();
    browser.becomes("document.querySelector('#input').value", json!(typed)).await;
    let rows = browser.run("return document.querySelectorAll('#messages > li').length").await;
    let tasks = numbers(&browser.run("return longTasks").await);
    let echoes = numbers(&browser.run("return echoes").await);
    let after = heap(&browser).await;
    let _ = writeln!(
        std::io::stderr(),
        "{MESSAGES} messages: sent in {sent:.1?}, the last shown after {shown:.1?}; {rows} rows; {} long tasks, the longest {:.0} ms, in all \
         {:.0} ms; keys drawn after {:.0} ms (worst {:.0} ms, of {} that took more than 16 ms); heap {before:.1} → {after:.1} MB",
        tasks.len(),
        tasks.last().unwrap_or(&0.0),
        tasks.iter().sum::<f64>(),
        echoes.get(echoes.len() / 2).unwrap_or(&0.0),
        echoes.last().unwrap_or(&0.0),
        echoes.len(),
    );
    assert!(rows.as_u64().is_some_and(|rows| rows < 800), "{rows} rows");
    assert!(after - before < 20.0, "the heap went from {before} to {after} MB");
    browser.finish().await;
}
