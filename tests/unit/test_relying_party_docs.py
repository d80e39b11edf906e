"""docs/relying-parties.md names what exists, and whatever exists is named there."""

import importlib
import pkgutil
import re
from pathlib import Path

from authlib.oauth2 import OAuth2Error
from authlib.oauth2.rfc6749 import authorization_server
from authlib.oauth2.rfc6749.grants import authorization_code

import idp.oidc
from idp import relying_parties
from idp.authentication import assurance, steps
from idp.claims import catalogue
from idp.config import LifetimesConfig
from idp.web.messages import MESSAGES

TEXT = (Path(__file__).parents[2] / "docs" / "relying-parties.md").read_text()
SECONDS = {"s": 1, "min": 60, "h": 3600, "days": 86_400, "months": 365 * 7200}
# Never sent: Authlib's own checks before a flow of ours begins.
UNSENT = {"insecure_transport", "invalid_request_uri"}


def section(title: str) -> str:
    """Return the text under a heading, up to the next."""
    return re.split(r"^## ", TEXT.split(f"\n## {title}\n")[1], flags=re.MULTILINE)[0]


def rows(title: str) -> list[list[str]]:
    """Return the cells of a section's tables, without their heads."""
    lines = [line for line in section(title).splitlines() if line.startswith("| ")]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]


def names(text: str) -> set[str]:
    return set(re.findall(r"`([A-Za-z][\w.#]*)`", text))


def test_scopes_and_their_claims() -> None:
    """Each scope with exactly its claims and the account level that they need."""
    told: dict[str, tuple[set[str], int]] = {}
    for scopes, claims, level in rows("Scopes and claims")[1:]:
        for scope, group in zip(
            re.findall(r"`(\w+)`", scopes), claims.split(";"), strict=False
        ):
            told[scope] = (names(group), int(level))
    told["household"][0].add("members")  # a part of `household`, told in its row

    assert set(told) == set(catalogue.SCOPES)
    for scope, (claims, level) in told.items():
        real = {name.rpartition(".")[2] for name in catalogue.SCOPES[scope]}
        assert claims - {"sub"} == real, scope
        levels = {
            catalogue.CLAIMS[name].account_level for name in catalogue.SCOPES[scope]
        }
        assert {level} == (levels or {1}), scope


def test_levels_and_their_aliases() -> None:
    """Each alias, and no value that is not supported."""
    told = set(re.findall(r"urn:dinhdanh:acr:\d\.\d|LoA\d", TEXT))

    assert set(assurance.ALIASES) <= told <= set(assurance.supported_acr_values())


def test_protocol_errors() -> None:
    """What can come back is explained, and nothing else."""
    ours = pkgutil.walk_packages(idp.oidc.__path__, "idp.oidc.")
    modules = [authorization_server, authorization_code]
    modules += [importlib.import_module(module.name) for module in ours]
    sent = {
        item.error
        for module in modules
        for item in vars(module).values()
        if isinstance(item, type) and issubclass(item, OAuth2Error) and item.error
    }
    sent |= {
        item.error for item in vars(steps).values() if isinstance(item, steps.Step)
    }
    sent |= {"consent_required", "server_error", "temporarily_unavailable"}
    told = {name for row in rows("Errors")[1:] for name in names(row[0])}

    assert told == sent - UNSENT


def test_page_codes() -> None:
    """Each code of the citizens' messages; a range stands for those inside it."""
    told: set[str] = set()
    for cell, *_ in rows("Codes on pages")[1:]:
        codes = re.findall(r"DD-[A-Z]+-\d{3}", cell)
        if "…" in cell:
            first, last = codes
            codes = [code for code in MESSAGES if first <= code <= last]
        told |= set(codes)

    assert told == set(MESSAGES)


def test_lifetimes() -> None:
    """Each default as the code has it."""
    defaults = LifetimesConfig()
    for _, lives, settings in rows("Lifetimes")[1:]:
        spans = re.findall(r"(\d+) (s|min|h|days|months)\b", lives)
        lengths = [int(number) * SECONDS[unit] for number, unit in spans]
        if lives == "12 months":
            lengths = [365 * 86_400]
        members = re.findall(r"`(\w+)`", settings)
        for member, length in zip(members, lengths * len(members), strict=False):
            assert getattr(defaults, member) == length, member


def test_metadata_members() -> None:
    """Each member of the table is read by the registration."""
    modules = Path(relying_parties.__file__ or "").parent.glob("*.py")
    source = "".join(module.read_text() for module in modules)
    keys = {"client_id", "client_secret"}  # read by the registry itself
    for cell, *_ in rows("Registration metadata"):
        for member in names(cell.replace("Member", "")):
            assert (
                member.partition("#")[0] in keys
                or f'"{member.partition("#")[0]}"' in source
            )
