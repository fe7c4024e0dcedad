//! `significance` as a campaign file writes it, and as it cannot be wrong.

use std::fmt;

use serde::{Deserialize, Serialize};
use toml::Value;

use crate::bdt_config::{CLASSES, MOST_BINS};
use crate::field_hash::FieldHash;
use crate::metric::check::{add_axis, check_axis, check_name, done};
use crate::metric::kind::Kind;
use crate::metric::weight_tally::BIN_BYTES;
use crate::section::Section;

/// Thresholds unless told.
const THRESHOLDS: u32 = 100;
/// Thresholds, at most: each is a line of a file for every bin.
const MOST_THRESHOLDS: u32 = 1_000;
/// Sidebands, at most.
const MOST_SIDEBANDS: usize = 16;
/// Bytes of a count.
const COUNT: u64 = 8;

/// How significant a peak in a mass is against a threshold on a score, in bins.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RawSignificance {
    /// The column of scores.
    pub score: String,
    /// The column of masses.
    pub mass: String,
    /// The masses around the peak, `[low, high)`.
    pub signal: [f64; 2],
    /// Masses of background alone.
    pub sidebands: Vec<[f64; 2]>,
    /// The column of bins; that of the model that gives the score unless told.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bin: Option<String>,
    /// Steps from the first threshold to the last, 100 unless told.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub thresholds: Option<u32>,
    /// The first and the last threshold, 0 and 1 unless told.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub range: Option<[f64; 2]>,
    /// A column of weights.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub weight: Option<String>,
}

/// A validated `significance`.
#[derive(Debug, Clone, PartialEq)]
pub struct SignificanceSpec {
    score: String,
    mass: String,
    signal: [f64; 2],
    sidebands: Vec<[f64; 2]>,
    bin: String,
    thresholds: u32,
    range: [f64; 2],
    weight: Option<String>,
}

impl SignificanceSpec {
    /// The column of weights.
    #[must_use]
    pub fn weight(&self) -> Option<&str> {
        self.weight.as_deref()
    }

    /// The column of scores.
    #[must_use]
    pub fn score(&self) -> &str {
        &self.score
    }

    /// The column of masses.
    #[must_use]
    pub fn mass(&self) -> &str {
        &self.mass
    }

    /// The column of bins.
    #[must_use]
    pub fn bin(&self) -> &str {
        &self.bin
    }

    /// The masses around the peak.
    #[must_use]
    pub fn signal(&self) -> [f64; 2] {
        self.signal
    }

    /// Masses of background alone.
    #[must_use]
    pub fn sidebands(&self) -> &[[f64; 2]] {
        &self.sidebands
    }

    /// Steps from the first threshold to the last.
    #[must_use]
    pub fn thresholds(&self) -> u32 {
        self.thresholds
    }

    /// The first and the last threshold.
    #[must_use]
    pub fn range(&self) -> [f64; 2] {
        self.range
    }

    /// Candidates below the peak for each one in each sideband, of a background that is a straight line
    /// in the mass: w (1/W + (c − C)(c_k − C)/V) with the widths w and w_k of peak and sideband, their
    /// centres c and c_k, W = Σ w_k, C = Σ w_k c_k / W and V = Σ w_k (c_k − C)². That is the line through
    /// two sidebands; of more it is the one of least squares for errors of an even background, of a single
    /// one it is constant.
    #[must_use]
    pub fn scales(&self) -> Vec<f64> {
        let width = |[low, high]: &[f64; 2]| high - low;
        let centre = |[low, high]: &[f64; 2]| low + (high - low) / 2.0;
        let sum = |of: &dyn Fn(&[f64; 2]) -> f64| -> f64 { self.sidebands.iter().map(of).sum() };
        let whole = sum(&width);
        let middle = sum(&|band| width(band) * centre(band)) / whole;
        let spread = sum(&|band| width(band) * (centre(band) - middle).powi(2));
        let away = centre(&self.signal) - middle;
        let scale = |band: &[f64; 2]| {
            let tilt = match self.sidebands.len() {
                1 => 0.0,
                _ => away * (centre(band) - middle) / spread,
            };
            width(&self.signal) * (1.0 / whole + tilt)
        };
        self.sidebands.iter().map(scale).collect()
    }
}

/// The column of bins of the model that gives a score.
fn bin_of(score: &str) -> Option<String> {
    let (model, class) = score.rsplit_once('_')?;
    CLASSES.contains(&class).then(|| format!("{model}_bin"))
}

impl Kind for SignificanceSpec {
    type Raw = RawSignificance;

    fn read(section: &mut Section<'_>) -> Option<RawSignificance> {
        let score = section.required_text("score");
        let mass = section.required_text("mass");
        let signal = section.required("signal", Section::range);
        let sidebands = section.required("sidebands", read_ranges);
        let bin = section.text("bin");
        let thresholds = section
            .value("thresholds")
            .and_then(|_| section.count("thresholds"));
        let range = section.value("range").and_then(|_| section.range("range"));
        let weight = section.text("weight");
        Some(RawSignificance {
            score: score?,
            mass: mass?,
            signal: signal?,
            sidebands: sidebands?,
            bin,
            thresholds,
            range,
            weight,
        })
    }

    fn try_new(raw: &RawSignificance) -> Result<Self, Vec<String>> {
        let mut errors = Vec::new();
        check_name(&mut errors, "significance.score", &raw.score);
        check_name(&mut errors, "significance.mass", &raw.mass);
        let bin = raw.bin.clone().or_else(|| bin_of(&raw.score));
        if bin.is_none() {
            errors.push(format!(
                "significance.score: `{}` is no score of a BDT configuration, such as \
                 bdt_background: name one, or the column of bins, bin = \"…\"",
                raw.score
            ));
        }
        check_masses(&mut errors, raw);
        if let Some(weight) = &raw.weight {
            check_name(&mut errors, "significance.weight", weight);
        }
        let thresholds = raw.thresholds.unwrap_or(THRESHOLDS);
        let range = raw.range.unwrap_or([0.0, 1.0]);
        let counted = thresholds.clamp(1, MOST_THRESHOLDS);
        check_axis(&mut errors, "significance", counted, range);
        if counted != thresholds {
            errors.push(format!(
                "significance.thresholds: {thresholds} is not between 1 and {MOST_THRESHOLDS}"
            ));
        }
        let raw = raw.clone();
        done(
            errors,
            Self {
                score: raw.score,
                mass: raw.mass,
                signal: raw.signal,
                sidebands: raw.sidebands,
                bin: bin.unwrap_or_default(),
                thresholds,
                range,
                weight: raw.weight,
            },
        )
    }

    fn to_raw(&self) -> RawSignificance {
        RawSignificance {
            score: self.score.clone(),
            mass: self.mass.clone(),
            signal: self.signal,
            sidebands: self.sidebands.clone(),
            bin: Some(self.bin.clone()),
            thresholds: Some(self.thresholds),
            range: Some(self.range),
            weight: self.weight.clone(),
        }
    }

    fn hash(&self) -> FieldHash {
        let Self {
            score,
            mass,
            signal,
            sidebands,
            bin,
            thresholds,
            range,
            weight,
        } = self;
        let of_range = |[low, high]: &[f64; 2]| {
            let mut hash = FieldHash::of("range");
            hash.float("low", *low).float("high", *high);
            hash
        };
        let mut hash = FieldHash::of("significance");
        hash.text("score", score)
            .text("mass", mass)
            .text("bin", bin)
            .text_if("weight", weight.as_ref())
            .part("signal", &of_range(signal))
            .parts("sidebands", sidebands.iter().map(of_range));
        add_axis(&mut hash, *thresholds, Some(*range));
        hash
    }

    fn columns(&self) -> Vec<&String> {
        let known = [&self.score, &self.mass, &self.bin].into_iter();
        known.chain(&self.weight).collect()
    }

    fn before_cuts(&self) -> Option<&str> {
        Some(&self.score)
    }

    fn most_bytes(&self) -> u64 {
        let of_weights = self.weight.as_ref().map_or(0, |_| BIN_BYTES);
        let regions = 1 + self.sidebands.len() as u64;
        MOST_BINS as u64 * regions * (u64::from(self.thresholds) + 2) * (COUNT + of_weights)
    }
}

impl fmt::Display for SignificanceSpec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [low, high] = self.signal;
        let Self { score, mass, .. } = self;
        write!(f, "significance of {mass} in [{low}, {high}] by {score}")
    }
}

/// A list of `[low, high]`.
fn read_ranges(section: &mut Section<'_>, key: &str) -> Option<Vec<[f64; 2]>> {
    let number = |item: &Value| {
        let whole = item.as_integer().map(|whole| whole as f64);
        item.as_float().or(whole)
    };
    let range = |item: &Value| match item.as_array().map(Vec::as_slice) {
        Some([low, high]) => Some([number(low)?, number(high)?]),
        _ => None,
    };
    let items = section.value(key)?.as_array();
    let ranges: Option<Vec<[f64; 2]>> = items.and_then(|items| items.iter().map(range).collect());
    if ranges.is_none() {
        section.problem(key, "expected a list of ranges, [[low, high], …]");
    }
    ranges
}

fn check_masses(errors: &mut Vec<String>, raw: &RawSignificance) {
    let mut known: Vec<(String, [f64; 2])> = Vec::new();
    let sidebands = raw.sidebands.iter().enumerate();
    let sidebands = sidebands.map(|(at, range)| (format!("sidebands[{at}]"), *range));
    for (name, [low, high]) in std::iter::once(("signal".to_owned(), raw.signal)).chain(sidebands) {
        if !(low.is_finite() && high.is_finite() && low < high) {
            errors.push(format!(
                "significance.{name}: [{low}, {high}] is not a finite range with low < high"
            ));
            continue;
        }
        let mut earlier = known.iter();
        if let Some((other, _)) = earlier.find(|(_, [from, to])| low < *to && *from < high) {
            errors.push(format!(
                "significance.{name}: [{low}, {high}] overlaps {other}"
            ));
        }
        known.push((name, [low, high]));
    }
    if raw.sidebands.len() > MOST_SIDEBANDS {
        errors.push(format!(
            "significance.sidebands: {} of them, at most {MOST_SIDEBANDS} are counted",
            raw.sidebands.len()
        ));
    }
    if raw.sidebands.is_empty() {
        errors.push(String::from(
            "significance.sidebands: empty; without background there is no significance",
        ));
    }
}
