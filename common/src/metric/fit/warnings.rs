//! What a person should know of fits.

use super::fitted::FittedModel;
use super::result::MassFitResult;
use super::validity::ControlVerdict;
use super::weighed::ComponentSum;

/// Of so many rows more than one that is left out is warned of.
const LEFT_OUT: u64 = 50;
/// A χ² less likely than this is warned of.
const UNLIKELY: f64 = 1e-4;

impl FittedModel {
    /// What a person should know of it.
    fn warning(&self) -> Option<String> {
        if let Some(failure) = &self.failure {
            return Some(failure.clone());
        }
        let mut said = Vec::new();
        said.extend(self.said_of_held());
        let stuck = self
            .values
            .iter()
            .filter(|value| value.at_limit && !value.held);
        let stuck: Vec<&str> = stuck.map(|value| value.name.as_str()).collect();
        if !stuck.is_empty() {
            said.push(format!("{} at a limit", stuck.join(", ")));
        }
        for (component, at) in &self.touching {
            said.push(format!(
                "the density of {component} is held at 0 near {at:.4}, below which its series would go"
            ));
        }
        let p_value = self.p_value.filter(|p_value| *p_value < UNLIKELY);
        said.extend(p_value.map(|p_value| {
            let (chi2, ndf) = (self.chi2.unwrap_or_default(), self.ndf.unwrap_or_default());
            format!("chi2 is {chi2:.1} for {ndf} degrees of freedom (p = {p_value:.1e})")
        }));
        (!said.is_empty()).then(|| said.join("; "))
    }

    /// That parameters are held by limits which nobody gave, if any is.
    pub(super) fn said_of_held(&self) -> Option<String> {
        let held = self.values.iter().filter(|value| value.held);
        let named = held
            .clone()
            .map(|value| format!("{} at {:.6}", value.name, value.value));
        let named: Vec<String> = named.collect();
        let first = held.map(|value| value.name.as_str()).next()?;
        Some(format!(
            "held by a limit that was guessed: {}; a better fit may lie beyond it, so that yields and weights \
             may be off: give limits, start = {{ {first} = [value, low, high] }}, or another model",
            named.join(", ")
        ))
    }
}

impl MassFitResult {
    /// Rows that are left out though a person may not expect it.
    fn left_out(&self) -> Vec<String> {
        let fitted = self.categories.iter().map(|category| category.entries);
        let counted = fitted.fold(
            self.outside.saturating_add(self.out_of_range),
            u64::saturating_add,
        );
        let all = counted.saturating_add(self.missing);
        let mut said = Vec::new();
        if self.missing.saturating_mul(LEFT_OUT) > all {
            let of = match &self.weight {
                Some(weight) => format!("{} or {weight}", self.variable),
                None => self.variable.clone(),
            };
            said.push(format!(
                "fit of {}: {} of {all} rows are left out, as {of} is null, NaN, or too large or small to \
                 be squared",
                self.variable, self.missing
            ));
        }
        if self.untold > 0 {
            said.push(format!(
                "fit of {}: the truth of {} rows is neither 0 nor 1; they count as background",
                self.variable, self.untold
            ));
        }
        said
    }

    /// What a person should know of it.
    pub(crate) fn warnings(&self) -> Vec<String> {
        let mut warnings = self.left_out();
        for category in &self.categories {
            // Once, whatever models and control variables there are.
            let mut empty = category.fits.iter().filter(|found| found.is_empty());
            if let Some(reason) = empty.find_map(|found| found.failure.as_ref()) {
                warnings.push(format!(
                    "fit of {}, category {}, is empty: {reason}",
                    self.variable, category.name
                ));
                continue;
            }
            let bad = |sum: &&ComponentSum| sum.variation == "nominal" && sum.verdict != "valid";
            // Where there are control variables it is said with them.
            let is_alone = category.verdicts.iter().all(ControlVerdict::is_of_fit);
            for sum in category.sums.iter().filter(bad).filter(|_| is_alone) {
                warnings.push(format!(
                    "weights by the fit of {}, category {}, are {}: {}",
                    self.variable,
                    category.name,
                    sum.verdict,
                    sum.said()
                ));
            }
            for verdict in category
                .verdicts
                .iter()
                .filter(|verdict| verdict.verdict != "valid" && !verdict.is_of_fit())
            {
                warnings.push(format!(
                    "weights by the fit of {}, category {}, are {} for {}: {}",
                    self.variable, category.name, verdict.verdict, verdict.control, verdict.reason
                ));
            }
            for found in &category.fits {
                if let Some(warning) = found.warning() {
                    warnings.push(format!(
                        "fit of {}, category {}, {}: {warning}",
                        self.variable, category.name, found.variation
                    ));
                }
            }
        }
        warnings
    }
}
