"""Programs that talk to a provider over HTTP only, and never import `idp`."""
