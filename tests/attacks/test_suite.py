"""The attack suite: refused by the provider, and each let through by a weak one."""

import pytest
from flask import Flask

from clients.attack import checklist
from clients.attack.suite import ATTACKS, Attack
from idp.config import Config
from tests.attacks.conftest import listening
from tests.attacks.weakened import WEAKNESSES

each_attack = pytest.mark.parametrize(
    "attack", checklist.find(), ids=lambda one: f"{one.line}-{one.name}"
)


# What these leave behind: nobody types a code from here for a quarter of an hour.
USES_UP = ("user_code_guessed",)


@each_attack
def test_the_provider_refuses(request: pytest.FixtureRequest, attack: Attack) -> None:
    """The provider as it is holds."""
    target = "alone" if attack.name in USES_UP else "sound"
    finding = checklist.attempt(request.getfixturevalue(target), attack)

    assert (finding.outcome, finding.told) == ("refused", "")


@each_attack
def test_the_attack_can_succeed(
    config: Config, bare_app: Flask, monkeypatch: pytest.MonkeyPatch, attack: Attack
) -> None:
    """A provider with this one weakness is found out: the test can fail."""
    WEAKNESSES[attack.name](monkeypatch)
    with listening(config, bare_app) as target:
        target.parallel = 8
        finding = checklist.attempt(target, attack)

    assert finding.outcome == "breached", finding.told


def test_each_attack_is_named_once_with_its_weakness() -> None:
    """Names are unique, and each names a CWE and what a sound provider does."""
    assert len({one.name for one in ATTACKS}) == len(ATTACKS)
    assert set(WEAKNESSES) == {one.name for one in ATTACKS}
    for one in ATTACKS:
        assert one.promise.endswith(".")
        assert any(name.startswith("CWE-") for name in one.weaknesses)
