"""From a request for sign-in to a proven person at a level.

`transaction` is one authentication transaction in one browser, `browser` that
browser's cookies; `session` is the browser's sign-in with its authentication events,
`sign_in` and `session_changes` what happens to it; `assurance` the truth table from
events to level, `acr` and `amr`; `steps` the pure decision of what is still unmet;
`logout` a request to sign out, `backchannel` and `outbox` how portals are told, and
`farewell` what became of each. Knows no protocol, no page and no consent.
"""
