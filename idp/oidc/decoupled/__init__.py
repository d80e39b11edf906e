"""Requests that are answered at another device than the one that asked.

`device` takes a device's (RFC 8628 §3.1) and `ciba` a portal's call to one citizen
(OpenID Connect CIBA §7); `polling` is their grant at the token endpoint, and
`outcome` ends the dispatcher's way, which is the same as for every other request: sign
in, level, for whom, consent. An approval leaves an authorization code that only the
token endpoint ever sees, so there is one way to tokens. Never shows a page: `web` asks
for the user code, and `authentication.waiting` keeps what waits.
"""
