use std::{
    fs,
    io::Write,
    path::{Path, PathBuf},
    process::{Command, Output, Stdio},
    sync::Arc,
};

use tempfile::TempDir;

use crate::Process;

/// The built binary, with a working directory of its own. Of the environment it sees only what
/// [`set`](Self::set) gives it.
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

    /// Sets a variable of its environment.
    pub fn set(mut self, name: &str, value: &str) -> Self {
        self.settings.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Its working directory.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Its database, unless a setting names another.
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

    /// Runs a command to its end.
    pub fn run(&self, arguments: &[&str]) -> Finished {
        self.run_with(arguments, &[])
    }

    /// The same with more settings for this time.
    pub fn run_with(&self, arguments: &[&str], settings: &[(&str, &str)]) -> Finished {
        Finished::of(self.command(arguments).envs(settings.iter().copied()), "")
    }

    /// The same with something on standard input.
    pub fn run_with_input(&self, arguments: &[&str], input: &str) -> Finished {
        Finished::of(&mut self.command(arguments), input)
    }

    /// Starts the server on a free port, and returns when it listens.
    pub fn serve(&self) -> Process {
        self.serve_with(&[], &[])
    }

    /// The same with arguments, and more settings for this time.
    pub fn serve_with(&self, arguments: &[&str], settings: &[(&str, &str)]) -> Process {
        let mut command = self.command(arguments);
        command.env("LISTEN", "127.0.0.1:0").envs(settings.iter().copied());
        Process::start(&mut command, Arc::clone(&self.folder))
    }
}

/// A command that has ended.
#[derive(Debug)]
pub struct Finished {
    pub code: Option<i32>,
    pub stdout: String,
    pub stderr: String,
}

impl Finished {
    /// Runs a command to its end, with this on standard input.
    pub fn of(command: &mut Command, input: &str) -> Self {
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        // A command that reads nothing may have ended by now.
        let _unread = child.stdin.take().unwrap().write_all(input.as_bytes());
        let Output { status, stdout, stderr } = child.wait_with_output().unwrap();
        let [stdout, stderr] = [stdout, stderr].map(|text| String::from_utf8(text).unwrap());
        Self { code: status.code(), stdout, stderr }
    }

    /// What a command printed that has to have succeeded, with nothing but audit lines in its log.
    pub fn success(self) -> String {
        assert_eq!(self.code, Some(0), "{}", self.stderr);
        assert!(
            self.stderr.lines().all(|line| line.contains(" waxseal::audit] ")),
            "{}",
            self.stderr
        );
        self.stdout
    }

    /// The one line of a command that has to have been refused.
    pub fn refusal(self) -> String {
        assert_eq!(self.code, Some(1), "{}{}", self.stdout, self.stderr);
        assert_eq!(self.stdout, "");
        assert!(self.stderr.starts_with("waxseal: "), "{}", self.stderr);
        let line = self.stderr.strip_suffix('\n').unwrap();
        assert!(!line.contains('\n'), "{}", self.stderr);
        line.to_owned()
    }
}
