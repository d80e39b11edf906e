"""Pictures as a browser shows them: a chip's JPEG 2000 becomes a JPEG for the page.

Chips hold either form (ICAO Doc 9303-10 §4.7.2), and hardly a browser shows JPEG 2000.
Only what a passed passive authentication found in a chip comes here, of bounded bytes
(`emrtd.lds`); of its head the size is read first, and nothing large is ever decoded.
What is kept, and what the face match gets, stays as the chip holds it.
"""

from base64 import b64decode, b64encode
from io import BytesIO

from PIL import Image

_JPEG_BEGINS, _PNG_BEGINS = b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n"
_JP2_BEGINS = (bytes.fromhex("0000000c6a5020200d0a870a"), bytes.fromhex("ff4fff51"))
_MAX_PIXELS = 4_000_000  # the faces of ISO/IEC 19794-5 have some 200,000
_QUALITY = 90


def shown(image: bytes) -> tuple[str, bytes] | None:
    """Return the type and the bytes to show; None if no browser could."""
    if image.startswith(_JPEG_BEGINS):
        return "image/jpeg", image
    if image.startswith(_PNG_BEGINS):
        return "image/png", image
    jpeg = _converted(image) if image.startswith(_JP2_BEGINS) else None
    return ("image/jpeg", jpeg) if jpeg else None


def data_url(encoded: str | None) -> str | None:
    """Return a picture of a dossier's evidence as an address within the page."""
    found = shown(b64decode(encoded)) if encoded else None
    return f"data:{found[0]};base64,{b64encode(found[1]).decode()}" if found else None


def _converted(image: bytes) -> bytes | None:
    made = BytesIO()
    try:
        with Image.open(BytesIO(image), formats=("JPEG2000",)) as opened:
            if opened.width * opened.height > _MAX_PIXELS:
                return None
            opened.convert("RGB").save(made, "JPEG", quality=_QUALITY)
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError):
        return None
    return made.getvalue()
