//! One chart, drawn the same as SVG and as PNG.

use std::ops::Range;
use std::path::Path;

use plotters::coord::Shift;
use plotters::coord::ranged1d::{KeyPointHint, NoDefaultFormatting, Ranged, ValueFormatter};
use plotters::prelude::*;
use plotters::style::text_anchor::{HPos, Pos, VPos};
use plotters::style::{FontStyle, register_font};

/// Width and height of every chart, in pixels.
const SIZE: (u32, u32) = (960, 460);
/// Height of title and legend.
const HEAD: u32 = 66;
const FONT: &str = "sans-serif";
const INK: RGBColor = RGBColor(40, 44, 52);
const FAINT: RGBColor = RGBColor(225, 228, 232);

pub(super) const BLUE: RGBColor = RGBColor(0, 114, 178);
pub(super) const ORANGE: RGBColor = RGBColor(213, 94, 0);
pub(super) const GREEN: RGBColor = RGBColor(0, 158, 115);
pub(super) const VIOLET: RGBColor = RGBColor(150, 80, 160);
pub(super) const GREY: RGBColor = RGBColor(120, 126, 135);

pub(super) struct Chart {
    pub title: String,
    pub x: Scale,
    pub y: Scale,
    /// A second scale on the right, for lines that say so.
    pub right: Option<Scale>,
    pub lines: Vec<Line>,
}

pub(super) struct Line {
    /// Empty for a line that shares the name of the one before it.
    pub name: String,
    pub colour: RGBColor,
    pub points: Vec<(f64, f64)>,
    pub look: Look,
    pub right: bool,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Look {
    Solid,
    Dashed,
    Dots,
}

impl Line {
    pub fn new(name: &str, colour: RGBColor, points: Vec<(f64, f64)>) -> Self {
        Self {
            name: name.to_owned(),
            colour,
            points,
            look: Look::Solid,
            right: false,
        }
    }

    pub fn looks(mut self, look: Look) -> Self {
        self.look = look;
        self
    }

    pub fn on_the_right(mut self) -> Self {
        self.right = true;
        self
    }
}

/// An axis: from where to where, and which values are named.
#[derive(Clone)]
pub(super) struct Scale {
    label: String,
    from: f64,
    to: f64,
    log: bool,
    ticks: Vec<(f64, String)>,
}

impl Scale {
    /// From 0 to a round number at or above `to`.
    pub fn linear(label: &str, to: f64) -> Self {
        let step = round_step(to.max(1e-9) / 6.0);
        let count = (to.max(1e-9) / step).ceil().max(1.0) as u32;
        let ticks = (0..=count).map(|index| {
            let value = f64::from(index) * step;
            (value, number(value))
        });
        Self {
            label: label.to_owned(),
            from: 0.0,
            to: f64::from(count) * step,
            log: false,
            ticks: ticks.collect(),
        }
    }

    /// From 0 to exactly `to`: for times, where what lies behind the end would be empty.
    pub fn time(label: &str, to: f64) -> Self {
        let mut scale = Self::linear(label, to);
        scale.to = to.max(1e-9);
        scale.ticks.retain(|(value, _)| *value <= to);
        scale
    }

    /// Whole decades around both values, both above 0.
    pub fn log(label: &str, from: f64, to: f64) -> Self {
        let first = from.max(1e-6).log10().floor() as i32;
        let last = (to.max(1e-6).log10().ceil() as i32).max(first + 1);
        let ticks = (first..=last).map(|decade| {
            let value = 10_f64.powi(decade);
            (value, number(value))
        });
        Self {
            label: label.to_owned(),
            from: 10_f64.powi(first),
            to: 10_f64.powi(last),
            log: true,
            ticks: ticks.collect(),
        }
    }

    /// Shares of a whole, each further nine as wide as the one before; values are `1 / (1 − share)`.
    pub fn nines(label: &str, count: u64) -> Self {
        let last = (count.max(10) as f64).log10().floor().min(6.0) as usize;
        let names = [
            "0 %",
            "90 %",
            "99 %",
            "99.9 %",
            "99.99 %",
            "99.999 %",
            "99.9999 %",
        ];
        let mut ticks: Vec<(f64, String)> = (0..=last)
            .map(|nines| (10_f64.powi(nines as i32), names[nines].to_owned()))
            .collect();
        ticks.push((2.0, "50 %".to_owned()));
        Self {
            label: label.to_owned(),
            from: 1.0,
            to: count.max(10) as f64,
            log: true,
            ticks,
        }
    }

    /// The highest value shown.
    pub fn top(&self) -> f64 {
        self.to
    }

    fn share(&self, value: f64) -> f64 {
        let (value, from, to) = match self.log {
            true => (
                value.max(self.from).log10(),
                self.from.log10(),
                self.to.log10(),
            ),
            false => (value, self.from, self.to),
        };
        (value - from) / (to - from)
    }
}

impl Ranged for Scale {
    type FormatOption = NoDefaultFormatting;
    type ValueType = f64;

    fn map(&self, value: &f64, limit: (i32, i32)) -> i32 {
        let share = self.share(*value).clamp(0.0, 1.0);
        limit.0 + (share * f64::from(limit.1 - limit.0)).round() as i32
    }

    fn key_points<Hint: KeyPointHint>(&self, _hint: Hint) -> Vec<f64> {
        self.ticks.iter().map(|(value, _)| *value).collect()
    }

    fn range(&self) -> Range<f64> {
        self.from..self.to
    }
}

impl ValueFormatter<f64> for Scale {
    fn format_ext(&self, value: &f64) -> String {
        let tick = self.ticks.iter().find(|(at, _)| at == value);
        tick.map_or_else(String::new, |(_, name)| name.clone())
    }
}

impl Chart {
    pub fn svg(&self) -> anyhow::Result<String> {
        let mut text = String::new();
        self.draw(SVGBackend::with_string(&mut text, SIZE).into_drawing_area())?;
        Ok(text)
    }

    pub fn png(&self, path: &Path) -> anyhow::Result<()> {
        self.draw(BitMapBackend::new(path, SIZE).into_drawing_area())
    }

    fn draw<B: DrawingBackend>(&self, area: DrawingArea<B, Shift>) -> anyhow::Result<()>
    where
        B::ErrorType: 'static,
    {
        // A second registration of the same face changes nothing.
        let _ = register_font(FONT, FontStyle::Normal, dejavu::sans::regular());
        area.fill(&WHITE)?;
        self.head(&area)?;
        let (_, body) = area.split_vertically(HEAD);
        let mut builder = ChartBuilder::on(&body);
        builder
            .margin_top(10)
            .margin_right(if self.right.is_some() { 8 } else { 30 })
            .margin_bottom(6)
            .margin_left(8)
            .x_label_area_size(46)
            .y_label_area_size(70);
        if self.right.is_some() {
            builder.right_y_label_area_size(70);
        }
        let right = self.right.clone().unwrap_or_else(|| self.y.clone());
        let mut context = builder
            .build_cartesian_2d(self.x.clone(), self.y.clone())?
            .set_secondary_coord(self.x.clone(), right);
        let names = (FONT, 14).into_font().color(&INK);
        context
            .configure_mesh()
            .x_desc(&self.x.label)
            .y_desc(&self.y.label)
            .axis_desc_style(names.clone())
            .label_style((FONT, 13).into_font().color(&INK))
            .light_line_style(TRANSPARENT)
            .bold_line_style(FAINT)
            .axis_style(GREY)
            .draw()?;
        if let Some(right) = &self.right {
            context
                .configure_secondary_axes()
                .y_desc(&right.label)
                .axis_desc_style(names)
                .label_style((FONT, 13).into_font().color(&INK))
                .axis_style(GREY)
                .draw()?;
        }
        for line in &self.lines {
            let style = line.colour.stroke_width(2);
            let points = line.points.iter().copied();
            match (line.look, line.right) {
                (Look::Solid, false) => {
                    context.draw_series(LineSeries::new(points, style))?;
                }
                (Look::Solid, true) => {
                    context.draw_secondary_series(LineSeries::new(points, style))?;
                }
                (Look::Dashed, _) => {
                    context.draw_series(DashedLineSeries::new(points, 7, 5, style))?;
                }
                (Look::Dots, _) => {
                    let filled = line.colour.mix(0.55).filled();
                    context.draw_series(points.map(|at| Circle::new(at, 3, filled)))?;
                }
            }
        }
        area.present()?;
        Ok(())
    }

    /// Title, and beneath it the lines' names in a row.
    fn head<B: DrawingBackend>(&self, area: &DrawingArea<B, Shift>) -> anyhow::Result<()>
    where
        B::ErrorType: 'static,
    {
        let title = (FONT, 19).into_font().color(&INK);
        area.draw_text(&self.title, &title, (16, 10))?;
        let names = (FONT, 14)
            .into_font()
            .color(&INK)
            .pos(Pos::new(HPos::Left, VPos::Center));
        let mut left = 16;
        let middle = 51;
        for line in self.lines.iter().filter(|line| !line.name.is_empty()) {
            match line.look {
                Look::Dots => {
                    let dot = Circle::new((left + 11, middle), 4, line.colour.filled());
                    area.draw(&dot)?;
                }
                look => {
                    let parts: &[(i32, i32)] = match look {
                        Look::Dashed => &[(0, 9), (13, 22)],
                        _ => &[(0, 22)],
                    };
                    for (from, to) in parts {
                        let stroke = vec![(left + from, middle), (left + to, middle)];
                        area.draw(&PathElement::new(stroke, line.colour.stroke_width(3)))?;
                    }
                }
            }
            area.draw_text(&line.name, &names, (left + 29, middle))?;
            let (width, _) = area.estimate_text_size(&line.name, &names)?;
            left += 29 + width as i32 + 24;
        }
        Ok(())
    }
}

/// 1, 2 or 5 times a power of ten, at or above.
fn round_step(least: f64) -> f64 {
    let power = 10_f64.powf(least.log10().floor());
    let steps = [1.0, 2.0, 5.0, 10.0].map(|times| times * power);
    let found = steps.into_iter().find(|step| *step >= least * 0.999);
    found.unwrap_or(10.0 * power)
}

/// Short, without digits that say nothing.
fn number(value: f64) -> String {
    if value == 0.0 {
        return "0".to_owned();
    }
    if value.abs() >= 10_000.0 {
        let thousands = format!("{:.1}", value / 1_000.0);
        return format!("{} k", thousands.trim_end_matches(".0"));
    }
    let text = format!("{value:.4}");
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ticks_are_round_and_end_at_or_above_what_is_shown() {
        let scale = Scale::linear("ms", 87.0);
        let names: Vec<&str> = scale.ticks.iter().map(|(_, name)| name.as_str()).collect();
        assert_eq!(names, ["0", "20", "40", "60", "80", "100"]);
        assert_eq!(Scale::log("ms", 0.7, 31.0).range(), 0.1..100.0);
        assert_eq!([0.25, 12_500.0, 3.0].map(number), ["0.25", "12.5 k", "3"]);
    }

    #[test]
    fn each_further_nine_has_the_same_width() {
        let scale = Scale::nines("share", 1_000);
        let at = |share: f64| scale.map(&(1.0 / (1.0 - share)), (0, 300));
        assert_eq!([at(0.0), at(0.9), at(0.99), at(0.999)], [0, 100, 200, 300]);
    }

    #[test]
    fn a_chart_is_drawn_with_its_names_and_as_both_kinds_of_picture() {
        let chart = Chart {
            title: "Latency".to_owned(),
            x: Scale::time("seconds", 10.0),
            y: Scale::log("ms", 1.0, 100.0),
            right: None,
            lines: vec![Line::new("p99", BLUE, vec![(0.0, 3.0), (10.0, 30.0)])],
        };
        let svg = chart.svg().expect("drawn");
        for word in ["Latency", "seconds", "p99", "100"] {
            assert!(svg.contains(word), "no {word} in the picture");
        }
        let path = std::env::temp_dir().join(format!("{:x}.png", rand::random::<u64>()));
        chart.png(&path).expect("drawn");
        let bytes = std::fs::read(&path).expect("written");
        assert_eq!(&bytes[1..4], b"PNG");
        std::fs::remove_file(&path).expect("it is ours");
    }
}
