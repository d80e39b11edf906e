"""What may be told about a citizen, and what of it is told to whom.

`catalogue` has the claims, their scopes and levels; `residence` and `person` build
values, also from the population and residence registry; `verified_claims` wraps them
with evidence (OIDC4IDA); `request` parses the `claims` parameter; `release` intersects
request, policy, consent and levels; `delivery` joins it all for one place, userinfo or
ID token.
Stores no consent, writes no token.
"""
