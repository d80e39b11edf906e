"""How SOAP messages travel: mutual TLS, one address, a time and a size that hold.

Redirects, proxies of the environment and `.netrc` are ignored, and nothing of a message
is ever logged: it names a person.
"""

import io
import ssl

import requests
from zeep.transports import Transport

from idp import outbound
from idp.config.registry import RegistryConfig
from idp.errors import ConfigError
from idp.outbound import Answer, NoAnswerError
from idp.registry.port import RegistryDownError

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
        config = self._config
        try:
            answer = outbound.post(
                address,
                message,
                sent,
                timeout=config.timeout,
                most=config.max_answer_bytes,
                within=None,
                tls=_tls(config),
            )
        except NoAnswerError as error:
            raise _down(str(error)) from None
        except OSError as error:  # of our own certificate's files
            raise _down(type(error).__name__) from None
        return _whole(answer)

    def load(self, url: str) -> bytes:
        """Read the packaged description; nothing is fetched for it."""
        with open(url, "rb") as file:  # noqa: PTH123 - zeep gives a text
            return file.read()


def _whole(answer: Answer) -> requests.Response:
    media = answer.headers.get("Content-Type", "").partition(";")[0].strip().lower()
    # SOAP 1.1 §6.2: a fault comes with status 500.
    if answer.status not in (200, 500) or media not in _XML:
        raise _down(f"answered {answer.status}")
    whole = requests.Response()
    whole.status_code = answer.status
    whole.headers.update(answer.headers.items())
    whole.raw = io.BytesIO(answer.body)
    return whole


def _tls(config: RegistryConfig) -> ssl.SSLContext | None:
    certificate, key, authority = (
        None if path is None else str(path)
        for path in (config.certificate_file, config.key_file, config.ca_file)
    )
    own = (certificate, key) if certificate and key else None
    return outbound.client_tls(authority, own) if own or authority else None


def _token(config: RegistryConfig) -> str | None:
    if config.token_file is None:
        return None
    try:
        return config.token_file.read_text(encoding="ascii").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError("registry.token_file cannot be read") from error


def _down(why: str) -> RegistryDownError:
    return RegistryDownError(detail=f"registry: {why}")
