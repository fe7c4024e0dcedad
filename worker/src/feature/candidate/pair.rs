//! Pairs of the members of an event, ordered by transverse momentum.

use lumimill_common::campaign::Charge;
use lumimill_common::expression::{Index, RowIndex};

use super::formed::{Formed, MOST_CANDIDATES, events_of};
use crate::feature::RunError;

/// Not yet among the members that rows use.
const UNUSED: u32 = u32::MAX;

/// Rows of pairs as they grow. Members are numbered as they are first used, so that what is
/// computed for a member is computed once.
struct Pairs {
    events: Vec<u32>,
    number: Vec<u32>,
    members: Vec<u32>,
    first: Vec<u32>,
    second: Vec<u32>,
}

/// All pairs of passing members of the passing events: members by descending pt (ties by index,
/// NaN last), pairs in the order (0, 1), (0, 2), …, (1, 2), ….
pub(super) fn form_pairs(
    passing: &Index,
    ends: &[u32],
    passes: Option<&[bool]>,
    pt: &[f64],
    charge: Option<(Vec<f64>, Charge)>,
) -> Result<Formed, RunError> {
    let wanted = |a: u32, b: u32| match &charge {
        None => true,
        Some((charges, wanted)) => {
            let product = charges[a as usize] * charges[b as usize];
            match wanted {
                Charge::Opposite => product < 0.0,
                Charge::Same => product > 0.0,
                Charge::Any => true,
            }
        }
    };
    let key = |at: u32| match pt[at as usize] {
        pt if pt.is_nan() => f64::NEG_INFINITY,
        pt => pt,
    };
    let descending = |a: &u32, b: &u32| key(*b).total_cmp(&key(*a));
    let mut pairs = Pairs::with_capacity(passing.len());
    let mut ordered: Vec<u32> = Vec::new();
    let mut used: Vec<u32> = Vec::new();
    for (event, range) in events_of(passing, ends) {
        if range.len() < 2 {
            continue;
        }
        ordered.clear();
        ordered.extend(range.filter(|at| passes.is_none_or(|passes| passes[*at as usize])));
        match *ordered.as_slice() {
            [] | [_] => continue,
            // Most events: there is nothing to be numbered or sorted.
            [a, b] => {
                if wanted(a, b) {
                    let is_ordered = descending(&a, &b).is_le();
                    pairs.add_two(event, if is_ordered { [a, b] } else { [b, a] });
                }
                continue;
            }
            _ => ordered.sort_by(descending),
        }
        used.clear();
        used.resize(ordered.len(), UNUSED);
        pairs.add_event(event, &ordered, &mut used, wanted)?;
    }
    pairs.finish()
}

impl Pairs {
    /// None yet, with room for so many.
    fn with_capacity(rows: usize) -> Self {
        Self {
            events: Vec::with_capacity(rows),
            number: Vec::with_capacity(rows),
            members: Vec::with_capacity(2 * rows),
            first: Vec::with_capacity(rows),
            second: Vec::with_capacity(rows),
        }
    }

    /// The only pair of an event, in its order.
    fn add_two(&mut self, event: u32, members: [u32; 2]) {
        let first = self.members.len() as u32;
        self.members.extend(members);
        self.first.push(first);
        self.second.push(first + 1);
        self.events.push(event);
        self.number.push(0);
    }

    fn add_event(
        &mut self,
        event: u32,
        ordered: &[u32],
        used: &mut [u32],
        wanted: impl Fn(u32, u32) -> bool,
    ) -> Result<(), RunError> {
        let mut number = 0;
        for i in 0..ordered.len() {
            for j in i + 1..ordered.len() {
                if !wanted(ordered[i], ordered[j]) {
                    continue;
                }
                for at in [i, j] {
                    if used[at] == UNUSED {
                        used[at] = self.members.len() as u32;
                        self.members.push(ordered[at]);
                    }
                }
                self.first.push(used[i]);
                self.second.push(used[j]);
                self.events.push(event);
                self.number.push(number);
                number += 1;
            }
            if self.events.len() > MOST_CANDIDATES {
                let (members, most) = (ordered.len(), MOST_CANDIDATES);
                return Err(RunError::TooMany {
                    entry: event,
                    members,
                    most,
                });
            }
        }
        Ok(())
    }

    fn finish(self) -> Result<Formed, RunError> {
        let events = Index::Chosen(self.events);
        let slots = vec![Index::Chosen(self.first), Index::Chosen(self.second)];
        let index = RowIndex::members(events.clone(), Index::Chosen(self.members), slots)?;
        Ok(Formed {
            index,
            events,
            member: None,
            number: self.number,
        })
    }
}
