"""Which addresses may be registered as redirect targets, and what matches them.

Matching is string equality, so whatever a browser, a proxy and a URL parser could
understand differently is refused here, once, at registration.
"""

import re
from urllib.parse import parse_qsl, urlsplit

from idp.relying_parties.hosts import LOOPBACK_HOSTS, flaw_in_host

LOOPBACK_IPS = ("127.0.0.1", "[::1]")
MAX_LENGTH = 2000

# Visible ASCII without what RFC 3986 leaves out of URIs, and without the wildcard.
_CHARACTERS = re.compile(r"[A-Za-z0-9\-._~:/?\[\]@!$&'()+,;=%]+")
_BAD_ESCAPE = re.compile(
    r"%(?![0-9A-Fa-f]{2})|%(?:0[0-9A-Fa-f]|1[0-9A-Fa-f]|25|5c|7f)",
    re.IGNORECASE,
)
_DOT_SEGMENT = re.compile(r"/(?:\.|%2e){1,2}(?:/|%2f|$)", re.IGNORECASE)
_HOST = re.compile(
    r"(?=.{1,253}$)[a-z0-9](?:[a-z0-9-]*[a-z0-9])?(?:\.[a-z0-9](?:[a-z0-9-]*[a-z0-9])?)*"
)
_PRIVATE_SCHEME = re.compile(r"[a-z][a-z0-9-]*(?:\.[a-z0-9-]+)+")
_LOOPBACK = re.compile(
    r"(http://(?:127\.0\.0\.1|\[::1\]))(?::([0-9]{1,5}))?((?:[/?].*)?)"
)
# A query of its own must not look like our answer (RFC 6749 §4.1.2, RFC 9207).
_RESPONSE_PARAMETERS = frozenset(
    {"code", "state", "iss", "error", "error_description", "error_uri", "response"}
)


def flaw(uri: object, *, native: bool) -> str | None:
    """Say why `uri` may not be registered as a redirect target, or None."""
    if not isinstance(uri, str) or not 0 < len(uri) <= MAX_LENGTH:
        return f"must be a string of at most {MAX_LENGTH} characters"
    return _text_flaw(uri) or _part_flaw(uri) or _scheme_flaw(uri, native=native)


def _text_flaw(uri: str) -> str | None:
    if "#" in uri:
        return "must have no fragment"
    if "*" in uri:
        return "must have no wildcard"
    if not _CHARACTERS.fullmatch(uri) or _BAD_ESCAPE.search(uri):
        return "has a character that does not belong in a URI"
    return None


def _part_flaw(uri: str) -> str | None:
    try:
        parts = urlsplit(uri)
        _ = parts.port
    except ValueError:
        return "is not a URI"
    if "@" in parts.netloc:
        return "must name no user"
    if _DOT_SEGMENT.search(parts.path):
        return "must have no dot segments"
    names = {name for name, _ in parse_qsl(parts.query, keep_blank_values=True)}
    if names & _RESPONSE_PARAMETERS:
        return "must not carry a parameter of our response in its query"
    return None


def _scheme_flaw(uri: str, *, native: bool) -> str | None:
    parts = urlsplit(uri)
    if parts.scheme in ("http", "https"):
        return _web_flaw(uri, parts.scheme, parts.hostname)
    return _private_use_flaw(uri, parts.scheme, native=native)


def _web_flaw(uri: str, scheme: str, host: str | None) -> str | None:
    if not uri.startswith(f"{scheme}://") or not host:
        return "must be absolute, its scheme in lower case"
    netloc = urlsplit(uri).netloc
    is_host = host in LOOPBACK_HOSTS or bool(_HOST.fullmatch(host))
    if netloc != netloc.lower() or not is_host:
        return "must name a host in lower case (internationalised names in punycode)"
    if scheme == "http" and host not in LOOPBACK_HOSTS:
        return "must be https unless its host is loopback"
    return flaw_in_host(host)


def _private_use_flaw(uri: str, scheme: str, *, native: bool) -> str | None:
    if not scheme:
        return "must be absolute"
    if not native:
        return "must be an https URI (a custom scheme needs application_type native)"
    # RFC 8252 §7.1: a domain name under the app's control, in reverse.
    if not _PRIVATE_SCHEME.fullmatch(scheme) or not uri.startswith(f"{scheme}:/"):
        return "must use a scheme in reverse domain form, such as vn.example.app:/back"
    return None


def matches(registered: str, asked: str, *, native: bool) -> bool:
    """Say whether `asked` is the registered redirect URI."""
    if registered == asked:
        return True
    if not native:
        return False
    ours, theirs = _LOOPBACK.fullmatch(registered), _LOOPBACK.fullmatch(asked)
    if ours is None or theirs is None:
        return False
    is_port = theirs[2] is None or 0 < int(theirs[2]) < 1 << 16
    return is_port and (ours[1], ours[3]) == (theirs[1], theirs[3])


def origin_of(uri: str) -> str | None:
    """Return the web origin of a registered redirect URI, or None."""
    parts = urlsplit(uri)
    if parts.scheme not in ("http", "https"):
        return None
    default = {"http": 80, "https": 443}[parts.scheme]
    netloc = parts.netloc.removesuffix(f":{default}")
    return f"{parts.scheme}://{netloc}"


def sector_of(uri: str) -> str:
    """Return what stands for the owner of a redirect URI: its host, or its scheme."""
    parts = urlsplit(uri)
    return parts.hostname or parts.scheme


def is_host(text: str) -> bool:
    """Say whether `text` is a host name or address in the one form that we accept."""
    return text in LOOPBACK_HOSTS or bool(_HOST.fullmatch(text))
