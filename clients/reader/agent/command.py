"""`python -m clients.reader agent`: what it works for, and which reader it uses."""

import argparse
import logging
import signal
import sys
from pathlib import Path
from typing import NoReturn

from werkzeug.serving import WSGIRequestHandler, make_server

from clients.reader.agent.app import create_app
from clients.reader.agent.doors import Doors, parse_issuer
from clients.reader.agent.errors import ReaderMissingError
from clients.reader.agent.pcsc import PcscReader
from clients.reader.agent.readers import Reader

HOST = "127.0.0.1"


def main(arguments: list[str]) -> None:
    """Serve the agent on this computer's loopback until it is stopped."""
    options = _parse(arguments)
    logging.basicConfig(level=logging.WARNING, format="%(levelname)s %(message)s")
    try:
        reader = _reader(options)
    except ReaderMissingError as error:
        sys.exit(str(error))
    doors = Doors(options.port, tuple(options.issuer))
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, _stop)
    server = make_server(
        HOST,
        options.port,
        create_app(doors, reader, options.ca),
        threaded=True,
        request_handler=QuietHandler,
    )
    print(f"reader agent on {doors.own_origin}", flush=True)  # noqa: T201
    with server:
        server.serve_forever()


class QuietHandler(WSGIRequestHandler):
    """Answers without a line in the log for each request, and without our versions."""

    timeout = 15  # a connection that says nothing frees its thread

    def log_request(self, *_: object) -> None:
        """Leave the names of readings out of the log."""

    def version_string(self) -> str:
        """Say nothing about what is underneath."""
        return "reader"


def _parse(arguments: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m clients.reader agent", description=__doc__
    )
    parser.add_argument(
        "--issuer",
        action="append",
        required=True,
        type=_issuer,
        metavar="URL",
        help="a provider that may ask for readings; may be repeated",
    )
    parser.add_argument("--port", type=int, required=True, help="where to listen")
    parser.add_argument(
        "--ca", type=Path, metavar="FILE", help="a CA to trust instead of the system's"
    )
    reader = parser.add_mutually_exclusive_group(required=True)
    reader.add_argument(
        "--pcsc", action="store_true", help="this computer's card readers"
    )
    reader.add_argument(
        "--cards", type=Path, metavar="DIR", help="a virtual reader with sandbox cards"
    )
    return parser.parse_args(arguments)


def _issuer(text: str) -> str:
    try:
        return parse_issuer(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from error


def _reader(options: argparse.Namespace) -> Reader:
    if options.pcsc:
        return PcscReader(sys.executable)
    # Real readers need no virtual chip.
    from clients.reader.agent.sandbox_reader import SandboxReader  # noqa: PLC0415

    return SandboxReader(options.cards)


def _stop(_number: int, _frame: object) -> NoReturn:
    sys.exit(0)
