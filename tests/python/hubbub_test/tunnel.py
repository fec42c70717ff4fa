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


def _pump(outer: ssl.SSLSocket, inner: socket.socket):
    with outer, inner, suppress(OSError):
        _carry(outer, inner)
        # What has come is still to be read there: closed with input unread, this end would take it away.
        inner.shutdown(socket.SHUT_WR)
        inner.settimeout(5)
        while inner.recv(65536):
            pass


def _carry(outer: ssl.SSLSocket, inner: socket.socket):
    with selectors.DefaultSelector() as ready:
        ready.register(outer, selectors.EVENT_READ)
        ready.register(inner, selectors.EVENT_READ)
        while True:
            readable = {key.fileobj for key, _ in ready.select()}
            if outer in readable and not _read(outer, inner):
                return
            if inner in readable:
                data = inner.recv(65536)
                if not data or not _write(outer, inner, data):
                    return


def _read(outer: ssl.SSLSocket, inner: socket.socket) -> bool:
    """All that has come; whether more may."""
    while True:
        try:
            data = outer.recv(65536)
        except ssl.SSLWantReadError:
            return True
        if not data:
            return False
        inner.sendall(data)


def _write(outer: ssl.SSLSocket, inner: socket.socket, data: bytes) -> bool:
    """Sends all of it, reading on meanwhile; whether more may come."""
    view = memoryview(data)
    while view:
        try:
            view = view[outer.send(view) :]
        except (ssl.SSLWantWriteError, ssl.SSLWantReadError):
            with selectors.DefaultSelector() as room:
                room.register(outer, selectors.EVENT_WRITE | selectors.EVENT_READ)
                readable = any(events & selectors.EVENT_READ for _, events in room.select())
            if readable and not _read(outer, inner):
                return False
    return True
