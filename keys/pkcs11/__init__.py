"""Keys that never leave a PKCS#11 token (a hardware security module).

`token` is the one door to the module: a lock, a session, a PIN. `uri` names a key in it
(RFC 7512), `signing` makes and uses signing keys, `wrapping` holds the key-encryption
key. Needs the extra `pkcs11`; nothing of it is loaded unless the settings name a token.
"""
