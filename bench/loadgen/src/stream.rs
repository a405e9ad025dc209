//! A connection's bytes, plain or over TLS.

use std::io::{self, ErrorKind, Read, Write};
use std::net::TcpStream;
use std::sync::Arc;

use anyhow::{Context, Result};
use rustix::net::RecvFlags;
use rustls::client::Resumption;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, ring};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{ClientConfig, ClientConnection, DigitallySignedStruct, SignatureScheme};

use crate::options::Target;

/// A socket, blocking until [`Stream::set_nonblocking`].
pub(crate) enum Stream {
    Plain(TcpStream),
    Tls {
        socket: TcpStream,
        session: Box<ClientConnection>,
    },
}

/// Opens connections to one server.
pub(crate) struct Connector<'a> {
    target: &'a Target,
    tls: Option<Arc<ClientConfig>>,
}

impl<'a> Connector<'a> {
    pub(crate) fn new(target: &'a Target) -> Result<Self> {
        let tls = target.tls.then(tls_config).transpose()?;
        Ok(Self { target, tls })
    }

    /// Connects the socket; over TLS the TLS handshake happens with the first bytes written.
    pub(crate) fn connect(&self) -> Result<Stream> {
        let address = self.target.address;
        let socket =
            TcpStream::connect(address).with_context(|| format!("connecting to {address}"))?;
        socket.set_nodelay(true)?;
        let Some(config) = &self.tls else {
            return Ok(Stream::Plain(socket));
        };
        let mut session =
            ClientConnection::new(config.clone(), ServerName::try_from("localhost")?)?;
        session.set_buffer_limit(None);
        Ok(Stream::Tls {
            socket,
            session: Box::new(session),
        })
    }
}

impl Stream {
    pub(crate) fn socket(&self) -> &TcpStream {
        match self {
            Self::Plain(socket) | Self::Tls { socket, .. } => socket,
        }
    }

    pub(crate) fn set_nonblocking(&self) -> io::Result<()> {
        self.socket().set_nonblocking(true)
    }

    /// Whether a read that fills less than its buffer has emptied the kernel's queue.
    pub(crate) fn short_read_means_empty(&self) -> bool {
        matches!(self, Self::Plain(_))
    }

    /// Whether [`Stream::discard`] works: on plain sockets, and on Linux only.
    pub(crate) fn can_discard(&self) -> bool {
        cfg!(target_os = "linux") && matches!(self, Self::Plain(_))
    }

    /// Throws up to `sink.len()` received bytes away without copying them.
    pub(crate) fn discard(&mut self, sink: &mut [u8]) -> io::Result<usize> {
        let (_, count) = rustix::net::recv(self.socket(), sink, RecvFlags::TRUNC)?;
        Ok(count)
    }

    /// Hands to the kernel what the TLS session still holds; true when it holds nothing.
    pub(crate) fn flush_session(&mut self) -> io::Result<bool> {
        let Self::Tls { socket, session } = self else {
            return Ok(true);
        };
        while session.wants_write() {
            match session.write_tls(socket) {
                Ok(_) => {}
                Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(false),
                Err(error) => return Err(error),
            }
        }
        Ok(true)
    }

    /// The TLS cipher suite in use.
    pub(crate) fn cipher_suite(&self) -> Option<String> {
        match self {
            Self::Plain(_) => None,
            Self::Tls { session, .. } => {
                Some(format!("{:?}", session.negotiated_cipher_suite()?.suite()))
            }
        }
    }
}

impl Read for Stream {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let Self::Tls { socket, session } = self else {
            return self.socket().read(buffer);
        };
        loop {
            match session.reader().read(buffer) {
                Err(error) if error.kind() == ErrorKind::WouldBlock => {}
                outcome => return outcome,
            }
            if session.read_tls(socket)? == 0 {
                return Ok(0);
            }
            session.process_new_packets().map_err(io::Error::other)?;
            while session.wants_write() {
                session.write_tls(socket)?;
            }
        }
    }
}

impl Write for Stream {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Self::Plain(socket) => socket.write(bytes),
            Self::Tls { session, .. } => {
                let count = session.writer().write(bytes)?;
                self.flush_session()?;
                Ok(count)
            }
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        self.flush_session().map(|_| ())
    }
}

/// TLS 1.3 with one cipher suite, so that every server does the same cryptography.
fn tls_config() -> Result<Arc<ClientConfig>> {
    let provider = CryptoProvider {
        cipher_suites: vec![ring::cipher_suite::TLS13_AES_128_GCM_SHA256],
        ..ring::default_provider()
    };
    let schemes = provider
        .signature_verification_algorithms
        .supported_schemes();
    let mut config = ClientConfig::builder_with_provider(provider.into())
        .with_protocol_versions(&[&rustls::version::TLS13])?
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(AnyCertificate(schemes)))
        .with_no_client_auth();
    // Each connection is to cost what a new client's does.
    config.resumption = Resumption::disabled();
    Ok(Arc::new(config))
}

/// Accepts every certificate: the server is our own, on the loopback device, with a certificate made for this run.
#[derive(Debug)]
struct AnyCertificate(Vec<SignatureScheme>);

impl ServerCertVerifier for AnyCertificate {
    fn verify_server_cert(
        &self,
        _end_entity: &CertificateDer<'_>,
        _intermediates: &[CertificateDer<'_>],
        _server_name: &ServerName<'_>,
        _ocsp_response: &[u8],
        _now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        _message: &[u8],
        _certificate: &CertificateDer<'_>,
        _signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        Ok(HandshakeSignatureValid::assertion())
    }

    fn verify_tls13_signature(
        &self,
        _message: &[u8],
        _certificate: &CertificateDer<'_>,
        _signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        Ok(HandshakeSignatureValid::assertion())
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.clone()
    }
}
