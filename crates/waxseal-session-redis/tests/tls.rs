//! The store over TLS.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod support;

use std::{fs, net::TcpListener, path::Path, process::Command};

use redis::{Client, TlsCertificates};
use test_servers::{Redis, skip_test};
use waxseal_session::SessionStore as _;
use waxseal_session_redis::{RedisSessionStore, redis};

use support::{clock, created, first};

#[actix_web::test]
async fn a_certificate_is_checked() {
    let folder = tempfile::tempdir().unwrap();
    if Command::new("openssl").arg("version").output().is_err() {
        return skip_test("REDIS", "openssl is missing (Debian: apt-get install openssl)");
    }
    let (certificate, key) = certificate(folder.path());
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port().to_string();
    let files = ["--tls-cert-file", &certificate, "--tls-key-file", &key];
    let tls = ["--tls-port", &port, "--tls-auth-clients", "no"];
    let Some(_redis) = Redis::start_with(&[&tls[..], &files].concat()) else { return };

    let url = format!("rediss://localhost:{port}");
    let error = RedisSessionStore::connect(&url).await.unwrap_err();
    assert!(format!("{error:?}").contains("invalid peer certificate"), "{error:?}");

    let root_cert = Some(fs::read(certificate).unwrap());
    let trusting = TlsCertificates { client_tls: None, root_cert };
    let clock = clock();
    let store = first(Client::build_with_tls(url, trusting).unwrap(), &clock).await;
    let ann = created(&store, "ann", &clock).await;
    assert!(store.load(&ann.id).await.unwrap().is_some());
}

/// A certificate for localhost and its key.
fn certificate(folder: &Path) -> (String, String) {
    let file = |name| folder.join(name).to_str().unwrap().to_owned();
    let (certificate, key) = (file("certificate.pem"), file("key.pem"));
    let mut openssl = Command::new("openssl");
    openssl.args(["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1"]);
    openssl.args(["-nodes", "-days", "2", "-subj", "/CN=waxseal test"]);
    openssl.args(["-addext", "subjectAltName=DNS:localhost"]);
    openssl.args(["-addext", "basicConstraints=critical,CA:FALSE"]);
    openssl.args(["-keyout", &key, "-out", &certificate]);
    let output = openssl.output().unwrap();
    assert!(output.status.success(), "{output:?}");
    (certificate, key)
}
