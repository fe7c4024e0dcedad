//! Equal bins of a variable, or of its logarithm.

use serde::{Deserialize, Serialize};

use crate::error::KdeError;

/// Cells, at most, of all axes together.
pub const MOST_CELLS: usize = 1 << 20;

/// In what a variable has equal bins.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Scale {
    /// In itself.
    #[default]
    Linear,
    /// In its logarithm.
    Log,
    /// In ln(x / (1 − x)): narrow bins next to 0 and to 1.
    Logit,
}

impl Scale {
    fn scaled(self, x: f64) -> f64 {
        match self {
            Self::Linear => x,
            Self::Log => libm::log(x),
            Self::Logit => libm::log(x / (1.0 - x)),
        }
    }

    fn unscaled(self, scaled: f64) -> f64 {
        match self {
            Self::Linear => scaled,
            Self::Log => libm::exp(scaled),
            Self::Logit => 1.0 / (1.0 + libm::exp(-scaled)),
        }
    }
}

/// An axis of the grid.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Axis {
    /// The variable.
    pub name: String,
    /// Where it begins.
    pub low: f64,
    /// Where it ends.
    pub high: f64,
    /// How many bins it has.
    pub bins: usize,
    /// In what they are equal.
    #[serde(default)]
    pub scale: Scale,
    /// Standard deviation of the kernel, in bins.
    pub width: f64,
}

/// The widest kernel, in bins.
const WIDEST: f64 = 50.0;

impl Axis {
    /// Checks an axis.
    ///
    /// # Errors
    /// With what is wrong with it.
    pub fn check(&self) -> Result<(), KdeError> {
        let wrong = |what: String| {
            Err(KdeError::Axis {
                name: self.name.clone(),
                what,
            })
        };
        let [low, high] = self.ends();
        if !(self.low < self.high && (high - low).is_finite() && low.is_finite()) {
            let of = match self.scale {
                Scale::Linear => "finite, low < high",
                Scale::Log => "of a logarithm: 0 < low < high",
                Scale::Logit => "of a logit: 0 < low < high < 1",
            };
            return wrong(format!("[{}, {}] is no range {of}", self.low, self.high));
        }
        if self.bins == 0 || self.bins > MOST_CELLS {
            return wrong(format!("{} bins", self.bins));
        }
        if !(self.width > 0.0 && self.width <= WIDEST) {
            return wrong(format!(
                "a kernel of {} bins is not wider than 0 and at most {WIDEST}",
                self.width
            ));
        }
        Ok(())
    }

    fn ends(&self) -> [f64; 2] {
        [self.scale.scaled(self.low), self.scale.scaled(self.high)]
    }

    /// The bin of a value, its upper end being of the last one; none outside or for NaN.
    #[must_use]
    pub fn bin(&self, x: f64) -> Option<usize> {
        let place = self.place(x)?;
        Some((place as usize).min(self.bins - 1))
    }

    /// Where a value is, in bins from the lower end; none outside or for NaN.
    pub(crate) fn place(&self, x: f64) -> Option<f64> {
        if !(x >= self.low && x <= self.high) {
            return None;
        }
        let [low, high] = self.ends();
        let place = (self.scale.scaled(x) - low) / (high - low) * self.bins as f64;
        Some(place.clamp(0.0, self.bins as f64))
    }

    /// The value that is so many bins from the lower end.
    pub(crate) fn value(&self, place: f64) -> f64 {
        let [low, high] = self.ends();
        let scaled = low + (high - low) * place / self.bins as f64;
        self.scale.unscaled(scaled).clamp(self.low, self.high)
    }
}
