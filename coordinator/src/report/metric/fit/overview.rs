//! All fits of a model at a glance: a small picture of each category, with its verdict.

use lumimill_common::metric::{EMPTY, FittedCategory, FittedModel, MassFitResult};

use super::plot::{Joined, sums};
use crate::report::figure::{
    Anchor, Canvas, Figure, Heading, Panel, RIGHT, Scale, TOP, Ticks, shortened,
};
use crate::report::metric::histogram::with_unit;
use crate::report::number::{counted, edge, grouped, significant};
use crate::report::summary::StageReport;
use crate::report::weights::of_category;

/// Categories of one picture; there may be several pictures.
const MOST_CELLS: usize = 60;
/// Where the small pictures begin.
const LEFT: f64 = 12.0;
/// Bins of each of them.
const MOST_BINS: usize = 30;
/// Components that are drawn of each.
const MOST_CURVES: usize = 4;
/// The height of the words above and below each.
const WORDS: f64 = 38.0;
/// The width of a letter of these, and of a strong one.
const LETTER: f64 = 6.6;
const STRONG: f64 = 7.6;

/// The pictures of the first model, where there are several categories.
pub(in crate::report::metric) fn overviews(
    heading: &Heading,
    stage: &StageReport,
    found: &MassFitResult,
) -> Vec<Figure> {
    let cells = found.categories.iter();
    let cells: Vec<_> = cells
        .filter_map(|category| Some((category, category.fits.first()?)))
        .collect();
    if cells.len() < 2 {
        return Vec::new();
    }
    let figures = cells.chunks(MOST_CELLS).map(|cells| {
        let (canvas, height) = drawn(stage, found, cells);
        let variation = cells.first().map_or("", |(_, fit)| fit.variation);
        let caption = format!(
            "Fits of {}, stage {}, {variation} model, each from {} to {}: {}",
            found.variable,
            stage.name,
            edge(found.range[0]),
            edge(found.range[1]),
            told(cells)
        );
        let name = format!("{}-fits-{}-{variation}", stage.name, found.variable);
        Figure::sized(heading, &name, caption, (LEFT, height), canvas)
    });
    figures.collect()
}

/// A verdict in a word, and the class of its colour.
type Word = (&'static str, &'static str);

/// What is said of a category: of its fit, and of weights by it.
fn word(category: &FittedCategory, fit: &FittedModel) -> Word {
    if fit.status == EMPTY {
        return ("empty", "f3");
    }
    if fit.failure.is_some() || fit.status != 0 {
        return ("no fit", "f2");
    }
    let verdicts = category.verdicts.iter().map(|verdict| verdict.verdict);
    let of_sums = category.sums.iter();
    let of_sums = of_sums.filter(|sum| sum.variation == fit.variation);
    let mut said = verdicts.chain(of_sums.map(|sum| sum.verdict)).peekable();
    if said.peek().is_none() {
        return ("not tested", "f3");
    }
    let said: Vec<&str> = said.collect();
    if said.contains(&"invalid") {
        ("invalid", "f2")
    } else if said.contains(&"doubtful") {
        ("doubtful", "f1")
    } else {
        ("valid", "f0")
    }
}

/// How many categories are what: `48 categories: 40 valid, 8 invalid`.
fn told(cells: &[(&FittedCategory, &FittedModel)]) -> String {
    let mut words: Vec<(&str, usize)> = Vec::new();
    for (category, fit) in cells {
        let (word, _) = word(category, fit);
        match words.iter_mut().find(|(known, _)| *known == word) {
            Some((_, count)) => *count += 1,
            None => words.push((word, 1)),
        }
    }
    let words = words.iter().map(|(word, count)| format!("{count} {word}"));
    let words: Vec<String> = words.collect();
    let all = match cells.len() {
        1 => String::from("1 category"),
        all => format!("{all} categories"),
    };
    format!("{all}: {}", words.join(", "))
}

fn drawn(
    stage: &StageReport,
    found: &MassFitResult,
    cells: &[(&FittedCategory, &FittedModel)],
) -> (Canvas, f64) {
    let across = match cells.len() {
        0..=3 => 3,
        4..=12 => 4,
        _ => 6,
    };
    let width = (RIGHT - LEFT) / across as f64;
    let height = 0.62 * width + WORDS;
    let mut canvas = Canvas::default();
    for (number, (category, fit)) in cells.iter().enumerate() {
        let (column, row) = (number % across, number / across);
        let corner = (
            LEFT + width * column as f64,
            TOP + 4.0 + height * row as f64,
        );
        canvas.titled(&title(found, category, fit), |canvas| {
            cell(canvas, found, (category, fit), (corner, (width, height)));
        });
    }
    let bottom = TOP + 4.0 + height * cells.len().div_ceil(across) as f64;
    let unit = stage.units.get(&found.variable);
    let unit = unit.filter(|unit| !unit.is_empty());
    let axis = format!(
        "{} from {} to {}",
        shortened(&with_unit(&found.variable, unit), 50),
        edge(found.range[0]),
        edge(found.range[1])
    );
    canvas.text(RIGHT, bottom + 16.0, Anchor::End, "quiet", &axis);
    canvas.text(LEFT, bottom + 16.0, Anchor::Start, "quiet", &told(cells));
    (canvas, (bottom + 44.0).round())
}

/// All that is to be known of a category, for who points at it.
fn title(found: &MassFitResult, category: &FittedCategory, fit: &FittedModel) -> String {
    let axes = found.by.iter().zip(&category.edges);
    let axes = axes
        .map(|(axis, [low, high])| format!("{} {} to {}", axis.column, edge(*low), edge(*high)));
    let mut said = vec![category.name.clone()];
    said.extend(axes);
    said.push(counted(category.entries, "row"));
    if let Some((chi2, ndf)) = fit.chi2.zip(fit.ndf) {
        said.push(format!("χ²/ndf {chi2:.1}/{ndf}"));
    }
    said.extend(fit.p_value.map(|p| format!("p {}", significant(p, 2))));
    let (word, _) = word(category, fit);
    said.push(match (&fit.failure, of_category(category)) {
        (Some(failure), _) => format!("{word}: {failure}"),
        (None, Some(why)) => why,
        (None, None) => word.to_owned(),
    });
    said.join("; ")
}

fn cell(
    canvas: &mut Canvas,
    found: &MassFitResult,
    (category, fit): (&FittedCategory, &FittedModel),
    ((left, top), (width, height)): ((f64, f64), (f64, f64)),
) {
    let (word, class) = word(category, fit);
    let letters = ((width - 10.0) / LETTER) as usize;
    let class_of_name = match category.name.chars().count() as f64 * STRONG < width - 10.0 {
        true => "tiny strong",
        false => "tiny",
    };
    let name = ending(&category.name, letters);
    canvas.text(left, top + 12.0, Anchor::Start, class_of_name, &name);
    let frame = [left, left + width - 8.0, top + 18.0, top + height - 20.0];
    let [left, right, upper, lower] = frame;
    canvas.rectangle((left, upper), (right - left, lower - upper), "touch");
    if fit.status == EMPTY || category.entries == 0 {
        canvas.rectangle((left, upper), (right - left, lower - upper), "rail");
    } else {
        contents(canvas, found, (category, fit), frame);
    }
    canvas.rectangle((left, upper), (right - left, lower - upper), "hair");
    canvas.rectangle((left, lower + 3.0), (9.0, 9.0), &format!("bar {class}"));
    canvas.text(left + 13.0, lower + 12.0, Anchor::Start, "tiny", word);
    let rows = grouped(category.entries);
    let is_room = rows.chars().count() + word.len() + 3 < letters;
    if is_room {
        canvas.text(right, lower + 12.0, Anchor::End, "tiny faint", &rows);
    }
}

/// The end of a name, which is what tells categories apart.
fn ending(name: &str, most: usize) -> String {
    let count = name.chars().count();
    match count <= most {
        true => name.to_owned(),
        false => "…"
            .chars()
            .chain(name.chars().skip(count + 1 - most))
            .collect(),
    }
}

fn contents(
    canvas: &mut Canvas,
    found: &MassFitResult,
    (category, fit): (&FittedCategory, &FittedModel),
    [left, right, top, bottom]: [f64; 4],
) {
    let joined = Joined::of(found, category, MOST_BINS);
    let tops = joined.contents.iter().zip(&joined.errors);
    let highest = tops
        .map(|(content, error)| content + error)
        .fold(0.0, f64::max);
    let lowest = joined.contents.iter().copied().fold(0.0, f64::min);
    let panel = Panel {
        left,
        right,
        top,
        bottom,
        x: Scale::linear(found.range[0], found.range[1]),
        y: Scale::linear(lowest, highest * 1.08),
        ticks: Ticks::Silent,
        x_title: String::new(),
        y_title: String::new(),
    };
    for (number, curve) in fit.curves.iter().take(MOST_CURVES).enumerate().rev() {
        let expected = sums(&curve.contents, joined.together);
        let places = expected.iter().enumerate();
        let places = places.map(|(bin, expected)| panel.at(joined.middle(bin), *expected));
        canvas.polyline(&places.collect::<Vec<_>>(), &format!("thin s{number}"));
    }
    let bins = joined.contents.iter().zip(&joined.errors).enumerate();
    let errors = bins.map(|(bin, (content, error))| {
        let x = joined.middle(bin);
        [panel.at(x, content - error), panel.at(x, content + error)]
    });
    canvas.strokes(&errors.collect::<Vec<_>>(), "error");
}

#[cfg(test)]
mod tests {
    use super::*;
    use lumimill_common::metric::{FittedCurve, RawBins};

    fn category(number: usize, verdict: &'static str) -> FittedCategory {
        let contents: Vec<f64> = (0..60).map(|bin| f64::from(bin % 7) + 3.0).collect();
        let fit = FittedModel {
            variation: "nominal",
            failure: (verdict == "no fit").then(|| String::from("no minimum was reached")),
            status: match verdict {
                "no fit" => 1,
                "empty" => EMPTY,
                _ => 0,
            },
            values: Vec::new(),
            covariance: Vec::new(),
            touching: Vec::new(),
            chi2: Some(50.0),
            ndf: Some(54),
            p_value: Some(0.63),
            edm: None,
            calls: 1,
            starts: [1, 1],
            curves: vec![FittedCurve {
                name: String::from("total"),
                contents: contents.clone(),
            }],
            pulls: Vec::new(),
        };
        FittedCategory {
            name: format!("p_{}_cosTheta_{}", number / 6, number % 6),
            edges: vec![[0.5, 1.0], [-0.8, 0.2]],
            entries: if verdict == "empty" { 0 } else { 1_234 },
            errors: contents.iter().map(|content| content.sqrt()).collect(),
            contents,
            fits: vec![fit],
            verdicts: Vec::new(),
            sums: Vec::new(),
            weighted: Vec::new(),
        }
    }

    #[test]
    fn forty_eight_categories_are_one_picture_each_with_its_word() {
        let word = |number| match number {
            7 => "no fit",
            9 => "empty",
            _ => "not tested",
        };
        let axis = |column: &str| RawBins {
            column: column.to_owned(),
            edges: Vec::new(),
        };
        let found = MassFitResult {
            variable: String::from("M_D0"),
            weight: None,
            range: [1.8, 1.95],
            by: vec![axis("p"), axis("cosTheta")],
            categories: (0..48)
                .map(|number| category(number, word(number)))
                .collect(),
            outside: 0,
            out_of_range: 0,
            missing: 0,
            condition: None,
            cut: 0,
            untold: 0,
        };
        let stage = StageReport {
            name: String::from("massfit"),
            ..StageReport::default()
        };
        let figures = overviews(&Heading::default(), &stage, &found);
        assert_eq!(figures.len(), 1);
        let svg = String::from_utf8(figures[0].file()).unwrap();
        assert_eq!(svg.matches("<g><title>").count(), 48);
        for part in [
            "48 categories: 46 not tested, 1 no fit, 1 empty",
            "<title>p_1_cosTheta_1; p 0.5 to 1; cosTheta −0.8 to 0.2; 1,234 rows; χ²/ndf 50.0/54; p 0.63; no fit: no minimum was reached</title>",
            ">p_7_cosTheta_5</text>",
        ] {
            assert!(svg.contains(part), "{part}\n{}", &svg[..4_000]);
        }
        let one = MassFitResult {
            categories: vec![category(0, "valid")],
            ..found
        };
        assert!(overviews(&Heading::default(), &stage, &one).is_empty());
    }
}
