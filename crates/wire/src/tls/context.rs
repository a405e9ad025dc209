//! What the sessions of a server have in common: certificates, keys, who is trusted.

use std::cell::RefCell;
use std::sync::Arc;

use rustls::crypto::{CryptoProvider, ring};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;
use rustls::{Error, InconsistentKeys, ServerConfig, SupportedProtocolVersion, version};

use super::authorities::Authorities;

/// A version of TLS that is spoken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Version {
    /// RFC 5246.
    Tls12,
    /// RFC 8446.
    Tls13,
}

/// Whether clients are asked for certificates.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ClientCertificates {
    /// They are not.
    None,
    /// They are, and whoever has none, or one that is not trusted, is told apart later.
    Asked,
    /// They are, and nobody else gets in.
    Required,
}

/// What a context is made of.
#[derive(Debug)]
pub struct Options<'a> {
    /// Chains in PEM, the server's own certificate first, each with its key in PKCS #8, DER.
    pub identities: &'a [(&'a [u8], &'a [u8])],
    /// An OCSP response for the first of them, in DER; empty if there is none.
    pub ocsp: &'a [u8],
    /// Whom to trust, in PEM.
    pub authorities: &'a [u8],
    /// Whether clients are asked for certificates.
    pub clients: ClientCertificates,
    /// The least version, and the highest.
    pub versions: (Version, Version),
    /// The protocols that are offered by ALPN (RFC 7301), best first.
    pub protocols: Vec<Vec<u8>>,
}

/// The context of sessions.
#[derive(Debug, Clone)]
pub struct Context {
    pub(super) config: Arc<ServerConfig>,
    /// Whom clients are checked by.
    pub(super) authorities: Option<Arc<Authorities>>,
}

impl Context {
    /// Makes one.
    ///
    /// # Errors
    /// A certificate or key cannot be read or used, or does not fit the other; in words.
    pub fn new(options: Options<'_>) -> Result<Self, String> {
        let provider = Arc::new(ring::default_provider());
        let authorities = match options.clients {
            ClientCertificates::None => None,
            clients => {
                let trusted = certificates(options.authorities)?;
                let is_required = clients == ClientCertificates::Required;
                Some(Arc::new(Authorities::new(trusted, is_required, &provider)?))
            }
        };
        let builder = ServerConfig::builder_with_provider(Arc::clone(&provider))
            .with_protocol_versions(versions_of(options.versions))
            .map_err(|error| error.to_string())?;
        let builder = match authorities.clone() {
            None => builder.with_no_client_auth(),
            Some(authorities) => builder.with_client_cert_verifier(authorities),
        };
        let mut config =
            builder.with_cert_resolver(Arc::new(Identities::new(&options, &provider)?));
        config.alpn_protocols = options.protocols;
        // One is enough: a client gets a new one with each connection.
        config.send_tls13_tickets = 1;
        config.ticketer = ring::Ticketer::new().map_err(|error| error.to_string())?;
        Ok(Self {
            config: Arc::new(config),
            authorities,
        })
    }
}

static VERSIONS: [&SupportedProtocolVersion; 2] = [&version::TLS13, &version::TLS12];

fn versions_of((least, most): (Version, Version)) -> &'static [&'static SupportedProtocolVersion] {
    match (least, most) {
        (Version::Tls13, _) => &VERSIONS[..1],
        (_, Version::Tls12) => &VERSIONS[1..],
        _ => &VERSIONS,
    }
}

thread_local! {
    /// Whom the last hello named. rustls tells only the resolver of certificates, which knows no session; a thread works
    /// on one session at a time.
    static NAMED: RefCell<Option<String>> = const { RefCell::new(None) };
}

/// Whom the hello named that was just worked off, if one was.
pub(super) fn take_name() -> Option<String> {
    NAMED.take()
}

fn certificates(pem: &[u8]) -> Result<Vec<CertificateDer<'static>>, String> {
    CertificateDer::pem_slice_iter(pem)
        .collect::<Result<_, _>>()
        .map_err(|error| format!("a certificate cannot be read: {error}"))
}

/// The certificates of a server, of which the client's algorithms pick one.
#[derive(Debug)]
struct Identities(Vec<Arc<CertifiedKey>>);

impl Identities {
    fn new(options: &Options<'_>, provider: &CryptoProvider) -> Result<Self, String> {
        let mut keys = Vec::with_capacity(options.identities.len());
        for (chain, key) in options.identities {
            let chain = certificates(chain)?;
            if chain.is_empty() {
                return Err("\"cert\" holds no certificate in PEM".to_owned());
            }
            let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key.to_vec()));
            let key = provider
                .key_provider
                .load_private_key(key)
                .map_err(|error| format!("the key cannot be used: {error}"))?;
            let mut key = CertifiedKey::new(chain, key);
            // Of certificates before version 3 rustls cannot tell; they are taken.
            if let Err(Error::InconsistentKeys(InconsistentKeys::KeyMismatch)) = key.keys_match() {
                return Err("the certificate is not that of the key".to_owned());
            }
            if keys.is_empty() && !options.ocsp.is_empty() {
                key.ocsp = Some(options.ocsp.to_vec());
            }
            keys.push(Arc::new(key));
        }
        if keys.is_empty() {
            return Err("\"key\" and \"cert\" are missing".to_owned());
        }
        Ok(Self(keys))
    }
}

impl ResolvesServerCert for Identities {
    fn resolve(&self, hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        NAMED.set(hello.server_name().map(str::to_owned));
        let fits =
            |key: &&Arc<CertifiedKey>| key.key.choose_scheme(hello.signature_schemes()).is_some();
        // If none does, the first has the handshake end with what it really lacks.
        self.0.iter().find(fits).or_else(|| self.0.first()).cloned()
    }
}
