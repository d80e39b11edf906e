"""Programs that talk to a provider over HTTP only, and never import `idp`.

The one exception: the reader's virtual card speaks ICAO 9303 with `idp.emrtd`.
"""
