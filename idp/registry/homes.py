"""Where invented people live: real communes, streets named after flowers."""

from dataclasses import dataclass
from datetime import date, timedelta
from functools import cache

from idp.registry.divisions import Commune, packaged
from idp.registry.draws import Draws
from idp.registry.person import Residence, Stay

MERGER = date(2025, 7, 1)
_FLOWERS = (
    "Hoa Sen", "Hoa Sữa", "Hoa Ban", "Hoa Phượng", "Hoa Cau", "Hoa Đào", "Hoa Mai",
    "Hoa Giấy", "Hoa Lài", "Hoa Súng", "Hoa Gạo", "Hoa Lý", "Hoa Bưởi", "Hoa Nhài",
)  # fmt: skip
_CITIES = frozenset({"01", "31", "48", "79", "92"})
_LONGEST_LODGING = 730  # days; Law on Residence art. 27: two years, renewable


@dataclass(frozen=True, slots=True)
class Home:
    """The permanent address of a household."""

    commune: Commune
    stay: Stay


def home(draws: Draws, today: date) -> Home:
    """Return where a household is registered, since up to thirty years."""
    commune = draws.one_of(packaged().communes)
    since = today - timedelta(days=draws.between(30, 30 * 365))
    return Home(commune, _stay(draws, commune, since, until=None))


def residence(draws: Draws, household: Home, today: date, *, age: int) -> Residence:
    """Return one member's residence: one grown-up in twelve lodges in a city."""
    if not 17 <= age <= 45 or not draws.happens(80):
        return Residence(permanent=household.stay, present=household.stay)
    since = today - timedelta(days=draws.between(1, 600))
    until = since + timedelta(days=draws.between(601, _LONGEST_LODGING))
    lodging = _stay(draws, draws.one_of(_city_communes()), since, until=until)
    return Residence(
        permanent=household.stay,
        temporary=lodging,
        present=Stay(lodging.address, since=since),
    )


@cache
def _city_communes() -> tuple[Commune, ...]:
    return tuple(c for c in packaged().communes if c.province_code in _CITIES)


def _stay(draws: Draws, commune: Commune, since: date, *, until: date | None) -> Stay:
    flower = draws.one_of(_FLOWERS)
    if commune.commune.startswith("Xã"):
        detail = f"Thôn {flower}"
    elif draws.happens(400):
        detail = f"Số {draws.between(1, 60)}, ngõ {draws.between(2, 90)}, phố {flower}"
    else:
        detail = f"Số {draws.between(1, 400)}, đường {flower}"
    return Stay(
        commune.address(detail, is_older=since < MERGER), since=since, until=until
    )
