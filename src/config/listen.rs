//! The setting `LISTEN`: a port or a UNIX socket.

use std::{
    fmt,
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr},
    path::{Path, PathBuf},
};

use clap::Args;

use super::{environment::Environment, invalid_setting::InvalidSetting, value::given};

const NAME: &str = "LISTEN";
const DEFAULT: &str = "127.0.0.1:8080";
const UNIX: &str = "unix:";

/// The longest path of a UNIX socket that every system takes.
const MAX_PATH_BYTES: usize = 103;

/// Where the server listens.
#[derive(Args, Clone, Default)]
pub struct ListenArgs {
    /// The address and port to listen on, or a UNIX socket such as `unix:/run/waxseal.sock`
    ///
    /// Port 0 picks a free port; the log says which. Development refuses an address that is not
    /// loopback. A UNIX socket is created with mode 0660: its group can connect. Sockets that systemd
    /// passes on are used instead.
    #[arg(long, env, value_name = "ADDRESS", default_value = DEFAULT, hide_env_values = true)]
    pub listen: Option<String>,
}

/// An address that the server listens on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ListenAddress {
    /// An IP address and a port.
    Tcp(SocketAddr),
    /// The path of a UNIX socket.
    Unix(PathBuf),
}

impl ListenArgs {
    /// The address, whatever the environment.
    ///
    /// # Errors
    ///
    /// When it is neither an address nor the path of a socket.
    pub fn parse(&self) -> Result<ListenAddress, InvalidSetting> {
        let text = given(&self.listen).unwrap_or(DEFAULT);
        match text.strip_prefix(UNIX) {
            Some(path) => unix(path),
            None => tcp(NAME, text, DEFAULT).map(ListenAddress::Tcp),
        }
    }

    /// # Errors
    ///
    /// When it can't be used in this environment.
    pub fn validate(&self, environment: Environment) -> Result<ListenAddress, InvalidSetting> {
        let address = self.parse()?;
        if let ListenAddress::Tcp(address) = address {
            require_loopback(NAME, address, DEFAULT, environment)?;
        }
        Ok(address)
    }
}

pub(super) fn tcp(
    setting: &'static str,
    text: &str,
    example: &str,
) -> Result<SocketAddr, InvalidSetting> {
    text.parse().map_err(|_| {
        let problem = format!("{text:?} must be an IP address and a port, such as {example}");
        InvalidSetting::new(setting, problem)
    })
}

/// # Errors
///
/// When development would be reachable from elsewhere.
pub(super) fn require_loopback(
    setting: &'static str,
    address: SocketAddr,
    example: &str,
    environment: Environment,
) -> Result<(), InvalidSetting> {
    if environment == Environment::Production || address.ip().is_loopback() {
        return Ok(());
    }
    let problem = format!(
        "\"{address}\" must be a loopback address in development, such as {example} \
         (others need APP_ENV=production)"
    );
    Err(InvalidSetting::new(setting, problem))
}

#[cfg(unix)]
fn unix(path: &str) -> Result<ListenAddress, InvalidSetting> {
    if path.is_empty() || path.len() > MAX_PATH_BYTES || path.contains('\0') {
        let problem = format!(
            "\"{UNIX}{path}\" must be {UNIX} and a path of at most {MAX_PATH_BYTES} bytes, such as \
             {UNIX}/run/waxseal.sock"
        );
        return Err(InvalidSetting::new(NAME, problem));
    }
    Ok(ListenAddress::Unix(path.into()))
}

#[cfg(not(unix))]
fn unix(path: &str) -> Result<ListenAddress, InvalidSetting> {
    let problem = format!("\"{UNIX}{path}\" is a UNIX socket, which this system does not have");
    Err(InvalidSetting::new(NAME, problem))
}

impl ListenAddress {
    /// The IP address and port, unless it is a UNIX socket.
    pub fn tcp(&self) -> Option<SocketAddr> {
        match self {
            Self::Tcp(address) => Some(*address),
            Self::Unix(_) => None,
        }
    }

    /// The path, if it is a UNIX socket.
    pub fn unix(&self) -> Option<&Path> {
        match self {
            Self::Tcp(_) => None,
            Self::Unix(path) => Some(path),
        }
    }

    /// Where a program on this machine connects to: loopback, where the server listens on every
    /// address.
    pub(crate) fn to_loopback(&self) -> Self {
        let mut here = self.clone();
        if let Self::Tcp(address) = &mut here
            && address.ip().is_unspecified()
        {
            address.set_ip(match address.ip() {
                IpAddr::V4(_) => Ipv4Addr::LOCALHOST.into(),
                IpAddr::V6(_) => Ipv6Addr::LOCALHOST.into(),
            });
        }
        here
    }
}

/// As the setting spells it.
impl fmt::Display for ListenAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Tcp(address) => write!(f, "{address}"),
            Self::Unix(path) => write!(f, "{UNIX}{}", path.display()),
        }
    }
}
