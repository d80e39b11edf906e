"""A partner's HTTP service: JSON there, at most a little JSON back, within a time.

Redirects, proxies of the environment and `.netrc` are ignored, so that the token and
what is sent reach the configured address or nobody. Errors tell a class or a status
and nothing of what was sent.
"""

import json
import time
from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path
from typing import Any

import requests

from idp.errors import ConfigError

_MAX_ANSWER = 65_536
_CHUNK = 4096


class PartnerError(Exception):
    """The partner refused, was silent, or said what cannot be read."""


@dataclass(frozen=True, slots=True)
class PartnerService:
    """One service of a partner: its address, its token and its patience."""

    url: str
    headers: Mapping[str, str]
    timeout: float

    @classmethod
    def of(
        cls, url: str, token_file: Path | None, timeout: float, *, section: str
    ) -> "PartnerService":
        """Return the service of a configuration section, its token read once."""
        headers = {}
        if token_file is not None:
            try:
                token = token_file.read_text(encoding="ascii").strip()
            except (OSError, UnicodeDecodeError) as error:
                raise ConfigError(f"{section}.token_file cannot be read") from error
            headers["Authorization"] = f"Bearer {token}"
        return cls(url, headers, timeout)

    def tell(self, values: Mapping[str, Any]) -> None:
        """Post the values; any 2xx means accepted, and its body is never read."""
        self._post(values, is_read=False)

    def ask(self, values: Mapping[str, Any]) -> dict[str, Any]:
        """Post the values and return the JSON object of the answer."""
        body = self._post(values, is_read=True)
        try:
            answer = json.loads(body)
        except ValueError:
            raise PartnerError("no JSON") from None
        if not isinstance(answer, dict):
            raise PartnerError("no JSON object")
        return answer

    def _post(self, values: Mapping[str, Any], *, is_read: bool) -> bytes:
        with requests.Session() as http:
            http.trust_env = False
            try:
                with http.post(
                    self.url,
                    json=dict(values),
                    headers=dict(self.headers),
                    timeout=self.timeout,
                    allow_redirects=False,
                    stream=True,
                ) as answer:
                    body = self._body(answer) if is_read else b""
                    status = answer.status_code
            except requests.RequestException as error:
                # The class only: some messages repeat what was sent.
                raise PartnerError(type(error).__name__) from None
        if not HTTPStatus(200) <= status < HTTPStatus(300):
            raise PartnerError(f"answered {status}")
        return body

    def _body(self, answer: requests.Response) -> bytes:
        until, body = time.monotonic() + self.timeout, b""
        for chunk in answer.iter_content(_CHUNK):
            body += chunk
            if len(body) > _MAX_ANSWER:
                raise PartnerError("an answer too long")
            if time.monotonic() > until:
                raise PartnerError("an answer too slow")
        return body
