"""Secure messaging: ICAO Doc 9303-11 §9.8, the reader's side and the card's.

The send sequence counter is an argument, never hidden state: as it only counts, whole
batches of commands can be protected before the first answer is known.
"""

import hmac
from dataclasses import dataclass

from idp.emrtd import tlv
from idp.emrtd.apdu import (
    EXTENDED_MAX,
    SHORT_MAX,
    Command,
    Response,
    parse_command,
    parse_response,
)
from idp.emrtd.blocks import (
    MAC_LENGTH,
    authentication_code,
    decrypt,
    encrypt,
    pad,
    unpad,
)
from idp.emrtd.errors import EmrtdError
from idp.emrtd.kdf import Cipher, SessionKeys

_CLA = 0x0C  # secure messaging, header authenticated
_CRYPTOGRAM, _PLAIN_CRYPTOGRAM, _EXPECTED, _STATUS, _MAC = 0x87, 0x85, 0x97, 0x99, 0x8E
_PADDED = b"\x01"
# What an answer carries besides its data: DO87's head, padding, DO99 and DO8E.
_SHORT_OVERHEAD = 4 + 4 + 10


@dataclass(frozen=True, repr=False)
class Channel:
    """A session: its keys, and the counter as it stood after the last message."""

    keys: SessionKeys
    counter: int = 0


def readable(cipher: Cipher) -> int:
    """Return how much data fits into one protected short answer (§9.8.5)."""
    return (SHORT_MAX - _SHORT_OVERHEAD) // cipher.block * cipher.block - 1


def protect_command(keys: SessionKeys, counter: int, command: Command) -> bytes:
    """Protect a command under the counter that counts it (the reader's side)."""
    header = bytes((command.cla | _CLA, command.ins, command.p1, command.p2))
    body = _encrypt_data(keys, counter, command.data, command.ins)
    if command.expected:
        size = 1 if command.expected <= SHORT_MAX else 2
        expected = command.expected & (256**size - 1)
        body += tlv.encode(_EXPECTED, expected.to_bytes(size, "big"))
    seal = _seal(keys, counter, pad(header, keys.cipher.block) + body)
    data = body + tlv.encode(_MAC, seal)
    is_long = len(data) > 0xFF or command.expected > SHORT_MAX
    expected = EXTENDED_MAX if is_long else SHORT_MAX
    cla, ins, p1, p2 = header
    return Command(cla, ins, p1, p2, data, expected).encode()


def open_command(keys: SessionKeys, counter: int, apdu: bytes) -> Command:
    """Check a protected command and return it in the clear (the card's side)."""
    command = parse_command(apdu)
    if command.cla & _CLA != _CLA:
        raise EmrtdError("secure_messaging", "an unprotected command")
    cryptogram = _cryptogram_tag(command.ins)
    objects = _open_objects(
        keys,
        counter,
        command.data,
        (cryptogram, _EXPECTED),
        pad(command.header, keys.cipher.block),
    )
    expected = 0
    if (length := objects.get(_EXPECTED)) is not None:
        if len(length) not in {1, 2}:
            raise EmrtdError("secure_messaging", "expected length")
        expected = int.from_bytes(length, "big") or 256 ** len(length)
    data = _decrypt_data(keys, counter, cryptogram, objects)
    return Command(
        command.cla & ~_CLA,
        command.ins,
        command.p1,
        command.p2,
        data=data,
        expected=expected,
    )


def protect_response(
    keys: SessionKeys, counter: int, response: Response, *, ins: int = 0
) -> bytes:
    """Protect an answer under the counter that counts it (the card's side)."""
    status = response.status.to_bytes(2, "big")
    body = _encrypt_data(keys, counter, response.data, ins)
    body += tlv.encode(_STATUS, status)
    return body + tlv.encode(_MAC, _seal(keys, counter, body)) + status


def open_response(
    keys: SessionKeys, counter: int, rapdu: bytes, *, ins: int = 0
) -> Response:
    """Check a protected answer and return it in the clear (the reader's side).

    An answer without protection is refused, whatever its status: nobody but the chip
    may tell that a file is missing.
    """
    outer = parse_response(rapdu)
    cryptogram = _cryptogram_tag(ins)
    if not outer.data:
        raise EmrtdError("secure_messaging", f"unprotected {outer.status:04X}")
    objects = _open_objects(keys, counter, outer.data, (cryptogram, _STATUS))
    if objects.get(_STATUS) != rapdu[-2:]:
        raise EmrtdError("secure_messaging", "status bytes")
    return Response(_decrypt_data(keys, counter, cryptogram, objects), outer.status)


def _open_objects(
    keys: SessionKeys,
    counter: int,
    data: bytes,
    allowed: tuple[int, ...],
    prefix: bytes = b"",
) -> dict[int, bytes]:
    """Check the code at the end, and that the objects stand once and in order."""
    mac_length = 2 + MAC_LENGTH
    body, seal = data[:-mac_length], data[-mac_length:]
    expected = tlv.encode(_MAC, _seal(keys, counter, prefix + body))
    if not hmac.compare_digest(expected, seal):
        raise EmrtdError("secure_messaging", "authentication code")
    nodes = tlv.parse_all(body)
    objects = {node.tag: node.value for node in nodes}
    if [node.tag for node in nodes] != [tag for tag in allowed if tag in objects]:
        raise EmrtdError("secure_messaging", "data objects")
    return objects


def _seal(keys: SessionKeys, counter: int, message: bytes) -> bytes:
    block = keys.cipher.block
    text = _counter(keys, counter) + message
    if keys.cipher is not Cipher.TRIPLE_DES:
        text = pad(text, block)  # the retail MAC pads by itself
    return authentication_code(keys.cipher, keys.mac, text)


def _encrypt_data(keys: SessionKeys, counter: int, data: bytes, ins: int) -> bytes:
    if not data:
        return b""
    padded = pad(data, keys.cipher.block)
    secret = encrypt(keys.cipher, keys.encryption, padded, _iv(keys, counter))
    tag = _cryptogram_tag(ins)
    return tlv.encode(tag, _PADDED + secret if tag == _CRYPTOGRAM else secret)


def _decrypt_data(
    keys: SessionKeys, counter: int, tag: int, objects: dict[int, bytes]
) -> bytes:
    secret = objects.get(tag)
    if secret is None:
        return b""
    if tag == _CRYPTOGRAM:
        if secret[:1] != _PADDED:
            raise EmrtdError("secure_messaging", "padding indicator")
        secret = secret[1:]
    return unpad(decrypt(keys.cipher, keys.encryption, secret, _iv(keys, counter)))


def _cryptogram_tag(ins: int) -> int:
    """Odd instructions carry data objects, encrypted without an indicator (§9.8.4)."""
    return _PLAIN_CRYPTOGRAM if ins & 1 else _CRYPTOGRAM


def _iv(keys: SessionKeys, counter: int) -> bytes:
    """Triple-DES begins at zero, AES at the encrypted counter (§9.8.6.1, §9.8.7.1)."""
    if keys.cipher is Cipher.TRIPLE_DES:
        return b""
    return encrypt(keys.cipher, keys.encryption, _counter(keys, counter))


def _counter(keys: SessionKeys, counter: int) -> bytes:
    """Write the counter; BAC's begins anywhere, so it may run over."""
    block = keys.cipher.block
    return (counter & (1 << 8 * block) - 1).to_bytes(block, "big")
