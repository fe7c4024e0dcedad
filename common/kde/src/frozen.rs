//! A density as JSON, and back to the bit.

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::axis::Axis;
use crate::density::Density;
use crate::error::KdeError;

/// The form of what is written.
const FORM: u32 = 1;

/// A density as it is written.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Frozen {
    form: u32,
    axes: Vec<Axis>,
    negative: usize,
    below: Vec<f64>,
}

impl Serialize for Density {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        Frozen::from(self.clone()).serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Density {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let frozen = Frozen::deserialize(deserializer)?;
        Self::try_from(frozen).map_err(serde::de::Error::custom)
    }
}

impl Density {
    /// As JSON.
    #[must_use]
    pub fn to_json(&self) -> Vec<u8> {
        // Numbers of an estimate are finite, and so it can be written.
        serde_json::to_vec(self).unwrap_or_default()
    }

    /// What was written.
    ///
    /// # Errors
    /// For anything else, with what is wrong with it.
    pub fn parse(json: &[u8]) -> Result<Self, KdeError> {
        let frozen: Frozen =
            serde_json::from_slice(json).map_err(|error| KdeError::Frozen(error.to_string()))?;
        Self::try_from(frozen)
    }
}

impl From<Density> for Frozen {
    fn from(density: Density) -> Self {
        Self {
            form: FORM,
            axes: density.axes,
            negative: density.negative,
            below: density.below,
        }
    }
}

impl TryFrom<Frozen> for Density {
    type Error = KdeError;

    fn try_from(frozen: Frozen) -> Result<Self, KdeError> {
        let wrong = |what: String| KdeError::Frozen(what);
        if frozen.form != FORM {
            return Err(wrong(format!(
                "its form is {}, this reads {FORM}",
                frozen.form
            )));
        }
        let cells = Self::cells(&frozen.axes)?;
        if frozen.below.len() != cells {
            let message = format!("{} values for {cells} cells", frozen.below.len());
            return Err(wrong(message));
        }
        let bins = frozen.axes.first().map_or(1, |axis| axis.bins);
        let rises = |line: &[f64]| {
            let begins = line.first().is_some_and(|first| *first >= 0.0);
            begins
                && line
                    .windows(2)
                    .all(|pair| matches!(pair, [low, high] if low <= high))
        };
        let are_finite = frozen.below.iter().all(|value| value.is_finite());
        if !are_finite || !frozen.below.chunks(bins).all(rises) {
            return Err(wrong(String::from("its values do not rise from 0")));
        }
        Ok(Self {
            axes: frozen.axes,
            below: frozen.below,
            negative: frozen.negative,
        })
    }
}
