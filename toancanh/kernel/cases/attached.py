"""Files of a case as its page shows them, and files that come with a form of a step."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from django.core.files.uploadedfile import UploadedFile
from django.http import QueryDict
from django.utils.datastructures import MultiValueDict
from django.utils.translation import gettext as _

from toancanh.kernel.cases.models import Case
from toancanh.kernel.declare import Actor
from toancanh.kernel.declare_cases import CaseField
from toancanh.kernel.files import actions, links, words
from toancanh.kernel.files.models import OPEN, File, State, Variant
from toancanh.lib.errors import Refused

MOST = 10
"""Files of one field."""
LARGEST = 20 * 1024 * 1024
"""Of a form with everything that comes along."""


@dataclass(frozen=True)
class Attached:
    """A file with links to it; with why there is none where it is not shown."""

    name: str
    full: str = ""
    small: str = ""
    """Of a picture."""
    why: str = ""
    key: int = 0
    look: str = ""
    """Of a picture: what the public sees of it."""
    is_looked_at: bool = False


def subject(pk: int) -> str:
    """Under which the files of a case are kept."""
    return f"case:{pk}"


def of(case: Case) -> dict[str, Attached]:
    """Its files by their keys, with those of the whole that it is a part of. One query, however many."""
    rows = File.objects.filter(subject__in=subjects(case)).order_by("pk")
    return {str(file.pk): _shown(file) for file in rows}


def subjects(case: Case) -> list[str]:
    """Under which its files are kept, and those of the whole that it is a part of."""
    return [subject(pk) for pk in (case.parent_id, case.pk) if pk is not None]


def is_looked_at(file: File) -> bool:
    """Whether somebody has said what the public may see of a photo."""
    return bool(file.boxes) or file.level == OPEN


def chosen(kept: Mapping[str, Attached], keys: object) -> tuple[Attached, ...]:
    """Those that a field names."""
    return tuple(kept[key] for key in keys if key in kept) if isinstance(keys, list) else ()


def _shown(file: File) -> Attached:
    if file.is_ready:
        small = links.url(file, Variant.SMALL) if file.is_image else ""
        full = links.url(file, Variant.FULL)
        if not file.is_image:
            return Attached(file.name, full)
        look = _("covered") if file.boxes else _("shown as it is") if file.level == OPEN else ""
        return Attached(file.name, full, small, "", file.pk, look, is_looked_at(file))
    if file.state == State.WAITING:
        return Attached(file.name, why=_("It is being checked; it is shown in a moment."))
    told = words.fault(file.fault) if file.fault else _("This file was destroyed.")
    return Attached(file.name or "—", why=told)


def take(
    came: MultiValueDict[str, UploadedFile[bytes]],
    data: QueryDict,
    fields: Iterable[CaseField],
    case: Case,
    by: Actor,
) -> dict[str, str]:
    """Keep what came, outside any transaction, and write its keys into ``data``; faults by field."""
    faults: dict[str, str] = {}
    for one in fields:
        own = came.getlist(one.name) if one.kind == "files" else []
        if len(own) + sum(map(bool, data.getlist(one.name))) > MOST and own:
            faults[one.name] = _("At most %(most)s files go with one answer.") % {"most": MOST}
            continue
        for upload in own:
            content = upload.read()
            # The same form sent twice brings the same files.
            key = f"{case.pk}-{one.name[:20]}-{hashlib.sha256(content).hexdigest()}"
            try:
                file = actions.take(content, upload.name or "", by=by, key=key)
            except Refused as fault:
                faults[one.name] = f"{upload.name}: {fault.message}"
            else:
                if str(file.pk) not in data.getlist(one.name):
                    data.appendlist(one.name, str(file.pk))
    return faults


def names(keys: Sequence[str], by: Actor) -> list[tuple[str, str]]:
    """Keys with names of files that the actor sent, for a form that is shown once more."""
    rows = File.objects.filter(pk__in=_numbers(keys), made_by=by.key).order_by("pk")
    return [(str(row.pk), row.name) for row in rows]


def attach(case: Case, keys: Sequence[str], by: Actor) -> None:
    """Say that files belong to the case, within the transaction of the step that names them."""
    rows = {str(row.pk): row for row in File.objects.filter(pk__in=_numbers(keys))}
    for key in keys:
        if key not in rows:
            raise Refused(_("A file is not kept any more. Choose it again."), "no_file")
        actions.attach(rows[key], subject(case.pk), by=by)


def _numbers(keys: Sequence[str]) -> list[int]:
    return [int(key) for key in keys if key.isascii() and key.isdigit() and len(key) < 16]
