//! The members of one event: which are linked, and how that compares with the truth.

use std::collections::BTreeMap;

/// Both ends of a link, and the affinity of the two.
pub(super) type Link = (usize, usize, f64);

/// What is found out of one event.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(super) struct Compared {
    pub(super) members: u64,
    pub(super) pure: u64,
    pub(super) whole: u64,
    pub(super) groups: u64,
    pub(super) true_groups: u64,
    /// The adjusted Rand index; none of fewer than two members.
    pub(super) rand: Option<f64>,
    pub(super) is_exact: bool,
}

/// The pairs of members between which there are edges, each with the mean affinity of its edges in
/// both directions, of those that are numbers; an end that is no member is an error.
pub(super) fn links(
    members: usize,
    affinities: &[f64],
    from: &[f64],
    to: &[f64],
) -> Result<Vec<Link>, i64> {
    let member = |end: f64| {
        let place = end as i64;
        let known = usize::try_from(place).ok().filter(|place| *place < members);
        known.filter(|_| end >= 0.0).ok_or(place)
    };
    let mut sums: BTreeMap<(usize, usize), (f64, u32)> = BTreeMap::new();
    for ((affinity, i), j) in affinities.iter().zip(from).zip(to) {
        let (i, j) = (member(*i)?, member(*j)?);
        if affinity.is_nan() || i == j {
            continue;
        }
        let (sum, count) = sums.entry((i.min(j), i.max(j))).or_default();
        *sum += affinity;
        *count += 1;
    }
    let link =
        |((i, j), (sum, count)): ((usize, usize), (f64, u32))| (i, j, sum / f64::from(count));
    Ok(sums.into_iter().map(link).collect())
}

/// The group of each member when pairs of at least this affinity are linked.
pub(super) fn linked(members: usize, links: &[Link], least: f64) -> Vec<i64> {
    let mut parents: Vec<usize> = (0..members).collect();
    for (i, j, _) in links.iter().filter(|(_, _, affinity)| *affinity >= least) {
        let (i, j) = (root(&mut parents, *i), root(&mut parents, *j));
        if let Some(parent) = parents.get_mut(i.max(j)) {
            *parent = i.min(j);
        }
    }
    (0..members)
        .map(|member| root(&mut parents, member) as i64)
        .collect()
}

fn root(parents: &mut [usize], member: usize) -> usize {
    let mut at = member;
    while let Some(parent) = parents.get(at).copied().filter(|parent| *parent != at) {
        let above = parents.get(parent).copied().unwrap_or(parent);
        if let Some(slot) = parents.get_mut(at) {
            *slot = above;
        }
        at = parent;
    }
    at
}

/// Compares groups with the true ones; members whose true group is null or negative are left out.
pub(super) fn compared(truth: &[f64], groups: &[i64]) -> Compared {
    let mut cells: BTreeMap<(i64, i64), u64> = BTreeMap::new();
    let labelled = truth.iter().zip(groups).filter(|(truth, _)| **truth >= 0.0);
    for (truth, group) in labelled {
        *cells.entry((*truth as i64, *group)).or_default() += 1;
    }
    let by_group = Side::of(cells.iter().map(|((_, group), count)| (*group, *count)));
    let by_truth = Side::of(cells.iter().map(|((truth, _), count)| (*truth, *count)));
    let members = cells.values().sum();
    let joint: u64 = cells.values().map(|count| pairs(*count)).sum();
    Compared {
        members,
        pure: by_group.largest,
        whole: by_truth.largest,
        groups: by_group.count,
        true_groups: by_truth.count,
        rand: (members > 1).then(|| rand(pairs(members), joint, &by_truth, &by_group)),
        is_exact: cells.len() as u64 == by_group.count && by_group.count == by_truth.count,
    }
}

/// One way to put members together.
#[derive(Default)]
struct Side {
    count: u64,
    /// Pairs of members of one group.
    pairs: u64,
    /// Members of the largest part of each group, by the other way.
    largest: u64,
}

impl Side {
    fn of(cells: impl Iterator<Item = (i64, u64)>) -> Self {
        let mut groups: BTreeMap<i64, (u64, u64)> = BTreeMap::new();
        for (group, count) in cells {
            let (sum, most) = groups.entry(group).or_default();
            *sum += count;
            *most = count.max(*most);
        }
        let mut side = Self::default();
        for (sum, most) in groups.values() {
            side.count += 1;
            side.pairs += pairs(*sum);
            side.largest += most;
        }
        side
    }
}

fn pairs(count: u64) -> u64 {
    count * count.saturating_sub(1) / 2
}

/// The adjusted Rand index, after L. Hubert and P. Arabie, J. Classif. 2 (1985) 193; 1 where no pair
/// tells the two ways apart.
fn rand(all: u64, joint: u64, truth: &Side, groups: &Side) -> f64 {
    let (both, of_truth, of_groups) = (joint as f64, truth.pairs as f64, groups.pairs as f64);
    if joint == truth.pairs && joint == groups.pairs {
        return 1.0;
    }
    let expected = of_truth * of_groups / all as f64;
    let most = f64::midpoint(of_truth, of_groups);
    (both - expected) / (most - expected)
}
