"""What a process that decodes strangers' files may do: compute, and answer on its pipe. No Django.

Decoders are written in C, and files have been made that let them run their sender's code. Such code finds
itself with limited memory, some seconds of the processor, no file or connection that it can open and no
program that it can start. What limits do not hold, Landlock does where the kernel knows it.
"""

from __future__ import annotations

import ctypes
import os
import resource

MEMORY = 1_500_000_000
SECONDS = 25
"""Of the processor, for one file: the largest honest one takes a tenth of it."""

# The same numbers on all architectures; the rest is from Linux's include/uapi/linux/landlock.h
CREATE_RULESET, RESTRICT_SELF = 444, 446
NO_NEW_PRIVILEGES = 38
VERSION = 1
FILE_RIGHTS = {1: 13, 2: 14, 3: 15, 4: 15, 5: 16}
"""How many rights over files each version knows; later ones know no more."""
NETWORK_SINCE, SCOPES_SINCE = 4, 6


class Ruleset(ctypes.Structure):
    """struct landlock_ruleset_attr: older kernels take the longer one if its rest is nought."""

    _fields_ = (("files", ctypes.c_uint64), ("network", ctypes.c_uint64), ("scopes", ctypes.c_uint64))


def enter() -> bool:
    """Give up for good what decoding does not need; whether the kernel has closed the file system too."""
    is_closed = _close()
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    # The pipes that it has stay open; not even in their place can another file or socket be had.
    resource.setrlimit(resource.RLIMIT_NOFILE, (0, 0))
    return is_closed


def begin() -> None:
    """Another file: its seconds count from here."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    _soft, hard = resource.getrlimit(resource.RLIMIT_CPU)
    resource.setrlimit(resource.RLIMIT_CPU, (int(used.ru_utime + used.ru_stime) + SECONDS, hard))


def _close() -> bool:
    """Put every right that the kernel knows under its rules, and grant none."""
    libc = ctypes.CDLL(None, use_errno=True)
    libc.syscall.restype = ctypes.c_long
    version = libc.syscall(CREATE_RULESET, None, ctypes.c_size_t(0), ctypes.c_uint32(VERSION))
    if version < 1:
        return False
    rules = Ruleset(
        (1 << FILE_RIGHTS[min(version, max(FILE_RIGHTS))]) - 1,
        0b11 if version >= NETWORK_SINCE else 0,
        0b11 if version >= SCOPES_SINCE else 0,
    )
    size = ctypes.c_size_t(ctypes.sizeof(rules))
    handle = libc.syscall(CREATE_RULESET, ctypes.byref(rules), size, ctypes.c_uint32(0))
    if handle < 0:
        return False
    try:
        if libc.prctl(NO_NEW_PRIVILEGES, 1, 0, 0, 0):
            return False
        return bool(libc.syscall(RESTRICT_SELF, ctypes.c_int(handle), ctypes.c_uint32(0)) == 0)
    finally:
        os.close(handle)
