//! Whether the fit of a category gives weights that may be used for its control variables.

use lumimill_fit::{Closure, Fit, Kendall, Model, Status, Verdict, factorisation};
use serde::Serialize;

use super::spec::MassFitSpec;
use super::weighed::{Control, Weighed, signal_of};

/// The verdict on a category without rows.
pub(super) const EMPTY: &str = "empty";
/// Distributions that are nowhere farther from one another are of use yet.
const FAR: f64 = 0.02;

/// What is said of one control variable in one category.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ControlVerdict {
    /// The control variable; empty where it is said of the fit itself.
    pub control: String,
    /// `valid`, `doubtful`, `invalid`, or `empty` where there is no row.
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
    /// Which of these tests there are not, and why.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub undefined: Vec<String>,
    /// The weighted rows beside those that truly are of the signal, where that is known.
    pub truth: Option<TruthTest>,
}

/// Weighted rows beside the truth, in parts of a control variable.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct TruthTest {
    /// Of the differences, by their covariance.
    pub chi2: f64,
    /// The parts.
    pub ndf: usize,
    /// The probability of a greater χ².
    pub p_value: f64,
    /// The greatest distance of the cumulative distributions.
    pub distance: f64,
}

/// The verdicts of a category on each control variable; where `held` says what its parameters are held by,
/// and there is no control variable, one of the fit itself.
pub(super) fn verdicts(
    (model, fit): (&Model, Option<&Fit>),
    held: Option<String>,
    weighed: &[Weighed],
    controls: &[Control<'_>],
) -> Vec<ControlVerdict> {
    let usable = fit.filter(|fit| fit.status == Status::Converged);
    let of = |(number, control): (usize, &Control<'_>)| {
        let Some(fit) = usable else {
            return ControlVerdict::of(
                control.name,
                Verdict::Invalid,
                "there is no fit that can be used".to_owned(),
            );
        };
        let signal = signal_of(model);
        let found = factorisation(model, fit, signal, control.name, &control.parts.all);
        let closures = weighed.iter();
        let closures = closures.filter_map(|weighed| weighed.closures.get(number).copied()?);
        // Of several weights, those that are least like the truth.
        let closure = closures.min_by(|a, b| a.p_value.total_cmp(&b.p_value));
        let of_truth = match closure {
            Some(closure) => Some(of_truth(&closure, control.name)),
            None if control.parts.truth.is_empty() => None,
            None => Some((
                Verdict::Doubtful,
                format!("the truth cannot be compared in parts of {}", control.name),
            )),
        };
        let held = held.clone().map(|held| (Verdict::Doubtful, held));
        let looks = weighed.iter().map(Weighed::verdict);
        let looks = looks.chain(of_truth).chain(of_crowded(control)).chain(held);
        let mut worst = (found.verdict, found.reason);
        for look in looks {
            if look.0 > worst.0 {
                worst = look;
            }
        }
        let pair = |tau: Option<Kendall>| tau.map(|tau| [tau.tau, tau.error]);
        ControlVerdict {
            tau_background: pair(found.background),
            tau_signal: pair(found.signal),
            chi2: found.split.map(|split| split.chi2),
            ndf: found.split.map(|split| split.ndf),
            p_value: found.split.map(|split| split.p_value),
            undefined: found.undefined,
            truth: closure.map(|it| TruthTest {
                chi2: it.chi2,
                ndf: it.ndf,
                p_value: it.p_value,
                distance: it.distance,
            }),
            ..ControlVerdict::of(control.name, worst.0, worst.1)
        }
    };
    if let (true, Some(held)) = (controls.is_empty(), &held) {
        return vec![ControlVerdict::of("", Verdict::Doubtful, held.clone())];
    }
    controls.iter().enumerate().map(of).collect()
}

/// That values of a control variable are too close to one another.
fn of_crowded(control: &Control<'_>) -> Option<(Verdict, String)> {
    let ([low, high], share) = control.parts.crowded?;
    let (name, percent) = (control.name, 100.0 * share);
    let reason = format!(
        "{percent:.0} % of rows have a {name} from {low} to {high}, which are not told apart: give it without \
         its offset"
    );
    Some((Verdict::Doubtful, reason))
}

/// What is said of a category without rows: of each control variable, or of none where there is none.
pub(super) fn of_nothing(spec: &MassFitSpec) -> Vec<ControlVerdict> {
    let controls = spec.control().iter().map(|axis| axis.column.as_str());
    let alone = spec.control().is_empty().then_some("");
    let verdict = |control: &str| ControlVerdict {
        verdict: EMPTY,
        ..ControlVerdict::of(control, Verdict::Doubtful, spec.nothing_to_fit())
    };
    controls.chain(alone).map(verdict).collect()
}

/// What the truth says of the weights.
fn of_truth(closure: &Closure, control: &str) -> (Verdict, String) {
    let verdict = match (closure.p_value < 1e-3, closure.p_value < 1e-6) {
        (_, true) if closure.distance > FAR => Verdict::Invalid,
        (true, _) => Verdict::Doubtful,
        _ => Verdict::Valid,
    };
    let reason = format!(
        "weighted rows are not those of the truth in {control}: chi2 is {:.1} for {} degrees of freedom",
        closure.chi2, closure.ndf
    );
    (verdict, reason)
}

impl ControlVerdict {
    /// Whether it is of the fit itself, whatever weights are used for.
    pub(super) fn is_of_fit(&self) -> bool {
        self.control.is_empty()
    }

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
            undefined: Vec::new(),
            truth: None,
        }
    }
}
