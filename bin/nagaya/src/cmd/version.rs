//! `version`.

use fault::Result;
use serde_json::{Value, json};
use template::Template;

use crate::args::views::Version;
use crate::say;

/// The version of Docker's API whose shapes are shown.
const API: &str = "1.41";

pub(crate) fn run(typed: &Version) -> Result<u8> {
    let version = of();
    let text = match typed.format.as_deref() {
        None | Some("") => shown(&version),
        Some("json") => format!("{version}\n"),
        Some(format) => Template::parse(format)?.strict().render(&version)? + "\n",
    };
    say::print(&text).map(|()| 0)
}

/// Client and server are one program here; scripts ask for either.
fn of() -> Value {
    let number = env!("CARGO_PKG_VERSION");
    let kernel = rustix::system::uname().release().to_string_lossy().into_owned();
    let one = json!({
        "Version": number, "ApiVersion": API, "GitCommit": "", "GoVersion": "", "Os": "linux", "Arch": arch(),
        "BuildTime": "",
    });
    let mut client = one.clone();
    client["DefaultAPIVersion"] = json!(API);
    client["Context"] = json!("default");
    let mut server = json!({ "Platform": { "Name": "nagaya" }, "Components": [
        { "Name": "Engine", "Version": number, "Details": {
            "ApiVersion": API, "Arch": arch(), "Os": "linux", "KernelVersion": kernel, "MinAPIVersion": API,
            "Experimental": "false",
        } },
    ] });
    if let (Value::Object(server), Value::Object(one)) = (&mut server, one) {
        server.extend(one);
    }
    server["MinAPIVersion"] = json!(API);
    server["KernelVersion"] = json!(kernel);
    json!({ "Client": client, "Server": server })
}

/// As Go names them.
pub(crate) fn arch() -> &'static str {
    match std::env::consts::ARCH {
        "x86_64" => "amd64",
        "aarch64" => "arm64",
        other => other,
    }
}

fn shown(version: &Value) -> String {
    let text = |at: &str| version.pointer(at).and_then(Value::as_str).unwrap_or_default();
    format!(
        "nagaya {0}\n\nClient:\n Version:           {0}\n API version:       {API}\n OS/Arch:           linux/{1}\n Context:           \
         default\n\nServer: none; each command does its own work\n Engine:\n  Version:          {0}\n  API version:      {API}\n  \
         OS/Arch:          linux/{1}\n  Kernel:           {2}\n",
        text("/Client/Version"),
        text("/Client/Arch"),
        text("/Server/KernelVersion"),
    )
}
