"""A route that is quick to register."""

from collections.abc import Callable
from typing import Any

from werkzeug.routing import Rule


class Route(Rule):
    """A rule that compiles what builds its URLs when it first builds one.

    Werkzeug compiles two functions for each rule when it is registered. For our 236
    routes that is most of the time an application takes to be made, and a worker never
    builds the URLs of most of them.
    """

    def _compile_builder(
        self,
        append_unknown: bool = True,  # noqa: FBT001, FBT002  # as Werkzeug has it
    ) -> Callable[..., tuple[str, str]]:
        compiled: Callable[..., tuple[str, str]] | None = None

        def build(rule: Rule, /, **values: Any) -> tuple[str, str]:
            nonlocal compiled
            if compiled is None:
                compiled = super(Route, self)._compile_builder(append_unknown)
            return compiled(rule, **values)

        return build
