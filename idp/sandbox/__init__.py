"""The sandbox: synthetic citizens for each outcome, their registry records, portals.

`citizens.toml` tells each person's story; `loader` creates accounts through the same
functions as everyone else. Refused on any issuer that is not loopback (see config).
"""
