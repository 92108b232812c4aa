//! The servers to compare: the program, the database and the request.

use std::process::{Command, Stdio};

use crate::{
    Outcome,
    databases::{Database, Databases},
    servers::USER_ID,
};

/// The folder of the servers for Node.js.
pub const NODE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/node");

/// A row of the table.
pub struct Contender {
    /// The name on the command line.
    pub name: &'static str,
    /// The name in the table.
    pub label: &'static str,
    pub server: Server,
    pub database: Database,
    /// The path to request.
    pub path: &'static str,
    /// A text in the response that shows that there is a session.
    pub proof: &'static str,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Server {
    /// One of [`crate::servers`], without sessions.
    Bare,
    /// The same, requested with a cookie as long as a session's, which it ignores.
    BareWithCookie,
    /// One of [`crate::servers`] that fills `actix_session::Session` itself, requested in the same way.
    Filled,
    /// One of [`crate::servers`] that has waxseal's session middleware.
    Layer(&'static str),
    /// One of [`crate::servers`] that has actix-session's middleware.
    ActixSession(&'static str),
    /// `waxseal serve`.
    Waxseal,
    /// Node.js, without sessions.
    BareNode,
    IronSession,
}

/// In the order of the table.
static ALL: [Contender; 14] = [
    page("bare", "no session", Server::Bare, Database::None),
    page("bare-cookie", "no session, an unread cookie", Server::BareWithCookie, Database::None),
    page("filled", "no session, Actix's map filled", Server::Filled, Database::None),
    page("cookie", "waxseal", Server::Layer("waxseal-cookie"), Database::Sqlite),
    page(
        "million",
        "waxseal, a million revoked sessions",
        Server::Layer("waxseal-cookie"),
        Database::RevokedMillion,
    ),
    page(
        "refresh",
        "waxseal, refreshed on every request",
        Server::Layer("waxseal-refresh"),
        Database::Sqlite,
    ),
    page(
        "sqlite",
        "waxseal, database mode, SQLite",
        Server::Layer("waxseal-database"),
        Database::Sqlite,
    ),
    page(
        "postgres",
        "waxseal, database mode, PostgreSQL",
        Server::Layer("waxseal-database"),
        Database::Postgres,
    ),
    page(
        "actix-session-cookie",
        "actix-session, cookie store",
        Server::ActixSession("actix-session-cookie"),
        Database::None,
    ),
    page(
        "actix-session-redis",
        "actix-session, Redis",
        Server::ActixSession("actix-session-redis"),
        Database::Redis,
    ),
    page("node", "no session, Node.js", Server::BareNode, Database::None),
    page("iron-session", "iron-session, Node.js", Server::IronSession, Database::None),
    Contender {
        name: "profile",
        label: "the waxseal server, /profile",
        server: Server::Waxseal,
        database: Database::Sqlite,
        path: "/profile",
        proof: "ann@example.com",
    },
    Contender {
        name: "api",
        label: "the waxseal server, /api/session",
        server: Server::Waxseal,
        database: Database::Sqlite,
        path: "/api/session",
        proof: r#""user_id""#,
    },
];

/// A server that answers with the common page.
const fn page(
    name: &'static str,
    label: &'static str,
    server: Server,
    database: Database,
) -> Contender {
    Contender { name, label, server, database, path: "/", proof: USER_ID }
}

/// The servers with these names; all if there are none.
pub fn chosen(names: &[&str]) -> Outcome<Vec<&'static Contender>> {
    if names.is_empty() {
        return Ok(ALL.iter().collect());
    }
    let find = |name: &&str| {
        let found = ALL.iter().find(|contender| contender.name == *name);
        let known = || ALL.iter().map(|contender| contender.name).collect::<Vec<_>>().join(", ");
        found.ok_or_else(|| format!("{name} is none of {}", known()).into())
    };
    names.iter().map(find).collect()
}

impl Contender {
    /// A missing program that it needs.
    pub fn missing(&self, databases: &Databases) -> Option<&'static str> {
        let node = || Command::new("node").arg("--version").stdout(Stdio::null()).status().is_ok();
        let package = || std::fs::exists(format!("{NODE}/node_modules")).unwrap_or(false);
        match (self.server, self.database) {
            (Server::BareNode | Server::IronSession, _) if !node() => Some("Node.js"),
            (Server::IronSession, _) if !package() => Some("the npm package"),
            (_, Database::Postgres) if databases.postgres.is_none() => Some("PostgreSQL"),
            (_, Database::Redis) if databases.redis.is_none() => Some("redis-server"),
            _ => None,
        }
    }
}
