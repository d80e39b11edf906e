"""What a relying party or resource server in Python may want beside its OIDC library.

`step_up` asks for a stronger sign-in (RFC 9470), `credentials` verifies what a wallet
shows. It talks HTTP only, imports nothing of the provider, and is no client library:
stock ones do that.
"""
