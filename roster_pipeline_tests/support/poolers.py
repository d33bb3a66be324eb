"""Run a minimal pooler in transaction mode: one session of the server serves all clients in turn."""

import socket
import struct
import threading
from contextlib import contextmanager

NO_ENCRYPTION = (80877103, 80877104)
READY, IDLE = b"Z", b"I"
ENDS_A_REQUEST = (b"Q", b"S")


class Pooler:
    """A pooler that listens on 127.0.0.1 and records what its clients send.

    Attributes:
        parameters: the start-up parameters of each client.
        sent: the bodies of all their messages.
        session: the connection to the server, and what it said when it was opened.
    """

    def __init__(self, socket_path, user, database):
        self.parameters, self.sent = [], []
        self._turn = threading.Lock()
        self._server = socket.socket(socket.AF_UNIX)
        self._server.connect(socket_path)
        body = struct.pack("!i", 196608) + f"user\0{user}\0database\0{database}\0\0".encode()
        self._server.sendall(struct.pack("!i", len(body) + 4) + body)
        self._greeting = b"".join(self._answers())
        self.listener = socket.create_server(("127.0.0.1", 0))

    def serve(self):
        while True:
            try:
                client, _ = self.listener.accept()
            except OSError:
                return
            threading.Thread(target=self._serve_one, args=(client,), daemon=True).start()

    def close(self):
        self.listener.close()
        self._server.close()

    def _serve_one(self, client):
        try:
            self._greet(client)
            while (message := _read(client))[0] != b"X":
                self._relay(client, message)
        except OSError:
            pass
        finally:
            client.close()

    def _greet(self, client):
        code, body = _start(client)
        while code in NO_ENCRYPTION:
            client.sendall(b"N")
            code, body = _start(client)
        words = body.decode().rstrip("\0").split("\0")
        self.parameters.append(dict(zip(words[::2], words[1::2], strict=False)))
        client.sendall(self._greeting)

    def _relay(self, client, message):
        """Give the session to this client from the first message of a transaction to its end."""
        with self._turn:
            while True:
                self.sent.append(message[1])
                self._server.sendall(message[0] + struct.pack("!i", len(message[1]) + 4) + message[1])
                if message[0] in ENDS_A_REQUEST:
                    answers = list(self._answers())
                    client.sendall(b"".join(answers))
                    if answers[-1][-1:] == IDLE:
                        return
                message = _read(client)

    def _answers(self):
        while True:
            kind, body = _read(self._server)
            yield kind + struct.pack("!i", len(body) + 4) + body
            if kind == READY:
                return


@contextmanager
def pooler(url):
    """Start a pooler for the server of `url`, a SQLAlchemy URL with the folder of the server's socket."""
    running = Pooler(f"{url.query['host']}/.s.PGSQL.5432", url.username, url.database)
    threading.Thread(target=running.serve, daemon=True).start()
    try:
        yield running
    finally:
        running.close()


def _start(client):
    (size,) = struct.unpack("!i", _exactly(client, 4))
    body = _exactly(client, size - 4)
    return struct.unpack("!i", body[:4])[0], body[4:]


def _read(peer):
    kind = _exactly(peer, 1)
    (size,) = struct.unpack("!i", _exactly(peer, 4))
    return kind, _exactly(peer, size - 4)


def _exactly(peer, size):
    got = b""
    while len(got) < size:
        piece = peer.recv(size - len(got))
        if not piece:
            raise ConnectionError
        got += piece
    return got
