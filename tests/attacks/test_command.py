"""`idp sandbox target` and `idp attack`: the suite for any deployed sandbox."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from clients.attack.target import Target
from idp.cli import main
from idp.cli.context import CliContext
from idp.cli.sandbox import group as sandbox
from idp.config import Config
from tests.attacks.conftest import listening
from tests.attacks.weakened import WEAKNESSES

NAMES = ("clients", "citizens", "registration_tokens", "lifetimes")


def attack(target: Target, folder: Path, *options: str) -> Result:
    """Run `idp attack` on a target that was written down as the command prints it."""
    file = folder / "target.json"
    file.write_text(json.dumps({name: getattr(target, name) for name in NAMES}))
    arguments = ["attack", "--issuer", f"{target.issuer}/", *options, str(file)]
    return CliRunner().invoke(main, arguments)


def test_the_target_is_all_that_the_suite_needs(provider) -> None:
    """Clients with what proves them, the citizens, and the grace of a refresh."""
    cli = CliContext(None)
    vars(cli).update(config=provider.config, provider=provider)

    printed = json.loads(CliRunner().invoke(sandbox, ["target"], obj=cli).output)

    assert set(printed) == set(NAMES)
    proofs = [{"client_secret", "private_jwk"} & set(one) for one in printed["clients"]]
    assert proofs == [{"client_secret"}, {"private_jwk"}, {"client_secret"}, set()]


def test_a_sound_sandbox_is_reported_so(sound: Target, tmp_path: Path) -> None:
    """A line for each attack with its promise and weakness; the exit code is 0."""
    result = attack(sound, tmp_path, "--only", "R2", "--only", "parameter_given_twice")

    assert result.exit_code == 0, result.output
    assert "R2  ok" in result.output
    assert "CWE-601" in result.output
    assert result.output.endswith("2 attacks: 2 refused.\n")


def test_a_weak_sandbox_is_found_out(
    config: Config, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """What happened is told, for people and programs; the exit code is 1."""
    WEAKNESSES["redirect_uri_near_miss"](monkeypatch)
    with listening(config) as target:
        result = attack(target, tmp_path, "--only", "redirect_uri_near_miss")
        listed = attack(target, tmp_path, "--only", "R1", "--json")

    assert result.exit_code == listed.exit_code == 1
    assert "BREACH" in result.output
    assert "Run them again: --only redirect_uri_near_miss" in result.output
    (finding,) = json.loads(listed.output)
    assert (finding["line"], finding["outcome"]) == ("R1", "breached")


def test_what_cannot_be_tried_is_said(sound: Target, tmp_path: Path) -> None:
    """A sandbox with one client is no failure, and no success either."""
    alone = Target(sound.issuer, sound.clients[:1], sound.citizens)

    result = attack(alone, tmp_path, "--only", "token_of_another_client")

    assert result.exit_code == 0
    assert "needs 3 registered clients" in result.output
    assert result.output.endswith("1 attacks: 1 not tried.\n")


def test_an_unknown_name_is_refused(sound: Target, tmp_path: Path) -> None:
    """A slip of the pen does not read as success."""
    assert attack(sound, tmp_path, "--only", "R99").exit_code == 1
