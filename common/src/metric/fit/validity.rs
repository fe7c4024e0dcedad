//! Whether the fit of a category gives weights that may be used for its control variables.

use lumimill_fit::{
    Fit, Histogram, Kendall, Model, Reference, Status, SumRule, Verdict, Weights, factorisation,
};
use serde::Serialize;

/// What is said of one control variable in one category.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ControlVerdict {
    /// The control variable.
    pub control: String,
    /// `valid`, `doubtful` or `invalid`.
    pub verdict: &'static str,
    /// Why, in one sentence.
    pub reason: String,
    /// Kendall's tau with the fit variable in the sidebands, and its error.
    pub tau_background: Option<[f64; 2]>,
    /// The same in the signal window, less the sidebands.
    pub tau_signal: Option<[f64; 2]>,
    /// How strongly parts of the control variable pull at the shape of the fit.
    pub chi2: Option<f64>,
    /// Its degrees of freedom.
    pub ndf: Option<usize>,
    /// The probability of a greater χ².
    pub p_value: Option<f64>,
}

/// The verdicts of a category; `columns` are its counts in the bins of each control variable.
pub(super) fn verdicts(
    model: &Model,
    fit: Option<&Fit>,
    data: &Histogram,
    columns: &[(&str, Vec<Histogram>)],
) -> Vec<ControlVerdict> {
    let usable = fit.filter(|fit| fit.status == Status::Converged);
    let of = |(control, columns): &(&str, Vec<Histogram>)| {
        let Some(fit) = usable else {
            return ControlVerdict::of(
                control,
                Verdict::Invalid,
                "there is no fit that can be used".to_owned(),
            );
        };
        let mut names = model.component_names();
        let signal = names.position(|name| name == "signal").unwrap_or(0);
        let found = factorisation(model, fit, signal, control, columns);
        let (of_sums, why) = sums(model, fit, data);
        let (verdict, reason) = match of_sums > found.verdict {
            true => (of_sums, why),
            false => (found.verdict, found.reason),
        };
        let pair = |tau: Option<Kendall>| tau.map(|tau| [tau.tau, tau.error]);
        ControlVerdict {
            tau_background: pair(found.background),
            tau_signal: pair(found.signal),
            chi2: found.split.map(|split| split.chi2),
            ndf: found.split.map(|split| split.ndf),
            p_value: found.split.map(|split| split.p_value),
            ..ControlVerdict::of(control, verdict, reason)
        }
    };
    columns.iter().map(of).collect()
}

impl ControlVerdict {
    fn of(control: &str, verdict: Verdict, reason: String) -> Self {
        Self {
            control: control.to_owned(),
            verdict: verdict.word(),
            reason,
            tau_background: None,
            tau_signal: None,
            chi2: None,
            ndf: None,
            p_value: None,
        }
    }
}

/// Whether the weights of each component add up to its yield, and what is wrong if they do not.
fn sums(model: &Model, fit: &Fit, data: &Histogram) -> (Verdict, String) {
    let weights = match Weights::of_fit(model, fit, &Reference::Density) {
        Ok(weights) => weights,
        Err(error) => return (Verdict::Invalid, error.to_string()),
    };
    let count = model.component_names().len();
    let (mut sum, mut squares) = (vec![0.0; count], vec![0.0; count]);
    for (bin, (n, n2)) in data.sumw().iter().zip(data.sumw2()).enumerate() {
        let (low, high) = data.edges(bin);
        let Some(of_bin) = weights.at(f64::midpoint(low, high)) else {
            continue;
        };
        for ((sum, squares), weight) in sum.iter_mut().zip(&mut squares).zip(of_bin) {
            *sum += n * weight;
            *squares += n2 * weight * weight;
        }
    }
    let rules = sum.iter().zip(&squares).zip(weights.yields());
    let rules = rules.map(|((sum, squares), amount)| SumRule::new(*sum, *squares, *amount));
    let named = model.component_names().zip(rules);
    let worst = named.max_by_key(|(_, rule)| rule.verdict());
    match worst {
        Some((name, rule)) => {
            let reason = format!(
                "the weights of {name} add up to {:.1}, its yield is {:.1}",
                rule.sum, rule.expected
            );
            (rule.verdict(), reason)
        }
        None => (Verdict::Valid, String::new()),
    }
}
