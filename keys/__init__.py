"""Keys: rings that sign, seals that protect columns, secrets for HMAC.

`ring` holds the rings, one a purpose and algorithm, and a key's life generated → next
→ active → retired → gone; `rotation` moves it on by `steps`; `signers` sign and verify
our own tokens and publish the JWK set, from a `snapshot`, on `jws` and `algorithms`;
`signing_keys` makes and opens private parts, `pkcs11` those in a token. `sealing`
encrypts columns and makes blind indexes; `kek` is the key-encryption key in its file,
`envelope` seals under it, `secrets` are the server's secrets there; `importing` reads
keys from elsewhere; `certificates` makes the demo's CA. A leaf: imports nothing of
`idp`, holds code and never material; rows come and go through the `RingStore` protocol.
"""
