"""Write ASN.1 in DER: the few types that cards, signatures and certificates need."""

from idp.emrtd.tlv import encode, encode_oid


def sequence(*parts: bytes) -> bytes:
    """Return a SEQUENCE of parts that are encoded already."""
    return encode(0x30, b"".join(parts))


def set_of(*parts: bytes) -> bytes:
    """Return a SET OF, whose parts DER orders by their bytes (X.690 §11.6)."""
    return encode(0x31, b"".join(sorted(parts)))


def context(number: int, content: bytes) -> bytes:
    """Return a constructed, context-specific [number]."""
    return encode(0xA0 | number, content)


def integer(value: int) -> bytes:
    """Return an INTEGER that is not negative."""
    return encode(0x02, value.to_bytes(value.bit_length() // 8 + 1, "big"))


def octets(value: bytes) -> bytes:
    """Return an OCTET STRING."""
    return encode(0x04, value)


def bits(value: bytes) -> bytes:
    """Return a BIT STRING of whole bytes."""
    return encode(0x03, b"\x00" + value)


def oid(dotted: str) -> bytes:
    """Return an OBJECT IDENTIFIER."""
    return encode(0x06, encode_oid(dotted))


def utf8(text: str) -> bytes:
    """Return a UTF8String."""
    return encode(0x0C, text.encode())


def printable(text: str) -> bytes:
    """Return a PrintableString."""
    return encode(0x13, text.encode("ascii"))


def algorithm(dotted: str, parameters: bytes = b"") -> bytes:
    """Return an AlgorithmIdentifier."""
    return sequence(oid(dotted), parameters)


NULL = b"\x05\x00"
