//! The curve of processor time and memory against calls, as a picture.

use std::fmt::Write as _;

/// What was measured with so many calls.
#[derive(Clone, Copy)]
pub(super) struct Point {
    pub(super) calls: usize,
    /// Of one core, in percent.
    pub(super) processor: f64,
    /// Of the process, in MiB.
    pub(super) memory: f64,
}

const WIDTH: f64 = 640.0;
const HEIGHT: f64 = 360.0;
const MARGIN: f64 = 60.0;

/// An SVG of both curves, the processor's on the left scale and the memory's on the right one.
pub(super) fn picture(points: &[Point], title: &str) -> String {
    let most = |value: fn(&Point) -> f64| points.iter().map(value).fold(1.0, f64::max);
    let calls = most(|point| point.calls as f64);
    let memory = (most(|point| point.memory) / 20.0).ceil() * 20.0;
    let x = |point: &Point| MARGIN + point.calls as f64 / calls * (WIDTH - 2.0 * MARGIN);
    let y = |share: f64| HEIGHT - MARGIN - share * (HEIGHT - 2.0 * MARGIN);
    let line = |share: &dyn Fn(&Point) -> f64| {
        points.iter().fold(String::new(), |mut line, point| {
            let _ = write!(line, "{:.1},{:.1} ", x(point), y(share(point)));
            line
        })
    };
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {HEIGHT}\" \
         font-family=\"sans-serif\" font-size=\"12\">\n<title>{title}</title>\n\
         <rect width=\"{WIDTH}\" height=\"{HEIGHT}\" fill=\"#ffffff\"/>\n"
    );
    for step in 0..=4 {
        let share = f64::from(step) / 4.0;
        let (at, left, right) = (y(share), WIDTH - MARGIN, WIDTH - MARGIN + 8.0);
        let _ = writeln!(
            svg,
            "<line x1=\"{MARGIN}\" x2=\"{left}\" y1=\"{at:.1}\" y2=\"{at:.1}\" stroke=\"#dddddd\"/>\n\
             <text x=\"{:.1}\" y=\"{:.1}\" text-anchor=\"end\" fill=\"#0b5394\">{:.0} %</text>\n\
             <text x=\"{right}\" y=\"{:.1}\" fill=\"#a61c00\">{:.0} MiB</text>",
            MARGIN - 8.0,
            at + 4.0,
            share * 100.0,
            at + 4.0,
            share * memory
        );
    }
    for point in points {
        let _ = writeln!(
            svg,
            "<text x=\"{:.1}\" y=\"{:.1}\" text-anchor=\"middle\">{}</text>",
            x(point),
            HEIGHT - MARGIN + 20.0,
            point.calls
        );
    }
    let processor = line(&|point| point.processor / 100.0);
    let memory = line(&|point| point.memory / memory);
    for (colour, line) in [("#0b5394", processor), ("#a61c00", memory)] {
        let _ = writeln!(
            svg,
            "<polyline points=\"{line}\" fill=\"none\" stroke=\"{colour}\" stroke-width=\"2\"/>"
        );
    }
    let _ = writeln!(
        svg,
        "<text x=\"{:.1}\" y=\"24\" text-anchor=\"middle\" font-size=\"14\">{title}</text>\n\
         <text x=\"{:.1}\" y=\"{:.1}\" text-anchor=\"middle\">calls; blue: one core, red: resident memory</text>\n</svg>",
        WIDTH / 2.0,
        WIDTH / 2.0,
        HEIGHT - 14.0
    );
    svg
}
