//! From the expressions of a graph and the columns that there are to what can be evaluated.

use std::collections::BTreeSet;

use arrow_schema::{Field, Schema};
use lumimill_common::campaign::{Edges, Graph, Problem};
use lumimill_common::expression::{Checked, Expression, Functions, Scope};

use super::column_names::{ENDS, column_name, end_name};
use super::features::Features;
use super::source::{Of, Source};
use crate::feature::list_of;

/// The names of everything that a graph is made of, such as `x` for `Hit_x`.
pub(crate) fn names_read(graph: &Graph) -> BTreeSet<String> {
    let expressions = graph.expressions().into_iter();
    let parsed = expressions.filter_map(|(_, text)| Expression::parse(text).ok());
    let mut names: BTreeSet<String> = parsed.flat_map(|parsed| parsed.names()).collect();
    names.extend(graph.names().iter().map(|(_, name)| (*name).to_owned()));
    for end in ENDS.iter().filter(|_| !graph.edge_features.is_empty()) {
        names.remove(*end);
    }
    names
}

impl Features {
    /// Compiles what nodes, edges and graphs have for columns of `schema`; `path` is where the model
    /// is in the campaign. All problems are returned together.
    pub(crate) fn compile(
        graph: &Graph,
        schema: &Schema,
        functions: &Functions,
        path: &str,
    ) -> Result<Self, Vec<Problem>> {
        let mut compiler = Compiler {
            graph,
            schema,
            path,
            sources: Vec::new(),
            aliases: Vec::new(),
            problems: Vec::new(),
        };
        compiler.find_sources();
        let joined_by = compiler.joined_by();
        let ranked_by = compiler.ranked_by();
        let per = compiler.per();
        let (of_nodes, of_edges) = (
            compiler.node_scope(functions),
            compiler.edge_scope(functions),
        );
        let mut checked = |texts: &[String], key: &str, scope: &Scope| {
            let texts = texts.iter().enumerate();
            let of = |(place, text): (usize, &String)| {
                compiler.checked(&format!("graph.{key}[{place}]"), text, scope)
            };
            texts.filter_map(of).collect::<Vec<Checked>>()
        };
        let nodes = checked(&graph.features, "features", &of_nodes.with_lists());
        let edges = checked(&graph.edge_features, "edge_features", &of_edges);
        let globals = checked(&graph.globals, "globals", &of_nodes);
        let lengths = compiler.sources.iter().find(|source| source.of == Of::Node);
        let lengths = lengths.map(|source| source.column.clone());
        if lengths.is_none() && compiler.problems.is_empty() {
            let nodes = &graph.nodes;
            let message = format!("no feature is made of a list named {nodes}_…");
            compiler.problem("graph.nodes", message);
        }
        match (lengths, compiler.problems.is_empty()) {
            (Some(lengths), true) => Ok(Self {
                lengths,
                per,
                sources: compiler.sources,
                joined_by,
                dense: graph.dense.as_ref().map(|dense| dense.nodes as usize),
                ranked_by,
                nodes,
                edges,
                globals,
            }),
            _ => Err(compiler.problems),
        }
    }
}

struct Compiler<'a> {
    graph: &'a Graph,
    schema: &'a Schema,
    path: &'a str,
    sources: Vec<Source>,
    /// Names, and which source each is.
    aliases: Vec<(String, usize)>,
    problems: Vec<Problem>,
}

impl Compiler<'_> {
    fn problem(&mut self, key: &str, message: String) {
        self.problems.push(Problem {
            path: format!("{}.{key}", self.path),
            message,
        });
    }

    fn find_sources(&mut self) {
        for name in names_read(self.graph) {
            if let Some(source) = Source::named(&name, self.graph, self.schema) {
                let place = self.add(source);
                self.aliases.push((name, place));
            }
        }
    }

    fn add(&mut self, source: Source) -> usize {
        let known = self.sources.iter().position(|known| *known == source);
        known.unwrap_or_else(|| {
            self.sources.push(source);
            self.sources.len() - 1
        })
    }

    /// The column that says in which graph a node is.
    fn per(&mut self) -> Option<String> {
        let per = self.graph.per.clone()?;
        let place = self.of_node("graph.per", &per, true)?;
        Some(self.sources.get(place)?.column.clone())
    }

    /// The column of which the highest stay where a graph has too many nodes.
    fn ranked_by(&mut self) -> Option<String> {
        let highest = self.graph.dense.as_ref()?.highest.clone()?;
        let place = self.of_node("graph.dense.highest", &highest, false)?;
        Some(self.sources.get(place)?.column.clone())
    }

    /// The sources that edges are made by.
    fn joined_by(&mut self) -> Vec<usize> {
        let names = match &self.graph.edges {
            Edges::Full | Edges::None => return Vec::new(),
            Edges::Within(column) => {
                let place = self.of_node("graph.edges.within", column, true);
                return place.into_iter().collect();
            }
            Edges::Radius(_, of) | Edges::Nearest(_, of) => of,
        };
        let mut places = Vec::with_capacity(names.len());
        for (at, name) in names.iter().enumerate() {
            places.extend(self.of_node(&format!("graph.edges.of[{at}]"), name, false));
        }
        places
    }

    /// A source with a number for each node.
    fn of_node(&mut self, key: &str, name: &str, whole: bool) -> Option<usize> {
        let known = self.aliases.iter().find(|(known, _)| known == name);
        let place = known.map(|(_, place)| *place);
        let source = place.and_then(|place| self.sources.get(place)).cloned();
        let nodes = &self.graph.nodes;
        let message = match source {
            None => format!("no column {nodes}_{name} or {name}"),
            Some(source) if !source.is_of_nodes() => {
                format!(
                    "{} has no value per node: name a list, {nodes}_…",
                    source.column
                )
            }
            Some(source) if whole && !source.item.is_integer() => format!(
                "{} holds {}, expected whole numbers, such as those of time_group",
                source.column, source.item
            ),
            Some(source) if !source.item.is_numeric() => {
                format!("{} holds {}, expected numbers", source.column, source.item)
            }
            Some(_) => return place,
        };
        self.problem(key, message);
        None
    }

    /// What features of nodes and graphs name: one row a graph, a list of what its nodes have.
    fn node_scope(&self, functions: &Functions) -> Scope {
        let fields = self.sources.iter().enumerate().map(|(place, source)| {
            let stored = match source.is_of_nodes() {
                true => list_of(source.item.clone()),
                false => source.item.clone(),
            };
            Field::new(column_name(place, source), stored, false)
        });
        let mut scope = Scope::events(&Schema::new(fields.collect::<Vec<_>>()), functions);
        for (name, place) in &self.aliases {
            if let Some(source) = self.sources.get(*place) {
                scope.alias(name, &column_name(*place, source));
            }
        }
        scope
    }

    /// What features of edges name: one row an edge, what its two ends have.
    fn edge_scope(&self, functions: &Functions) -> Scope {
        let mut fields = Vec::new();
        for (place, source) in self.sources.iter().enumerate() {
            match source.is_of_nodes() {
                true => fields.extend(
                    ENDS.map(|end| Field::new(end_name(place, end), source.item.clone(), false)),
                ),
                false => {
                    let name = column_name(place, source);
                    fields.push(Field::new(name, source.item.clone(), false));
                }
            }
        }
        let mut scope = Scope::events(&Schema::new(fields), functions);
        for (name, place) in &self.aliases {
            match self.sources.get(*place) {
                Some(source) if source.is_of_nodes() => {
                    for end in ENDS {
                        scope.alias(&format!("{name}[{end}]"), &end_name(*place, end));
                    }
                }
                Some(source) => scope.alias(name, &column_name(*place, source)),
                None => {}
            }
        }
        scope
    }

    fn checked(&mut self, key: &str, text: &str, scope: &Scope) -> Option<Checked> {
        let parsed = Expression::parse(text).map_err(|error| vec![error]);
        let parsed = parsed.map(|parsed| match key.starts_with("graph.edge_features") {
            true => parsed.of_edges(),
            false => parsed,
        });
        match parsed.and_then(|parsed| parsed.check_names(scope, None)) {
            Ok(checked) => Some(checked),
            Err(errors) => {
                for error in errors {
                    let of_node = self.aliases.iter().map(|(name, _)| name).find(|name| {
                        let unknown = format!("unknown column \"{name}\"");
                        key.starts_with("graph.edge_features") && error.message() == unknown
                    });
                    let message = match of_node {
                        Some(name) => format!(
                            "{name} is of a node: write {name}[i] or {name}[j], what the ends of the \
                             edge have"
                        ),
                        None => error.to_string(),
                    };
                    self.problem(key, message);
                }
                None
            }
        }
    }
}
