"""Keys: rings that sign, seals that protect columns, secrets for HMAC.

`ring` holds the lifecycle next → active → retired → gone and which key signs and which
are published; `rotation` moves it on; `signers` sign; `sealing` encrypts columns and
makes blind indexes; `jwks` publishes. A leaf: imports nothing of `idp`, holds code and
never material; rows come and go through the `RingStore` protocol.
"""
