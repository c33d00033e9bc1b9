//! Variables of the program's environment.

use fault::{Fault, Result};
use serde::{Deserialize, Serialize};

/// Docker's, for images that have none of their own.
const PATH: &str = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/// A variable, and what it is to be; nothing means that it is not to be there.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Variable {
    name: String,
    value: Option<String>,
}

impl Variable {
    /// From `NAME=value`, or from `NAME`, which takes the `caller`'s.
    pub fn parse(text: &str, caller: impl Fn(&str) -> Option<String>) -> Result<Variable> {
        let (name, value) = match text.split_once('=') {
            Some((name, value)) => (name, Some(value.to_string())),
            None => (text, caller(text)),
        };
        if name.is_empty() {
            return Err(Fault::invalid("--env", format!("invalid environment variable: `{text}`"))
                .hint("NAME=value, or NAME alone to pass your own on"));
        }
        Ok(Variable { name: name.to_string(), value })
    }

    /// An image's variables with others over them, each at its place.
    pub fn over(image: &[String], others: &[Variable]) -> Vec<String> {
        let mut all = Vec::new();
        for (name, value) in image.iter().filter_map(|text| text.split_once('=')) {
            replace(&mut all, &Variable::set(name, value));
        }
        for variable in others {
            replace(&mut all, variable);
        }
        let text = |variable: Variable| variable.value.map(|value| format!("{}={value}", variable.name));
        all.into_iter().filter_map(text).collect()
    }

    fn set(name: &str, value: &str) -> Variable {
        Variable { name: name.to_string(), value: Some(value.to_string()) }
    }
}

/// The whole environment: what every container has, then the image's, then what was asked for, in Docker's order.
pub(crate) fn of(
    image: &[String],
    asked: &[Variable],
    hostname: &str,
    terminal: bool,
    home: &str,
) -> Vec<String> {
    let mut all = vec![Variable::set("PATH", PATH), Variable::set("HOSTNAME", hostname)];
    if terminal {
        all.push(Variable::set("TERM", "xterm"));
    }
    add(&mut all, image, asked);
    if !all.iter().any(|variable| variable.name == "HOME") {
        all.push(Variable::set("HOME", home));
    }
    texts(all)
}

/// What an image and a person say of it, without what every container has.
pub(crate) fn said(image: &[String], asked: &[Variable]) -> Vec<String> {
    // What was asked for comes first, as docker shows it.
    let mut all = Vec::new();
    add(&mut all, &[], asked);
    add(&mut all, image, asked);
    texts(all)
}

fn add(all: &mut Vec<Variable>, image: &[String], asked: &[Variable]) {
    // An image's variable without a value is none.
    let of_image = image.iter().filter_map(|text| text.split_once('='));
    for (name, value) in of_image {
        replace(all, &Variable::set(name, value));
    }
    for variable in asked {
        replace(all, variable);
    }
}

fn texts(all: Vec<Variable>) -> Vec<String> {
    all.into_iter()
        .filter_map(|variable| variable.value.map(|value| format!("{}={value}", variable.name)))
        .collect()
}

fn replace(all: &mut Vec<Variable>, variable: &Variable) {
    match all.iter_mut().find(|one| one.name == variable.name) {
        Some(one) => *one = variable.clone(),
        None => all.push(variable.clone()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_one_counts_and_the_callers_can_be_passed_on() {
        let caller = |name: &str| (name == "MINE").then(|| "m".to_string());
        let parse = |text| Variable::parse(text, caller).unwrap();
        let asked = ["A=1", "MINE", "A=2=3", "NOT_SET", "TERM=dumb", "E="].map(parse);
        assert_eq!(
            of(&["A=0".to_string(), "TERM=image".to_string()], &asked, "box", true, "/root"),
            [
                format!("PATH={PATH}").as_str(),
                "HOSTNAME=box",
                "TERM=dumb",
                "A=2=3",
                "MINE=m",
                "E=",
                "HOME=/root"
            ]
        );
        assert!(Variable::parse("=x", caller).is_err());
    }
}
