"""The deployment as the world meets it: asked at the issuer's own address."""

import json
import secrets
from collections.abc import Iterator
from typing import Any

from idp import outbound
from idp.config import Config
from idp.doctor.finding import Finding, error, good, warning
from idp.oidc.probes import LIVE_PATH, PROBE_HEADER, PROBE_KEY
from idp.outbound import Answer, NoAnswerError
from idp.provider import Provider

_DISCOVERY = "/.well-known/openid-configuration"
_TIMEOUT, _MOST, _PROBE_TTL = 5.0, 262_144, 30.0
_FORGED = "192.0.2.99"  # RFC 5737: nobody has it


def examine(provider: Provider) -> Iterator[Finding]:
    """Yield what is wrong between the world and the workers."""
    config = provider.config
    try:
        discovery = _get(f"{config.issuer}{_DISCOVERY}", {})
    except NoAnswerError as failure:
        yield warning(
            "unreachable",
            f"{config.issuer} gives no answer from here ({failure})",
            "Nobody signs in, unless only this machine cannot reach it.",
            "idp serve; then look at the proxy, the name and the certificate",
        )
        return
    found = tuple(of_discovery(discovery, config))
    yield from found
    if not any(one.severity == "error" for one in found):
        yield from _forgeries(provider)


def of_discovery(answer: Answer, config: Config) -> Iterator[Finding]:
    """Yield what the document at the issuer's address, and its headers, tell."""
    told = _object(answer).get("issuer")
    if told != config.issuer:
        yield error(
            "foreign-issuer",
            f"{config.issuer} says that it is {told}",
            "Portals refuse every token, or another server has the name.",
            "compare issuer with what the proxy leads to",
        )
        return
    yield good("discovery", f"{config.issuer} answers with its own name")
    if config.is_secure and not answer.headers.get("Strict-Transport-Security"):
        yield warning(
            "hsts",
            "Strict-Transport-Security is missing",
            "A first visit over http can be led elsewhere.",
            "let the proxy pass our headers on",
        )


def _forgeries(provider: Provider) -> Iterator[Finding]:
    """Ask as somebody would who claims another address, or a certificate."""
    probe = secrets.token_hex(16)
    provider.ephemeral.put(PROBE_KEY.format(probe), {}, ttl=_PROBE_TTL)
    address = f"{provider.config.issuer}{LIVE_PATH}"
    try:
        seen = _get(address, {PROBE_HEADER: probe, "X-Forwarded-For": _FORGED})
        certified = _get(address, {"Client-Cert": ":AAAA:"})
    except NoAnswerError as failure:
        yield warning("unsteady", f"No second answer ({failure})", "It comes and goes.")
        return
    source = _object(seen).get("source")
    if source is None:
        yield error(
            "other-stores",
            "What answers does not know our ephemeral store",
            "Codes of one machine are unknown to the other.",
            "the same ephemeral.url on every machine",
        )
    elif source == _FORGED:
        yield error(
            "forged-address",
            "Anybody may claim any address by X-Forwarded-For",
            "Guessers are never stopped, and somebody else is in their place.",
            "let the proxy append to X-Forwarded-For, and trust the proxy alone",
        )
    else:
        yield good("source", "A forged X-Forwarded-For counts for nothing")
    is_through = certified.status != seen.status
    if is_through and provider.config.mtls.enabled:
        yield error(
            "client-cert",
            "Client-Cert comes through from outside",
            "Whoever sends it is the client that it names.",
            "let the proxy drop the header in every spelling (docs/operators.md)",
        )
    else:
        yield good("client-cert", "A forged Client-Cert counts for nothing")


def _get(url: str, headers: dict[str, str]) -> Answer:
    return outbound.get(url, headers, timeout=_TIMEOUT, most=_MOST, within=None)


def _object(answer: Answer) -> dict[str, Any]:
    try:
        value = json.loads(answer.body)
    except ValueError:
        return {}
    return value if isinstance(value, dict) else {}
