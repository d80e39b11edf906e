"""The port to the phone's carrier: when the SIM behind a number was last changed.

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


class NoCarrierCheck:
    """An installation without the check: no change is ever known."""

    def sim_changed_at(self, phone: str, now: datetime) -> datetime | None:
        """Return None."""
        del phone, now
        return None


class SandboxCarrier:
    """Answer from what `idp sandbox change-sim` told, and for nobody else."""

    def __init__(self, ephemeral: EphemeralStore) -> None:
        self._ephemeral = ephemeral

    def sim_changed_at(self, phone: str, now: datetime) -> datetime | None:
        """Return when the test phone's SIM was changed."""
        del now
        found = self._ephemeral.get(_key(phone))
        return datetime.fromisoformat(found["at"]) if found else None

    def change_sim(self, phone: str, now: datetime) -> None:
        """Note that the test phone has a new SIM."""
        self._ephemeral.put(_key(phone), {"at": now.isoformat()}, ttl=_REMEMBERED)


class HttpCarrier:
    """Ask by CAMARA's SIM Swap API (`retrieve-date`), with a bearer token.

    `{"phoneNumber": "+84…"}` is posted; `latestSimChange` of the answer is an RFC 3339
    time, or null when there was none in the time that the carrier looks back.
    """

    def __init__(self, config: CarrierConfig) -> None:
        self._service = PartnerService.of(
            config.url, config.token_file, config.timeout, section="carrier"
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
