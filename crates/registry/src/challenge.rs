//! `WWW-Authenticate`: how a server wants to be told who asks.

/// One way that a server offers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Challenge {
    /// `basic` or `bearer`, in lower case.
    pub(crate) scheme: String,
    parameters: Vec<(String, String)>,
}

/// Bytes of one header that are looked at.
const LONGEST: usize = 8 << 10;

impl Challenge {
    /// All of one header: it may have several, divided by the commas that also divide parameters.
    ///
    /// Source: RFC 9110, section 11.6.1.
    pub(crate) fn all(header: &str) -> Vec<Challenge> {
        let mut challenges: Vec<Challenge> = Vec::new();
        let end = (0..=LONGEST.min(header.len())).rev().find(|end| header.is_char_boundary(*end));
        let mut rest = Rest(&header[..end.unwrap_or_default()]);
        while let Some(word) = rest.word() {
            match (rest.value(), challenges.last_mut()) {
                (Some(value), Some(challenge)) => challenge.parameters.push((word, value)),
                (Some(_), None) => {}
                (None, _) => challenges.push(Challenge { scheme: word, parameters: Vec::new() }),
            }
        }
        challenges
    }

    /// A parameter, by its name in lower case.
    pub(crate) fn parameter(&self, name: &str) -> Option<&str> {
        let named = self.parameters.iter().find(|(known, _)| known == name);
        named.map(|(_, value)| value.as_str()).filter(|value| !value.is_empty())
    }
}

/// What is not read yet.
struct Rest<'a>(&'a str);

impl Rest<'_> {
    /// A scheme or the name of a parameter, in lower case.
    fn word(&mut self) -> Option<String> {
        // A `=` without a name is part of nothing that we know.
        self.0 = self.0.trim_start_matches([' ', '\t', ',', '=']);
        let end = self.0.find([' ', '\t', ',', '=']).unwrap_or(self.0.len());
        let (word, rest) = self.0.split_at(end);
        self.0 = rest;
        (!word.is_empty()).then(|| word.to_ascii_lowercase())
    }

    /// `=value` or `="value"`, if that is what comes next.
    fn value(&mut self) -> Option<String> {
        let after = self.0.trim_start_matches([' ', '\t']).strip_prefix('=')?.trim_start_matches([' ', '\t']);
        let Some(quoted) = after.strip_prefix('"') else {
            let end = after.find([' ', '\t', ',']).unwrap_or(after.len());
            let (value, rest) = after.split_at(end);
            self.0 = rest;
            return Some(value.to_string());
        };
        let mut value = String::new();
        let mut chars = quoted.char_indices();
        while let Some((at, c)) = chars.next() {
            match c {
                '"' => {
                    self.0 = &quoted[at + 1..];
                    return Some(value);
                }
                '\\' => value.extend(chars.next().map(|(_, c)| c)),
                _ => value.push(c),
            }
        }
        // A quote that does not end: the value cannot be what was meant.
        self.0 = "";
        Some(String::new())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(header: &str) -> String {
        let show = |challenge: &Challenge| {
            let parameters = challenge.parameters.iter().map(|(name, value)| format!(" {name}=<{value}>"));
            format!("{}{}", challenge.scheme, parameters.collect::<String>())
        };
        Challenge::all(header).iter().map(show).collect::<Vec<_>>().join(" + ")
    }

    #[test]
    fn challenges_and_their_parameters() {
        for (header, expected) in [
            (r#"Basic realm="here""#, "basic realm=<here>"),
            (
                r#"Bearer realm="https://a/token",service="a.b",scope="repository:x:pull,push""#,
                "bearer realm=<https://a/token> service=<a.b> scope=<repository:x:pull,push>",
            ),
            (r#"BEARER Realm = "a" , service=b"#, "bearer realm=<a> service=<b>"),
            (r#"Basic realm="a, Bearer", Bearer realm="b""#, "basic realm=<a, Bearer> + bearer realm=<b>"),
            (r#"Negotiate, Basic realm="a""#, "negotiate + basic realm=<a>"),
            (r#"Basic realm="a\"b\\c""#, r#"basic realm=<a"b\c>"#),
            ("Basic", "basic"),
            (r#"Bearer realm="a",error="insufficient_scope""#, "bearer realm=<a> error=<insufficient_scope>"),
        ] {
            assert_eq!(read(header), expected, "{header}");
        }
    }

    #[test]
    fn garbage_gives_nothing_that_is_used() {
        for (header, expected) in [
            ("", ""),
            (",,, ,", ""),
            ("=", ""),
            ("= = =", ""),
            (r#"realm="a""#, ""),
            (r#"Bearer realm="never ends"#, "bearer realm=<>"),
            (r#"Bearer realm="\"#, "bearer realm=<>"),
            ("Bearer =x", ""),
            ("ä=\"ö\"", ""),
        ] {
            assert_eq!(read(header), expected, "{header}");
        }
        assert_eq!(read(&"= ".repeat(100_000)), "");
        assert_eq!(read(&"=a,".repeat(100_000)).split(' ').next(), Some("a"));
        let long = format!("Bearer realm=\"{}\"", "x".repeat(100 << 10));
        assert_eq!(read(&long), "bearer realm=<>");
    }

    #[test]
    fn whatever_comes_nothing_falls_over() {
        let parts = ["Bearer", "Basic", " ", ",", "=", "\"", "\\", "realm", "é", "\t", "a"];
        let mut state = 1_u32;
        let mut next = || {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            parts[(state >> 16) as usize % parts.len()]
        };
        for length in (0..20_000).map(|number| number % 40) {
            let header: String = (0..length).map(|_| next()).collect();
            let _ = Challenge::all(&header);
        }
    }
}
