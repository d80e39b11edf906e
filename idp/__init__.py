"""Định Danh: an electronic identity and OpenID Connect provider.

Domain packages around one dispatcher (`oidc.authorization`). Decisions are pure
functions that take `now`; effects stand at the ends. The direction of imports is
a test (see `[tool.importlinter]` in pyproject.toml); README has the map.
"""
