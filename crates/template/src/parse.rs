//! From words to a tree.

use std::collections::VecDeque;

use serde_json::Value;

use crate::lex::{Piece, Word, pieces};

/// A part of a template.
#[derive(Debug, Clone)]
pub(crate) enum Node {
    Text(String),
    /// Prints what the pipeline gives, unless it sets a variable.
    Action(Pipe),
    If(Pipe, Vec<Node>, Vec<Node>),
    With(Pipe, Vec<Node>, Vec<Node>),
    Range(Pipe, Vec<Node>, Vec<Node>),
    Break,
    Continue,
}

/// Commands, each of which gets the last one's result as its last argument.
#[derive(Debug, Clone)]
pub(crate) struct Pipe {
    /// Variables that are set: at most two, and two only for `range`.
    pub(crate) variables: Vec<String>,
    /// They are new.
    pub(crate) declares: bool,
    pub(crate) commands: Vec<Vec<Operand>>,
}

/// A word of a command.
#[derive(Debug, Clone)]
pub(crate) enum Operand {
    Field(Vec<String>),
    Variable(String, Vec<String>),
    Function(String),
    Constant(Value),
    Pipe(Box<Pipe>, Vec<String>),
}

impl Node {
    /// The first name that an action prints from.
    pub(crate) fn first_field(&self) -> Option<&str> {
        let Node::Action(pipe) = self else { return None };
        pipe.commands.iter().flatten().find_map(|operand| match operand {
            Operand::Field(names) => names.first().map(String::as_str),
            _ => None,
        })
    }
}

pub(crate) fn parse(text: &str) -> Result<Vec<Node>, String> {
    let mut parser = Parser { pieces: pieces(text)?.into(), ranges: 0, blocks: 0 };
    match parser.nodes()? {
        (nodes, None) => Ok(nodes),
        (_, Some((line, end))) => Err(format!("{line}: unexpected {{{{{}}}}}", end.name())),
    }
}

/// What ends a list of nodes: with `else`, the words behind it.
enum End {
    End,
    Else(VecDeque<Word>),
}

type Nodes = (Vec<Node>, Option<(usize, End)>);

impl End {
    fn name(&self) -> &'static str {
        if matches!(self, End::End) { "end" } else { "else" }
    }
}

struct Parser {
    pieces: VecDeque<Piece>,
    ranges: usize,
    blocks: usize,
}

impl Parser {
    /// Nodes up to what ends them, with its line; nothing, if the text ends first.
    fn nodes(&mut self) -> Result<Nodes, String> {
        let mut nodes = Vec::new();
        while let Some(piece) = self.pieces.pop_front() {
            let (line, words) = match piece {
                Piece::Text(text) => {
                    nodes.push(Node::Text(text));
                    continue;
                }
                Piece::Action(line, words) => (line, VecDeque::from(words)),
            };
            match self.action(line, words)? {
                Ok(node) => nodes.push(node),
                Err(end) => return Ok((nodes, Some((line, end)))),
            }
        }
        Ok((nodes, None))
    }

    fn action(&mut self, line: usize, mut words: VecDeque<Word>) -> Result<Result<Node, End>, String> {
        let keyword = match words.front() {
            Some(Word::Name(name)) => name.clone(),
            _ => String::new(),
        };
        if matches!(keyword.as_str(), "if" | "with" | "range" | "else" | "end" | "break" | "continue") {
            words.pop_front();
        }
        let node = match keyword.as_str() {
            "if" | "with" | "range" => self.block(&keyword, line, words)?,
            "end" => return Ok(Err(End::End)),
            "else" => return Ok(Err(End::Else(words))),
            "break" | "continue" if self.ranges == 0 => {
                return Err(format!("{line}: {{{{{keyword}}}}} outside {{{{range}}}}"));
            }
            "break" => Node::Break,
            "continue" => Node::Continue,
            "define" | "template" | "block" => return Err(format!("{line}: {keyword:?} is not supported")),
            _ => Node::Action(whole_pipe(line, words)?),
        };
        Ok(Ok(node))
    }

    fn block(&mut self, keyword: &str, line: usize, words: VecDeque<Word>) -> Result<Node, String> {
        let pipe = whole_pipe(line, words)?;
        self.blocks += 1;
        if self.blocks > DEEPEST {
            return Err(format!("{line}: it is nested too deep"));
        }
        self.ranges += usize::from(keyword == "range");
        let (body, end) = self.nodes()?;
        let otherwise = match end {
            None => return Err(format!("{line}: unexpected EOF")),
            Some((_, End::End)) => Vec::new(),
            Some((line, End::Else(words))) => self.otherwise(line, words)?,
        };
        self.ranges -= usize::from(keyword == "range");
        self.blocks -= 1;
        Ok(match keyword {
            "if" => Node::If(pipe, body, otherwise),
            "with" => Node::With(pipe, body, otherwise),
            _ => Node::Range(pipe, body, otherwise),
        })
    }

    /// `else`, or `else if ...`, whose `end` is that of the whole.
    fn otherwise(&mut self, line: usize, mut words: VecDeque<Word>) -> Result<Vec<Node>, String> {
        match words.pop_front() {
            Some(Word::Name(name)) if name == "if" || name == "with" => {
                Ok(vec![self.block(&name, line, words)?])
            }
            Some(_) => Err(format!("{line}: unexpected word in else")),
            None => match self.nodes()? {
                (nodes, Some((_, End::End))) => Ok(nodes),
                (_, Some((line, End::Else(_)))) => Err(format!("{line}: unexpected {{{{else}}}}")),
                (_, None) => Err(format!("{line}: unexpected EOF")),
            },
        }
    }
}

fn whole_pipe(line: usize, mut words: VecDeque<Word>) -> Result<Pipe, String> {
    let pipe = pipe(&mut words, 0).map_err(|why| format!("{line}: {why}"))?;
    if words.is_empty() { Ok(pipe) } else { Err(format!("{line}: unexpected \")\" in command")) }
}

/// How deep blocks and parentheses may be in each other.
const DEEPEST: usize = 100;

fn pipe(words: &mut VecDeque<Word>, depth: usize) -> Result<Pipe, String> {
    if depth > DEEPEST {
        return Err("it is nested too deep".to_string());
    }
    let (variables, declares) = variables(words);
    let mut commands = vec![Vec::new()];
    while let Some(word) = words.front() {
        match word {
            Word::Sign(')') => break,
            Word::Sign('|') => {
                words.pop_front();
                commands.push(Vec::new());
            }
            _ => {
                let operand = operand(words, depth)?;
                if let Some(command) = commands.last_mut() {
                    command.push(operand);
                }
            }
        }
    }
    if commands.iter().any(Vec::is_empty) {
        return Err("missing value for command".to_string());
    }
    Ok(Pipe { variables, declares, commands })
}

/// `$x :=`, `$x =`, `$i, $x :=`
fn variables(words: &mut VecDeque<Word>) -> (Vec<String>, bool) {
    use Word::{Assign, Declare, Sign, Variable};
    let of = |at: usize| match words.get(at) {
        Some(Variable(name, names)) if names.is_empty() => Some(name.clone()),
        _ => None,
    };
    let (found, length) = match (of(0), words.get(1), of(2), words.get(3)) {
        (Some(first), Some(Sign(',')), Some(second), Some(Declare | Assign)) => (vec![first, second], 4),
        (Some(first), Some(Declare | Assign), _, _) => (vec![first], 2),
        _ => return (Vec::new(), false),
    };
    let declares = words.get(length - 1) == Some(&Declare);
    words.drain(..length);
    (found, declares)
}

fn operand(words: &mut VecDeque<Word>, depth: usize) -> Result<Operand, String> {
    let word = words.pop_front().ok_or("missing value for command")?;
    Ok(match word {
        Word::Field(names) => Operand::Field(names),
        Word::Variable(name, names) => Operand::Variable(name, names),
        Word::Text(text) => Operand::Constant(Value::String(text)),
        Word::Number(number) => Operand::Constant(Value::Number(number)),
        Word::Name(name) => match name.as_str() {
            "true" => Operand::Constant(Value::Bool(true)),
            "false" => Operand::Constant(Value::Bool(false)),
            "nil" => Operand::Constant(Value::Null),
            _ if crate::functions::is_one(&name) => Operand::Function(name),
            _ => return Err(format!("function {name:?} not defined")),
        },
        Word::Sign('(') => {
            let inner = pipe(words, depth + 1)?;
            if words.pop_front() != Some(Word::Sign(')')) {
                return Err("unclosed left paren".to_string());
            }
            let names = match words.front_mut() {
                Some(Word::Behind(names)) => std::mem::take(names),
                _ => Vec::new(),
            };
            if !names.is_empty() {
                words.pop_front();
            }
            Operand::Pipe(Box::new(inner), names)
        }
        Word::Sign(sign) => return Err(format!("unexpected {sign:?} in operand")),
        Word::Declare | Word::Assign => return Err("unexpected \"=\" in operand".to_string()),
        Word::Behind(_) => return Err("unexpected <.> in operand".to_string()),
    })
}
