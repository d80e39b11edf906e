"""Every claim about a citizen that may be given: its scope, its levels, its words.

A name with a dot is a part of another claim that is decided by itself. A claim is about
a person, or about an organisation that somebody acts for. Residence data
is opened by a level 2 account alone (Decree 69/2024 art. 9); data about other people
also need two factors in this very sign-in.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from idp.relying_parties.localised import Localised
from idp.relying_parties.scopes import SCOPE_CLAIMS as SCOPES

__all__ = [
    "CLAIMS",
    "SCOPES",
    "SOURCES",
    "SUPPORTED",
    "Claim",
    "in_order",
    "of_scopes",
    "with_parts",
]


@dataclass(frozen=True, slots=True)
class Claim:
    """One claim; a companion is shown and decided with the claim that it describes."""

    name: str
    scope: str
    label: Localised
    source: str
    account_level: int = 1
    authentication_level: int = 1
    companion_of: str | None = None
    part_of: str | None = None
    about: Literal["person", "organisation"] = "person"


def _words(vi: str, en: str) -> Localised:
    return Localised(en, {"vi": vi, "en": en})


SOURCES = {
    "population": _words("Dữ liệu dân cư", "Population data"),
    "holder": _words("Do người dân cung cấp", "Given by the holder"),
    "residence": _words("Dữ liệu cư trú", "Residence data"),
    "organisation": _words("Dữ liệu tổ chức", "Register of organisations"),
}

CLAIMS: dict[str, Claim] = {
    claim.name: claim
    for claim in (
        Claim(
            "personal_number",
            "personal_number",
            _words("Số định danh cá nhân", "Personal number"),
            "population",
        ),
        Claim(
            "name",
            "profile",
            _words("Họ, chữ đệm và tên", "Full name"),
            "population",
        ),
        Claim("family_name", "profile", _words("Họ", "Family name"), "population"),
        Claim("middle_name", "profile", _words("Chữ đệm", "Middle name"), "population"),
        Claim("given_name", "profile", _words("Tên", "Given name"), "population"),
        Claim(
            "birthdate",
            "profile",
            _words("Ngày sinh", "Date of birth"),
            "population",
        ),
        Claim(
            "birthdate_precision",
            "profile",
            _words("Độ chính xác của ngày sinh", "Precision of the date of birth"),
            "population",
            companion_of="birthdate",
        ),
        Claim("gender", "profile", _words("Giới tính", "Sex"), "population"),
        Claim(
            "residence",
            "residence",
            _words("Nơi cư trú", "Residence"),
            "residence",
            account_level=2,
        ),
        Claim(
            "address",
            "address",
            # Its value comes from the residence record, so it needs the same level.
            _words("Địa chỉ cư trú", "Address of residence"),
            "residence",
            account_level=2,
        ),
        Claim(
            "household",
            "household",
            _words("Thông tin hộ gia đình", "Household"),
            "residence",
            account_level=2,
        ),
        Claim(
            "household.members",
            "household",
            _words(
                "Các thành viên khác trong hộ (che bớt)",
                "Other members of the household (masked)",
            ),
            "residence",
            account_level=2,
            authentication_level=2,
            part_of="household",
        ),
        Claim(
            "phone_number",
            "phone",
            _words("Số điện thoại", "Phone number"),
            "holder",
        ),
        Claim(
            "phone_number_verified",
            "phone",
            _words("Số điện thoại đã xác minh", "Whether the phone was verified"),
            "holder",
            companion_of="phone_number",
        ),
        Claim("email", "email", _words("Thư điện tử", "E-mail address"), "holder"),
        Claim(
            "email_verified",
            "email",
            _words("Thư điện tử đã xác minh", "Whether the e-mail was verified"),
            "holder",
            companion_of="email",
        ),
        Claim(
            "organisation",
            "organisation",
            _words("Tổ chức", "Organisation"),
            "organisation",
            about="organisation",
        ),
    )
}

SUPPORTED = tuple(name for name, claim in CLAIMS.items() if claim.part_of is None)
"""The top-level claims that discovery lists."""


def of_scopes(scopes: Iterable[str]) -> frozenset[str]:
    """Return the claims that these scopes ask for (OIDC Core §5.4)."""
    return frozenset(name for scope in scopes for name in SCOPES.get(scope, ()))


def with_parts(names: Iterable[str]) -> frozenset[str]:
    """Return the known ones of `names` together with their parts."""
    wanted = frozenset(names)
    return frozenset(
        claim.name
        for claim in CLAIMS.values()
        if claim.name in wanted or claim.part_of in wanted
    )


def in_order(names: Iterable[str]) -> list[str]:
    """Return the known ones of `names` as the catalogue orders them."""
    wanted = frozenset(names)
    return [name for name in CLAIMS if name in wanted]
