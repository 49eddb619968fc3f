"""A TCP server on a local address, with a thread for each connection: it can refuse, stay silent, always be stopped.

SPDX-License-Identifier: MIT
"""

import socket
import ssl
import threading
from collections.abc import Callable
from typing import BinaryIO

LOOPBACK = "127.0.0.1"
BACKLOG = 1024  # of a storm, nobody is to be sent away


class Connection:
    """One client.  Whatever waits here wakes up when end() is called or the client leaves."""

    def __init__(self, client: socket.socket):
        self.socket = client
        self.stream: BinaryIO = client.makefile("rb")
        self.over = threading.Event()
        self.in_trouble = False

    def start_tls(self, context: ssl.SSLContext) -> None:
        self.stream.close()
        self.socket = context.wrap_socket(self.socket, server_side=True, do_handshake_on_connect=False)
        if self.over.is_set():
            raise ConnectionAbortedError  # end() may have met the socket that was wrapped
        self.socket.do_handshake()
        self.stream = self.socket.makefile("rb")

    def send(self, data: bytes) -> None:
        self.socket.sendall(data)

    def hang(self) -> None:
        """Swallow what comes, answer nothing, until the client leaves."""
        while not self.over.is_set() and self.socket.recv(65536):
            pass

    def end(self) -> None:
        self.over.set()
        try:
            # Of the plain socket also under TLS: SSLSocket.shutdown() would pull the session from under the thread.
            socket.socket.shutdown(self.socket, socket.SHUT_RDWR)
        except OSError:
            pass

    def close(self) -> None:
        self.end()
        self.stream.close()
        self.socket.close()


class LoopbackServer:
    """Calls talk(connection) in a thread of its own for each client; counts them in `connections`."""

    def __init__(self, port: int, talk: Callable[[Connection], None], address: str = LOOPBACK):
        self.talk = talk
        self.address = address
        self.family = socket.AF_INET6 if ":" in address else socket.AF_INET
        self.connections = 0
        self.lock = threading.Lock()
        self.alive: dict[Connection, threading.Thread] = {}
        self.fillers: list[socket.socket] = []
        self.listener: socket.socket | None = None
        self.acceptor: threading.Thread | None = None
        # Bound for good and never listening: the port stays ours, and refuses, while there is no listener.
        self.anchor = self.bound_socket(port)
        self.port = self.anchor.getsockname()[1]
        self.listen()

    @property
    def authority(self) -> str:
        """As it stands in a URL."""
        return f"[{self.address}]:{self.port}" if self.family == socket.AF_INET6 else f"{self.address}:{self.port}"

    def bound_socket(self, port: int) -> socket.socket:
        result = socket.socket(self.family, socket.SOCK_STREAM)
        result.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        result.bind((self.address, port))
        return result

    def listen(self) -> None:
        self.refuse()
        self.listener = self.bound_socket(self.port)
        self.listener.listen(BACKLOG)
        self.acceptor = threading.Thread(target=self.accept_clients, args=(self.listener,), daemon=True)
        self.acceptor.start()

    def refuse(self) -> None:
        """From now on a connect() fails at once; connections that are open end."""
        if self.listener:
            try:
                self.listener.shutdown(socket.SHUT_RDWR)  # wakes accept()
            except OSError:
                pass
            self.listener.close()
        if self.acceptor:
            self.acceptor.join()
        for filler in self.fillers:
            filler.close()
        self.listener, self.acceptor, self.fillers = None, None, []
        self.end_connections()

    def stay_silent(self) -> None:
        """From now on a connect() gets no answer, as behind a firewall that drops: the listener's queue is full."""
        self.refuse()
        self.listener = self.bound_socket(self.port)
        self.listener.listen(0)
        for _ in range(2):
            filler = socket.socket(self.family, socket.SOCK_STREAM)
            filler.setblocking(False)
            filler.connect_ex((self.address, self.port))
            self.fillers.append(filler)

    def end_connections(self, only_in_trouble: bool = False) -> None:
        with self.lock:
            alive = [pair for pair in self.alive.items() if pair[0].in_trouble or not only_in_trouble]
        for connection, _ in alive:
            connection.end()
        for _, thread in alive:
            thread.join()

    def stop(self) -> None:
        self.refuse()
        self.anchor.close()

    def accept_clients(self, listener: socket.socket) -> None:
        while True:
            try:
                client, _ = listener.accept()
            except OSError:
                return
            client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            connection = Connection(client)
            thread = threading.Thread(target=self.serve, args=(connection,), daemon=True)
            with self.lock:
                self.connections += 1
                self.alive[connection] = thread
                thread.start()

    def serve(self, connection: Connection) -> None:
        try:
            self.talk(connection)
        except OSError:
            pass  # the client left, or end() was called; ssl.SSLError is an OSError too
        finally:
            with self.lock:
                del self.alive[connection]
            connection.close()
