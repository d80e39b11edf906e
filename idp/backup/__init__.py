"""Sealed archives of the database, and their way back into an empty one.

An archive is one moment of every table, as lines under a key made of the sealing key
in use. In clear is only which keys open it; it moves between SQLite and PostgreSQL.
The ephemeral store is not in it: what it holds lives for minutes.
"""
