"""TLS for clients that read and write in two threads, as `websockets` does: OpenSSL allows that on no connection, and now and then
it hangs (seen against servers of every kind). One thread does both here, and the client has a plain socket."""

import selectors
import socket
import ssl
import threading
from contextlib import suppress


def tunnel(port: int, context: ssl.SSLContext, name: str, timeout: float) -> socket.socket:
    """A socket whose other end is spoken to over TLS, as the server called `name`."""
    outer = socket.create_connection(("127.0.0.1", port), timeout=timeout)
    try:
        outer = context.wrap_socket(outer, server_hostname=name)
    except BaseException:
        outer.close()
        raise
    outer.setblocking(False)
    here, there = socket.socketpair()
    threading.Thread(target=_pump, args=(outer, there), daemon=True).start()
    return here


# What a client has not read yet, beyond which no more is taken for it: a client that does not read is to be seen as one.
MOST = 256 * 1024

NOTHING_NOW = (BlockingIOError, ssl.SSLWantReadError, ssl.SSLWantWriteError)


def _pump(outer: ssl.SSLSocket, inner: socket.socket):
    inner.setblocking(False)
    with outer, inner, suppress(OSError):
        inward = _carry(outer, inner)
        # What has come is still to be read there: closed with input unread, this end would take it away.
        inner.settimeout(5)
        inner.sendall(inward)
        inner.shutdown(socket.SHUT_WR)
        while inner.recv(65536):
            pass


def _carry(outer: ssl.SSLSocket, inner: socket.socket) -> bytearray:
    """Carries both ways, and lets neither wait for the other, until one end is over; what is still to be read inside."""
    inward, outward = bytearray(), bytearray()
    with selectors.DefaultSelector() as ready:
        while True:
            full = len(inward) >= MOST
            _watch(ready, outer, reads=not full, writes=bool(outward))
            _watch(ready, inner, reads=True, writes=bool(inward))
            ready.select()
            if not full and not _receive(outer, inward):
                return inward
            _send(inner, inward)
            if not _receive(inner, outward):
                return inward
            _send(outer, outward)


def _watch(ready: selectors.BaseSelector, end: socket.socket, reads: bool, writes: bool):
    if end in ready.get_map():
        ready.unregister(end)
    if events := reads * selectors.EVENT_READ | writes * selectors.EVENT_WRITE:
        ready.register(end, events)


def _receive(end: socket.socket, into: bytearray) -> bool:
    """What has come, or as much as is taken at a time; whether more may."""
    with suppress(*NOTHING_NOW):
        while len(into) < MOST:
            data = end.recv(65536)
            if not data:
                return False
            into += data
    return True


def _send(end: socket.socket, waiting: bytearray):
    with suppress(*NOTHING_NOW):
        while waiting:
            del waiting[: end.send(waiting)]
