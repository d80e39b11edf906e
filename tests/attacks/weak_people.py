"""Providers that are careless with sessions, factors, levels and pages."""

from dataclasses import replace
from types import SimpleNamespace
from urllib.parse import unquote

import pytest

from idp.authentication import assurance, session, steps
from idp.factors.send_limits import Passage, SendLimits
from idp.web import login
from tests.attacks.rewriting import Exchange, rewrite
from tests.attacks.weakening import always, weakness


@weakness("session_fixed", "sign_in_planted")
def session_of_the_last(patch: pytest.MonkeyPatch) -> None:
    def find(reader, token, **rest):
        found = original(reader, token, **rest)
        if found is not None:
            last[:] = [token]
        elif last:
            return original(reader, last[0], **rest)
        return found

    last: list[str] = []
    original = session.find
    patch.setattr(session, "find", find)


@weakness("locked_account")
def locks_unread(patch: pytest.MonkeyPatch) -> None:
    standing = SimpleNamespace(effective="active")
    patch.setattr("idp.web.proofs.read_standing", always(standing))
    one_factor_is_enough(patch)


@weakness("cookies_mixed")
def any_person(patch: pytest.MonkeyPatch) -> None:
    patch.setattr("idp.web.csrf.check", always(None))
    patch.setattr(steps, "_selection", always(None))


@weakness("factor_skipped")
def one_factor_is_enough(patch: pytest.MonkeyPatch) -> None:
    def unmet(signed_in):
        return steps.NO_SESSION if signed_in is None else None

    patch.setattr(steps, "unmet_session", unmet)


@weakness("page_framed_or_kept")
def framed(patch: pytest.MonkeyPatch) -> None:
    rewrite(patch, lambda seen: seen.change_header("X-Frame-Options", always(None)))


@weakness("secret_shown_again")
def forms_echoed(patch: pytest.MonkeyPatch) -> None:
    def change(seen: Exchange) -> None:
        seen.body += seen.posted

    rewrite(patch, change)


@weakness("messages_pumped")
def messages_uncounted(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(SendLimits, "admit", always(Passage(allowed=True)))


@weakness("level_claimed")
def level_believed(patch: pytest.MonkeyPatch) -> None:
    def earned(*args):
        return replace(original(*args), account_level=2)

    original = assurance.earned
    patch.setattr(assurance, "earned", earned)
    patch.setattr("idp.oidc.codes.check_live", lambda live, sign_in: live)


@weakness("level_asked_for")
def level_echoed(patch: pytest.MonkeyPatch) -> None:
    def answer(requested, earned):
        return requested[0] if requested else original(requested, earned)

    original = assurance.answer
    patch.setattr(assurance, "answer", answer)


@weakness("proof_not_renewed")
def proof_never_old(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(steps, "_recency", always(None))


@weakness("text_reflected")
def address_echoed(patch: pytest.MonkeyPatch) -> None:
    def change(seen: Exchange) -> None:
        seen.body += unquote(seen.environ.get("QUERY_STRING", "")).encode()

    rewrite(patch, change)


@weakness("host_forged")
def host_believed(patch: pytest.MonkeyPatch) -> None:
    def change(seen: Exchange) -> None:
        seen.body += seen.environ.get("HTTP_HOST", "").encode()

    rewrite(patch, change)


@weakness("citizen_enumerated")
def numbers_told_apart(patch: pytest.MonkeyPatch) -> None:
    def prove(step, typed, secret):
        return (None, 30) if typed.endswith("999998") else original(step, typed, secret)

    original = login._prove
    patch.setattr(login, "_prove", prove)


@weakness("staff_page_opened")
def staff_open(patch: pytest.MonkeyPatch) -> None:
    def change(seen: Exchange) -> None:
        if seen.path.startswith("/staff"):
            seen.status, seen.body = "200 OK", b"staff"
            seen.change_header("Location", always(None))

    rewrite(patch, change)
