//! Cluster boundaries as a TTree states them: ranges of equal clusters, then a size for the rest.

/// Runs of clusters: every cluster of a run has the run's size, the last may be smaller.
#[derive(Debug, Default)]
pub(super) struct Clusters {
    runs: Vec<Run>,
}

#[derive(Debug)]
struct Run {
    size: u64,
    end: u64,
    closed: bool,
}

impl Clusters {
    /// Adds a cluster of `entries` entries.
    pub(super) fn push(&mut self, entries: u64) {
        let start = self.runs.last().map_or(0, |run| run.end);
        match self.runs.last_mut() {
            Some(run) if !run.closed && entries <= run.size => {
                run.end += entries;
                run.closed = entries < run.size;
            }
            _ => self.runs.push(Run {
                size: entries,
                end: start + entries,
                closed: false,
            }),
        }
    }

    /// `fClusterRangeEnd` (last entry of each range but the final one) and `fClusterSize`.
    pub(super) fn ranges(&self) -> Vec<(i64, i64)> {
        let earlier = self
            .runs
            .split_last()
            .map_or(&[][..], |(_, earlier)| earlier);
        earlier
            .iter()
            .map(|run| (run.end as i64 - 1, run.size as i64))
            .collect()
    }

    /// `fAutoFlush`: the size of the clusters of the final range.
    pub(super) fn auto_flush(&self) -> i64 {
        self.runs.last().map_or(-30_000_000, |run| run.size as i64)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(sizes: &[u64]) -> (Vec<(i64, i64)>, i64) {
        let mut clusters = Clusters::default();
        sizes.iter().for_each(|&size| clusters.push(size));
        (clusters.ranges(), clusters.auto_flush())
    }

    #[test]
    fn equal_clusters_need_no_range() {
        assert_eq!(of(&[10, 10, 10, 4]), (vec![], 10));
    }

    #[test]
    fn a_smaller_cluster_ends_its_range() {
        assert_eq!(of(&[10, 10, 4, 10, 20, 20]), (vec![(23, 10), (33, 10)], 20));
    }
}
