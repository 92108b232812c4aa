//! The built binary as a command.

use std::{
    fs,
    io::Write,
    path::{Path, PathBuf},
    process::{Command, Output, Stdio},
    sync::Arc,
};

use tempfile::TempDir;

use crate::Process;

/// The built binary, with its own working directory. Its environment holds only what
/// [`set`](Self::set) sets.
pub struct Program {
    path: PathBuf,
    folder: Arc<TempDir>,
    settings: Vec<(String, String)>,
}

impl Program {
    /// For `waxseal!()`.
    pub fn new(path: impl Into<PathBuf>) -> Self {
        let folder = Arc::new(tempfile::tempdir().unwrap());
        Self { path: path.into(), folder, settings: Vec::new() }
    }

    /// Sets an environment variable.
    pub fn set(mut self, name: &str, value: &str) -> Self {
        self.settings.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Its working directory.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Its default database.
    pub fn database_url(&self) -> String {
        format!("sqlite://{}", self.folder().join("waxseal.db").display())
    }

    /// Writes a file into its working directory.
    pub fn write(&self, name: &str, content: &str) {
        fs::write(self.folder().join(name), content).unwrap();
    }

    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(&self.path);
        command.args(arguments).env_clear().current_dir(self.folder());
        command.envs(self.settings.iter().map(|(name, value)| (name, value)));
        command
    }

    /// Runs a command to completion.
    pub fn run(&self, arguments: &[&str]) -> Finished {
        self.run_with(arguments, &[])
    }

    /// Runs a command with additional environment variables.
    pub fn run_with(&self, arguments: &[&str], settings: &[(&str, &str)]) -> Finished {
        Finished::of(self.command(arguments).envs(settings.iter().copied()), "")
    }

    /// Runs a command with this standard input.
    pub fn run_with_input(&self, arguments: &[&str], input: &str) -> Finished {
        Finished::of(&mut self.command(arguments), input)
    }

    /// Starts the server on a free port and waits until it listens.
    pub fn serve(&self) -> Process {
        self.serve_with(&[], &[])
    }

    /// Starts the server with arguments and additional environment variables.
    pub fn serve_with(&self, arguments: &[&str], settings: &[(&str, &str)]) -> Process {
        let mut command = self.command(arguments);
        command.env("LISTEN", "127.0.0.1:0").envs(settings.iter().copied());
        Process::start(&mut command, Arc::clone(&self.folder))
    }
}

/// The result of a command.
#[derive(Debug)]
pub struct Finished {
    pub code: Option<i32>,
    pub stdout: String,
    pub stderr: String,
}

impl Finished {
    /// Runs a command with this standard input.
    pub fn of(command: &mut Command, input: &str) -> Self {
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        // A command that reads nothing may have ended already.
        let _unread = child.stdin.take().unwrap().write_all(input.as_bytes());
        let Output { status, stdout, stderr } = child.wait_with_output().unwrap();
        let [stdout, stderr] = [stdout, stderr].map(|text| String::from_utf8(text).unwrap());
        Self { code: status.code(), stdout, stderr }
    }

    /// The output of a successful command. Panics if it failed or logged anything but audit lines.
    pub fn success(self) -> String {
        assert_eq!(self.code, Some(0), "{}", self.stderr);
        assert!(
            self.stderr.lines().all(|line| {
                line.contains(" waxseal::audit] ") || line.contains(" waxseal::database] created ")
            }),
            "{}",
            self.stderr
        );
        self.stdout
    }

    /// The error line of a failed command. Panics if it succeeded or printed anything else.
    pub fn refusal(self) -> String {
        assert_eq!(self.code, Some(1), "{}{}", self.stdout, self.stderr);
        assert_eq!(self.stdout, "");
        assert!(self.stderr.starts_with("waxseal: "), "{}", self.stderr);
        let line = self.stderr.strip_suffix('\n').unwrap();
        assert!(!line.contains('\n'), "{}", self.stderr);
        line.to_owned()
    }
}
