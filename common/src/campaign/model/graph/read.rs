//! From a campaign to a graph, or to what is wrong with it.

use toml::Value;

use super::{Distance, Edges, Graph, GraphInput, INPUTS, Level};
use crate::campaign::model::outputs::ModelOutput;
use crate::section::Section;

impl Graph {
    /// Reads `graph`, and `inputs` as a graph has them; none where there is no graph.
    pub(in crate::campaign::model) fn read(section: &mut Section<'_>) -> Option<Option<Self>> {
        if section.value("graph").is_none() {
            return Some(None);
        }
        let mut table = section.section("graph")?;
        let nodes = table.required_text("nodes");
        let per = table.text("per");
        let features = table.required("features", |table, key| table.texts(key));
        if features.as_ref().is_some_and(Vec::is_empty) {
            table.problem("features", "is empty: a node has at least one feature");
        }
        let edges = read_edges(&mut table);
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
        if !given(GraphInput::Nodes) {
            section.problem(
                "inputs",
                "no input is given the nodes: inputs = { … = \"nodes\" }",
            );
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

fn read_edges(table: &mut Section<'_>) -> Option<(Edges, bool)> {
    if let Some(Value::String(_)) = table.value("edges") {
        return table
            .choice("edges", &[("full", ())])
            .map(|()| (Edges::Full, false));
    }
    if table.value("edges").is_none() {
        table.problem(
            "edges",
            "is missing: \"full\", { within = \"column\" }, { radius = 1.5, of = [\"x\", \"z\"] } or \
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
                "graph.edges: expected \"full\", found \"all\"",
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
    fn two_indices_are_of_graphs() {
        assert_eq!(wrong(&RIGHT.replace("g[0]", "g[0,1]")), "");
        let told = wrong("inputs = [\"a\"]\noutputs = { a = \"g[0,1]\" }");
        assert!(told.contains("two indices"), "{told}");
    }
}
