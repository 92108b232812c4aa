//! The root crate's modules are layers: each uses only those below it. (Between crates,
//! Cargo sees to that.)
//!
//! This looks for `crate::` in the sources, templates included. Tests in the sources don't count.

#![allow(clippy::unwrap_used, clippy::panic)]

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
};

/// From the top down; those in one row don't know each other. A new module gets its place here.
#[rustfmt::skip]
const LAYERS: [&[&str]; 9] = [
    &["main"], &["cli"], &["app"], &["config"], &["web", "jobs"], &["mail", "accounts"],
    &["db"], &["domain"], &["audit", "telemetry", "text"],
];

#[test]
fn every_module_uses_only_what_stands_below_it() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut complaints = Vec::new();
    for file in files(&root.join("src")).into_iter().chain(files(&root.join("templates"))) {
        let name = file.strip_prefix(root).unwrap().display().to_string();
        let Some(module) = module(&name) else { continue };
        let own = layer(module);
        for used in uses(&fs::read_to_string(&file).unwrap()) {
            if used != module && layer(&used) <= own {
                complaints.push(format!("{name} uses {used}, which does not stand below it"));
            }
        }
    }
    assert!(complaints.is_empty(), "\n{}\n", complaints.join("\n"));
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    entries.flat_map(|path| if path.is_dir() { files(&path) } else { vec![path] }).collect()
}

fn layer(module: &str) -> usize {
    let place = LAYERS.iter().position(|names| names.contains(&module));
    place.unwrap_or_else(|| panic!("{module} has no place in LAYERS"))
}

/// The module that a file belongs to; the crate's root, which only lists the modules, to none.
fn module(file: &str) -> Option<&str> {
    match file.strip_prefix("src/") {
        Some("lib.rs") => None,
        Some(path) => path.split(['/', '.']).next(),
        None if file.starts_with("templates/mail/") => Some("mail"),
        None => Some("web"),
    }
}

/// The modules that a source names after `crate::`, alone or in braces.
fn uses(source: &str) -> BTreeSet<String> {
    let code = source.split("#[cfg(test)]\nmod tests {").next().unwrap_or_default();
    let code: Vec<&str> =
        code.lines().filter(|line| !line.trim_start().starts_with("//")).collect();
    let code = code.join(" ");
    let paths = code.split("crate::").skip(1).flat_map(|rest| match rest.strip_prefix('{') {
        Some(group) => first_names(group),
        None => vec![rest],
    });
    let name = |path: &str| {
        path.trim_start()
            .split(|c: char| !c.is_alphanumeric() && c != '_')
            .next()
            .map(str::to_owned)
    };
    paths.filter_map(name).filter(|name| name.starts_with(char::is_lowercase)).collect()
}

/// The items of a group, up to its closing brace.
fn first_names(group: &str) -> Vec<&str> {
    let (mut depth, mut starts) = (1, vec![0]);
    for (at, c) in group.char_indices() {
        match c {
            '{' => depth += 1,
            '}' => depth -= 1,
            ',' if depth == 1 => starts.push(at + 1),
            _ => {}
        }
        if depth == 0 {
            break;
        }
    }
    starts.into_iter().map(|start| &group[start..]).collect()
}

#[test]
fn a_use_is_seen_alone_and_in_braces() {
    let source = "use crate::{a::{self, b}, c};\n// crate::d\nfn f() { crate::e::f() }";
    let tests = "#[cfg(test)]\nmod tests { use crate::g; }";
    assert_eq!(Vec::from_iter(uses(&[source, tests].join("\n"))), ["a", "c", "e"]);
}
