//! What was measured: for each workload a table of programs and columns, every cell of which has its rounds. Does not know what
//! is measured.

use std::fmt::{self, Display, Formatter};

/// Sections, rows and columns in the order in which they first came.
#[derive(Default)]
pub(crate) struct Table {
    sections: Vec<Section>,
}

struct Section {
    title: &'static str,
    columns: Vec<&'static str>,
    rows: Vec<Row>,
}

struct Row {
    name: String,
    cells: Vec<Cell>,
    /// Why there are none.
    missing: Option<String>,
}

struct Cell {
    column: &'static str,
    rounds: Vec<f64>,
    aim: Option<Aim>,
}

/// What a median should be.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Aim {
    AtMost(f64),
    AtLeast(f64),
}

/// Rounds as one figure: the one in the middle, and between which it lies.
struct Figure {
    min: f64,
    median: f64,
    max: f64,
}

impl Table {
    /// The order of columns, where not the first row has all of them.
    pub(crate) fn columns(&mut self, title: &'static str, columns: &[&'static str]) {
        self.section(title).columns = columns.to_vec();
    }

    /// One round's figure.
    pub(crate) fn add(&mut self, title: &'static str, row: &str, column: &'static str, value: f64) {
        eprintln!("{title} | {row} | {column}: {}", shown(value));
        self.cell(title, row, column).rounds.push(value);
    }

    /// The same of a figure that has an aim.
    pub(crate) fn aim(&mut self, title: &'static str, row: &str, column: &'static str, aim: Aim, value: f64) {
        self.add(title, row, column, value);
        self.cell(title, row, column).aim = Some(aim);
    }

    /// A program that could not be measured, and why.
    pub(crate) fn missing(&mut self, title: &'static str, row: &str, why: &str) {
        eprintln!("{title} | {row} | NOT MEASURED: {why}");
        self.row(title, row).missing = Some(why.into());
    }

    fn section(&mut self, title: &'static str) -> &mut Section {
        let place = self.sections.iter().position(|section| section.title == title).unwrap_or_else(|| {
            self.sections.push(Section { title, columns: Vec::new(), rows: Vec::new() });
            self.sections.len() - 1
        });
        &mut self.sections[place]
    }

    fn row(&mut self, title: &'static str, name: &str) -> &mut Row {
        let rows = &mut self.section(title).rows;
        let place = rows.iter().position(|row| row.name == name).unwrap_or_else(|| {
            rows.push(Row { name: name.into(), cells: Vec::new(), missing: None });
            rows.len() - 1
        });
        &mut rows[place]
    }

    fn cell(&mut self, title: &'static str, name: &str, column: &'static str) -> &mut Cell {
        let columns = &mut self.section(title).columns;
        if !columns.contains(&column) {
            columns.push(column);
        }
        let cells = &mut self.row(title, name).cells;
        let place = cells.iter().position(|cell| cell.column == column).unwrap_or_else(|| {
            cells.push(Cell { column, rounds: Vec::new(), aim: None });
            cells.len() - 1
        });
        &mut cells[place]
    }

    /// What was aimed at, and what came of it.
    fn judged(&self) -> Vec<Vec<String>> {
        let mut lines = vec![["figure", "wanted", "measured", ""].map(String::from).to_vec()];
        for section in &self.sections {
            for row in &section.rows {
                for Cell { column, rounds, aim } in &row.cells {
                    let Some(aim) = aim else { continue };
                    let figure = Figure::of(rounds);
                    let verdict = if aim.holds(figure.median) { "met" } else { "**missed**" };
                    let subject = section.title.split(':').next().unwrap_or_default();
                    lines.push(vec![
                        format!("{subject}, {}: {column}", row.name),
                        aim.to_string(),
                        figure.to_string(),
                        verdict.into(),
                    ]);
                }
            }
        }
        lines
    }
}

impl Display for Table {
    /// As Markdown that is readable as it is.
    fn fmt(&self, out: &mut Formatter<'_>) -> fmt::Result {
        for section in &self.sections {
            writeln!(out, "### {}\n", section.title)?;
            let heads = std::iter::once("").chain(section.columns.iter().copied());
            let mut lines = vec![heads.map(String::from).collect::<Vec<_>>()];
            // What could not be measured was known first, and is told last.
            let (there, missing): (Vec<_>, Vec<_>) = section.rows.iter().partition(|row| row.missing.is_none());
            for row in there.into_iter().chain(missing) {
                let figure =
                    |column: &&str| row.cells.iter().find(|cell| cell.column == *column).map(|cell| Figure::of(&cell.rounds));
                let figures =
                    section.columns.iter().map(|column| figure(column).map_or_else(|| "–".into(), |figure| figure.to_string()));
                let mut line: Vec<_> = std::iter::once(row.name.clone()).chain(figures).collect();
                if let (Some(why), Some(first)) = (&row.missing, line.get_mut(1)) {
                    *first = format!("**not measured**: {why}");
                }
                lines.push(line);
            }
            write_lines(out, &lines)?;
            writeln!(out)?;
        }
        let judged = self.judged();
        if judged.len() > 1 {
            writeln!(out, "### Aims\n")?;
            write_lines(out, &judged)?;
        }
        Ok(())
    }
}

/// The first line is the head. Columns are as wide as they must be.
fn write_lines(out: &mut Formatter<'_>, lines: &[Vec<String>]) -> fmt::Result {
    let widths: Vec<usize> =
        (0..lines[0].len()).map(|column| lines.iter().map(|line| line[column].chars().count()).max().unwrap_or(0)).collect();
    for (number, line) in lines.iter().enumerate() {
        for (text, width) in line.iter().zip(&widths) {
            write!(out, "| {text:<width$} ")?;
        }
        writeln!(out, "|")?;
        if number == 0 {
            for width in &widths {
                write!(out, "|{}", "-".repeat(width + 2))?;
            }
            writeln!(out, "|")?;
        }
    }
    Ok(())
}

impl Figure {
    fn of(rounds: &[f64]) -> Self {
        let mut rounds = rounds.to_vec();
        rounds.sort_by(f64::total_cmp);
        let at = |place: usize| rounds.get(place).copied().unwrap_or(f64::NAN);
        Self { min: at(0), median: at(rounds.len() / 2), max: at(rounds.len().saturating_sub(1)) }
    }
}

impl Display for Figure {
    fn fmt(&self, out: &mut Formatter<'_>) -> fmt::Result {
        let (min, median, max) = (shown(self.min), shown(self.median), shown(self.max));
        if min == max { write!(out, "{median}") } else { write!(out, "{median} ({min}-{max})") }
    }
}

impl Aim {
    fn holds(self, median: f64) -> bool {
        match self {
            Self::AtMost(aim) => median <= aim,
            Self::AtLeast(aim) => median >= aim,
        }
    }
}

impl Display for Aim {
    fn fmt(&self, out: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Self::AtMost(aim) => write!(out, "≤ {aim}"),
            Self::AtLeast(aim) => write!(out, "≥ {aim}"),
        }
    }
}

fn shown(value: f64) -> String {
    match value.abs() {
        size if size.is_nan() => "none".into(),
        size if size >= 100.0 => format!("{value:.0}"),
        size if size >= 10.0 => format!("{value:.1}"),
        size if size >= 1.0 => format!("{value:.2}"),
        _ => format!("{value:.3}"),
    }
}
