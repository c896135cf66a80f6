"""The certificates that the doors show: of their keys, of today, of the names under which people come."""

from __future__ import annotations

import ipaddress
import ssl
from collections.abc import Iterator, Sequence
from datetime import timedelta
from pathlib import Path

from cryptography import x509
from django.conf import settings
from django.utils.translation import gettext as _

from toancanh.kernel.runtime import clock
from toancanh.lib.trouble import Trouble
from toancanh.site import authority, environment
from toancanh.site.listening import is_address

SOON = timedelta(days=14)
"""Before its end that a certificate is told of."""
ROOT_SOON = timedelta(days=180)
"""The same of a root: people have to visit every device."""


def certificates() -> Iterator[Trouble]:
    """Those of the pages and of the MQTT door."""
    listening = settings.LISTENING
    if listening.certificate is not None:
        mend = _("Have a new certificate made and put it in its place; the program takes it up by itself.")
        names = [name for name in listening.names if name != "*"]
        yield from examined(listening.certificate, listening.key, ("TLS_CERT", "TLS_KEY"), mend, names)
    if listening.is_own:
        yield from own_authority(settings.DATA / authority.FOLDER, listening.names)
    wanted = environment.mqtt()
    if wanted is not None and wanted.certificate is not None:
        mend = _("Have a new certificate made, put it in its place, and start the program again.")
        yield from examined(wanted.certificate, wanted.key, ("MQTT_CERT", "MQTT_KEY"), mend)


def examined(
    file: Path, key: Path | None, variables: tuple[str, str], renewing: str, names: Sequence[str] = ()
) -> Iterator[Trouble]:
    """What is wrong with one certificate."""
    facts: dict[str, object] = {"file": file, "certificate": variables[0], "key": variables[1]}
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(file, key)
        shown = x509.load_pem_x509_certificate(file.read_bytes())
    except (ssl.SSLError, OSError, ValueError) as fault:
        what = _("%(certificate)s and %(key)s do not belong together or are damaged: %(fault)s")
        mend = _("Set the certificate in PEM and the key that it was made with.")
        yield Trouble("certificate_key", True, what % {**facts, "fault": fault}, mend)
        return
    now = clock.now()
    if shown.not_valid_after_utc < now:
        what = _("The certificate has expired: %(file)s")
        yield Trouble("certificate_expired", True, what % facts, renewing)
    elif shown.not_valid_after_utc < now + SOON:
        what = _("The certificate expires within two weeks: %(file)s")
        yield Trouble("certificate_expires", False, what % facts, renewing)
    if shown.not_valid_before_utc > now:
        what = _("The certificate is not valid yet: %(file)s")
        mend = _("See that the clock of this machine is right.")
        yield Trouble("certificate_early", True, what % facts, mend)
    missing = [name for name in names if not covers(shown, name)]
    if missing:
        what = _("The certificate %(file)s is not for %(names)s, which TOANCANH_HOSTS names.")
        mend = _("Have one made for all names, or take out of TOANCANH_HOSTS what nobody types.")
        yield Trouble("certificate_name", True, what % {**facts, "names": ", ".join(missing)}, mend)


def covers(shown: x509.Certificate, name: str) -> bool:
    """Whether browsers take the certificate for the name or address."""
    try:
        told = shown.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound:
        return False
    if is_address(name):
        return ipaddress.ip_address(name) in told.get_values_for_type(x509.IPAddress)
    known = [known.lower() for known in told.get_values_for_type(x509.DNSName)]
    if name.startswith("."):
        return f"*{name}".lower() in known
    plain = name.encode("idna").decode().lower()
    return plain in known or f"*.{plain.partition('.')[2]}" in known


def own_authority(folder: Path, names: Sequence[str]) -> Iterator[Trouble]:
    """What the program makes itself: it renews the server's certificate, and nobody but people the root."""
    whole, server = folder / "root.pem", folder / "server.pem"
    for file in (whole, server):
        if file.exists() and file.stat().st_mode & 0o077:
            what = _("The key of this installation can be read by others: %(file)s") % {"file": file}
            yield Trouble("key_open", True, what, f"chmod 600 {file}")
    if not whole.exists() or not server.exists():
        what = _("There is no certificate yet in %(folder)s.") % {"folder": folder}
        yield Trouble("certificate_missing", False, what, _("Start the program: it makes one."))
        return
    mend = _("Start the program, and see that it may write to %(folder)s: it makes a new one.")
    files = (server.name, server.name)
    yield from examined(server, None, files, mend % {"folder": folder}, [n for n in names if n != "*"])
    root = x509.load_pem_x509_certificate(whole.read_bytes())
    if root.not_valid_after_utc < clock.now() + ROOT_SOON:
        what = _("The root that devices trust ends on %(day)s: %(file)s")
        facts = {"day": f"{root.not_valid_after_utc:%d/%m/%Y}", "file": whole}
        mend = _("Move the folder tls away, start the program, and let every device trust the new root.")
        yield Trouble("certificate_root", False, what % facts, mend)


CHECKS = (certificates,)
