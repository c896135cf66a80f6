"""What people are told about files."""

from __future__ import annotations

from django.conf import settings
from django.utils.translation import gettext as _

from toancanh.kernel.files.messages import MAX_PIXELS
from toancanh.kernel.files.models import Kind

MEGABYTE = 1024 * 1024


def most(kind: Kind) -> int:
    """The largest file of a kind, in bytes."""
    limits: dict[Kind, int] = {Kind.IMAGE: settings.FILES_PHOTO_MB, Kind.PDF: settings.FILES_PDF_MB}
    return limits[kind] * MEGABYTE


def too_large(kind: Kind) -> str:
    """That a file is larger than is taken, and what to do."""
    size = most(kind) // MEGABYTE
    if kind == Kind.PDF:
        return _("The PDF is too large: at most %(size)s MB. Split it or scan it at a lower resolution.") % {
            "size": size
        }
    return _("The photo is too large: at most %(size)s MB. Take it at a lower resolution.") % {"size": size}


def fault(code: str) -> str:
    """Why a file is refused and what to do."""
    told = {
        "empty": _("The file is empty. Choose it again."),
        "unknown": _("Only photos (JPEG, PNG, WebP, HEIC) and PDF documents are taken."),
        "misnamed": _("The name of the file says something else than its content. Send the original file."),
        "two_things": _("The file is two things at once, such as a photo and an archive. Send the photo."),
        "damaged": _("The file is damaged or was cut off. See whether it opens, then send it again."),
        "too_many_pixels": _("The picture has too many pixels: at most %(most)s million. Make it smaller.")
        % {"most": MAX_PIXELS // 1_000_000},
        "too_heavy": _("The file needs too much memory to be read. Make it smaller."),
        "broken": _("The file could not be read. Save it anew in another program, then send that."),
        "locked": _("The PDF is locked by a password or by restrictions. Send a copy without them."),
        "too_long": _("The PDF has too many pages or parts. Split it."),
        "acts": _("The PDF holds a program or another file. Print it to a new PDF and send that."),
        "lost": _("The content of the file is missing on the disk. Send it again."),
    }  # fmt: skip
    return told[code]
