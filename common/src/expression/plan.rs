//! A checked expression: every name resolved, every type known.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::builtin::{Math, Numbering, Reduction};
use super::scope::Kind;
use super::syntax::{Binary, Unary};
use super::value::Constant;
use super::vector::Component;

/// How many values there are.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Shape {
    /// One for everything.
    Constant,
    /// One per entry.
    Event,
    /// One per row.
    Row,
    /// One per member of a collection.
    List(List),
}

/// A collection, a list column of it to take the lengths from, and which members count.
///
/// Values are always there for all members; who goes from members to an entry asks the filter.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct List {
    pub(super) collection: Arc<str>,
    pub(super) column: Arc<str>,
    pub(super) filter: Option<Filter>,
}

/// A condition on the members of a list.
#[derive(Debug, Clone)]
pub(super) struct Filter(pub(super) Arc<Plan>);

impl PartialEq for Filter {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0) || self.0 == other.0
    }
}

impl List {
    pub(super) fn new(collection: Arc<str>, column: Arc<str>) -> Self {
        Self {
            collection,
            column,
            filter: None,
        }
    }

    pub(super) fn condition(&self) -> Option<&Plan> {
        self.filter.as_ref().map(|filter| &*filter.0)
    }
}

/// A node with its type.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Plan {
    pub(super) node: Node,
    pub(super) kind: Kind,
    pub(super) shape: Shape,
    /// Nodes in it.
    pub(super) size: usize,
    /// Levels of it.
    pub(super) depth: usize,
    /// Whether there may be entries for which something in it has no value.
    pub(super) is_partial: bool,
    /// What to say where this very node has no value.
    pub(super) advice: Option<Arc<str>>,
}

#[derive(Debug, Clone, PartialEq)]
pub(super) enum Node {
    Constant(Constant),
    /// A column with one value per entry.
    Event(Arc<str>),
    /// A column with one value per member.
    List(List),
    /// A list column, of the member in a slot of the row.
    Member(List, usize),
    /// An earlier result.
    Derived(Arc<str>),
    /// One value per entry, repeated for every member.
    Spread(Box<Plan>, List),
    Unary(Unary, Box<Plan>),
    Binary(Binary, Box<[Plan; 2]>),
    Choose(Box<[Plan; 3]>),
    Math(Math, Vec<Plan>),
    Reduce(Reduction, Box<Plan>, List),
    /// Of members (the first), one value per group that they are in by the second.
    By(Reduction, Box<[Plan; 2]>, List),
    /// A whole number per member, of one or more values per member.
    Number(Numbering, Vec<Plan>, List),
    /// Of one value per member (the first), that of the member of a number (the second).
    Element(Box<[Plan; 2]>, List),
    /// Of one value per member of the first list (the first), those of the members of numbers, one per
    /// member of the second list (the second).
    Take(Box<[Plan; 2]>, Box<[List; 2]>),
    Vector(Arc<Momentum>),
    Component(Component, Arc<Momentum>),
    DeltaR(Box<[Plan; 4]>),
    DeltaPhi(Box<[Plan; 2]>),
}

/// A vector, before it is known which of its components are needed.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Momentum {
    /// Members of a collection: of a slot of the row, or (none) all of every event.
    Members(Members),
    Sum(Arc<Momentum>, Arc<Momentum>),
    /// From pt, eta, phi and mass.
    Polar(Box<[Plan; 4]>),
}

/// The columns of a collection that make it a vector.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Members {
    pub(super) collection: Arc<str>,
    pub(super) slot: Option<usize>,
    pub(super) pt: Option<Arc<str>>,
    pub(super) eta: Option<Arc<str>>,
    pub(super) phi: Option<Arc<str>>,
    pub(super) mass: Option<Arc<str>>,
    /// Whether it is massless by nature, and so needs no column for it.
    pub(super) massless: bool,
}

impl Plan {
    pub(super) fn new(node: Node, kind: Kind, shape: Shape) -> Self {
        let (mut size, mut depth) = (1, 0);
        let mut is_partial = node.may_lack_values(kind);
        node.for_each(&mut |plan| {
            size += plan.size;
            depth = depth.max(plan.depth);
            is_partial |= plan.is_partial;
        });
        if let Node::Vector(momentum) | Node::Component(_, momentum) = &node {
            size += momentum.terms();
        }
        Self {
            node,
            kind,
            shape,
            size,
            depth: depth + 1,
            is_partial,
            advice: None,
        }
    }

    /// Whether an earlier result is asked for by entry, and not by row.
    pub(super) fn spreads_results(&self) -> bool {
        let mut found = false;
        let look: &dyn Fn(&Plan) -> bool = match &self.node {
            Node::Spread(..) => &Self::has_results,
            _ => &Self::spreads_results,
        };
        self.node.for_each(&mut |plan| found |= look(plan));
        found
    }

    fn has_results(&self) -> bool {
        let mut found = matches!(self.node, Node::Derived(_));
        self.node.for_each(&mut |plan| found |= plan.has_results());
        found
    }

    /// Whether it is the same for everything, and known.
    pub(super) fn is_constant(&self) -> bool {
        self.shape == Shape::Constant
    }

    /// Adds the input columns that evaluating it reads.
    pub(super) fn collect_columns(&self, columns: &mut BTreeSet<String>) {
        match &self.node {
            Node::Event(name) => {
                columns.insert(name.to_string());
            }
            Node::List(list)
            | Node::Member(list, _)
            | Node::Spread(_, list)
            | Node::Reduce(_, _, list)
            | Node::By(_, _, list)
            | Node::Number(_, _, list)
            | Node::Element(_, list) => {
                columns.insert(list.column.to_string());
            }
            Node::Component(component, momentum) => momentum.collect_columns(*component, columns),
            _ => {}
        }
        if let Node::Take(_, lists) = &self.node {
            columns.extend(lists.iter().map(|list| list.column.to_string()));
        }
        if !matches!(self.node, Node::Component(..) | Node::Vector(_)) {
            self.node
                .for_each(&mut |plan| plan.collect_columns(columns));
        }
    }
}

impl Node {
    /// Whether this very node has no value for some operands: what C++ leaves undefined.
    pub(super) fn may_lack_values(&self, kind: Kind) -> bool {
        match self {
            Self::Element(..) | Self::Take(..) => true,
            Self::Math(Math::Int, of) => of.iter().any(|of| !of.is_constant()),
            Self::Binary(Binary::Divide | Binary::Remainder, of) => {
                matches!(kind, Kind::Int(_)) && !of[1].is_constant()
            }
            Self::Binary(operator, of) => operator.is_shift() && !of[1].is_constant(),
            _ => false,
        }
    }

    /// Calls `f` on each plan directly under this node.
    pub(super) fn for_each<'p>(&'p self, f: &mut dyn FnMut(&'p Plan)) {
        match self {
            Self::Constant(_)
            | Self::Event(_)
            | Self::List(_)
            | Self::Member(..)
            | Self::Derived(_) => {}
            Self::Spread(of, _) | Self::Unary(_, of) => f(of),
            Self::Reduce(_, of, list) => {
                f(of);
                list.condition().into_iter().for_each(f);
            }
            Self::Element(of, list) => {
                of.iter().chain(list.condition()).for_each(f);
            }
            Self::Binary(_, of) | Self::DeltaPhi(of) | Self::By(_, of, _) | Self::Take(of, _) => {
                of.iter().for_each(f)
            }
            Self::Choose(of) => of.iter().for_each(f),
            Self::DeltaR(of) => of.iter().for_each(f),
            Self::Math(_, of) | Self::Number(_, of, _) => of.iter().for_each(f),
            Self::Vector(of) | Self::Component(_, of) => of.for_each(f),
        }
    }
}

impl Momentum {
    fn for_each<'p>(&'p self, f: &mut dyn FnMut(&'p Plan)) {
        match self {
            Self::Members(_) => {}
            Self::Sum(a, b) => {
                a.for_each(f);
                b.for_each(f);
            }
            Self::Polar(of) => of.iter().for_each(f),
        }
    }

    /// How many vectors are summed.
    pub(super) fn terms(&self) -> usize {
        match self {
            Self::Members(_) | Self::Polar(_) => 1,
            Self::Sum(a, b) => a.terms() + b.terms(),
        }
    }

    /// Adds the input columns that `component` is computed from.
    fn collect_columns(&self, component: Component, columns: &mut BTreeSet<String>) {
        match self {
            Self::Members(members) => {
                let parts = component
                    .parts()
                    .iter()
                    .filter_map(|part| members.column(*part));
                columns.extend(parts.map(str::to_owned));
            }
            Self::Polar(of) => {
                let places = component.parts().iter().filter_map(|part| part.place());
                places
                    .filter_map(|at| of.get(at))
                    .for_each(|plan| plan.collect_columns(columns));
            }
            Self::Sum(a, b) => {
                for part in component.parts_of_sum() {
                    a.collect_columns(*part, columns);
                    b.collect_columns(*part, columns);
                }
            }
        }
    }

    /// What of it can be remembered by.
    pub(super) fn key(&self) -> Option<String> {
        match self {
            Self::Members(Members {
                collection,
                slot: None,
                ..
            }) => Some(collection.to_string()),
            Self::Members(Members {
                collection,
                slot: Some(slot),
                ..
            }) => Some(format!("{collection}.{slot}")),
            Self::Sum(a, b) => Some(format!("({}+{})", a.key()?, b.key()?)),
            Self::Polar(_) => None,
        }
    }
}

impl Members {
    /// The column that holds `part`, one of pt, eta, phi and mass.
    pub(super) fn column(&self, part: Component) -> Option<&str> {
        match part {
            Component::Pt => self.pt.as_deref(),
            Component::Eta => self.eta.as_deref(),
            Component::Phi => self.phi.as_deref(),
            Component::Mass => self.mass.as_deref(),
            _ => None,
        }
    }

    /// Some column of it, to take lengths from.
    pub(super) fn any_column(&self) -> Option<&Arc<str>> {
        [&self.pt, &self.eta, &self.phi, &self.mass]
            .into_iter()
            .find_map(Option::as_ref)
    }
}
