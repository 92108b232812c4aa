//! The settings of the server: addresses, proxies, background jobs.

use std::{net::SocketAddr, time::Duration};

use actix_web::http::Uri;
use clap::Args;

use super::{
    environment::Environment,
    invalid_setting::InvalidSetting,
    value::{duration, given},
};
use crate::web::trusted_proxies::TrustedProxies;

const LISTEN: &str = "127.0.0.1:8080";
const CLEANUP_INTERVAL: &str = "1h";

/// How the server is reached, and what it does beside answering.
#[derive(Args, Clone, Default)]
pub struct ServerArgs {
    /// The address and port to listen on
    ///
    /// Port 0 picks a free port; the log says which. Development refuses an address that is not
    /// loopback.
    #[arg(long, env, value_name = "ADDRESS", default_value = LISTEN, hide_env_values = true)]
    pub listen: Option<String>,

    /// The address and port of /metrics, for Prometheus
    ///
    /// Without it, nothing is measured. Anyone who can reach the address can read the metrics:
    /// keep it internal.
    #[arg(long, env, value_name = "ADDRESS", hide_env_values = true)]
    pub metrics_listen: Option<String>,

    /// The site's origin, such as `https://example.com`
    ///
    /// Set it where a proxy changes the Host that the browser sent: forms from this origin are then
    /// accepted.
    #[arg(long, env, value_name = "ORIGIN", hide_env_values = true)]
    pub public_url: Option<String>,

    /// The proxies whose X-Forwarded-For is believed: addresses or CIDRs, separated by commas
    ///
    /// Example: 10.0.0.1,2001:db8::/48. The client is the right-most address not in the list. List
    /// only proxies that write the header themselves: they can claim any client address.
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
    /// The address to listen on.
    pub listen: SocketAddr,
    /// The address of `/metrics`; without one, nothing is measured.
    pub metrics_listen: Option<SocketAddr>,
    /// The site's origin, when it differs from `Host`.
    pub public_origin: Option<String>,
    /// The proxies whose `X-Forwarded-For` is believed.
    pub trusted_proxies: TrustedProxies,
    /// How often expired rows are deleted.
    pub cleanup_interval: Duration,
    /// What is allowed but unwise: a line each, which names the setting.
    pub warnings: Vec<&'static str>,
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
        let everyone_is_trusted = trusted_proxies.trust_everybody().then_some(
            "TRUSTED_PROXIES trusts every address: anyone who can reach this port directly can \
             claim any client address",
        );
        let listen = given(&self.listen).unwrap_or(LISTEN);
        Ok(ServerConfig {
            listen: address("LISTEN", listen, LISTEN, environment)?,
            metrics_listen: given(&self.metrics_listen)
                .map(|text| address("METRICS_LISTEN", text, "127.0.0.1:9090", environment))
                .transpose()?,
            public_origin: given(&self.public_url).map(origin).transpose()?,
            trusted_proxies,
            cleanup_interval: self.cleanup_interval()?,
            warnings: everyone_is_trusted.into_iter().collect(),
        })
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

fn address(
    setting: &'static str,
    text: &str,
    example: &str,
    environment: Environment,
) -> Result<SocketAddr, InvalidSetting> {
    let wrong = |problem: String| InvalidSetting::new(setting, format!("{text:?} {problem}"));
    let address: SocketAddr = text
        .parse()
        .map_err(|_| wrong(format!("must be an IP address and a port, such as {example}")))?;
    if environment == Environment::Development && !address.ip().is_loopback() {
        return Err(wrong(format!(
            "must be a loopback address in development, such as {example} (others need APP_ENV=production)",
        )));
    }
    Ok(address)
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
    origin.filter(|_| !text.contains(['?', '#', '@'])).ok_or_else(|| {
        let problem = format!("{text:?} must be an origin, such as https://example.com");
        InvalidSetting::new("PUBLIC_URL", problem)
    })
}
