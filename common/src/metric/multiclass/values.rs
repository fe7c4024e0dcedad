//! Every value of a bin as a line of a table.

use super::result::{AverageResult, ClassResult, MulticlassBin};
use super::spec::AVERAGES;
use crate::metric::uncertain::Uncertain;

/// One line of the table of a `multiclass`.
#[derive(Debug, Clone, PartialEq)]
pub struct MulticlassValue<'a> {
    /// Name of a class or an average; empty for all.
    pub class: &'a str,
    /// What it is, such as `auc`.
    pub metric: String,
    /// The value, unless it is undefined.
    pub value: Option<f64>,
    /// Its statistical error, where that is known.
    pub error: Option<f64>,
}

impl MulticlassBin {
    /// Every value, in the order of the table.
    #[must_use]
    pub fn values<'a>(&'a self, names: &'a [String]) -> Vec<MulticlassValue<'a>> {
        let mut values = Vec::new();
        let mut add = |class: &'a str, metric: &str, value: Option<f64>, error: Option<f64>| {
            values.push(MulticlassValue {
                class,
                metric: metric.to_owned(),
                value,
                error,
            });
        };
        let accuracy = self.accuracy;
        add(
            "",
            "count",
            Some(self.classes.iter().map(|class| class.count).sum()),
            None,
        );
        add(
            "",
            "accuracy",
            accuracy.map(|of| of.value),
            accuracy.and_then(|of| of.error),
        );
        add("", "balanced_accuracy", self.balanced_accuracy, None);
        add("", "log_loss", self.log_loss, None);
        add("", "ece", self.ece, None);
        if self.no_probability > 0 {
            add("", "no_probability", Some(self.no_probability as f64), None);
        }
        values.extend(values_of(
            names.iter().zip(&self.classes),
            [&self.macro_, &self.weighted, &self.micro],
        ));
        let mut add = |class: &'a str, metric: &str, value: Option<f64>| {
            values.push(MulticlassValue {
                class,
                metric: metric.to_owned(),
                value,
                error: None,
            });
        };
        for (name, taken) in names.iter().zip(&self.confusion) {
            for (other, amount) in names.iter().zip(taken) {
                add(name, &format!("taken for {other}"), Some(*amount));
            }
        }
        for mask in &self.masks {
            let metric = format!("available {}", mask.mask);
            add("", &metric, mask.all);
            for (name, share) in names.iter().zip(&mask.classes) {
                add(name, &metric, *share);
            }
        }
        values
    }
}

/// Values of classes and of their averages, in the order of the table.
pub(in crate::metric) fn values_of<'a>(
    classes: impl Iterator<Item = (&'a String, &'a ClassResult)>,
    averages: [&AverageResult; 3],
) -> Vec<MulticlassValue<'a>> {
    let mut values = Vec::new();
    let mut add = |class: &'a str, metric: &str, of: Option<Uncertain>| {
        values.push(MulticlassValue {
            class,
            metric: metric.to_owned(),
            value: of.map(|of| of.value),
            error: of.and_then(|of| of.error),
        });
    };
    let plain = |value: Option<f64>| value.map(|value| Uncertain { value, error: None });
    for (name, class) in classes {
        add(name, "count", plain(Some(class.count)));
        add(name, "auc", class.auc);
        add(name, "auc_binning_error", plain(class.auc_binning_error));
        add(name, "average_precision", plain(class.average_precision));
        let binning = class.average_precision_binning_error;
        add(name, "average_precision_binning_error", plain(binning));
        add(name, "precision", class.precision);
        add(name, "recall", class.recall);
        add(name, "f1", plain(class.f1));
    }
    for (name, average) in AVERAGES.into_iter().zip(averages) {
        add(name, "auc", plain(average.auc));
        add(name, "auc_binning_error", plain(average.auc_binning_error));
        add(name, "average_precision", plain(average.average_precision));
        let binning = average.average_precision_binning_error;
        add(name, "average_precision_binning_error", plain(binning));
        add(name, "precision", plain(average.precision));
        add(name, "recall", plain(average.recall));
        add(name, "f1", plain(average.f1));
    }
    values
}
