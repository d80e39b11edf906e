"""One-time codes by e-mail: they prove an address and never a level.

A mailbox is opened by a password of its own, often from the same stolen phone, so a
code in it is no factor of a sign-in (NIST SP 800-63B-4 §3.1.3.1). It confirms an
address, and it is one of the two proofs of a forgotten password.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal, Protocol

from idp.config import Config
from idp.factors.mail import MailError, MailGateway
from idp.factors.send_limits import SendLimits
from idp.factors.sent_codes import Errand, SentCodes
from idp.storage.ephemeral import EphemeralStore
from keys.secrets import ServerSecrets

_SUBJECTS = {
    "vi": "Mã xác nhận của {operator}",
    "en": "Your confirmation code of {operator}",
}
_TEXTS = {
    "vi": """Mã xác nhận của bạn là {otp}, dùng trong {minutes} phút.
{link}
Không đưa mã này cho bất kỳ ai, kể cả người xưng là cán bộ. Nếu không phải bạn yêu \
cầu, hãy bỏ qua thư này; bạn không cần làm gì thêm.

{operator} · đường dây nóng {hotline}
""",
    "en": """Your confirmation code is {otp}, valid for {minutes} minutes.
{link}
Never give it to anyone, not even to someone who claims to be an officer. If you did \
not ask for it, ignore this letter; there is nothing else to do.

{operator} · hotline {hotline}
""",
}
_LINKS = {
    "vi": "\nHoặc mở đường dẫn này trong cùng trình duyệt:\n{link}\n",
    "en": "\nOr open this link, in the same browser:\n{link}\n",
}


class Services(Protocol):
    """The part of the running provider that letters need."""

    @property
    def config(self) -> Config:
        """The settings."""

    @property
    def ephemeral(self) -> EphemeralStore:
        """Where codes and counters are."""

    @property
    def mail(self) -> MailGateway:
        """The way to mailboxes."""

    @property
    def secrets(self) -> ServerSecrets:
        """The server's secrets."""


@dataclass(frozen=True, slots=True)
class SentLetter:
    """What became of a wish for a code by e-mail."""

    outcome: Literal["sent", "early", "often"]
    retry_after: int = 0

    @property
    def sent(self) -> bool:
        """Say whether a letter is on its way."""
        return self.outcome == "sent"


class EmailCodes:
    """Codes by e-mail on the provider's stores and gateway."""

    def __init__(self, services: Services) -> None:
        config, key = services.config, services.secrets.key("otp")
        self._services = services
        self._codes = SentCodes(
            services.ephemeral, key, "email", ttl=config.lifetimes.email_otp
        )
        self._limits = SendLimits(services.ephemeral, key, "email", config.throttle)

    def send(
        self,
        errand: Errand,
        *,
        source: str | None,
        locale: str,
        now: datetime,
        link: str | None = None,
    ) -> SentLetter:
        """Send a code, and a link to the page that takes it, if one is given.

        A letter that the gateway refuses counts as never asked for; raises
        `MailError`.
        """
        services = self._services
        pause = f"email-wait:{errand.account_id}:{errand.purpose}:{errand.binding}"
        wait = services.config.throttle.sms_resend_after
        if not services.ephemeral.claim(pause, ttl=wait):
            return SentLetter("early", wait)
        passage = self._limits.admit(errand, source)
        if not passage.allowed:
            services.ephemeral.drop(pause)
            return SentLetter("often", passage.retry_after)
        otp = self._codes.make(errand, now=now, counters=passage.counters)
        subject, text = letter(otp, locale=locale, config=services.config, link=link)
        try:
            services.mail.send(errand.address, subject, text, now)
        except MailError:
            self._codes.drop(errand)
            services.ephemeral.drop(pause)
            self._limits.give_back(passage.counters)
            raise
        return SentLetter("sent", wait)

    def check(self, errand: Errand, otp: str, *, now: datetime) -> bool:
        """Say once whether this is the errand's code: who types it has the mailbox."""
        return self._codes.take(errand, otp, now=now)


def letter(
    otp: str, *, locale: str, config: Config, link: str | None = None
) -> tuple[str, str]:
    """Return subject and text in the locale."""
    locale = locale if locale in _TEXTS else "vi"
    operator = config.pages.operator
    text = _TEXTS[locale].format(
        otp=otp,
        minutes=max(1, config.lifetimes.email_otp // 60),
        link=_LINKS[locale].format(link=link) if link else "",
        operator=operator,
        hotline=config.pages.hotline,
    )
    return _SUBJECTS[locale].format(operator=operator), text
