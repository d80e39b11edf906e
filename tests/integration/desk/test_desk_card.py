"""Level 2 at a desk with a valid card: granted at once, queued, or refused."""

import pytest

from tests.driver import error_code
from tests.integration.desk.counter import (
    AN,
    dossier_of,
    events,
    open_desk,
    ready,
)
from tests.services import BACKENDS

on_each_backend = pytest.mark.parametrize("backend", BACKENDS)


@on_each_backend
def test_a_person_with_a_card_gets_level_2(app, provider) -> None:
    """Number, chip, registry, face, fingers, phone, yes: granted, with a receipt."""
    chip = ready(provider)
    desk = open_desk(app, provider)

    page = desk.enrol(chip)

    assert "/staff/desk/receipts/" in page.request.path, page.text
    dossier = dossier_of(provider)
    assert (dossier.state, dossier.kind, dossier.channel) == (
        "granted",
        "level2",
        "desk",
    )
    assert dossier.officer_id == desk.officer_id
    receipt = dossier.receipt
    assert f"{receipt[:4]}-{receipt[4:8]}-{receipt[8:]}" in page.text
    assert AN.number not in page.text
    types = events(provider, dossier.account_id)
    assert {"DossierFiled", "DossierGranted", "ChipVerified", "OfficerLookedUp"} <= {
        *types
    }
    assert error_code(page) is None
