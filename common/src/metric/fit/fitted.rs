//! A fit as the report has it.

use lumimill_fit::{Fit, Histogram, Model, Status};
use serde::Serialize;

/// The status of a category without rows.
pub const EMPTY: u8 = 4;

/// One model in one category.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct FittedModel {
    /// `nominal` or `systematic`.
    pub variation: &'static str,
    /// Why there is no fit, or why it cannot be used.
    pub failure: Option<String>,
    /// 0 for a minimum with a covariance, 1 without minimum, 2 without covariance, 3 without fit, 4 where
    /// no row is in the category.
    pub status: u8,
    /// Yields and parameters.
    pub values: Vec<FittedValue>,
    /// The covariance of the values, by rows; 0 of a constant and at a limit, none without it.
    #[serde(skip)]
    pub covariance: Vec<Vec<f64>>,
    /// The components whose density is held from going below 0, and where.
    pub touching: Vec<(String, f64)>,
    /// χ² of the bins, joined until 5 entries are expected in each.
    pub chi2: Option<f64>,
    /// Its degrees of freedom.
    pub ndf: Option<usize>,
    /// The probability of a greater χ².
    pub p_value: Option<f64>,
    /// How far −ln L is expected to be from its minimum.
    pub edm: Option<f64>,
    /// How often the likelihood was computed.
    pub calls: usize,
    /// From how many starts the fit was made, and how many led to this minimum.
    pub starts: [usize; 2],
    /// What is expected in each bin, of all and of each component.
    pub curves: Vec<FittedCurve>,
    /// (content − expected)/error of each bin.
    pub pulls: Vec<Option<f64>>,
}

/// A yield or a parameter.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct FittedValue {
    /// Its name.
    pub name: String,
    /// Its value.
    pub value: f64,
    /// Its standard deviation; none for a constant, at a limit, without influence or covariance.
    pub error: Option<f64>,
    /// Whether it lies at a limit.
    pub at_limit: bool,
    /// Whether that is one which the fit chose, and beyond which it may be better.
    pub held: bool,
    /// Whether it has no influence, as of the shape of a component without rows.
    pub idle: bool,
    /// Whether it was a constant.
    pub fixed: bool,
}

/// Expected contents of bins.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct FittedCurve {
    /// The component, or `all`.
    pub name: String,
    /// One a bin.
    pub contents: Vec<f64>,
}

/// The fit of a model as the report has it.
pub(super) fn fitted(
    variation: &'static str,
    model: &Model,
    found: &Fit,
    data: &Histogram,
) -> FittedModel {
    let goodness = found.goodness.clone();
    let curves = curves(model, found, data);
    let mut pulls = goodness
        .as_ref()
        .map(|goodness| goodness.pulls.clone())
        .unwrap_or_default();
    if pulls.len() != data.sumw().len() {
        // Of a fit without bins they are of other bins than the picture.
        pulls = pulls_of(data, curves.first());
    }
    FittedModel {
        variation,
        failure: (found.status != Status::Converged).then(|| found.status.reason().to_owned()),
        status: found.status.code(),
        values: fitted_values(found),
        touching: found
            .touching
            .iter()
            .map(|touch| (touch.component.clone(), touch.at))
            .collect(),
        covariance: covariance(found),
        chi2: goodness.as_ref().map(|goodness| goodness.chi2),
        ndf: goodness.as_ref().map(|goodness| goodness.ndf),
        p_value: goodness.as_ref().and_then(|goodness| goodness.p_value),
        edm: Some(found.edm),
        calls: found.calls,
        starts: [found.starts, found.agreeing],
        curves,
        pulls,
    }
}

/// (content − expected)/√expected of each bin.
fn pulls_of(data: &Histogram, all: Option<&FittedCurve>) -> Vec<Option<f64>> {
    let expected = all.iter().flat_map(|curve| &curve.contents);
    let bins = data.sumw().iter().zip(expected);
    let pull = |(content, expected): (&f64, &f64)| {
        (*expected > 0.0).then(|| (content - expected) / expected.sqrt())
    };
    bins.map(pull).collect()
}

fn fitted_values(found: &Fit) -> Vec<FittedValue> {
    let parameters = found.parameters.iter();
    let values = parameters.map(|parameter| FittedValue {
        name: parameter.name.clone(),
        value: parameter.value,
        error: parameter.error,
        at_limit: parameter.at_limit,
        held: parameter.held,
        idle: parameter.idle,
        fixed: parameter.fixed,
    });
    values.collect()
}

/// The covariance by rows; none where there is none.
fn covariance(found: &Fit) -> Vec<Vec<f64>> {
    let rows = found.covariance.iter().flat_map(|covariance| {
        let size = covariance.size();
        (0..size).map(move |i| (0..size).map(|j| covariance.at(i, j)).collect())
    });
    rows.collect()
}

/// What all components and each of them expect in the bins.
fn curves(model: &Model, found: &Fit, data: &Histogram) -> Vec<FittedCurve> {
    let all_values = found.values();
    let Some(densities) = model.densities(&all_values) else {
        return Vec::new();
    };
    let mut all = vec![0.0; data.sumw().len()];
    let mut curves = Vec::new();
    for (component, (name, amount)) in model.component_names().zip(&all_values).enumerate() {
        let contents: Vec<f64> = (0..all.len())
            .map(|bin| {
                let (low, high) = data.edges(bin);
                amount * densities.area(component, low, high)
            })
            .collect();
        for (sum, content) in all.iter_mut().zip(&contents) {
            *sum += content;
        }
        curves.push(FittedCurve {
            name: name.to_owned(),
            contents,
        });
    }
    curves.insert(
        0,
        FittedCurve {
            name: "all".to_owned(),
            contents: all,
        },
    );
    curves
}

impl FittedModel {
    /// No fit, as there is nothing to be fitted.
    pub(super) fn empty(variation: &'static str, reason: String) -> Self {
        Self {
            status: EMPTY,
            ..Self::failed(variation, reason)
        }
    }

    /// Whether no row was there to be fitted, while other categories have some.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.status == EMPTY
    }

    /// No fit, for that reason.
    pub(super) fn failed(variation: &'static str, failure: String) -> Self {
        Self {
            variation,
            failure: Some(failure),
            status: 3,
            values: Vec::new(),
            touching: Vec::new(),
            covariance: Vec::new(),
            chi2: None,
            ndf: None,
            p_value: None,
            edm: None,
            calls: 0,
            starts: [0, 0],
            curves: Vec::new(),
            pulls: Vec::new(),
        }
    }
}
