"""What the public may see of a photo of a case: the desk has looked at it for faces and plates."""

from __future__ import annotations

from collections.abc import Sequence

from django.utils.translation import gettext as _

from toancanh.kernel.cases import access, attached, types
from toancanh.kernel.cases.models import Case
from toancanh.kernel.cases.writing import writing
from toancanh.kernel.declare import Actor
from toancanh.kernel.files import actions as files
from toancanh.kernel.files.messages import Box
from toancanh.kernel.files.models import INTERNAL, OPEN, File
from toancanh.lib.errors import NotAllowed, NotFound, Refused


def photo(case: Case, pk: int) -> File:
    """A photo of the case, or of the whole that it is a part of. Raises NotFound."""
    found = File.objects.filter(pk=pk, subject__in=attached.subjects(case)).first()
    if found is None or not found.is_image:
        raise NotFound(_("There is no such photo of this case."))
    return found


def may(case: Case, by: Actor) -> bool:
    """Whether the actor says what the public sees of its photos."""
    return "desk" in access.roles(case, types.by_key(case.version_id), by)


def cover(case: Case, file: File, boxes: Sequence[Box], *, by: Actor) -> File:
    """Let the public see the photo with these parts covered, and never the whole."""
    _check(case, file, by)
    if not boxes:
        raise Refused(_("Draw a box over each face and plate first."), "no_boxes")
    # Drawn outside the transaction; its own entry in the journal says that it was.
    made = files.redact(file, boxes, by=by)
    return _told(case, made, by, {"boxes": len(boxes)})


def uncover(case: Case, file: File, *, by: Actor, is_open: bool) -> File:
    """Let the public see the photo as it is, since there is nothing to cover; or not at all."""
    _check(case, file, by)
    files.redact(file, (), by=by)
    made = files.grade(file, OPEN if is_open else INTERNAL, by=by)
    return _told(case, made, by, {"open": is_open})


def _check(case: Case, file: File, by: Actor) -> None:
    if not may(case, by):
        raise NotAllowed(_("What the public sees of a photo is for the reception desk to say."))
    if file.subject not in attached.subjects(case):
        raise NotFound(_("There is no such photo of this case."))


def _told(case: Case, file: File, by: Actor, content: dict[str, object]) -> File:
    with writing(case, by=by) as on:
        on.tell("photo_seen", {"file": str(file.pk), **content})
    return file
