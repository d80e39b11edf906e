"""Three demo relying parties: a public-service portal, a bank, a health insurer.

Ordinary Flask applications on Authlib's stock client, as an integrator would write
them. `sites` says what each site asks for and why, `sign_in` is the whole protocol,
`pages` shows what came back, `visits` keeps it on the server. Run one by
`python -m clients.portal SETTINGS.json`. Knows nothing of the provider's code.
"""
