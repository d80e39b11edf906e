"""One request within an activation: the browser, its case, and what comes next."""

from dataclasses import dataclass
from http import HTTPStatus

from flask import redirect, url_for
from flask.typing import ResponseReturnValue

from idp.enrolment import activation, activation_case
from idp.enrolment.activation_case import ActivationCase, ActivationError
from idp.factors.sent_codes import Errand
from idp.provider import Provider
from idp.web import presentation, visit
from idp.web.visit import Visit


@dataclass(frozen=True, slots=True)
class Here:
    """A visit to one activation of this browser."""

    visit: Visit
    case: ActivationCase

    @property
    def provider(self) -> Provider:
        """Return the running provider."""
        return self.visit.provider

    @property
    def hub(self) -> str:
        """Return the address that leads to the next step."""
        return url_for("activate.hub", activation_id=self.case.id)

    @property
    def binding(self) -> str:
        """Return what binds codes and challenges to this activation."""
        return f"activate:{self.case.id}"

    def purpose(self, form: str) -> str:
        """Return the purpose that binds a form to this activation."""
        return f"{form}:{self.case.id}"

    def token(self, form: str) -> str:
        """Return the token of a form of this activation."""
        return self.visit.token(self.purpose(form))

    def errand(self, phone: str) -> Errand:
        """Return the errand of a code that is sent for this activation."""
        return Errand(self.case.blind_id, phone, "activate", self.binding)

    def phone(self) -> str:
        """Return the account's phone; the same look-up where there is none."""
        with self.provider.database.read() as connection:
            sealer = self.provider.sealer
            found = activation.read(connection, sealer, self.case.holder)
        return (found.phone or "") if found else ""

    def until(self) -> str:
        """Return until when the account may be activated, in words."""
        days = self.provider.config.activation.window_days
        with self.provider.database.read() as connection:
            sealer = self.provider.sealer
            found = activation.read(connection, sealer, self.case.holder)
        ends = activation.until(found, days=days) if found else None
        return presentation.end_text(ends) if ends else ""

    def save(self, case: ActivationCase) -> None:
        """Store the case as this step left it."""
        activation_case.save(
            self.provider.ephemeral,
            case,
            now=self.visit.now,
            ttl=self.provider.config.activation.attempt,
        )

    def go_on(self) -> ResponseReturnValue:
        """Lead to the next step, which the hub decides."""
        return redirect(self.hub, HTTPStatus.SEE_OTHER)


def enter(activation_id: str) -> Here:
    """Load the activation of this browser; raises `ActivationError`."""
    here = visit.begin()
    case = activation_case.load(
        here.provider.ephemeral,
        activation_id,
        browser=here.browser,
        now=here.now,
        ttl=here.provider.config.activation.attempt,
    )
    return Here(here, case)


def enter_proven(activation_id: str, *, has_password: bool = False) -> Here:
    """Load an activation whose phone is proven, and whose password is chosen."""
    here = enter(activation_id)
    if not here.case.is_phone_proven:
        raise ActivationError("the phone is not proven")
    if has_password and here.case.password is None:
        raise ActivationError("no password is chosen yet")
    return here
