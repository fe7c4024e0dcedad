//! Kendall's tau of weighted entries, in n·log n steps.

/// A pair of values with the sum of weights of its entries, and of their squares.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Ranked {
    /// One value.
    pub x: f64,
    /// The other one.
    pub y: f64,
    /// Σw, which may be negative.
    pub sumw: f64,
    /// Σw²
    pub sumw2: f64,
}

/// A rank correlation.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Kendall {
    /// Tau-b, between −1 and 1: pairs that are equal in one of the values do not count.
    pub tau: f64,
    /// Its standard deviation if there is no correlation.
    pub error: f64,
}

impl Kendall {
    /// Tau in standard deviations.
    pub fn deviations(&self) -> f64 {
        self.tau / self.error
    }
}

/// The rank correlation of `entries`; nothing when all are equal in one of the values, when a value
/// is NaN, or when negative weights leave no pairs.
///
/// With c_i = Σ_j w_j sign(x_j − x_i) sign(y_j − y_i) the sum over pairs is S = ½ Σ w_i c_i, and its
/// variance without a correlation Σ w_i² c_i², that of its projection on single entries (W. Hoeffding,
/// Ann. Math. Stat. 19 (1948) 293); for equal weights that is n³/9, the usual one. Pairs of entries weigh
/// w_i·w_j, so that negative weights take pairs away.
pub fn kendall(entries: &[Ranked]) -> Option<Kendall> {
    if entries
        .iter()
        .any(|entry| entry.x.is_nan() || entry.y.is_nan())
    {
        return None;
    }
    let mut order: Vec<usize> = (0..entries.len()).collect();
    order.sort_by(|a, b| entries[*a].x.total_cmp(&entries[*b].x));
    let (ranks, count) = ranks(entries);
    let mut before = Sums::new(count);
    let mut after = Sums::new(count);
    for (entry, rank) in entries.iter().zip(&ranks) {
        after.add(*rank, entry.sumw);
    }
    let (mut sum, mut variance) = (0.0, 0.0);
    for group in order.chunk_by(|a, b| entries[*a].x.total_cmp(&entries[*b].x).is_eq()) {
        for index in group {
            after.add(ranks[*index], -entries[*index].sumw);
        }
        for index in group {
            let c = before.below(ranks[*index]) - before.above(ranks[*index])
                + after.above(ranks[*index])
                - after.below(ranks[*index]);
            sum += 0.5 * entries[*index].sumw * c;
            variance += entries[*index].sumw2 * c * c;
        }
        for index in group {
            before.add(ranks[*index], entries[*index].sumw);
        }
    }
    let pairs = |keys: &dyn Fn(&Ranked) -> f64| {
        let mut sorted: Vec<&Ranked> = entries.iter().collect();
        sorted.sort_by(|a, b| keys(a).total_cmp(&keys(b)));
        let same = sorted.chunk_by(|a, b| keys(a).total_cmp(&keys(b)).is_eq());
        same.map(within).sum::<f64>()
    };
    let all = within(&entries.iter().collect::<Vec<_>>());
    let scale = ((all - pairs(&|entry| entry.x)) * (all - pairs(&|entry| entry.y))).sqrt();
    let is_known = scale > 0.0 && variance > 0.0;
    is_known.then(|| Kendall {
        tau: sum / scale,
        error: variance.sqrt() / scale,
    })
}

/// Σ w_i w_j over the pairs of a set.
fn within(entries: &[&Ranked]) -> f64 {
    let sum: f64 = entries.iter().map(|entry| entry.sumw).sum();
    let squares: f64 = entries.iter().map(|entry| entry.sumw2).sum();
    0.5 * (sum * sum - squares)
}

/// The rank of each `y` among the different ones, and how many there are.
fn ranks(entries: &[Ranked]) -> (Vec<usize>, usize) {
    let mut values: Vec<f64> = entries.iter().map(|entry| entry.y).collect();
    values.sort_by(f64::total_cmp);
    values.dedup();
    let rank = |y: f64| values.partition_point(|value| value.total_cmp(&y).is_lt());
    (
        entries.iter().map(|entry| rank(entry.y)).collect(),
        values.len() + 1,
    )
}

/// Sums below any rank, each in log n steps (P. M. Fenwick, Softw. Pract. Exp. 24 (1994) 327).
struct Sums {
    tree: Vec<f64>,
    total: f64,
}

impl Sums {
    fn new(count: usize) -> Self {
        Self {
            tree: vec![0.0; count + 1],
            total: 0.0,
        }
    }

    fn add(&mut self, rank: usize, value: f64) {
        self.total += value;
        let mut at = rank + 1;
        while let Some(sum) = self.tree.get_mut(at) {
            *sum += value;
            at += at & at.wrapping_neg();
        }
    }

    /// The sum of the ranks below `rank`.
    fn below(&self, rank: usize) -> f64 {
        let mut at = rank;
        let mut sum = 0.0;
        while at > 0 {
            sum += self.tree.get(at).copied().unwrap_or(0.0);
            at &= at - 1;
        }
        sum
    }

    /// The sum of the ranks above `rank`.
    fn above(&self, rank: usize) -> f64 {
        self.total - self.below(rank + 1)
    }
}
