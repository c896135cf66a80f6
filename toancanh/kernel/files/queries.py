"""Files of a subject, and the content that a link leads to."""

from __future__ import annotations

from collections.abc import Iterable

from toancanh.kernel.declare import Actor
from toancanh.kernel.files.models import OPEN, Content, File, State, Variant

OTHERWISE = {Variant.PUBLIC: Variant.FULL, Variant.PUBLIC_SMALL: Variant.SMALL}
"""What the public sees of an open file of which nothing is covered."""


def of(subject: str) -> list[File]:
    """All files of a subject in the order in which they came, destroyed ones too; with their contents."""
    return of_many([subject]).get(subject, [])


def of_many(subjects: Iterable[str]) -> dict[str, list[File]]:
    """The same for many subjects, in two queries."""
    found: dict[str, list[File]] = {}
    for file in File.objects.filter(subject__in=list(subjects)).prefetch_related("contents").order_by("pk"):
        found.setdefault(file.subject, []).append(file)
    return found


def sent(key: str, by: Actor) -> File | None:
    """The file of a sending, by whoever sent it."""
    return File.objects.filter(made_by=by.key, key=key).prefetch_related("contents").first()


def variants(file: File) -> dict[Variant, Content]:
    """Contents of a file by variant; without a query where the file was read by `of`."""
    return {Variant(one.variant): one for one in file.contents.all()}


def is_public(file: File) -> bool:
    """Whether links for the public lead anywhere; without a query where the file was read by `of`."""
    return file.is_ready and (file.level == OPEN or Variant.PUBLIC in variants(file))


def content(file: int, variant: Variant) -> Content | None:
    """What may be shown of a file in this variant just now, with its file."""
    rows = Content.objects.select_related("file").filter(file=file, file__state=State.READY)
    other = OTHERWISE.get(variant)
    found = {row.variant: row for row in rows.filter(variant__in=[variant, other or variant])}
    if variant in found or other is None:
        return found.get(variant)
    open_one = found.get(other)
    return open_one if open_one is not None and open_one.file.level == OPEN else None
