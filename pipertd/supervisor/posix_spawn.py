"""posix_spawn(3), called so that only the calling thread waits.

A new process borrows its parent's memory until it has become its program, and the parent's thread waits for it: not
long, unless all cores are busy. Python's own ``os.posix_spawn`` keeps the interpreter to itself meanwhile: a daemon
that started a hundred flows on two cores answered nobody for nine seconds. Called through
ctypes the interpreter is free.
"""

from __future__ import annotations

import ctypes
import os
import signal
from collections.abc import Collection, Mapping, Sequence

_POSIX_SPAWN_SETSIGDEF, _POSIX_SPAWN_SETSIGMASK, _POSIX_SPAWN_SETSID = 0x04, 0x08, 0x80
_ROOM = 1024  # for each of libc's structures: 336 bytes is the largest in glibc and in musl

_libc = ctypes.CDLL(None)
_Buffer = ctypes.Array[ctypes.c_char]


def spawn_session(
    argv: Sequence[str],
    environment: Mapping[str, str],
    *,
    fds: Sequence[int],
    output: int,
    default_signals: Collection[signal.Signals],
) -> int:
    """Start a process in a session of its own, with no signal blocked; returns its process id.

    Args:
        argv: program and arguments; the program is looked for in PATH where it has no slash.
        environment: all of its environment.
        fds: descriptors which it inherits under the same numbers; close-on-exec is cleared for it alone.
        output: the descriptor which becomes its standard output and error; its input is /dev/null.
        default_signals: are given their default meaning.

    Raises:
        OSError: the system refused.
        ValueError: an argument holds a null character.
    """
    actions, attributes = ctypes.create_string_buffer(_ROOM), ctypes.create_string_buffer(_ROOM)
    pid = ctypes.c_int()
    arguments = _strings([os.fsencode(each) for each in argv])
    variables = _strings([os.fsencode(f"{name}={value}") for name, value in environment.items()])
    _check(_libc.posix_spawn_file_actions_init(actions))
    try:
        _check(_libc.posix_spawnattr_init(attributes))
        try:
            _redirect(actions, fds, output)
            _detach(attributes, default_signals)
            _check(_libc.posix_spawnp(ctypes.byref(pid), arguments[0], actions, attributes, arguments, variables))
        finally:
            _libc.posix_spawnattr_destroy(attributes)
    finally:
        _libc.posix_spawn_file_actions_destroy(actions)
    return pid.value


def _redirect(actions: _Buffer, fds: Sequence[int], output: int) -> None:
    _check(_libc.posix_spawn_file_actions_addopen(actions, 0, os.fsencode(os.devnull), os.O_RDONLY, 0))
    # One that is duplicated onto itself loses its close-on-exec, in the child alone.
    for old, new in [(output, 1), (output, 2), *((fd, fd) for fd in fds)]:
        _check(_libc.posix_spawn_file_actions_adddup2(actions, old, new))


def _detach(attributes: _Buffer, default_signals: Collection[signal.Signals]) -> None:
    none, defaults = ctypes.create_string_buffer(_ROOM), ctypes.create_string_buffer(_ROOM)
    _libc.sigemptyset(none)
    _libc.sigemptyset(defaults)
    for number in default_signals:
        _libc.sigaddset(defaults, int(number))
    _check(_libc.posix_spawnattr_setsigmask(attributes, none))
    _check(_libc.posix_spawnattr_setsigdefault(attributes, defaults))
    flags = _POSIX_SPAWN_SETSIGDEF | _POSIX_SPAWN_SETSIGMASK | _POSIX_SPAWN_SETSID
    _check(_libc.posix_spawnattr_setflags(attributes, ctypes.c_short(flags)))


def _strings(values: Sequence[bytes]) -> ctypes.Array[ctypes.c_char_p]:
    if any(b"\0" in value for value in values):
        raise ValueError("embedded null byte")
    return (ctypes.c_char_p * (len(values) + 1))(*values, None)


def _check(error: int) -> None:
    """The functions of this family return their error, and leave errno alone."""
    if error:
        raise OSError(error, os.strerror(error))
