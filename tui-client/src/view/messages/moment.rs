//! When something was said, as the user reads it: in the zone of the place, in the format of the configuration.

use chat_protocol::Timestamp;

use crate::model::Model;

pub(super) fn minute(at: Timestamp) -> i64 {
    at.0.div_euclid(60_000)
}

fn zoned(model: &Model, at: Timestamp) -> Option<jiff::Zoned> {
    Some(jiff::Timestamp::from_millisecond(at.0).ok()?.to_zoned(model.zone.clone()))
}

pub(super) fn day(model: &Model, at: Timestamp) -> Option<jiff::civil::Date> {
    zoned(model, at).map(|at| at.date())
}

/// As the user likes it; a format that is none is not worth a crash, nor an empty column.
fn format(model: &Model, at: Timestamp, format: &str, otherwise: &str) -> String {
    let Some(at) = zoned(model, at) else { return String::new() };
    let words = jiff::fmt::strtime::format(format, &at).or_else(|_| jiff::fmt::strtime::format(otherwise, &at));
    chat_protocol::display::clip(&words.unwrap_or_default(), 60)
}

pub(super) fn time(model: &Model, at: Timestamp) -> String {
    format(model, at, &model.settings.look.time, "%H:%M")
}

pub(super) fn date(model: &Model, at: Timestamp) -> String {
    format(model, at, &model.settings.look.date, "%Y-%m-%d")
}
