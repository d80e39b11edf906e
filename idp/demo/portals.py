"""The three portals as ordinary clients: what they register, and what they are told.

`clients/*.json` is each one's RFC 7591 metadata but for addresses and keys.
"""

import json
import secrets
from importlib.resources import files
from pathlib import Path
from typing import Any

from joserfc.jwk import ECKey

from idp.demo.plan import DemoPlan


def write_portal(plan: DemoPlan, name: str, tls: dict[str, str]) -> dict[str, Any]:
    """Write the portal's two files and return the metadata to register.

    The metadata file is what `idp clients add` takes; the settings file is the portal's
    own. Credentials that an earlier start made are kept.
    """
    settings_file, url = plan.portal_file(name, "settings"), plan.portals[name]
    template = files("idp.demo").joinpath("clients", f"{name}.json")
    registered = json.loads(template.read_text(encoding="utf-8"))
    auth_method = registered["token_endpoint_auth_method"]
    settings = {
        **_credentials(settings_file, auth_method),
        "site": name,
        "base_url": url,
        "issuer": plan.issuer,
        "client_id": registered["client_id"],
        "auth_method": auth_method,
        "ca_file": str(plan.ca_file.absolute()) if plan.ca_file else None,
        **tls,
    }
    metadata = {
        **registered,
        "client_uri": url,
        "redirect_uris": [f"{url}/callback"],
        "post_logout_redirect_uris": [f"{url}/signed-out"],
    }
    if "private_jwk" in settings:
        key = ECKey.import_key(settings["private_jwk"])
        metadata["jwks"] = {"keys": [key.as_dict(private=False)]}
    else:
        metadata["client_secret"] = settings["client_secret"]
    _write(settings_file, settings)
    _write(plan.portal_file(name, "metadata"), metadata)
    return metadata


def _credentials(settings_file: Path, auth_method: str) -> dict[str, Any]:
    try:
        before = json.loads(settings_file.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        before = {}
    kept = {"session_key": before.get("session_key") or secrets.token_urlsafe(32)}
    if auth_method != "private_key_jwt":
        secret = before.get("client_secret") or secrets.token_urlsafe(32)
        return {**kept, "client_secret": secret}
    if before.get("private_jwk"):
        return {**kept, "private_jwk": before["private_jwk"]}
    key = ECKey.generate_key("P-256", {"use": "sig", "alg": "ES256"}, auto_kid=True)
    return {**kept, "private_jwk": key.as_dict(private=True)}


def _write(path: Path, value: dict[str, Any]) -> None:
    path.parent.mkdir(mode=0o700, exist_ok=True)
    text = json.dumps(value, ensure_ascii=False, indent=2)
    # Whole or not at all: an interrupted start must not leave half a file.
    draft = path.with_suffix(".draft")
    draft.touch(mode=0o600)
    draft.write_text(text + "\n", encoding="utf-8")
    draft.replace(path)
