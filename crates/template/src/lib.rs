//! What `--format` takes: the part of Go's text/template that people use with docker, over JSON values.
//!
//! ```
//! let web = serde_json::json!({ "Name": "web", "Ports": [80, 443] });
//! let template = template::Template::parse("{{.Name}}:{{range .Ports}} {{.}}{{end}}")?;
//! assert_eq!(template.render(&web)?, "web: 80 443");
//! # Ok::<(), fault::Fault>(())
//! ```
//!
//! Own code, because no crate for this is kept. There are actions, pipelines, variables, `if`, `range`, `with`,
//! `break`, `continue`, comments, trimmed space, Go's functions and those that docker adds; no `define` and no
//! methods.
//!
//! Sources: <https://pkg.go.dev/text/template>, <https://docs.docker.com/engine/cli/formatting/>

mod eval;
mod functions;
mod lex;
mod number;
mod parse;
mod printf;
mod show;

use fault::{Fault, Kind, Result};
use serde_json::Value;

pub use show::{json, show};

/// A template that was understood.
#[derive(Debug, Clone)]
pub struct Template {
    nodes: Vec<parse::Node>,
    missing: Missing,
}

/// What a field is that is not there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Missing {
    /// `<no value>`, as with Go's maps.
    NoValue,
    /// An error, as with Go's structs.
    Error,
}

impl Template {
    /// Understands a template. A field that is not there will read as `<no value>`.
    ///
    /// # Errors
    /// In docker's words: "template parsing error".
    pub fn parse(text: &str) -> Result<Template> {
        let nodes = parse::parse(text).map_err(|why| {
            Fault::new(Kind::Invalid, format!("use the format `{text}`"))
                .because(format!("template parsing error: template: :{why}"))
        })?;
        Ok(Template { nodes, missing: Missing::NoValue })
    }

    /// A field that is not there will be an error: for rows of a table, whose fields are known.
    #[must_use]
    pub fn strict(mut self) -> Template {
        self.missing = Missing::Error;
        self
    }

    /// Fills it in.
    pub fn render(&self, value: &Value) -> Result<String> {
        self.render_with(value, &Value::Null)
    }

    /// The same with methods of one text each, as `{{.Label "a"}}`: for each the answers by argument; nothing means that
    /// the argument is the answer. What is no answer is empty.
    pub fn render_with(&self, value: &Value, methods: &Value) -> Result<String> {
        eval::render(&self.nodes, value, methods, self.missing == Missing::Error).map_err(|why| {
            Fault::new(Kind::Invalid, "fill in the format")
                .because(format!("template: :1: executing \"\": {why}"))
        })
    }

    /// Names of the fields of `.` that it prints first in each action: the heads of a table's columns.
    pub fn fields(&self) -> Vec<&str> {
        self.nodes.iter().filter_map(parse::Node::first_field).collect()
    }
}
