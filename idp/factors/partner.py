"""A partner's HTTP service: JSON there, at most a little JSON back, within a time.

Redirects, proxies of the environment and `.netrc` are ignored, so that the token and
what is sent reach the configured address or nobody. Errors tell a class or a status
and nothing of what was sent.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path
from typing import Any

from idp import outbound
from idp.errors import ConfigError
from idp.outbound import NoAnswerError

_MAX_ANSWER = 65_536


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
        headers = {**self.headers, "Content-Type": "application/json"}
        try:
            answer = outbound.post(
                self.url,
                json.dumps(dict(values)).encode(),
                headers,
                timeout=self.timeout,
                most=_MAX_ANSWER if is_read else 0,
                within=None,
            )
        except NoAnswerError as error:
            raise PartnerError(str(error)) from None
        if not HTTPStatus(200) <= answer.status < HTTPStatus(300):
            raise PartnerError(f"answered {answer.status}")
        return answer.body
