"""The reader agent: a dumb pipe between the provider and a chip-ID card.

It shows who asks for what, waits for a click, and passes batches of APDUs on; it holds
no key of the card and understands no answer. Beside it stand the virtual card with its
personaliser and demo issuer. It talks HTTP only and imports nothing of the provider but
the pure chip core, and that for the virtual card alone.
"""
