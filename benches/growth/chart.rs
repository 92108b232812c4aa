//! A chart: lines over what grows; and the same as a table.

const WIDTH: f64 = 760.0;
const HEIGHT: f64 = 420.0;
/// Where the lines are drawn: the rest is for what is written around them.
const LEFT: f64 = 64.0;
const RIGHT: f64 = 540.0;
const TOP: f64 = 84.0;
const BOTTOM: f64 = 350.0;
const STYLE: &str = include_str!("../support/chart.css");

pub struct Chart {
    /// The name of its file.
    pub name: &'static str,
    pub title: &'static str,
    /// What is measured, in which unit.
    pub measured: &'static str,
    /// What grows, in which unit.
    pub grows: &'static str,
    /// Whether it grows by factors of ten.
    pub by_tens: bool,
    pub lines: Vec<Line>,
}

pub struct Line {
    pub name: &'static str,
    /// As in `support/chart.css`.
    pub class: &'static str,
    pub points: Vec<(f64, f64)>,
}

impl Chart {
    pub fn file(&self) -> String {
        format!("growth-{}.svg", self.name)
    }

    /// Of the page: a heading, the chart, the table.
    pub fn section(&self) -> String {
        let (title, file) = (self.title, self.file());
        format!("\n## {title}\n\n![{title}: {}]({file})\n\n{}", self.measured, self.table())
    }

    pub fn table(&self) -> String {
        let names: Vec<&str> = self.lines.iter().map(|line| line.name).collect();
        let dashes = " ---: |".repeat(names.len() + 1);
        let mut table = format!("| {} | {} |\n|{dashes}\n", self.grows, names.join(" | "));
        for x in self.places() {
            table += &format!("| {} |", short(x));
            for line in &self.lines {
                let point = line.points.iter().find(|(at, _)| *at == x);
                table += &point.map_or_else(|| " |".to_owned(), |(_, y)| format!(" {y:.2} |"));
            }
            table.push('\n');
        }
        table
    }

    /// Every place at which something was measured.
    fn places(&self) -> Vec<f64> {
        let points = self.lines.iter().flat_map(|line| &line.points);
        let mut places: Vec<f64> = points.map(|(x, _)| *x).collect();
        places.sort_by(f64::total_cmp);
        places.dedup();
        places
    }

    pub fn svg(&self) -> String {
        let mut svg = format!(
            r#"<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" width="{WIDTH}" height="{HEIGHT}" role="img" aria-labelledby="title">
  <title id="title">{title}: {measured}</title>
  <style>
{STYLE}  </style>
  <rect class="page" x=".5" y=".5" width="{}" height="{}" rx="8"/>
  <text class="text title" x="24" y="34">{title}</text>
  <text class="faint" x="24" y="55">{measured}</text>
  <text class="faint" x="{RIGHT}" y="{}" text-anchor="end">{}</text>
"#,
            WIDTH - 1.0,
            HEIGHT - 1.0,
            BOTTOM + 46.0,
            self.grows,
            title = self.title,
            measured = self.measured,
        );
        svg += &self.grid();
        let mut names: Vec<(f64, &Line)> = Vec::new();
        for line in &self.lines {
            svg += &self.line(line);
            if let Some((_, y)) = line.points.last() {
                names.push((self.y(*y), line));
            }
        }
        svg + &labels(names) + "</svg>\n"
    }

    fn grid(&self) -> String {
        let mut grid = String::new();
        for y in ticks(self.highest()) {
            let at = self.y(y);
            grid += &format!(
                r#"  <line class="grid" x1="{LEFT}" y1="{at:.1}" x2="{RIGHT}" y2="{at:.1}"/>
  <text class="faint tick" x="{:.1}" y="{:.1}" text-anchor="end">{y}</text>
"#,
                LEFT - 8.0,
                at + 4.0
            );
        }
        let places = if self.by_tens { self.places() } else { ticks(self.furthest()) };
        for x in places {
            grid += &format!(
                r#"  <text class="faint tick" x="{:.1}" y="{:.1}" text-anchor="middle">{}</text>
"#,
                self.x(x),
                BOTTOM + 20.0,
                short(x)
            );
        }
        grid
    }

    fn line(&self, line: &Line) -> String {
        let points = line.points.iter().map(|(x, y)| (self.x(*x), self.y(*y)));
        let through: Vec<String> = points.clone().map(|(x, y)| format!("{x:.1},{y:.1}")).collect();
        let mut drawn = format!(
            "  <polyline class=\"line {}\" points=\"{}\"/>\n",
            line.class,
            through.join(" ")
        );
        for (x, y) in points {
            drawn += &format!(
                "  <circle class=\"{}\" cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"3.5\"/>\n",
                line.class
            );
        }
        drawn
    }

    fn highest(&self) -> f64 {
        self.lines.iter().flat_map(|line| &line.points).map(|(_, y)| *y).fold(0.0, f64::max)
    }

    fn furthest(&self) -> f64 {
        self.places().last().copied().unwrap_or(1.0)
    }

    fn x(&self, x: f64) -> f64 {
        let part = match (self.by_tens, self.places().first()) {
            (true, Some(first)) => (x / first).log10() / (self.furthest() / first).log10(),
            _ => x / self.furthest(),
        };
        LEFT + (RIGHT - LEFT) * part
    }

    fn y(&self, y: f64) -> f64 {
        BOTTOM - (BOTTOM - TOP) * y / self.highest()
    }
}

/// The lines' names at their ends, apart from each other.
fn labels(mut names: Vec<(f64, &Line)>) -> String {
    names.sort_by(|(a, _), (b, _)| a.total_cmp(b));
    let mut last = f64::MIN;
    let mut labels = String::new();
    for (y, line) in names {
        last = f64::max(y, last + 18.0);
        labels += &format!(
            r#"  <text class="{}" x="{:.1}" y="{:.1}">{}</text>
"#,
            line.class,
            RIGHT + 12.0,
            last + 4.0,
            line.name
        );
    }
    labels
}

/// Round numbers up to this one: about five of them.
fn ticks(highest: f64) -> Vec<f64> {
    let power = 10f64.powf((highest / 5.0).log10().floor());
    let steps = [1.0, 2.0, 5.0, 10.0].map(|factor| factor * power);
    let step = steps.into_iter().find(|step| highest / step <= 6.0).unwrap_or(highest);
    // Not by adding: 0.1 and 0.2 are not 0.3.
    let digits = if step < 1.0 { 10.0 } else { 1.0 };
    (0..)
        .map(|at| (f64::from(at) * step * digits).round() / digits)
        .take_while(|tick| *tick <= highest)
        .collect()
}

/// 2000 as 2,000, a million as 10⁶.
fn short(number: f64) -> String {
    match number {
        100_000.0 => "10⁵".to_owned(),
        1_000_000.0 => "10⁶".to_owned(),
        10_000_000.0 => "10⁷".to_owned(),
        _ if number >= 1000.0 => {
            let number = number.round();
            format!("{:.0},{:03.0}", (number / 1000.0).floor(), number % 1000.0)
        }
        _ => number.to_string(),
    }
}
