//! A certificate for servers of the tests.

use std::{path::PathBuf, process::Command, sync::Arc};

use rustls::{
    ServerConfig,
    pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject},
};
use tempfile::TempDir;

/// A certificate for 127.0.0.1 that no one has signed but itself.
pub struct Certificate {
    folder: TempDir,
}

impl Certificate {
    /// Makes one; `None` without the program openssl.
    pub fn create() -> Option<Self> {
        Command::new("openssl").arg("version").output().ok()?;
        let folder = tempfile::tempdir().unwrap();
        let mut openssl = Command::new("openssl");
        openssl.args(["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1"]);
        openssl.args(["-nodes", "-days", "2", "-subj", "/CN=waxseal test"]);
        openssl.args(["-addext", "subjectAltName=IP:127.0.0.1"]);
        openssl.args(["-addext", "basicConstraints=critical,CA:FALSE"]);
        openssl.arg("-keyout").arg(folder.path().join("key.pem"));
        let output = openssl.arg("-out").arg(folder.path().join("certificate.pem")).output();
        assert!(output.unwrap().status.success());
        Some(Self { folder })
    }

    /// The file, for `SSL_CERT_FILE`.
    pub fn file(&self) -> PathBuf {
        self.folder.path().join("certificate.pem")
    }

    pub(crate) fn server_config(&self) -> Arc<ServerConfig> {
        let key = PrivateKeyDer::from_pem_file(self.folder.path().join("key.pem")).unwrap();
        let certificate = CertificateDer::from_pem_file(self.file()).unwrap();
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = ServerConfig::builder_with_provider(provider);
        let config = config.with_safe_default_protocol_versions().unwrap().with_no_client_auth();
        Arc::new(config.with_single_cert(vec![certificate], key).unwrap())
    }
}
