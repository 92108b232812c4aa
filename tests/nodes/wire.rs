//! A wire between a node and PostgreSQL that can be cut, frozen, or made to lose notifications.

use std::{
    io::{self, Read, Write},
    net::{Shutdown, SocketAddr, TcpListener, TcpStream},
    sync::{
        Arc, Condvar, Mutex,
        atomic::{AtomicBool, Ordering},
    },
    thread,
    time::Duration,
};

/// How long that is.
const SLOWNESS: Duration = Duration::from_millis(30);

/// What a wire does to what goes over it.
#[derive(Clone, Copy)]
pub enum Kind {
    /// Nothing.
    Honest,
    /// It delivers no notifications, as a pooler in transaction mode.
    WithoutNotifications,
    /// It takes its time before a connection stands.
    SlowToOpen,
    /// The server does not know LISTEN, as databases that only speak PostgreSQL's protocol.
    WithoutListen,
}

/// The wire. Connections over it last until it is cut.
pub struct Wire {
    address: SocketAddr,
    shared: Arc<Shared>,
}

struct Shared {
    kind: Kind,
    server: SocketAddr,
    streams: Mutex<Vec<TcpStream>>,
    frozen: Mutex<bool>,
    thawed: Condvar,
    gone: AtomicBool,
}

impl Wire {
    /// A wire to the server that listens on this port.
    pub fn to(port: u16, kind: Kind) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let shared = Arc::new(Shared {
            kind,
            server: ([127, 0, 0, 1], port).into(),
            streams: Mutex::default(),
            frozen: Mutex::new(false),
            thawed: Condvar::new(),
            gone: AtomicBool::new(false),
        });
        let accepting = Arc::clone(&shared);
        thread::spawn(move || {
            for client in listener.incoming().map_while(Result::ok) {
                if accepting.gone.load(Ordering::SeqCst) {
                    return;
                }
                let _refused = connect(&accepting, client);
            }
        });
        Self { address, shared }
    }

    /// The server's URL, over this wire.
    pub fn url(&self, url: &str) -> String {
        let port = self.shared.server.port();
        let url = url.replace(&format!(":{port}/"), &format!(":{}/", self.address.port()));
        let more = if url.contains('?') { '&' } else { '?' };
        // Without TLS every message has a length in the clear.
        format!("{url}{more}sslmode=disable")
    }

    /// Cuts every connection; new ones can be made.
    pub fn cut(&self) {
        for stream in self.shared.streams.lock().unwrap().drain(..) {
            let _gone_already = stream.shutdown(Shutdown::Both);
        }
    }

    /// From now on, or no longer, nothing gets through, and nobody is told.
    pub fn freeze(&self, frozen: bool) {
        *self.shared.frozen.lock().unwrap() = frozen;
        self.shared.thawed.notify_all();
    }
}

impl Drop for Wire {
    fn drop(&mut self) {
        self.shared.gone.store(true, Ordering::SeqCst);
        self.freeze(false);
        self.cut();
        // Wakes the thread that accepts, to see that it is over.
        let _nobody_there = TcpStream::connect(self.address);
    }
}

fn connect(shared: &Arc<Shared>, client: TcpStream) -> io::Result<()> {
    let server = TcpStream::connect(shared.server)?;
    client.set_nodelay(true)?;
    server.set_nodelay(true)?;
    shared.streams.lock().unwrap().extend([client.try_clone()?, server.try_clone()?]);
    let (from_client, to_server) = (client.try_clone()?, server.try_clone()?);
    let there = Arc::clone(shared);
    thread::spawn(move || {
        if matches!(there.kind, Kind::SlowToOpen) {
            thread::sleep(SLOWNESS);
        }
        ended(there.forward_requests(from_client, to_server));
    });
    let back = Arc::clone(shared);
    thread::spawn(move || ended(back.forward_answers(server, client)));
    Ok(())
}

/// However a direction ends, so does the other: both ends are closed.
fn ended(_: io::Result<()>) {}

impl Shared {
    fn forward_requests(&self, mut from: TcpStream, mut to: TcpStream) -> io::Result<()> {
        let mut bytes = vec![0; 64 * 1024];
        loop {
            let length = from.read(&mut bytes)?;
            if length == 0 {
                return to.shutdown(Shutdown::Both);
            }
            self.wait_while_frozen();
            let bytes = &mut bytes[..length];
            if matches!(self.kind, Kind::WithoutListen) {
                misspell_listen(bytes);
            }
            to.write_all(bytes)?;
        }
    }

    /// Message by message: a letter for what it is, its length in four bytes, and the rest.
    fn forward_answers(&self, mut from: TcpStream, mut to: TcpStream) -> io::Result<()> {
        loop {
            let mut head = [0; 5];
            if let Err(error) = from.read_exact(&mut head) {
                to.shutdown(Shutdown::Both)?;
                return Err(error);
            }
            let [kind, length @ ..] = head;
            let mut rest = vec![0; u32::from_be_bytes(length) as usize - 4];
            from.read_exact(&mut rest)?;
            self.wait_while_frozen();
            let lost = kind == b'A' && matches!(self.kind, Kind::WithoutNotifications);
            if !lost {
                to.write_all(&[&head[..], &rest].concat())?;
            }
        }
    }

    fn wait_while_frozen(&self) {
        let frozen = self.frozen.lock().unwrap();
        drop(self.thawed.wait_while(frozen, |frozen| *frozen).unwrap());
    }
}

fn misspell_listen(bytes: &mut [u8]) {
    const LISTEN: &[u8] = b"LISTEN \"";
    let at = bytes.windows(LISTEN.len()).position(|window| window == LISTEN);
    if let Some(at) = at {
        bytes[at..at + 6].copy_from_slice(b"LISTEM");
    }
}
