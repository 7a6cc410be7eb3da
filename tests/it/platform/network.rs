//! A network of one's own between Greffier and the platform: a proxy, an authority.

use std::fs;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use greffier::channel::platform::Settings;
use greffier::channel::platform::probe::{Found, probe};
use tempfile::TempDir;
use tokio::io::{AsyncRead, AsyncWrite, copy_bidirectional};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::pem::PemObject as _;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};

use super::fake::{Fake, NewDemarche};
use super::wire::write_token;

/// Something that stands in between, and passes on what it is sent.
struct Between {
    address: SocketAddr,
    /// How often it was connected to.
    connections: Arc<AtomicUsize>,
}

async fn between(fake: &Fake, tls: Option<TlsAcceptor>) -> Between {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let connections = Arc::new(AtomicUsize::new(0));
    let (to, count) = (fake.base_url(), Arc::clone(&connections));
    let to = to.trim_start_matches("http://").to_owned();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            count.fetch_add(1, Ordering::SeqCst);
            let (to, tls) = (to.clone(), tls.clone());
            tokio::spawn(async move {
                match tls {
                    Some(tls) => match tls.accept(stream).await {
                        Ok(stream) => pass_on(stream, &to).await,
                        Err(_refused) => {}
                    },
                    None => pass_on(stream, &to).await,
                }
            });
        }
    });
    Between {
        address,
        connections,
    }
}

async fn pass_on(mut stream: impl AsyncRead + AsyncWrite + Unpin, to: &str) {
    let mut fake = TcpStream::connect(to).await.unwrap();
    // Whoever hangs up first ends it.
    let _ = copy_bidirectional(&mut stream, &mut fake).await;
}

/// TLS with a certificate for this machine, by an authority of its own that stands in `ca.pem` of `folder`.
fn acceptor(folder: &Path) -> TlsAcceptor {
    let authority = crate::servers::dovecot::certificates(folder, "127.0.0.1");
    fs::write(folder.join("ca.pem"), authority).unwrap();
    let chain = CertificateDer::pem_file_iter(folder.join("cert.pem")).unwrap();
    let chain = chain.map(Result::unwrap).collect();
    let key = PrivateKeyDer::from_pem_file(folder.join("key.pem")).unwrap();
    let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(chain, key)
        .unwrap();
    TlsAcceptor::from(Arc::new(config))
}

async fn probed(
    fake: &Fake,
    folder: &TempDir,
    url: &str,
    more: &str,
    demarche: i32,
) -> Result<Found, String> {
    let token = folder.path().join("token");
    write_token(&token, &fake.token());
    let text = format!(
        "url = \"{url}\"\ntoken_file = \"{}\"\n{more}",
        token.display()
    );
    let settings: Settings = toml::from_str(&text).unwrap();
    assert_eq!(settings.faults(), Vec::<String>::new());
    probe(&settings, &[demarche.try_into().unwrap()]).await
}

#[tokio::test]
async fn a_proxy_is_gone_through() {
    let fake = Fake::new().await;
    let demarche = fake.add_demarche(NewDemarche::sample(&["ines@ddt.example"]));
    let proxy = between(&fake, None).await;
    let folder = tempfile::tempdir().unwrap();
    let more = format!("proxy = \"http://{}\"", proxy.address);
    let found = probed(&fake, &folder, &fake.base_url(), &more, demarche)
        .await
        .unwrap();
    assert!(found.demarches[0].1.is_ok(), "{found:?}");
    assert!(proxy.connections.load(Ordering::SeqCst) > 0);
}

#[tokio::test]
async fn an_authority_of_one_s_own_is_trusted_where_it_is_named() {
    let fake = Fake::new().await;
    let demarche = fake.add_demarche(NewDemarche::sample(&["ines@ddt.example"]));
    let folder = tempfile::tempdir().unwrap();
    let server = between(&fake, Some(acceptor(folder.path()))).await;
    let url = format!("https://{}", server.address);
    let refused = probed(&fake, &folder, &url, "", demarche).await;
    let why = refused.unwrap_err();
    assert!(why.contains("certificate is not trusted"), "{why}");
    let more = format!("ca_file = \"{}\"", folder.path().join("ca.pem").display());
    let found = probed(&fake, &folder, &url, &more, demarche).await.unwrap();
    assert!(found.demarches[0].1.is_ok(), "{found:?}");
}
