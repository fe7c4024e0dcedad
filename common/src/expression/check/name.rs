//! What a name stands for.

use std::ops::Range;
use std::sync::Arc;

use super::Checker;
use crate::expression::error::ExpressionError;
use crate::expression::nearest::hint;
use crate::expression::plan::{List, Members, Momentum, Node, Plan, Shape};
use crate::expression::scope::{Column, Kind, RowScope};
use crate::expression::syntax::{Form, Syntax};
use crate::expression::value::Constant;
use crate::expression::vector::Component;

/// Collections that are massless by nature where they have no mass column.
const MASSLESS: [&str; 2] = ["Photon", "FsrPhoton"];

impl Checker<'_> {
    /// A plain name: a parameter, an earlier result, an alias, `first`, `second`, `pair`, a member, a
    /// column, or a collection, in this order.
    pub(super) fn name(&self, name: &str, span: &Range<usize>) -> Result<Plan, ExpressionError> {
        if let Some(plan) = self.parameters.get(name) {
            self.work(plan.size, span)?;
            return Ok(plan.clone());
        }
        if let Some(kind) = self.scope.derived.get(name) {
            // Of rows that are entries, it is one value per entry.
            let shape = match self.scope.rows {
                RowScope::Event => Shape::Event,
                _ => Shape::Row,
            };
            return self.new_plan(Node::Derived(name.into()), *kind, shape, span);
        }
        let name = self.scope.aliases.get(name).map_or(name, String::as_str);
        if let Some(plan) = self.vector_name(name, span)? {
            return Ok(plan);
        }
        if let RowScope::Each(collection) = &self.scope.rows
            && let Some((full, column)) = self.scope.member(collection, name)
        {
            return self.slot_column(full, column, 0, span);
        }
        if let Some((full, column)) = self.scope.columns.get_key_value(name) {
            let kind = self.kind(full, column, span)?;
            let Some(collection) = &column.collection else {
                return self.new_plan(Node::Event(full.as_str().into()), kind, Shape::Event, span);
            };
            let list = List::new(Arc::clone(collection), full.as_str().into());
            return self.new_plan(Node::List(list.clone()), kind, Shape::List(list), span);
        }
        if self.scope.has_collection(name) {
            return self.vector(name, None, span);
        }
        if name == "M_PI" {
            let pi = Node::Constant(Constant::Float(std::f64::consts::PI));
            return self.new_plan(pi, Kind::Float, Shape::Constant, span);
        }
        Err(self.unknown(name, span))
    }

    fn vector_name(
        &self,
        name: &str,
        span: &Range<usize>,
    ) -> Result<Option<Plan>, ExpressionError> {
        let plan = match (&self.scope.rows, name) {
            (RowScope::Each(collection), _) if **collection == *name => {
                self.vector(collection, Some(0), span)?
            }
            (RowScope::Pairs(collection), "first") => self.vector(collection, Some(0), span)?,
            (RowScope::Pairs(collection), "second") => self.vector(collection, Some(1), span)?,
            (RowScope::Pairs(collection), "pair") => {
                let first = self.vector(collection, Some(0), span)?;
                self.sum(&[first, self.vector(collection, Some(1), span)?], span)?
            }
            _ => return Ok(None),
        };
        Ok(Some(plan))
    }

    /// The members of `collection` as vectors.
    fn vector(
        &self,
        collection: &str,
        slot: Option<usize>,
        span: &Range<usize>,
    ) -> Result<Plan, ExpressionError> {
        let column = |name| {
            self.scope
                .member(collection, name)
                .map(|(full, _)| full.into())
        };
        let members = Members {
            collection: collection.into(),
            slot,
            pt: column("pt"),
            eta: column("eta"),
            phi: column("phi"),
            mass: column("mass"),
            massless: MASSLESS.contains(&collection),
        };
        let shape = match (slot, members.any_column()) {
            (Some(_), _) => Shape::Row,
            (None, Some(column)) => Shape::List(List::new(collection.into(), Arc::clone(column))),
            (None, None) => {
                let message = format!("{collection} has no pt, eta, phi or mass: it is no vector");
                return Err(self.error(message, span.clone()));
            }
        };
        self.new_plan(
            Node::Vector(Arc::new(Momentum::Members(members))),
            Kind::Vector,
            shape,
            span,
        )
    }

    /// `first.pt`: a column of the collection, or else a component of the vector.
    pub(super) fn member(
        &self,
        of: &Syntax,
        name: &str,
        span: &Range<usize>,
    ) -> Result<Plan, ExpressionError> {
        if let Some(column) = self.dotted(of, name) {
            return self.name(&column, span);
        }
        let plan = self.plan(of)?;
        let Node::Vector(momentum) = &plan.node else {
            let message = format!("\".{name}\" needs a vector, but this is {}", plan.kind);
            return Err(self.error(message, of.span.clone()));
        };
        let mut known: Vec<&str> = Vec::new();
        if let Momentum::Members(members) = &**momentum {
            let collection = &members.collection;
            if let Some((full, column)) = self.scope.member(collection, name) {
                return match members.slot {
                    Some(slot) => self.slot_column(full, column, slot, span),
                    None => self.name(full, span),
                };
            }
            known.extend(self.scope.members(collection));
        }
        if let Some(component) = Component::named(name) {
            return self.component(component, &plan, span);
        }
        known.extend([
            "mass", "pt", "eta", "phi", "rapidity", "px", "py", "pz", "energy",
        ]);
        let at = span.end.saturating_sub(name.len())..span.end;
        let message = match &**momentum {
            Momentum::Members(members) => {
                format!(
                    "{} has no member \"{name}\"{}",
                    members.collection,
                    hint(name, known)
                )
            }
            _ => format!(
                "a sum of vectors has no member \"{name}\"; it has {}",
                known.join(", ")
            ),
        };
        Err(self.error(message, at))
    }

    /// `jet.pt` as the name of a column of the input, unless `jet` is a vector here.
    fn dotted(&self, of: &Syntax, name: &str) -> Option<String> {
        let parts = names_of(of)?;
        let first = *parts.first()?;
        let is_vector = match &self.scope.rows {
            RowScope::Pairs(_) => matches!(first, "first" | "second" | "pair"),
            RowScope::Each(collection) => **collection == *first,
            RowScope::Event => false,
        };
        if is_vector || self.parameters.contains_key(first) {
            return None;
        }
        let column = format!("{}.{name}", parts.join("."));
        let known = self.scope.columns.contains_key(&column);
        (known || self.scope.unread.contains_key(&column)).then_some(column)
    }

    fn slot_column(
        &self,
        full: &str,
        column: &Column,
        slot: usize,
        span: &Range<usize>,
    ) -> Result<Plan, ExpressionError> {
        let kind = self.kind(full, column, span)?;
        let collection = column.collection.clone().unwrap_or_default();
        let list = List::new(collection, full.into());
        self.new_plan(Node::Member(list, slot), kind, Shape::Row, span)
    }

    fn kind(
        &self,
        name: &str,
        column: &Column,
        span: &Range<usize>,
    ) -> Result<Kind, ExpressionError> {
        column.kind.ok_or_else(|| {
            let message = format!(
                "column \"{name}\" has type {}, which expressions cannot use",
                column.data_type
            );
            self.error(message, span.clone())
        })
    }

    /// A component of a vector, if the columns for it exist.
    pub(super) fn component(
        &self,
        component: Component,
        plan: &Plan,
        span: &Range<usize>,
    ) -> Result<Plan, ExpressionError> {
        let Node::Vector(momentum) = &plan.node else {
            let message = format!(
                "a vector is needed, such as first, second or pair; this is {}",
                plan.kind
            );
            return Err(self.error(message, span.clone()));
        };
        if let Some(missing) = momentum.missing(component) {
            let names = self.scope.columns.keys().map(String::as_str);
            let message = format!(
                "no column \"{missing}\", which this is computed from{}",
                hint(&missing, names)
            );
            return Err(self.error(message, span.clone()));
        }
        let node = Node::Component(component, Arc::clone(momentum));
        self.new_plan(node, Kind::Float, plan.shape.clone(), span)
    }

    fn unknown(&self, name: &str, span: &Range<usize>) -> ExpressionError {
        if let Some(reason) = self.scope.unread.get(name) {
            let message = format!("column \"{name}\" cannot be read: {reason}");
            return self.error(message, span.clone());
        }
        let mut message = format!("unknown column \"{name}\"");
        let is_of_function = self.calls > 0;
        match &self.scope.rows {
            RowScope::Pairs(collection) if self.scope.member(collection, name).is_some() => {
                message += &format!(
                    "; rows are pairs of {collection}: write first.{name} or second.{name}"
                );
            }
            _ if let Some(member) = self.counted_by(name) => {
                message += &format!("; write {member}.size() for how many there are");
            }
            _ => {
                let parameters = self.parameters.keys().copied();
                message += &hint(name, self.scope.names().into_iter().chain(parameters));
            }
        }
        let error = self.error(message, span.clone());
        match is_of_function {
            true => error,
            false => error.of_unknown(name),
        }
    }

    /// A list of the collection that a name such as `nHit` counts.
    fn counted_by(&self, name: &str) -> Option<&str> {
        let collection = name.strip_prefix('n').filter(|rest| !rest.is_empty())?;
        let mut names = self.scope.columns.keys().map(String::as_str);
        names.find(|column| {
            let rest = column.strip_prefix(collection);
            rest.is_some_and(|rest| rest.starts_with('_'))
        })
    }

    /// Why a list will not do where one value per row is needed.
    pub(super) fn list_message(
        &self,
        plan: &Plan,
        list: &List,
        expected: Option<Kind>,
        span: &Range<usize>,
    ) -> String {
        let collection = &list.collection;
        let members = match &self.scope.rows {
            RowScope::Each(of) if of == collection => {
                format!(", or name the member's column without \"{collection}_\"")
            }
            RowScope::Pairs(of) if of == collection => {
                ", or take a member's, as in first.pt".to_owned()
            }
            _ => String::new(),
        };
        let text = self.text(span);
        let reductions = match (plan.kind, expected) {
            (Kind::Bool, Some(Kind::Bool)) => format!("any({text}) or all({text})"),
            (Kind::Bool, _) => format!("any({text}), all({text}) or count({text})"),
            (_, Some(Kind::Bool)) => format!("a condition, as in any({text} > 0)"),
            _ => format!("max({text}), min({text}), sum({text}) or mean({text})"),
        };
        format!(
            "one value per row is needed, but this has one per member of {collection}; \
             write {reductions}{members}"
        )
    }
}

/// The parts of a name with dots; nothing else has them.
fn names_of(syntax: &Syntax) -> Option<Vec<&str>> {
    match &syntax.form {
        Form::Name(name) => Some(vec![name]),
        Form::Member(of, name) => {
            let mut parts = names_of(of)?;
            parts.push(name);
            Some(parts)
        }
        _ => None,
    }
}

impl Momentum {
    /// A column that `component` needs and that does not exist.
    fn missing(&self, component: Component) -> Option<String> {
        match self {
            Self::Members(members) => component.parts().iter().find_map(|part| {
                let name = match part {
                    Component::Pt => "pt",
                    Component::Eta => "eta",
                    Component::Phi => "phi",
                    _ if members.massless => return None,
                    _ => "mass",
                };
                let missing = members.column(*part).is_none();
                missing.then(|| format!("{}_{name}", members.collection))
            }),
            Self::Sum(a, b) => component
                .parts_of_sum()
                .iter()
                .find_map(|part| a.missing(*part).or_else(|| b.missing(*part))),
            Self::Polar(_) => None,
        }
    }
}
