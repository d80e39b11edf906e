"""A person's rights over their data (Law 91/2025): copy, correction, restriction, end.

Says what erasure means beside an append-only audit. Never decides about a level or a
lock, and never shows one person's data to another.
"""
