//! A mail server that does what a test tells it.

use std::{
    io::{BufRead, BufReader, ErrorKind, Read, Write},
    mem,
    net::{Shutdown, SocketAddr, TcpListener, TcpStream},
    process,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    thread::{self, JoinHandle},
    time::Duration,
};

use mail_parser::MessageParser;
use rustls::{ServerConfig, ServerConnection, StreamOwned};

use crate::Certificate;

/// A mail server on a free port, stopped when dropped.
pub struct MailServer {
    pub address: SocketAddr,
    shared: Arc<Shared>,
    listening: Mutex<Option<JoinHandle<()>>>,
}

/// How it answers. It can change at any time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Answers {
    /// It takes every mail.
    Yes,
    /// It takes every mail, after a while.
    Slowly(Duration),
    /// It takes connections and never says anything.
    Never,
    /// It refuses everyone with this code, before they say anything.
    RefusesEveryone(u16),
    /// It refuses every user and password.
    RefusesUsers,
    /// It refuses every sender with this code.
    RefusesSenders(u16),
    /// It refuses every recipient with this code, and repeats the address.
    RefusesRecipients(u16),
    /// It refuses every mail with this code once it has read it.
    RefusesMails(u16),
    /// It takes a mail and is gone before it says so.
    HangsUp,
}

/// A mail that it took.
#[derive(Debug, Clone)]
pub struct SentMail {
    /// The recipient of the envelope.
    pub to: String,
    pub raw: String,
}

struct Shared {
    answers: Mutex<Answers>,
    mails: Mutex<Vec<SentMail>>,
    /// Every line that it was sent in the clear.
    heard: Mutex<Vec<String>>,
    connections: AtomicUsize,
    streams: Mutex<Vec<TcpStream>>,
    tls: Option<Arc<ServerConfig>>,
    closing: Mutex<bool>,
}

impl MailServer {
    /// One without TLS, which takes every mail.
    pub fn start() -> Self {
        Self::with(None)
    }

    /// One that offers STARTTLS.
    pub fn with_tls(certificate: &Certificate) -> Self {
        Self::with(Some(certificate.server_config()))
    }

    fn with(tls: Option<Arc<ServerConfig>>) -> Self {
        let listener = bind();
        let address = listener.local_addr().unwrap();
        let shared = Arc::new(Shared {
            answers: Mutex::new(Answers::Yes),
            mails: Mutex::default(),
            heard: Mutex::default(),
            connections: AtomicUsize::new(0),
            streams: Mutex::default(),
            tls,
            closing: Mutex::new(false),
        });
        let listening = Mutex::new(Some(listen(listener, &shared)));
        Self { address, shared, listening }
    }

    /// For `SMTP_URL`.
    pub fn url(&self) -> String {
        format!("smtp://{}", self.address)
    }

    /// From now on it answers so.
    pub fn set(&self, answers: Answers) {
        *self.shared.answers.lock().unwrap() = answers;
    }

    /// From now on connections are refused, and those that are open are gone.
    pub fn close(&self) {
        let Some(listening) = self.listening.lock().unwrap().take() else { return };
        *self.shared.closing.lock().unwrap() = true;
        // It waits for a connection.
        drop(TcpStream::connect(self.address));
        listening.join().unwrap();
        for stream in self.shared.streams.lock().unwrap().drain(..) {
            let _gone_already = stream.shutdown(Shutdown::Both);
        }
        *self.shared.closing.lock().unwrap() = false;
    }

    /// Listens again after [`close`](Self::close).
    pub fn open(&self) {
        let listener = TcpListener::bind(self.address).unwrap();
        *self.listening.lock().unwrap() = Some(listen(listener, &self.shared));
    }

    /// The mails that it took so far.
    pub fn mails(&self) -> Vec<SentMail> {
        self.shared.mails.lock().unwrap().clone()
    }

    /// The mails that it took since the last call.
    pub fn take(&self) -> Vec<SentMail> {
        mem::take(&mut *self.shared.mails.lock().unwrap())
    }

    /// The connections so far.
    pub fn connections(&self) -> usize {
        self.shared.connections.load(Ordering::SeqCst)
    }

    /// What it was sent in the clear.
    pub fn heard(&self) -> Vec<String> {
        self.shared.heard.lock().unwrap().clone()
    }
}

impl Drop for MailServer {
    fn drop(&mut self) {
        self.close();
    }
}

impl SentMail {
    /// A header, as it is written; empty if there is none.
    pub fn header(&self, name: &str) -> String {
        let head = self.raw.split("\r\n\r\n").next().unwrap().replace("\r\n ", " ");
        let mut lines = head.lines().filter_map(|line| line.split_once(": "));
        lines.find(|(found, _)| *found == name).map_or_else(String::new, |(_, value)| value.into())
    }

    pub fn message_id(&self) -> String {
        self.header("Message-ID")
    }

    /// The plain text.
    pub fn text(&self) -> String {
        let message = MessageParser::default().parse(&self.raw).unwrap();
        message.body_text(0).unwrap().into_owned()
    }

    /// The HTML.
    pub fn html(&self) -> String {
        let message = MessageParser::default().parse(&self.raw).unwrap();
        message.body_html(0).unwrap().into_owned()
    }

    /// The link in it. Panics if there is none.
    pub fn link(&self) -> String {
        let text = self.text();
        let link = text.lines().find(|line| line.starts_with("http") && line.contains("?t="));
        link.unwrap_or_else(|| panic!("{text}")).to_owned()
    }
}

/// Takes a port that the system gives to no one: it must be free again after [`MailServer::close`].
fn bind() -> TcpListener {
    static NEXT: AtomicUsize = AtomicUsize::new(0);

    let first = process::id() as usize * 37;
    loop {
        let number = first + NEXT.fetch_add(1, Ordering::SeqCst);
        let port = 20_000 + u16::try_from(number % 10_000).unwrap();
        if let Ok(listener) = TcpListener::bind(("127.0.0.1", port)) {
            return listener;
        }
    }
}

fn listen(listener: TcpListener, shared: &Arc<Shared>) -> JoinHandle<()> {
    let shared = Arc::clone(shared);
    thread::spawn(move || {
        for stream in listener.incoming() {
            if *shared.closing.lock().unwrap() {
                return;
            }
            let (shared, stream) = (Arc::clone(&shared), stream.unwrap());
            shared.connections.fetch_add(1, Ordering::SeqCst);
            shared.streams.lock().unwrap().push(stream.try_clone().unwrap());
            // A client that hangs up ends the conversation, which is no failure.
            thread::spawn(move || {
                let open = stream.try_clone().unwrap();
                drop(serve(stream, &shared));
                open.shutdown(Shutdown::Both)
            });
        }
    })
}

trait Stream: Read + Write {}
impl<T: Read + Write> Stream for T {}

fn serve(stream: TcpStream, shared: &Shared) -> std::io::Result<()> {
    let mut plain = stream.try_clone()?;
    match shared.answers() {
        Answers::Never => {
            // Until the client gives up.
            plain.read_to_end(&mut Vec::new())?;
            return Ok(());
        }
        Answers::RefusesEveryone(code) => return write!(plain, "{code} not now\r\n"),
        _ => write!(plain, "220 test ESMTP\r\n")?,
    }
    if !converse(&mut plain, shared, false)? {
        return Ok(());
    }
    let config = shared.tls.clone().ok_or(ErrorKind::Unsupported)?;
    let connection = ServerConnection::new(config).map_err(std::io::Error::other)?;
    converse(&mut StreamOwned::new(connection, stream), shared, true).map(drop)
}

/// Talks until the client quits or, with `true`, starts TLS.
fn converse(stream: &mut dyn Stream, shared: &Shared, is_encrypted: bool) -> std::io::Result<bool> {
    let mut to = String::new();
    loop {
        let Some(line) = read_line(stream)? else { return Ok(false) };
        if !is_encrypted {
            shared.heard.lock().unwrap().push(line.clone());
        }
        let command = line.split([' ', ':']).next().unwrap().to_ascii_uppercase();
        match (command.as_str(), shared.answers()) {
            ("EHLO", _) if shared.tls.is_some() && !is_encrypted => {
                write!(stream, "250-test\r\n250 STARTTLS\r\n")?;
            }
            ("EHLO", _) => write!(stream, "250-test\r\n250 AUTH PLAIN LOGIN\r\n")?,
            ("STARTTLS", _) if shared.tls.is_some() => {
                write!(stream, "220 go on\r\n")?;
                return Ok(true);
            }
            ("AUTH", Answers::RefusesUsers) => write!(stream, "535 5.7.8 wrong password\r\n")?,
            ("AUTH", _) => write!(stream, "235 welcome\r\n")?,
            ("MAIL", Answers::RefusesSenders(code)) => write!(stream, "{code} not you\r\n")?,
            ("RCPT", Answers::RefusesRecipients(code)) => {
                write!(stream, "{code} {} is not here\r\n", line.to_ascii_uppercase())?;
            }
            ("RCPT", _) => {
                to = line.split(['<', '>']).nth(1).unwrap_or_default().to_owned();
                write!(stream, "250 ok\r\n")?;
            }
            ("DATA", _) => {
                write!(stream, "354 go on\r\n")?;
                let mail = SentMail { to: mem::take(&mut to), raw: read_mail(stream)? };
                if !shared.take(stream, mail)? {
                    return Ok(false);
                }
            }
            ("QUIT", _) => {
                write!(stream, "221 bye\r\n")?;
                return Ok(false);
            }
            _ => write!(stream, "250 ok\r\n")?,
        }
        stream.flush()?;
    }
}

impl Shared {
    fn answers(&self) -> Answers {
        *self.answers.lock().unwrap()
    }

    /// `false` if it hangs up.
    fn take(&self, stream: &mut dyn Stream, mail: SentMail) -> std::io::Result<bool> {
        match self.answers() {
            Answers::RefusesMails(code) => {
                write!(stream, "{code} not this one\r\n")?;
                return Ok(true);
            }
            Answers::Slowly(after) => thread::sleep(after),
            _ => {}
        }
        self.mails.lock().unwrap().push(mail);
        if self.answers() == Answers::HangsUp {
            return Ok(false);
        }
        write!(stream, "250 taken\r\n")?;
        Ok(true)
    }
}

fn read_line(stream: &mut dyn Stream) -> std::io::Result<Option<String>> {
    // Not buffered: what follows may be TLS.
    let mut line = Vec::new();
    while !line.ends_with(b"\r\n") {
        let mut byte = [0];
        if stream.read(&mut byte)? == 0 {
            return Ok(None);
        }
        line.push(byte[0]);
    }
    Ok(Some(String::from_utf8_lossy(&line).trim_end().to_owned()))
}

fn read_mail(stream: &mut dyn Stream) -> std::io::Result<String> {
    let (mut raw, mut stream) = (String::new(), BufReader::new(stream));
    loop {
        let mut line = String::new();
        if stream.read_line(&mut line)? == 0 {
            return Err(ErrorKind::UnexpectedEof.into());
        }
        if line == ".\r\n" {
            return Ok(raw);
        }
        raw += line.strip_prefix('.').unwrap_or(&line);
    }
}
