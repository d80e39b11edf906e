"""The security headers of every answer, and the content policy of pages.

Pages carry no inline script or style and write no HTML from scripts (Trusted Types).
Everything else, should a browser ever show it, may do nothing at all.
"""

from collections.abc import Iterable

from idp.config import LOOPBACK_HOSTS, Config

Headers = tuple[tuple[str, str], ...]

# What browsers know and would ask or allow by default; nothing of it is used here.
_REFUSED = (
    "accelerometer", "autoplay", "browsing-topics", "camera", "clipboard-read",
    "clipboard-write", "compute-pressure", "display-capture", "encrypted-media",
    "fullscreen", "gamepad", "geolocation", "gyroscope", "hid",
    "identity-credentials-get", "idle-detection", "interest-cohort", "keyboard-map",
    "local-fonts", "magnetometer", "microphone", "midi", "otp-credentials", "payment",
    "picture-in-picture", "screen-wake-lock", "serial", "speaker-selection",
    "storage-access", "sync-xhr", "unload", "usb", "window-management",
    "xr-spatial-tracking",
)  # fmt: skip
_OWN = ("publickey-credentials-create", "publickey-credentials-get")
_NOTHING = (
    "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
# `form-action`, `connect-src` and `frame-src` are completed for each page.
_PAGE = (
    "default-src 'none'; style-src 'self'; script-src 'self'; font-src 'self'; "
    "img-src 'self' data:; base-uri 'none'; frame-ancestors 'none'; "
    "require-trusted-types-for 'script'; trusted-types 'none'"
)
EMBEDDER = "Cross-Origin-Embedder-Policy"


def permissions(*own: str) -> str:
    """Return the permissions policy; only this origin may use passkeys, and `own`."""
    refused = (f"{name}=()" for name in _REFUSED)
    return ", ".join((*refused, *(f"{name}=(self)" for name in (*_OWN, *own))))


def of_every_answer(config: Config) -> Headers:
    """Return what all answers carry; what is no page has a policy of nothing."""
    headers = (
        ("X-Content-Type-Options", "nosniff"),
        ("X-Frame-Options", "DENY"),
        ("Referrer-Policy", "no-referrer"),
        ("Cross-Origin-Opener-Policy", "same-origin"),
        ("Cross-Origin-Resource-Policy", "same-origin"),
        (EMBEDDER, "require-corp"),
        ("Permissions-Policy", permissions()),
        ("Content-Security-Policy", _NOTHING),
    )
    if not config.is_secure or config.host in LOOPBACK_HOSTS:
        # On a loopback host it would shut every other local http server out for long.
        return headers
    server = config.server
    subdomains = "; includeSubDomains" if server.hsts_subdomains else ""
    transport = f"max-age={server.hsts_max_age}{subdomains}"
    return (*headers, ("Strict-Transport-Security", transport))


def page_policy(
    *, forms_to: Iterable[str], connects_to: Iterable[str], frames: str
) -> str:
    """Return a page's content policy, open to these origins beside our own."""
    forms = " ".join(("'self'", *filter(None, forms_to)))
    sources = " ".join(("'self'", *filter(None, connects_to)))
    framed = f"frame-src {frames}; " if frames else ""
    return f"{_PAGE}; connect-src {sources}; {framed}form-action {forms}"
