//! `/metrics` says what the documentation says that it says, in a form that Prometheus reads.

mod common;

use std::collections::BTreeSet;

use common::operator::Stage;

fn operations() -> String {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/operations.md");
    std::fs::read_to_string(path).expect("the documentation is there")
}

/// Names that begin as ours do.
fn names(text: &str) -> BTreeSet<String> {
    let is_of_a_name = |c: char| c.is_ascii_alphanumeric() || c == '_';
    let words = text.split(|c| !is_of_a_name(c)).filter(|word| word.starts_with("chat_"));
    words.map(|word| word.trim_end_matches('_').to_owned()).collect()
}

/// A family as it is documented: counters with their ending, histograms without.
fn documented_as(family: &str, kind: &str) -> String {
    let ending = match kind {
        "counter" => "_total",
        "info" => "_info",
        _ => "",
    };
    format!("{family}{ending}")
}

#[tokio::test]
async fn every_metric_is_in_the_table_and_the_rules_use_no_other() {
    let stage = Stage::start().await;
    let text = stage.server.get("/metrics").await.body;
    let types = text.lines().filter_map(|line| line.strip_prefix("# TYPE "));
    let told: BTreeSet<_> =
        types.filter_map(|line| line.split_once(' ')).map(|(family, kind)| documented_as(family, kind)).collect();
    let documents = operations();
    let section = documents.split("## Metrics and alerts").nth(1).and_then(|rest| rest.split("\n## ").next());
    let section = section.expect("the section is there");
    let (table, rules) = section.split_once("```yaml").expect("the rules are there");
    assert_eq!(names(table), told);
    let of_histograms = names(rules).into_iter().map(|name| name.trim_end_matches("_bucket").to_owned());
    let unknown: Vec<_> = of_histograms.filter(|name| !told.contains(name)).collect();
    assert!(unknown.is_empty(), "{unknown:?}");
    for family in &told {
        let family = family.trim_end_matches("_total").trim_end_matches("_info");
        assert!(text.contains(&format!("# HELP {family} ")), "{family} says nothing of itself");
    }
    assert!(text.ends_with("# EOF\n"), "it is whole");
}
