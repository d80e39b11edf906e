"""An Apache with mod_auth_openidc, as Debian ships both, in a folder of its own."""

import os
import pwd
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import requests
from requests.adapters import HTTPAdapter, Retry

_MODULES = Path("/usr/lib/apache2/modules")
_LOADED = {
    "mpm_event": "mpm_event",
    "authn_core": "authn_core",
    "authz_core": "authz_core",
    "authz_user": "authz_user",
    "headers": "headers",
    "auth_openidc": "auth_openidc",
}


@contextmanager
def serving(folder: Path, port: int, settings: str) -> Iterator[None]:
    """Serve /protected and /api by the module's own settings; stop it afterwards."""
    (folder / "site").mkdir(parents=True)
    for name in ("protected", "api"):
        (folder / "site" / name).write_text("inside", encoding="utf-8")
    file = folder / "httpd.conf"
    file.write_text(_site(folder, port, settings), encoding="utf-8")
    command = [_program(), "-f", str(file), "-DFOREGROUND"]
    subprocess.run([*command[:3], "-t"], check=True)
    with subprocess.Popen(command) as process:
        try:
            _await(f"http://127.0.0.1:{port}/")
            yield
        finally:
            process.terminate()
            process.wait(30)


def _program() -> str:
    found = shutil.which("apache2", path=f"{os.environ['PATH']}:/usr/sbin")
    if not found or not (_MODULES / "mod_auth_openidc.so").exists():
        raise FileNotFoundError(
            "apache2 or mod_auth_openidc: run tests/install-services"
        )
    return found


def _site(folder: Path, port: int, settings: str) -> str:
    lines = [
        *(
            f"LoadModule {name}_module {_MODULES}/mod_{file}.so"
            for name, file in _LOADED.items()
        ),
        f"ServerRoot {folder}",
        "ServerName 127.0.0.1",
        f"Listen 127.0.0.1:{port}",
        f"PidFile {folder}/pid",
        f"ErrorLog {folder}/errors",
        f"DocumentRoot {folder}/site",
        settings,
    ]
    if os.geteuid() == 0:  # the children's user must be told, and reach the folder
        user = pwd.getpwnam("nobody")
        lines.append(f"User #{user.pw_uid}\nGroup #{user.pw_gid}")
    return "\n".join(lines) + "\n"


def _await(address: str) -> None:
    with requests.Session() as session:
        patience = Retry(40, backoff_factor=0.05, backoff_max=0.5)
        session.mount("http://", HTTPAdapter(max_retries=patience))
        session.get(address, timeout=10)
