"""The acts that take two: who may decide each, and how it is carried out."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from sqlalchemy.orm import Session

from idp.custody import services as custody
from idp.locks import sweeping
from idp.staff.officer import Officer

Payload = Mapping[str, Any]
Afterwards = Callable[[], None]


class Services(sweeping.Services, custody.Services, Protocol):
    """The part of the running provider by which proposals are carried out."""


class CarryOut(Protocol):
    """Do what was approved, in the approving transaction, with its audit events."""

    def __call__(
        self,
        services: Services,
        session: Session,
        payload: Payload,
        /,
        *,
        by: str,
        now: datetime,
    ) -> Afterwards | None:
        """Return what is left to do once the transaction has been committed."""


class Check(Protocol):
    """Raise `IdpError` where this very officer has no say about the payload."""

    def __call__(
        self,
        services: Services,
        session: Session,
        officer: Officer,
        payload: Payload,
        /,
        *,
        now: datetime,
    ) -> None:
        """Look before the officer takes it up, approves or refuses."""


@dataclass(frozen=True, slots=True)
class Kind:
    """An act that takes two who hold one of `roles`; `subject` names what it is about.

    `check` says whom of them it is no affair of. Refusals of `carry_out` are `IdpError`
    or `KeysError`.
    """

    roles: tuple[str, ...]
    carry_out: CarryOut
    subject: Callable[[Payload], str]
    check: Check | None = None
