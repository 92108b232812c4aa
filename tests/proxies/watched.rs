//! Processes that do not outlive the tests.

use std::{
    fs::File,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::Mutex,
};

/// A process that is told to stop when this is dropped, and at the latest when the tests end.
pub struct Watched {
    shell: Mutex<Child>,
    log: PathBuf,
}

impl Watched {
    /// Starts a program; what it says goes to this file.
    pub fn start(program: &Command, log: PathBuf) -> Self {
        // The shell stops it when the tests close the pipe, or end, however they end.
        let watch = r#""$@" & program=$!; cat >/dev/null; kill $program; wait $program"#;
        let mut shell = Command::new("sh");
        shell.args(["-c", watch, "sh"]).arg(program.get_program()).args(program.get_args());
        shell.env_clear().envs(program.get_envs().filter_map(|(name, value)| Some((name, value?))));
        shell.current_dir(program.get_current_dir().unwrap_or(Path::new("/")));
        let file = File::create(&log).unwrap();
        shell.stdin(Stdio::piped()).stdout(file.try_clone().unwrap()).stderr(file);
        Self { shell: Mutex::new(shell.spawn().unwrap()), log }
    }

    /// What it has said so far.
    pub fn log(&self) -> String {
        std::fs::read_to_string(&self.log).unwrap()
    }

    /// Tells it to stop, and waits until it has.
    pub fn stop(&self) {
        let mut shell = self.shell.lock().unwrap();
        drop(shell.stdin.take());
        shell.wait().unwrap();
    }
}

impl Drop for Watched {
    fn drop(&mut self) {
        self.stop();
    }
}
