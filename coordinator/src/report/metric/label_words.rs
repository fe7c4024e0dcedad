//! How what a label says is put in words: triggers fire, other labels are true.

/// Words for one label.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct LabelWords {
    /// What events do for which it is true, in the past: `fired`.
    pub(super) fired: &'static str,
    /// What the others do.
    pub(super) did_not: &'static str,
    /// What it does in an event: `fired`, `is true`.
    pub(super) is_true: &'static str,
    /// The title of an axis.
    pub(super) axis: &'static str,
}

impl LabelWords {
    /// Of a label by its name: those of NanoAOD's trigger paths and seeds begin with `HLT_` and `L1_`.
    pub(super) fn of(label: &str) -> Self {
        match label.starts_with("HLT_") || label.starts_with("L1_") {
            true => Self {
                fired: "fired",
                did_not: "did not fire",
                is_true: "fired",
                axis: "Fired fraction",
            },
            false => Self {
                fired: "true",
                did_not: "false",
                is_true: "is true",
                axis: "Fraction true",
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::LabelWords;

    #[test]
    fn decays_of_pions_fired() {
        let words = LabelWords::of("Group_is_pion");
        assert_eq!(
            (words.fired, words.did_not, words.axis),
            ("true", "false", "Fraction true")
        );
        assert_eq!(LabelWords::of("HLT_Mu17").did_not, "did not fire");
        assert_eq!(LabelWords::of("L1_SingleMu22").axis, "Fired fraction");
    }
}
