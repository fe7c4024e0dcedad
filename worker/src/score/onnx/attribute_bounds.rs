//! Attributes that no operator can have, whatever engine is given it.

use super::message::AttributeProto;

/// Attributes that number dimensions, from the first or from the last, of which a tensor has some ten.
const AXES: [&str; 4] = ["axis", "axes", "batch_axis", "time_axis"];
const MOST_DIMENSIONS: u64 = 1_000;
/// Class labels of a tree ensemble, at most: as the trees of this program.
const LABEL_LIMIT: usize = 4_096;

/// Attributes that are sizes of which there is no 0: by it ONNX Runtime divides, and the process ends.
const SIZES: [&str; 11] = [
    "blocksize",
    "dilations",
    "group",
    "hidden_size",
    "kernel_shape",
    "kv_num_heads",
    "num_groups",
    "num_heads",
    "num_outputs",
    "q_num_heads",
    "strides",
];
/// Of each, at most: more is no time to go over, or overflows.
const SIZE_LIMIT: i64 = 65_536;
/// ONNX's number of lists of whole numbers among the kinds of attributes.
const KIND_INTS: i32 = 7;
/// Sizes beside those that may be 0 or negative.
const PADS: [&str; 2] = ["output_padding", "pads"];

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
    let mut sizes = match attribute.ints.is_empty() {
        false => attribute.ints.iter(),
        // An empty list has none.
        true if attribute.kind == KIND_INTS => [].iter(),
        true => std::slice::from_ref(&attribute.i).iter(),
    };
    let limits = match name {
        "batch_dims" => 0..=MOST_DIMENSIONS.cast_signed(),
        name if SIZES.contains(&name) => 1..=SIZE_LIMIT,
        name if PADS.contains(&name) => -SIZE_LIMIT..=SIZE_LIMIT,
        _ => i64::MIN..=i64::MAX,
    };
    if let Some(size) = sizes.find(|size| !limits.contains(size)) {
        let (first, last) = (limits.start(), limits.end());
        return Some(format!("{name} = {size}, expected {first} to {last}"));
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

    /// ONNX Runtime divided by a group of 0, went over a kernel of 2⁴⁰ values, or was ended by an assertion of
    /// its library.
    #[test]
    fn sizes_by_which_a_process_ended_are_refused() {
        let number = |name: &str, i: i64| {
            wrong_attribute(&AttributeProto {
                name: name.to_owned(),
                i,
                kind: 2,
                ..Default::default()
            })
        };
        for (name, wrong, right) in [
            ("group", 0, 1),
            ("blocksize", 1 << 40, 2),
            ("q_num_heads", 0, 4),
            ("kv_num_heads", 1 << 40, 4),
            ("batch_dims", -2, 1),
        ] {
            let told = number(name, wrong).unwrap();
            assert!(
                told.contains(&format!("{name} = {wrong}, expected ")),
                "{told}"
            );
            assert_eq!(number(name, right), None);
        }
        let list = |name, ints| wrong_attribute(&AttributeProto::of_ints(name, ints));
        assert!(list("kernel_shape", vec![3, 1 << 40]).is_some());
        assert!(list("strides", vec![1, 0]).is_some());
        assert_eq!(list("pads", vec![0, 1, -1, 0]), None);
        let mut empty = AttributeProto::of_ints("strides", Vec::new());
        empty.kind = 7;
        assert_eq!(wrong_attribute(&empty), None);
    }
}
