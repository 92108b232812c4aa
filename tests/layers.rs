//! The modules stand in layers: each uses only what stands below it, and no files form a circle.
//!
//! This reads the sources themselves, so it also sees what a `use` list does not show: paths in
//! the middle of code, in macros and in the templates. Code in `#[cfg(test)] mod` does not count.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::{
    collections::{BTreeMap, BTreeSet, VecDeque},
    fs,
    path::Path,
};

use syn::{
    Attribute, ItemMod, ItemUse, Macro, Meta, UseTree, VisRestricted,
    visit::{self, Visit},
};

/// The layers from the top down, each with what it is there for. A new module gets its place here.
const LAYERS: [(&[&str], &str); 15] = [
    (&["main"], "the process, which hands over to the command line"),
    (&["cli"], "one file per command"),
    (&["app"], "everything put together, started and stopped"),
    (&["config"], "flags, environment and .env, made into one validated Config"),
    (
        &["web", "jobs"],
        "pages and routes; clean-up and feeds: two ways in that don't know each other",
    ),
    (&["accounts"], "users, passwords and roles, whatever way they are asked for"),
    (&["db"], "SQL: accounts and sessions, apart"),
    (&["domain"], "users, passwords and outcomes as types, below SQL"),
    (&["session"], "cookie and lifetimes; no users, SQL or HTML, so that any app can adopt it"),
    (&["seal"], "keyring, seal, unseal; nothing of the web"),
    (&["text"], "counts, relative times and unsafe characters, in pages and on the command line"),
    (&["clock"], "the time, which everything may ask for"),
    (&["telemetry"], "the metrics' names, for whoever has something to count"),
    (&["audit"], "the lines of the log that defenders read, whoever has something to tell"),
    (&["causes"], "errors on one line of the log, whoever writes it"),
];

#[test]
fn every_module_uses_only_what_stands_below_it() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut sources = Sources::new();
    read(root, Path::new("src"), &mut sources);
    read(root, Path::new("templates"), &mut sources);
    let complaints = complaints(&sources);
    assert!(complaints.is_empty(), "\n{}\n", complaints.join("\n"));
}

/// Text by path, from the repository's root.
type Sources = BTreeMap<String, String>;
/// Which file uses which.
type Uses = BTreeSet<(String, String)>;
/// `["web", "login"]` is `crate::web::login`.
type Module = Vec<String>;

fn read(root: &Path, folder: &Path, sources: &mut Sources) {
    for entry in fs::read_dir(root.join(folder)).unwrap() {
        let path = folder.join(entry.unwrap().file_name());
        if root.join(&path).is_dir() {
            read(root, &path, sources);
        } else {
            sources.insert(
                path.to_str().unwrap().replace('\\', "/"),
                fs::read_to_string(root.join(&path)).unwrap(),
            );
        }
    }
}

fn complaints(sources: &Sources) -> Vec<String> {
    let uses = uses(sources);
    [strangers(sources), climbs(&uses), circles(&uses)].concat()
}

/// Files of modules that have no place among the layers.
fn strangers(sources: &Sources) -> Vec<String> {
    let unplaced = |file: &&String| layer(file).is_some_and(|name| place(&name).is_none());
    let complain = |file| format!("{file} has no place among the layers: give it one in LAYERS");
    sources.keys().filter(unplaced).map(complain).collect()
}

/// Uses of what does not stand below the user.
fn climbs(uses: &Uses) -> Vec<String> {
    let complain = |(from, to): &(String, String)| {
        let (user, used) = (layer(from)?, layer(to)?);
        let (at, above) = (place(&user)?, place(&used)?);
        let reason = LAYERS[above].1;
        let stands = if above < at { "above" } else { "beside" };
        (user != used && above <= at).then(|| {
            format!("{user} ({from}) uses {used}, which stands {stands} it ({used}: {reason})")
        })
    };
    uses.iter().filter_map(complain).collect()
}

/// For every use, the shortest way back from the used to the user; each circle once.
fn circles(uses: &Uses) -> Vec<String> {
    let circles: BTreeSet<Vec<String>> = uses
        .iter()
        .filter_map(|(from, to)| {
            let mut circle = way(uses, to, from)?;
            let first = circle.iter().enumerate().min_by_key(|(_, file)| *file)?.0;
            circle.rotate_left(first);
            circle.push(circle[0].clone());
            Some(circle)
        })
        .collect();
    circles.iter().map(|circle| format!("a circle: {}", circle.join(" → "))).collect()
}

fn way(uses: &Uses, from: &str, to: &str) -> Option<Vec<String>> {
    let mut seen = BTreeSet::from([from.to_owned()]);
    let mut ways = VecDeque::from([vec![from.to_owned()]]);
    while let Some(way) = ways.pop_front() {
        let end = way.last()?;
        if end == to {
            return Some(way);
        }
        for (_, next) in uses.iter().filter(|(user, _)| user == end) {
            if seen.insert(next.clone()) {
                ways.push_back([way.clone(), vec![next.clone()]].concat());
            }
        }
    }
    None
}

/// The layer a file belongs to; the crate's root, which only lists the modules, has none.
fn layer(file: &str) -> Option<String> {
    if file.starts_with("templates/") {
        Some("web".to_owned())
    } else {
        module(file)?.into_iter().next()
    }
}

fn place(layer: &str) -> Option<usize> {
    LAYERS.iter().position(|(names, _)| names.contains(&layer))
}

/// The module that a file is: `src/web/login.rs` is `["web", "login"]`.
fn module(file: &str) -> Option<Module> {
    let path = file.strip_prefix("src/")?.strip_suffix(".rs")?;
    let path = if path == "lib" { "" } else { path.strip_suffix("/mod").unwrap_or(path) };
    Some(path.split('/').filter(|name| !name.is_empty()).map(str::to_owned).collect())
}

fn edge(from: &str, to: &str) -> (String, String) {
    (from.to_owned(), to.to_owned())
}

/// Every use of one file by another: by a path, or (parent and child) by `mod`.
fn uses(sources: &Sources) -> Uses {
    let files: BTreeMap<Module, &String> =
        sources.keys().filter_map(|file| Some((module(file)?, file))).collect();
    let mut uses = Uses::new();
    for (file, text) in sources {
        let mut paths = Paths { here: module(file).unwrap_or_default(), found: Vec::new() };
        if file.ends_with(".rs") {
            paths.visit_file(
                &syn::parse_file(text).unwrap_or_else(|error| panic!("{file}: {error}")),
            );
        } else {
            paths.scan(text);
        }
        for mut path in paths.found {
            // What is no module's file stands in the file of the nearest module around it.
            while !files.contains_key(&path) && path.pop().is_some() {}
            uses.extend(files.get(&path).map(|used| edge(file, used)));
        }
    }
    uses.retain(|(from, to)| from != to);
    uses
}

/// Collects the paths into the crate that a file names, as paths from the crate's root.
struct Paths {
    here: Module,
    found: Vec<Module>,
}

impl Paths {
    fn note<'a>(&mut self, path: impl IntoIterator<Item = &'a str>) {
        let mut names = path.into_iter().peekable();
        let mut module = match names.peek() {
            Some(&("crate" | "waxseal")) => Module::new(),
            Some(&("self" | "super")) => self.here.clone(),
            _ => return,
        };
        for name in names {
            match name {
                "crate" | "waxseal" | "self" | "*" | "" => {}
                "super" => drop(module.pop()),
                name => module.push(name.to_owned()),
            }
        }
        self.found.push(module);
    }

    fn tree(&mut self, before: &[String], tree: &UseTree) {
        let name = match tree {
            UseTree::Group(group) => {
                return group.items.iter().for_each(|tree| self.tree(before, tree));
            }
            UseTree::Path(path) => path.ident.to_string(),
            UseTree::Name(name) => name.ident.to_string(),
            UseTree::Rename(rename) => rename.ident.to_string(),
            UseTree::Glob(_) => "*".to_owned(),
        };
        let path = [before, &[name]].concat();
        match tree {
            UseTree::Path(rest) => self.tree(&path, &rest.tree),
            _ => self.note(path.iter().map(String::as_str)),
        }
    }

    /// Finds paths in text that is not parsed: macros' arguments, attributes, templates.
    fn scan(&mut self, text: &str) {
        let text = text.replace(" :: ", "::");
        let in_name = |c: char| c.is_alphanumeric() || c == '_';
        for start in ["crate::", "super::", "self::", "waxseal::"] {
            for (at, _) in text.match_indices(start) {
                if !text[..at].ends_with(in_name) && !text[..at].ends_with("::") {
                    let end = text[at..]
                        .find(|c| !in_name(c) && c != ':')
                        .map_or(text.len(), |end| at + end);
                    self.note(text[at..end].split("::"));
                }
            }
        }
    }
}

impl<'a> Visit<'a> for Paths {
    fn visit_item_mod(&mut self, item: &'a ItemMod) {
        let for_tests = |attribute: &Attribute| {
            attribute.path().is_ident("cfg")
                && attribute.meta.require_list().is_ok_and(|list| list.tokens.to_string() == "test")
        };
        if !item.attrs.iter().any(for_tests) {
            self.here.push(item.ident.to_string());
            self.found.push(self.here.clone());
            visit::visit_item_mod(self, item);
            self.here.pop();
        }
    }

    fn visit_item_use(&mut self, item: &'a ItemUse) {
        self.tree(&[], &item.tree);
    }

    fn visit_path(&mut self, path: &'a syn::Path) {
        let names: Vec<String> = path.segments.iter().map(|name| name.ident.to_string()).collect();
        self.note(names.iter().map(String::as_str));
        visit::visit_path(self, path);
    }

    fn visit_macro(&mut self, call: &'a Macro) {
        self.visit_path(&call.path);
        // Every second piece between quotation marks is a string, and says nothing.
        let tokens = call.tokens.to_string().replace("\\\"", "");
        tokens.split('"').step_by(2).for_each(|code| self.scan(code));
    }

    fn visit_attribute(&mut self, attribute: &'a Attribute) {
        // With its strings, for `#[serde(with = "crate::…")]`; documentation is none of these.
        if let Meta::List(list) = &attribute.meta {
            self.scan(&list.tokens.to_string());
        }
    }

    /// `pub(super)` uses nothing.
    fn visit_vis_restricted(&mut self, _: &'a VisRestricted) {}
}

/// A small crate without a fault, and in it one more file.
fn planted(path: &str, text: &str) -> Vec<String> {
    let sources = [
        ("src/main.rs", "fn main() { waxseal::cli::run() }"),
        ("src/lib.rs", "pub mod accounts; pub mod cli; pub mod db; pub mod web;"),
        ("src/cli/mod.rs", "use crate::{accounts::{self as people, Accounts}, web};"),
        ("src/accounts/mod.rs", "mod email; mod user; pub use user::User;"),
        ("src/accounts/email.rs", "fn f() { crate::db::users::find() }"),
        ("src/accounts/user.rs", "use super::email::Email;"),
        ("src/db/mod.rs", "pub mod users;"),
        ("src/db/users.rs", ""),
        ("src/web/mod.rs", "use crate::accounts::*;"),
        (path, text),
    ];
    complaints(&sources.map(|(path, text)| (path.to_owned(), text.to_owned())).into())
}

#[test]
fn a_use_of_what_stands_above_is_seen_however_it_is_written() {
    for text in [
        "use crate::{web::{self, page}, accounts::{User as Person}};",
        "use super::super::accounts::*;",
        "fn f() { waxseal::accounts::find() }",
        "fn f(user: &Option<crate::accounts::User>) {}",
        "fn f() { log::info!(\"{}\", crate::accounts::NAME) }",
        "struct S { #[serde(with = \"crate::accounts::dates\")] at: i64 }",
        "mod inner { use super::super::super::accounts::User; }",
    ] {
        let complaint =
            "db (src/db/users.rs) uses accounts, which stands above it (accounts: users, ";
        let complaints = planted("src/db/users.rs", text);
        assert!(
            complaints.iter().any(|line| line.starts_with(complaint)),
            "{text}: {complaints:?}"
        );
    }
    let complaints = planted("templates/a.html", r#"{{ crate::cli::version("") }}"#);
    assert!(complaints[0].starts_with("web (templates/a.html) uses cli, which stands above it"));
    let complaints = planted("src/jobs.rs", "use crate::web::page;");
    assert!(complaints[0].starts_with("jobs (src/jobs.rs) uses web, which stands beside it"));
}

#[test]
fn what_is_no_use_is_not_taken_for_one() {
    for text in [
        "",
        "//! [`Accounts`](crate::accounts::Accounts)",
        "pub(super) fn f() { log::info!(target: \"waxseal::accounts\", \"crate::web\") }",
        "#[cfg(test)] mod tests { use crate::web::page; }",
    ] {
        assert_eq!(planted("src/db/users.rs", text), [""; 0], "{text}");
    }
}

#[test]
fn a_circle_is_named() {
    assert_eq!(
        planted("src/accounts/email.rs", "use super::user::User;"),
        ["a circle: src/accounts/email.rs → src/accounts/user.rs → src/accounts/email.rs"]
    );
    assert_eq!(
        planted("src/accounts/email.rs", "use super::User;")[0],
        "a circle: src/accounts/email.rs → src/accounts/mod.rs → src/accounts/email.rs",
    );
}

#[test]
fn a_module_without_a_place_is_named() {
    assert_eq!(
        planted("src/mail/send.rs", ""),
        ["src/mail/send.rs has no place among the layers: give it one in LAYERS"]
    );
}
