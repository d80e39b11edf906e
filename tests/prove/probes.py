"""Asking each worker of a server by itself, on a connection that it has accepted."""

import json
from http.client import HTTPConnection
from pathlib import Path
from time import monotonic
from typing import Any, Self
from urllib.parse import parse_qs, urlencode, urlsplit

from tests.performance.party import FORM, Browser

QUESTIONS = ("introspection", "userinfo", "id_token_hint", "refresh")
_MOST_CONNECTIONS = 400


def worker_pids(server: int) -> list[int]:
    """Return the server's workers that live."""
    found = []
    for place in Path("/proc").iterdir():
        if not place.name.isdigit():
            continue
        try:
            rest = (place / "stat").read_text().rpartition(")")[2].split()
            is_worker = b"resource_tracker" not in (place / "cmdline").read_bytes()
        except OSError:
            continue  # it has ended
        if int(rest[1]) == server and is_worker:
            found.append(int(place.name))
    return sorted(found)


def _worker_of(connection: HTTPConnection, workers: list[int]) -> int | None:
    """Return which process holds the other end of a connection."""
    ours, theirs = connection.sock.getsockname()[1], connection.port
    inode = None
    for line in Path("/proc/net/tcp").read_text().splitlines()[1:]:
        cells = line.split()
        ports = [int(cell.rpartition(":")[2], 16) for cell in cells[1:3]]
        if ports == [theirs, ours]:
            inode = f"socket:[{cells[9]}]"
    for pid in workers:
        for descriptor in Path(f"/proc/{pid}/fd").iterdir():
            try:
                if str(descriptor.readlink()) == inode:
                    return pid
            except OSError:
                continue
    return None


class Probes:
    """One connection to each worker, and four questions about somebody's tokens."""

    def __init__(self, victim: Browser, server: int, *, workers: int) -> None:
        self._party = victim.party
        self._refresh = victim.tokens["refresh_token"]
        self._port = urlsplit(self._party.issuer).port or 0
        self._server, self._wanted = server, workers
        self._connections: dict[int, HTTPConnection] = {}
        self._spare: list[HTTPConnection] = []

    def __enter__(self) -> Self:
        for _ in range(_MOST_CONNECTIONS):
            connection = HTTPConnection("127.0.0.1", self._port, timeout=30)
            connection.request("GET", "/jwks.json")
            connection.getresponse().read()
            pid = _worker_of(connection, worker_pids(self._server))
            if pid is not None and pid not in self._connections:
                self._connections[pid] = connection
            else:
                self._spare.append(connection)  # open, or it is the same one again
            if len(self._connections) == self._wanted:
                return self
        raise RuntimeError(f"{len(self._connections)} of {self._wanted} workers answer")

    def __exit__(self, *error: object) -> None:
        for connection in (*self._connections.values(), *self._spare):
            connection.close()

    @property
    def workers(self) -> set[int]:
        """Return the workers that are asked, by their process."""
        return set(self._connections)

    def until_refused(
        self, tokens: dict[str, str], *, began: float, patience: float
    ) -> dict[str, float]:
        """Ask until every worker refuses; return each question's slowest seconds.

        They count to the sending of the first request that is refused for good.
        """
        since: dict[tuple[int, str], float] = {}
        while len(since) < len(self._connections) * len(self._questions()):
            for asked, (sent_at, is_refused) in self.ask(tokens).items():
                if is_refused:
                    since.setdefault(asked, sent_at - began)
                else:
                    since.pop(asked, None)
            if monotonic() - began > patience:
                raise RuntimeError(f"still accepted: refused are {since}")
        return {
            name: max(seconds for (_, asked), seconds in since.items() if asked == name)
            for name in self._questions()
        }

    def ask(self, tokens: dict[str, str]) -> dict[tuple[int, str], tuple[float, bool]]:
        """Return for each worker and question when it was asked and if it refuses."""
        return {
            (pid, name): (monotonic(), question(connection, tokens))
            for name, question in self._questions().items()
            for pid, connection in self._connections.items()
        }

    def _questions(self) -> dict[str, Any]:
        ask = (self._introspection, self._userinfo, self._hint, self._refreshed)
        return dict(zip(QUESTIONS, ask, strict=True))

    def _introspection(self, to: HTTPConnection, tokens: dict[str, str]) -> bool:
        form = {"token": tokens["access_token"], **self._party.assertion()}
        return not self._post(to, "introspection_endpoint", form).get("active", False)

    def _userinfo(self, to: HTTPConnection, tokens: dict[str, str]) -> bool:
        bearer = {"Authorization": f"Bearer {tokens['access_token']}"}
        to.request("GET", "/userinfo", headers=bearer)
        answer = to.getresponse()
        answer.read()
        return answer.status == 401

    def _hint(self, to: HTTPConnection, tokens: dict[str, str]) -> bool:
        """Ask who is signed in, without a cookie: `login_required` takes the hint."""
        query = {
            "response_type": "code",
            "client_id": self._party.client_id,
            "redirect_uri": self._party.redirect_uri,
            "scope": "openid",
            "prompt": "none",
            "state": "probe",
            "code_challenge": "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM",
            "code_challenge_method": "S256",
            "id_token_hint": tokens["id_token"],
        }
        to.request("GET", f"/authorize?{urlencode(query)}")
        answer = to.getresponse()
        answer.read()
        told = parse_qs(urlsplit(answer.getheader("Location") or "").query)
        return told.get("error") != ["login_required"]

    def _refreshed(self, to: HTTPConnection, tokens: dict[str, str]) -> bool:
        del tokens
        form = {"grant_type": "refresh_token", "refresh_token": self._refresh}
        told = self._post(to, "token_endpoint", form | self._party.assertion())
        self._refresh = told.get("refresh_token", self._refresh)
        return told.get("error") == "invalid_grant"

    def _post(
        self, to: HTTPConnection, name: str, form: dict[str, str]
    ) -> dict[str, Any]:
        path = urlsplit(self._party.endpoints[name]).path
        to.request("POST", path, urlencode(form), {"Content-Type": FORM})
        told: dict[str, Any] = json.loads(to.getresponse().read())
        return told
