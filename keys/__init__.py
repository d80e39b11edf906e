"""Keys: rings that sign, seals that protect columns, secrets for HMAC.

`ring` holds the rings, one a purpose and algorithm, and a key's life generated → next
→ active → retired → gone; `rotation` moves it on by `steps`; `signers` sign and verify
our own tokens and publish the JWK set, from a `snapshot`, on `jws` and `algorithms`;
`signing_keys` makes and opens private parts. `sealing` encrypts columns and makes
blind indexes; `envelope` is the key-encryption key, `secrets` the server's secrets
under it; `certificates` makes the demo's CA. A leaf: imports nothing of `idp`, holds
code and never material; rows come and go through the `RingStore` protocol.
"""
