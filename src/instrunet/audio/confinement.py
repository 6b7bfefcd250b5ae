"""A child that decodes foreign bytes needs no network: the kernel takes sockets away from it.

Standard library only, and nothing of the package, so that the leanest child can use it. On Linux a filter of system
calls (seccomp) does it, without any rights and also inside containers; programs that the child starts inherit it.
"""

from __future__ import annotations

import ctypes
import errno
import platform
import struct
import sys

_SOCKET = {"x86_64": (0xC000003E, 41), "aarch64": (0xC00000B7, 198)}
"""Of each machine: its number for the kernel's audit, and the number of the system call ``socket``."""
_IO_URING_SETUP = 425  # could open sockets too
_FOREIGN_CALLS = 0x4000_0000  # from here on x86-64 understands calls in another numbering
_LOAD, _EQUAL, _AT_LEAST, _RETURN = 0x20, 0x15, 0x35, 0x06
_ALLOW, _REFUSE = 0x7FFF_0000, 0x0005_0000 | errno.EACCES
_PR_SET_NO_NEW_PRIVS, _PR_SET_SECCOMP, _SECCOMP_MODE_FILTER = 38, 22, 2


class _Program(ctypes.Structure):
    _fields_ = (("length", ctypes.c_ushort), ("code", ctypes.c_void_p))


def forbid_sockets() -> bool:
    """Take away the means to open a socket, from this process and all that it will start, for good.

    Returns:
        Whether it is so now; False where there is no such means (not Linux, or another machine).
    """
    machine = platform.machine()
    if sys.platform != "linux" or machine not in _SOCKET:
        return False
    code = ctypes.create_string_buffer(_filter(*_SOCKET[machine]))
    program = _Program(len(code.raw) // 8, ctypes.addressof(code))
    try:
        prctl = ctypes.CDLL(None, use_errno=True).prctl
        if prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0:
            return False
        return bool(prctl(_PR_SET_SECCOMP, _SECCOMP_MODE_FILTER, ctypes.byref(program), 0, 0) == 0)
    except (OSError, AttributeError):
        return False


def _filter(machine: int, socket: int) -> bytes:
    """The filter as the kernel reads it: each line an instruction, how far to jump if true and if not, a value."""
    lines = [
        (_LOAD, 0, 0, 4),  # which machine the call is meant for
        (_EQUAL, 0, 5, machine),
        (_LOAD, 0, 0, 0),  # its number
        (_EQUAL, 3, 0, socket),
        (_EQUAL, 2, 0, _IO_URING_SETUP),
        (_AT_LEAST, 1, 0, _FOREIGN_CALLS),
        (_RETURN, 0, 0, _ALLOW),
        (_RETURN, 0, 0, _REFUSE),
    ]
    return b"".join(struct.pack("<HBBI", *line) for line in lines)
