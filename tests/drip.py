"""A server on loopback that sends its answer a byte at a time, for minutes."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass

_PAUSE = 0.01


@dataclass
class Drip:
    """Where the server is, and whether its caller hung up on it."""

    port: int = 0
    was_cut: bool = False


@contextmanager
def dripping(prefix: bytes, drops: int = 6000) -> Iterator[Drip]:
    """Take one caller, answer `prefix` at once and then drip spaces, if any."""
    drip, end = Drip(), threading.Event()

    def serve(listener: socket.socket) -> None:
        with suppress(OSError), listener.accept()[0] as caller:
            caller.recv(65_536)
            caller.sendall(prefix)
            for _ in range(drops):
                try:
                    caller.sendall(b" ")
                except OSError:
                    drip.was_cut = True
                    return
                if end.wait(_PAUSE):
                    return

    with socket.create_server(("127.0.0.1", 0)) as listener:
        drip.port = listener.getsockname()[1]
        thread = threading.Thread(target=serve, args=(listener,))
        thread.start()
        try:
            yield drip
            # Hanging up is seen with the next byte but one.
            thread.join(5)
        finally:
            end.set()
            with suppress(OSError):
                listener.shutdown(socket.SHUT_RDWR)
            thread.join()
