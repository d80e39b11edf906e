"""Officers' pages: their sign-in by passkey, and what each role works on.

`access` says who may open a page, `frame` draws it. A citizen's session opens nothing
here, and an officer's opens nothing of a citizen's.
"""
