//! What the weights by a fit add up to: of each component, and in parts of control variables.

use lumimill_fit::{BinnedWeights, Closure, Fit, Histogram, Model, Reference, Status, Verdict};
use serde::Serialize;

use super::control::Parts;
use super::cow::{Cow, Histograms};

/// Bins beyond which no sums are made: each has weights of its own.
const MOST_BINS: usize = 1 << 16;

/// The weights of a component beside its yield.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ComponentSum {
    /// `nominal` or `systematic`.
    pub variation: &'static str,
    /// What the weights are orthogonal by.
    pub cow: String,
    /// The component.
    pub component: String,
    /// The yield of the fit.
    pub amount: f64,
    /// Its standard deviation.
    pub amount_error: Option<f64>,
    /// Σw
    pub sumw: f64,
    /// Σw²
    pub sumw2: f64,
    /// The standard deviation of Σw, with what the fit adds.
    pub error: f64,
    /// A difference from the yield up to this is nothing.
    pub tolerance: f64,
    /// A difference above this means that the weights are not those of the data.
    pub limit: f64,
    /// `valid`, `doubtful` or `invalid`.
    pub verdict: &'static str,
}

/// The weights of a component in parts of a control variable.
#[derive(Debug, Clone, PartialEq)]
pub struct WeightedControl {
    /// The control variable.
    pub control: String,
    /// `nominal` or `systematic`.
    pub variation: &'static str,
    /// What the weights are orthogonal by.
    pub cow: String,
    /// The component.
    pub component: String,
    /// From where to where each part goes.
    pub edges: Vec<[f64; 2]>,
    /// Rows in each part.
    pub entries: Vec<u64>,
    /// Σw of each part.
    pub sumw: Vec<f64>,
    /// Σw² of each part.
    pub sumw2: Vec<f64>,
    /// The covariance of the sums, with what the fit adds; by rows.
    pub covariance: Vec<Vec<f64>>,
}

/// A control variable with its counts.
pub(super) struct Control<'a> {
    pub(super) name: &'a str,
    pub(super) parts: Parts,
}

/// What weights by one model add up to.
#[derive(Debug)]
pub(super) struct Weighed {
    cow: Cow,
    pub(super) sums: Vec<ComponentSum>,
    pub(super) controls: Vec<WeightedControl>,
    /// Of each control variable, the weights of the signal beside the truth.
    pub(super) closures: Vec<Option<Closure>>,
    /// Why there are no weights.
    pub(super) failure: Option<String>,
    /// Why nobody looked at them.
    unseen: Option<String>,
}

impl Weighed {
    pub(super) fn of(
        cow: &Cow,
        (variation, model, fit): (&'static str, &Model, &Fit),
        (data, others): (&Histogram, &Histograms),
        controls: &[Control<'_>],
    ) -> Self {
        let mut weighed = Self {
            cow: cow.clone(),
            sums: Vec::new(),
            controls: Vec::new(),
            closures: Vec::new(),
            failure: None,
            unseen: None,
        };
        let bins = data.sumw().len();
        if fit.status != Status::Converged {
            return weighed;
        }
        if bins > MOST_BINS {
            weighed.unseen = Some(format!(
                "sums of weights are looked at up to {MOST_BINS} bins, and there are {bins}"
            ));
            return weighed;
        }
        let reference = cow.reference(others, Some(data));
        let of = (variation, model, fit);
        let added = reference.and_then(|by| weighed.add(of, &by, data, controls));
        weighed.failure = added.err();
        weighed
    }

    fn add(
        &mut self,
        (variation, model, fit): (&'static str, &Model, &Fit),
        reference: &Reference,
        data: &Histogram,
        controls: &[Control<'_>],
    ) -> Result<(), String> {
        let binned = |data: &Histogram| {
            let weights = BinnedWeights::new(model, fit, reference, data);
            weights.map_err(|error| error.to_string())
        };
        let of_all = binned(data)?;
        for (component, name) in model.component_names().enumerate() {
            let found = of_all.sums(component, std::slice::from_ref(data));
            let yielded = fit.parameters.get(component);
            let (Some(sumw), Some(sumw2), Some(yielded)) =
                (found.sumw.first(), found.sumw2.first(), yielded)
            else {
                continue;
            };
            let rule = self.cow.rule(*sumw, *sumw2, yielded.value);
            self.sums.push(ComponentSum {
                variation,
                cow: self.cow.to_string(),
                component: name.to_owned(),
                amount: yielded.value,
                amount_error: yielded.error,
                sumw: *sumw,
                sumw2: *sumw2,
                error: found.covariance.at(0, 0).max(0.0).sqrt(),
                tolerance: rule.tolerance,
                limit: rule.limit,
                verdict: rule.verdict().word(),
            });
        }
        // All control variables have the same bins of the fit variable, or those of the fit.
        let mut tables: Vec<(usize, BinnedWeights)> = vec![(data.sumw().len(), of_all)];
        for control in controls {
            let all = &control.parts.all;
            let bins = all.first().map_or(0, |part| part.sumw().len());
            if bins > 0 && tables.iter().all(|(of, _)| *of != bins) {
                let full = Histogram::of_counts(data.range(), &vec![1; bins]);
                let full = full.map_err(|error| error.to_string())?;
                tables.push((bins, binned(&full)?));
            }
            let table = tables.iter().find(|(of, _)| *of == bins);
            let Some((_, table)) = table else {
                self.closures.push(None);
                continue;
            };
            for (component, name) in model.component_names().enumerate() {
                let found = table.sums(component, all);
                let row = |i: usize| (0..all.len()).map(|j| found.covariance.at(i, j)).collect();
                self.controls.push(WeightedControl {
                    control: control.name.to_owned(),
                    variation,
                    cow: self.cow.to_string(),
                    component: name.to_owned(),
                    edges: control.parts.edges.clone(),
                    entries: all.iter().map(Histogram::entries).collect(),
                    covariance: (0..all.len()).map(row).collect(),
                    sumw: found.sumw,
                    sumw2: found.sumw2,
                });
            }
            let truth = &control.parts.truth;
            let signal = signal_of(model);
            let held = (!truth.is_empty()).then(|| table.closure(signal, all, truth));
            self.closures.push(held.flatten());
        }
        Ok(())
    }

    /// What is wrong with the sums of weights, if anything is.
    pub(super) fn verdict(&self) -> (Verdict, String) {
        if let Some(failure) = &self.failure {
            return (Verdict::Invalid, failure.clone());
        }
        if let Some(unseen) = &self.unseen {
            return (Verdict::Doubtful, unseen.clone());
        }
        let rule = |sum: &ComponentSum| self.cow.rule(sum.sumw, sum.sumw2, sum.amount).verdict();
        match self.sums.iter().max_by_key(|sum| rule(sum)) {
            Some(sum) => (rule(sum), sum.said()),
            None => (Verdict::Valid, String::new()),
        }
    }
}

impl ComponentSum {
    /// As a sentence.
    pub(super) fn said(&self) -> String {
        let by = match self.cow.as_str() {
            "density" => String::new(),
            cow => format!(" by {cow}"),
        };
        format!(
            "the weights of {}{by} add up to {:.1}, its yield is {:.1}",
            self.component, self.sumw, self.amount
        )
    }
}

/// The component that weights are of: `signal`, or the first.
pub(super) fn signal_of(model: &Model) -> usize {
    let mut names = model.component_names();
    names.position(|name| name == "signal").unwrap_or(0)
}
