"""Between rows and storage: what a row names is there, and what no row names goes.

Bytes are put before their row is committed and taken away after it: a kill between leaves bytes too many,
never a row without them. Who takes bytes away looks at the rows under a lock that whoever writes a row holds,
so that content sent again just then is not lost.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import partial

from django.db import transaction

from toancanh.kernel.files import storage
from toancanh.kernel.files.models import Content, File, State, Variant
from toancanh.kernel.runtime import exclusive


@dataclass(frozen=True)
class Put:
    """Bytes that lie in the storage, and what they are."""

    digest: str
    content: bytes
    media: str
    width: int | None = None
    height: int | None = None


def put(content: bytes, media: str, width: int | None = None, height: int | None = None) -> Put:
    """Keep bytes; outside a transaction, since it waits for the disk."""
    return Put(storage.here().put(content), content, media, width, height)


def name(file: File, contents: Mapping[Variant, Put]) -> None:
    """Let the rows of a file name these contents, in place of those of the same variants."""
    kept = storage.here()
    old = list(file.contents.filter(variant__in=contents).values_list("sha256", flat=True))
    # In one order, so that no two wait for each other.
    for one in sorted(contents.values(), key=lambda one: one.digest):
        exclusive.hold(f"files:{one.digest}")
        if not kept.has(one.digest):
            kept.put(one.content)
    for variant, one in contents.items():
        Content.objects.update_or_create(
            file=file,
            variant=variant,
            defaults={
                "sha256": one.digest,
                "size": len(one.content),
                "media": one.media,
                "width": one.width,
                "height": one.height,
            },
        )
    discard_later(old)


def forget(file: File, variants: Iterable[Variant]) -> None:
    """Let the rows of a file name these variants no more."""
    rows = file.contents.filter(variant__in=list(variants))
    old = list(rows.values_list("sha256", flat=True))
    rows.delete()
    discard_later(old)


def discard_later(digests: Iterable[str]) -> None:
    """Take bytes away after the commit where nothing names them; what a kill leaves, the sweep takes."""
    for digest in set(digests):
        transaction.on_commit(partial(discard, digest))


def discard(digest: str) -> bool:
    """Take bytes away unless a row of a standing file names them; whether they went."""
    with transaction.atomic():
        exclusive.hold(f"files:{digest}")
        if Content.objects.filter(sha256=digest).exclude(file__state=State.DESTROYED).exists():
            return False
        return storage.here().remove(digest)


def empty(file: File) -> None:
    """Take away all contents of a destroyed file, then the rows that named them; once more after a kill."""
    digests = set(file.contents.values_list("sha256", flat=True))
    for digest in sorted(digests):
        discard(digest)
    with transaction.atomic():
        file.contents.filter(sha256__in=digests).delete()
        File.objects.filter(pk=file.pk, state=State.DESTROYED).update(next_at=None, holder="")
