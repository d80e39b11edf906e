"""The frame of officers' pages: who is signed in, and the pages of their roles."""

from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

from flask import Response, make_response, render_template, request, url_for

from idp.approvals import break_glass
from idp.staff.officer import Officer
from idp.web import presentation
from idp.web.language import gettext, phrase
from idp.web.problem import Problem
from idp.web.staff import access, kept
from idp.web.visit import Visit


@dataclass(frozen=True, slots=True)
class Tab:
    """A page in the bar, for whoever has one of the roles; none named is anybody."""

    endpoint: str
    label: str
    roles: tuple[str, ...] = ()
    group: str = "service"


APPROVERS = (
    "security",
    "relying_party_manager",
    "lock_officer",
    "administrator",
    "auditor",
)
# What the bar shows first, in this order; pages of the group where one is, below.
GROUPS = {
    "work": phrase("My work"),
    "enrolment": phrase("Enrolment"),
    "accounts": phrase("Accounts"),
    "service": phrase("Service"),
    "oversight": phrase("Oversight"),
}
# Pages in this order; each new area of officers' work adds its row.
TABS = (
    Tab("staff_home.show", phrase("My work"), (), "work"),
    Tab("staff_approvals.show", phrase("Approvals"), APPROVERS, "work"),
    Tab("staff_review.show", phrase("Dossiers"), ("reviewer",), "enrolment"),
    Tab("staff_desk.start", phrase("Desk"), ("enrolment_officer",), "enrolment"),
    Tab(
        "staff_accounts.show",
        phrase("Find an account"),
        ("hotline", "security", "lock_officer"),
        "accounts",
    ),
    Tab("staff_hotline.show", phrase("Activation"), ("hotline",), "accounts"),
    Tab("staff_hotline_unlock.show", phrase("Unlocking"), ("hotline",), "accounts"),
    Tab("staff_locks.show", phrase("Locks"), ("lock_officer",), "accounts"),
    Tab("staff_corrections.show", phrase("Corrections"), ("reviewer",), "accounts"),
    Tab(
        "staff_representations.show",
        phrase("Representatives"),
        ("reviewer",),
        "accounts",
    ),
    Tab("staff_keys.show", phrase("Keys"), ("security", "auditor"), "oversight"),
    Tab(
        "staff_portals.show",
        phrase("Portals"),
        ("relying_party_manager", "security", "auditor"),
    ),
    Tab("staff_trust.show", phrase("Chip trust"), ("security", "auditor")),
    Tab("staff_people.show", phrase("Officers"), ("administrator",), "oversight"),
    Tab("staff_audit.show", phrase("Audit log"), ("auditor",), "oversight"),
    Tab(
        "staff_health.show",
        phrase("Health"),
        ("security", "auditor", "administrator", "leader"),
        "oversight",
    ),
    Tab("staff_figures.show", phrase("Figures"), ("leader",), "oversight"),
)
ROLE_NAMES = {
    "enrolment_officer": phrase("enrolment officer"),
    "reviewer": phrase("reviewer"),
    "hotline": phrase("hotline"),
    "security": phrase("security"),
    "auditor": phrase("auditor"),
    "leader": phrase("leader"),
    "lock_officer": phrase("lock officer"),
    "relying_party_manager": phrase("manager of portals"),
    "administrator": phrase("administrator"),
}
KEPT = phrase("What you typed is still here. Look at it and press the button again.")
DONE = {
    "joined": phrase("Your passkey is kept. Sign in with it now."),
    "signed-out": phrase("You are signed out."),
    "added": phrase("The passkey was added."),
    "removed": phrase("The passkey was removed."),
    "roles": phrase("The roles were changed; they hold at once."),
    "moved": phrase("The unit was changed."),
    "disabled": phrase("The account was ended, with every passkey and session."),
    "renewed": phrase("The renewed paper is noted, and its lock has ended."),
    "refused": phrase("The request was refused."),
    "window": phrase("The time to activate is open again, and the holder was told."),
    "unlock-permitted": phrase(
        "Every answer is right. The caller unlocks it with the codes now; the holder "
        "was told."
    ),
    "officer-ended": phrase("It has ended, and the holder was told why."),
    "approved": phrase("The request was approved."),
    "proposal-approved": phrase("Approved and carried out."),
    "proposal-taken-up": phrase("It is in your name now; another officer approves it."),
    "proposal-refused": phrase("Refused; the proposer reads your reason here."),
    "proposal-withdrawn": phrase("Withdrawn; nothing happens."),
    "acknowledged": phrase("Noted: you know of it."),
    "address": phrase("Your address for letters is kept."),
    "suspended": phrase("Suspended: nobody signs in there, its tokens are refused."),
    "proposed": phrase("Proposed. Another officer approves it here."),
    "unit": phrase("The unit was added."),
    "taken": phrase("The dossier is yours. Decide when you have checked it."),
    "granted": phrase("The dossier was granted, and the applicant is told."),
    "entered": phrase("The letter is kept. Forward it within its term."),
    "forwarded": phrase("The request was forwarded for decision."),
    "carried-out": phrase("The request was carried out, and the holder was told."),
    "lock-refused": phrase("The request was refused. Print the answer."),
    "answered": phrase("The answer is on the holder's own page."),
    "representation-ended": phrase("The representation ended, and both were told."),
    "rejected": phrase("The dossier was refused, and the applicant is told."),
}


def page(  # noqa: PLR0913 - who, which template, and its frame
    here: Visit,
    officer: Officer | None,
    template: str,
    heading: str,
    *,
    tab: str | None = None,
    problem: Problem | None = None,
    **values: Any,
) -> Response:
    """Show an officers' page; without an officer, one of those before signing in."""
    done = KEPT if kept.was_taken() else DONE.get(request.args.get("done", ""))
    body = render_template(
        f"staff/{template}.html",
        heading=heading,
        bar=_bar(officer, tab or request.endpoint) if officer else [],
        officer=officer,
        shown_at=presentation.moment_text(here.now),
        role_names=ROLE_NAMES,
        notice=gettext(done) if done else "",
        problem=problem,
        alarms=_alarms(here) if officer else 0,
        sign_out=here.token(access.purpose(officer, "sign-out")) if officer else "",
        **values,
    )
    status = HTTPStatus.UNPROCESSABLE_ENTITY if problem else HTTPStatus.OK
    return access.keep(here, make_response(body, status))


def _alarms(here: Visit) -> int:
    """Count what one person did alone and two have not acknowledged yet."""
    with here.provider.database.read() as connection:
        return len(break_glass.list_open(connection))


def _bar(officer: Officer, current: str | None) -> list[dict[str, Any]]:
    """Return the officer's groups of pages; one with a single page is that page."""
    bar = []
    for name, label in GROUPS.items():
        pages = [
            {
                "href": url_for(tab.endpoint),
                "label": gettext(tab.label),
                "current": tab.endpoint == current,
            }
            for tab in TABS
            if tab.group == name and officer.has(*tab.roles)
        ]
        if len(pages) == 1:
            bar.append(pages[0] | {"pages": []})
        elif pages:
            is_here = any(page["current"] for page in pages)
            first = {"href": pages[0]["href"], "label": gettext(label)}
            bar.append(first | {"current": is_here, "pages": pages})
    return bar
