"""Where state lives: the database and the ephemeral store.

`database` holds the engine, the declarative base and column types; `ephemeral` is
the small interface for what expires by itself (transactions, codes, challenges,
`jti`, counters) with an embedded and a Redis implementation behind one conformance
suite; `prepared` the few statements that every request makes, compiled once;
`key_store` keeps key rings for `keys`. Knows no domain rule.
"""
