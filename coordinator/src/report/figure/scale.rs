//! Scales of axes, and where their ticks are.

/// A linear or logarithmic scale between two values.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(in crate::report) enum Scale {
    Linear {
        low: f64,
        high: f64,
    },
    /// Both ends are positive.
    Log {
        low: f64,
        high: f64,
    },
}

impl Scale {
    /// A linear scale; an empty or unordered range is widened so that it can be drawn.
    pub(in crate::report) fn linear(low: f64, high: f64) -> Self {
        let low = if low.is_finite() { low } else { 0.0 };
        let high = if high.is_finite() { high } else { low };
        if high - low > f64::EPSILON * 16.0 * low.abs().max(high.abs()) && (high - low).is_finite()
        {
            return Self::Linear { low, high };
        }
        let pad = if low.abs() > 0.0 {
            low.abs().min(1e300) * 0.5
        } else {
            1.0
        };
        Self::Linear {
            low: low - pad,
            high: low + pad,
        }
    }

    /// A linear scale over the edges of bins that have an end.
    pub(in crate::report) fn of_edges(edges: &[f64]) -> Self {
        let finite = || edges.iter().copied().filter(|edge| edge.is_finite());
        let low = finite().fold(f64::INFINITY, f64::min);
        Self::linear(low, finite().fold(f64::NEG_INFINITY, f64::max))
    }

    /// A logarithmic scale, over at least half a decade.
    pub(in crate::report) fn log(low: f64, high: f64) -> Self {
        let low = if low.is_finite() && low > 1e-300 {
            low
        } else {
            1e-300
        };
        let high = if high.is_finite() {
            high.max(low * 3.0)
        } else {
            low * 3.0
        };
        Self::Log { low, high }
    }

    /// Where a value is: 0 at the low end, 1 at the high end.
    pub(in crate::report) fn place(&self, value: f64) -> f64 {
        match *self {
            Self::Linear { low, high } => (value - low) / (high - low),
            Self::Log { low, high } => (value.max(1e-300) / low).log10() / (high / low).log10(),
        }
    }

    /// Values with a label, about `most` of them.
    pub(in crate::report) fn major(&self, most: usize) -> Vec<(f64, String)> {
        match *self {
            Self::Linear { low, high } => {
                let step = step(high - low, most);
                multiples(low, high, step)
                    .into_iter()
                    .map(|v| (v, label(v, step)))
                    .collect()
            }
            Self::Log { low, high } => {
                let decades = (high / low).log10();
                let stride = (decades / most.max(1) as f64).ceil().max(1.0) as i32;
                let powers = powers(low, high).filter(|power| power.rem_euclid(stride) == 0);
                let mut labels: Vec<_> = powers
                    .map(|power| (10f64.powi(power), power_label(power)))
                    .collect();
                if labels.len() < 2 {
                    labels.extend(
                        self.minor(most)
                            .into_iter()
                            .filter(|value| leading_two_or_five(*value))
                            .map(|v| (v, label(v, v))),
                    );
                }
                labels
            }
        }
    }

    /// Values with a small tick.
    pub(in crate::report) fn minor(&self, most: usize) -> Vec<f64> {
        match *self {
            Self::Linear { low, high } => {
                let major = step(high - low, most);
                let lead = (major / 10f64.powf(major.log10().floor())).round();
                multiples(
                    low,
                    high,
                    major / if (lead - 2.0).abs() < 0.5 { 4.0 } else { 5.0 },
                )
            }
            Self::Log { low, high } => {
                let decades = (high / low).log10();
                if decades > 12.0 {
                    return Vec::new();
                }
                if decades > 2.0 * most as f64 {
                    return powers(low, high).map(|power| 10f64.powi(power)).collect();
                }
                let values = (low.log10().floor() as i32..=high.log10().ceil() as i32)
                    .flat_map(|power| (2..10).map(move |lead| f64::from(lead) * 10f64.powi(power)));
                values
                    .filter(|value| (low..=high).contains(value))
                    .collect()
            }
        }
    }
}

fn leading_two_or_five(value: f64) -> bool {
    let lead = (value / 10f64.powf(value.log10().floor())).round();
    (lead - 2.0).abs() < 0.5 || (lead - 5.0).abs() < 0.5
}

/// 1, 2 or 5 times a power of ten, so that about `most` steps fit.
fn step(range: f64, most: usize) -> f64 {
    let rough = range / most.max(1) as f64;
    let power = 10f64.powf(rough.log10().floor());
    let leads = [1.0, 2.0, 5.0, 10.0];
    let lead = leads
        .into_iter()
        .find(|lead| lead * power >= rough * (1.0 - 1e-9));
    lead.unwrap_or(10.0) * power
}

fn multiples(low: f64, high: f64, step: f64) -> Vec<f64> {
    let slack = 1e-6 * step;
    let (first, last) = (
        ((low - slack) / step).ceil(),
        ((high + slack) / step).floor(),
    );
    if !(first.is_finite() && last.is_finite()) || last - first > 200.0 {
        return Vec::new();
    }
    (0..=(last - first).max(-1.0) as i64)
        .map(|index| (first + index as f64) * step + 0.0)
        .collect()
}

fn powers(low: f64, high: f64) -> impl Iterator<Item = i32> {
    let (first, last) = (low.log10() - 1e-9, high.log10() + 1e-9);
    first.ceil() as i32..=last.floor() as i32
}

/// A value with as many decimals as the step needs.
fn label(value: f64, step: f64) -> String {
    let size = value.abs();
    if size >= 1e6 || (size > 0.0 && step < 1e-5) {
        let power = size.log10().floor();
        let lead = value / 10f64.powf(power);
        let decimals = (power - step.log10().floor()).clamp(0.0, 6.0) as usize;
        let lead = format!("{lead:.decimals$}");
        return format!("{lead}×10^{power}")
            .replace('-', "−")
            .replace("^−", "^-");
    }
    let decimals = (-(step * 1.000_001).log10().floor()).clamp(0.0, 6.0) as usize;
    format!("{value:.decimals$}").replace('-', "−")
}

fn power_label(power: i32) -> String {
    match power {
        0 => "1".to_owned(),
        1 => "10".to_owned(),
        other => format!("10^{other}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn labels(scale: Scale) -> Vec<String> {
        scale.major(6).into_iter().map(|(_, label)| label).collect()
    }

    #[test]
    fn ticks_are_round() {
        assert_eq!(
            labels(Scale::linear(0.0, 1.0)),
            ["0.0", "0.2", "0.4", "0.6", "0.8", "1.0"]
        );
        assert_eq!(
            labels(Scale::linear(0.0, 120.0)),
            ["0", "20", "40", "60", "80", "100", "120"]
        );
        assert_eq!(
            labels(Scale::linear(-3.0, 3.0)),
            ["−3", "−2", "−1", "0", "1", "2", "3"]
        );
        assert_eq!(
            labels(Scale::log(0.5, 2e4)),
            ["1", "10", "10^2", "10^3", "10^4"]
        );
        assert_eq!(labels(Scale::log(3.0, 60.0)), ["10", "5", "20", "50"]);
        assert_eq!(
            labels(Scale::linear(0.0, 3e6))[1],
            "5×10^5".replace("5×10^5", "500000")
        );
    }

    #[test]
    fn any_range_can_be_drawn() {
        for (low, high) in [
            (0.0, 0.0),
            (5.0, 5.0),
            (f64::NAN, 1.0),
            (-1e308, 1e308),
            (1.0, -1.0),
            (1e-300, 2e-300),
        ] {
            for scale in [Scale::linear(low, high), Scale::log(low, high)] {
                let all = scale
                    .major(6)
                    .into_iter()
                    .map(|(value, _)| value)
                    .chain(scale.minor(6));
                assert!(
                    all.map(|value| scale.place(value))
                        .all(|at| (-0.01..=1.01).contains(&at)),
                    "{scale:?}"
                );
            }
        }
    }
}
