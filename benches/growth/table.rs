//! A table of results: a row per size, a column per measurement.

use std::fmt;

pub struct Table {
    pub title: &'static str,
    /// What is measured, and its unit.
    pub measured: &'static str,
    /// What grows, and its unit.
    pub grows: &'static str,
    pub columns: Vec<Column>,
}

pub struct Column {
    pub name: &'static str,
    /// The results by size.
    pub points: Vec<(f64, f64)>,
}

impl Column {
    pub fn new(name: &'static str, points: impl Into<Vec<(f64, f64)>>) -> Self {
        Self { name, points: points.into() }
    }
}

impl fmt::Display for Table {
    /// The table as a Markdown section.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<&str> = self.columns.iter().map(|column| column.name).collect();
        writeln!(f, "## {}\n\n{}.\n", self.title, self.measured)?;
        writeln!(f, "| {} | {} |", self.grows, names.join(" | "))?;
        writeln!(f, "|{}", " ---: |".repeat(names.len() + 1))?;
        for size in self.sizes() {
            write!(f, "| {size} |")?;
            for column in &self.columns {
                match column.points.iter().find(|(at, _)| *at == size) {
                    Some((_, value)) => write!(f, " {value:.2} |")?,
                    None => write!(f, " |")?,
                }
            }
            writeln!(f)?;
        }
        Ok(())
    }
}

impl Table {
    /// All sizes.
    fn sizes(&self) -> Vec<f64> {
        let points = self.columns.iter().flat_map(|column| &column.points);
        let mut sizes: Vec<f64> = points.map(|(size, _)| *size).collect();
        sizes.sort_by(f64::total_cmp);
        sizes.dedup();
        sizes
    }
}
