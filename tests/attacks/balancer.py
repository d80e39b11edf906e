"""What stands before several machines: one connection goes to one that is in turn."""

import socket
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from socketserver import BaseRequestHandler, ThreadingTCPServer

_PATIENCE = 60


class Balancer(ThreadingTCPServer):
    """Passes each connection on; a machine is drained before it is stopped."""

    allow_reuse_address = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Connection)
        self.served: Counter[int] = Counter()
        self._ports: tuple[int, ...] = ()
        self._open: Counter[int] = Counter()
        self._changed = threading.Condition()
        self._turns = count()

    @property
    def issuer(self) -> str:
        """Return the address that everybody knows."""
        return f"http://127.0.0.1:{self.server_address[1]}"

    def add(self, port: int) -> None:
        """Send connections to this machine too."""
        with self._changed:
            self._ports += (port,)

    def drain(self, port: int) -> None:
        """Send it no more, and wait until what it has is answered."""
        with self._changed:
            self._ports = tuple(one for one in self._ports if one != port)
            assert self._changed.wait_for(lambda: not self._open[port], _PATIENCE)

    def await_served(self, port: int, more: int) -> None:
        """Wait until this machine has answered so many connections more."""
        with self._changed:
            wanted = self.served[port] + more
            assert self._changed.wait_for(
                lambda: self.served[port] >= wanted, _PATIENCE
            )

    @contextmanager
    def turn(self) -> Iterator[int]:
        """Lend the port of the machine whose turn it is."""
        with self._changed:
            port = self._ports[next(self._turns) % len(self._ports)]
            self._open[port] += 1
        try:
            yield port
        finally:
            with self._changed:
                self._open[port] -= 1
                self.served[port] += 1
                self._changed.notify_all()


class _Connection(BaseRequestHandler):
    server: Balancer

    def handle(self) -> None:
        """Pass bytes both ways until the machine has closed."""
        with (
            self.server.turn() as port,
            socket.create_connection(("127.0.0.1", port)) as machine,
        ):
            asking = threading.Thread(target=_pass, args=(self.request, machine))
            asking.start()
            _pass(machine, self.request)
            asking.join()


def _pass(source: socket.socket, sink: socket.socket) -> None:
    try:
        while data := source.recv(65536):
            sink.sendall(data)
        sink.shutdown(socket.SHUT_WR)
    except OSError:
        pass  # one side has gone: the other learns it by the end of its own stream


@contextmanager
def balancing() -> Iterator[Balancer]:
    """Run a balancer for the time of a test."""
    with Balancer() as balancer:
        thread = threading.Thread(target=balancer.serve_forever, args=(0.05,))
        thread.start()
        try:
            yield balancer
        finally:
            balancer.shutdown()
            thread.join()
