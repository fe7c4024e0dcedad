//! Edges of bins, and what becomes of values outside.

/// Ascending edges of bins, closed below and open above.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Edges(Vec<f64>);

/// Where a value falls.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Bin {
    Below,
    In(usize),
    Above,
}

/// What becomes of values outside.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Flow {
    /// They count to the nearest bin.
    Clamp,
    /// There is no value.
    Error,
    /// The axis is periodic.
    Wrap,
    /// There is a value for them.
    Default,
}

impl Edges {
    /// Two or more ascending edges, of which the outer ones may be infinite.
    pub(crate) fn new(edges: Vec<f64>) -> Option<Self> {
        let ascend = edges.windows(2).all(|pair| pair[0] < pair[1]);
        (ascend && edges.len() >= 2).then_some(Self(edges))
    }

    pub(crate) fn bins(&self) -> usize {
        self.0.len() - 1
    }

    /// NaN counts as above.
    pub(crate) fn bin(&self, x: f64) -> Bin {
        let above = self.0.partition_point(|edge| *edge <= x);
        match above.checked_sub(1) {
            None if x.is_nan() => Bin::Above,
            None => Bin::Below,
            Some(bin) if bin < self.bins() => Bin::In(bin),
            Some(_) => Bin::Above,
        }
    }

    /// The bin by a flow; nothing if there is none.
    pub(crate) fn flowed(&self, x: f64, flow: Flow) -> Option<usize> {
        let x = if flow == Flow::Wrap {
            self.wrapped(x)?
        } else {
            x
        };
        match (self.bin(x), flow) {
            (Bin::In(bin), _) => Some(bin),
            (Bin::Below, Flow::Clamp | Flow::Wrap) => Some(0),
            (Bin::Above, Flow::Clamp | Flow::Wrap) => Some(self.bins() - 1),
            (_, Flow::Error | Flow::Default) => None,
        }
    }

    /// The value moved into the edges by whole periods; nothing if there is no period.
    fn wrapped(&self, x: f64) -> Option<f64> {
        let (first, last) = (*self.0.first()?, *self.0.last()?);
        let period = last - first;
        let moved = first + (x - first).rem_euclid(period);
        moved.is_finite().then_some(moved)
    }
}

#[cfg(test)]
mod tests {
    use super::{Edges, Flow};

    #[test]
    fn flows_are_those_of_correctionlib() {
        let edges = Edges::new(vec![0.0, 1.0, 2.0]).unwrap();
        let clamp = [
            (-1.0, 0),
            (0.0, 0),
            (1.0, 1),
            (2.0, 1),
            (9.0, 1),
            (f64::NAN, 1),
        ];
        for (x, bin) in clamp {
            assert_eq!(edges.flowed(x, Flow::Clamp), Some(bin), "{x}");
        }
        assert_eq!(edges.flowed(2.0, Flow::Error), None);
        assert_eq!(edges.flowed(f64::NAN, Flow::Error), None);
        assert_eq!(edges.flowed(-0.5, Flow::Wrap), Some(1));
        assert_eq!(edges.flowed(2.0, Flow::Wrap), Some(0));
        assert_eq!(edges.flowed(f64::INFINITY, Flow::Wrap), None);
        assert!(Edges::new(vec![0.0, 0.0]).is_none() && Edges::new(vec![0.0]).is_none());
        assert!(Edges::new(vec![0.0, f64::NAN, 1.0]).is_none());
    }
}
