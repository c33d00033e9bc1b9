//! Lists of tags: of a real registry, and of one that lies.

use fault::Kind;
use lab::{LyingRegistry, Registry, Reply};

use crate::kit::{Image, client, name};

fn tags(registry: &LyingRegistry) -> fault::Result<Vec<String>> {
    let tags = client().tags(&name(&registry.host(), "app"))?;
    Ok(tags.iter().filter_map(|name| name.tag()).map(String::from).collect())
}

fn page(tags: &str) -> Reply {
    Reply::of(200, format!(r#"{{"name":"app","tags":{tags}}}"#))
}

#[test]
fn a_real_registrys() {
    let (registry, image) = (Registry::plain(), Image::new(10));
    for tag in ["1", "2", "latest"] {
        registry.push(&image.source(), &format!("team/app:{tag}"));
    }
    let app = name(&registry.host(), "team/app:2");
    let mut all: Vec<_> = client().tags(&app).unwrap().iter().map(ToString::to_string).collect();
    // This one lists them in no order.
    all.sort();
    let expected = ["1", "2", "latest"].map(|tag| format!("{}/team/app:{tag}", registry.host()));
    assert_eq!(all, expected);
    assert_eq!(client().tags(&name(&registry.host(), "no")).unwrap_err().kind(), Kind::NotFound);
}

#[test]
fn a_list_in_parts() {
    let elsewhere = LyingRegistry::new(|_| page(r#"["stolen"]"#));
    let next = format!("<http://{}/v2/app/tags/list>; rel=\"next\"", elsewhere.host());
    let registry = LyingRegistry::new(move |asked| match asked.target.split_once("last=") {
        None => page(r#"["a","b"]"#).header("link", &next),
        Some((_, "b")) => page(r#"["c"]"#).header("link", &next),
        Some(_) => page("null"),
    });
    assert_eq!(tags(&registry).unwrap(), ["a", "b", "c"]);
    // The address in the answer is not the registry's to choose.
    assert_eq!(elsewhere.asked().len(), 0);
}

#[test]
fn lists_that_are_none() {
    let endless = |_: &lab::Asked| page(r#"["a","b"]"#).header("link", "</v2>; rel=\"next\"");
    let fault = tags(&LyingRegistry::new(endless)).unwrap_err();
    assert!(fault.sentence().contains("has no end"), "{fault}");
    for body in [r#"["../x"]"#, r#"["a b"]"#, r#"[""]"#, "[1]", "{}"] {
        let fault = tags(&LyingRegistry::new(move |_| page(body))).unwrap_err();
        assert_eq!(fault.kind(), Kind::Invalid, "{body}: {fault}");
    }
    // The control.
    assert_eq!(tags(&LyingRegistry::new(|_| page(r#"["a.b"]"#))).unwrap(), ["a.b"]);
}
