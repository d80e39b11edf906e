"""Proposals about the chip trust store in words: what comes, what goes."""

from idp import clock
from idp.approvals import trust
from idp.approvals.kinds import Payload
from idp.emrtd.certificates import Certificate
from idp.emrtd.trust import TrustItem
from idp.errors import NotFoundError
from idp.factors import chip_trust
from idp.factors.chip_trust import StoredItem
from idp.provider import Provider
from idp.web import presentation
from idp.web.language import gettext, phrase
from idp.web.staff.descriptions import Change, Description

KINDS = {
    chip_trust.CSCA: phrase("country's root certificate (CSCA)"),
    chip_trust.VOUCHED: phrase("root certificate of a master list"),
    chip_trust.CRL: phrase("revocation list (CRL)"),
}
_SHOWN = 200


def item_text(item: TrustItem) -> str:
    """Name an item by owner and end; whoever made it has chosen the name."""
    ends = item.not_after if isinstance(item, Certificate) else item.next_update
    until = gettext("valid until %(date)s", date=presentation.date_text(ends))
    return f"{plain(item.owner.text)}\n{until}\n{fingerprint(item)}"


def fingerprint(item: TrustItem) -> str:
    """Return the SHA-256 of an item in groups, as two people compare it."""
    digest = chip_trust.digest_of(item).hex()
    return " ".join(digest[start : start + 8] for start in range(0, 64, 8))


def plain(text: str) -> str:
    """Return a stranger's text without what cannot be seen."""
    return "".join(letter if letter.isprintable() else "�" for letter in text)


def _change(provider: Provider, payload: Payload) -> Description:
    data = trust.file_of(payload)
    effects = [
        gettext("Cards count by what is trusted; every worker uses it within seconds.")
    ]
    changes = [_going(provider, digest) for digest in payload["removed"]]
    if data is None:
        return Description(tuple(effects), tuple(changes))
    with provider.database.read() as connection:
        loaded = chip_trust.read_file(connection, data, now=clock.now())
        held = chip_trust.list_items(connection)
    new = chip_trust.news(loaded, held)
    effects.append(
        gettext(
            "%(new)s items come, %(old)s older revocation lists go, %(known)s are "
            "here already, %(bad)s cannot be used.",
            new=len(new.added),
            old=len(new.replaced),
            known=new.present,
            bad=len(loaded.problems),
        )
    )
    changes += [
        Change(_kind_text(kind, item), "", item_text(item), is_risky=True)
        for kind, item in new.added[:_SHOWN]
    ]
    changes += [
        Change(_kind_text(chip_trust.CRL, item), item_text(item), "")
        for item in new.replaced
    ]
    warnings = [*map(plain, loaded.remarks)]
    if len(new.added) > _SHOWN:
        more = len(new.added) - _SHOWN
        warnings.append(gettext("%(more)s more items are not shown.", more=more))
    obstacle = "" if new.added else gettext("Nothing in the file is new.")
    return Description(tuple(effects), tuple(changes), tuple(warnings), obstacle)


def _going(provider: Provider, digest: str) -> Change:
    try:
        with provider.database.read() as connection:
            stored: StoredItem = chip_trust.find(connection, digest)
    except NotFoundError:
        return Change(gettext("gone already"), digest, "", is_risky=True)
    text = item_text(stored.item)
    return Change(_kind_text(stored.kind, stored.item), text, "", is_risky=True)


def _kind_text(kind: str, item: TrustItem) -> str:
    return f"{item.owner.country}: {gettext(KINDS[kind])}"


def _found(provider: Provider, payload: Payload) -> Description:
    del provider, payload
    return Description(
        (
            gettext(
                "The card of this name was reported lost, stolen or revoked. The "
                "report is withdrawn: from then on the card proves its holder again."
            ),
        )
    )


WORDS = {
    trust.CHANGE: (phrase("Change the chip trust store: %(subject)s"), _change),
    trust.FOUND: (phrase("Believe the reported card %(subject)s again"), _found),
}
