"""Sandbox cards for tests: their holders, a reading, and every way to spoil one.

`altered` holds the attacks. They are no part of the product: nothing outside the tests
makes a forged card.
"""
