"""What a relying party or resource server in Python may want beside its OIDC library.

It talks HTTP only, imports nothing of the provider, and is no client library: stock
ones do that.
"""
