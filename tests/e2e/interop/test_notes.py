"""The programs of docs/interop.md sign a citizen in, word for word."""

import re
import sys
from pathlib import Path

import pytest

from tests.e2e.interop.programs import NODE, back, sign_in
from tests.e2e.people import told

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(240)]

NOTES = Path(__file__).parents[3] / "docs" / "interop.md"
RUN = {
    "python": [sys.executable, "-c"],
    "js": [*NODE, "--input-type=module", "--eval"],
}


@pytest.mark.parametrize("language", RUN)
def test_the_program_signs_in(page, demo, citizens, language):
    """Discovery, PKCE, the ID token's checks and userinfo, by a stock library."""
    blocks = re.findall(
        rf"```{language}\n(.*?)```", NOTES.read_text("utf-8"), re.DOTALL
    )
    assert len(blocks) == 1
    party = demo.register(
        redirect_uris=[back(demo)], scope="openid profile", sector=f"{language}.test"
    )
    named = {name: party[name] for name in ("client_id", "client_secret")}

    learned = sign_in(
        page, demo, told(citizens, "birth year"), *RUN[language], blocks[0], **named
    )

    assert learned["name"]
