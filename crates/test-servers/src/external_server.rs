//! Third-party servers, such as proxies.

use std::{
    fs::{self, File},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::Mutex,
};

/// A third-party server. It stops when this is dropped, or when the tests end in any way.
pub struct ExternalServer {
    shell: Mutex<Child>,
    log: PathBuf,
}

impl ExternalServer {
    /// Starts a program that stops on this signal. Its output goes to the file `log`. Its environment
    /// holds only what the command sets.
    pub fn start(program: &Command, signal: &str, log: PathBuf) -> Self {
        // The shell stops it when the pipe is closed, which also happens when this process ends.
        let watch =
            format!(r#""$@" & program=$!; cat >/dev/null; kill -{signal} $program; wait $program"#);
        let mut shell = Command::new("sh");
        shell.args(["-c", &watch, "sh"]).arg(program.get_program()).args(program.get_args());
        shell.env_clear().envs(program.get_envs().filter_map(|(name, value)| Some((name, value?))));
        shell.current_dir(program.get_current_dir().unwrap_or(Path::new("/")));
        let file = File::create(&log).unwrap();
        shell.stdin(Stdio::piped()).stdout(file.try_clone().unwrap()).stderr(file);
        Self { shell: Mutex::new(shell.spawn().unwrap()), log }
    }

    /// Its output so far.
    pub fn log(&self) -> String {
        fs::read_to_string(&self.log).unwrap()
    }

    /// Stops it, and waits until it has ended.
    pub fn stop(&self) {
        let mut shell = self.shell.lock().unwrap();
        drop(shell.stdin.take());
        shell.wait().unwrap();
    }
}

impl Drop for ExternalServer {
    fn drop(&mut self) {
        self.stop();
    }
}
