"""Tell applicants what became of their dossier: by text message, or else by letter.

The message has the holder's name and the site's address, in unaccented letters that
every phone shows (Decree 69/2024 art. 10, 14), and never a link. It goes behind the
answer; what did not go out is told again by `tell_waiting`.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Protocol
from urllib.parse import urlsplit
from uuid import UUID

import sqlalchemy as sa
import structlog

from idp.accounts.contacts import find_contacts
from idp.accounts.models import Account
from idp.config import Config
from idp.enrolment.dossiers import Decided
from idp.enrolment.kinds import kind_of
from idp.enrolment.models import Dossier
from idp.enrolment.record import contact_of, identity_of, open_evidence
from idp.errors import IdpError
from idp.factors import notices
from idp.factors.notice_texts import What
from idp.factors.sms import plain
from keys.sealing import Sealer

_CHANGED: dict[str, What] = {"phone": "phone_changed", "email": "email_changed"}
# A decision that is so young may be on its way already.
_PATIENCE = timedelta(minutes=10)
_TEXTS = {
    "vi": {
        "granted": "{operator}: tài khoản định danh mức {level} của {name} đã được "
        "cấp. Hãy mở {site} để kích hoạt trong {days} ngày. Không ai gọi điện hỏi mã.",
        "ward": "{operator}: tài khoản định danh mức {level} của {name} đã được cấp, "
        "không cần kích hoạt. Đăng nhập bằng tài khoản của bạn để làm thay; xem tại "
        "{site}.",
        "raised": "{operator}: tài khoản định danh của {name} đã lên mức {level}. Đăng "
        "nhập như trước tại {site}.",
        "organisation": "{operator}: tài khoản của tổ chức {name} đã được cấp. Hãy "
        "mở {site} để xem và ủy quyền.",
        "refused": "{operator}: đăng ký tài khoản định danh của {name} chưa được chấp "
        "nhận. Xem lý do và cách làm tại {site}, hoặc gọi {hotline}.",
    },
    "en": {
        "granted": "{operator}: the level {level} identity account of {name} is "
        "granted. Activate it within {days} days at {site}. Nobody calls for a code.",
        "ward": "{operator}: the level {level} identity account of {name} is granted "
        "and needs no activation. Sign in with your own account to act for them; see "
        "{site}.",
        "raised": "{operator}: the identity account of {name} is now of level {level}. "
        "Sign in as before at {site}.",
        "organisation": "{operator}: the account of the organisation {name} is "
        "granted. Open {site} to see it and to give mandates.",
        "refused": "{operator}: the application of {name} for an identity account was "
        "not accepted. See why, and what to do, at {site}, or call {hotline}.",
    },
}
_SUBJECT = {"vi": "Về đăng ký tài khoản của bạn", "en": "About your application"}

log = structlog.get_logger("idp.enrolment")


class Services(notices.Services, Protocol):
    """The part of the running provider that tells people."""

    @property
    def sealer(self) -> Sealer:
        """What opens names and phones."""


@dataclass(frozen=True, slots=True)
class _Notice:
    phone: str | None
    email: str | None
    text: str


def tell(services: Services, decided: Decided, *, now: datetime) -> None:
    """Tell of a decision, once its transaction is done, the former contacts too."""
    if decided.replaced is not None:
        for kind in decided.replaced.kinds:
            notices.warn(services, decided.replaced.before, _CHANGED[kind], now)
    if decided.state != "withdrawn":

        def run() -> None:
            _tell(services, decided.dossier_id, now)

        services.courier.later(run)


def tell_waiting(services: Services, *, now: datetime, limit: int = 1000) -> int:
    """Tell of decisions whose message did not go out; return how many went."""
    query = (
        sa.select(Dossier.id)
        .where(
            Dossier.state.in_(("granted", "refused")),
            Dossier.notified_at.is_(None),
            Dossier.evidence_sealed != b"",  # erased with its account
            Dossier.decided_at <= now - _PATIENCE,
        )
        .order_by(Dossier.decided_at)
        .limit(limit)
    )
    with services.database.read() as connection:
        waiting = connection.execute(query).scalars().all()
    return sum(_tell(services, dossier_id, now) for dossier_id in waiting)


def _tell(services: Services, dossier_id: UUID, now: datetime) -> bool:
    notice = _notice(services, dossier_id)
    if notice is None:
        return False
    try:
        if notice.phone is not None:
            services.messages.send(notice.phone, plain(notice.text), now)
        elif notice.email is not None and services.mail.is_on:
            locale = services.config.pages.default_language
            services.mail.send(notice.email, _SUBJECT[locale], notice.text, now)
    except IdpError as error:
        log.warning("notice not sent", code=error.code, detail=error.detail)
        return False
    with services.database.transaction() as session:
        session.execute(
            sa.update(Dossier).where(Dossier.id == dossier_id).values(notified_at=now)
        )
    return True


def _notice(services: Services, dossier_id: UUID) -> _Notice | None:
    query = sa.select(
        Account.state.label("account_state"),
        Dossier.state,
        Dossier.kind,
        Dossier.evidence_sealed,
        Dossier.filed_by,
        Dossier.account_id,
        Dossier.notified_at,
    )
    query = query.outerjoin(Account, Account.id == Dossier.account_id)
    query = query.where(Dossier.id == dossier_id)
    with services.database.read() as connection:
        row = connection.execute(query).one_or_none()
        if row is None or row.notified_at is not None or not row.evidence_sealed:
            return None
        evidence = open_evidence(services.sealer, row.evidence_sealed, dossier_id)
        contact = contact_of(evidence)
        phone, email = contact.phone, contact.email
        if _is_raised(row, evidence):
            phone = email = None
        # A child's or an organisation's account is reached by its representative, an
        # upgrade's as before.
        reached = row.filed_by or row.account_id
        if phone is None and reached is not None:
            known = find_contacts(connection, services.sealer, reached)
            phone = known.phone if known else None
            email = email or (known.email if known else None)
    return _Notice(phone, email, _text(services.config, row, evidence))


def _is_raised(row: Any, evidence: dict[str, Any]) -> bool:
    is_raised: bool = evidence.get("desk", {}).get("is_raised", False)
    return is_raised or row.kind == "level2_upgrade"


def _text(config: Config, row: Any, evidence: dict[str, Any]) -> str:
    what, name = row.state, identity_of(evidence).full_name
    if what == "refused":
        name = evidence.get("applicant", name)
    if kind_of(row.kind).level is None:
        what = "organisation" if what == "granted" else what
        name = evidence["organisation"]["name"]
    if what == "granted" and row.account_state == "active":
        what = "raised"  # nothing is left to activate
    elif what == "granted" and row.filed_by and not evidence["person"]["phone"]:
        what = "ward"
    return _TEXTS[config.pages.default_language][what].format(
        operator=config.pages.operator,
        name=name,
        level=kind_of(row.kind).level,
        days=config.activation.window_days,
        site=urlsplit(config.issuer).netloc,
        hotline=config.pages.hotline,
    )
