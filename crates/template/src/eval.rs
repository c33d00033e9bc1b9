//! From a tree and a value to text.

use serde_json::Value;

use crate::functions;
use crate::parse::{Node, Operand, Pipe};
use crate::show::{show, truth};

/// The error says what was evaluated and why that could not be.
pub(crate) fn render(nodes: &[Node], value: &Value, methods: &Value, strict: bool) -> Result<String, String> {
    let mut eval = Eval { out: String::new(), whole: value, variables: Vec::new(), methods, strict };
    eval.nodes(nodes, value)?;
    Ok(eval.out)
}

struct Eval<'a> {
    out: String,
    /// What `$` is.
    whole: &'a Value,
    /// Those that can be seen, the last of a name first.
    variables: Vec<(String, Value)>,
    /// See [`crate::Template::render_with`].
    methods: &'a Value,
    strict: bool,
}

/// What comes after a node.
#[derive(PartialEq)]
enum Flow {
    Next,
    Break,
    Continue,
}

impl Eval<'_> {
    fn nodes(&mut self, nodes: &[Node], dot: &Value) -> Result<Flow, String> {
        let seen = self.variables.len();
        let mut flow = Flow::Next;
        for node in nodes {
            flow = self.node(node, dot)?;
            if flow != Flow::Next {
                break;
            }
        }
        self.variables.truncate(seen);
        Ok(flow)
    }

    fn node(&mut self, node: &Node, dot: &Value) -> Result<Flow, String> {
        match node {
            Node::Text(text) => self.out.push_str(text),
            Node::Action(pipe) => {
                let value = self.pipe(pipe, dot)?;
                if pipe.variables.is_empty() {
                    self.out.push_str(&show(&value));
                } else {
                    self.set(pipe, 0, value)?;
                }
            }
            Node::If(pipe, body, otherwise) => return self.branch(pipe, [body, otherwise], dot, false),
            Node::With(pipe, body, otherwise) => return self.branch(pipe, [body, otherwise], dot, true),
            Node::Range(pipe, body, otherwise) => return self.range(pipe, body, otherwise, dot),
            Node::Break => return Ok(Flow::Break),
            Node::Continue => return Ok(Flow::Continue),
        }
        Ok(Flow::Next)
    }

    /// `if`, or `with`, which makes the value the new dot.
    fn branch(
        &mut self,
        pipe: &Pipe,
        [body, otherwise]: [&[Node]; 2],
        dot: &Value,
        with: bool,
    ) -> Result<Flow, String> {
        let seen = self.variables.len();
        let value = self.pipe(pipe, dot)?;
        if !pipe.variables.is_empty() {
            self.set(pipe, 0, value.clone())?;
        }
        let flow = match (truth(&value), with) {
            (true, true) => self.nodes(body, &value),
            (true, false) => self.nodes(body, dot),
            (false, _) => self.nodes(otherwise, dot),
        };
        self.variables.truncate(seen);
        flow
    }

    fn range(&mut self, pipe: &Pipe, body: &[Node], otherwise: &[Node], dot: &Value) -> Result<Flow, String> {
        let items = items(self.pipe(pipe, dot)?)?;
        if items.is_empty() {
            return self.nodes(otherwise, dot);
        }
        for (key, item) in items {
            let seen = self.variables.len();
            match &pipe.variables[..] {
                [] => {}
                [_] => self.set(pipe, 0, item.clone())?,
                _ => {
                    self.set(pipe, 0, key)?;
                    self.set(pipe, 1, item.clone())?;
                }
            }
            let flow = self.nodes(body, &item)?;
            if pipe.declares {
                self.variables.truncate(seen);
            }
            if flow == Flow::Break {
                break;
            }
        }
        Ok(Flow::Next)
    }

    fn set(&mut self, pipe: &Pipe, which: usize, value: Value) -> Result<(), String> {
        let name = &pipe.variables[which];
        if pipe.declares {
            self.variables.push((name.clone(), value));
            return Ok(());
        }
        let found = self.variables.iter_mut().rev().find(|(known, _)| known == name);
        found.map(|(_, old)| *old = value).ok_or_else(|| format!("undefined variable \"${name}\""))
    }

    fn pipe(&mut self, pipe: &Pipe, dot: &Value) -> Result<Value, String> {
        let mut last = None;
        for command in &pipe.commands {
            last = Some(self.command(command, dot, last)?);
        }
        Ok(last.unwrap_or(Value::Null))
    }

    fn command(&mut self, command: &[Operand], dot: &Value, last: Option<Value>) -> Result<Value, String> {
        let Some((Operand::Function(name), rest)) = command.split_first() else {
            return match command {
                [Operand::Field(names), argument] if last.is_none() => {
                    let argument = self.operand(argument, dot)?;
                    self.method(names, argument)
                }
                [one] if last.is_none() => self.operand(one, dot),
                _ => Err("can't give argument to non-function".to_string()),
            };
        };
        if matches!(name.as_str(), "and" | "or") {
            return self.and_or(name, rest, dot, last);
        }
        let mut args = Vec::with_capacity(rest.len() + 1);
        for operand in rest {
            args.push(self.operand(operand, dot)?);
        }
        args.extend(last);
        functions::call(name, &args).map_err(|why| format!("error calling {name}: {why}"))
    }

    /// `.Label "a"`.
    fn method(&self, names: &[String], argument: Value) -> Result<Value, String> {
        let [name] = names else { return Err("can't give argument to non-function".to_string()) };
        match self.methods.get(name) {
            None => Err(format!("{name} is not a method but has arguments")),
            Some(Value::Null) => Ok(argument),
            Some(answers) => {
                let key = argument
                    .as_str()
                    .ok_or_else(|| format!("wrong type for value of {name}; expected string"))?;
                Ok(answers.get(key).cloned().unwrap_or_else(|| Value::from("")))
            }
        }
    }

    /// They look at no more arguments than they need.
    fn and_or(
        &mut self,
        name: &str,
        rest: &[Operand],
        dot: &Value,
        last: Option<Value>,
    ) -> Result<Value, String> {
        let mut value = Value::Null;
        for operand in rest {
            value = self.operand(operand, dot)?;
            if truth(&value) == (name == "or") {
                return Ok(value);
            }
        }
        Ok(last.unwrap_or(value))
    }

    fn operand(&mut self, operand: &Operand, dot: &Value) -> Result<Value, String> {
        match operand {
            Operand::Field(names) => self.field(dot, names),
            Operand::Constant(value) => Ok(value.clone()),
            Operand::Pipe(pipe, names) => {
                let value = self.pipe(pipe, dot)?;
                self.field(&value, names)
            }
            Operand::Variable(name, names) => {
                if name.is_empty() {
                    return self.field(self.whole, names);
                }
                let found = self.variables.iter().rev().find(|(known, _)| known == name);
                let value = found.map(|(_, value)| value.clone());
                self.field(&value.ok_or_else(|| format!("undefined variable \"${name}\""))?, names)
            }
            Operand::Function(name) => {
                functions::call(name, &[]).map_err(|why| format!("error calling {name}: {why}"))
            }
        }
    }

    fn field(&self, value: &Value, names: &[String]) -> Result<Value, String> {
        let mut value = value;
        for name in names {
            value = match value {
                Value::Object(fields) => match fields.get(name) {
                    Some(field) => field,
                    None if self.strict => return Err(format!("can't evaluate field {name}")),
                    None => &Value::Null,
                },
                Value::Null if !self.strict => {
                    return Err(format!("nil pointer evaluating interface {{}}.{name}"));
                }
                _ => return Err(format!("can't evaluate field {name} in type {}", type_name(value))),
            };
        }
        Ok(value.clone())
    }
}

/// What `range` goes through, with its indexes or keys; Go goes through keys in order.
fn items(value: Value) -> Result<Vec<(Value, Value)>, String> {
    match value {
        Value::Null => Ok(Vec::new()),
        Value::Array(values) => {
            Ok(values.into_iter().enumerate().map(|(at, value)| (Value::from(at), value)).collect())
        }
        Value::Object(fields) => {
            let mut fields: Vec<_> = fields.into_iter().collect();
            fields.sort_by(|(a, _), (b, _)| a.cmp(b));
            Ok(fields.into_iter().map(|(key, value)| (Value::String(key), value)).collect())
        }
        Value::Number(number) => {
            let count =
                number.as_u64().filter(|count| *count <= 1 << 20).ok_or("range can't iterate over it")?;
            Ok((0..count).map(|at| (Value::from(at), Value::from(at))).collect())
        }
        other => Err(format!("range can't iterate over {}", show(&other))),
    }
}

fn type_name(value: &Value) -> &'static str {
    match value {
        Value::String(_) => "string",
        Value::Number(_) => "int",
        Value::Bool(_) => "bool",
        Value::Array(_) => "[]interface {}",
        Value::Null | Value::Object(_) => "map[string]interface {}",
    }
}
