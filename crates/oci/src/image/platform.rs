//! What an image runs on.

use std::fmt;
use std::str::FromStr;

use fault::{Fault, Result};
use serde::{Deserialize, Serialize};

use crate::nullable;

/// What an image runs on, in Go's words: `linux/amd64`, `linux/arm/v7`.
///
/// Names are compared in their normal form: `aarch64` is `arm64`, `arm64/v8` is `arm64`, `arm` is `arm/v7`.
///
/// Source: <https://github.com/containerd/platforms/blob/v1.0.0/platforms.go>
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Platform {
    /// Kind of processor.
    #[serde(default, deserialize_with = "nullable")]
    pub architecture: String,
    /// Kernel.
    #[serde(default, deserialize_with = "nullable")]
    pub os: String,
    /// Version of Windows.
    #[serde(
        rename = "os.version",
        default,
        deserialize_with = "nullable",
        skip_serializing_if = "String::is_empty"
    )]
    pub os_version: String,
    /// What the kernel must have.
    #[serde(
        rename = "os.features",
        default,
        deserialize_with = "nullable",
        skip_serializing_if = "Vec::is_empty"
    )]
    pub os_features: Vec<String>,
    /// Version of the processor.
    #[serde(default, deserialize_with = "nullable", skip_serializing_if = "String::is_empty")]
    pub variant: String,
}

impl Platform {
    /// What this program was built for, and so what the machine runs.
    pub fn host() -> Platform {
        Platform::linux(std::env::consts::ARCH, "").normal()
    }

    /// In its normal form.
    #[must_use]
    pub fn normal(&self) -> Platform {
        let mut normal = self.clone();
        normal.os = match self.os.to_lowercase().as_str() {
            "" => "linux".into(),
            "macos" => "darwin".into(),
            os => os.into(),
        };
        let names = (self.architecture.to_lowercase(), self.variant.to_lowercase());
        let (architecture, variant) = match (names.0.as_str(), names.1.as_str()) {
            ("i386" | "x86", _) => ("386", ""),
            ("x86_64" | "x86-64" | "amd64", "v1") => ("amd64", ""),
            ("x86_64" | "x86-64", variant) => ("amd64", variant),
            ("aarch64" | "arm64", "8" | "v8") => ("arm64", ""),
            ("aarch64", variant) => ("arm64", variant),
            ("armhf", _) => ("arm", "v7"),
            ("armel", _) => ("arm", "v6"),
            ("arm", "" | "7") => ("arm", "v7"),
            ("arm", "5") => ("arm", "v5"),
            ("arm", "6") => ("arm", "v6"),
            ("arm", "8") => ("arm", "v8"),
            other => other,
        };
        (normal.architecture, normal.variant) = (architecture.into(), variant.into());
        normal
    }

    /// How well an image for `offered` runs here: 0 is best; nothing if it does not run at all.
    ///
    /// A processor runs what was built for an earlier one, or a smaller: amd64 runs 386, arm64 runs arm.
    pub fn rank(&self, offered: &Platform) -> Option<usize> {
        let (host, offered) = (self.normal(), offered.normal());
        let features = offered.os_features.iter().all(|feature| host.os_features.contains(feature));
        let version =
            host.os != "windows" || host.os_version.is_empty() || host.os_version == offered.os_version;
        if host.os != offered.os || !features || !version {
            return None;
        }
        let mut runs = runs(&host.architecture, &host.variant).into_iter();
        runs.position(|(architecture, variant)| {
            let able = Platform { architecture, variant, ..Platform::default() }.normal();
            (able.architecture, able.variant) == (offered.architecture.clone(), offered.variant.clone())
        })
    }

    fn linux(architecture: &str, variant: &str) -> Platform {
        Platform {
            architecture: architecture.into(),
            os: "linux".into(),
            variant: variant.into(),
            ..Platform::default()
        }
    }
}

/// Architectures and variants that a processor runs, the best first.
fn runs(architecture: &str, variant: &str) -> Vec<(String, String)> {
    let mut runs = vec![(architecture.to_string(), variant.to_string())];
    let named = |name: &str, variants: Vec<String>| {
        variants.into_iter().map(|variant| (name.to_string(), variant)).collect::<Vec<_>>()
    };
    match architecture {
        "amd64" => {
            let version = number(variant).unwrap_or(1);
            runs.extend(named("amd64", (1..version).rev().map(|v| format!("v{v}")).collect()));
            runs.push(("386".into(), String::new()));
        }
        "arm" => runs.extend(named("arm", below_arm(number(variant).unwrap_or(7)))),
        "arm64" => {
            runs.extend(named("arm64", below_arm64(variant)));
            runs.extend(named("arm", below_arm(9)));
        }
        _ => {}
    }
    runs
}

/// `v8` to `v5`, as far as they are below.
fn below_arm(version: u8) -> Vec<String> {
    (5..version.min(9)).rev().map(|version| format!("v{version}")).collect()
}

/// What is below `v9.2` or `v8.4`. Armv9.N has all of Armv8.(N+5).
fn below_arm64(variant: &str) -> Vec<String> {
    let (major, minor) = variant.split_once('.').unwrap_or((variant, "0"));
    let minor = minor.parse::<u8>().unwrap_or(0).min(9);
    let named =
        |major: u8, minor: u8| if minor == 0 { format!("v{major}") } else { format!("v{major}.{minor}") };
    let eight = |below: u8| (0..below).rev().map(move |minor| named(8, minor));
    match number(major) {
        Some(9) => (0..minor).rev().map(|minor| named(9, minor)).chain(eight((minor + 6).min(10))).collect(),
        _ => eight(minor).collect(),
    }
}

fn number(variant: &str) -> Option<u8> {
    variant.strip_prefix('v').unwrap_or(variant).parse().ok().filter(|number| *number < 100)
}

impl FromStr for Platform {
    type Err = Fault;

    /// What a person may write: `linux/arm64`, `linux/arm/v7`, or `arm64` or `linux` alone.
    fn from_str(text: &str) -> Result<Platform> {
        let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"_.-".contains(&byte);
        let parts: Vec<&str> = text.split('/').collect();
        if !parts.iter().all(|part| !part.is_empty() && part.bytes().all(allowed)) {
            return Err(Fault::invalid(text, "expected os/architecture or os/architecture/variant"));
        }
        let os = |os: &str, platform: Platform| Platform { os: os.to_string(), ..platform }.normal();
        match parts.as_slice() {
            [one] if KNOWN_OS.contains(&one.to_lowercase().as_str()) => Ok(os(one, Platform::host())),
            [one] => {
                let platform = Platform::linux(one, "").normal();
                let known = KNOWN_ARCHITECTURES.contains(&platform.architecture.as_str());
                known
                    .then_some(platform)
                    .ok_or_else(|| Fault::invalid(text, "unknown operating system or architecture"))
            }
            [name, architecture] => Ok(os(name, Platform::linux(architecture, ""))),
            [name, architecture, variant] => Ok(os(name, Platform::linux(architecture, variant))),
            _ => Err(Fault::invalid(text, "expected os/architecture or os/architecture/variant")),
        }
    }
}

/// Go's names for kernels.
const KNOWN_OS: [&str; 18] = [
    "aix",
    "android",
    "darwin",
    "dragonfly",
    "freebsd",
    "hurd",
    "illumos",
    "ios",
    "js",
    "linux",
    "macos",
    "nacl",
    "netbsd",
    "openbsd",
    "plan9",
    "solaris",
    "windows",
    "zos",
];

/// Go's names for processors.
const KNOWN_ARCHITECTURES: [&str; 24] = [
    "386",
    "amd64",
    "amd64p32",
    "arm",
    "arm64",
    "arm64be",
    "armbe",
    "loong64",
    "mips",
    "mips64",
    "mips64le",
    "mips64p32",
    "mips64p32le",
    "mipsle",
    "ppc",
    "ppc64",
    "ppc64le",
    "riscv",
    "riscv64",
    "s390",
    "s390x",
    "sparc",
    "sparc64",
    "wasm",
];

/// `linux/arm/v7`.
impl fmt::Display for Platform {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.os.is_empty() {
            return f.write_str("unknown");
        }
        let parts = [&self.os, &self.architecture, &self.variant];
        let parts: Vec<&str> =
            parts.into_iter().map(String::as_str).filter(|part| !part.is_empty()).collect();
        f.write_str(&parts.join("/"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(text: &str) -> Platform {
        text.parse().unwrap()
    }

    fn order(host: &str, offered: &[&str]) -> Vec<String> {
        let mut ranked: Vec<_> = offered
            .iter()
            .filter_map(|text| of(host).rank(&of(text)).map(|rank| (rank, (*text).to_string())))
            .collect();
        ranked.sort();
        ranked.into_iter().map(|(_, text)| text).collect()
    }

    #[test]
    fn names_have_a_normal_form() {
        let cases = [
            ("x86_64", "linux/amd64"),
            ("linux/amd64/v1", "linux/amd64"),
            ("linux/amd64/V2", "linux/amd64/v2"),
            ("aarch64", "linux/arm64"),
            ("linux/arm64/v8", "linux/arm64"),
            ("linux/arm64/v9", "linux/arm64/v9"),
            ("armhf", "linux/arm/v7"),
            ("armel", "linux/arm/v6"),
            ("linux/arm", "linux/arm/v7"),
            ("linux/arm/6", "linux/arm/v6"),
            ("i386", "linux/386"),
            ("macos/arm64", "darwin/arm64"),
            ("Windows/amd64", "windows/amd64"),
            ("linux/riscv64", "linux/riscv64"),
        ];
        for (text, normal) in cases {
            assert_eq!(of(text).to_string(), normal);
        }
        assert_eq!(of("linux"), Platform::host());
        for bad in ["", "/", "linux/", "linux//v7", "a/b/c/d", "solid", "linux/*", "linux/am d64"] {
            assert!(bad.parse::<Platform>().is_err(), "{bad}");
        }
    }

    #[test]
    fn a_processor_runs_what_was_built_for_a_smaller_one() {
        let all = [
            "linux/386",
            "linux/amd64",
            "linux/amd64/v2",
            "linux/amd64/v3",
            "linux/arm/v5",
            "linux/arm/v6",
            "linux/arm/v7",
            "linux/arm/v8",
            "linux/arm64",
            "linux/arm64/v8.1",
            "linux/arm64/v9",
            "windows/amd64",
            "linux/riscv64",
        ];
        assert_eq!(order("linux/amd64", &all), ["linux/amd64", "linux/386"]);
        assert_eq!(order("linux/amd64/v2", &all), ["linux/amd64/v2", "linux/amd64", "linux/386"]);
        assert_eq!(order("linux/386", &all), ["linux/386"]);
        let arm = ["linux/arm/v8", "linux/arm/v7", "linux/arm/v6", "linux/arm/v5"];
        assert_eq!(order("linux/arm64", &all), [&["linux/arm64"][..], &arm].concat());
        let nine = [&["linux/arm64/v9", "linux/arm64/v8.1", "linux/arm64"][..], &arm].concat();
        assert_eq!(order("linux/arm64/v9", &all), nine);
        assert_eq!(order("linux/arm/v6", &all), ["linux/arm/v6", "linux/arm/v5"]);
        assert_eq!(order("linux/riscv64", &all), ["linux/riscv64"]);
        assert_eq!(order("windows/amd64", &all), ["windows/amd64"]);
    }

    #[test]
    fn what_needs_a_feature_does_not_run_without() {
        let mut offered = of("linux/amd64");
        offered.os_features = vec!["sgx".into()];
        assert_eq!(of("linux/amd64").rank(&offered), None);
        assert_eq!(
            of("linux/amd64").rank(&Platform {
                architecture: "unknown".into(),
                os: "unknown".into(),
                ..Default::default()
            }),
            None
        );
        assert_eq!(of("linux/amd64/v999999").rank(&of("linux/amd64")), None);
    }
}
