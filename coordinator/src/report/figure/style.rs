//! Colours and type. The colours of series are those of M. A. Petroff, "Accessible color
//! sequences for data visualization", arXiv:2107.02270 (six colours), the second one darker on white: each
//! has a contrast of 3 : 1 at least. Curves differ in their dashes, too.

/// A colour's name, in the light theme, and in the dark.
const COLOURS: [(&str, &str, &str); 9] = [
    ("paper", "#ffffff", "#16181d"),
    ("ink", "#16181d", "#e8e9ec"),
    ("muted", "#687078", "#9aa2ab"),
    ("s0", "#3f7fd0", "#6ba8f5"),
    ("s1", "#c97000", "#f89c20"),
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
.curve,.stem{fill:none;stroke-width:2.4;stroke-linejoin:round}.thin{fill:none;stroke-width:1.5}.dashed{stroke-dasharray:9 5}\
.area{opacity:.28;stroke:none}.tiny{font-size:12px}.strong{font-weight:700}.faint{fill:{muted}}.hair{fill:none;stroke:{muted};stroke-width:1}.touch{fill-opacity:0;stroke:none}.bar{stroke:none}.rail{fill:{muted};opacity:.14}.doubt{fill:{s2}}";

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
    let mut rules = RULES.replace("text{", ":where(.plot) text{") + &series_rules();
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

/// The dashes of curves, of the first series none.
const DASHES: [&str; 6] = ["none", "11 4", "3 3", "12 4 3 4", "6 3", "14 3 2 3 2 3"];

fn series_rules() -> String {
    let rules = DASHES.iter().enumerate().map(|(n, dashes)| {
        format!(
            ".s{n}{{stroke:{{s{n}}}}}.f{n}{{fill:{{s{n}}}}}.curve.s{n}{{stroke-dasharray:{dashes}}}"
        )
    });
    rules
        .chain([String::from(".curve.solid{stroke-dasharray:none}")])
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The contrast of two colours after WCAG 2.2.
    fn contrast(one: &str, other: &str) -> f64 {
        let luminance = |colour: &str| -> f64 {
            let part = |from: usize| {
                let part = u8::from_str_radix(&colour[from..from + 2], 16).unwrap();
                let part = f64::from(part) / 255.0;
                match part <= 0.04045 {
                    true => part / 12.92,
                    false => ((part + 0.055) / 1.055).powf(2.4),
                }
            };
            0.2126 * part(1) + 0.7152 * part(3) + 0.0722 * part(5)
        };
        let (one, other) = (luminance(one), luminance(other));
        (one.max(other) + 0.05) / (one.min(other) + 0.05)
    }

    #[test]
    fn curves_were_too_pale_on_white() {
        let paper = COLOURS[0];
        for (name, light, dark) in COLOURS.into_iter().skip(1) {
            let least = if name.starts_with('s') { 3.0 } else { 4.5 };
            for (colour, paper) in [(light, paper.1), (dark, paper.2)] {
                let found = contrast(colour, paper);
                assert!(found >= least, "{name}: {found}");
            }
        }
    }
}
