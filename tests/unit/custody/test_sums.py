"""What anybody can make up costs little: the work is counted, not timed."""

from datetime import UTC, datetime
from ipaddress import ip_network

from idp.custody import sums
from idp.custody.sums import Egress, Tally, attributed

NOW = datetime(2031, 3, 5, tzinfo=UTC)
SET = b'{"keys": []}'
REGISTERED = {
    f"portal-{number}": (ip_network(f"10.{number}.0.0/16"),) for number in range(200)
} | {f"quiet-{number}": () for number in range(200)}


def count_reads(monkeypatch) -> list[str]:
    """Return a list that has every source once each time it is read."""
    read: list[str] = []

    def reading(source):
        read.append(source)
        return ip_network(source)

    monkeypatch.setattr(sums, "ip_network", reading)
    return read


def test_made_up_hints_cost_one_look(monkeypatch) -> None:
    """A thousand names from one place are one fetcher; the place is read once."""
    read = count_reads(monkeypatch)
    fetches = {(SET, "10.7.1.1", f"x{n}"): Tally(NOW, NOW, 1) for n in range(1000)}
    fetches[(SET, "192.0.2.1", "quiet-3")] = Tally(NOW, NOW, 2)

    found = attributed(fetches, Egress(REGISTERED))

    assert {place[1:]: tally.count for place, tally in found.items()} == {
        ("portal-7", "network"): 1000,
        ("quiet-3", "hint"): 2,
    }
    assert sorted(read) == ["10.7.1.1", "192.0.2.1"]


def test_whose_a_source_is() -> None:
    """A network within a registered one counts; one that two share names neither."""
    shared = {"one": (ip_network("10.0.0.0/24"),), "two": (ip_network("10.0.0.0/16"),)}
    egress = Egress(shared | {"six": (ip_network("2001:db8:1::/48"),), "none": ()})

    assert [
        egress.attribute(*of)
        for of in (
            ("10.0.0.1", ""), ("10.0.0.1", "two"), ("10.0.9.0/28", "none"),
            ("10.0.9.0/28", ""), ("10.0.9.0/28", "one"), ("2001:db8:1::/64", ""),
            ("10.0.0.0/8", ""), ("not a place", "none"), ("", "unknown"),
        )
    ] == [
        ("", "nobody"), ("two", "network"), ("none", "hint"),
        ("two", "network"), ("", "nobody"), ("six", "network"),
        ("", "nobody"), ("none", "hint"), ("", "nobody"),
    ]  # fmt: skip
