//! The values of the nodes of a plan.

use std::rc::Rc;
use std::sync::Arc;

use super::{element, elementwise, group, reduce};
use crate::expression::error::EvaluateError;
use crate::expression::input::Inputs;
use crate::expression::kinematics::delta_phi;
use crate::expression::plan::{List, Members, Momentum, Node, Plan};
use crate::expression::row_index::{Domain, Index};
use crate::expression::value::{Series, Values};
use crate::expression::vector::{Component, Source, Vectors};

/// Which members of a list count, where not all do.
pub(super) fn filter(list: &List, inputs: &Inputs<'_>) -> Result<Option<Vec<bool>>, EvaluateError> {
    let Some(condition) = list.condition() else {
        return Ok(None);
    };
    let members = inputs.flat(&list.collection, &list.column)?.range.len();
    let passes = evaluate(condition, inputs, Domain::Events)?;
    Ok(Some(passes.into_bools().into_vec(members)))
}

/// One value per row, or per entry; per member of every entry if the plan is a list.
pub(super) fn evaluate<'v>(
    plan: &Plan,
    inputs: &'v Inputs<'_>,
    domain: Domain,
) -> Result<Values<'v>, EvaluateError> {
    let of = |plan: &Plan| evaluate(plan, inputs, domain);
    Ok(match &plan.node {
        Node::Constant(constant) => Values::constant(*constant),
        Node::Event(name) => inputs.event(name, domain)?,
        Node::List(list) => inputs.list(list)?,
        Node::Member(list, slot) => inputs.member(list, *slot)?,
        Node::Derived(name) => inputs.earlier(name)?,
        Node::Spread(event, list) => {
            let flat = inputs.flat(&list.collection, &list.column)?;
            reduce::spread(&evaluate(event, inputs, Domain::Events)?, &flat)
        }
        Node::Unary(operator, operand) => elementwise::unary(*operator, of(operand)?),
        Node::Binary(operator, operands) => {
            elementwise::binary(*operator, of(&operands[0])?, of(&operands[1])?)
        }
        Node::Choose(operands) => {
            let condition = of(&operands[0])?.into_bools();
            elementwise::choose(plan.kind, &condition, of(&operands[1])?, of(&operands[2])?)
        }
        Node::Math(function, arguments) => {
            let arguments = arguments.iter().map(of).collect::<Result<Vec<_>, _>>()?;
            elementwise::math(*function, arguments)
        }
        Node::Reduce(reduction, operand, list) => {
            let flat = inputs.flat(&list.collection, &list.column)?;
            let values = evaluate(operand, inputs, Domain::Events)?;
            let passes = filter(list, inputs)?;
            let reduced = reduce::reduce(*reduction, values, &flat, passes.as_deref());
            reduce::gather(reduced, inputs.entries(domain))
        }
        Node::Number(numbering, of_members, list) => {
            let flat = inputs.flat(&list.collection, &list.column)?;
            let values = of_members.iter().map(|plan| Ok(of(plan)?.into_floats()));
            let values = values.collect::<Result<Vec<_>, EvaluateError>>()?;
            group::number(*numbering, values, &flat)?
        }
        // The checker lets it stand only where lists are asked for.
        Node::By(..) => return Err(EvaluateError::Missing("a list of groups".to_owned())),
        Node::Element(both, list) => {
            let flat = inputs.flat(&list.collection, &list.column)?;
            let passes = filter(list, inputs)?;
            let numbers = of(&both[1])?.into_ints();
            let entries = inputs.entries(domain);
            let places = element::places(&numbers, entries, &flat, passes.as_deref());
            element::take(&evaluate(&both[0], inputs, Domain::Events)?, &places)
        }
        Node::Take(both, lists) => {
            let places = element::places_beside(&of(&both[1])?.into_ints(), lists, inputs)?;
            element::take(&of(&both[0])?, &places)
        }
        Node::Component(component, momentum) => {
            let vectors = vectors(momentum, &[*component], inputs, domain)?;
            Values::Float(Series::many(vectors.component(*component)?.to_vec()))
        }
        Node::DeltaPhi(of_two) => {
            let (a, b) = (of(&of_two[0])?.into_floats(), of(&of_two[1])?.into_floats());
            Values::Float(a.zip(&b, delta_phi))
        }
        Node::DeltaR(of_four) => {
            let [eta1, phi1, eta2, phi2] =
                [0, 1, 2, 3].map(|at| of(&of_four[at]).map(Values::into_floats));
            let eta = eta1?.zip(&eta2?, |a, b| a - b);
            let phi = phi1?.zip(&phi2?, delta_phi);
            Values::Float(eta.zip(&phi, |eta, phi| (eta * eta + phi * phi).sqrt()))
        }
        // The checker lets no vector be asked for its value.
        Node::Vector(_) => return Err(EvaluateError::Missing("a vector's components".to_owned())),
    })
}

/// The vectors of `momentum`, given what `components` of them are computed from.
fn vectors(
    momentum: &Momentum,
    components: &[Component],
    inputs: &Inputs<'_>,
    domain: Domain,
) -> Result<Rc<Vectors>, EvaluateError> {
    match momentum {
        Momentum::Members(members) => of_members(members, components, inputs),
        Momentum::Sum(a, b) => {
            let parts: Vec<Component> = components
                .iter()
                .flat_map(|component| component.parts_of_sum())
                .copied()
                .collect();
            let a = vectors(a, &parts, inputs, domain)?;
            let b = vectors(b, &parts, inputs, domain)?;
            Ok(remembered(momentum.key(), inputs, || Source::Sum(a, b)))
        }
        Momentum::Polar(of) => {
            let vectors = Vectors::new(Source::Polar);
            let mut loaded = Vec::new();
            for part in components.iter().flat_map(|component| component.parts()) {
                if let Some(plan) = part.place().and_then(|at| of.get(at)) {
                    loaded.push((*part, evaluate(plan, inputs, domain)?.into_floats()));
                }
            }
            let len = loaded.iter().find_map(|(_, values)| match values {
                Series::Many(values) => Some(values.len()),
                Series::One(_) => None,
            });
            let len = len.unwrap_or_else(|| inputs.entries(domain).len());
            for (part, values) in loaded {
                vectors.give(part, Rc::new(values.into_vec(len)));
            }
            Ok(vectors)
        }
    }
}

fn of_members(
    members: &Members,
    components: &[Component],
    inputs: &Inputs<'_>,
) -> Result<Rc<Vectors>, EvaluateError> {
    let collection = &members.collection;
    let all;
    let (index, slot) = match members.slot {
        Some(slot) => {
            let (index, slot) = inputs.slot(slot)?;
            (index, Some(slot))
        }
        None => {
            let column = members.any_column().map_or(collection, |column| column);
            all = Arc::new(Index::All(inputs.flat(collection, column)?.range.len()));
            (&all, None)
        }
    };
    let base_key = match slot {
        Some(_) => format!("{collection}.used"),
        None => collection.to_string(),
    };
    let base = remembered(Some(base_key), inputs, || Source::Polar);
    for part in components.iter().flat_map(|component| component.parts()) {
        if base.knows(*part) {
            continue;
        }
        let values = match members.column(*part) {
            Some(column) => inputs.floats(collection, column, index)?,
            None if members.massless && *part == Component::Mass => Rc::new(vec![0.0; index.len()]),
            None => return Err(EvaluateError::Missing(format!("{collection}_{part:?}"))),
        };
        base.give(*part, values);
    }
    Ok(match slot {
        None => base,
        Some(slot) => {
            let key = Momentum::Members(members.clone()).key();
            remembered(key, inputs, || Source::Slot(base, Arc::clone(slot)))
        }
    })
}

/// The vectors known by `key`, or new ones.
fn remembered(
    key: Option<String>,
    inputs: &Inputs<'_>,
    source: impl FnOnce() -> Source,
) -> Rc<Vectors> {
    let Some(key) = key else {
        return Vectors::new(source());
    };
    let mut known = inputs.vectors.borrow_mut();
    Rc::clone(known.entry(key).or_insert_with(|| Vectors::new(source())))
}
