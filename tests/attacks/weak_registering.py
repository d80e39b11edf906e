"""Providers that are careless with what clients say of themselves."""

import pytest
import sqlalchemy as sa

from idp import outbound
from idp.relying_parties import registration_tokens
from idp.relying_parties.models import InitialToken
from tests.attacks.weakening import always, weakness


@weakness("client_managed_by_another")
def any_registration_token(patch: pytest.MonkeyPatch) -> None:
    def find(connection, client_id, token):
        return registration_tokens.find_approved(connection, client_id)

    patch.setattr(registration_tokens, "find_own", find)


@weakness("protection_left_out")
def protections_forgotten(patch: pytest.MonkeyPatch) -> None:
    patch.setattr("idp.relying_parties.registration._kept_protections", always({}))


@weakness("registration_race")
def tokens_never_spent(patch: pytest.MonkeyPatch) -> None:
    def use(session, token, *, now):
        wanted = registration_tokens._usable(token, now)
        query = sa.select(InitialToken.id).where(*wanted)
        return session.execute(query).scalar_one_or_none()

    patch.setattr(registration_tokens, "use_initial", use)


@weakness("inner_address_registered")
def any_address(patch: pytest.MonkeyPatch) -> None:
    patch.setattr("idp.relying_parties.members._is_safe", always(True))


@weakness("look_alike_registered")
def any_name(patch: pytest.MonkeyPatch) -> None:
    def name(metadata, member):
        return metadata.get(member)

    patch.setattr("idp.relying_parties.members.name", name)


@weakness("logout_notice_led_away")
def redirects_followed(patch: pytest.MonkeyPatch) -> None:
    def post(url, *args, **kwargs):
        answer = original(url, *args, **kwargs)
        elsewhere = answer.headers.get("Location")
        return original(elsewhere, *args, **kwargs) if elsewhere else answer

    original = outbound.post
    patch.setattr(outbound, "post", post)
