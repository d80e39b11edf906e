"""Pages for citizens: sign in, one-time code, consent, account, logout, errors.

Every step's form posts back to its own page and then returns to /authorize/resume;
steps never route to one another. Decides nothing about levels, consent or protocol.
"""
