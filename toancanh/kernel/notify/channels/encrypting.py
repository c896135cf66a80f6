"""What Web Push asks of cryptography: the body for one browser (RFC 8291) and who sends it (RFC 8292)."""

from __future__ import annotations

import base64
import hmac
import os
from dataclasses import dataclass
from functools import cached_property

import msgspec
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

CURVE = ec.SECP256R1()
RECORD = 4096
"""Bytes that every push service takes …"""
LARGEST = RECORD - 16 - 1 - 86
"""… and what remains of them for the text: without the tag, its padding mark and the header."""
_SIZES = RECORD.to_bytes(4, "big") + b"\x41"
HOURS = 12
"""For which a signature of ours is good; a push service refuses more than 24."""


def b64(data: bytes) -> str:
    """As in JWT: URL-safe, without padding."""
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def unb64(text: str) -> bytes:
    """The same backwards, with or without padding; raises ValueError."""
    plain = text.rstrip("=").replace("+", "-").replace("/", "_")
    if not plain.isascii():
        raise ValueError("not base64")
    return base64.b64decode(plain + "=" * (-len(plain) % 4), altchars=b"-_", validate=True)


def encrypted(plain: bytes, p256dh: bytes, auth: bytes) -> bytes:
    """The body that only the browser with these keys can read; raises ValueError for keys that are none.

    The pair of keys and the salt are made anew for every body, as the RFC demands.
    """
    if len(plain) > LARGEST:
        raise ValueError("too large")
    browser = ec.EllipticCurvePublicKey.from_encoded_point(CURVE, p256dh)
    ours = ec.generate_private_key(CURVE)
    public = _point(ours.public_key())
    shared = ours.exchange(ec.ECDH(), browser)
    salt = os.urandom(16)
    first = hmac.digest(auth, shared, "sha256")
    keying = hmac.digest(first, b"WebPush: info\0" + p256dh + public + b"\1", "sha256")
    second = hmac.digest(salt, keying, "sha256")
    key = hmac.digest(second, b"Content-Encoding: aes128gcm\0\1", "sha256")[:16]
    nonce = hmac.digest(second, b"Content-Encoding: nonce\0\1", "sha256")[:12]
    return salt + _SIZES + public + AESGCM(key).encrypt(nonce, plain + b"\2", None)


def are_keys(p256dh: str, auth: str) -> bool:
    """Whether a browser may have these."""
    try:
        ec.EllipticCurvePublicKey.from_encoded_point(CURVE, unb64(p256dh))
        return len(unb64(auth)) == 16
    except ValueError:
        return False


def new_key() -> str:
    """A private key of ours."""
    return b64(ec.generate_private_key(CURVE).private_numbers().private_value.to_bytes(32, "big"))


@dataclass(frozen=True)
class Vapid:
    """Who we are to push services. ``contact`` is a mailto: or https: address, or empty."""

    private: str
    contact: str = ""

    @cached_property
    def _key(self) -> ec.EllipticCurvePrivateKey:
        return ec.derive_private_key(int.from_bytes(unb64(self.private), "big"), CURVE)

    @cached_property
    def public(self) -> str:
        """What a browser is given as ``applicationServerKey``."""
        return b64(_point(self._key.public_key()))

    def signed(self, origin: str, now: int) -> str:
        """The Authorization header for a push service, good for `HOURS` from ``now`` (seconds)."""
        claims: dict[str, str | int] = {"aud": origin, "exp": now + HOURS * 3600}
        if self.contact:
            claims["sub"] = self.contact
        head = msgspec.json.encode({"typ": "JWT", "alg": "ES256"})
        said = f"{b64(head)}.{b64(msgspec.json.encode(claims))}"
        r, s = decode_dss_signature(self._key.sign(said.encode(), ec.ECDSA(hashes.SHA256())))
        signature = r.to_bytes(32, "big") + s.to_bytes(32, "big")
        return f"vapid t={said}.{b64(signature)}, k={self.public}"


def _point(key: ec.EllipticCurvePublicKey) -> bytes:
    return key.public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
