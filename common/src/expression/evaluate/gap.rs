//! Where an expression has no value: what C++ leaves undefined.
//!
//! That is the member of a list that is not there, a division of whole numbers by zero, a shift
//! by too many bits, an `int` of a number that is none. As in C++ it does not matter on a side of
//! `&&`, `||` and `?:` that is not asked for; there a question can stand before the value. Only
//! expressions that may lack values are looked through, after they are evaluated.

use super::column::Flat;
use super::element;
use super::elementwise::fits_int;
use super::node::{evaluate, filter};
use crate::expression::builtin::Math;
use crate::expression::error::EvaluateError;
use crate::expression::input::Inputs;
use crate::expression::plan::{List, Node, Plan, Shape};
use crate::expression::row_index::Domain;
use crate::expression::scope::Kind;
use crate::expression::syntax::Binary;
use crate::expression::value::Values;

/// Per value the node that has none, if any value is missing.
type Gaps<'p> = Option<Vec<Option<&'p Plan>>>;

/// An error that names the first row for which `plan` has no value.
pub(super) fn refuse(plan: &Plan, inputs: &Inputs<'_>) -> Result<(), EvaluateError> {
    let Some(gaps) = gaps(plan, inputs, Domain::Rows)? else {
        return Ok(());
    };
    let first = gaps
        .iter()
        .enumerate()
        .find_map(|(row, gap)| Some((row, (*gap)?)));
    match first {
        Some((row, plan)) => Err(EvaluateError::NoValue {
            why: plan.advice.as_deref().unwrap_or("no value").to_owned(),
            entry: inputs.entries(Domain::Rows).at(row).unwrap_or(row),
        }),
        None => Ok(()),
    }
}

/// An error that names the first entry with a member for which `plan`, which is of lists, has no
/// value.
pub(super) fn refuse_members(plan: &Plan, inputs: &Inputs<'_>) -> Result<(), EvaluateError> {
    let list = match (&plan.node, &plan.shape) {
        (Node::By(_, _, list), _) | (_, Shape::List(list)) => list,
        _ => return Ok(()),
    };
    let Some(gaps) = gaps(plan, inputs, Domain::Events)? else {
        return Ok(());
    };
    let flat = inputs.flat(&list.collection, &list.column)?;
    let first = gaps
        .iter()
        .enumerate()
        .find_map(|(at, gap)| Some((at, (*gap)?)));
    match first {
        Some((at, plan)) => Err(EvaluateError::NoValue {
            why: plan.advice.as_deref().unwrap_or("no value").to_owned(),
            entry: flat.ends().take_while(|end| *end <= at).count(),
        }),
        None => Ok(()),
    }
}

fn gaps<'p>(
    plan: &'p Plan,
    inputs: &Inputs<'_>,
    domain: Domain,
) -> Result<Gaps<'p>, EvaluateError> {
    if !plan.is_partial {
        return Ok(None);
    }
    let of = |plan: &'p Plan| gaps(plan, inputs, domain);
    let bools = |plan: &Plan| -> Result<Vec<bool>, EvaluateError> {
        let len = len(plan, inputs, domain)?;
        Ok(evaluate(plan, inputs, domain)?.into_bools().into_vec(len))
    };
    match &plan.node {
        Node::Binary(operator @ (Binary::And | Binary::Or), both) => {
            let right = match of(&both[1])? {
                Some(right) => {
                    let asked = |left| left == (*operator == Binary::And);
                    Some(kept(right, &bools(&both[0])?, asked))
                }
                None => None,
            };
            Ok(merge(of(&both[0])?, right))
        }
        Node::Choose(all) => {
            let (yes, no) = (of(&all[1])?, of(&all[2])?);
            if yes.is_none() && no.is_none() {
                return of(&all[0]);
            }
            let condition = bools(&all[0])?;
            let yes = yes.map(|gaps| kept(gaps, &condition, |holds| holds));
            let no = no.map(|gaps| kept(gaps, &condition, |holds| !holds));
            Ok(merge(of(&all[0])?, merge(yes, no)))
        }
        Node::Spread(event, list) => {
            let flat = inputs.flat(&list.collection, &list.column)?;
            let events = gaps(event, inputs, Domain::Events)?;
            Ok(events.map(|events| spread(&events, &flat)))
        }
        Node::Reduce(_, members, list) => {
            let entries = of_entries(members, list, inputs)?;
            let index = inputs.entries(domain);
            let of_row = |entries: &[Option<&'p Plan>], row| {
                index
                    .at(row)
                    .and_then(|entry| entries.get(entry).copied().flatten())
            };
            Ok(entries.map(|gaps| (0..index.len()).map(|row| of_row(&gaps, row)).collect()))
        }
        Node::Element(both, list) => Ok(merge(
            of(&both[1])?,
            of_element(plan, both, list, inputs, domain)?,
        )),
        Node::Take(both, lists) => {
            let numbers = evaluate(&both[1], inputs, domain)?.into_ints();
            let places = element::places_beside(&numbers, lists, inputs)?;
            let members = of(&both[0])?;
            let taken = at_places(plan, &places, members.as_ref());
            let any = taken.iter().any(Option::is_some);
            Ok(merge(of(&both[1])?, any.then_some(taken)))
        }
        _ => {
            let mut all = own(plan, inputs, domain)?;
            let mut failed = None;
            plan.node.for_each(&mut |under| match of(under) {
                Ok(gaps) => all = merge(all.take(), gaps),
                Err(error) => failed = Some(error),
            });
            failed.map_or(Ok(all), Err)
        }
    }
}

/// Where this very node has no value for its operands.
fn own<'p>(plan: &'p Plan, inputs: &Inputs<'_>, domain: Domain) -> Result<Gaps<'p>, EvaluateError> {
    if !plan.node.may_lack_values(plan.kind) {
        return Ok(None);
    }
    let len = len(plan, inputs, domain)?;
    let at = |lacks: Vec<bool>| -> Gaps<'p> {
        let any = lacks.contains(&true);
        any.then(|| {
            lacks
                .into_iter()
                .map(|lacks| lacks.then_some(plan))
                .collect()
        })
    };
    Ok(match &plan.node {
        Node::Binary(Binary::Divide | Binary::Remainder, of) => {
            let divisors = evaluate(&of[1], inputs, domain)?.into_ints();
            at(divisors.map(|value| value == 0).into_vec(len))
        }
        Node::Binary(_, of) => {
            let Kind::Int(int) = plan.kind else {
                return Ok(None);
            };
            let by = evaluate(&of[1], inputs, domain)?.into_ints();
            at(by.map(|by| !(0..int.bits()).contains(&by)).into_vec(len))
        }
        Node::Math(Math::Int, of) => match of.first().map(|of| evaluate(of, inputs, domain)) {
            Some(values) => match values? {
                Values::Float(values) => at(values.map(|value| !fits_int(value)).into_vec(len)),
                _ => None,
            },
            None => None,
        },
        _ => None,
    })
}

fn of_element<'p>(
    plan: &'p Plan,
    both: &'p [Plan; 2],
    list: &'p List,
    inputs: &Inputs<'_>,
    domain: Domain,
) -> Result<Gaps<'p>, EvaluateError> {
    let flat = inputs.flat(&list.collection, &list.column)?;
    let passes = filter(list, inputs)?;
    let numbers = evaluate(&both[1], inputs, domain)?.into_ints();
    let places = element::places(&numbers, inputs.entries(domain), &flat, passes.as_deref());
    let members = gaps(&both[0], inputs, Domain::Events)?;
    let mut all = at_places(plan, &places, members.as_ref());
    if let Some(condition) = list.condition()
        && let Some(chosen) = gaps(condition, inputs, Domain::Events)?
    {
        let entries = inputs.entries(domain);
        for (row, gap) in all.iter_mut().enumerate() {
            let mut members = entries.at(row).map_or(0..0, |entry| flat.members(entry));
            let unknown = members.find_map(|at| chosen.get(at).copied().flatten());
            *gap = unknown.or(*gap);
        }
    }
    Ok(all.iter().any(Option::is_some).then_some(all))
}

/// Per place of a member, the gap that the member is, and `plan` where there is none.
fn at_places<'p>(
    plan: &'p Plan,
    places: &[Option<usize>],
    members: Option<&Vec<Option<&'p Plan>>>,
) -> Vec<Option<&'p Plan>> {
    let gap = |place: &Option<usize>| match place {
        Some(at) => members.and_then(|gaps| gaps.get(*at).copied().flatten()),
        None => Some(plan),
    };
    places.iter().map(gap).collect()
}

/// Per entry, a gap among those of its members that count.
fn of_entries<'p>(
    plan: &'p Plan,
    list: &'p List,
    inputs: &Inputs<'_>,
) -> Result<Gaps<'p>, EvaluateError> {
    let flat = inputs.flat(&list.collection, &list.column)?;
    let members = gaps(plan, inputs, Domain::Events)?;
    let members = match (members, filter(list, inputs)?) {
        (Some(members), Some(passes)) => Some(kept(members, &passes, |passes| passes)),
        (members, _) => members,
    };
    let chosen = match list.condition() {
        Some(condition) => gaps(condition, inputs, Domain::Events)?,
        None => None,
    };
    Ok(merge(members, chosen).map(|gaps| {
        let entries = 0..inputs.entries(Domain::Events).len();
        let first = |entry| {
            flat.members(entry)
                .find_map(|at| gaps.get(at).copied().flatten())
        };
        entries.map(first).collect()
    }))
}

/// How many values `plan` has.
fn len(plan: &Plan, inputs: &Inputs<'_>, domain: Domain) -> Result<usize, EvaluateError> {
    match &plan.shape {
        Shape::List(list) => Ok(inputs.flat(&list.collection, &list.column)?.range.len()),
        _ => Ok(inputs.entries(domain).len()),
    }
}

/// The gaps where `asked` of the value beside them.
fn kept<'p>(
    gaps: Vec<Option<&'p Plan>>,
    values: &[bool],
    asked: impl Fn(bool) -> bool,
) -> Vec<Option<&'p Plan>> {
    let values = values.iter().copied();
    gaps.into_iter()
        .zip(values)
        .map(|(gap, value)| gap.filter(|_| asked(value)))
        .collect()
}

fn spread<'p>(events: &[Option<&'p Plan>], flat: &Flat<'_>) -> Vec<Option<&'p Plan>> {
    let mut members = Vec::with_capacity(flat.range.len());
    for (gap, end) in events.iter().zip(flat.ends()) {
        members.resize(end, *gap);
    }
    members
}

/// The gaps of both, those of the first before those of the second.
fn merge<'p>(first: Gaps<'p>, second: Gaps<'p>) -> Gaps<'p> {
    match (first, second) {
        (Some(first), Some(second)) => {
            let both = first.into_iter().zip(second);
            Some(both.map(|(first, second)| first.or(second)).collect())
        }
        (first, second) => first.or(second),
    }
}
