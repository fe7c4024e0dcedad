//! Colours and type. The colours of series are those of M. A. Petroff, "Accessible color
//! sequences for data visualization", arXiv:2107.02270 (six colours).

/// A colour's name, in the light theme, and in the dark.
const COLOURS: [(&str, &str, &str); 9] = [
    ("paper", "#ffffff", "#16181d"),
    ("ink", "#16181d", "#e8e9ec"),
    ("muted", "#687078", "#9aa2ab"),
    ("s0", "#3f7fd0", "#6ba8f5"),
    ("s1", "#e08a00", "#f89c20"),
    ("s2", "#c8202b", "#f0636c"),
    ("s3", "#6f7d86", "#9c9ca1"),
    ("s4", "#964a8b", "#c984bf"),
    ("s5", "#5b21c9", "#a583f0"),
];

const RULES: &str = "\
text{font-family:'TeX Gyre Heros','Helvetica Neue',Helvetica,Arial,'Liberation Sans',sans-serif;fill:{ink}}\
.paper{fill:{paper}}.campaign{font-size:20px;font-weight:700}.data{font-size:16px}.title{font-size:19px}\
.label{font-size:16px}.note{font-size:16px}.small{font-size:14px}.quiet{font-size:14px;fill:{muted}}\
.frame{fill:none;stroke:{ink};stroke-width:1.5}.tick{fill:none;stroke:{ink};stroke-width:1.2}\
.guide{fill:none;stroke:{muted};stroke-width:1.2;stroke-dasharray:6 5}\
.error{fill:none;stroke:{ink};stroke-width:1.3}.point{fill:{ink}}\
.curve{fill:none;stroke-width:2.4;stroke-linejoin:round}.thin{fill:none;stroke-width:1.5}.dashed{stroke-dasharray:9 5}\
.area{opacity:.16;stroke:none}.bar{stroke:none}.rail{fill:{muted};opacity:.14}";

/// The rules of a file of its own: the light theme.
pub(super) fn file_rules() -> String {
    let mut rules = RULES.to_owned() + &series_rules();
    for (name, light, _) in COLOURS {
        rules = rules.replace(&format!("{{{name}}}"), light);
    }
    rules
}

/// The same rules, with the page's variables for colours.
pub(in crate::report) fn page_rules() -> String {
    let mut rules = RULES.replace("text{", ".plot text{") + &series_rules();
    for (name, ..) in COLOURS {
        rules = rules.replace(&format!("{{{name}}}"), &format!("var(--{name})"));
    }
    rules
}

/// The page's variables, in the light and in the dark theme.
pub(in crate::report) fn page_variables() -> [String; 2] {
    let list = |pick: fn(&(&str, &'static str, &'static str)) -> &'static str| {
        COLOURS
            .iter()
            .map(|colour| format!("--{}:{};", colour.0, pick(colour)))
            .collect()
    };
    [list(|colour| colour.1), list(|colour| colour.2)]
}

fn series_rules() -> String {
    (0..6)
        .map(|n| format!(".s{n}{{stroke:{{s{n}}}}}.f{n}{{fill:{{s{n}}}}}"))
        .collect()
}
