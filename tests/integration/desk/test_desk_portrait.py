"""The portrait of a chip that holds JPEG 2000, as officers see it in their browsers."""

import re
from base64 import b64decode
from io import BytesIO

import pytest
from PIL import Image

from clients.reader.virtual import groups, personaliser
from clients.reader.virtual.chip import VirtualChip
from idp.web.staff import pictures
from tests.cards.people import AN
from tests.integration.chip.people import signer
from tests.integration.desk.counter import (
    OTHER,
    WITH_PORTRAIT,
    dossier_of,
    open_desk,
    ready,
)
from tests.integration.test_staff_review import reviewer, take

HIDDEN = "Không hiển thị được ảnh trong chip"
SKIN = (208, 162, 122)


def jpeg_2000(width: int = 300, height: int = 400, **form: bool) -> bytes:
    """Return a picture of one colour as chips of many countries hold theirs."""
    made = BytesIO()
    Image.new("RGB", (width, height), SKIN).save(made, "JPEG2000", **form)
    return made.getvalue()


def card_with(image: bytes) -> VirtualChip:
    """Return a believed card whose DG2 holds this picture."""
    keys = personaliser.generate_keys(WITH_PORTRAIT)
    files = personaliser.data_groups(AN, WITH_PORTRAIT, keys)
    files[2] = groups.data_group_2(image)
    sod = personaliser.signed(files, WITH_PORTRAIT, signer(WITH_PORTRAIT.signer))
    return VirtualChip(personaliser.assemble(AN, WITH_PORTRAIT, keys, files, sod))


def is_skin(image: bytes) -> bool:
    """Say whether this is a JPEG of 300 by 400 points in that colour."""
    with Image.open(BytesIO(image), formats=("JPEG",)) as opened:
        found = opened.getpixel((150, 200))
        assert isinstance(found, tuple)
        near = all(abs(a - b) < 8 for a, b in zip(found, SKIN, strict=True))
        return opened.size == (300, 400) and near


def test_officers_see_a_portrait_of_jpeg_2000(app, provider) -> None:
    """At the desk and on the reviewer's page it is a JPEG of the same picture."""
    ready(provider)
    desk = open_desk(app, provider)
    desk.begin()
    desk.read_card(card_with(jpeg_2000()))
    desk.press("/registry")
    source = re.search(r'<img src="([^"]*/picture/chip)"', desk.page.text)
    assert source
    told = desk.browser.client.get(source[1])
    assert (told.mimetype, is_skin(told.data)) == ("image/jpeg", True)

    desk.prove(photo=OTHER)
    desk.finish()
    page = take(reviewer(app, provider), dossier_of(provider).id)

    found = re.findall(r'src="data:image/(\w+);base64,([^"]*)"', page.text)
    assert [kind for kind, _ in found] == ["png", "jpeg"]
    assert is_skin(b64decode(found[1][1]))
    assert HIDDEN not in page.text


def test_officers_are_told_of_a_portrait_that_nobody_can_show(app, provider) -> None:
    """One that would fill the memory is not decoded; the pages say so."""
    ready(provider)
    desk = open_desk(app, provider)
    desk.begin()
    desk.read_card(card_with(jpeg_2000(2100, 2000)))
    desk.press("/registry")
    assert HIDDEN in desk.page.text
    assert "/picture/chip" not in desk.page.text

    desk.prove(photo=OTHER)
    desk.finish()
    page = take(reviewer(app, provider), dossier_of(provider).id)

    assert HIDDEN in page.text
    assert page.text.count('src="data:image/') == 1


@pytest.mark.parametrize(
    ("image", "kind"),
    [
        (jpeg_2000(no_jp2=True), "image/jpeg"),
        (jpeg_2000()[:120], None),
        (jpeg_2000()[:12], None),
        (b"\xff\xd8\xff\xe0", "image/jpeg"),
        (b"GIF89a", None),
        (b"", None),
    ],
)
def test_what_is_shown(image: bytes, kind: str | None) -> None:
    """Both forms of JPEG 2000; what is broken, or something else, is not."""
    shown = pictures.shown(image)
    assert (shown and shown[0]) == kind
