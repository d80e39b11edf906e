"""The registered relying party (RFC 7591's client): its metadata, policy and secrets.

`metadata` and `policy` validate what is registered, `redirects` and `client_keys` its
addresses and keys, `sender` and `certificates` what its tokens are bound to;
`registration` keeps, replaces and removes it; `purposes` say what
may be learnt and why; `registry` answers look-ups from memory, with parsed keys, so
that no request imports a key. `oidc.clients` shows a relying party to Authlib; the
top-level `clients/` are programs, not these records.
"""
