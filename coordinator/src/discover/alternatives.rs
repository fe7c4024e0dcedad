//! Alternatives in an entry of `files`: `run{B,C}/*.root` is `runB/*.root` and `runC/*.root`, as
//! in a shell.

/// Alternatives of one entry.
pub(super) const MOST: usize = 10_000;

/// Every text that a text with alternatives stands for, in order; itself when it has none.
/// `None` when there are more than [`MOST`].
pub(super) fn alternatives(text: &str) -> Option<Vec<String>> {
    let mut open = vec![text.to_owned()];
    let mut done = Vec::new();
    while let Some(text) = open.pop() {
        match Braces::first(&text) {
            None => done.push(text),
            Some(braces) => open.extend(braces.chosen(&text).rev()),
        }
        if open.len() + done.len() > MOST {
            return None;
        }
    }
    Some(done)
}

/// Braces with at least two alternatives, and where their commas are.
struct Braces {
    start: usize,
    commas: Vec<usize>,
    end: usize,
}

impl Braces {
    /// The outermost ones that begin first. Braces without a comma are text.
    fn first(text: &str) -> Option<Self> {
        let mut open: Vec<(usize, Vec<usize>)> = Vec::new();
        let mut first: Option<Self> = None;
        for (at, byte) in text.bytes().enumerate() {
            match byte {
                b'{' => open.push((at, Vec::new())),
                b',' => {
                    if let Some((_, commas)) = open.last_mut() {
                        commas.push(at);
                    }
                }
                b'}' => {
                    let Some((start, commas)) = open.pop() else {
                        continue;
                    };
                    let is_first = first.as_ref().is_none_or(|first| start < first.start);
                    if !commas.is_empty() && is_first {
                        let end = at;
                        first = Some(Self { start, commas, end });
                    }
                }
                _ => {}
            }
        }
        first
    }

    /// The text with each of the alternatives in their place.
    fn chosen<'a>(&'a self, text: &'a str) -> impl DoubleEndedIterator<Item = String> + 'a {
        let begins = std::iter::once(self.start).chain(self.commas.iter().copied());
        let ends = self.commas.iter().copied().chain([self.end]);
        let parts: Vec<(usize, usize)> = begins.zip(ends).collect();
        parts.into_iter().map(move |(before, end)| {
            let piece = |from: usize, to: usize| text.get(from..to).unwrap_or_default();
            format!(
                "{}{}{}",
                piece(0, self.start),
                piece(before + 1, end),
                piece(self.end + 1, text.len())
            )
        })
    }
}

#[cfg(test)]
mod tests {
    use super::alternatives;

    #[test]
    fn alternatives_are_those_of_a_shell() {
        for (text, expected) in [
            ("a.root", "a.root"),
            ("a{b}.root", "a{b}.root"),
            ("{a", "{a"),
            ("a,b}", "a,b}"),
            ("run{B,C}/*.root", "runB/*.root runC/*.root"),
            ("{a,b}{1,2}", "a1 a2 b1 b2"),
            ("x{a,b{1,2},}y", "xay xb1y xb2y xy"),
            ("{a,{b}", "{a,{b}"),
            ("{ä,é}", "ä é"),
        ] {
            assert_eq!(alternatives(text).unwrap().join(" "), expected, "{text}");
        }
        assert_eq!(alternatives(&"{a,b}".repeat(14)), None);
    }
}
