"""The attack suite: what a hostile portal, browser or stranger tries, over HTTP alone.

It knows a provider by its issuer, a few clients that are registered for it and test
citizens; `idp attack` runs it against any sandbox, tests against a local one.
"""
