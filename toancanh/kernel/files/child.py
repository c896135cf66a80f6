"""The child process that decodes what people send: one file after another, in a jail. No Django."""

from __future__ import annotations

import codecs
import sys

from toancanh.kernel.files import documents, jail, pictures
from toancanh.kernel.files.messages import Answer, Bad, Check, Job, read_job, receive, send

CODECS = ("utf-8", "utf-8-sig", "utf-16", "utf-16-be", "utf-16-le", "latin-1", "cp1252", "ascii", "mac-roman")
"""Python loads these when they are first asked for; in the jail it can't."""


def serve() -> None:
    """Answer until the parent closes the pipe."""
    pictures.prepare()
    documents.prepare()
    for name in CODECS:
        codecs.lookup(name)
    jail.enter()
    while said := receive(sys.stdin.buffer):
        jail.begin()
        send(_answer(read_job.decode(said)), sys.stdout.buffer)


def _answer(job: Job) -> Answer:
    try:
        if not isinstance(job, Check):
            return pictures.cover(job.content, job.boxes)
        if job.media in pictures.FORMATS:
            return pictures.check(job.content, job.media)
        return documents.check(job.content)
    except MemoryError:
        return Bad("too_heavy")


if __name__ == "__main__":
    serve()
