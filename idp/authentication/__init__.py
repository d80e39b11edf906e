"""From a request for sign-in to a proven person at a level.

`transaction` is one authentication transaction in one browser; `session` the browser's
sign-in with its authentication events; `assurance` the truth table from events to level,
`acr` and `amr`; `steps` the pure decision of what is still unmet. Knows no protocol, no
page and no consent.
"""
