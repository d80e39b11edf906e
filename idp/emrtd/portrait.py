"""DG2: the image of the face, taken out and never decoded here (Doc 9303-10 §4.7.2)."""

from dataclasses import dataclass

from idp.emrtd import lds
from idp.emrtd.errors import EmrtdError
from idp.emrtd.tlv import Node

# BiometricInformationGroupTemplate, BiometricInformationTemplate, BiometricDataBlock
_GROUP, _TEMPLATE = 0x7F61, 0x7F60
_BLOCKS = frozenset({0x5F2E, 0x7F2E})

_JPEG_BEGINS, _JPEG_ENDS = b"\xff\xd8\xff", b"\xff\xd9"
_JP2_BEGINS = bytes.fromhex("0000000c6a5020200d0a870a")
_J2K_BEGINS, _J2K_ENDS = bytes.fromhex("ff4fff51"), b"\xff\xd9"

# ISO/IEC 19794-5 §5: 14 bytes of the record, 20 of the face, 12 of the image, and 8 for
# each feature point. ISO/IEC 39794-5 is TLV: its heads are shorter than this as well.
_HEADERS = 46
_MAX_FEATURE_POINTS = 256
_SEARCHED = _HEADERS + 8 * _MAX_FEATURE_POINTS


@dataclass(frozen=True, slots=True)
class Portrait:
    """An image as the chip holds it: `jpeg`, or `jp2` for both forms of JPEG 2000."""

    format: str
    image: bytes


def extract(file: bytes) -> Portrait:
    """Return the first face image of DG2."""
    group = lds.data_group(file, lds.PORTRAIT).require(_GROUP)
    block = _block(group.require(_TEMPLATE)).value
    head = block[: _SEARCHED + len(_JP2_BEGINS)]
    found = [
        (place, form, end)
        for begin, form, end in (
            (_JPEG_BEGINS, "jpeg", _JPEG_ENDS),
            (_JP2_BEGINS, "jp2", b""),
            (_J2K_BEGINS, "jp2", _J2K_ENDS),
        )
        if (place := head.find(begin)) >= 0
    ]
    if not found:
        raise EmrtdError("malformed", "no JPEG or JPEG 2000 image in DG2")
    place, form, end = min(found)
    last = block.rfind(end) if end else len(block)
    if last <= place:
        raise EmrtdError("malformed", "the image in DG2 has no end")
    return Portrait(form, block[place : last + len(end)])


def _block(template: Node) -> Node:
    for node in template.children:
        if node.tag in _BLOCKS:
            return node
    raise EmrtdError("malformed", "no biometric data in DG2")
