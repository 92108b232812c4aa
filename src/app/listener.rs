//! The sockets that the server listens on: a port, a UNIX socket, or those that systemd passes on.

use std::{io, net::TcpListener, path::Path};

use super::http_server;
use crate::config::{Environment, ListenAddress};

#[cfg(unix)]
pub(super) use self::unix::SocketFile;

/// The addresses of the sockets that systemd or the like has passed on.
///
/// # Errors
///
/// If one can't be used.
pub(crate) fn passed_on(environment: Environment) -> Result<Vec<ListenAddress>, ListenError> {
    let listeners = inherited(environment)?;
    listeners.iter().map(|socket| socket.address().map_err(ListenError::Inherited)).collect()
}

/// Whether a process has a socket. It notices nothing of being looked at.
///
/// # Errors
///
/// If something else stands in its place, or its folder can't be looked into.
pub(crate) fn is_socket_taken(path: &Path) -> io::Result<bool> {
    #[cfg(unix)]
    return unix::is_taken(path);
    #[cfg(not(unix))]
    return Err(io::Error::new(io::ErrorKind::Unsupported, path.display().to_string()));
}

/// There are no UNIX sockets.
#[cfg(not(unix))]
pub(super) struct SocketFile;

/// A socket to listen on.
pub(super) enum Listener {
    /// A port.
    Tcp(TcpListener),
    /// A UNIX socket, and its file if this process made it.
    #[cfg(unix)]
    Unix(std::os::unix::net::UnixListener, Option<SocketFile>),
}

/// The sockets that systemd or the like has passed on; otherwise the address in the settings.
///
/// # Errors
///
/// If a socket can't be used.
pub(super) fn listeners(
    address: &ListenAddress,
    environment: Environment,
) -> Result<Vec<Listener>, ListenError> {
    let inherited = inherited(environment)?;
    if !inherited.is_empty() {
        return Ok(inherited);
    }
    let bound =
        bind(address).map_err(|cause| ListenError::Bind { address: address.clone(), cause })?;
    Ok(vec![bound])
}

fn bind(address: &ListenAddress) -> io::Result<Listener> {
    match address {
        ListenAddress::Tcp(address) => http_server::listen(*address).map(Listener::Tcp),
        #[cfg(unix)]
        ListenAddress::Unix(path) => {
            unix::bind(path).map(|(socket, file)| Listener::Unix(socket, Some(file)))
        }
        #[cfg(not(unix))]
        ListenAddress::Unix(_) => Err(io::ErrorKind::Unsupported.into()),
    }
}

#[cfg(unix)]
fn inherited(environment: Environment) -> Result<Vec<Listener>, ListenError> {
    let mut passed = listenfd::ListenFd::from_env();
    let mut listeners = Vec::new();
    for index in 0..passed.len() {
        let listener = match passed.take_tcp_listener(index) {
            Ok(Some(socket)) => Listener::Tcp(socket),
            _ => match passed.take_unix_listener(index).map_err(ListenError::Inherited)? {
                Some(socket) => Listener::Unix(socket, None),
                None => continue,
            },
        };
        if !listener.accepts_connections().map_err(ListenError::Inherited)? {
            let problem = "it does not listen (systemd: Accept=no is needed)";
            let cause = io::Error::new(io::ErrorKind::InvalidInput, problem);
            return Err(ListenError::Inherited(cause));
        }
        let address = listener.address().map_err(ListenError::Inherited)?;
        let is_loopback = address.tcp().is_none_or(|address| address.ip().is_loopback());
        if environment == Environment::Development && !is_loopback {
            return Err(ListenError::NotLoopback(address));
        }
        listeners.push(listener);
    }
    Ok(listeners)
}

#[cfg(not(unix))]
fn inherited(_: Environment) -> Result<Vec<Listener>, ListenError> {
    Ok(Vec::new())
}

impl Listener {
    pub(super) fn is_unix(&self) -> bool {
        match self {
            Self::Tcp(_) => false,
            #[cfg(unix)]
            Self::Unix(..) => true,
        }
    }

    /// Whether it listens: it may be a connection, or only bound.
    #[cfg(unix)]
    fn accepts_connections(&self) -> io::Result<bool> {
        Ok(match self {
            Self::Tcp(socket) => rustix::net::sockopt::socket_acceptconn(socket),
            Self::Unix(socket, _) => rustix::net::sockopt::socket_acceptconn(socket),
        }?)
    }

    /// The address that it is bound to.
    pub(super) fn address(&self) -> io::Result<ListenAddress> {
        Ok(match self {
            Self::Tcp(socket) => ListenAddress::Tcp(socket.local_addr()?),
            #[cfg(unix)]
            Self::Unix(socket, _) => {
                let address = socket.local_addr()?;
                let path = address.as_pathname().unwrap_or_else(|| "(without a name)".as_ref());
                ListenAddress::Unix(path.to_owned())
            }
        })
    }
}

/// Why a socket can't be listened on.
#[derive(Debug, thiserror::Error)]
pub enum ListenError {
    /// The address could not be bound.
    #[error("LISTEN: {address} can't be bound")]
    Bind {
        /// The address.
        address: ListenAddress,
        /// Why.
        #[source]
        cause: io::Error,
    },
    /// A socket that was passed on is not one to listen on.
    #[error("LISTEN_FDS: a socket that was passed on can't be used")]
    Inherited(#[source] io::Error),
    /// Development would be reachable from elsewhere.
    #[error(
        "LISTEN_FDS: {0} was passed on, but development needs a loopback address (others need \
         APP_ENV=production)"
    )]
    NotLoopback(ListenAddress),
}

#[cfg(unix)]
mod unix {
    use std::{
        fs::{self, Permissions},
        io,
        os::unix::{
            fs::{FileTypeExt, MetadataExt, PermissionsExt},
            net::{UnixDatagram, UnixListener},
        },
        path::{Path, PathBuf},
    };

    /// Connecting takes write permission: the owner and the group have it.
    const MODE: u32 = 0o660;

    /// The file of a socket. It is removed when dropped, unless another process has replaced it.
    pub(crate) struct SocketFile {
        path: PathBuf,
        /// Device and inode.
        id: (u64, u64),
    }

    /// Binds a socket. The file of a socket that no one listens on is replaced: a killed server left it
    /// behind.
    pub(super) fn bind(path: &Path) -> io::Result<(UnixListener, SocketFile)> {
        if is_taken(path)? {
            return Err(io::Error::new(io::ErrorKind::AddrInUse, "the socket is in use"));
        }
        match fs::remove_file(path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        let socket = UnixListener::bind(path)?;
        let file = SocketFile { path: path.to_owned(), id: id(path)? };
        fs::set_permissions(path, Permissions::from_mode(MODE))?;
        Ok((socket, file))
    }

    pub(super) fn is_taken(path: &Path) -> io::Result<bool> {
        let file = match fs::symlink_metadata(path) {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
                return folder.map_or(Ok(false), |folder| fs::metadata(folder).map(|_| false));
            }
            Err(error) => return Err(error),
        };
        if !file.file_type().is_socket() {
            let problem = "there is a file of that name, which is not a socket";
            return Err(io::Error::new(io::ErrorKind::AlreadyExists, problem));
        }
        // A connection would wait for a server that hangs, and start the service of a socket that systemd
        // holds. A datagram socket can't connect to it, for another reason if no process has it.
        match UnixDatagram::unbound()?.connect(path) {
            Err(error) if error.kind() == io::ErrorKind::ConnectionRefused => Ok(false),
            _ => Ok(true),
        }
    }

    fn id(path: &Path) -> io::Result<(u64, u64)> {
        let file = fs::symlink_metadata(path)?;
        Ok((file.dev(), file.ino()))
    }

    impl Drop for SocketFile {
        fn drop(&mut self) {
            if id(&self.path).is_ok_and(|id| id == self.id) {
                let _removed_already = fs::remove_file(&self.path);
            }
        }
    }
}
