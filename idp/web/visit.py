"""Who is at the page: the browser, its session, and the transaction in its path."""

from dataclasses import dataclass
from datetime import datetime

from flask import Response, g, request, url_for

from idp import clock
from idp.authentication import browser, session
from idp.authentication import transaction as transactions
from idp.authentication.browser import CookieSpec
from idp.authentication.session import SignedIn
from idp.authentication.transaction import AuthenticationTransaction
from idp.factors import throttle
from idp.logs import note_client
from idp.provider import Provider, current
from idp.relying_parties.record import RelyingParty
from idp.web import csrf, forms, language


@dataclass(frozen=True, slots=True)
class Asker:
    """The portal as pages name it: by what it registered, never by what it sends."""

    name: str
    domain: str
    policy_uri: str | None


@dataclass(frozen=True, slots=True)
class BackForm:
    """The small form that gives a sign-in up and returns to the portal."""

    action: str
    transaction: str
    party: str | None


@dataclass(frozen=True, slots=True)
class Visit:
    """One request of one browser, with what it proves to be.

    `counter` names it where many people share it (counter mode).
    """

    provider: Provider
    now: datetime
    browser: str | None
    session_token: str | None
    device: str | None
    counter: str | None = None

    @property
    def is_counter(self) -> bool:
        """Say whether many people share this browser (counter mode)."""
        return self.counter is not None

    @property
    def source(self) -> str:
        """Return where the request comes from, for throttling and for the citizen."""
        return throttle.source_of(
            request.remote_addr,
            request.headers.get("X-Forwarded-For"),
            self.provider.config.server.trusted_proxies,
        )

    def signed_in(self) -> SignedIn | None:
        """Return the live session of this browser."""
        with self.provider.database.read() as connection:
            return session.find(
                connection,
                self.session_token,
                now=self.now,
                lifetimes=self.provider.config.lifetimes,
            )

    def token(self, purpose: str) -> str:
        """Return the token for a form of this page."""
        key = self.provider.secrets.key("csrf")
        return csrf.token(key, browser=self.browser or "", purpose=purpose)

    def check(self, purpose: str, *names: str) -> dict[str, str]:
        """Return the form's single fields, once it is known to be ours."""
        fields = forms.read(csrf.FIELD, *names)
        csrf.check(
            self.provider.secrets.key("csrf"),
            browser=self.browser,
            purpose=purpose,
            sent=fields[csrf.FIELD],
        )
        return fields

    def keep(self, response: Response, *cookies: tuple[str, str, int | None]) -> None:
        """Set cookies: name, value, and for how many seconds (None: this browsing)."""
        secure = self.provider.config.is_secure
        for name, value, max_age in cookies:
            spec = browser.cookie(name, value, secure=secure, max_age=max_age)
            set_cookie(response, spec)


@dataclass(frozen=True, slots=True)
class Step:
    """A visit to one step of one transaction of this browser."""

    visit: Visit
    transaction: AuthenticationTransaction
    party: RelyingParty | None

    @property
    def asker(self) -> Asker | None:
        """Return the portal that asks, or None on our own account."""
        return asker_of(self.party) if self.party else None

    @property
    def resume(self) -> str:
        """Return the address that every step ends at."""
        return url_for("oidc.resume", transaction=self.transaction.id)

    def purpose(self, form: str) -> str:
        """Return the purpose that binds a form to this transaction."""
        return f"{form}:{self.transaction.id}"

    @property
    def back(self) -> BackForm:
        """Return the form that gives up and goes back."""
        return BackForm(
            action=url_for("oidc.cancel"),
            transaction=self.transaction.id,
            party=self.asker.name if self.asker else None,
        )

    def save(self, changed: AuthenticationTransaction) -> None:
        """Store the transaction as this step left it."""
        provider = self.visit.provider
        transactions.save(
            provider.ephemeral,
            changed,
            now=self.visit.now,
            ttl=provider.config.lifetimes.transaction,
        )


def begin() -> Visit:
    """Read the request's cookies."""
    provider = current()
    return Visit(
        provider=provider,
        now=clock.now(),
        browser=_cookie(provider, browser.BROWSER),
        session_token=_cookie(provider, browser.SESSION),
        device=_cookie(provider, browser.DEVICE),
        counter=_cookie(provider, browser.COUNTER),
    )


def enter(transaction_id: str) -> Step:
    """Load the transaction of this browser; raises `TransactionError`."""
    visit = begin()
    loaded = transactions.load(
        visit.provider.ephemeral,
        transaction_id,
        browser=visit.browser,
        now=visit.now,
        ttl=visit.provider.config.lifetimes.transaction,
    )
    party = None
    if loaded.request is not None:
        party = visit.provider.relying_parties.find(loaded.request.client_id)
        note_client(loaded.request.client_id)
        language.hint(loaded.request.ui_locales)
    # Chromium applies form-action to the redirects after a submission too.
    g.form_action_origin = transactions.form_action_source(loaded) or ""
    return Step(visit, loaded, party)


def asker_of(party: RelyingParty) -> Asker:
    """Return how pages name a portal, in the language of the page."""
    locale = language.current()
    return Asker(
        name=party.name.in_language(locale),
        domain=party.domain,
        policy_uri=party.policy_uri.in_language(locale) if party.policy_uri else None,
    )


def set_cookie(response: Response, spec: CookieSpec) -> None:
    """Set one cookie on a response."""
    response.set_cookie(**spec.attributes())


def _cookie(provider: Provider, name: str) -> str | None:
    key = browser.cookie_name(name, secure=provider.config.is_secure)
    return request.cookies.get(key) or None
