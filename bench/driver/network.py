"""A network of our own: its TCP settings are ours to choose, and the machine's stay as they are."""

import ctypes
import fcntl
import os
import socket
import struct
from pathlib import Path

from .say import Trouble

CLONE_NEWNET = 0x40000000
SIOCGIFFLAGS, SIOCSIFFLAGS, IFF_UP = 0x8913, 0x8914, 1
CONTROL = Path("/proc/sys/net/ipv4/tcp_congestion_control")


def isolate(congestion):
    """Moves this process, and all it will start, to a network namespace with that congestion control."""
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.unshare(CLONE_NEWNET):
        raise Trouble(f"--congestion needs a network namespace: {os.strerror(ctypes.get_errno())}")
    raise_loopback()
    try:
        CONTROL.write_text(congestion)
    except PermissionError as error:
        # Outside the machine's own network only those are allowed that any process may choose.
        raise Trouble(f"add {congestion} to {CONTROL.with_name('tcp_allowed_congestion_control')} first") from error
    except OSError as error:
        raise Trouble(f"congestion control {congestion}: {error.strerror}") from error


def raise_loopback():
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as any_socket:
        request = struct.pack("16sh", b"lo", 0)
        flags = struct.unpack("16sh", fcntl.ioctl(any_socket, SIOCGIFFLAGS, request))[1]
        fcntl.ioctl(any_socket, SIOCSIFFLAGS, struct.pack("16sh", b"lo", flags | IFF_UP))
