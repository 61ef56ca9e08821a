"""A provider of a few lines, scripted by the test: every byte of its answers is the test's own."""

from __future__ import annotations

import socket
import ssl
import threading
from collections.abc import Callable
from typing import Any


def read_message(sock: socket.socket) -> bytes:
    """One HTTP message with Content-Length or no body; what has come when the peer closes."""
    data = bytearray()
    while b"\r\n\r\n" not in data:
        piece = sock.recv(65536)
        if not piece:
            return bytes(data)
        data += piece
    head, _, _ = bytes(data).partition(b"\r\n\r\n")
    length = 0
    for line in head.split(b"\r\n")[1:]:
        name, _, value = line.partition(b":")
        if name.lower() == b"content-length":
            length = int(value)
    while len(data) < len(head) + 4 + length:
        piece = sock.recv(65536)
        if not piece:
            break
        data += piece
    return bytes(data)


def read_to_end(sock: socket.socket) -> tuple[bytes, bool]:
    """Everything until the peer closes, and whether it closed in order (False: reset)."""
    data = b""
    while True:
        try:
            piece = sock.recv(65536)
        except (ConnectionResetError, ssl.SSLError):
            return data, False
        if not piece:
            return data, True
        data += piece


class RawProvider:
    """Calls `serve(socket, number)` in a thread for each connection; keeps what was received."""

    def __init__(self, serve: Callable[[socket.socket, int], Any], context: ssl.SSLContext | None = None) -> None:
        self._serve, self._context = serve, context
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=512)
        self.port = int(self._listener.getsockname()[1])
        self.connections = 0
        self.received: list[bytes] = []
        self._closing = False

    @property
    def origin(self) -> str:
        return f"http://127.0.0.1:{self.port}" if self._context is None else f"https://localhost:{self.port}"

    def __enter__(self) -> "RawProvider":
        threading.Thread(target=self._run, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._closing = True
        self._listener.close()

    def _run(self) -> None:
        while not self._closing:
            try:
                sock, _ = self._listener.accept()
            except OSError:
                return
            self.connections += 1
            threading.Thread(target=self._one, args=(sock, self.connections), daemon=True).start()

    def _one(self, sock: socket.socket, number: int) -> None:
        sock.settimeout(900)
        try:
            if self._context is not None:
                sock = self._context.wrap_socket(sock, server_side=True)
            with sock:
                self._serve(sock, number)
        except OSError:
            pass

    def take(self, sock: socket.socket) -> bytes:
        message = read_message(sock)
        if message:
            self.received.append(message)
        return message


def answer(body: bytes, status: str = "200 OK", extra: str = "", content_type: str = "application/json") -> bytes:
    return (f"HTTP/1.1 {status}\r\nContent-Type: {content_type}\r\n{extra}"
            f"Content-Length: {len(body)}\r\n\r\n").encode() + body


def post(path: str, body: bytes, extra: str = "", close: bool = False) -> bytes:
    end = "Connection: close\r\n" if close else ""
    return (f"POST {path} HTTP/1.1\r\nHost: proxy\r\nContent-Type: application/json\r\n{extra}{end}"
            f"Content-Length: {len(body)}\r\n\r\n").encode() + body
