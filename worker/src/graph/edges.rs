//! Between which nodes of a graph there are edges.

use lumimill_common::campaign::Edges;

/// Edges of one graph, at most: what bounds the memory of a call.
pub(super) const MOST_EDGES: usize = 250_000;
/// Nodes of one graph, at most, as each may be compared with every other.
pub(super) const MOST_NODES: usize = 5_000;

/// What edges are made by: of each node of one graph its coordinates, or the group that it is in.
#[derive(Debug)]
pub(super) struct Nodes<'a> {
    pub(super) count: usize,
    pub(super) coordinates: Vec<&'a [f64]>,
}

/// Finds the edges of a graph, each from the first to the second, in ascending order, behind none; an error
/// with the size of a graph that has too many.
pub(super) fn edges(
    rule: &Edges,
    loops: bool,
    nodes: &Nodes<'_>,
    found: &mut Vec<(u32, u32)>,
) -> Result<(), String> {
    let count = nodes.count;
    if count > MOST_NODES {
        return Err(format!(
            "a graph has {count} nodes, at most {MOST_NODES} are compared with one another: make \
             smaller graphs by per, or leave such events out by where"
        ));
    }
    let within_bound = |edges: usize| match edges <= MOST_EDGES {
        true => Ok(()),
        false => Err(format!(
            "a graph has {count} nodes and {edges} edges, at most {MOST_EDGES} are given to a model \
             at once: make smaller graphs by per or fewer edges by edges, or leave such events out \
             by where"
        )),
    };
    match rule {
        Edges::None => {}
        Edges::Full => {
            within_bound(count * count.saturating_sub(1))?;
            found.reserve(count * count.saturating_sub(1));
            for i in 0..count as u32 {
                found.extend((0..i).map(|j| (i, j)));
                found.extend((i + 1..count as u32).map(|j| (i, j)));
            }
        }
        Edges::Nearest(most, _) => {
            within_bound(count.saturating_mul((*most as usize).min(count)))?;
            nearest(*most as usize, nodes, found);
        }
        Edges::Within(_) => {
            let groups = nodes.coordinates.first().copied().unwrap_or_default();
            for (i, (group, place)) in (0_u32..).zip(groups_of(groups, &in_groups(groups))) {
                let (before, behind) = (group.get(..place), group.get(place + 1..));
                for others in [before, behind].into_iter().flatten() {
                    found.extend(others.iter().map(|j| (i, *j)));
                }
                within_bound(found.len())?;
            }
        }
        Edges::Radius(radius, _) => {
            let most = radius.value() * radius.value();
            for i in 0..count {
                let ends = (0..count).filter(|j| i != *j && square(nodes, i, *j) <= most);
                found.extend(ends.map(|j| (i as u32, j as u32)));
                within_bound(found.len())?;
            }
        }
    }
    if loops {
        found.extend((0..count as u32).map(|node| (node, node)));
        found.sort_unstable();
        within_bound(found.len())?;
    }
    Ok(())
}

/// The nodes that are in a group, those of one group side by side and in ascending order.
fn in_groups(groups: &[f64]) -> Vec<u32> {
    let group = |node: &u32| groups.get(*node as usize).copied().unwrap_or(-1.0);
    let all = 0..groups.len() as u32;
    let mut nodes: Vec<u32> = all.filter(|node| group(node) >= 0.0).collect();
    nodes.sort_by(|a, b| group(a).total_cmp(&group(b)));
    nodes
}

/// Of each node, the nodes of its group and its place among them, of what [`in_groups`] gave.
fn groups_of<'a>(groups: &[f64], nodes: &'a [u32]) -> Vec<(&'a [u32], usize)> {
    let group = |node: &u32| groups.get(*node as usize).copied().unwrap_or(-1.0);
    let mut of_nodes = vec![(&[][..], 0); groups.len()];
    for members in nodes.chunk_by(|a, b| group(a).total_cmp(&group(b)).is_eq()) {
        for (place, node) in members.iter().enumerate() {
            if let Some(of_node) = of_nodes.get_mut(*node as usize) {
                *of_node = (members, place);
            }
        }
    }
    of_nodes
}

/// The square of the distance between two nodes; NaN where a coordinate is.
fn square(nodes: &Nodes<'_>, i: usize, j: usize) -> f64 {
    let of = |of: &&[f64]| match (of.get(i), of.get(j)) {
        (Some(a), Some(b)) => (a - b) * (a - b),
        _ => f64::NAN,
    };
    nodes.coordinates.iter().map(of).sum()
}

/// To each node from those that are nearest; of equally near ones from the first.
fn nearest(most: usize, nodes: &Nodes<'_>, found: &mut Vec<(u32, u32)>) {
    for j in 0..nodes.count {
        let others = (0..nodes.count).filter(|i| *i != j);
        let others = others.map(|i| (square(nodes, i, j), i));
        let mut others: Vec<(f64, usize)> = others.filter(|(far, _)| !far.is_nan()).collect();
        others.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
        let others = others.into_iter().take(most);
        found.extend(others.map(|(_, i)| (i as u32, j as u32)));
    }
    found.sort_unstable();
}

#[cfg(test)]
mod tests {
    use super::{Edges, MOST_NODES, Nodes};

    fn nodes(coordinates: &[f64]) -> Nodes<'_> {
        Nodes {
            count: coordinates.len(),
            coordinates: vec![coordinates],
        }
    }

    fn edges(rule: &Edges, loops: bool, nodes: &Nodes<'_>) -> Result<Vec<(u32, u32)>, String> {
        let mut found = Vec::new();
        super::edges(rule, loops, nodes, &mut found).map(|()| found)
    }

    #[test]
    fn edges_are_in_ascending_order_and_go_both_ways() {
        let at = [0.0, 1.0, 3.0, f64::NAN];
        let full = edges(&Edges::Full, false, &nodes(&at[..3])).unwrap();
        assert_eq!(full, [(0, 1), (0, 2), (1, 0), (1, 2), (2, 0), (2, 1)]);
        let loops = edges(&Edges::Full, true, &nodes(&at[..2])).unwrap();
        assert_eq!(loops, [(0, 0), (0, 1), (1, 0), (1, 1)]);
        let near = Edges::Nearest(1, Vec::new());
        let near = edges(&near, false, &nodes(&at)).unwrap();
        assert_eq!(near, [(0, 1), (1, 0), (1, 2)]);
        let groups = [0.0, -1.0, 0.0, -1.0];
        let within = Edges::Within(String::new());
        let found = edges(&within, false, &nodes(&groups)).unwrap();
        assert_eq!(found, [(0, 2), (2, 0)]);
        assert!(edges(&within, false, &nodes(&[])).unwrap().is_empty());
    }

    #[test]
    fn a_graph_over_the_bound_is_refused_with_its_size() {
        let many = vec![0.0; 501];
        let told = edges(&Edges::Full, false, &nodes(&many)).unwrap_err();
        assert!(told.contains("501 nodes and 250500 edges"), "{told}");
        assert!(edges(&Edges::Full, false, &nodes(&many[..500])).is_ok());
        let told = edges(&Edges::Within(String::new()), true, &nodes(&many)).unwrap_err();
        assert!(told.contains("501 nodes"), "{told}");
        let most = vec![0.0; MOST_NODES + 1];
        let told = edges(&Edges::Nearest(1, Vec::new()), true, &nodes(&most)).unwrap_err();
        assert!(told.contains("5001 nodes"), "{told}");
    }
}
