"""Level 1 online with a face service over HTTP, and two people at one moment."""

import json
from base64 import b64decode
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from threading import Barrier

import pytest
import sqlalchemy as sa

from idp.app import create_app
from idp.config import FaceConfig
from idp.enrolment.models import Dossier
from idp.factors import face
from idp.sandbox.newcomers import newcomers
from tests.driver import error_code
from tests.integration.enrolling import Applying, details, newcomer
from tests.services import BACKENDS
from tests.unit.factors.partners import partner


def states(provider) -> list[str]:
    """Return the states of all dossiers that there are."""
    with provider.database.read() as connection:
        return list(connection.execute(sa.select(Dossier.state)).scalars())


def test_a_face_service_decides_and_may_be_down(provider) -> None:
    """It gets the number and the photo; while it is down nothing is decided."""
    answers = [(503, b""), (200, json.dumps({"likeness": "match"}).encode())]
    with partner(lambda _: answers.pop(0)) as server:
        faces = face.open_faces(FaceConfig(match="http", url=server.url))
        live = replace(provider, faces=faces)
        person, applying = newcomer(live), Applying(create_app(provider=live), live)
        page = applying.apply(person)
        assert error_code(page) == "DD-ENR-503"
        assert states(provider) == []

        page = applying.finish()

        assert error_code(page) is None
        assert states(provider) == ["granted"]
        _, asked = server.requests[-1]
    assert asked["person"] == person["personal_number"]
    assert b64decode(asked["photo"]).endswith(face.SANDBOX_MARK)


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("shared", ["person", "phone"])
def test_of_two_at_one_moment_one_wins(app, provider, shared) -> None:
    """Two browsers press the last button together, for one person or one phone."""
    first = newcomer(provider)
    other = first
    if shared == "phone":
        adults = [one for one in newcomers(provider) if one["story"] == "adult"]
        other = adults[1]
    both = [Applying(app, provider), Applying(app, provider)]
    for applying, person in zip(both, (first, other), strict=True):
        applying.begin(details(person, phone=first["phone"]))
        page = applying.prove(first["phone"])
        assert error_code(page) is None, page.text
    start = Barrier(2)

    def press(applying):
        start.wait(30)
        return applying.finish()

    with ThreadPoolExecutor(2) as pool:
        pages = list(pool.map(press, both))

    codes = [error_code(page) for page in pages]
    assert sorted(codes, key=str) == ["DD-ENR-002", None], codes
    assert states(provider) == ["granted"]
