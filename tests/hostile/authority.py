"""Certificates of each kind, made for one test run."""

from __future__ import annotations

import datetime as dt
import ssl as tls

import trustme


class Authority:
    """One authority that a call may trust, another that it does not, and what they sign."""

    def __init__(self) -> None:
        now = dt.datetime.now(dt.UTC)
        day = dt.timedelta(days=1)
        own, other = trustme.CA(), trustme.CA()
        self.trusting = tls.create_default_context()
        own.configure_trust(self.trusting)
        self._certificates = {
            "good": own.issue_cert("127.0.0.1"),
            "demanding": own.issue_cert("127.0.0.1"),
            "stranger": other.issue_cert("127.0.0.1"),
            "self-signed": None,
            "expired": own.issue_cert("127.0.0.1", not_before=now - 9 * day, not_after=now - day),
            "early": own.issue_cert("127.0.0.1", not_before=now + day, not_after=now + 9 * day),
            "other-host": own.issue_cert("other.example"),
        }
        self._own = own

    def context(self, kind: str) -> tls.SSLContext | None:
        """What a server with that certificate listens with; no kind is no TLS."""
        if not kind:
            return None
        context = tls.SSLContext(tls.PROTOCOL_TLS_SERVER)
        certificate = self._certificates[kind]
        if certificate is None:
            _vouch_for_itself(context)
        else:
            certificate.configure_cert(context)
        if kind == "demanding":
            self._own.configure_trust(context)
            context.verify_mode = tls.CERT_REQUIRED
        return context


def _vouch_for_itself(context: tls.SSLContext) -> None:
    import tempfile
    from ipaddress import ip_address

    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "127.0.0.1")])
    now = dt.datetime.now(dt.UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now)
        .not_valid_after(now + dt.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False)
        .sign(key, hashes.SHA256())
    )
    pem = serialization.Encoding.PEM
    private = key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    with tempfile.NamedTemporaryFile(suffix=".pem") as file:
        file.write(private + made.public_bytes(pem))
        file.flush()
        context.load_cert_chain(file.name)
