//! Each line was printed by Go 1.19's text/template with docker's functions, or is what its documentation says.

use serde_json::{Value, json};
use template::Template;

fn web() -> Value {
    json!({
        "Id": "sha256:0123456789ab", "Name": "/web", "Running": true, "ExitCode": 0, "Load": 0.5,
        "Labels": { "b": "2", "a": "1" },
        "Mounts": [{ "Source": "/a", "RW": true }, { "Source": "/b", "RW": false }],
        "Networks": { "bridge": { "IPAddress": "172.17.0.2" } },
        "Args": ["-c", "true"], "Nothing": null, "Empty": [],
    })
}

fn rendered(text: &str) -> String {
    Template::parse(text)
        .and_then(|template| template.render(&web()))
        .unwrap_or_else(|fault| fault.sentence())
}

#[test]
fn what_scripts_write() {
    let cases = [
        ("{{.Name}}", "/web"),
        ("{{ .Name }} {{.ExitCode}}\\n", "/web 0\\n"),
        ("{{json .Labels}}", r#"{"b":"2","a":"1"}"#),
        ("{{.Labels}}", "map[a:1 b:2]"),
        ("{{.Args}}", "[-c true]"),
        ("{{.Load}} {{.Running}} {{.Nothing}}", "0.5 true <no value>"),
        ("{{.Missing}}", "<no value>"),
        ("{{index .Labels \"a\"}}", "1"),
        ("{{(index .Mounts 1).Source}}", "/b"),
        ("{{range .Mounts}}{{.Source}}:{{.RW}} {{end}}", "/a:true /b:false "),
        ("{{range $i, $m := .Mounts}}{{if $i}}, {{end}}{{$m.Source}}{{end}}", "/a, /b"),
        ("{{range $k, $v := .Labels}}{{$k}}={{$v}};{{end}}", "a=1;b=2;"),
        ("{{range .Empty}}x{{else}}none{{end}}", "none"),
        ("{{range .Networks}}{{.IPAddress}}{{end}}", "172.17.0.2"),
        ("{{.Networks.bridge.IPAddress}}", "172.17.0.2"),
        ("{{if .Running}}up{{else}}down{{end}}", "up"),
        ("{{if eq .ExitCode 0}}ok{{else if gt .ExitCode 100}}killed{{else}}bad{{end}}", "ok"),
        ("{{with .Networks.bridge}}{{.IPAddress}} {{$.Name}}{{end}}", "172.17.0.2 /web"),
        ("{{$x := .Name}}{{range .Args}}{{$x = .}}{{end}}{{$x}}", "true"),
        ("{{join .Args \" \" | upper}}", "-C TRUE"),
        ("{{split .Id \":\"}}", "[sha256 0123456789ab]"),
        ("{{slice .Id 7 11}}", "0123"),
        ("{{len .Mounts}}", "2"),
        ("{{truncate .Id 6}}|{{pad .Name 1 2}}|", "sha256| /web  |"),
        ("{{title \"hello world\"}}", "Hello World"),
        ("{{println .Name .ExitCode}}", "/web 0\n"),
        (
            "{{printf \"%-6s|%4d|%q|%v|%.2f%%\" .Name .ExitCode .Name .Args .Load}}",
            r#"/web  |   0|"/web"|[-c true]|0.50%"#,
        ),
        ("{{and .Running .Name}} {{or .Nothing \"x\"}} {{not .Running}}", "/web x false"),
        ("{{eq .Name \"a\" \"/web\"}} {{ne 1 2}} {{lt 1 2}} {{ge \"b\" \"a\"}}", "true true true true"),
        ("a {{- .ExitCode -}} b", "a0b"),
        ("{{/* nothing */}}x{{- /* trims */ -}}  y", "xy"),
        ("{{`raw \"text\"`}} {{\"tab\\t\"}}", "raw \"text\" tab\t"),
        ("{{range .Args}}{{if eq . \"true\"}}{{break}}{{end}}{{.}}{{end}}", "-c"),
        ("{{range .Args}}{{if eq . \"-c\"}}{{continue}}{{end}}{{.}}{{end}}", "true"),
        ("{{range 3}}{{.}}{{end}}", "012"),
        ("{{0x10}} {{-1}} {{1.5}}", "16 -1 1.5"),
        ("no action, one } and { and a \\t", "no action, one } and { and a \\t"),
    ];
    for (text, expected) in cases {
        assert_eq!(rendered(text), expected, "{text}");
    }
}

#[test]
fn what_is_wrong_is_said_in_gos_words() {
    let cases = [
        ("{{.Name", "template: :1: unclosed action"),
        ("{{nope .}}", "template: :1: function \"nope\" not defined"),
        ("\n{{if .}}", "template: :2: unexpected EOF"),
        ("{{end}}", "template: :1: unexpected {{end}}"),
        ("{{.A..B}}", "template: :1: unexpected <.> in operand"),
        ("{{\"x}}", "unterminated quoted string"),
        ("{{}}", "template: :1: missing value for command"),
        ("{{template \"x\"}}", "\"template\" is not supported"),
        ("{{break}}", "{{break}} outside {{range}}"),
        ("{{index .Args 5}}", "error calling index: index out of range: 5"),
        ("{{.Name.First}}", "can't evaluate field First in type string"),
        ("{{.Nothing.Deeper}}", "nil pointer evaluating interface {}.Deeper"),
        ("{{lt 1 \"a\"}}", "error calling lt: incompatible types for comparison"),
        ("{{$nope}}", "undefined variable \"$nope\""),
        ("{{len 5}}", "error calling len"),
    ];
    for (text, expected) in cases {
        assert!(rendered(text).contains(expected), "{text}: {}", rendered(text));
    }
    assert!(Template::parse(&"{{(".repeat(20_000)).is_err());
    assert!(Template::parse(&"{{if .}}".repeat(20_000)).is_err());
    assert!(Template::parse(&format!("{{{{{}1", "(".repeat(100_000))).is_err());
}

#[test]
fn a_row_of_a_table_has_known_fields() {
    let template = Template::parse("table {{.Name}}\t{{.ExitCode}}\t{{json .Args}}").unwrap();
    assert_eq!(template.fields(), ["Name", "ExitCode", "Args"]);
    let fault = Template::parse("{{.Nope}}").unwrap().strict().render(&web()).unwrap_err();
    assert!(fault.sentence().contains("can't evaluate field Nope"), "{fault}");
    assert_eq!(Template::parse("{{.Name}}").unwrap().strict().render(&web()).unwrap(), "/web");
}

#[test]
fn methods_have_an_answer_for_each_argument() {
    let template = Template::parse("{{.Label \"a\"}}|{{.Label \"none\"}}|{{.Name}}").unwrap().strict();
    let labels = json!({ "Label": { "a": "1" } });
    assert_eq!(template.render_with(&web(), &labels).unwrap(), "1||/web");
    assert_eq!(template.render_with(&web(), &json!({ "Label": null })).unwrap(), "a|none|/web");
    assert!(template.render(&web()).unwrap_err().sentence().contains("has arguments"));
}
