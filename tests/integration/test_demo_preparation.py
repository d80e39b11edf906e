"""The demo's state folder is filled step by step, and each step may be repeated."""

import shutil
import stat

import pytest
import sqlalchemy as sa

from idp.config import load_config
from idp.demo.plan import PORTALS, DemoPlan
from idp.demo.preparation import prepare
from idp.errors import ConfigError
from idp.factors import chip_trust
from idp.factors.models import ChipCard
from idp.provider import build_provider
from idp.sandbox.cards import enrolled_numbers
from idp.storage.opening import open_database
from keys.kek import create_kek


def silent(_text: str) -> None:
    """Say nothing."""


@pytest.fixture(scope="module")
def plan(tmp_path_factory):
    """Return a demo that was prepared once."""
    prepared = DemoPlan(tmp_path_factory.mktemp("demo"), 9100, tls=True)
    prepare(prepared, silent)
    return prepared


@pytest.fixture
def own(plan, tmp_path):
    """Return a copy of the prepared demo, for one test to spoil."""
    return DemoPlan(shutil.copytree(plan.folder, tmp_path / "own"), 9700, tls=False)


def test_repeating_changes_nothing(plan):
    """The second start keeps the key, the configuration and the citizens."""
    kek = (plan.folder / "kek").read_bytes()
    written = plan.config_file.read_text()

    again = prepare(plan, silent)

    assert (plan.folder / "kek").read_bytes() == kek
    assert plan.config_file.read_text() == written
    assert len(again.citizens) > 15


def test_citizens_have_cards_that_are_believed(plan):
    """Each card is issued once, and some are enrolled with their holders' accounts."""
    cards = {path.name: path.read_bytes() for path in plan.cards.glob("*.card.json")}

    prepare(plan, silent)

    assert len(cards) > 10
    assert cards == {path.name: path.read_bytes() for path in card_files(plan)}
    assert all(stat.S_IMODE(path.stat().st_mode) == 0o600 for path in card_files(plan))
    provider = build_provider(load_config(plan.config_file))
    try:
        with provider.database.read() as connection:
            trusted = chip_trust.list_items(connection, country="VNM")
            enrolled = connection.execute(
                sa.select(sa.func.count()).where(ChipCard.credential_id.is_not(None))
            ).scalar()
    finally:
        provider.database.close()
        provider.ephemeral.close()
    assert sorted(item.kind for item in trusted) == ["crl", "csca"]
    assert enrolled == len(enrolled_numbers()) > 1


def card_files(plan):
    """Return the files of the cards."""
    return plan.cards.glob("*.card.json")


@pytest.mark.parametrize("damage", ["missing", "spoiled"])
def test_lost_cards_are_explained(own, damage):
    """New ones would be of another issuer, and the accounts hold the old ones' keys."""
    if damage == "missing":
        shutil.rmtree(own.cards)
    else:
        for path in card_files(own):
            path.write_text("{")

    with pytest.raises(ConfigError, match=r"the cards in .*RESET=1"):
        prepare(own, silent)


def test_cards_left_half_issued_are_issued_again(tmp_path):
    """An interrupted first start is made up for."""
    plan = DemoPlan(tmp_path, 9850, tls=False)
    plan.cards.mkdir()
    (plan.cards / "people.json").write_text("[")

    prepare(plan, silent)

    assert (plan.cards / "csca.cer").exists()


def test_the_configuration_is_a_sandbox_on_loopback(plan):
    """What the demo writes is an ordinary configuration."""
    config = load_config(plan.config_file)

    assert config.issuer == "https://localhost:9100"
    assert config.sandbox.enabled
    assert config.server.workers == 2
    assert config.server.tls_certificate == plan.folder / "server.pem"


def test_each_portal_is_registered(plan):
    """The three are found as any client is."""
    provider = build_provider(load_config(plan.config_file))
    try:
        parties = [provider.relying_parties.find(f"demo-{name}") for name in PORTALS]
    finally:
        provider.database.close()
        provider.ephemeral.close()

    assert [party.redirect_uris[0] for party in parties] == [
        f"{url}/callback" for url in plan.portals.values()
    ]


def test_another_address_is_taken_over(plan):
    """PORT= and TLS= may change from start to start; the data stays."""
    moved = DemoPlan(plan.folder, 9200, tls=False)

    config = prepare(moved, silent).config
    back = prepare(plan, silent).config

    assert config.issuer == "http://localhost:9200"
    assert config.server.tls_certificate is None
    assert back.issuer == plan.issuer


def test_a_database_without_its_key_is_explained(tmp_path):
    """A new key would not open what the lost one sealed."""
    plan = DemoPlan(tmp_path, 9300, tls=False)
    (tmp_path / "dinhdanh.db").touch()

    with pytest.raises(ConfigError, match=r"kek is missing.*RESET=1"):
        prepare(plan, silent)


def test_a_foreign_key_is_explained(own):
    """Secrets sealed under another key cannot be opened, and the way out is said."""
    (own.folder / "kek").unlink()
    create_kek(own.folder / "kek")

    with pytest.raises(ConfigError, match=r"another key-encryption key.*RESET=1"):
        prepare(own, silent)


def test_a_broken_configuration_is_explained(tmp_path):
    """What a person has spoilt is not overwritten silently."""
    plan = DemoPlan(tmp_path, 9500, tls=False)
    plan.config_file.write_text("issuer = ")

    with pytest.raises(ConfigError, match=r"config.toml.*RESET=1"):
        prepare(plan, silent)


def test_a_broken_ca_is_explained(tmp_path):
    """A certificate that cannot be read is named."""
    plan = DemoPlan(tmp_path, 9600, tls=True)
    (tmp_path / "ca.pem").write_text("not a certificate")
    (tmp_path / "ca.key").write_text("not a key")

    with pytest.raises(ConfigError, match=r"ca.pem.*RESET=1"):
        prepare(plan, silent)


def test_an_interrupted_first_start_is_finished(own):
    """A database without its portals gets them."""
    config = prepare(own, silent).config
    database = open_database(config)
    with database.engine.begin() as connection:
        connection.exec_driver_sql("DELETE FROM client_secrets")
        connection.exec_driver_sql("DELETE FROM relying_parties")
    database.close()

    prepare(own, silent)

    provider = build_provider(config)
    try:
        assert provider.relying_parties.find("demo-bank") is not None
    finally:
        provider.database.close()
        provider.ephemeral.close()
