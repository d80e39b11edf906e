"""`python -m idp` is the `idp` command."""

from idp.cli import main

if __name__ == "__main__":
    main(prog_name="idp")
