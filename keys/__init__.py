"""Keys: rings that sign, seals that protect columns, secrets for HMAC.

`ring` holds the lifecycle next → active → retired → gone and which key signs and which
are published; `rotation` moves it on; `signers` sign and verify our own tokens and
publish the JWK set, on `jws` and `algorithms`. `sealing` encrypts columns and makes
blind indexes; `envelope` is the key-encryption key, `secrets` the server's secrets
under it; `certificates` makes the demo's CA. A leaf: imports nothing of `idp`, holds
code and never material; rows come and go through the `RingStore` protocol.
"""
