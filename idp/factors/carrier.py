"""The port to the phone's carrier: whose number it is, when its SIM last changed.

Who has just taken a number over by a new SIM gets its messages too. A carrier that
gives no answer therefore stops codes by SMS as a change does (closed, not open): the
other factors remain, and a phone whose owner nobody can tell proves nothing.
"""

import hashlib
from datetime import UTC, datetime
from http import HTTPStatus
from typing import Protocol

from idp.config import CarrierConfig
from idp.errors import IdpError
from idp.factors.partner import PartnerError, PartnerService
from idp.storage.ephemeral import EphemeralStore

_REMEMBERED = 30 * 86_400
_MATCHES = ("true", "false", "not_available")


class CarrierError(IdpError):
    """The carrier gave no answer, so no code may be sent."""

    code = "DD-SMS-001"
    status = HTTPStatus.SERVICE_UNAVAILABLE


class CarrierCheck(Protocol):
    """Ask the carrier of a phone."""

    def sim_changed_at(self, phone: str, now: datetime) -> datetime | None:
        """Return when the SIM was last changed, None if not lately.

        Raises `CarrierError` when nobody can tell.
        """

    def owned_by(
        self, phone: str, number: str, name: str, now: datetime
    ) -> bool | None:
        """Say whether the phone is in this person's own name (D69/2024 art. 10).

        None: this installation has nobody to ask. Raises `CarrierError` when whom it
        asks gives no answer.
        """


class NoCarrierCheck:
    """An installation without the check: no change is ever known."""

    def sim_changed_at(self, phone: str, now: datetime) -> datetime | None:
        """Return None."""
        del phone, now
        return None

    def owned_by(
        self, phone: str, number: str, name: str, now: datetime
    ) -> bool | None:
        """Return None."""
        del phone, number, name, now
        return None


class SandboxCarrier:
    """Answer from what `idp sandbox change-sim` told, and for nobody else.

    Test phones are in the own name of whoever gives them, but for those that end so.
    """

    SOMEBODY_ELSE_S = "999"

    def __init__(self, ephemeral: EphemeralStore) -> None:
        self._ephemeral = ephemeral

    def sim_changed_at(self, phone: str, now: datetime) -> datetime | None:
        """Return when the test phone's SIM was changed."""
        del now
        found = self._ephemeral.get(_key(phone))
        return datetime.fromisoformat(found["at"]) if found else None

    def owned_by(self, phone: str, number: str, name: str, now: datetime) -> bool:
        """Say whether the test phone is not marked as another's by its last digits."""
        del number, name, now
        return not phone.endswith(self.SOMEBODY_ELSE_S)

    def change_sim(self, phone: str, now: datetime) -> None:
        """Note that the test phone has a new SIM."""
        self._ephemeral.put(_key(phone), {"at": now.isoformat()}, ttl=_REMEMBERED)


class HttpCarrier:
    """Ask by CAMARA's SIM Swap API (`retrieve-date`), with a bearer token.

    `{"phoneNumber": "+84…"}` is posted; `latestSimChange` of the answer is an RFC 3339
    time, or null when there was none in the time that the carrier looks back. Whose
    phone it is answers CAMARA's KYC Match API: `{"phoneNumber", "idDocument", "name"}`
    is posted to `owner_url`, and both `idDocumentMatch` and `nameMatch` must be "true".
    """

    def __init__(self, config: CarrierConfig) -> None:
        self._service = PartnerService.of(
            config.url, config.token_file, config.timeout, section="carrier"
        )
        self._owners = None
        if config.owner_url:
            self._owners = PartnerService.of(
                config.owner_url, config.token_file, config.timeout, section="carrier"
            )

    def sim_changed_at(self, phone: str, now: datetime) -> datetime | None:
        """Ask once; a refusal, silence or nonsense becomes `CarrierError`."""
        del now
        try:
            answer = self._service.ask({"phoneNumber": phone})
        except PartnerError as error:
            raise CarrierError(detail=f"carrier: {error}") from None
        if "latestSimChange" not in answer:
            raise CarrierError(detail="carrier: no latestSimChange")
        value = answer["latestSimChange"]
        return None if value is None else _parse(value)

    def owned_by(
        self, phone: str, number: str, name: str, now: datetime
    ) -> bool | None:
        """Ask once; what the carrier does not hold (`not_available`) is nobody's."""
        del now
        if self._owners is None:
            return None
        asked = {"phoneNumber": phone, "idDocument": number, "name": name}
        try:
            answer = self._owners.ask(asked)
        except PartnerError as error:
            raise CarrierError(detail=f"carrier: {error}") from None
        told = [answer.get(member) for member in ("idDocumentMatch", "nameMatch")]
        if not all(value in _MATCHES for value in told):
            raise CarrierError(detail="carrier: no match member")
        return all(value == "true" for value in told)


def open_carrier(config: CarrierConfig, ephemeral: EphemeralStore) -> CarrierCheck:
    """Return the check that the configuration names."""
    if config.check == "http":
        return HttpCarrier(config)
    return SandboxCarrier(ephemeral) if config.check == "sandbox" else NoCarrierCheck()


def _parse(value: object) -> datetime:
    try:
        moment = datetime.fromisoformat(str(value))
        # Offset arithmetic at the ends of the calendar overflows.
        return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)
    except (ValueError, OverflowError):
        raise CarrierError(detail="carrier: no time") from None


def _key(phone: str) -> str:
    return f"sandbox-sim:{hashlib.sha256(phone.encode()).hexdigest()}"
