//! The other end of a session: rustls's own client, and what both are given.

use std::io::{Read as _, Write as _};
use std::os::fd::AsRawFd;
use std::os::unix::net::UnixStream;
use std::sync::{Arc, OnceLock};

use rcgen::{CertifiedKey, generate_simple_self_signed};
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer, ServerName};
use rustls::{ClientConfig, ClientConnection, RootCertStore, version};

use crate::tls::*;

pub(super) struct Identity {
    pub(super) pem: String,
    pub(super) der: Vec<u8>,
    pub(super) key: Vec<u8>,
}

pub(super) fn identity() -> &'static Identity {
    static IDENTITY: OnceLock<Identity> = OnceLock::new();
    IDENTITY.get_or_init(|| {
        let names = vec!["localhost".to_owned()];
        let CertifiedKey { cert, signing_key } =
            generate_simple_self_signed(names).expect("a certificate");
        Identity {
            pem: cert.pem(),
            der: cert.der().to_vec(),
            key: signing_key.serialize_der(),
        }
    })
}

pub(super) fn context_with(clients: ClientCertificates, versions: (Version, Version)) -> Context {
    let identity = identity();
    Context::new(Options {
        identities: &[(identity.pem.as_bytes(), &identity.key)],
        ocsp: &[],
        authorities: identity.pem.as_bytes(),
        clients,
        versions,
        protocols: vec![b"http/1.1".to_vec()],
    })
    .expect("a context")
}

pub(super) fn context() -> Context {
    context_with(ClientCertificates::None, (Version::Tls12, Version::Tls13))
}

/// rustls's own client.
pub(super) struct Client {
    pub(super) connection: ClientConnection,
    pub(super) socket: UnixStream,
    pub(super) received: Vec<u8>,
}

impl Client {
    pub(super) fn new(socket: UnixStream, with_certificate: bool, only_12: bool) -> Self {
        let mut roots = RootCertStore::empty();
        let identity = identity();
        roots
            .add(CertificateDer::from(identity.der.clone()))
            .expect("a root");
        let versions: &[_] = if only_12 {
            &[&version::TLS12]
        } else {
            &[&version::TLS13]
        };
        let builder = ClientConfig::builder_with_protocol_versions(versions);
        let builder = builder.with_root_certificates(roots);
        let mut config = if with_certificate {
            let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(identity.key.clone()));
            builder
                .with_client_auth_cert(vec![CertificateDer::from(identity.der.clone())], key)
                .expect("a certificate of the client's")
        } else {
            builder.with_no_client_auth()
        };
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        let name = ServerName::try_from("localhost").expect("a name");
        socket.set_nonblocking(true).expect("a socket");
        let mut connection = ClientConnection::new(Arc::new(config), name).expect("a client");
        // What the socket does not take waits, however much it is.
        connection.set_buffer_limit(None);
        Self {
            connection,
            socket,
            received: Vec::new(),
        }
    }

    /// Sends and receives what there is.
    pub(super) fn turn(&mut self) {
        while self.connection.wants_write() {
            if self.connection.write_tls(&mut self.socket).is_err() {
                break;
            }
        }
        while self
            .connection
            .read_tls(&mut self.socket)
            .is_ok_and(|len| len > 0)
        {
            if self.connection.process_new_packets().is_err() {
                break;
            }
            // Its reader says `WouldBlock` when it has no more.
            let _ = self.connection.reader().read_to_end(&mut self.received);
        }
    }

    pub(super) fn send(&mut self, bytes: &[u8]) {
        self.connection
            .writer()
            .write_all(bytes)
            .expect("room for it");
        self.turn();
    }
}

/// A server's end and a client's, whose handshake is through.
pub(super) fn pair(
    context: &Context,
    client: impl FnOnce(UnixStream) -> Client,
) -> (Tls, Client, UnixStream) {
    let (near, far) = UnixStream::pair().expect("a pair");
    near.set_nonblocking(true).expect("a socket");
    let mut tls = Tls::new(near.as_raw_fd(), Some(context)).expect("a session");
    let mut client = client(far);
    for _ in 0..4 {
        client.turn();
        assert_eq!(tls.arrive(), Arrived::Nothing);
    }
    client.turn();
    (tls, client, near)
}

pub(super) fn plain_client(socket: UnixStream) -> Client {
    Client::new(socket, false, false)
}

/// Reads until nothing more is there.
pub(super) fn read_all(tls: &mut Tls, len: usize) -> Vec<u8> {
    let mut all = Vec::new();
    let mut room = vec![0; len];
    while let Read::Bytes(len) = tls.read(&mut room) {
        all.extend_from_slice(&room[..len]);
    }
    all
}

pub(super) fn bytes_of(len: usize) -> Vec<u8> {
    (0..len).map(|i| (i * i + (i >> 8)) as u8).collect()
}
