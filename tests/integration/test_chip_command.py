"""`idp chip trust`: files in, a report out, and only usable things kept."""

import pytest
from click.testing import CliRunner

from idp import clock
from idp.cli.chip import group
from idp.cli.context import CliContext
from tests.unit.emrtd import issuing
from tests.unit.emrtd.issuing import DAY, YEAR, crl, csca, list_signer
from tests.unit.emrtd.signed_files import master_list


@pytest.fixture
def idp(provider):
    """Return a function that runs `idp chip trust …` and returns its result."""
    cli = CliContext(None)
    vars(cli).update(config=provider.config, provider=provider)

    def run(*arguments):
        return CliRunner().invoke(group, ["trust", *map(str, arguments)], obj=cli)

    return run


@pytest.fixture
def file(tmp_path):
    """Return a function that writes a file."""

    def write(name, data):
        path = tmp_path / name
        path.write_bytes(data)
        return path

    return write


def state(country="VN", **changes):
    now = clock.now().replace(microsecond=0)
    period = {"since": now - YEAR, "until": now + YEAR}
    return csca(country=country, **(period | changes))


def test_a_certificate_is_imported_listed_and_removed(idp, file):
    """Until there is one of the configured country, `list` says what that means."""
    assert "no card is believed yet" in idp("list").stdout
    result = idp("import", file("vn.cer", state().der))

    assert result.exit_code == 0, result.output
    assert "vn.cer: 1 new, 0 known before, 0 not usable." in result.stdout
    listed = idp("list", "--country", "VNM").stdout
    assert "Common Name: CSCA" in listed
    assert "vn.cer" in listed
    assert "no card is believed yet" not in listed
    digest = next(word for word in listed.split() if len(word) == 16)
    assert f"removed {digest}" in idp("remove", digest).stdout
    assert idp("remove", digest).exit_code == 1


def test_a_master_list_is_reported_on(idp, file):
    """What was taken, who signed it, and each part that cannot be used."""
    now = clock.now().replace(microsecond=0)
    ours, weak = state(), state(key=issuing.rsa_private(1024))
    signer = list_signer(ours, since=now - DAY, until=now + DAY)
    listed = [ours.der, state("FR").der, weak.der]
    result = idp("import", file("list.ml", master_list(signer, listed)))

    assert result.exit_code == 0, result.output
    assert "list.ml: 2 new, 0 known before, 1 not usable." in result.stdout
    assert "whose CSCA is in the list itself" in result.stdout
    assert "its key is too short" in result.stdout


def test_files_are_taken_one_after_another(idp, file):
    """A revocation list after its authority; a useless file makes the exit code 1."""
    now = clock.now().replace(microsecond=0)
    ours = state()
    revoked = crl(ours, [1], since=now - DAY, until=now + DAY)
    newer = crl(ours, [1, 2], since=now, until=now + DAY)
    result = idp(
        "import",
        file("vn.cer", ours.der),
        file("one.crl", revoked),
        file("two.crl", newer),
        file("one-again.crl", revoked),
        file("notes.txt", b"[bold]nothing"),
    )

    assert result.exit_code == 1
    lines = [line for line in result.stdout.splitlines() if ": " in line]
    assert "one.crl: 1 new, 0 known before, 0 not usable." in lines
    assert (
        "two.crl: 1 new, 0 known before, 1 older revocation lists replaced, "
        "0 not usable." in lines
    )
    assert (
        "one-again.crl: 0 new, 0 known before, 1 older than what is here, "
        "0 not usable." in lines
    )
    assert "neither DER nor PEM" in result.stdout


def test_a_loose_link_is_taken_on_the_operators_word(idp, file):
    """As a self-signed CSCA is; the report says so."""
    now = clock.now().replace(microsecond=0)
    period = {"since": now - DAY, "until": now + DAY}
    path = file("link.cer", issuing.link(csca(), csca("CSCA 2"), **period).der)
    taken = idp("import", path)

    assert taken.exit_code == 0
    assert "1 link certificates without their predecessor" in taken.stdout
    assert "vouched" in idp("list").stdout
