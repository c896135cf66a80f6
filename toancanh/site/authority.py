"""A certificate authority of this installation's own, for networks where no public one can be asked.

``tls/root.pem`` is its key with its certificate, made once and readable by its owner alone; ``tls/root.crt``
is the certificate that people's devices are told to trust; ``tls/server.pem`` is what the program shows, made
anew by itself in time and whenever other names are wanted.
"""

from __future__ import annotations

import ipaddress
import os
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from toancanh.kernel.runtime import clock, keyfile
from toancanh.site.listening import HERE, is_address
from toancanh.site.speech import _

FOLDER = "tls"
ROOT_LASTS = timedelta(days=3650)
LASTS = timedelta(days=90)
RENEW = timedelta(days=30)
"""Before its end that the server's certificate is made anew."""
SKEW = timedelta(hours=1)
"""By which clocks of phones may be behind ours."""


class Authority:
    """Keeps the certificate that the program shows in order; any process of the installation may."""

    def __init__(self, folder: Path, names: Sequence[str]) -> None:
        self._folder = folder
        self._names = tuple(sorted({*HERE, *filter(lambda name: name != "*", names)}))
        self.root_file = folder / "root.crt"
        self.server_file = folder / "server.pem"

    def keep(self) -> None:
        """Make what is missing, wrong or nearly over; nothing where all is well."""
        key, root = self._root()
        if not self._is_good(root):
            replace(self.server_file, self._issue(key, root))

    def _root(self) -> tuple[EllipticCurvePrivateKey, x509.Certificate]:
        whole = keyfile.kept_or_made(self._folder / "root.pem", self._found).encode()
        key = serialization.load_pem_private_key(whole, None)
        if not isinstance(key, EllipticCurvePrivateKey):
            text = _("%(file)s is not what this program wrote there; put the right one back or take it away.")
            raise SystemExit(text % {"file": self._folder / "root.pem"})
        root = x509.load_pem_x509_certificate(whole)
        shown = root.public_bytes(serialization.Encoding.PEM)
        if not self.root_file.is_file() or self.root_file.read_bytes() != shown:
            replace(self.root_file, shown, mode=0o644)
        return key, root

    def _found(self) -> str:
        """A new authority: its key, then its certificate."""
        key, now = ec.generate_private_key(ec.SECP256R1()), clock.now()
        first = next(name for name in (*(n for n in self._names if n not in HERE), "localhost"))
        name = _named(f"Toan Canh {first} {now:%Y-%m-%d}"[:64])
        made = _builder(name, name, key, now, now + ROOT_LASTS)
        made = made.add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        made = made.add_extension(_usage(signs_certificates=True), critical=True)
        made = made.add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        return _pem(key, made.sign(key, hashes.SHA256())).decode()

    def _issue(self, root_key: EllipticCurvePrivateKey, root: x509.Certificate) -> bytes:
        """A key and a certificate of all names, one file so that they are replaced together."""
        key, now = ec.generate_private_key(ec.SECP256R1()), clock.now()
        end = min(now + LASTS, root.not_valid_after_utc)
        made = _builder(_named("Toan Canh"), root.subject, key, now, end)
        made = made.add_extension(x509.SubjectAlternativeName(self._alternatives()), critical=False)
        made = made.add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        made = made.add_extension(_usage(signs_certificates=False), critical=True)
        made = made.add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        of_root = x509.AuthorityKeyIdentifier.from_issuer_public_key(root_key.public_key())
        made = made.add_extension(of_root, critical=False)
        return _pem(key, made.sign(root_key, hashes.SHA256()))

    def _alternatives(self) -> list[x509.GeneralName]:
        found: list[x509.GeneralName] = []
        for name in self._names:
            if is_address(name):
                found.append(x509.IPAddress(ipaddress.ip_address(name)))
                continue
            try:
                plain = name.lstrip(".").encode("idna").decode()
            except UnicodeError as fault:
                text = _("TOANCANH_HOSTS holds no name or address: %(name)s")
                raise SystemExit(text % {"name": repr(name)}) from fault
            found.append(x509.DNSName(plain))
            if name.startswith("."):
                found.append(x509.DNSName(f"*.{plain}"))
        return found

    def _is_good(self, root: x509.Certificate) -> bool:
        try:
            whole = self.server_file.read_bytes()
            shown = x509.load_pem_x509_certificate(whole)
            serialization.load_pem_private_key(whole, None)
            shown.verify_directly_issued_by(root)
            names = shown.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
        except (OSError, ValueError, TypeError, InvalidSignature, x509.ExtensionNotFound):
            return False
        is_fresh = shown.not_valid_before_utc <= clock.now() < shown.not_valid_after_utc - RENEW
        return is_fresh and set(names) == set(self._alternatives())


def fingerprint(file: Path) -> str:
    """SHA-256 of a certificate as devices show it, to be compared by eye."""
    digest = x509.load_pem_x509_certificate(file.read_bytes()).fingerprint(hashes.SHA256())
    return digest.hex(":").upper()


def replace(file: Path, content: bytes, mode: int = 0o600) -> None:
    """Put the content in the file's place in one step, so that nobody reads half of it."""
    aside = file.with_suffix(f".{os.getpid()}.new")
    aside.unlink(missing_ok=True)
    with os.fdopen(os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode), "wb") as out:
        out.write(content)
        out.flush()
        os.fsync(out.fileno())
    aside.replace(file)


def _named(text: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])


def _builder(
    subject: x509.Name, issuer: x509.Name, key: EllipticCurvePrivateKey, now: datetime, end: datetime
) -> x509.CertificateBuilder:
    made = x509.CertificateBuilder(subject_name=subject, issuer_name=issuer, public_key=key.public_key())
    made = made.serial_number(x509.random_serial_number())
    return made.not_valid_before((now - SKEW).astimezone(UTC)).not_valid_after(end.astimezone(UTC))


def _usage(*, signs_certificates: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not signs_certificates,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=signs_certificates,
        crl_sign=signs_certificates,
        encipher_only=False,
        decipher_only=False,
    )


def _pem(key: EllipticCurvePrivateKey, certificate: x509.Certificate) -> bytes:
    clear = serialization.NoEncryption()
    written = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, clear)
    return written + certificate.public_bytes(serialization.Encoding.PEM)
