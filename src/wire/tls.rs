//! Encryption as libpq asks for it: whether the server's certificate is verified depends on
//! `sslmode` and on whether there are certificates to verify it against.

use std::fs;
use std::io::{self, Read, Write};
use std::os::unix::fs::MetadataExt;
use std::sync::Arc;

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::client::{Resumption, verify_server_cert_signed_by_trust_anchor};
use rustls::crypto::{CryptoProvider, WebPkiSupportedAlgorithms, ring, verify_tls13_signature_with_raw_key};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName, SubjectPublicKeyInfoDer, UnixTime};
use rustls::server::ParsedCertificate;
use rustls::{
    AlertDescription, CertificateError, ClientConfig, ClientConnection, DigitallySignedStruct, Error, RootCertStore,
    SignatureScheme, SupportedProtocolVersion, version,
};

use super::certificate::Certificate;
use super::failure::{Failure, Kind};
use super::message::Reader;
use super::settings::{Host, Settings, SslMode};

/// How much is read from the socket at once.
const CHUNK: usize = 64 * 1024;

/// The encryption of one connection.
pub(super) struct Tls {
    session: ClientConnection,
    incoming: Vec<u8>,
    /// The protocol versions that are allowed, in libpq's words.
    versions: (String, String),
    verifies_name: bool,
    /// The server has said that nothing more will come.
    is_closed: bool,
}

impl std::fmt::Debug for Tls {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Tls").finish_non_exhaustive()
    }
}

impl Tls {
    /// Prepares what the settings ask for.
    pub(super) fn new(settings: &Settings, host: &Host) -> Result<Self, String> {
        let provider = Arc::new(ring::default_provider());
        let verifier = Verifier { anchors: anchors(settings)?, algorithms: provider.signature_verification_algorithms };
        let builder = ClientConfig::builder_with_provider(Arc::<CryptoProvider>::clone(&provider))
            .with_protocol_versions(&versions(settings))
            .map_err(|error| format!("could not create SSL context: {error}"))?
            .dangerous()
            .with_custom_certificate_verifier(Arc::new(verifier));
        let mut config = match client_certificate(settings)? {
            None => builder.with_no_client_auth(),
            Some((chain, key, path)) => builder
                .with_client_auth_cert(chain, key)
                .map_err(|error| format!("certificate does not match private key file \"{path}\": {error}"))?,
        };
        config.resumption = Resumption::disabled();
        let name = host.name.as_str();
        // No name is sent for what can only be an address.
        let is_address = name.contains(':') || name.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.');
        config.enable_sni = settings.value("sslsni").is_some_and(|value| value.starts_with('1')) && !is_address;
        let server = ServerName::try_from(name.to_owned()).ok().filter(|_| !is_address).unwrap_or_else(|| {
            config.enable_sni = false;
            ServerName::IpAddress(std::net::IpAddr::from([0, 0, 0, 0]).into())
        });
        let session = ClientConnection::new(Arc::new(config), server)
            .map_err(|error| format!("could not establish SSL connection: {error}"))?;
        let version = |keyword: &str, default: &str| settings.value(keyword).unwrap_or(default).to_owned();
        Ok(Self {
            session,
            incoming: Vec::new(),
            versions: (version("ssl_min_protocol_version", "TLSv1"), version("ssl_max_protocol_version", "TLSv1.3")),
            verifies_name: settings.ssl_mode == SslMode::VerifyFull,
            is_closed: false,
        })
    }

    pub(super) fn is_shaking_hands(&self) -> bool {
        self.session.is_handshaking()
    }

    /// Takes bytes to be sent; says how many.
    pub(super) fn put(&mut self, bytes: &[u8]) -> usize {
        self.session.writer().write(bytes).unwrap_or(0)
    }

    pub(super) fn wants_write(&self) -> bool {
        self.session.wants_write()
    }

    pub(super) fn write_to(&mut self, raw: &mut dyn Write) -> io::Result<usize> {
        self.session.write_tls(raw)
    }

    /// Takes what has come. Nothing has, if the socket says that it would have to wait.
    pub(super) fn receive(&mut self, raw: &mut dyn Read, reader: &mut Reader) -> Result<(), Failure> {
        let lost = |text: &str| Err(Failure::new(Kind::Lost, text));
        if self.is_closed {
            return lost("SSL connection has been closed unexpectedly");
        }
        self.incoming.resize(CHUNK, 0);
        let count = loop {
            match raw.read(&mut self.incoming) {
                Ok(0) => return lost("SSL SYSCALL error: EOF detected"),
                Ok(count) => break count,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(()),
                Err(error) => return Err(super::channel::unreadable(&error)),
            }
        };
        let incoming = std::mem::take(&mut self.incoming);
        let outcome = self.take_in(incoming.get(..count).unwrap_or_default(), reader);
        self.incoming = incoming;
        outcome
    }

    /// Decrypts.
    fn take_in(&mut self, mut bytes: &[u8], reader: &mut Reader) -> Result<(), Failure> {
        let wrong = |text: String| Failure::new(Kind::Lost, text);
        while !bytes.is_empty() && !self.is_closed {
            self.session.read_tls(&mut bytes).map_err(|error| wrong(format!("SSL error: {error}")))?;
            let state = self.session.process_new_packets().map_err(|error| wrong(self.words(&error)))?;
            let mut left = state.plaintext_bytes_to_read();
            while left > 0 {
                let count = self.session.reader().read(reader.space()?).unwrap_or(0);
                reader.filled(count);
                left = if count == 0 { 0 } else { left.saturating_sub(count) };
            }
            self.is_closed = state.peer_has_closed();
        }
        Ok(())
    }

    /// OpenSSL's words for what it and this have in common.
    fn words(&self, error: &Error) -> String {
        let text = match error {
            Error::InvalidCertificate(_) => "certificate verify failed".to_owned(),
            Error::InvalidMessage(_) => "wrong version number".to_owned(),
            Error::AlertReceived(alert) => match alert {
                AlertDescription::HandshakeFailure => "sslv3 alert handshake failure".to_owned(),
                AlertDescription::UnknownCA => "tlsv1 alert unknown ca".to_owned(),
                AlertDescription::ProtocolVersion => "tlsv1 alert protocol version".to_owned(),
                AlertDescription::CertificateRequired => "tlsv13 alert certificate required".to_owned(),
                _ => error.to_string(),
            },
            _ => error.to_string(),
        };
        let (least, most) = &self.versions;
        match text.as_str() {
            "wrong version number" | "tlsv1 alert protocol version" => format!(
                "SSL error: {text}\nThis may indicate that the server does not support any SSL protocol version \
                 between {least} and {most}."
            ),
            _ => format!("SSL error: {text}"),
        }
    }

    fn server_certificate(&self) -> Option<Certificate<'_>> {
        Certificate::read(self.session.peer_certificates()?.first()?)
    }

    /// Whether the certificate is for the host, where that is asked for.
    pub(super) fn check_name(&self, host: &Host) -> Result<(), String> {
        if !self.verifies_name {
            return Ok(());
        }
        if host.name.is_empty() {
            return Err("host name must be specified for a verified SSL connection".to_owned());
        }
        let certificate = self.server_certificate();
        certificate.map_or_else(
            || Err("could not get server's host name from server certificate".to_owned()),
            |certificate| certificate.check_name(&host.name),
        )
    }

    /// What binds a password exchange to this encryption.
    pub(super) fn end_point(&self) -> Option<Vec<u8>> {
        self.server_certificate()?.end_point()
    }

    /// Says that nothing more will be sent.
    pub(super) fn close(&mut self) {
        self.session.send_close_notify();
    }
}

fn versions(settings: &Settings) -> Vec<&'static SupportedProtocolVersion> {
    let is = |keyword: &str, value: &str| settings.value(keyword).is_some_and(|own| own.eq_ignore_ascii_case(value));
    let mut versions = Vec::new();
    if !is("ssl_max_protocol_version", "TLSv1.2") {
        versions.push(&version::TLS13);
    }
    if !is("ssl_min_protocol_version", "TLSv1.3") {
        versions.push(&version::TLS12);
    }
    versions
}

/// The certificates that the server's is verified against, if it is.
fn anchors(settings: &Settings) -> Result<Option<Anchors>, String> {
    let path = settings.value("sslrootcert").map(str::to_owned).or_else(|| settings.own_file("root.crt"));
    let Some(path) = path.filter(|path| fs::metadata(path).is_ok()) else {
        if settings.ssl_mode < SslMode::VerifyCa {
            return Ok(None);
        }
        let named = settings.value("sslrootcert").map(str::to_owned).or_else(|| settings.own_file("root.crt"));
        let text = match named {
            Some(path) => format!("root certificate file \"{path}\" does not exist"),
            None => "could not get home directory to locate root certificate file".to_owned(),
        };
        return Err(format!(
            "{text}\nEither provide the file or change sslmode to disable server certificate verification."
        ));
    };
    if let Some(path) = settings.own_file("root.crl").filter(|path| fs::metadata(path).is_ok()) {
        return Err(format!("certificate revocation list \"{path}\" is not supported"));
    }
    let unusable = |text: &str| format!("could not read root certificate file \"{path}\": {text}");
    let bytes = fs::read(&path).map_err(|error| unusable(&super::channel::reason(&error)))?;
    let certificates: Vec<_> = CertificateDer::pem_slice_iter(&bytes).collect::<Result<_, _>>().unwrap_or_default();
    let mut store = RootCertStore::empty();
    for certificate in &certificates {
        store.add(certificate.clone()).map_err(|error| unusable(&error.to_string()))?;
    }
    if certificates.is_empty() {
        return Err(unusable("no certificate or crl found"));
    }
    Ok(Some(Anchors { store, certificates }))
}

/// The client's own certificate, its key and the file of that, if there are such.
fn client_certificate(
    settings: &Settings,
) -> Result<Option<(Vec<CertificateDer<'static>>, PrivateKeyDer<'static>, String)>, String> {
    let named =
        |keyword: &str, name: &str| settings.value(keyword).map(str::to_owned).or_else(|| settings.own_file(name));
    let Some(path) = named("sslcert", "postgresql.crt").filter(|path| fs::metadata(path).is_ok()) else {
        return Ok(None);
    };
    let bytes = fs::read(&path)
        .map_err(|error| format!("could not open certificate file \"{path}\": {}", super::channel::reason(&error)))?;
    let chain: Vec<_> = CertificateDer::pem_slice_iter(&bytes).collect::<Result<_, _>>().unwrap_or_default();
    if chain.is_empty() {
        return Err(format!("could not read certificate file \"{path}\": no start line"));
    }
    let path = named("sslkey", "postgresql.key").unwrap_or_default();
    let Ok(metadata) = fs::metadata(&path) else {
        return Err(format!("certificate present, but not private key file \"{path}\""));
    };
    if !metadata.is_file() {
        return Err(format!("private key file \"{path}\" is not a regular file"));
    }
    let forbidden = if metadata.uid() == 0 { 0o037 } else { 0o077 };
    if metadata.mode() & forbidden != 0 {
        return Err(format!(
            "private key file \"{path}\" has group or world access; file must have permissions u=rw (0600) or less if \
             owned by the current user, or permissions u=rw,g=r (0640) or less if owned by root"
        ));
    }
    let unusable = |text: &str| format!("could not load private key file \"{path}\": {text}");
    let bytes = fs::read(&path).map_err(|error| unusable(&super::channel::reason(&error)))?;
    // What the parser says could quote the file.
    let key = PrivateKeyDer::from_pem_slice(&bytes).map_err(|_| unusable("no private key that is not encrypted"))?;
    Ok(Some((chain, key, path)))
}

/// Certificates that are trusted.
#[derive(Debug)]
struct Anchors {
    store: RootCertStore,
    certificates: Vec<CertificateDer<'static>>,
}

/// What is asked of a server's certificate before its name is looked at.
#[derive(Debug)]
struct Verifier {
    anchors: Option<Anchors>,
    algorithms: WebPkiSupportedAlgorithms,
}

impl Verifier {
    /// Whether a certificate is one of the trusted ones, or signed by one of them and of the
    /// old kind without extensions, which the manual's own recipe makes.
    fn is_trusted_as_it_is(&self, anchors: &Anchors, certificate: &CertificateDer<'_>, now: UnixTime) -> bool {
        let Some(own) = Certificate::read(certificate) else { return false };
        let now = i64::try_from(now.as_secs()).unwrap_or(i64::MAX);
        if !(own.validity.0..=own.validity.1).contains(&now) {
            return false;
        }
        if anchors.certificates.iter().any(|anchor| anchor.as_ref() == certificate.as_ref()) {
            return true;
        }
        own.is_version_1
            && anchors.certificates.iter().filter_map(|anchor| Certificate::read(anchor)).any(|anchor| {
                own.issuer == anchor.subject
                    && (anchor.validity.0..=anchor.validity.1).contains(&now)
                    && self.algorithms.all.iter().any(|algorithm| {
                        *algorithm.signature_alg_id() == *own.signature_algorithm
                            && *algorithm.public_key_alg_id() == *anchor.key_algorithm
                            && algorithm.verify_signature(anchor.key, own.signed, own.signature).is_ok()
                    })
            })
    }
}

impl ServerCertVerifier for Verifier {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        let Some(anchors) = &self.anchors else { return Ok(ServerCertVerified::assertion()) };
        if self.is_trusted_as_it_is(anchors, end_entity, now) {
            return Ok(ServerCertVerified::assertion());
        }
        let parsed = ParsedCertificate::try_from(end_entity)?;
        verify_server_cert_signed_by_trust_anchor(&parsed, &anchors.store, intermediates, now, self.algorithms.all)?;
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let bad = |error: CertificateError| Error::InvalidCertificate(error);
        let own = Certificate::read(certificate).ok_or_else(|| bad(CertificateError::BadEncoding))?;
        let mut known = self.algorithms.mapping.iter().filter(|(scheme, _)| *scheme == signed.scheme);
        let is_valid = known.any(|(_, algorithms)| {
            algorithms.iter().any(|algorithm| {
                *algorithm.public_key_alg_id() == *own.key_algorithm
                    && algorithm.verify_signature(own.key, message, signed.signature()).is_ok()
            })
        });
        if is_valid { Ok(HandshakeSignatureValid::assertion()) } else { Err(bad(CertificateError::BadSignature)) }
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        // By the key alone: certificates of the old kind have one too.
        let own = Certificate::read(certificate).ok_or(Error::InvalidCertificate(CertificateError::BadEncoding))?;
        let key = SubjectPublicKeyInfoDer::from(own.key_info);
        verify_tls13_signature_with_raw_key(message, &key, signed, &self.algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.algorithms.supported_schemes()
    }
}
