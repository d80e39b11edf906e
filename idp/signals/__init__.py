"""Security events for portals (OpenID Shared Signals Framework 1.0, CAEP, RISC).

`kinds` decides which events of the audit log are told, and as what; `feed` is the one
hook that queues them, in the transaction of the effect; `streams` is what a portal asks
for; `delivery` makes the tokens (RFC 8417), pushed by the outbox (RFC 8935) or polled
(RFC 8936). A portal hears of citizens alone who allow it something, by the `sub` that
it knows. Knows no HTTP of its own; `oidc.ssf` has the addresses.
"""
