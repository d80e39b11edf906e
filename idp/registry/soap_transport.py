"""How SOAP messages travel: mutual TLS, one address, a time and a size that hold.

Redirects, proxies of the environment and `.netrc` are ignored, and nothing of a message
is ever logged: it names a person.
"""

import io
import time
from typing import Any

import requests
from zeep.transports import Transport

from idp.config.registry import RegistryConfig
from idp.errors import ConfigError
from idp.registry.port import RegistryDownError

_CHUNK = 16_384
_XML = frozenset({"text/xml", "application/xml", "application/soap+xml"})


class BoundedTransport(Transport):
    """Posts each message on a connection of its own and reads no more than allowed."""

    def __init__(self, config: RegistryConfig) -> None:
        super().__init__(  # type: ignore[no-untyped-call]  # zeep is typed in parts
            timeout=config.timeout, operation_timeout=config.timeout
        )
        self._config = config
        self._token = _token(config)

    def post(
        self, address: str, message: bytes, headers: dict[str, str]
    ) -> requests.Response:
        """Return the whole answer, or raise `RegistryDownError`."""
        sent = {**headers, "Accept": "text/xml"}
        if self._token is not None:
            sent["Authorization"] = f"Bearer {self._token}"
        with requests.Session() as http:
            http.trust_env = False
            try:
                with http.post(
                    address,
                    data=message,
                    headers=sent,
                    timeout=self._config.timeout,
                    allow_redirects=False,
                    stream=True,
                    **_tls(self._config),
                ) as answer:
                    return self._whole(answer)
            except (requests.RequestException, OSError) as error:
                # The class only: some messages repeat what was sent.
                raise _down(type(error).__name__) from None

    def load(self, url: str) -> bytes:
        """Read the packaged description; nothing is fetched for it."""
        with open(url, "rb") as file:  # noqa: PTH123 - zeep gives a text
            return file.read()

    def _whole(self, answer: requests.Response) -> requests.Response:
        media = answer.headers.get("Content-Type", "").partition(";")[0].strip().lower()
        # SOAP 1.1 §6.2: a fault comes with status 500.
        if answer.status_code not in (200, 500) or media not in _XML:
            raise _down(f"answered {answer.status_code}")
        until, body = time.monotonic() + self._config.timeout, b""
        for chunk in answer.iter_content(_CHUNK):
            body += chunk
            if len(body) > self._config.max_answer_bytes:
                raise _down("an answer too long")
            if time.monotonic() > until:
                raise _down("an answer too slow")
        whole = requests.Response()
        whole.status_code, whole.headers = answer.status_code, answer.headers
        whole.raw = io.BytesIO(body)
        return whole


def _tls(config: RegistryConfig) -> dict[str, Any]:
    certificate, key, authority = (
        None if path is None else str(path)
        for path in (config.certificate_file, config.key_file, config.ca_file)
    )
    return {
        "cert": (certificate, key) if certificate and key else None,
        "verify": authority or True,
    }


def _token(config: RegistryConfig) -> str | None:
    if config.token_file is None:
        return None
    try:
        return config.token_file.read_text(encoding="ascii").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError("registry.token_file cannot be read") from error


def _down(why: str) -> RegistryDownError:
    return RegistryDownError(detail=f"registry: {why}")
