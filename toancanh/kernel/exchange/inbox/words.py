"""Why a file of the watched folder waits, and what to do about it."""

from __future__ import annotations

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

WHY: dict[str, Promise] = {
    "settling": _("Is still arriving; it is taken once it has lain unchanged for some seconds."),
    "writing": _("A program has it open and is still writing it."),
    "moving": _("Was just written to or moved; it is looked at again."),
    "no_rule": _("It is not said yet how files of this folder are read."),
    "off": _("The rule of its folder is switched off."),
    "empty": _("Holds nothing yet."),
    "unreadable": _("The program may not read it. Let its owner make it readable: chmod a+r, folders a+rx."),
    "unmovable": _(
        "It cannot be moved. The folder must be writable for the program and lie on the same disk."
    ),
    "link": _("Links are not followed. Put the file itself here."),
    "linked": _("It has a second name elsewhere (a hard link). Put a copy here."),
    "deep": _("Lies too deep: at most 8 folders within each other are looked into."),
    "fault": _("This is a fault of the program; it is tried again every minute."),
}
