//! PostgreSQL servers for the tests.

use std::{
    env, fs,
    net::TcpListener,
    path::{Path, PathBuf},
    process::Command,
    sync::{
        OnceLock,
        atomic::{AtomicU32, Ordering},
    },
    thread,
    time::Duration,
};

use tempfile::TempDir;

use crate::{ExternalServer, programs::succeed, skip_test};

/// A PostgreSQL server on loopback with its own data directory, from the system's packages. It stops when
/// dropped, or when this process ends.
pub struct Postgres {
    programs: PathBuf,
    directory: TempDir,
    port: u16,
    server: Option<ExternalServer>,
}

impl Postgres {
    /// The server that all tests of this process share; `None` if PostgreSQL is not installed.
    pub fn shared() -> Option<&'static Self> {
        static SHARED: OnceLock<Option<Postgres>> = OnceLock::new();
        SHARED.get_or_init(Self::start).as_ref()
    }

    /// Starts a new server. Skips the test and returns `None` if PostgreSQL is not installed.
    pub fn start() -> Option<Self> {
        let Some(programs) = programs() else {
            skip_test("POSTGRES", "PostgreSQL is missing (Debian: apt-get install postgresql)");
            return None;
        };
        let directory = tempfile::tempdir().unwrap();
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let mut postgres = Self { programs, directory, port, server: None };
        postgres.init();
        postgres.start_again();
        Some(postgres)
    }

    /// The URL of the default database.
    pub fn url(&self) -> String {
        format!("postgres://postgres@127.0.0.1:{}/postgres", self.port)
    }

    /// Creates a schema and returns its URL.
    pub fn url_of_new_schema(&self) -> String {
        static NUMBER: AtomicU32 = AtomicU32::new(1);
        let name = format!("test_{}", NUMBER.fetch_add(1, Ordering::SeqCst));
        self.sql(&format!("CREATE SCHEMA {name}"));
        format!("{}?options[search_path]={name}", self.url())
    }

    /// Creates a schema that this new role owns, and returns its URL for the role. `options` are those of
    /// `CREATE ROLE`.
    pub fn url_of_new_role(&self, role: &str, options: &str) -> String {
        let url = self.url_of_new_schema();
        let (_, schema) = url.rsplit_once('=').unwrap();
        self.sql(&format!("CREATE ROLE {role} LOGIN {options}"));
        self.sql(&format!("ALTER SCHEMA {schema} OWNER TO {role}"));
        url.replace("postgres@", &format!("{role}@"))
    }

    /// Asks this role for its password from now on.
    pub fn require_password_of(&self, role: &str) {
        let file = self.data().join("pg_hba.conf");
        let others = fs::read_to_string(&file).unwrap();
        fs::write(&file, format!("host all {role} all scram-sha-256\n{others}")).unwrap();
        self.reload();
    }

    /// Turns on TLS with a certificate that no one trusts.
    pub fn turn_on_tls(&self) {
        let mut openssl = unprivileged(Path::new("openssl"));
        openssl.args([
            "req",
            "-x509",
            "-newkey",
            "ed25519",
            "-nodes",
            "-subj",
            "/CN=no one trusts this",
        ]);
        openssl.args(["-addext", "subjectAltName=DNS:localhost"]);
        openssl.args(["-addext", "basicConstraints=critical,CA:FALSE"]);
        openssl.arg("-keyout").arg(self.data().join("server.key"));
        succeed(openssl.arg("-out").arg(self.data().join("server.crt")));
        self.sql("ALTER SYSTEM SET ssl = on");
        self.reload();
    }

    /// Has the server read its settings again.
    pub fn reload(&self) {
        self.sql("SELECT pg_reload_conf()");
    }

    pub fn port(&self) -> u16 {
        self.port
    }

    /// Runs a statement with psql as the superuser. Returns its output.
    pub fn sql(&self, statement: &str) -> String {
        let mut psql = Command::new(self.programs.join("psql"));
        psql.args(["-qAt", "-v", "ON_ERROR_STOP=1", "-d", &self.url(), "-c", statement]);
        let output = psql.output().unwrap();
        assert!(output.status.success(), "{statement}: {output:?}");
        String::from_utf8(output.stdout).unwrap().trim().to_owned()
    }

    /// The server's log since its last start.
    pub fn log(&self) -> String {
        fs::read_to_string(self.log_file()).unwrap_or_default()
    }

    /// Stops the server at once, and closes every connection.
    pub fn stop(&mut self) {
        self.server = None;
    }

    /// Starts the server again on the same data.
    pub fn start_again(&mut self) {
        let settings = [
            format!("port={}", self.port),
            // A machine without IPv6 listens on the first alone.
            "listen_addresses=127.0.0.1,::1".to_owned(),
            "unix_socket_directories=".to_owned(),
            "max_connections=300".to_owned(),
            // No test needs the data to survive a power failure.
            "fsync=off".to_owned(),
        ];
        let mut server = unprivileged(&self.programs.join("postgres"));
        server.arg("-D").arg(self.data());
        server.args(settings.iter().flat_map(|setting| ["-c", setting]));
        self.server = Some(ExternalServer::start(&server, "QUIT", self.log_file()));
        self.wait_until_it_answers();
    }

    /// Starts the server again as a standby: it is read-only until it is [promoted](Self::promote).
    pub fn start_again_as_standby(&mut self) {
        fs::write(self.data().join("standby.signal"), "").unwrap();
        self.start_again();
    }

    /// Makes a standby the primary.
    pub fn promote(&self) {
        assert_eq!(self.sql("SELECT pg_promote()"), "t");
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
        panic!("PostgreSQL does not answer: {}", self.log());
    }

    fn init(&self) {
        let data = self.data();
        fs::create_dir(&data).unwrap();
        if is_root() {
            succeed(Command::new("chown").arg("postgres").arg(&data));
            succeed(Command::new("chmod").arg("o+x").arg(self.directory.path()));
        }
        let mut init = unprivileged(&self.programs.join("initdb"));
        init.args(["--auth=trust", "--username=postgres", "--encoding=UTF8", "--no-sync", "-D"]);
        succeed(init.arg(&data));
    }

    fn data(&self) -> PathBuf {
        self.directory.path().join("data")
    }

    fn log_file(&self) -> PathBuf {
        self.directory.path().join("log")
    }
}

impl Drop for Postgres {
    /// Stops the server before its data directory is deleted.
    fn drop(&mut self) {
        self.stop();
    }
}

/// The folder of the server's programs: in `PATH`, or the newest where Debian installs them.
fn programs() -> Option<PathBuf> {
    let path = env::var_os("PATH").unwrap_or_default();
    let mut debian: Vec<PathBuf> = fs::read_dir("/usr/lib/postgresql")
        .map(|versions| versions.map(|version| version.unwrap().path().join("bin")).collect())
        .unwrap_or_default();
    debian.sort();
    let complete = |folder: &Path| {
        ["initdb", "postgres", "psql"].iter().all(|program| folder.join(program).exists())
    };
    env::split_paths(&path).chain(debian.into_iter().rev()).find(|folder| complete(folder))
}

/// A command that runs as the user `postgres` if this is root, which PostgreSQL refuses.
fn unprivileged(program: &Path) -> Command {
    if !is_root() {
        return Command::new(program);
    }
    let mut command = Command::new("setpriv");
    command.args(["--reuid=postgres", "--regid=postgres", "--clear-groups"]).arg(program);
    command.current_dir("/");
    command
}

fn is_root() -> bool {
    let id = Command::new("id").arg("-u").output().unwrap();
    id.stdout.trim_ascii() == b"0"
}
