"""The registered relying party (RFC 7591's client): its metadata, policy and secrets.

`metadata` validates what is registered; `models` keeps it; `registry` answers look-ups
from memory, with parsed keys, so that no request imports a key. `oidc.clients` shows a
relying party to Authlib; the top-level `clients/` are programs, not these records.
"""
