//! `--change`: lines of a Dockerfile that change what an image runs.
//!
//! Source: docs.docker.com, "docker image import", "Dockerfile reference".

use fault::{Fault, Result};
use oci::image::Execution;

/// Changes what an image runs.
///
/// # Errors
/// `Invalid`, with the line.
pub fn change(execution: &mut Execution, line: &str) -> Result<()> {
    let line = line.trim();
    let wrong = |cause: String| Fault::invalid(format!("--change {line}"), cause);
    let (verb, rest) = line.split_once(char::is_whitespace).unwrap_or((line, ""));
    let rest = rest.trim();
    let verb = verb.to_uppercase();
    if rest.is_empty() && !matches!(verb.as_str(), "CMD" | "ENTRYPOINT") {
        return Err(wrong(format!("{verb} requires at least one argument")));
    }
    match verb.as_str() {
        "CMD" => execution.cmd = Some(command(rest)),
        "ENTRYPOINT" => execution.entrypoint = Some(command(rest)),
        "USER" => execution.user = rest.to_string(),
        "WORKDIR" => execution.working_dir = within(&execution.working_dir, rest),
        "STOPSIGNAL" => execution.stop_signal = rest.to_string(),
        "ONBUILD" => execution.on_build.push(rest.to_string()),
        "EXPOSE" => execution.exposed_ports.extend(words(rest).into_iter().map(port)),
        "VOLUME" => execution.volumes.extend(list(rest).unwrap_or_else(|| words(rest))),
        "ENV" => {
            for (name, value) in pairs(rest).map_err(wrong)? {
                execution.env.retain(|one| one.split_once('=').is_none_or(|(other, _)| other != name));
                execution.env.push(format!("{name}={value}"));
            }
        }
        "LABEL" => execution.labels.extend(pairs(rest).map_err(wrong)?),
        _ => return Err(wrong(format!("{} is not a valid change command", verb.to_lowercase()))),
    }
    Ok(())
}

/// A JSON list is the program and its arguments; anything else is for a shell.
fn command(text: &str) -> Vec<String> {
    list(text).unwrap_or_else(|| vec!["/bin/sh".to_string(), "-c".to_string(), text.to_string()])
}

fn list(text: &str) -> Option<Vec<String>> {
    serde_json::from_str(text).ok()
}

fn port(text: String) -> String {
    if text.contains('/') { text } else { text + "/tcp" }
}

fn within(folder: &str, path: &str) -> String {
    if path.starts_with('/') { path.to_string() } else { format!("{}/{path}", folder.trim_end_matches('/')) }
}

/// `NAME=value NAME="other value"`, or the old way with one name: `NAME value`.
fn pairs(text: &str) -> std::result::Result<Vec<(String, String)>, String> {
    let words = words(text);
    if !words.first().is_some_and(|word| word.contains('=')) {
        let (name, value) =
            text.split_once(char::is_whitespace).ok_or_else(|| format!("`{text}` has no value"))?;
        return Ok(vec![(name.to_string(), value.trim().to_string())]);
    }
    let pair = |word: String| match word.split_once('=') {
        Some((name, value)) if !name.is_empty() => Ok((name.to_string(), value.to_string())),
        _ => Err(format!("`{word}` is not NAME=VALUE")),
    };
    words.into_iter().map(pair).collect()
}

/// Words, in which quotes and backslashes keep blanks together.
fn words(text: &str) -> Vec<String> {
    let (mut words, mut word, mut begun, mut quote) = (Vec::new(), String::new(), false, None);
    let mut chars = text.chars();
    while let Some(char) = chars.next() {
        match (quote, char) {
            (Some(open), _) if char == open => quote = None,
            (None, '"' | '\'') => {
                quote = Some(char);
                begun = true;
            }
            (None | Some('"'), '\\') => word.extend(chars.next()),
            (None, _) if char.is_whitespace() => {
                if begun || !word.is_empty() {
                    words.push(std::mem::take(&mut word));
                }
                begun = false;
            }
            _ => word.push(char),
        }
    }
    if begun || !word.is_empty() {
        words.push(word);
    }
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    fn changed(lines: &[&str]) -> Result<Execution> {
        let mut execution = Execution::default();
        lines.iter().try_for_each(|line| change(&mut execution, line)).map(|()| execution)
    }

    #[test]
    fn lines_of_a_dockerfile() {
        let got = changed(&[
            "CMD [\"a\", \"b c\"]",
            "entrypoint run me",
            "ENV A=1 B=\"two words\"",
            "ENV A 3 and 4",
            "LABEL x=y",
            "EXPOSE 80 53/udp",
            "VOLUME [\"/data\"]",
            "VOLUME /a /b",
            "USER me:us",
            "WORKDIR /srv",
            "WORKDIR sub",
            "STOPSIGNAL SIGQUIT",
        ])
        .unwrap();
        assert_eq!(got.cmd.unwrap(), ["a", "b c"]);
        assert_eq!(got.entrypoint.unwrap(), ["/bin/sh", "-c", "run me"]);
        assert_eq!(got.env, ["B=two words", "A=3 and 4"]);
        assert_eq!(got.labels["x"], "y");
        assert_eq!(got.exposed_ports.into_iter().collect::<Vec<_>>(), ["53/udp", "80/tcp"]);
        assert_eq!(got.volumes.into_iter().collect::<Vec<_>>(), ["/a", "/b", "/data"]);
        assert_eq!((got.user.as_str(), got.working_dir.as_str()), ("me:us", "/srv/sub"));
        assert_eq!(got.stop_signal, "SIGQUIT");
    }

    #[test]
    fn what_is_no_change_is_named() {
        for line in ["RUN x", "ENV", "ENV A", "LABEL =x", "FROM scratch"] {
            let said = changed(&[line]).unwrap_err().sentence();
            assert!(said.contains(line), "{said}");
        }
    }
}
