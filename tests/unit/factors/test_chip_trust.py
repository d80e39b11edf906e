"""The trust store in the database: imports count everywhere, removals too."""

import json
from hashlib import sha256

import pytest
import sqlalchemy as sa

from idp.audit.events import ChipTrustChanged
from idp.audit.models import AuditEvent
from idp.emrtd.trust import Policy
from idp.emrtd.trust_items import load_items
from idp.errors import NotFoundError
from idp.factors import chip_trust
from tests.services import BACKENDS
from tests.unit.emrtd.issuing import DAY, NOW, crl, csca, link

pytestmark = pytest.mark.parametrize("backend", BACKENDS)
VIETNAM = Policy("VNM")


@pytest.fixture
def audit(world):
    """Return the audit log."""
    return world.audit


@pytest.fixture
def bring(database, audit):
    """Return a function that imports a file and says what came of it."""

    def run(data):
        with database.read() as connection:
            loaded = chip_trust.read_file(connection, data, now=NOW)
        with database.transaction() as session:
            return chip_trust.keep(session, audit, loaded, source="a.cer", now=NOW)

    return run


def authorities(database, country="VNM"):
    trust = chip_trust.load(database, country, max_age=0)
    return {item.encoded for item in trust.authorities(Policy(country))}


def test_an_import_is_believed_and_a_removal_ends_it(database, audit, bring):
    """Only of the country that is asked for."""
    ours, theirs = csca(), csca(country="FR")
    bring(ours.der)
    bring(theirs.der)

    assert authorities(database) == {ours.der}
    assert authorities(database, "FRA") == {theirs.der}
    with database.read() as connection:
        (stored,) = chip_trust.list_items(connection, country="VNM")
    with database.transaction() as session:
        chip_trust.remove(session, audit, stored.digest.hex()[:8].upper(), now=NOW)
    assert authorities(database) == set()


def test_a_store_is_remembered_for_a_while(database, bring):
    """The same object while nothing changed; an import counts after `max_age`."""
    bring(csca().der)
    first = chip_trust.load(database, "VNM", max_age=0)

    assert chip_trust.load(database, "VN", max_age=0) is first
    bring(csca("CSCA 2").der)
    assert chip_trust.load(database, "VNM", max_age=3600) is first
    assert len(chip_trust.load(database, "VNM", max_age=0)) == 2


def test_an_item_is_kept_once(database, bring):
    """A second import of the same file changes nothing."""
    state = csca()

    assert len(bring(state.der).added) == 1
    again = bring(state.der)
    assert (again.added, again.present) == ([], 1)


def test_a_vouched_link_stays_believed(database, bring):
    """On the operator's word; with its predecessor no word is needed."""
    first, second = csca(), csca("CSCA 2")
    one = link(first, second)
    bring(one.der)

    assert authorities(database) == {one.der}
    bring(first.der)
    assert bring(one.der).present == 1
    assert authorities(database) == {one.der, first.der}


def test_a_link_outlives_its_predecessor_on_the_operators_word(database, audit, bring):
    """Without it a link proves nothing, until it is imported for itself."""
    first = csca()
    one = link(first, csca("CSCA 2"))
    bring(first.der)
    bring(one.der)
    digest = sha256(first.der).hexdigest()
    with database.transaction() as session:
        chip_trust.remove(session, audit, digest, now=NOW)

    assert authorities(database) == set()
    assert len(bring(one.der).added) == 1
    assert authorities(database) == {one.der}


def test_a_newer_list_replaces_the_older(database, bring):
    """And an older one never comes back; another authority's list is left alone."""
    state, other = csca(), csca("CSCA 2")
    bring(state.der)
    bring(other.der)
    bring(crl(other))
    old, new = crl(state, since=NOW - 9 * DAY), crl(state, [5])

    assert len(bring(old).added) == 1
    replaced = bring(new)
    assert (len(replaced.added), replaced.superseded) == (1, 1)
    late = bring(old)
    assert (late.added, late.older) == ([], 1)
    trust = chip_trust.load(database, "VNM", max_age=0)
    (authority,) = (
        item for item in trust.authorities(VIETNAM) if item.encoded == state.der
    )
    assert [item.serials for item in trust.lists_of(authority, policy=VIETNAM)] == [
        frozenset({5})
    ]


@pytest.mark.parametrize("digest", ["", "0" * 7, "0" * 64, "zz"])
def test_an_item_must_be_named(database, audit, bring, digest):
    """Too short, of no item, no digest at all."""
    bring(csca().der)
    with database.transaction() as session, pytest.raises(NotFoundError):
        chip_trust.remove(session, audit, digest, now=NOW)


def test_changes_are_in_the_audit_log(database, bring):
    """Each import that changed something, with a digest over its items."""
    state = csca()
    bring(state.der)
    bring(state.der)

    query = sa.select(AuditEvent.data).where(AuditEvent.type == ChipTrustChanged.TYPE)
    with database.read() as connection:
        (event,) = map(json.loads, connection.execute(query).scalars())
    assert (event["change"], event["certificates"]) == ("imported", 1)
    assert (event["revocation_lists"], event["source"]) == (0, "a.cer")
    assert len(event["digest"]) == 64


def test_what_was_read_is_what_is_kept(database):
    """`read_file` alone changes nothing."""
    with database.read() as connection:
        loaded = chip_trust.read_file(connection, csca().der, now=NOW)

    assert len(loaded.certificates) == 1
    assert authorities(database) == set()
    assert load_items(b"", known=chip_trust.load(database, "VN"), now=NOW).problems
