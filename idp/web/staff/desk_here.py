"""Where an officer is at the desk: their draft, its forms, and its next step."""

from dataclasses import dataclass
from datetime import date
from http import HTTPStatus
from typing import Any
from uuid import UUID

from flask import Response, make_response, redirect, request, url_for

from idp.accounts.calendar import HANOI
from idp.enrolment import in_person_draft
from idp.enrolment.in_person_draft import Draft
from idp.provider import Provider
from idp.staff import look_ups
from idp.staff.officer import Officer
from idp.web.language import gettext, phrase
from idp.web.presentation import number_text
from idp.web.problem import Problem, notice
from idp.web.staff import access, frame
from idp.web.visit import Visit

ROLE = "enrolment_officer"
HOME = "staff_desk.start"
STEP_TITLES = {
    "shown": phrase("What is shown"),
    "registry": phrase("Registry"),
    "representative": phrase("Representative"),
    "proof": phrase("Face and fingerprints"),
    "contacts": phrase("Phone and e-mail"),
    "agreement": phrase("Agreement"),
    "summary": phrase("Summary"),
}
# The templates of the first step, and of the page of what ends a draft, by title.
_HEADINGS = {
    **STEP_TITLES,
    "card": phrase("Read the card's chip"),
    "papers": phrase("Who is there"),
    "refused": phrase("This cannot go on"),
}
_STEP_OF = {"card": "shown", "papers": "shown"}
_ENDPOINTS: dict[str, str | dict[str, str]] = {
    "shown": {
        "card": "staff_desk_card.show",
        "no_card": "staff_desk_papers.show",
        "foreigner": "staff_desk_papers.show",
    },
    "registry": "staff_desk_registry.show",
    "representative": "staff_desk_representative.show",
    "proof": "staff_desk_proof.show",
    "contacts": "staff_desk_contacts.show",
    "agreement": "staff_desk_agreement.show",
    "summary": "staff_desk_summary.show",
}


@dataclass(frozen=True, slots=True)
class Here:
    """One officer at one draft."""

    visit: Visit
    officer: Officer
    draft: Draft

    @property
    def provider(self) -> Provider:
        """Return the running provider."""
        return self.visit.provider

    @property
    def today(self) -> date:
        """Return the day in Viet Nam."""
        return self.visit.now.astimezone(HANOI).date()

    def purpose(self, form: str) -> str:
        """Return the purpose that binds a form to this session and draft."""
        return purpose(self.officer, f"{form}:{self.draft.id}")

    def token(self, form: str) -> str:
        """Return the token of a form."""
        return self.visit.token(self.purpose(form))

    def check(self, form: str, *names: str) -> dict[str, str]:
        """Return the fields of a form of ours."""
        return self.visit.check(self.purpose(form), *names)

    def save(self, draft: Draft) -> "Here":
        """Keep the changed draft, and be there."""
        in_person_draft.save(self.provider, draft)
        return Here(self.visit, self.officer, draft)

    def note(self, whose: UUID | str) -> None:
        """Write down whom the officer looks up, before anything is shown."""
        with self.provider.database.transaction() as session:
            look_ups.note(
                session,
                self.provider.audit,
                self.officer,
                whose,
                "enrolment",
                self.visit.now,
            )

    def on(self) -> Response:
        """Lead to the next step."""
        step = self.draft.next_step(self.today, self.provider.config)
        return lead(self.address(step))

    def address(self, step: str) -> str:
        """Return where a step's page is."""
        endpoint = _ENDPOINTS[step]
        if not isinstance(endpoint, str):
            endpoint = endpoint[self.draft.path]
        return url_for(endpoint, draft_id=self.draft.id)

    def page(
        self, template: str, problem: Problem | None = None, **values: Any
    ) -> Response:
        """Show a step with the way that leads through all of them."""
        return frame.page(
            self.visit,
            self.officer,
            f"desk/{template}",
            gettext(_HEADINGS[template]),
            tab=HOME,
            problem=problem,
            draft=self.draft,
            number=number_text(self.draft.number),
            way=self._way(_STEP_OF.get(template, template)),
            action=url_for(request.endpoint or "", draft_id=self.draft.id),
            leave=url_for("staff_desk.leave", draft_id=self.draft.id),
            leave_token=self.token("leave"),
            **values,
        )

    def wrong(self, field: str, mend: str, code: str = "DD-AUTH-006") -> Problem:
        """Return what is wrong with a field, and how it is mended."""
        return notice(code).at(field, mend)

    def _way(self, current: str) -> list[dict[str, Any]]:
        """Return the steps as a line: which are done, and where the officer is."""
        steps = self.draft.steps(self.today, self.provider.config)
        reached = self.draft.next_step(self.today, self.provider.config)
        return [
            {
                "title": gettext(STEP_TITLES[name]),
                "is_done": is_done,
                "is_current": name == current,
                "address": self.address(name) if is_done or name == reached else None,
            }
            for name, is_done in (*steps, ("summary", False))
        ]


def purpose(officer: Officer, form: str) -> str:
    """Bind a form to an officer's session."""
    return access.purpose(officer, f"desk-{form}")


def enter(draft_id: str, step: str | None = None) -> Here | Response:
    """Return the officer's own draft at a step that may be opened, or the way there.

    Raises `DraftError`.
    """
    here = open_draft(draft_id)
    if isinstance(here, Response) or step is None:
        return here
    steps = dict(here.draft.steps(here.today, here.provider.config))
    reached = here.draft.next_step(here.today, here.provider.config)
    return here if steps.get(step) or step == reached else here.on()


def open_draft(draft_id: str) -> Here | Response:
    """Return the officer at their draft, or the response that leads to signing in."""
    visit, officer = access.enter(url_for(HOME), ROLE)
    if isinstance(officer, Response):
        return officer
    draft = in_person_draft.load(
        visit.provider,
        draft_id,
        officer=str(officer.id),
        session=str(officer.session_id),
    )
    return Here(visit, officer, draft)


def lead(address: str) -> Response:
    """Lead the browser on."""
    return make_response(redirect(address, HTTPStatus.SEE_OTHER))
