//! The application, started by a test within its process.

use std::{
    net::{SocketAddr, TcpStream},
    sync::Arc,
    thread::{self, JoinHandle},
};

use actix_web::rt;
use clap::{Args, FromArgMatches, builder::Resettable};
use tempfile::TempDir;
use tokio::sync::oneshot;
use waxseal::{app::Application, config::ServeArgs};
use waxseal_session::{Clock, Timestamp};

use crate::{
    Client, Database, EMAIL, Postgres, ReceivedMail, SECRET, START, newest_mail, raw,
    wait_for_mails,
};

/// The application, running on its own thread until dropped.
pub struct App {
    pub address: SocketAddr,
    pub clock: Clock,
    pub database: Arc<Database>,
    /// The folder that mails are written to.
    pub mails: TempDir,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

/// Environment variables, such as `("SESSION_MODE", "database")`.
type Settings<'a> = [(&'a str, &'a str)];

impl App {
    /// Starts the application with default test settings and an empty database.
    pub async fn start() -> Self {
        Self::start_with(&[]).await
    }

    /// Starts it with these settings, which override the defaults. An empty value unsets a variable.
    pub async fn start_with(settings: &Settings<'_>) -> Self {
        Self::launch(Arc::new(Database::create()), Clock::manual(START), settings).await
    }

    /// Starts it at this time, on SQLite.
    pub async fn start_at(time: Timestamp) -> Self {
        Self::launch(Arc::new(Database::sqlite()), Clock::manual(time), &[]).await
    }

    /// Starts it in a new schema of this server.
    pub async fn start_on(server: &Postgres) -> Self {
        Self::launch(Arc::new(Database::on(server)), Clock::manual(START), &[]).await
    }

    /// Starts another instance on the same database and clock.
    pub async fn another_node(&self, settings: &Settings<'_>) -> Self {
        Self::launch(Arc::clone(&self.database), self.clock.clone(), settings).await
    }

    /// Stops the application and starts it again, on the same database and clock.
    pub async fn restart(self, settings: &Settings<'_>) -> Self {
        let (database, clock) = (Arc::clone(&self.database), self.clock.clone());
        drop(self);
        Self::launch(database, clock, settings).await
    }

    /// Starts the application on this database and clock.
    pub async fn launch(database: Arc<Database>, clock: Clock, settings: &Settings<'_>) -> Self {
        let url = database.url();
        let mails = tempfile::tempdir().unwrap();
        let folder = mails.path().display().to_string();
        let defaults = [
            ("LISTEN", "127.0.0.1:0"),
            ("DATABASE_URL", &url),
            ("SESSION_SECRET", SECRET),
            // Unless mail goes to a server, or none is sent.
            ("MAIL_DIR", if sends_to_folder(settings) { &folder } else { "" }),
        ];
        let config = parse(&[&defaults, settings].concat()).validate().unwrap();
        let (started, address) = oneshot::channel();
        let (stop, stopped) = oneshot::channel();
        let time = clock.clone();
        let thread = thread::spawn(move || {
            rt::System::new().block_on(async move {
                let application = Application::build(config, time).await.unwrap();
                started.send(application.addresses()[0].tcp().unwrap()).unwrap();
                let server = rt::spawn(application.run_until_stopped());
                let _dropped = stopped.await;
                server.abort();
                let _aborted = server.await;
            });
        });
        let address = address.await.expect("the application starts");
        Self { address, clock, database, mails, stop: Some(stop), thread: Some(thread) }
    }

    /// The newest mail to this address, once there are that many.
    pub async fn mail(&self, address: &str, number: usize) -> ReceivedMail {
        wait_for_mails(self.mails.path(), address, number).await.remove(number - 1)
    }

    /// Waits for a mail with this subject to this address, and returns the newest.
    pub async fn newest_mail(&self, address: &str, subject: &str) -> ReceivedMail {
        newest_mail(self.mails.path(), address, subject).await
    }

    /// `http://127.0.0.1:PORT`.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// A client without cookies.
    pub fn client(&self) -> Client {
        Client::new(self.address, self.clock.clone())
    }

    /// A new client that has signed up.
    pub async fn signed_up(&self, email: &str) -> Client {
        self.client().signed_up(email).await
    }

    /// A new client that has logged in.
    pub async fn logged_in(&self, email: &str) -> Client {
        self.client().logged_in(email).await
    }

    /// A new client, logged in as an administrator.
    pub async fn admin(&self) -> Client {
        self.signed_up(EMAIL).await;
        self.promote(EMAIL).await;
        self.logged_in(EMAIL).await
    }

    /// Makes a user an administrator directly in the database. Their sessions keep the old role.
    pub async fn promote(&self, email: &str) {
        let sql = "UPDATE users SET role = 'admin' WHERE email = $1";
        assert_eq!(self.database.execute(sql, &[email]).await, 1);
    }

    pub async fn role_of(&self, email: &str) -> String {
        self.database.texts("SELECT role FROM users WHERE email = $1", &[email]).await.remove(0)
    }

    pub async fn id_of(&self, email: &str) -> String {
        self.database.texts("SELECT id FROM users WHERE email = $1", &[email]).await.remove(0)
    }

    /// See [`raw::exchange`].
    pub fn raw(&self, request: impl AsRef<[u8]>) -> String {
        raw::exchange(self.address, request).expect("the application listens")
    }

    /// See [`raw::begin`].
    pub fn begin(&self, head: &str) -> TcpStream {
        raw::begin(self.address, head)
    }
}

impl Drop for App {
    fn drop(&mut self) {
        drop(self.stop.take());
        let ended = self.thread.take().map(JoinHandle::join);
        if !thread::panicking() {
            ended.unwrap().expect("the application runs without a panic");
        }
    }
}

fn is_given(settings: &Settings<'_>, setting: &str) -> bool {
    settings.iter().any(|(name, value)| *name == setting && !value.is_empty())
}

/// Production needs to know what the links in mails begin with.
fn sends_to_folder(settings: &Settings<'_>) -> bool {
    let in_production = settings.contains(&("APP_ENV", "production"));
    !is_given(settings, "SMTP_URL") && (!in_production || is_given(settings, "PUBLIC_URL"))
}

/// Parses settings as the command line does, but ignores the environment of the tests.
fn parse(settings: &Settings<'_>) -> ServeArgs {
    let command = ServeArgs::augment_args(clap::Command::new("waxseal"))
        .args_override_self(true)
        .mut_args(|argument| argument.env(Resettable::Reset));
    let flag = |(name, value): &(&str, &str)| {
        format!("--{}={value}", name.to_lowercase().replace('_', "-"))
    };
    let flags = ["waxseal".to_owned()].into_iter().chain(settings.iter().map(flag));
    ServeArgs::from_arg_matches(&command.get_matches_from(flags)).unwrap()
}
