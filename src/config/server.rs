//! The settings of the server: addresses, proxies, background jobs.

use std::{
    net::{IpAddr, SocketAddr},
    time::Duration,
};

use actix_web::http::Uri;
use clap::Args;

use super::{
    environment::Environment,
    invalid_setting::{InvalidSetting, SettingWarning},
    listen::{ListenAddress, ListenArgs, require_loopback, tcp},
    value::{duration, given},
};
use crate::web::trusted_proxies::TrustedProxies;

const METRICS_LISTEN: &str = "METRICS_LISTEN";
const CLEANUP_INTERVAL: &str = "1h";
const UNKNOWN_ADDRESSES: &str = "does not have the word unix, so the addresses of visitors through the UNIX socket are unknown: \
     limits count them all as one, and the log says none";

/// How the server is reached, and what it does beside answering.
#[derive(Args, Clone, Default)]
pub struct ServerArgs {
    /// Where the server listens.
    #[command(flatten)]
    pub listen: ListenArgs,

    /// The address and port of /metrics, for Prometheus
    ///
    /// Without it, nothing is measured. Anyone who can reach the address can read the metrics:
    /// keep it internal.
    #[arg(long, env, value_name = "ADDRESS", hide_env_values = true)]
    pub metrics_listen: Option<String>,

    /// The site's origin, such as `https://example.com`
    ///
    /// Set it where a proxy changes the Host that the browser sent: forms from this origin are then
    /// accepted. It has no path: waxseal is served at the root of a host, not below a prefix.
    #[arg(long, env, value_name = "ORIGIN", hide_env_values = true)]
    pub public_url: Option<String>,

    /// The proxies whose X-Forwarded-For is believed: addresses or CIDRs, separated by commas
    ///
    /// Example: 10.0.0.1,2001:db8::/48. The word unix stands for whatever connects to the UNIX socket
    /// of LISTEN. The client is the right-most address not in the list. List only proxies that write
    /// the header themselves: they can claim any client address.
    #[arg(long, env, value_name = "ADDRESSES", hide_env_values = true)]
    pub trusted_proxies: Option<String>,

    /// How often expired sessions and old log-in events are deleted
    ///
    /// At least 1s. Log-in events are kept for 90 days.
    #[arg(
        long,
        env,
        value_name = "DURATION",
        default_value = CLEANUP_INTERVAL,
        hide_env_values = true
    )]
    pub cleanup_interval: Option<String>,
}

/// [`ServerArgs`], every value in its range.
#[derive(Debug)]
pub struct ServerConfig {
    /// Where to listen.
    pub listen: ListenAddress,
    /// The address of `/metrics`; without one, nothing is measured.
    pub metrics_listen: Option<SocketAddr>,
    /// The site's origin, when it differs from `Host`.
    pub public_origin: Option<String>,
    /// The proxies whose `X-Forwarded-For` is believed.
    pub trusted_proxies: TrustedProxies,
    /// How often expired rows are deleted.
    pub cleanup_interval: Duration,
    /// What is allowed but unwise.
    pub warnings: Vec<SettingWarning>,
}

impl ServerArgs {
    /// # Errors
    ///
    /// For the first setting that can't be used.
    pub fn validate(&self, environment: Environment) -> Result<ServerConfig, InvalidSetting> {
        let trusted_proxies: TrustedProxies = given(&self.trusted_proxies)
            .unwrap_or_default()
            .parse()
            .map_err(|error| InvalidSetting::new("TRUSTED_PROXIES", error))?;
        let listen = self.listen.validate(environment)?;
        let mut config = ServerConfig {
            metrics_listen: self.metrics_listen(&listen, environment)?,
            listen,
            public_origin: given(&self.public_url).map(origin).transpose()?,
            trusted_proxies,
            cleanup_interval: self.cleanup_interval()?,
            warnings: Vec::new(),
        };
        config.warnings = config.find_warnings(environment);
        Ok(config)
    }

    fn metrics_listen(
        &self,
        listen: &ListenAddress,
        environment: Environment,
    ) -> Result<Option<SocketAddr>, InvalidSetting> {
        const EXAMPLE: &str = "127.0.0.1:9090";

        let Some(text) = given(&self.metrics_listen) else { return Ok(None) };
        let address = tcp(METRICS_LISTEN, text, EXAMPLE)?;
        require_loopback(METRICS_LISTEN, address, EXAMPLE, environment)?;
        if listen.tcp() == Some(address) && address.port() != 0 {
            return Err(InvalidSetting::new(METRICS_LISTEN, "must be another address than LISTEN"));
        }
        Ok(Some(address))
    }

    fn cleanup_interval(&self) -> Result<Duration, InvalidSetting> {
        let text = given(&self.cleanup_interval).unwrap_or(CLEANUP_INTERVAL);
        let interval = duration("CLEANUP_INTERVAL", text)?;
        if interval < Duration::from_secs(1) {
            return Err(InvalidSetting::new("CLEANUP_INTERVAL", "must be at least 1s"));
        }
        Ok(interval)
    }
}

impl ServerConfig {
    /// A warning if the clients of a UNIX socket have no address.
    pub(crate) fn unknown_addresses(&self) -> Option<SettingWarning> {
        (!self.trusted_proxies.trust_unix())
            .then(|| SettingWarning::new("TRUSTED_PROXIES", UNKNOWN_ADDRESSES))
    }

    fn find_warnings(&self, environment: Environment) -> Vec<SettingWarning> {
        let in_production = environment == Environment::Production;
        let proxies = self.proxies_problem(in_production);
        let http = self.public_origin.as_ref().filter(|origin| origin.starts_with("http://"));
        let over_http = http.filter(|_| in_production).map(|origin| {
            format!("is {origin}, but in production browsers keep the cookie only over https")
        });
        let metrics = self.metrics_listen.filter(|address| is_public(address.ip()));
        let public_metrics =
            metrics.map(|address| format!("anyone who can reach {address} can read the metrics"));
        let warnings = [
            ("TRUSTED_PROXIES", proxies.map(str::to_owned)),
            ("PUBLIC_URL", over_http),
            (METRICS_LISTEN, public_metrics),
        ];
        warnings
            .into_iter()
            .filter_map(|(setting, problem)| Some(SettingWarning::new(setting, problem?)))
            .collect()
    }

    fn proxies_problem(&self, in_production: bool) -> Option<&'static str> {
        let proxies = &self.trusted_proxies;
        if proxies.trust_everyone() {
            return Some(
                "trusts every address: anyone who can reach this port directly can claim any \
                 client address",
            );
        }
        if self.listen.unix().is_some() && !proxies.trust_unix() {
            return Some(UNKNOWN_ADDRESSES);
        }
        (in_production && proxies.trust_no_one()).then_some(
            "is empty: every visitor has the address of the proxy in front, so limits count them \
             all as one. Without a proxy that speaks TLS, browsers don't keep the cookie",
        )
    }
}

/// Whether an address is, or includes, one that the whole Internet can reach.
fn is_public(address: IpAddr) -> bool {
    match address.to_canonical() {
        IpAddr::V4(address) => {
            !(address.is_loopback() || address.is_private() || address.is_link_local())
        }
        IpAddr::V6(address) => {
            !(address.is_loopback() || address.is_unique_local() || address.is_unicast_link_local())
        }
    }
}

/// Reads `PUBLIC_URL` as an origin: scheme and host, and the port unless it is the scheme's default.
fn origin(text: &str) -> Result<String, InvalidSetting> {
    let uri: Option<Uri> = text.parse().ok();
    let origin = uri.as_ref().and_then(|uri| match (uri.scheme_str()?, uri.authority()?) {
        (scheme @ ("http" | "https"), authority) if matches!(uri.path(), "" | "/") => {
            let default_port = if scheme == "https" { ":443" } else { ":80" };
            let authority = authority.as_str();
            let host = authority.strip_suffix(default_port).unwrap_or(authority);
            Some(format!("{scheme}://{host}"))
        }
        _ => None,
    });
    let origin = origin.filter(|_| !text.contains(['?', '#', '@']));
    origin.ok_or_else(|| InvalidSetting::new("PUBLIC_URL", no_origin(text, uri.as_ref())))
}

/// Why it is no origin. A path has a reason of its own: it may be meant.
fn no_origin(text: &str, uri: Option<&Uri>) -> String {
    let has_path = uri.is_some_and(|uri| uri.scheme().is_some() && !matches!(uri.path(), "" | "/"));
    let why = if has_path {
        "has a path, but waxseal must be served at the root of a host"
    } else {
        "must be an origin"
    };
    // What stands before an @ may be a password.
    let shown = if text.contains('@') { String::new() } else { format!("{text:?} ") };
    format!("{shown}{why}, such as https://example.com")
}
