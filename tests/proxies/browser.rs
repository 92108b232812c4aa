//! A browser: curl, with a cookie jar.

use std::{fs, path::PathBuf, process::Command};

use tempfile::TempDir;
use test_support::Answer;

use crate::site::{COOKIE_NAME, HOST};

/// A browser at an address of its own. It verifies certificates, and follows no redirect.
pub struct Browser {
    from: String,
    https: u16,
    http: u16,
    certificate: PathBuf,
    directory: TempDir,
}

impl Browser {
    pub fn new(from: &str, https: u16, http: u16, certificate: PathBuf) -> Self {
        let directory = tempfile::tempdir().unwrap();
        Self { from: from.to_owned(), https, http, certificate, directory }
    }

    /// Another one with the cookies that this one has now.
    pub fn copy(&self) -> Self {
        let copy = Self::new(&self.from, self.https, self.http, self.certificate.clone());
        fs::copy(self.jar(), copy.jar()).unwrap();
        copy
    }

    pub fn get(&self, path: &str) -> Answer {
        self.ask(&[], &self.url(path)).unwrap()
    }

    /// Sends a form as what is no browser does: without saying where it comes from.
    pub fn post(&self, path: &str, form: &[(&str, &str)]) -> Answer {
        self.post_with(&[], path, form)
    }

    /// The same with headers.
    pub fn post_with(&self, headers: &[&str], path: &str, form: &[(&str, &str)]) -> Answer {
        let fields: Vec<String> =
            form.iter().map(|(name, value)| format!("{name}={value}")).collect();
        let headers = headers.iter().flat_map(|header| ["--header", header]);
        let fields = fields.iter().flat_map(|field| ["--data-urlencode", field]);
        let options: Vec<&str> = ["--data", ""].into_iter().chain(headers).chain(fields).collect();
        self.ask(&options, &self.url(path)).unwrap()
    }

    /// What curl is answered; `None` where it is no HTTP.
    pub fn ask(&self, options: &[&str], url: &str) -> Option<Answer> {
        let mut curl = curl();
        let jar = self.jar();
        curl.arg("--cookie").arg(&jar).arg("--cookie-jar").arg(&jar);
        curl.arg("--cacert").arg(&self.certificate).args(["--interface", &self.from]);
        for (name, port) in [(HOST, self.https), (HOST, self.http), ("evil.example", self.https)] {
            curl.args(["--resolve", &format!("{name}:{port}:127.0.0.1")]);
        }
        answer(curl.args(options).arg(url))
    }

    /// The value of the session's cookie.
    pub fn session(&self) -> Option<String> {
        let jar = fs::read_to_string(self.jar()).unwrap();
        let line = jar.lines().find(|line| line.contains(&format!("\t{COOKIE_NAME}\t")))?;
        Some(line.rsplit('\t').next().unwrap().to_owned())
    }

    fn url(&self, path: &str) -> String {
        format!("https://{HOST}:{}{path}", self.https)
    }

    fn jar(&self) -> PathBuf {
        self.directory.path().join("cookies")
    }
}

/// curl without anything that a person or the environment may have set.
fn curl() -> Command {
    let mut curl = Command::new("curl");
    curl.args(["--disable", "--silent", "--show-error", "--include", "--noproxy", "*"]);
    curl.args(["--max-time", "30", "--header", "Expect:"]);
    curl
}

/// What curl is answered; `None` where there is no answer.
fn answer(curl: &mut Command) -> Option<Answer> {
    let output = curl.output().unwrap();
    output.status.success().then(|| Answer::parse(str::from_utf8(&output.stdout).unwrap()).unwrap())
}
