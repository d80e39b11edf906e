"""`verified_claims` of every citizen fit the schema of OpenID Identity Assurance."""

from copy import deepcopy

from idp.accounts.identifiers import find_account_id
from idp.claims.request import ClaimsRequest
from idp.claims.verified_claims import VERIFIABLE
from tests.conformance.identity_schema import flaws
from tests.conformance.test_oidf_ekyc import EVERYTHING
from tests.driver import citizens
from tests.integration.token_side import authorize, redeem, register, userinfo

SCOPE = "openid profile address personal_number residence household"
POLICY = [
    {"claim": name, "purpose": "To know it", "legal_basis": "Art. 1"}
    for name in ("household", "household.members")
]
ELEMENT = {"verification": EVERYTHING, "claims": dict.fromkeys(VERIFIABLE)}
ASKED = ClaimsRequest.from_json({"userinfo": {"verified_claims": ELEMENT}}).to_json()


def told_of_everyone(client, provider):
    """Return the verified claims of all level 2 citizens, with all behind them."""
    portal = register(provider, scope=SCOPE, claims_policy=POLICY)
    for person in citizens(provider):
        if person["account_level"] != 2 or person["state"] != "active":
            continue
        with provider.database.read() as connection:
            number = person["personal_number"]
            account_id = find_account_id(connection, provider.sealer, number)
        made = authorize(
            provider, portal, scopes=SCOPE, account_id=account_id, claims=ASKED
        )
        token = redeem(client, portal, made)["access_token"]
        yield userinfo(client, token).get_json()["verified_claims"]


def test_every_citizen_s_answer_fits(client, provider):
    """Born in a year only, without residence, a foreigner: all of them."""
    told = list(told_of_everyone(client, provider))

    assert [flaws(element) for element in told] == [[]] * len(told)
    assert len(told) > 5
    assert any(len(element["claims"]["birthdate"]) == 4 for element in told)
    assert any(len(element["verification"]["evidence"]) == 2 for element in told)


def test_what_does_not_fit_is_found(client, provider):
    """Each change to a sound answer is a flaw."""
    sound = next(told_of_everyone(client, provider))
    assert flaws([sound]) == []

    for path, value in (
        (("verification", "trust_framework"), None),
        (("verification", "time"), "2024-09-12"),
        (("verification", "evidence"), []),
        (("verification", "evidence", 0, "type"), "document"),
        (("verification", "evidence", 0, "record", "created_at"), "2024-09-12"),
        (("verification", "evidence", 0, "record", "source"), {}),
        (("verification", "evidence", 0, "record", "source", "country_code"), "v"),
        (("claims",), {}),
        (("claims", "name"), None),
        (("claims", "birthdate"), "1945-01"),
        (("more",), "x"),
    ):
        changed = deepcopy(sound)
        *way, last = path
        place = changed
        for step in way:
            place = place[step]
        place[last] = value
        assert flaws(changed), path
    assert flaws([])
