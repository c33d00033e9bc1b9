//! Rows as `--format` wants them: a table, JSON, or a template. Source: docker/cli, cli/command/formatter.

use std::borrow::Cow;
use std::fmt::Write as _;

use fault::Result;
use serde_json::{Map, Value, json};
use template::Template;

use crate::{human, say};

/// A column that a table can have: the field, and what stands above it.
pub(crate) type Column = (&'static str, &'static str);

/// What is shown of many things of one kind.
pub(crate) struct Table<'a> {
    /// All fields that rows have, with their heads.
    pub(crate) columns: &'a [Column],
    /// Fields of the table that is shown if nothing else is asked for.
    pub(crate) usual: &'a [&'a str],
}

impl Table<'_> {
    /// All rows as text, as `format` wants them. A table that nobody has asked for in another form fits the terminal.
    pub(crate) fn render(&self, format: Option<&str>, rows: &[Value]) -> Result<String> {
        let text = self.render_whole(format, rows)?;
        Ok(match terminal().filter(|_| format.is_none()) {
            Some(width) if text.lines().any(|line| line.chars().count() > width) => {
                aligned(&fitting(&self.table_lines("", rows)?, width))
            }
            _ => text,
        })
    }

    /// The same, however wide it is.
    pub(crate) fn render_whole(&self, format: Option<&str>, rows: &[Value]) -> Result<String> {
        let format = format.unwrap_or("table").trim();
        match format
            .strip_prefix("table")
            .filter(|rest| rest.is_empty() || rest.starts_with([' ', '{', '\\']))
        {
            Some(rest) => Ok(aligned(&self.table_lines(rest.trim(), rows)?)),
            None if format == "json" => Ok(say::lines(rows.iter().map(|row| split(row).0))),
            None => lines(format, rows).map(say::lines),
        }
    }

    fn table_lines(&self, format: &str, rows: &[Value]) -> Result<Vec<String>> {
        let usual =
            || self.usual.iter().map(|field| format!("{{{{.{field}}}}}")).collect::<Vec<_>>().join("\t");
        let format = if format.is_empty() { usual() } else { format.to_string() };
        let mut heads: Map<_, _> =
            self.columns.iter().map(|(field, head)| ((*field).to_string(), json!(head))).collect();
        // Above the answers of a method stands its argument.
        heads.insert(METHODS.to_string(), json!({ "Label": null }));
        let mut all = lines(&format, &[Value::Object(heads)])?;
        all.extend(lines(&format, rows)?);
        Ok(all)
    }
}

fn lines(format: &str, rows: &[Value]) -> Result<Vec<String>> {
    // As a shell's single quotes leave them.
    let template = Template::parse(&format.replace("\\t", "\t").replace("\\n", "\n"))?.strict();
    let line = |row| {
        let (fields, methods) = split(row);
        template.render_with(&fields, &methods)
    };
    rows.iter().map(line).collect()
}

/// What a row has besides its fields: see [`Template::render_with`].
pub(crate) const METHODS: &str = "";

fn split(row: &Value) -> (Cow<'_, Value>, Value) {
    if row.get(METHODS).is_none() {
        return (Cow::Borrowed(row), Value::Null);
    }
    let mut fields = row.clone();
    let methods = fields.as_object_mut().and_then(|fields| fields.remove(METHODS));
    (Cow::Owned(fields), methods.unwrap_or_default())
}

/// Columns of the terminal, if somebody looks.
pub(crate) fn terminal() -> Option<usize> {
    let stdout = rustix::stdio::stdout();
    let size = rustix::termios::tcgetwinsize(stdout).ok()?;
    Some(usize::from(size.ws_col)).filter(|width| *width > 0)
}

/// Nothing is cut to less than this, and no head at all.
const SHORTEST: usize = 10;

/// Lines whose widest cells are cut until they fit, or until there is nothing left to cut.
fn fitting(lines: &[String], width: usize) -> Vec<String> {
    let cells: Vec<Vec<&str>> = lines.iter().map(|line| line.split('\t').collect()).collect();
    let count = cells.iter().map(Vec::len).max().unwrap_or(0);
    let length = |text: &&str| text.chars().count();
    let widest = |at: usize| cells.iter().filter_map(|line| line.get(at).map(length)).max().unwrap_or(0);
    let least: Vec<_> = (0..count)
        .map(|at| cells.first().and_then(|heads| heads.get(at)).map_or(0, length).max(SHORTEST))
        .collect();
    let (mut widths, last): (Vec<_>, _) = ((0..count).map(widest).collect(), count.saturating_sub(1));
    let takes = |widths: &[usize]| -> usize {
        let (last, before) = widths.split_last().unwrap_or((&0, &[]));
        before.iter().map(|width| (width + GAP).max(LEAST)).sum::<usize>() + last
    };
    while takes(&widths) > width {
        // The last one is a name mostly, and the one that people type again: it is cut when nothing else can be.
        let can = |at: &usize| widths[*at] > least[*at];
        let widest = (0..last).filter(can).max_by_key(|at| widths[*at]);
        let Some(at) = widest.or(Some(last).filter(can)) else { break };
        widths[at] -= 1;
    }
    let cut = |(text, width): (&&str, &usize)| human::beginning(text, *width);
    cells.iter().map(|line| line.iter().zip(&widths).map(cut).collect::<Vec<_>>().join("\t")).collect()
}

/// Blanks between columns, and the least that one is wide with them.
const GAP: usize = 3;
const LEAST: usize = 10;

/// Cells that end with a tab stand below each other; the last of a line is as long as it is.
fn aligned(lines: &[String]) -> String {
    let mut widths: Vec<usize> = Vec::new();
    for line in lines {
        let cells: Vec<_> = line.split('\t').collect();
        for (at, cell) in cells[..cells.len() - 1].iter().enumerate() {
            let width = (cell.chars().count() + GAP).max(LEAST);
            match widths.get_mut(at) {
                Some(known) => *known = width.max(*known),
                None => widths.push(width),
            }
        }
    }
    let mut text = String::new();
    for line in lines {
        let cells: Vec<_> = line.split('\t').collect();
        for (at, cell) in cells.iter().enumerate() {
            let last = at + 1 == cells.len();
            let width = if last { 0 } else { widths[at] };
            let _ = write!(text, "{cell:<width$}");
        }
        text.push('\n');
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    const TABLE: Table = Table { columns: &[("ID", "IMAGE ID"), ("Tag", "TAG")], usual: &["Tag", "ID"] };

    #[test]
    fn tables_lines_and_json() {
        let rows = [json!({"ID": "abc", "Tag": "a-long-tag-of-an-image"}), json!({"ID": "d", "Tag": "x"})];
        let render = |format| TABLE.render(format, &rows).unwrap();
        assert_eq!(
            render(None),
            "TAG                      IMAGE ID\na-long-tag-of-an-image   abc\nx                        d\n"
        );
        assert_eq!(render(Some("table {{.ID}}\\t{{.Tag}}")).lines().next(), Some("IMAGE ID   TAG"));
        assert_eq!(render(Some("{{.ID}}")), "abc\nd\n");
        assert_eq!(render(Some("json")).lines().last(), Some("{\"ID\":\"d\",\"Tag\":\"x\"}"));
        assert!(TABLE.render(Some("{{.Nope}}"), &rows).is_err());
        assert_eq!(TABLE.render(None, &[]).unwrap(), "TAG       IMAGE ID\n");
    }

    #[test]
    fn what_is_too_wide_is_cut_where_it_is_widest() {
        let line = |cells: &[&str]| cells.join("\t");
        let lines = [
            line(&["ID", "COMMAND", "NAMES"]),
            line(&["0123456789ab", "a very long command that nobody reads", "web"]),
        ];
        let fit = aligned(&fitting(&lines, 40));
        assert_eq!(
            fit,
            "ID             COMMAND             NAMES\n0123456789ab   a very long comm\u{2026}   web\n"
        );
        // No narrower than this.
        assert_eq!(fitting(&lines, 1)[0], "ID\tCOMMAND\tNAMES");
        assert_eq!(fitting(&lines, 1000), lines);
    }
}
