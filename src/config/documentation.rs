//! README.md and `.env.example` describe the settings in the words of `waxseal --help`: these tests
//! compare them, and print what to paste where they differ.

use clap::{Arg, Args, Command};

use super::{ServeArgs, session::EXAMPLE_SECRET};

const README: &str = include_str!("../../README.md");
const ENV_EXAMPLE: &str = include_str!("../../.env.example");

/// The longest line of `.env.example`.
const WIDTH: usize = 100;

#[test]
fn the_readme_s_table_has_every_setting() {
    const HEAD: &str = "| variable | default | |\n| --- | --- | --- |\n";

    let (_, rest) = README.split_once(HEAD).expect("README.md has a table of settings");
    let table = rest.split_once("\n\n").map(|(table, _)| table);
    let rows: Vec<String> = settings().iter().map(Setting::table_row).collect();
    let expected = rows.join("\n");
    assert!(table == Some(&expected), "README.md needs this table:\n\n{HEAD}{expected}\n");
}

#[test]
fn the_example_file_has_every_setting() {
    let (_introduction, entries) = ENV_EXAMPLE.split_once("\n\n").expect("it has an introduction");
    let expected: Vec<String> = settings().iter().map(Setting::example).collect();
    let expected = expected.join("\n");
    assert!(entries == expected, ".env.example needs this below its introduction:\n\n{expected}");
}

struct Setting {
    /// `SESSION_MODE`.
    name: String,
    /// The value of the default, where it is one.
    value: Option<String>,
    /// The default in words, where it is no value.
    default: Option<String>,
    summary: String,
    details: String,
}

fn settings() -> Vec<Setting> {
    ServeArgs::augment_args(Command::new("waxseal")).get_arguments().map(Setting::of).collect()
}

impl Setting {
    fn of(arg: &Arg) -> Self {
        let text = |text: &dyn ToString| text.to_string();
        let help = arg.get_help().map(|help| text(help)).expect("a setting has a description");
        let long_help = arg.get_long_help().map(|help| text(help)).unwrap_or_default();
        let (summary, default) = match help.split_once(" [default: ") {
            Some((summary, default)) => (summary.to_owned(), default.strip_suffix(']')),
            None => (help.clone(), None),
        };
        // A default that the text tells is a value if it is one word.
        let (told, default) = match default {
            Some(word) if !word.contains(' ') => (Some(word.to_owned()), None),
            words => (None, words),
        };
        let value = arg.get_default_values().first().and_then(|value| value.to_str());
        Self {
            name: arg.get_env().and_then(|name| name.to_str()).expect("a variable").to_owned(),
            value: value.map(str::to_owned).or(told),
            default: default.map(str::to_owned),
            summary,
            details: long_help.strip_prefix(&help).unwrap_or_default().trim().to_owned(),
        }
    }

    fn table_row(&self) -> String {
        let Self { name, value, default, summary, .. } = self;
        let default = match (value, default) {
            (Some(value), _) => format!("`{value}`"),
            (None, words) => words.clone().unwrap_or_else(|| "none".to_owned()),
        };
        format!("| `{name}` | {default} | {summary} |")
    }

    /// The entry in `.env.example`: a comment, and the setting with its default, commented out.
    fn example(&self) -> String {
        let Self { name, value, default, summary, details } = self;
        let default =
            default.as_ref().map(|words| format!("Default: {words}.")).unwrap_or_default();
        let value = match name.as_str() {
            "SESSION_SECRET" => EXAMPLE_SECRET,
            _ => value.as_deref().unwrap_or_default(),
        };
        let text = format!("{summary}. {default} {details}");
        format!("{}#{name}={value}\n", comment(&text))
    }
}

/// The words of a text in lines that begin with `#`.
fn comment(text: &str) -> String {
    let mut lines = String::new();
    let mut line = "#".to_owned();
    for word in text.split_whitespace() {
        if line.len() + 1 + word.len() > WIDTH {
            lines += &format!("{line}\n");
            "#".clone_into(&mut line);
        }
        line += &format!(" {word}");
    }
    lines + &line + "\n"
}
