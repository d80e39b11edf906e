"""The registered relying party (RFC 7591's client): its metadata, policy and secrets.

`metadata` and `policy` validate what is registered: `presentation`, `redirects`,
`client_proof` and `client_keys` what a client is and proves, `messages` what is signed
and encrypted, `sender` and `certificates` what its tokens are bound to, `purposes` what
may be learnt and why. `registration` keeps, replaces and removes it; `stored` reads it
as the `record` that all others use, and `registry` answers look-ups from memory, with
parsed keys, so that no request imports a key. `oidc.clients` shows a relying party to
Authlib; the top-level `clients/` are programs, not these records.
"""
