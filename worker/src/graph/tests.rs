//! Tables of graphs, made of small batches.

use std::sync::Arc;

use arrow_array::types::{Float32Type, Int64Type};
use arrow_array::{ArrayRef, Float32Array, ListArray, RecordBatch};
use lumimill_common::campaign::{Edges, Graph, GraphInput};
use lumimill_common::expression::Functions;

use super::call::Call;
use super::features::Features;
use super::layout::Layout;
use super::table::Table;
use crate::score::signature::Element;
use crate::score::tensors::{Axis, Elements, Extent, Tensor, TensorInput};

fn floats(lists: &[&[f32]]) -> ArrayRef {
    let lists = lists
        .iter()
        .map(|list| Some(list.iter().map(|x| Some(*x)).collect::<Vec<_>>()));
    Arc::new(ListArray::from_iter_primitive::<Float32Type, _, _>(lists))
}

fn longs(lists: &[&[i64]]) -> ArrayRef {
    let lists = lists
        .iter()
        .map(|list| Some(list.iter().map(|x| Some(*x)).collect::<Vec<_>>()));
    Arc::new(ListArray::from_iter_primitive::<Int64Type, _, _>(lists))
}

/// Three entries of three, no and two hits; the last is in a group without a first one, beside one
/// that is in none.
fn batch() -> RecordBatch {
    let columns: Vec<(&str, ArrayRef)> = vec![
        ("Hit_x", floats(&[&[1.0, 2.0, 3.0], &[], &[4.0, 5.0]])),
        ("Hit_group", longs(&[&[1, 0, 1], &[], &[-1, 1]])),
        ("Group_e", floats(&[&[10.0, 20.0], &[], &[30.0, 40.0]])),
        ("theta", Arc::new(Float32Array::from(vec![0.5, 0.6, 0.7]))),
    ];
    RecordBatch::try_from_iter(columns).unwrap()
}

fn graph(per: Option<&str>) -> Graph {
    let texts = |texts: &[&str]| texts.iter().map(|text| (*text).to_owned()).collect();
    Graph {
        nodes: "Hit".to_owned(),
        per: per.map(str::to_owned),
        features: texts(&["x + theta", "Group_e"]),
        edges: Edges::Full,
        loops: false,
        edge_features: texts(&["x[j] - x[i] + theta"]),
        globals: texts(&["sum(x)", "theta"]),
        inputs: Vec::new(),
        dense: None,
        written: None,
        ends: Vec::new(),
    }
}

/// Nodes with one feature.
pub(super) fn plain() -> Graph {
    Graph {
        features: vec!["x".to_owned()],
        edge_features: Vec::new(),
        globals: Vec::new(),
        ..graph(None)
    }
}

fn compiled(graph: &Graph, batch: &RecordBatch) -> Features {
    Features::compile(graph, &batch.schema(), &Functions::default(), "model").unwrap()
}

fn close(found: &[Vec<f64>], expected: &[&[f64]]) {
    assert_eq!(found.len(), expected.len());
    for (found, expected) in found.iter().zip(expected) {
        assert_eq!(found.len(), expected.len(), "{found:?}");
        for (found, expected) in found.iter().zip(*expected) {
            let both_nan = found.is_nan() && expected.is_nan();
            assert!(
                both_nan || (found - expected).abs() < 1e-6,
                "{found} {expected}"
            );
        }
    }
}

#[test]
fn a_graph_an_entry_has_all_of_its_nodes() {
    let batch = batch();
    let features = compiled(&graph(None), &batch);
    let table = Table::of(&features, &batch).unwrap();
    let of_nodes = features.of_nodes(&table).unwrap();
    close(
        &of_nodes,
        &[
            &[1.5, 2.5, 3.5, 4.7, 5.7],
            &[20.0, 10.0, 20.0, f64::NAN, 40.0],
        ],
    );
    let of_graphs = features.of_graphs(&table).unwrap();
    close(&of_graphs, &[&[6.0, 0.0, 9.0], &[0.5, 0.6, 0.7]]);
    let of_edges = features.of_edges(
        &table,
        0..table.layout.nodes.len(),
        &[(0, 2), (4, 3)],
        &[0, 2],
    );
    close(&of_edges.unwrap(), &[&[2.5, -0.3]]);
}

#[test]
fn a_graph_a_group_has_its_nodes_in_order_and_groups_may_be_empty() {
    let batch = batch();
    let features = compiled(&graph(Some("group")), &batch);
    let table = Table::of(&features, &batch).unwrap();
    assert_eq!(table.layout.nodes, [1, 0, 2, 4]);
    assert_eq!(table.layout.ends, [1, 3, 3, 4]);
    assert_eq!(table.layout.entries, [0, 0, 2, 2]);
    assert_eq!(table.layout.graphs, [2, 2, 4]);
    let of_nodes = features.of_nodes(&table).unwrap();
    close(
        &of_nodes,
        &[&[2.5, 1.5, 3.5, 5.7], &[10.0, 20.0, 20.0, 40.0]],
    );
    let of_graphs = features.of_graphs(&table).unwrap();
    close(&of_graphs, &[&[2.0, 4.0, 0.0, 5.0], &[0.5, 0.5, 0.7, 0.7]]);
}

#[test]
fn lists_of_other_lengths_are_told_with_their_names_and_entry() {
    let with = |name: &str, column: ArrayRef| {
        let batch = batch();
        let fields = batch.schema().fields().clone();
        let names = fields.iter().map(|field| field.name().clone());
        let columns = names.zip(batch.columns().to_vec());
        let columns = columns.map(|(known, of)| match known == name {
            true => (known, Arc::clone(&column)),
            false => (known, of),
        });
        RecordBatch::try_from_iter(columns.collect::<Vec<_>>()).unwrap()
    };
    let cases = [
        (
            with("Hit_group", longs(&[&[1, 0, 1], &[], &[1]])),
            "\"Hit_group\" has 1 value and \"Hit_x\" has 2",
        ),
        (
            with("Group_e", floats(&[&[10.0, 20.0], &[], &[30.0]])),
            "\"Group_e\" has 1 values for 2 groups",
        ),
        (
            with("Hit_group", longs(&[&[1, 0, 1], &[], &[-2, 1]])),
            "the group number -2",
        ),
        (
            with("Hit_group", longs(&[&[1, 0, 1], &[], &[1, 10_000]])),
            "the group number 10000",
        ),
    ];
    for (batch, expected) in cases {
        let told = Table::of(&compiled(&graph(Some("group")), &batch), &batch).unwrap_err();
        assert!(told.message.contains(expected), "{}", told.message);
        assert_eq!(told.row, Some(2), "{}", told.message);
    }
    let batch = with("Group_e", floats(&[&[10.0, 20.0], &[], &[30.0]]));
    let told = Table::of(&compiled(&graph(None), &batch), &batch).unwrap_err();
    let expected = "\"Group_e\" has 1 values, and \"Hit_group\" names the group 1";
    assert!(told.message.contains(expected), "{}", told.message);
}

#[test]
fn names_that_are_none_are_told_with_their_place() {
    let mut wrong = graph(Some("x"));
    wrong.features = vec!["y".to_owned(), "Hit_x[0]".to_owned()];
    wrong.edge_features = vec!["x".to_owned(), "x[k]".to_owned()];
    wrong.globals = vec!["x".to_owned()];
    wrong.edges = Edges::Within("theta".to_owned());
    let batch = batch();
    let told = Features::compile(&wrong, &batch.schema(), &Functions::default(), "model");
    let told = told.unwrap_err();
    let expected = [
        ("model.graph.edges.within", "theta has no value per node"),
        (
            "model.graph.per",
            "Hit_x holds Float32, expected whole numbers",
        ),
        ("model.graph.features[0]", "unknown column \"y\""),
        (
            "model.graph.edge_features[0]",
            "x is of a node: write x[i] or x[j], what the ends of the edge have",
        ),
        ("model.graph.globals[0]", "one value per row is needed"),
    ];
    for (path, message) in expected {
        let found = told.iter().find(|problem| problem.path == path);
        let found = found.unwrap_or_else(|| panic!("{path} in {told:?}"));
        assert!(found.message.contains(message), "{}", found.message);
    }
}

#[test]
fn of_too_many_nodes_the_highest_stay_in_their_order() {
    let groups = [0, 1, 0, 0, 1, 0];
    let ranks = [5.0, 1.0, f64::NAN, 7.0, 2.0, 5.0];
    let mut layout = Layout::of_groups("Hit_group", vec![6], &groups).unwrap();
    assert_eq!(layout.truncate(2, Some(&ranks)).unwrap(), 2);
    assert_eq!(
        (&layout.nodes[..], &layout.ends[..]),
        (&[0, 3, 1, 4][..], &[2, 4][..])
    );
    assert_eq!(
        layout.truncate(2, None).unwrap(),
        0,
        "nothing is left to leave out"
    );
    let mut layout = Layout::of_entries(vec![1, 1, 6]);
    let told = layout.truncate(4, None).unwrap_err();
    assert_eq!(told.row, Some(2));
    assert!(
        told.message
            .contains("a graph has 5 nodes, and the model is given 4")
    );
}

#[test]
fn graphs_of_one_size_are_filled_up_and_taken_apart_again() {
    let call = Call {
        nodes: vec![2, 0, 1],
        node_features: vec![vec![1.0, 2.0, 3.0].into(), vec![10.0, 20.0, 30.0].into()],
        dense: Some(2),
        ..Call::default()
    };
    let input = |extents: Vec<Extent>| TensorInput {
        name: String::new(),
        element: Element::Double,
        extents,
    };
    let graphs = Extent::Free(Axis::Graphs);
    let inputs = [
        (
            input(vec![graphs, Extent::Fixed(2), Extent::Fixed(2)]),
            GraphInput::Nodes,
        ),
        (input(vec![graphs, Extent::Fixed(2)]), GraphInput::Mask),
    ];
    let tensors = call.tensors(&inputs);
    let [nodes, mask] = tensors.as_slice() else {
        panic!("two inputs")
    };
    assert_eq!(
        (&nodes.shape[..], &mask.shape[..]),
        (&[3, 2, 2][..], &[3, 2][..])
    );
    let filled = vec![
        1.0, 10.0, 2.0, 20.0, 0.0, 0.0, 0.0, 0.0, 3.0, 30.0, 0.0, 0.0,
    ];
    assert_eq!(nodes.values, Elements::Double(filled));
    assert_eq!(
        mask.values,
        Elements::Double(vec![1.0, 1.0, 0.0, 0.0, 1.0, 0.0])
    );
    let back = call.unpadded(nodes.clone());
    assert_eq!(back.shape, [3, 2]);
    assert_eq!(
        back.values,
        Elements::Double(vec![1.0, 10.0, 2.0, 20.0, 3.0, 30.0])
    );
    let other = Tensor {
        shape: vec![3, 4],
        values: Elements::Double(vec![0.0; 12]),
    };
    assert_eq!(call.unpadded(other.clone()), other, "of no nodes");
}
