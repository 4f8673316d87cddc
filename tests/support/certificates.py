"""Keys and certificates, made for a test run."""

import ipaddress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID


@dataclass(frozen=True)
class Identity:
    """A key and its certificate, as PEM."""

    key: bytes
    certificate: bytes

    def write(self, folder: Path) -> tuple[Path, Path]:
        """Writes both into a folder, replacing what was there; returns the files of the certificate and the key."""
        folder.mkdir(parents=True, exist_ok=True)
        for name, data in (("tls.crt", self.certificate), ("tls.key", self.key)):
            aside = folder / (name + ".new")
            aside.write_bytes(data)
            aside.replace(folder / name)
        return folder / "tls.crt", folder / "tls.key"


class Authority:
    """Signs certificates."""

    def __init__(self, name: str) -> None:
        self._name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        self._key = ec.generate_private_key(ec.SECP256R1())
        self.certificate = self._sign(self._name, self._key, is_authority=True)

    def write(self, file: Path) -> Path:
        """Writes the certificate of the authority itself; returns the file."""
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(self.certificate)
        return file

    def issue(self, name: str, *, hours: float = 1) -> Identity:
        """Returns a key and a certificate for the host of that name, valid for so many hours; expired below 0."""
        key = ec.generate_private_key(ec.SECP256R1())
        pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        return Identity(pem, self._sign(subject, key, is_authority=False, hours=hours))

    def _sign(
        self, subject: x509.Name, key: ec.EllipticCurvePrivateKey, *, is_authority: bool, hours: float = 1
    ) -> bytes:
        now = datetime.now(UTC)
        (name,) = subject.get_attributes_for_oid(NameOID.COMMON_NAME)
        builder = (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(self._name)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - timedelta(hours=100))
            .not_valid_after(now + timedelta(hours=hours))
            .add_extension(x509.BasicConstraints(ca=is_authority, path_length=None), critical=True)
            .add_extension(x509.SubjectAlternativeName([_host(str(name.value))]), critical=False)
        )
        return builder.sign(self._key, hashes.SHA256()).public_bytes(Encoding.PEM)


def _host(name: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(name))
    except ValueError:
        return x509.DNSName(name)
