"""The scopes that can be registered and asked, and the personal claims each stands for.

`idp.claims.catalogue` says what each claim is and needs.
"""

SCOPE_CLAIMS: dict[str, tuple[str, ...]] = {
    "openid": (),
    "profile": (
        "name",
        "family_name",
        "middle_name",
        "given_name",
        "gender",
        "birthdate",
        "birthdate_precision",
    ),
    "email": ("email", "email_verified"),
    "phone": ("phone_number", "phone_number_verified"),
    "address": ("address",),
    "offline_access": (),
    "personal_number": ("personal_number",),
    "residence": ("residence",),
    "household": ("household", "household.members"),
    "representation": (),
    "organisation": ("organisation",),
    "residence_credential": ("residence",),
}

COVERED_BY = {
    "email_verified": "email",
    "phone_number_verified": "phone_number",
    "birthdate_precision": "birthdate",
    "family_name": "name",
    "middle_name": "name",
    "given_name": "name",
}
"""Claims for which the purpose of another serves, unless they have their own."""

NEVER_BY_DEFAULT = frozenset({"household.members"})
"""Claims about other people: no default purpose, not even in a sandbox."""

CLAIMS = frozenset(name for names in SCOPE_CLAIMS.values() for name in names)
