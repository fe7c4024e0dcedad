//! Whether weights may be used for a control variable.
//!
//! Weights unfold a control variable only where, in each component, it does not depend on the fit
//! variable. Three looks at that, all on counts of the fit variable in bins of the control variable,
//! so that shards can be counted apart: the rank correlation of both in the sidebands, where the
//! background is alone; the same in the signal window, from which the background is taken off; and
//! whether the shape of the fit is the same in all parts of the control variable. Entries may have
//! weights of their own, negative ones too: then counts are Σw, errors are of Σw², and what is enough
//! is told by the effective number of entries, (Σw)²/Σw².

mod kendall;
mod proxy;
mod split;

use crate::fit::Fit;
use crate::model::Model;
use crate::sample::Histogram;
use crate::weights::Verdict;

pub use kendall::{Kendall, Ranked, kendall};
pub use split::Split;

/// A correlation is noted from so many standard deviations on, if it is not a tiny one.
const DOUBTFUL: (f64, f64) = (3.0, 0.01);
/// And from these on nothing can be unfolded.
const INVALID: (f64, f64) = (5.0, 0.03);

/// What speaks for and against the weights of one control variable.
#[derive(Debug, Clone, PartialEq)]
pub struct Factorisation {
    /// Fit variable and control variable in the sidebands.
    pub background: Option<Kendall>,
    /// The same in the signal window, less the sidebands.
    pub signal: Option<Kendall>,
    /// The shape of the fit in parts of the control variable.
    pub split: Option<Split>,
    /// Which of these there are not, and why: `tau in the sidebands: 12 effective entries …`.
    pub undefined: Vec<String>,
    /// What it comes to.
    pub verdict: Verdict,
    /// Why, in one sentence.
    pub reason: String,
}

/// Tests whether `control`, a name for the sentence, is independent of the fit variable within the
/// components. `columns` are the counts of the fit variable in ascending bins of the control
/// variable; `signal` is the component that makes the peak.
pub fn factorisation(
    model: &Model,
    fit: &Fit,
    signal: usize,
    control: &str,
    columns: &[Histogram],
) -> Factorisation {
    let regions = proxy::Regions::of(model, fit, signal, columns);
    let regions = regions.ok_or_else(|| String::from("the densities are none"));
    let mut undefined = Vec::new();
    let background = regions.as_ref().map_err(String::clone);
    let background = background.and_then(|regions| regions.background(columns));
    let background = noted(&mut undefined, "tau in the sidebands", background);
    let peak = regions.and_then(|regions| regions.signal(columns));
    let peak = noted(&mut undefined, "tau of the signal", peak);
    let split = split::split(model, fit, columns);
    let split = noted(&mut undefined, "shape in parts", split);
    let looks = [
        background.map(|tau| correlation(&tau, "in the sidebands", control)),
        peak.map(|tau| correlation(&tau, "in the signal window", control)),
        split.map(|split| shapes(&split, control)),
    ];
    let worst = looks
        .into_iter()
        .flatten()
        .max_by_key(|(verdict, _)| *verdict);
    let (verdict, reason) = worst.unwrap_or_else(|| {
        let reason =
            format!("too few entries to tell whether {control} depends on the fit variable");
        (Verdict::Doubtful, reason)
    });
    let reason = match verdict {
        Verdict::Valid => {
            let by = match undefined.is_empty() {
                true => "",
                false => " by the tests that could be made",
            };
            format!("no dependence of {control} on the fit variable was found{by}")
        }
        _ => reason,
    };
    Factorisation {
        background,
        signal: peak,
        split,
        undefined,
        verdict,
        reason,
    }
}

/// What there is; notes why there is nothing.
fn noted<T>(undefined: &mut Vec<String>, what: &str, found: Result<T, String>) -> Option<T> {
    found
        .map_err(|why| undefined.push(format!("{what}: {why}")))
        .ok()
}

fn correlation(tau: &Kendall, place: &str, control: &str) -> (Verdict, String) {
    let exceeds = |(deviations, least): (f64, f64)| {
        tau.deviations().abs() > deviations && tau.tau.abs() > least
    };
    let reason = format!(
        "{control} depends on the fit variable {place}: Kendall's tau is {:.3} ± {:.3}",
        tau.tau, tau.error
    );
    (verdict(exceeds(DOUBTFUL), exceeds(INVALID)), reason)
}

fn shapes(split: &Split, control: &str) -> (Verdict, String) {
    let reason = format!(
        "the shape of the fit is not the same in all parts of {control}: chi2 is {:.1} for {} degrees of freedom",
        split.chi2, split.ndf
    );
    let exceeds = |p: f64, least: f64| split.p_value < p && split.per_entry() > least;
    (verdict(exceeds(1e-3, 3e-4), exceeds(1e-6, 1e-3)), reason)
}

fn verdict(is_doubtful: bool, is_invalid: bool) -> Verdict {
    match (is_doubtful, is_invalid) {
        (_, true) => Verdict::Invalid,
        (true, false) => Verdict::Doubtful,
        (false, false) => Verdict::Valid,
    }
}

#[cfg(test)]
mod tests;
