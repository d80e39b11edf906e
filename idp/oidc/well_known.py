"""What is published under /.well-known and /jwks.json, as bytes that caches keep.

The document is built once; the keys are bytes that the rings keep ready. Both carry an
age that fits the rotation of keys.
"""

from dataclasses import dataclass
from hashlib import sha256
from http import HTTPStatus
from urllib.parse import parse_qsl

from idp.config import Config
from idp.factors.throttle import source_of
from idp.oidc import discovery
from idp.oidc.errors import dump
from idp.oidc.request_guard import MachineRequest, MachineResponse
from idp.provider import Provider


@dataclass(frozen=True, slots=True)
class Metadata:
    """The document as bytes, with the tag by which caches know it."""

    body: bytes
    etag: str


def metadata(config: Config) -> Metadata:
    """Build the document that both well-known addresses serve."""
    body = dump(discovery.document(config))
    return Metadata(body, f'"{sha256(body).hexdigest()[:32]}"')


def answer(
    published: Metadata, request: MachineRequest, *, max_age: int
) -> MachineResponse:
    """Answer with the document, or with 304 to a cache that has it."""
    headers = (
        ("Cache-Control", f"public, max-age={max_age}"),
        ("ETag", published.etag),
    )
    known = (request.if_none_match or "").split(",")
    if published.etag in (tag.strip().removeprefix("W/") for tag in known):
        return MachineResponse(HTTPStatus.NOT_MODIFIED, headers=headers)
    return MachineResponse(
        HTTPStatus.OK, published.body, (("Content-Type", "application/json"), *headers)
    )


def jwks(provider: Provider, request: MachineRequest) -> MachineResponse:
    """Answer with the published keys; caches keep them less than the publish lead.

    Who fetched them is counted: `client_id`, which changes nothing in the answer, says
    who asks.
    """
    key_set = provider.rings.jwks_bytes(request.at)
    proxies = provider.config.server.trusted_proxies
    source = source_of(request.peer, request.forwarded_for, proxies)
    hint = dict(parse_qsl(request.query)).get("client_id", "") if request.query else ""
    provider.sightings.fetched(key_set, source, hint, request.at)
    return MachineResponse(
        HTTPStatus.OK,
        key_set,
        (
            ("Content-Type", "application/jwk-set+json"),
            ("Cache-Control", f"public, max-age={provider.config.keys.jwks_max_age}"),
        ),
    )
