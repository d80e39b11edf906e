"""The benchmark: load on the endpoints of any OpenID provider on this machine.

`make bench` measures this provider on PostgreSQL and Redis with audit on; with
`--issuer` any other. It is a benchmark and never a test: nothing here is collected.
"""
