"""A grader of security headers, in the way of the public ones: points, and reasons.

An answer starts with 100 points and loses some for each weakness; 100 are A+. The rules
are the public graders' together with the OWASP Secure Headers Project's, and stricter
where a provider of identities has no reason to be lenient.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from werkzeug.test import TestResponse

_SIX_MONTHS, _YEAR = 15_552_000, 31_536_000
_GRADES = ((100, "A+"), (90, "A"), (75, "B"), (60, "C"), (40, "D"))
_POWERFUL = (
    "accelerometer", "autoplay", "browsing-topics", "camera", "clipboard-read",
    "clipboard-write", "display-capture", "encrypted-media", "fullscreen",
    "geolocation", "gyroscope", "hid", "idle-detection", "local-fonts",
    "magnetometer", "microphone", "midi", "payment", "picture-in-picture",
    "screen-wake-lock", "serial", "storage-access", "usb", "window-management",
    "xr-spatial-tracking",
)  # fmt: skip
_DANGEROUS = ("*", "'unsafe-inline'", "'unsafe-eval'", "'unsafe-hashes'", "http:")
_SCHEMES = ("https:", "data:", "blob:", "filesystem:")


@dataclass(frozen=True)
class Weakness:
    """Points that an answer loses, where, and why."""

    points: int
    header: str
    reason: str


def grade(weaknesses: list[Weakness]) -> str:
    """Return the letter of what is left of 100 points."""
    left = 100 - sum(one.points for one in weaknesses)
    return next((letter for least, letter in _GRADES if left >= least), "F")


def weaknesses(answered: TestResponse) -> list[Weakness]:
    """Return what is weak about one answer over https."""
    headers = {name.lower(): value for name, value in answered.headers.items()}
    is_page = answered.mimetype == "text/html"
    found = [
        *_transport(headers.get("strict-transport-security", "")),
        *_content(headers.get("content-security-policy", ""), is_page=is_page),
        *_permissions(headers.get("permissions-policy", "")),
        *_isolation(headers, frames="frame-src" in str(headers)),
        *_caches(headers.get("cache-control", ""), is_page=is_page),
    ]
    for cookie in answered.headers.getlist("Set-Cookie"):
        found += _cookie(cookie)
    if headers.get("x-content-type-options") != "nosniff":
        found.append(Weakness(10, "X-Content-Type-Options", "types are guessed"))
    if headers.get("x-frame-options") != "DENY":
        found.append(Weakness(10, "X-Frame-Options", "old browsers may frame it"))
    if headers.get("referrer-policy") not in ("no-referrer", "origin"):
        found.append(Weakness(10, "Referrer-Policy", "addresses leak"))
    for name in ("server", "x-powered-by"):
        if re.search(r"\d", headers.get(name, "")):
            found.append(Weakness(5, name, "tells a version"))
    return found


def _transport(value: str) -> Iterator[Weakness]:
    name = "Strict-Transport-Security"
    age = re.search(r"max-age=(\d+)", value)
    if age is None:
        yield Weakness(30, name, "plain http is tried first")
        return
    if int(age[1]) < _SIX_MONTHS:
        yield Weakness(20, name, "shorter than six months")
    elif int(age[1]) < _YEAR:
        yield Weakness(5, name, "shorter than a year")
    if "includesubdomains" not in value.lower():
        yield Weakness(5, name, "hosts below it may be plain http")


def directives(policy: str) -> dict[str, list[str]]:
    """Return a content policy's directives; of two alike the first counts."""
    found: dict[str, list[str]] = {}
    for part in policy.split(";"):
        name, *sources = part.split() or [""]
        found.setdefault(name.lower(), sources)
    found.pop("", None)
    return found


def _content(policy: str, *, is_page: bool) -> Iterator[Weakness]:
    name = "Content-Security-Policy"
    rules = directives(policy)
    if not rules:
        yield Weakness(50, name, "missing")
        return
    yield from _sources(rules)
    if rules.get("default-src") != ["'none'"]:
        yield Weakness(20, name, "default-src is not 'none'")
    if rules.get("object-src", rules.get("default-src")) != ["'none'"]:
        yield Weakness(10, name, "plug-ins may load")
    for directive in ("base-uri", "frame-ancestors"):
        if rules.get(directive) != ["'none'"]:
            yield Weakness(15, name, f"{directive} is not 'none'")
    if "form-action" not in rules:
        yield Weakness(15, name, "forms may be sent anywhere")
    if rules.get("script-src", ["'none'"]) not in (["'none'"], ["'self'"]):
        yield Weakness(20, name, "scripts of others may run")
    if is_page and (
        rules.get("require-trusted-types-for") != ["'script'"]
        or rules.get("trusted-types") != ["'none'"]
    ):
        yield Weakness(5, name, "scripts may write HTML (Trusted Types)")


def _sources(rules: dict[str, list[str]]) -> Iterator[Weakness]:
    name = "Content-Security-Policy"
    for directive, sources in rules.items():
        for source in sources:
            if source in _DANGEROUS or source.startswith("http://*"):
                yield Weakness(30, name, f"{directive} has {source}")
            is_image = directive == "img-src" and source == "data:"
            if source in _SCHEMES and not is_image:
                yield Weakness(20, name, f"{directive} allows all of {source}")


def _permissions(value: str) -> Iterator[Weakness]:
    told = dict(part.strip().partition("=")[::2] for part in value.split(","))
    if missing := [name for name in _POWERFUL if told.get(name) != "()"]:
        reason = f"not refused: {', '.join(missing)}"
        yield Weakness(10, "Permissions-Policy", reason)
    if foreign := [name for name, who in told.items() if who not in ("()", "(self)")]:
        yield Weakness(10, "Permissions-Policy", f"open to others: {foreign}")


def _isolation(headers: dict[str, str], *, frames: bool) -> Iterator[Weakness]:
    wanted = {
        "Cross-Origin-Opener-Policy": "same-origin",
        "Cross-Origin-Resource-Policy": "same-origin",
        # A portal's page in a frame cannot be made to say the same.
        "Cross-Origin-Embedder-Policy": "unsafe-none" if frames else "require-corp",
    }
    for name, value in wanted.items():
        if headers.get(name.lower()) != value:
            yield Weakness(5, name, f"is not {value}")


def _caches(value: str, *, is_page: bool) -> Iterator[Weakness]:
    if not value:
        yield Weakness(10, "Cache-Control", "caches decide by themselves")
    if is_page and value != "no-store":
        yield Weakness(20, "Cache-Control", "a page is kept")


def _cookie(cookie: str) -> Iterator[Weakness]:
    first, *rest = cookie.split("; ")
    name, flags = first.partition("=")[0], {part.lower() for part in rest}
    if not name.startswith("__Host-"):
        yield Weakness(10, "Set-Cookie", f"{name} is not bound to the host")
    if missing := {"secure", "httponly", "path=/"} - flags:
        yield Weakness(20, "Set-Cookie", f"{name} lacks {sorted(missing)}")
    if not flags & {"samesite=lax", "samesite=strict"}:
        yield Weakness(20, "Set-Cookie", f"{name} goes across sites")
