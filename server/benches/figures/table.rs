//! What was measured, as rows of rounds. Does not know what is measured.

use std::io::Write;

/// Rows in the order in which they first came.
#[derive(Default)]
pub(crate) struct Table {
    rows: Vec<Row>,
}

struct Row {
    name: String,
    unit: &'static str,
    aim: Option<Aim>,
    rounds: Vec<f64>,
}

/// What a median should be.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Aim {
    AtMost(f64),
    AtLeast(f64),
}

impl Table {
    /// One round's figure.
    pub(crate) fn add(&mut self, name: &str, unit: &'static str, value: f64) {
        self.push(name, unit, None, value);
    }

    /// One round's figure that has an aim.
    pub(crate) fn aim(&mut self, name: &str, unit: &'static str, aim: Aim, value: f64) {
        self.push(name, unit, Some(aim), value);
    }

    fn push(&mut self, name: &str, unit: &'static str, aim: Option<Aim>, value: f64) {
        eprintln!("{name:<46} {:>10} {unit}", shown(value));
        match self.rows.iter_mut().find(|row| row.name == name) {
            Some(row) => row.rounds.push(value),
            None => self.rows.push(Row { name: name.into(), unit, aim, rounds: vec![value] }),
        }
    }

    /// Everything, on stdout.
    pub(crate) fn print(&mut self) -> anyhow::Result<()> {
        let mut out = std::io::stdout().lock();
        writeln!(out, "\n{:<46} {:>10} {:>10} {:>10}  {:<22} aim", "figure", "min", "median", "max", "unit")?;
        for row in &mut self.rows {
            row.rounds.sort_by(f64::total_cmp);
            let (min, max) = (row.rounds[0], row.rounds[row.rounds.len() - 1]);
            let median = row.rounds[row.rounds.len() / 2];
            let aim = row.aim.map_or(String::new(), |aim| aim.judge(median));
            let Row { name, unit, .. } = row;
            writeln!(out, "{name:<46} {:>10} {:>10} {:>10}  {unit:<22} {aim}", shown(min), shown(median), shown(max))?;
        }
        Ok(())
    }
}

impl Aim {
    fn judge(self, median: f64) -> String {
        let (met, sign, aim) = match self {
            Self::AtMost(aim) => (median <= aim, '≤', aim),
            Self::AtLeast(aim) => (median >= aim, '≥', aim),
        };
        format!("{sign} {aim}: {}", if met { "met" } else { "MISSED" })
    }
}

fn shown(value: f64) -> String {
    match value.abs() {
        size if size >= 1000.0 => format!("{value:.0}"),
        size if size >= 10.0 => format!("{value:.1}"),
        _ => format!("{value:.3}"),
    }
}
