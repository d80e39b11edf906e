"""Pages that anyone may read: home, help, accessibility; and the static files."""

from flask import Blueprint, render_template
from flask.typing import ResponseReturnValue

from idp.provider import current

_YEAR = 31_536_000
_MINUTE = 60


class _Pages(Blueprint):
    """The blueprint with static files, whose addresses name their content."""

    def get_send_file_max_age(self, filename: str | None) -> int:
        """Let browsers keep a file for a year: a new one has a new address."""
        del filename
        return _YEAR


blueprint = _Pages(
    "pages",
    __name__,
    template_folder="templates",
    static_folder="static",
    static_url_path="/assets",
)


@blueprint.get("/")
def home() -> ResponseReturnValue:
    """Say what this is, and lead to the citizen's own page."""
    return render_template("home.html")


@blueprint.get("/help")
def help_page() -> ResponseReturnValue:
    """Answer what people ask most."""
    return render_template("help.html")


@blueprint.get("/accessibility")
def accessibility() -> ResponseReturnValue:
    """State how accessible the pages are, and whom to tell of an obstacle."""
    minutes = current().config.lifetimes.transaction // _MINUTE
    return render_template("accessibility.html", minutes=minutes)
