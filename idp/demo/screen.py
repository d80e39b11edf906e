"""What the demo tells: progress, addresses, and how to sign in as each citizen."""

import sys
from typing import Any

import pyotp
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from idp.demo.plan import DemoPlan

PLAIN_WIDTH = 132

_WHAT = {
    "services": "national public services: residence",
    "bank": "bank: level 2.2, signed userinfo, pushed requests",
    "insurance": "health insurance: household, voluntary claims",
}

_READER = {
    False: "virtual: it lets you choose whose card to lay",
    True: "this machine's own readers, through pcscd",
}
# What to try beyond a password, each in two lines; {issuer} is the demo's.
_WAYS = {
    "Try a card": (
        "at sign-in choose your chip-ID card and type the number of a citizen who has",
        "one; lay that card at the reader, allow it, then type the password.",
    ),
    "Try a passkey": (
        "sign in to {issuer}/account/ways/passkey and add one (fingerprint or PIN);",
        "then sign in anywhere with a passkey alone: no number, no password.",
    ),
    "Try a phone": (
        "sign in to {issuer}/account in a second browser: the phone. In the first,",
        "choose to sign in with your phone, and open the code's address in the second.",
    ),
}


class Screen:
    """The terminal; without one, plain lines that a script can read."""

    def __init__(self) -> None:
        self.is_terminal = sys.stdout.isatty()
        self._console = Console(
            highlight=False, width=None if self.is_terminal else PLAIN_WIDTH
        )

    def progress(self, text: str) -> None:
        """Say what is being done."""
        self._console.print(f"[dim]·[/dim] {text}")

    def show(self, plan: DemoPlan, citizens: list[dict[str, Any]]) -> None:
        """Print everything that a newcomer needs, and the line scripts wait for."""
        self._console.print(self._citizens(citizens))
        self._tell("Provider", plan.issuer, "your account: /account")
        for name, url in plan.portals.items():
            self._tell(name.title(), url, _WHAT[name])
        self._tell("Card reader", plan.agent, _READER[plan.pcsc])
        self._tell("Chip cards", str(plan.cards), "one file for each citizen's card")
        self._tell("Messages", f"{plan.issuer}/sandbox/outbox", "SMS codes, letters")
        self._tell("Configuration", str(plan.config_file), "IDP_CONFIG for idp")
        if plan.ca_file:
            self._tell("Trust this CA", str(plan.ca_file), "made for this demo")
        self._tell("Logs", str(plan.folder / "logs"), "")
        for what, lines in _WAYS.items():
            self._advise(what, [line.format(issuer=plan.issuer) for line in lines])
        if self.is_terminal:
            self._console.print(
                "[bold]Enter[/bold] shows the current one-time codes, "
                "[bold]Ctrl-C[/bold] stops everything."
            )
        print(f"ready {plan.issuer}", flush=True)  # noqa: T201 - for scripts

    def show_codes(self, citizens: list[dict[str, Any]]) -> None:
        """Print the one-time code that each authenticator app shows now."""
        for citizen in citizens:
            secret = citizen["totp_secret"]
            if secret:
                code = pyotp.TOTP(secret).now()
                self._console.print(f"{_number(citizen)}  [bold]{code}[/bold]")

    def _tell(self, what: str, where: str, note: str) -> None:
        # Never folded: an address or a path is there to be copied whole.
        line = f"[bold]{what:<14}[/bold] {escape(where):<38}  [dim]{note}[/dim]"
        self._console.print(line.rstrip(), soft_wrap=True)

    def _advise(self, what: str, lines: list[str]) -> None:
        for name, line in zip((what, ""), lines, strict=True):
            told = f"[bold]{name:<14}[/bold] {escape(line)}"
            self._console.print(told, soft_wrap=True)

    def _citizens(self, citizens: list[dict[str, Any]]) -> Table:
        table = Table(title="Citizens of the sandbox (all invented)", pad_edge=False)
        table.add_column("Personal number", no_wrap=True)
        table.add_column("Password", no_wrap=True)
        table.add_column("Level", justify="center")
        table.add_column("Second step", overflow="fold")
        table.add_column("Story", overflow="fold")
        for citizen in citizens:
            state = citizen["lock"] or citizen["state"]
            table.add_row(
                _number(citizen),
                citizen["password"],
                str(citizen["account_level"]),
                _second_step(citizen),
                citizen["story"]
                if state == "active"
                else f"{citizen['story']} [{state}]",
                style=None if state == "active" else "dim",
            )
        return table


def _number(citizen: dict[str, Any]) -> str:
    number = citizen["personal_number"]
    return " ".join(number[at : at + 3] for at in range(0, len(number), 3))


def _second_step(citizen: dict[str, Any]) -> str:
    ways = []
    if citizen["totp_secret"]:
        ways.append(f"app, secret {citizen['totp_secret']}")
    if "sms" in citizen["factors"]:
        ways.append(f"SMS to {citizen['phone']}")
    if "chip" in citizen["factors"]:
        ways.append("chip card")
    return "; ".join(ways) or "–"
