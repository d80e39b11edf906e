"""What each kind of proposal is called, and what exactly will happen, in words.

Each area of two-person acts gives its titles and its `describe`; the payload is opened
for the page of one proposal only, so lists have the title and the subject.
"""

from collections.abc import Callable
from dataclasses import dataclass

from idp.approvals.kinds import Payload
from idp.approvals.proposals import Proposed
from idp.provider import Provider
from idp.web.language import gettext
from idp.web.staff import (
    account_texts,
    key_sealing,
    key_texts,
    portal_texts,
    trust_texts,
)
from idp.web.staff.descriptions import Description

Describe = Callable[[Provider, Payload], Description]


@dataclass(frozen=True, slots=True)
class Words:
    """A kind's title, which may name %(subject)s, and how its page describes it."""

    title: str
    describe: Describe


_WORDS = {
    **portal_texts.WORDS,
    **trust_texts.WORDS,
    **account_texts.WORDS,
    **key_texts.WORDS,
    **key_sealing.WORDS,
}
WORDS = {kind: Words(*words) for kind, words in _WORDS.items()}


def title(proposal: Proposed) -> str:
    """Return what is proposed, in one line."""
    return titled(proposal.kind, proposal.subject)


def titled(kind: str, subject: str) -> str:
    """Return the same of a kind and what it is about; rings are told in words."""
    if kind in key_texts.WORDS:
        subject = key_texts.ring_called(subject)
    return gettext(WORDS[kind].title, subject=subject)


def describe(provider: Provider, kind: str, payload: Payload) -> Description:
    """Return what exactly will happen once it is approved."""
    return WORDS[kind].describe(provider, payload)
