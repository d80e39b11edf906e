"""`python -m clients.reader agent|issue|card …`."""

import sys
from collections.abc import Callable
from importlib import import_module

COMMANDS = {
    "agent": "clients.reader.agent.command",
    "issue": "clients.reader.virtual.command",
    "card": "clients.reader.virtual.vpcd",
}


def main() -> None:
    """Run the command that the first word names; each has its own --help."""
    word, *rest = sys.argv[1:] or [""]
    if word not in COMMANDS:
        sys.exit(f"usage: python -m clients.reader {{{','.join(COMMANDS)}}} …")
    # The agent on a citizen's computer never loads what issues sandbox cards.
    command: Callable[[list[str]], None] = import_module(COMMANDS[word]).main
    command(rest)


if __name__ == "__main__":
    main()
