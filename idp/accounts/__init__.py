"""Citizens' accounts: who they are, at which level, in which state, under which lock.

`models` the tables; `lifecycle` the states (submitted, in review, granted, active) and
the locks kept apart from them; `identifiers` the personal number, its alias history and
pairwise subjects; `representation` guardians and wards; `identity` and `contacts` the
sealed personal data. Knows no factor, session or portal.
"""
