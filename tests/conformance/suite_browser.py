"""A browser that takes the suite's steps: the commands that our plans' files use."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import Any
from urllib.parse import urlencode

import lxml.html
from werkzeug.test import TestResponse

from tests.driver import Browser


@dataclass
class SuiteBrowser:
    """One browser, its page, and what was typed into it."""

    browser: Browser
    issuer: str
    page: TestResponse | None = None
    typed: dict[str, str] = field(default_factory=dict)

    def visit(self, url: str, steps: Sequence[dict[str, Any]]) -> str:
        """Go to `url` and take the first steps that match; return where they end."""
        self.page = self.browser.visit(url.removeprefix(self.issuer))
        chosen = next(step for step in steps if fnmatchcase(url, step["match"]))
        for task in chosen["tasks"]:
            if not fnmatchcase(self.url, task["match"]):
                assert task.get("optional"), f"{task['task']}: at {self.url}"
                continue
            # What a page of the suite's own shows is the suite's affair.
            if self.url.startswith(self.issuer):
                for verb, *words in task["commands"]:
                    getattr(self, verb)(*words)
        return self.url

    @property
    def url(self) -> str:
        """Return the address that the browser shows."""
        assert self.page is not None
        return str(
            self.page.headers.get("Location") or self.issuer + self.page.request.path
        )

    def text(self, by: str, target: str, value: str) -> None:
        """Type into a field."""
        self.typed[self._one(f"//input[@{by}='{target}']").name] = value

    def click(self, by: str, target: str) -> None:
        """Press a button: its form is posted with what was typed."""
        assert by == "xpath"
        button, page = self._one(target), self.page
        assert page is not None
        form = next(button.iterancestors("form"))
        data = dict(form.form_values()) | self.typed
        if button.get("name"):
            data[button.get("name")] = button.get("value")
        self.typed = {}
        self.page = self.browser.visit(
            form.action or page.request.path,
            data=urlencode(data),
            content_type="application/x-www-form-urlencoded",
        )

    def wait(self, by: str, target: str, *more: Any) -> None:
        """Find an element that is to be there."""
        del more
        assert by == "xpath"
        self._one(target)

    def _one(self, path: str) -> Any:
        assert self.page is not None
        (found,) = lxml.html.document_fromstring(self.page.text).xpath(path)
        return found
