"""OpenID for Verifiable Credential Issuance 1.0, for the residence credential.

`metadata` describes the issuer, `pre_authorized` turns an offer into a token, `nonces`
and `proofs` prove a wallet's keys, `endpoints` issues credentials and tells their
status.
Everything here is absent unless `credentials.enabled`.
"""
