//! From a campaign to a graph, or to what is wrong with it.

use toml::Value;

use super::{Dense, Distance, Edges, Graph, GraphInput, INPUTS, Least, Level, WrittenEdges};
use crate::campaign::model::outputs::ModelOutput;
use crate::section::Section;

impl Graph {
    /// Reads `graph`, and `inputs` as a graph has them; none where there is no graph.
    pub(in crate::campaign::model) fn read(section: &mut Section<'_>) -> Option<Option<Self>> {
        if section.value("graph").is_none() {
            return Some(None);
        }
        for key in [
            "nodes",
            "per",
            "edges",
            "edge_features",
            "globals",
            "dense",
            "write_edges",
        ] {
            if section.value(key).is_some() {
                section.problem(key, "belongs within graph = { … }");
            }
        }
        let mut table = section.section("graph")?;
        let nodes = table.required_text("nodes");
        let per = table.text("per");
        let features = table.required("features", |table, key| table.texts(key));
        if features.as_ref().is_some_and(Vec::is_empty) {
            table.problem("features", "is empty: a node has at least one feature");
        }
        let is_dense = table.value("dense").is_some();
        let dense = read_dense(&mut table);
        let edges = match is_dense && table.value("edges").is_none() {
            true => Some((Edges::None, false)),
            false => read_edges(&mut table),
        };
        let written = read_written(&mut table);
        let edge_features = table.texts("edge_features").unwrap_or_default();
        let globals = table.texts("globals").unwrap_or_default();
        table.finish();
        let inputs = read_inputs(section);
        let (edges, loops) = edges?;
        let graph = Self {
            nodes: nodes?,
            per,
            features: features?,
            edges,
            loops,
            edge_features,
            globals,
            inputs: inputs?,
            dense,
            written,
            ends: Vec::new(),
        };
        graph.check_inputs(section);
        Some(Some(graph))
    }

    fn check_inputs(&self, section: &Section<'_>) {
        let given = |input: GraphInput| self.inputs.iter().any(|(_, given)| *given == input);
        let lists = [
            (GraphInput::EdgeFeatures, &self.edge_features),
            (GraphInput::Globals, &self.globals),
        ];
        for (input, list) in lists {
            let word = input.word();
            match (given(input), list.is_empty()) {
                (true, true) => {
                    let message = format!("no {word} are named: graph = {{ …, {word} = […] }}");
                    section.problem("inputs", message);
                }
                (false, false) => {
                    let message =
                        format!("goes to no input of the model: inputs = {{ … = \"{word}\" }}");
                    section.problem(&format!("graph.{word}"), message);
                }
                _ => {}
            }
        }
        self.check_dense(section);
        if !given(GraphInput::Nodes) {
            section.problem(
                "inputs",
                "no input is given the nodes: inputs = { … = \"nodes\" }",
            );
        }
    }

    /// What goes with graphs of one size, and what does not.
    fn check_dense(&self, section: &Section<'_>) {
        let of_edges = |input: GraphInput| {
            matches!(
                input,
                GraphInput::Edges | GraphInput::EdgeFeatures | GraphInput::GraphOfNode
            )
        };
        for (name, input) in &self.inputs {
            let path = format!("inputs.{name}");
            if self.dense.is_some() && of_edges(*input) {
                let message = format!(
                    "{} are not given with dense: there are \"nodes\", \"mask\", \"globals\" and \
                     \"graphs\"",
                    input.word()
                );
                section.problem(&path, message);
            }
            if self.dense.is_none() && *input == GraphInput::Mask {
                let message =
                    "a mask goes with nodes of one size: graph = { …, dense = { nodes = 64 } }";
                section.problem(&path, message);
            }
        }
        if self.dense.is_some() && (self.edges != Edges::None || self.loops) {
            section.problem("graph.edges", "goes not with dense, which has no edges");
        }
    }

    /// Takes the columns that outputs go to, and notes which have a name of another level than
    /// there is.
    pub(in crate::campaign::model) fn take_outputs(
        &mut self,
        section: &Section<'_>,
        outputs: &[ModelOutput],
    ) {
        if outputs.is_empty() {
            let message = "is missing: name the columns, such as { Hit_pion = \"node_prob[0]\" }";
            section.problem("outputs", message);
        }
        self.ends = self.ends_of(outputs);
        if self.edges == Edges::None {
            for output in outputs
                .iter()
                .filter(|output| self.level(&output.column) == Level::Edge)
            {
                let message = "is of edges, and there are none";
                section.problem(&format!("outputs.{}", output.column), message);
            }
        }
        if let Some(WrittenEdges { column, .. }) = &self.written {
            let mut outputs = outputs.iter().map(|output| &output.column);
            if self.level(column) != Level::Edge || !outputs.any(|output| output == column) {
                let message = format!("{column} is no output of edges, as HitEdge_same is");
                section.problem("graph.write_edges.column", message);
            }
        }
        let Some(groups) = self.groups() else {
            return;
        };
        for output in outputs {
            let column = &output.column;
            let prefix = column.strip_prefix(&groups);
            let is_group = prefix.is_some_and(|rest| rest.starts_with('_'));
            if self.level(column) == Level::Graph && !is_group {
                let nodes = &self.nodes;
                let message = format!(
                    "its name says what it has a value for: {nodes}_… each node, {groups}_… each graph, \
                     and a prefix that ends with Edge, as {nodes}Edge_…, each edge"
                );
                section.problem(&format!("outputs.{column}"), message);
            }
        }
    }
}

/// Graphs of one size; none where there are none, or where something is wrong with them.
fn read_dense(table: &mut Section<'_>) -> Option<Dense> {
    /// Nodes of a graph, at most.
    const MOST: u32 = 5_000;
    let mut dense = table.section("dense")?;
    let nodes = dense.required("nodes", Section::count);
    let highest = dense.text("highest");
    dense.finish();
    let nodes = nodes?;
    if nodes == 0 || nodes > MOST {
        dense.problem("nodes", format!("expected 1 to {MOST}, found {nodes}"));
        return None;
    }
    Some(Dense { nodes, highest })
}

/// Which edges are written; none where all are, or where something is wrong.
fn read_written(table: &mut Section<'_>) -> Option<WrittenEdges> {
    let mut written = table.section("write_edges")?;
    let column = written.required_text("column");
    let least = written.required("from", number);
    written.finish();
    let least = least?;
    if !least.is_finite() {
        written.problem("from", format!("expected a finite number, found {least}"));
        return None;
    }
    let least = Least(least);
    column.map(|column| WrittenEdges { column, least })
}

fn read_edges(table: &mut Section<'_>) -> Option<(Edges, bool)> {
    if let Some(Value::String(_)) = table.value("edges") {
        let words = [("full", Edges::Full), ("none", Edges::None)];
        let place = table.choice("edges", &[("full", 0), ("none", 1)])?;
        return words
            .into_iter()
            .nth(place)
            .map(|(_, edges)| (edges, false));
    }
    if table.value("edges").is_none() {
        table.problem(
            "edges",
            "is missing: \"full\", \"none\", { within = \"column\" }, { radius = 1.5, of = [\"x\", \"z\"] } or \
             { nearest = 8, of = [\"x\", \"z\"] }; { loops = true } adds an edge from every node to \
             itself",
        );
        return None;
    }
    let mut edges = table.section("edges")?;
    let loops = flag(&mut edges, "loops");
    let within = edges.text("within");
    let radius = number(&mut edges, "radius");
    let nearest = edges.count("nearest");
    let of = edges.texts("of");
    edges.finish();
    if of.as_ref().is_some_and(Vec::is_empty) {
        edges.problem("of", "is empty: name at least one coordinate");
    }
    let has_of = of.is_some();
    let found = match (within, radius, nearest, of) {
        (Some(column), None, None, None) => Edges::Within(column),
        (None, Some(radius), None, Some(of)) if radius >= 0.0 && radius.is_finite() => {
            Edges::Radius(Distance(radius), of)
        }
        (None, Some(radius), None, Some(_)) => {
            edges.problem("radius", format!("expected 0 or more, found {radius}"));
            return None;
        }
        (None, None, Some(nearest), Some(of)) if nearest > 0 => Edges::Nearest(nearest, of),
        (None, None, Some(_), Some(_)) => {
            edges.problem("nearest", "expected 1 or more, found 0");
            return None;
        }
        (None, None, None, None) => Edges::Full,
        _ => {
            let message = match has_of {
                true => "expected one of within, radius and nearest; of goes with the last two",
                false => "expected one of within, radius and nearest; the last two need of = […]",
            };
            edges.problem_here(message);
            return None;
        }
    };
    Some((found, loops.unwrap_or(false)))
}

fn flag(section: &mut Section<'_>, key: &str) -> Option<bool> {
    let value = section.value(key)?;
    let flag = value.as_bool();
    if flag.is_none() {
        section.problem(
            key,
            format!("expected true or false, found {}", value.type_str()),
        );
    }
    flag
}

fn number(section: &mut Section<'_>, key: &str) -> Option<f64> {
    let value = section.value(key)?;
    let whole = value.as_integer().map(|whole| whole as f64);
    let number = value.as_float().or(whole);
    if number.is_none() {
        section.problem(
            key,
            format!("expected a number, found {}", value.type_str()),
        );
    }
    number
}

fn read_inputs(section: &mut Section<'_>) -> Option<Vec<(String, GraphInput)>> {
    let words: Vec<&str> = INPUTS.iter().map(|(word, _)| *word).collect();
    if !matches!(section.value("inputs"), Some(Value::Table(_))) {
        let words = words.join("\", \"");
        let message = format!(
            "expected what each input of the model is given, such as {{ x = \"nodes\" }}; there are \
             \"{words}\""
        );
        section.problem("inputs", message);
        return None;
    }
    let mut table = section.section("inputs")?;
    let names = table.keys();
    let mut inputs = Vec::with_capacity(names.len());
    for name in &names {
        if let Some(input) = table.choice(name, &INPUTS) {
            inputs.push((name.clone(), input));
        }
    }
    (inputs.len() == names.len()).then_some(inputs)
}

#[cfg(test)]
mod tests {
    use crate::campaign::Campaign;

    fn wrong(model: &str) -> String {
        let text = format!(
            "name = \"c\"\noutput = \"o\"\n[[dataset]]\nname = \"data\"\nkind = \"mc\"\nfiles = \
             [\"a\"]\n[[stage]]\nname = \"s\"\n[[stage.model]]\nname = \"m\"\nonnx = \"m.onnx\"\n{model}"
        );
        match Campaign::parse(&text) {
            Ok(_) => String::new(),
            Err(errors) => errors.to_string(),
        }
    }

    const RIGHT: &str = "graph = { nodes = \"Hit\", per = \"Hit_group\", features = [\"x\"], edges = \
                         \"full\" }\ninputs = { x = \"nodes\", edge_index = \"edges\" }\noutputs = { \
                         Group_a = \"g[0]\", Hit_b = \"n[1]\", HitEdge_c = \"e\" }\n";

    #[test]
    fn a_graph_is_read() {
        assert_eq!(wrong(RIGHT), "");
        let edges = [
            "{ within = \"Hit_group\" }",
            "{ radius = 1.5, of = [\"x\"], loops = true }",
            "{ nearest = 8, of = [\"x\"] }",
            "{ loops = true }",
        ];
        for edges in edges {
            assert_eq!(wrong(&RIGHT.replace("\"full\"", edges)), "", "{edges}");
        }
    }

    #[test]
    fn mistakes_of_a_graph_name_their_place() {
        let cases = [
            (
                "\"full\"",
                "\"all\"",
                "graph.edges: expected \"full\" or \"none\", found \"all\"",
            ),
            (
                "\"full\"",
                "{ radius = -1, of = [\"x\"] }",
                "expected 0 or more, found -1",
            ),
            ("\"full\"", "{ radius = 1 }", "the last two need of"),
            (
                "\"full\"",
                "{ nearest = 0, of = [\"x\"] }",
                "expected 1 or more",
            ),
            (
                "\"full\"",
                "{ within = \"a\", of = [\"x\"] }",
                "expected one of within",
            ),
            ("\"full\"", "{ far = 2 }", "edges.far: unknown key"),
            ("[\"x\"]", "[]", "graph.features: is empty"),
            ("nodes = \"Hit\", ", "", "graph.nodes: is missing"),
            (
                "Group_a",
                "pion",
                "outputs.pion: its name says what it has a value for",
            ),
            (
                "edge_index = \"edges\"",
                "u = \"globals\"",
                "no globals are named",
            ),
            (
                "edge_index = \"edges\"",
                "u = \"edge\"",
                "inputs.u: expected \"nodes\" or",
            ),
            ("x = \"nodes\", ", "", "no input is given the nodes"),
            (
                "inputs = {",
                "nan = \"drop\"\ninputs = {",
                "nan: \"drop\" is not available",
            ),
            ("inputs = {", "class = 1\ninputs = {", "class: "),
            ("outputs = {", "engine = \"trees\"\noutputs = {", "engine: "),
            (
                "Hit_b = ",
                "HitEdge_i = ",
                "two output columns are named \"HitEdge_i\"",
            ),
        ];
        for (old, new, expected) in cases {
            assert!(RIGHT.contains(old), "{old}");
            let told = wrong(&RIGHT.replacen(old, new, 1));
            assert!(told.contains(expected), "{new}: {told}");
        }
    }

    #[test]
    fn graphs_of_one_size_have_a_mask_and_no_edges() {
        let dense = "graph = { nodes = \"Hit\", features = [\"x\"], dense = { nodes = 64, highest = \"x\" } \
                     }\ninputs = { x = \"nodes\", m = \"mask\" }\noutputs = { a = \"g[0]\", Hit_b = \"n\" }\n";
        assert_eq!(wrong(dense), "");
        let cases = [
            (
                "nodes = 64",
                "nodes = 0",
                "graph.dense.nodes: expected 1 to 5000, found 0",
            ),
            ("highest = ", "lowest = ", "graph.dense.lowest: unknown key"),
            (
                "\"mask\"",
                "\"edges\"",
                "inputs.m: edges are not given with dense",
            ),
            (
                ", dense = { nodes = 64, highest = \"x\" }",
                ", edges = \"full\"",
                "a mask goes with",
            ),
            (
                "dense = {",
                "edges = \"full\", dense = {",
                "graph.edges: goes not with dense",
            ),
            (
                "Hit_b",
                "HitEdge_b",
                "outputs.HitEdge_b: is of edges, and there are none",
            ),
        ];
        for (old, new, expected) in cases {
            assert!(dense.contains(old), "{old}");
            let told = wrong(&dense.replacen(old, new, 1));
            assert!(told.contains(expected), "{new}: {told}");
        }
    }

    #[test]
    fn edges_that_are_written_are_of_an_output() {
        let some = "\"full\", write_edges = { column = \"HitEdge_c\", from = 0.2 }";
        let right = RIGHT.replace("\"full\"", some);
        assert_eq!(wrong(&right), "");
        for (old, new, expected) in [
            (
                "column = \"HitEdge_c\"",
                "column = \"Hit_b\"",
                "Hit_b is no output of edges",
            ),
            ("from = 0.2", "from = inf", "expected a finite number"),
            ("from = 0.2", "above = 0.2", "write_edges.from: is missing"),
        ] {
            let told = wrong(&right.replacen(old, new, 1));
            assert!(told.contains(expected), "{new}: {told}");
        }
    }

    #[test]
    fn two_indices_are_of_graphs() {
        assert_eq!(wrong(&RIGHT.replace("g[0]", "g[0,1]")), "");
        let told = wrong("inputs = [\"a\"]\noutputs = { a = \"g[0,1]\" }");
        assert!(told.contains("two indices"), "{told}");
    }
}
