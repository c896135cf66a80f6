"""Names of files as people and browsers may see them, whatever a sender made of them."""

from __future__ import annotations

import unicodedata

from toancanh.lib.fold import fold

LONGEST = 120
UNNAMED = "tep"
PUBLIC = "anh"
"""What every picture is called for the public: people name files after themselves."""
ENDINGS = {"image/jpeg": "jpg", "application/pdf": "pdf"}
"""Of what is shown: nothing else leaves the house."""
# Characters that a file system or a shell takes for something else.
STRANGE = set('<>:"/\\|?*')


def shown(name: str) -> str:
    """The last part of a path in composed letters, without what cannot be seen or turns text around."""
    last = unicodedata.normalize("NFC", name).replace("\\", "/").rpartition("/")[2]
    # Of categories C (control, format, unassigned, private, surrogates) nothing has a place in a name.
    kept = "".join(c for c in last if c not in STRANGE and not unicodedata.category(c).startswith("C"))
    plain = " ".join(kept.split()).rstrip(". ")
    stem, dot, ending = plain.rpartition(".")
    if dot and len(ending) <= 8:
        return f"{stem.strip('. ')[: LONGEST - 9].rstrip('. ') or UNNAMED}.{ending}"
    return plain.lstrip(". ")[:LONGEST] or UNNAMED


def ending(name: str) -> str:
    """What stands after the last dot of a shown name, in small letters; empty where there is none."""
    stem, dot, found = name.rpartition(".")
    return found.lower() if dot and stem and len(found) <= 8 else ""


def served(name: str, media: str) -> str:
    """The name under which content of this media type is downloaded: its ending is that of the content."""
    stem = name.rpartition(".")[0] if ending(name) else name
    # “ảnh.php” must not come back as a name with two endings.
    return f"{stem.replace('.', '_')}.{ENDINGS[media]}"


def slug(name: str, media: str) -> str:
    """The same for an address: small letters and digits without marks."""
    stem, _dot, suffix = served(name, media).rpartition(".")
    return f"{fold(stem).encode('ascii', 'ignore').decode().replace(' ', '-')[:60] or UNNAMED}.{suffix}"
