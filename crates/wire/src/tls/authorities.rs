//! Whose client certificates are trusted, by OpenSSL's rules where rustls has others.
//!
//! For rustls whatever is trusted is an authority, for ever. For OpenSSL a chain has to end with a certificate
//! that has issued itself, and is valid; and who is trusted, but may not issue certificates, is trusted
//! alone: somebody whose own certificate is on the list is not to vouch for others.

use std::sync::Arc;

use rustls::client::danger::HandshakeSignatureValid;
use rustls::crypto::{CryptoProvider, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::{CertificateDer, TrustAnchor, UnixTime};
use rustls::server::WebPkiClientVerifier;
use rustls::server::danger::{ClientCertVerified, ClientCertVerifier};
use rustls::{
    CertificateError, DigitallySignedStruct, DistinguishedName, Error, RootCertStore,
    SignatureScheme,
};

use super::certificate::Certificate;

/// Whose client certificates are trusted.
#[derive(Debug)]
pub(super) struct Authorities {
    provider: Arc<CryptoProvider>,
    /// Whether who is not trusted gets no further than the handshake. If not, every certificate is taken
    /// there whose key its sender has, and `distrust()` is asked later.
    is_required: bool,
    /// Those that may be the end of a chain, and when they are valid.
    roots: Vec<(TrustAnchor<'static>, (u64, u64))>,
    /// Those that are trusted alone.
    alone: Vec<CertificateDer<'static>>,
    /// Those between others and a root, which clients need not send.
    between: Vec<CertificateDer<'static>>,
    names: Vec<DistinguishedName>,
    /// Of all roots; there may be none.
    verifier: Option<Arc<dyn ClientCertVerifier>>,
}

impl Authorities {
    /// # Errors
    /// No certificate can be used; in words.
    pub(super) fn new(
        certificates: Vec<CertificateDer<'static>>,
        is_required: bool,
        provider: &Arc<CryptoProvider>,
    ) -> Result<Self, String> {
        let mut all = Self {
            provider: Arc::clone(provider),
            is_required,
            roots: Vec::new(),
            alone: Vec::new(),
            between: Vec::new(),
            names: Vec::new(),
            verifier: None,
        };
        for certificate in certificates {
            all.add(certificate);
        }
        if all.names.is_empty() {
            return Err("no certificate of \"ca\" can be used".to_owned());
        }
        all.verifier = all.verifier_of(all.roots.iter().map(|(root, _)| root.clone()));
        Ok(all)
    }

    /// One that cannot be used is trusted by nobody, which is how OpenSSL takes it.
    fn add(&mut self, certificate: CertificateDer<'static>) {
        let mut store = RootCertStore::empty();
        let (Some(read), Ok(())) = (
            Certificate::read(&certificate),
            store.add(certificate.clone()),
        ) else {
            return;
        };
        self.names.extend(store.subjects());
        if !read.is_self_issued() {
            self.between.push(certificate);
        } else if read.may_issue() {
            let validity = read.validity;
            let roots = store.roots.into_iter().map(|root| (root, validity));
            self.roots.extend(roots);
        } else {
            self.alone.push(certificate);
        }
    }

    fn verifier_of(
        &self,
        roots: impl Iterator<Item = TrustAnchor<'static>>,
    ) -> Option<Arc<dyn ClientCertVerifier>> {
        let store = Arc::new(roots.collect::<RootCertStore>());
        // It fails if there are none.
        WebPkiClientVerifier::builder_with_provider(store, Arc::clone(&self.provider))
            .build()
            .ok()
            .map(|verifier| verifier as Arc<dyn ClientCertVerifier>)
    }

    /// Why a chain of a client's is not trusted, by OpenSSL's name for it; `None` if it is.
    pub(super) fn distrust(&self, chain: &[CertificateDer<'_>]) -> Option<&'static str> {
        let Some((certificate, intermediates)) = chain.split_first() else {
            return Some("UNABLE_TO_GET_ISSUER_CERT");
        };
        let verified = self.verify(certificate, intermediates, UnixTime::now());
        Some(match verified.err()? {
            Error::InvalidCertificate(CertificateError::UnknownIssuer) => {
                self.missing_issuer(certificate, intermediates)
            }
            Error::InvalidCertificate(error) => certificate_code(&error),
            _ => "CERT_REJECTED",
        })
    }

    fn verify(
        &self,
        certificate: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        now: UnixTime,
    ) -> Result<ClientCertVerified, Error> {
        let unknown = || Error::from(CertificateError::UnknownIssuer);
        let read = Certificate::read(certificate).ok_or(CertificateError::BadEncoding)?;
        let verified = if self.alone.contains(certificate) {
            let mut store = RootCertStore::empty();
            // It was taken before.
            let _ = store.add(certificate.clone());
            let verifier = self.verifier_of(store.roots.into_iter());
            let verifier = verifier.ok_or_else(unknown)?;
            verifier.verify_client_cert(certificate, &[], now)?
        } else {
            let all = intermediates.iter().chain(&self.between);
            let all: Vec<_> = all.cloned().collect();
            let verifier = self.verifier.as_ref().ok_or_else(unknown)?;
            let verified = verifier.verify_client_cert(certificate, &all, now)?;
            let seconds = now.as_secs();
            let is_valid = |(from, until): (u64, u64)| (from..=until).contains(&seconds);
            if !self.roots.iter().all(|(_, validity)| is_valid(*validity)) {
                let valid = self
                    .roots
                    .iter()
                    .filter(|(_, validity)| is_valid(*validity));
                self.verifier_of(valid.map(|(root, _)| root.clone()))
                    .and_then(|verifier| verifier.verify_client_cert(certificate, &all, now).ok())
                    .ok_or(CertificateError::Expired)?;
            }
            verified
        };
        if !read.is_of_client() {
            return Err(CertificateError::InvalidPurpose.into());
        }
        Ok(verified)
    }

    /// Which issuer it is that nobody knows.
    fn missing_issuer(
        &self,
        certificate: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
    ) -> &'static str {
        let sent: Vec<_> = intermediates
            .iter()
            .filter_map(|one| Certificate::read(one))
            .collect();
        let known: Vec<_> = self
            .between
            .iter()
            .filter_map(|one| Certificate::read(one))
            .collect();
        let Some(mut last) = Certificate::read(certificate) else {
            return "CERT_REJECTED";
        };
        // Names may lead round in a circle.
        for depth in 0..=sent.len() + known.len() {
            if last.is_self_issued() {
                return match depth {
                    0 => "DEPTH_ZERO_SELF_SIGNED_CERT",
                    _ => "SELF_SIGNED_CERT_IN_CHAIN",
                };
            }
            let issued = |one: &&Certificate<'_>| one.subject == last.issuer;
            let is_known = known.iter().any(|one| one.subject == last.subject);
            match sent.iter().chain(&known).find(issued) {
                Some(issuer) => last = *issuer,
                None if depth == 0 => return "UNABLE_TO_VERIFY_LEAF_SIGNATURE",
                None if is_known => return "UNABLE_TO_GET_ISSUER_CERT",
                None => return "UNABLE_TO_GET_ISSUER_CERT_LOCALLY",
            }
        }
        "CERT_REJECTED"
    }
}

impl ClientCertVerifier for Authorities {
    fn root_hint_subjects(&self) -> &[DistinguishedName] {
        &self.names
    }

    fn client_auth_mandatory(&self) -> bool {
        self.is_required
    }

    fn verify_client_cert(
        &self,
        certificate: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        now: UnixTime,
    ) -> Result<ClientCertVerified, Error> {
        if !self.is_required {
            return Ok(ClientCertVerified::assertion());
        }
        self.verify(certificate, intermediates, now)
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        verify_tls12_signature(message, certificate, signature, algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        verify_tls13_signature(message, certificate, signature, algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider
            .signature_verification_algorithms
            .supported_schemes()
    }
}

/// OpenSSL's name for what is wrong with a certificate.
const fn certificate_code(error: &CertificateError) -> &'static str {
    match error {
        CertificateError::Expired | CertificateError::ExpiredContext { .. } => "CERT_HAS_EXPIRED",
        CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => {
            "CERT_NOT_YET_VALID"
        }
        CertificateError::Revoked => "CERT_REVOKED",
        CertificateError::BadSignature => "CERT_SIGNATURE_FAILURE",
        CertificateError::InvalidPurpose | CertificateError::InvalidPurposeContext { .. } => {
            "INVALID_PURPOSE"
        }
        _ => "CERT_REJECTED",
    }
}

#[cfg(test)]
mod tests {
    use rcgen::{
        BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair,
        KeyUsagePurpose, date_time_ymd,
    };
    use rustls::crypto::ring;

    use super::*;

    type Party = CertifiedIssuer<'static, KeyPair>;

    /// A certificate of `issuer`'s, or of its own.
    fn party(
        name: &str,
        issuer: Option<&Party>,
        change: impl FnOnce(&mut CertificateParams),
    ) -> Party {
        let mut params = CertificateParams::new(vec!["localhost".to_owned()]).expect("a name");
        params.distinguished_name.push(DnType::CommonName, name);
        change(&mut params);
        let key = KeyPair::generate().expect("a key");
        match issuer {
            None => Party::self_signed(params, key),
            Some(issuer) => Party::signed_by(params, key, issuer),
        }
        .expect("a certificate")
    }

    fn authority(params: &mut CertificateParams) {
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    }

    fn distrust(trusted: &[&Party], chain: &[&Party]) -> Option<&'static str> {
        let der = |all: &[&Party]| all.iter().map(|one| one.der().clone()).collect::<Vec<_>>();
        let provider = Arc::new(ring::default_provider());
        Authorities::new(der(trusted), true, &provider)
            .expect("some")
            .distrust(&der(chain))
    }

    #[test]
    fn who_is_trusted_without_being_an_authority_vouches_for_nobody_else() {
        let alone = party("alone", None, |_| {});
        let theirs = party("theirs", Some(&alone), |_| {});
        assert_eq!(distrust(&[&alone], &[&alone]), None);
        for chain in [&[&theirs][..], &[&theirs, &alone]] {
            assert!(distrust(&[&alone], chain).is_some());
        }
        let unfit = party("unfit", None, |params| {
            authority(params);
            params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        });
        let theirs = party("theirs", Some(&unfit), |_| {});
        assert!(distrust(&[&unfit], &[&theirs]).is_some());
    }

    #[test]
    fn a_root_that_has_expired_vouches_for_nobody() {
        let old = party("old", None, |params| {
            authority(params);
            params.not_before = date_time_ymd(2000, 1, 1);
            params.not_after = date_time_ymd(2001, 1, 1);
        });
        let new = party("new", None, authority);
        let theirs = party("theirs", Some(&old), |_| {});
        let others = party("others", Some(&new), |_| {});
        assert_eq!(distrust(&[&old], &[&theirs]), Some("CERT_HAS_EXPIRED"));
        assert_eq!(
            distrust(&[&old, &new], &[&theirs]),
            Some("CERT_HAS_EXPIRED")
        );
        assert_eq!(distrust(&[&old, &new], &[&others]), None);
    }

    #[test]
    fn a_chain_ends_with_a_root_and_lacks_what_is_trusted_only() {
        let root = party("root", None, authority);
        let middle = party("middle", Some(&root), authority);
        let leaf = party("leaf", Some(&middle), |_| {});
        assert_eq!(distrust(&[&root, &middle], &[&leaf]), None);
        assert_eq!(distrust(&[&root], &[&leaf, &middle]), None);
        let missing = Some("UNABLE_TO_GET_ISSUER_CERT");
        assert_eq!(distrust(&[&middle], &[&leaf]), missing);
        assert_eq!(distrust(&[&middle], &[&leaf, &middle]), missing);
    }

    #[test]
    fn a_key_for_something_else_is_no_clients() {
        let root = party("root", None, authority);
        let usage = |usage| {
            move |params: &mut CertificateParams| {
                params.key_usages = vec![usage];
            }
        };
        let theirs = party(
            "theirs",
            Some(&root),
            usage(KeyUsagePurpose::DigitalSignature),
        );
        assert_eq!(distrust(&[&root], &[&theirs]), None);
        let theirs = party(
            "theirs",
            Some(&root),
            usage(KeyUsagePurpose::KeyEncipherment),
        );
        assert_eq!(distrust(&[&root], &[&theirs]), Some("INVALID_PURPOSE"));
    }

    #[test]
    fn who_is_not_known_is_said_as_openssl_says_it() {
        let other = party("other", None, authority);
        let root = party("root", None, authority);
        let middle = party("middle", Some(&root), authority);
        let leaf = party("leaf", Some(&middle), |_| {});
        let own = party("own", None, |_| {});
        for (chain, code) in [
            (&[][..], "UNABLE_TO_GET_ISSUER_CERT"),
            (&[&own], "DEPTH_ZERO_SELF_SIGNED_CERT"),
            (&[&leaf], "UNABLE_TO_VERIFY_LEAF_SIGNATURE"),
            (&[&leaf, &middle], "UNABLE_TO_GET_ISSUER_CERT_LOCALLY"),
            (&[&leaf, &middle, &root], "SELF_SIGNED_CERT_IN_CHAIN"),
        ] {
            assert_eq!(distrust(&[&other], chain), Some(code));
        }
    }
}
