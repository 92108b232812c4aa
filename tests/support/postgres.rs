//! PostgreSQL servers of the tests' own, on loopback, from the system's packages.

use std::{
    env, fs,
    io::{self, Write},
    net::TcpListener,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::{
        OnceLock,
        atomic::{AtomicU32, Ordering},
    },
    thread,
    time::Duration,
};

use tempfile::TempDir;

/// A server with its own data. It ends when it is dropped, and at the latest with this process.
pub struct Postgres {
    programs: PathBuf,
    directory: TempDir,
    port: u16,
    server: Option<Child>,
}

impl Postgres {
    /// The server that all tests of this process share; `None` where PostgreSQL is not installed.
    pub fn shared() -> Option<&'static Self> {
        static SHARED: OnceLock<Option<Postgres>> = OnceLock::new();
        SHARED.get_or_init(Self::start).as_ref()
    }

    /// A new server; `None` where PostgreSQL is not installed, unless it is asked for.
    pub fn start() -> Option<Self> {
        let Some(programs) = programs() else {
            assert!(
                env::var_os("WAXSEAL_REQUIRE_POSTGRES").is_none(),
                "PostgreSQL's initdb and postgres are not found"
            );
            let left_out = "left out: PostgreSQL is missing (Debian: apt-get install postgresql)\n";
            // Not `eprintln!`: of tests that pass, that is not shown.
            io::stderr().write_all(left_out.as_bytes()).unwrap();
            return None;
        };
        let directory = tempfile::tempdir().unwrap();
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let mut postgres = Self { programs, directory, port, server: None };
        postgres.init();
        postgres.go_on();
        Some(postgres)
    }

    /// Where the server is, and the whole database of it.
    pub fn url(&self) -> String {
        format!("postgres://postgres@127.0.0.1:{}/postgres", self.port)
    }

    /// The same, in a schema that nobody else uses.
    pub fn url_of_new_schema(&self) -> String {
        static NUMBER: AtomicU32 = AtomicU32::new(1);
        let name = format!("test_{}", NUMBER.fetch_add(1, Ordering::SeqCst));
        self.sql(&format!("CREATE SCHEMA {name}"));
        format!("{}?options[search_path]={name}", self.url())
    }

    /// The port it listens on.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Runs a statement as an administrator would; what it prints.
    pub fn sql(&self, statement: &str) -> String {
        let mut psql = Command::new(self.programs.join("psql"));
        psql.args(["-qAt", "-v", "ON_ERROR_STOP=1", "-d", &self.url(), "-c", statement]);
        let output = psql.output().unwrap();
        assert!(output.status.success(), "{statement}: {output:?}");
        String::from_utf8(output.stdout).unwrap().trim().to_owned()
    }

    /// What the server has written into its log.
    pub fn log(&self) -> String {
        fs::read_to_string(self.directory.path().join("log")).unwrap()
    }

    /// Stops the server at once, with everybody who is connected.
    pub fn stop(&mut self) {
        let Some(mut server) = self.server.take() else { return };
        // It waits for this to be closed: see `go_on`.
        drop(server.stdin.take());
        server.wait().unwrap();
    }

    /// Starts the server again, with the data that it has.
    pub fn go_on(&mut self) {
        let settings = [
            format!("port={}", self.port),
            "listen_addresses=127.0.0.1".to_owned(),
            "unix_socket_directories=".to_owned(),
            "max_connections=300".to_owned(),
            // No test turns the machine off.
            "fsync=off".to_owned(),
        ];
        let program = self.programs.join("postgres").display().to_string();
        let mut words = vec![program, "-D".to_owned(), self.data().display().to_string()];
        words.extend(settings.into_iter().flat_map(|setting| ["-c".to_owned(), setting]));
        // The shell stops it when this process closes the pipe, or ends, however it ends.
        let watched = r#""$@" & server=$!; cat >/dev/null; kill -QUIT $server; wait $server"#;
        let mut shell = unprivileged("sh");
        shell.args(["-c", watched, "sh"]).args(words).stdin(Stdio::piped());
        let log = fs::File::create(self.directory.path().join("log")).unwrap();
        shell.stdout(log.try_clone().unwrap()).stderr(log);
        self.server = Some(shell.spawn().unwrap());
        self.wait_until_it_answers();
    }

    fn wait_until_it_answers(&self) {
        for _ in 0..600 {
            let mut ready = Command::new(self.programs.join("pg_isready"));
            ready.args(["-q", "-h", "127.0.0.1", "-p", &self.port.to_string()]);
            if ready.status().unwrap().success() {
                return;
            }
            thread::sleep(Duration::from_millis(50));
        }
        let log = fs::read_to_string(self.directory.path().join("log")).unwrap_or_default();
        panic!("PostgreSQL does not answer: {log}");
    }

    fn init(&self) {
        let data = self.data();
        fs::create_dir(&data).unwrap();
        if is_root() {
            run(Command::new("chown").args(["postgres", &data.display().to_string()]));
            run(Command::new("chmod").args(["o+x", &self.directory.path().display().to_string()]));
        }
        let mut init = unprivileged(&self.programs.join("initdb").display().to_string());
        init.args(["--auth=trust", "--username=postgres", "--encoding=UTF8", "--no-sync", "-D"]);
        run(init.arg(&data));
    }

    fn data(&self) -> PathBuf {
        self.directory.path().join("data")
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        self.stop();
    }
}

/// Where the server's programs are: on the path, or where Debian puts them, the newest first.
fn programs() -> Option<PathBuf> {
    let path = env::var_os("PATH").unwrap_or_default();
    let mut debian: Vec<PathBuf> = fs::read_dir("/usr/lib/postgresql")
        .map(|versions| versions.map(|version| version.unwrap().path().join("bin")).collect())
        .unwrap_or_default();
    debian.sort();
    let whole = |folder: &Path| {
        ["initdb", "postgres", "psql"].iter().all(|program| folder.join(program).exists())
    };
    env::split_paths(&path).chain(debian.into_iter().rev()).find(|folder| whole(folder))
}

/// A program that is not run as root: PostgreSQL refuses that.
fn unprivileged(program: &str) -> Command {
    if !is_root() {
        return Command::new(program);
    }
    let mut command = Command::new("setpriv");
    command.args(["--reuid=postgres", "--regid=postgres", "--clear-groups", program]);
    command.current_dir("/");
    command
}

fn is_root() -> bool {
    let id = Command::new("id").arg("-u").output().unwrap();
    id.stdout.trim_ascii() == b"0"
}

fn run(command: &mut Command) {
    let output = command.output().unwrap();
    assert!(output.status.success(), "{command:?}: {output:?}");
}
