//! Which certificates are trusted.

use std::path::Path;
use std::sync::Arc;

use anyhow::Context as _;
use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::CertificateDer;
use tokio_rustls::rustls::pki_types::pem::PemObject as _;
use tokio_rustls::rustls::{ClientConfig, RootCertStore};

/// A connector that trusts the authorities of the system, and those of `extra`.
pub(super) fn connector(extra: Option<&Path>) -> anyhow::Result<TlsConnector> {
    let mut roots = RootCertStore::empty();
    roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    if let Some(path) = extra {
        let shown = path.display();
        let certificates = CertificateDer::pem_file_iter(path)
            .and_then(Iterator::collect::<Result<Vec<_>, _>>)
            .with_context(|| format!("Cannot read certificates from {shown}"))?;
        anyhow::ensure!(!certificates.is_empty(), "{shown} holds no certificate");
        for certificate in certificates {
            roots
                .add(certificate)
                .with_context(|| format!("{shown} holds no certificate of an authority"))?;
        }
    }
    anyhow::ensure!(
        !roots.is_empty(),
        "This system trusts no certificate authority: install ca-certificates, or set imap.ca_file"
    );
    let config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .context("Cannot set up TLS")?
        .with_root_certificates(roots)
        .with_no_client_auth();
    Ok(TlsConnector::from(Arc::new(config)))
}
