"""What a citizen allowed which relying party, and the refresh tokens under it.

`grants` keeps the decision (its id is the handle of revocation for codes, tokens and
consent alike); `refresh_tokens` rotates them; `policy` decides, purely, when to ask
again. Shows no page and writes no JWT.
"""
