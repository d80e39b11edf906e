"""A registered relying party as others see it: frozen, its keys parsed."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from joserfc.jwk import KeySet

from idp.relying_parties import fapi2
from idp.relying_parties.client_keys import key_set
from idp.relying_parties.localised import Localised
from idp.relying_parties.messages import Messages
from idp.relying_parties.purposes import Purpose
from idp.relying_parties.redirects import matches, origin_of
from idp.relying_parties.remote import RemoteKeys


@dataclass(frozen=True, slots=True, eq=False)
class RelyingParty:
    """What was registered (RFC 7591 names) and our policy for it."""

    client_id: str
    name: Localised
    redirect_uris: tuple[str, ...]
    post_logout_redirect_uris: tuple[str, ...]
    auth_method: str
    grant_types: tuple[str, ...]
    response_types: tuple[str, ...]
    scopes: tuple[str, ...]
    inline_keys: KeySet | None
    id_token_alg: str
    userinfo_alg: str | None
    token_endpoint_auth_signing_alg: str | None
    application_type: str
    require_pkce: bool
    require_nonce: bool
    require_par: bool
    minimum_acr: str | None
    sector: str
    purposes: Mapping[str, Purpose]
    default_max_age: int | None
    default_acr_values: tuple[str, ...]
    client_uri: Localised | None
    logo_uri: Localised | None
    policy_uri: Localised | None
    tos_uri: Localised | None
    profile: str | None = None
    backchannel_logout_uri: str | None = None
    backchannel_logout_session_required: bool = False
    frontchannel_logout_uri: str | None = None
    resources: tuple[str, ...] = ()
    allowed_resources: tuple[str, ...] | None = ()
    backchannel_token_delivery_mode: str | None = None
    backchannel_client_notification_endpoint: str | None = None
    dpop_bound_access_tokens: bool = False
    tls_client_certificate_bound_access_tokens: bool = False
    tls_client_auth_subject: tuple[str, str] | None = None
    remote_keys: RemoteKeys | None = None
    messages: Messages = field(default_factory=Messages)
    authorization_details_types: tuple[str, ...] = ()
    contacts: tuple[str, ...] = ()

    @property
    def needs_bound_tokens(self) -> bool:
        """Say whether no token of this client may work without its key."""
        return (
            self.dpop_bound_access_tokens
            or self.tls_client_certificate_bound_access_tokens
        )

    def may_name(self, resource: str) -> bool:
        """Say whether tokens of this client may be for that API (RFC 8707 §2)."""
        allowed = self.allowed_resources
        return allowed is None or resource in (*allowed, *self.resources)

    @property
    def has_keys(self) -> bool:
        """Say whether the client registered keys, or an address of theirs."""
        return self.inline_keys is not None or self.remote_keys is not None

    @property
    def jwks(self) -> KeySet | None:
        """Return the client's keys, those at its `jwks_uri` too."""
        return self.jwks_with(None)

    def jwks_with(self, kid: object) -> KeySet | None:
        """Return the keys, which are fetched anew if `kid` is at the address only."""
        if self.remote_keys is None:
            return self.inline_keys
        inline = self.inline_keys.keys if self.inline_keys else ()
        wanted = kid if isinstance(kid, str) else None
        return key_set((*inline, *self.remote_keys.known(wanted)))

    @property
    def is_public(self) -> bool:
        """Say whether the client cannot keep a secret (RFC 6749 §2.1)."""
        return self.auth_method == "none"

    @property
    def is_fapi2(self) -> bool:
        """Say whether the FAPI 2.0 Security Profile binds the client."""
        return self.profile == fapi2.PROFILE

    @property
    def domain(self) -> str:
        """Return the host that people know the portal by: its answers go there.

        `client_uri` is the client's own word, so it counts on these only (CWE-451).
        """
        redirects = [urlsplit(uri) for uri in self.redirect_uris]
        webs = [parts for parts in redirects if parts.scheme in ("http", "https")]
        site = urlsplit(str(self.client_uri or ""))
        if site.hostname in {self.sector, *(parts.hostname for parts in webs)}:
            return site.netloc
        return webs[0].netloc if webs else self.sector

    @property
    def origins(self) -> frozenset[str]:
        """Return the origins from which a browser client may call us (CORS)."""
        if not self.is_public:
            return frozenset()
        found = (origin_of(uri) for uri in self.redirect_uris)
        return frozenset(origin for origin in found if origin)

    def purpose_of(self, claim: str) -> Purpose | None:
        """Return the registered purpose of `claim`, or None: it may not be given."""
        return self.purposes.get(claim)


def redirect_uri_allowed(party: RelyingParty, asked: str) -> bool:
    """Say whether `asked` is registered: the same string (RFC 9700 §2.1).

    Only the port of a native client's loopback-IP redirect may vary (RFC 8252 §7.3).
    """
    return any(
        matches(registered, asked, native=party.application_type == "native")
        for registered in party.redirect_uris
    )


def unsafe_in_production(party: RelyingParty) -> str | None:
    """Return why this client may not be served outside a sandbox, or None."""
    if not party.require_pkce and not party.require_nonce:
        return "neither require_pkce nor require_nonce is on"
    return None
