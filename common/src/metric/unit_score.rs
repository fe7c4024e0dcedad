//! Scores as probabilities: what one is, for every metric that has a log loss.

use crate::count::counted;

/// Units in the last place of single precision by which a softmax or a sigmoid may round beyond 0 or 1.
const ROUNDING: f64 = 4.0 * f32::EPSILON as f64;

/// A score as a probability: one that rounding took out of `[0, 1]` is put back to its end. Nothing where a
/// score lies farther out, or is no number.
pub(super) fn as_probability(score: f64) -> Option<f64> {
    let is_one = (-ROUNDING..=1.0 + ROUNDING).contains(&score);
    is_one.then(|| score.clamp(0.0, 1.0))
}

/// What is said where so many scores are no probabilities, and `quantities` are left out for that.
#[must_use]
pub fn said_of_scores(quantities: &str, others: u64) -> Option<String> {
    (others > 0).then(|| {
        format!(
            "No {quantities}: {} outside of 0 to 1",
            counted(others, "score")
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_score_that_was_rounded_beyond_1_was_no_probability() {
        assert_eq!(as_probability(1.0 + f64::from(f32::EPSILON)), Some(1.0));
        assert_eq!(as_probability(-f64::from(f32::EPSILON)), Some(0.0));
        assert_eq!(as_probability(0.25), Some(0.25));
        for other in [1.000_01, -0.000_01, f64::NAN, f64::INFINITY] {
            assert_eq!(as_probability(other), None);
        }
    }

    #[test]
    fn what_is_left_out_is_said() {
        let said = said_of_scores("log loss", 3);
        assert_eq!(said.unwrap(), "No log loss: 3 scores outside of 0 to 1");
        assert_eq!(said_of_scores("log loss", 0), None);
    }
}
