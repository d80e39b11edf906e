"""docs/assurance.md and `idp assurance show` print what the code decides."""

from pathlib import Path

import pytest
from click.testing import CliRunner

from idp.authentication import truth_table
from idp.cli.assurance import group
from idp.cli.context import CliContext

DOCS = Path(__file__).parents[3] / "docs" / "assurance.md"


def level(proven: str, *, biometric: bool = False) -> int:
    rows = {row.proven: row for row in truth_table.rows(biometric=biometric)}
    return rows[proven].level


def test_the_page_has_the_table() -> None:
    """Both tables, word for word; `idp assurance show --markdown` prints them anew."""
    text = DOCS.read_text()

    assert truth_table.markdown(biometric=False) in text
    assert truth_table.markdown(biometric=True, changed=True) in text


@pytest.mark.parametrize(
    ("proven", "off", "on"),
    [
        ("chip card", 1, 1),
        ("chip card + authenticator app", 1, 1),
        ("authenticator app + text message", 1, 1),
        ("password, twice", 1, 1),
        ("chip card + password", 2, 2),
        ("password + passcode", 1, 1),
        ("chip card + passcode", 1, 1),
        ("passkey, user verified", 2, 3),
        ("chip card + passkey, user verified", 2, 3),
        ("passkey, user verified + password", 2, 4),
        ("another device, itself at level 1 + password", 1, 1),
        ("another device, itself at level 2 or more", 2, 2),
    ],
)
def test_levels(proven: str, off: int, on: int) -> None:
    """The law's levels, without and with the setting (Decree 69/2024 art. 20)."""
    assert (level(proven), level(proven, biometric=True)) == (off, on)


def test_only_a_whole_sign_in_is_let_in() -> None:
    """Neither a card nor a code alone, nor two of them, whatever the setting."""
    for biometric in (False, True):
        asks = {row.proven for row in truth_table.rows(biometric=biometric)}
        asks -= {
            row.proven for row in truth_table.rows(biometric=biometric) if row.is_whole
        }

        assert asks == {
            "chip card",
            "chip card + authenticator app",
            "chip card + passcode",
            "authenticator app + text message",
            "security key, presence only",
            "chip card + security key, presence only",
        }


def test_amr_never_calls_a_chip_a_pin() -> None:
    """The chip is read with what is printed on the card; no PIN is entered."""
    chips = [row for row in truth_table.rows(biometric=True) if "chip" in row.proven]

    assert chips
    assert all("sc" in row.amr and "pin" not in row.amr for row in chips)


def test_the_command() -> None:
    """It needs no configuration, and knows the table as Markdown."""
    shown = CliRunner().invoke(group, ["show"], obj=CliContext(None))
    printed = CliRunner().invoke(group, ["show", "--markdown"], obj=CliContext(None))

    assert shown.exit_code == 0, shown.output
    assert "does not count as the law's biometric" in " ".join(shown.output.split())
    assert printed.output == truth_table.markdown(biometric=False)
