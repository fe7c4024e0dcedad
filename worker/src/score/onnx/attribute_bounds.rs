//! Attributes that no operator can have, whatever engine is given it.

use super::message::AttributeProto;

/// Attributes that number dimensions, of which a tensor has some ten.
const AXES: [&str; 5] = ["axis", "axes", "batch_axis", "batch_dims", "time_axis"];
const MOST_DIMENSIONS: u64 = 1_000;
/// Class labels of a tree ensemble, at most: as the trees of this program.
const LABEL_LIMIT: usize = 4_096;

/// Why an attribute is no possible one.
pub(super) fn wrong_attribute(attribute: &AttributeProto) -> Option<String> {
    let name = attribute.name.as_str();
    if AXES.contains(&name) {
        let mut all = std::iter::once(&attribute.i).chain(&attribute.ints);
        let far = all.find(|axis| axis.unsigned_abs() > MOST_DIMENSIONS)?;
        return Some(format!(
            "{name} = {far}, and no tensor has as many dimensions"
        ));
    }
    let labels = attribute.ints.len().max(attribute.strings.len());
    let are_labels = ["classlabels_int64s", "classlabels_strings"].contains(&name);
    (are_labels && labels > LABEL_LIMIT)
        .then(|| format!("{labels} class labels, expected 1 to {LABEL_LIMIT}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The embedded engine added the number of dimensions to a far axis until it was one of them.
    #[test]
    fn far_axes_and_many_labels_are_refused_before_an_engine_sees_them() {
        let told =
            wrong_attribute(&AttributeProto::of_ints("axes", vec![1, -1_000_000_000])).unwrap();
        assert!(told.contains("-1000000000"), "{told}");
        assert!(wrong_attribute(&AttributeProto::of_ints("axis", vec![-1, 3])).is_none());
        assert!(
            wrong_attribute(&AttributeProto::of_ints(
                "classlabels_int64s",
                vec![0; 5_000]
            ))
            .is_some()
        );
    }
}
