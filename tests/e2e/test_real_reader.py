"""From the browser to the chip through the machine's real pcscd, and back again.

browser → provider → agent → pyscard → pcscd → vpcd → virtual chip.
"""

import pytest
from playwright.sync_api import expect

from tests.e2e.card import allow, back_at_provider, to_card_page, to_reader
from tests.e2e.driving import developer_panel, finish
from tests.e2e.pcscd import private_pcscd
from tests.e2e.people import told
from tests.e2e.running import spawn_demo, start_demo

pytestmark = [
    pytest.mark.e2e,
    pytest.mark.timeout(300),
    pytest.mark.xdist_group("pcsc"),  # one demo for all
]


@pytest.fixture(scope="module")
def pcscd(tmp_path_factory):
    """Run a pcscd whose socket this module's demo alone knows."""
    with private_pcscd(tmp_path_factory.mktemp("pcscd")) as running:
        yield running


@pytest.fixture(scope="module")
def real_demo(pcscd, demo, tmp_path_factory):
    """Run the demo as PCSC=1 make demo does, on that pcscd."""
    with pytest.MonkeyPatch.context() as environment:
        for name, value in pcscd.environment.items():
            environment.setenv(name, value)
        state = demo.copy(tmp_path_factory.mktemp("pcsc") / "state")
        running = start_demo(state, "--pcsc")
    yield running
    running.stop()


@pytest.fixture
def empty_reader(pcscd):
    """Begin and end with nothing on the reader."""
    pcscd.take_away()
    yield pcscd
    pcscd.take_away()


def card_of(demo, citizen):
    """Return the file of that citizen's card."""
    return demo.folder / "cards" / f"{citizen['personal_number']}.card.json"


@pytest.mark.parametrize("words", ["chip-id card", "the way back"])
def test_a_card_laid_after_the_click_signs_in(
    page, real_demo, citizens, empty_reader, words
):
    """The page asks for the card in words, reads it, and the portal has its level."""
    citizen = told(citizens, words)
    to_card_page(page, real_demo, "bank", citizen["personal_number"])
    to_reader(page, real_demo)
    assert page.locator("[name=card]").count() == 0

    allow(page)
    expect(page.locator("#live .text")).to_have_text("Đặt thẻ lên đầu đọc.")
    empty_reader.lay(card_of(real_demo, citizen))
    back_at_provider(page, real_demo)
    finish(page, real_demo, citizen)

    assert page.url == f"{real_demo.portals['bank']}/profile"
    claims = developer_panel(page, "id_token")["claims"]
    assert claims["acr"] == "urn:dinhdanh:acr:2.2"
    assert {"sc", "pwd"} <= set(claims["amr"])


def test_cancel_while_waiting_for_the_card(page, real_demo, citizens, empty_reader):
    """The reader stays free for the next reading."""
    citizen = told(citizens, "chip-id card")
    to_card_page(page, real_demo, "bank", citizen["personal_number"])
    to_reader(page, real_demo)
    allow(page)
    expect(page.locator("#live .text")).to_have_text("Đặt thẻ lên đầu đọc.")

    page.locator("[name=decision][value=cancel]").click()

    back_at_provider(page, real_demo)
    assert "/chip/" in page.url


def test_what_is_missing_is_named(demo, tmp_path):
    """Without pcscd the demo says what to install and start, and stops."""
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("PCSCLITE_CSOCK_NAME", str(tmp_path / "nobody"))
        refused = spawn_demo(demo.copy(tmp_path / "state"), "--pcsc")

    assert refused.wait(120) == 1
    assert "apt-get install -y pcscd" in refused.text
