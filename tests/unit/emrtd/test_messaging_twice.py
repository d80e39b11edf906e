"""Secure messaging against a second writing of the standard, for every cipher.

ICAO works one example of Triple-DES and none of AES, and the two sides of idp.emrtd
share their code: so a chip is written here once more, step by step from Doc 9303-11
§9.8.6 and §9.8.7.
"""

import hashlib

import pytest
from cryptography.hazmat.decrepit.ciphers.algorithms import TripleDES
from cryptography.hazmat.primitives import cmac
from cryptography.hazmat.primitives.ciphers import Cipher as BlockCipher
from cryptography.hazmat.primitives.ciphers import algorithms, modes

from idp.emrtd.apdu import Command, Response
from idp.emrtd.kdf import Cipher, derive_session
from idp.emrtd.secure_messaging import (
    open_command,
    open_response,
    protect_command,
    protect_response,
)

SECRET = bytes(range(32))
KEY_BYTES = {
    Cipher.TRIPLE_DES: 16,
    Cipher.AES_128: 16,
    Cipher.AES_192: 24,
    Cipher.AES_256: 32,
}


def other_keys(cipher):
    """§9.7.1: SHA-1, SHA-256 for long keys; DES keys get odd parity."""
    digest = "sha256" if KEY_BYTES[cipher] > 16 else "sha1"
    keys = []
    for counter in (b"\0\0\0\1", b"\0\0\0\2"):
        key = hashlib.new(digest, SECRET + counter).digest()[: KEY_BYTES[cipher]]
        if cipher is Cipher.TRIPLE_DES:
            key = bytes((b & 0xFE) | (f"{b >> 1:b}".count("1") + 1) % 2 for b in key)
        keys.append(key)
    return keys


def padded(content, block):
    content += b"\x80"
    while len(content) % block:
        content += b"\x00"
    return content


def run(algorithm, mode, content):
    encryptor = BlockCipher(algorithm, mode).encryptor()
    return encryptor.update(content) + encryptor.finalize()


def encrypted(cipher, key, counter, content):
    """§9.8.6.1, §9.8.7.1: CBC from zero, or from the encrypted counter."""
    if cipher is Cipher.TRIPLE_DES:
        algorithm = TripleDES(key + key[:8])
        return run(algorithm, modes.CBC(bytes(8)), padded(content, 8))
    algorithm = algorithms.AES(key)
    vector = run(algorithm, modes.ECB(), counter.to_bytes(16, "big"))
    return run(algorithm, modes.CBC(vector), padded(content, 16))


def sealed(cipher, key, counter, content):
    """§9.8.6.3, §9.8.7.3: over the counter and what is sent, padded."""
    if cipher is not Cipher.TRIPLE_DES:
        code = cmac.CMAC(algorithms.AES(key))
        code.update(counter.to_bytes(16, "big") + padded(content, 16))
        return code.finalize()[:8]
    state = bytes(8)
    text = counter.to_bytes(8, "big") + padded(content, 8)
    # ISO/IEC 9797-1 algorithm 3, block by block; one key three times is single DES.
    for at in range(0, len(text), 8):
        mixed = bytes(a ^ b for a, b in zip(state, text[at : at + 8], strict=True))
        state = run(TripleDES(key[:8] * 3), modes.ECB(), mixed)
    second = BlockCipher(TripleDES(key[8:] * 3), modes.ECB()).decryptor()
    return run(TripleDES(key[:8] * 3), modes.ECB(), second.update(state))


def element(tag, value):
    size = len(value)
    if size < 0x80:
        return bytes((tag, size)) + value
    if size < 0x100:
        return bytes((tag, 0x81, size)) + value
    return bytes((tag, 0x82)) + size.to_bytes(2, "big") + value


def other_command(cipher, counter, command):
    """Return the protected command, data and length in the usual short form."""
    encryption, mac = other_keys(cipher)
    block = 8 if cipher is Cipher.TRIPLE_DES else 16
    header = bytes((command.cla | 0x0C, command.ins, command.p1, command.p2))
    objects = b""
    if command.data:
        secret = encrypted(cipher, encryption, counter, command.data)
        objects += element(0x87, b"\x01" + secret)
    if command.expected:
        objects += element(0x97, bytes((command.expected % 256,)))
    # The header is padded by itself, before the data objects.
    seal = sealed(cipher, mac, counter, padded(header, block) + objects)
    body = objects + element(0x8E, seal)
    return header + bytes((len(body),)) + body + b"\x00"


def other_response(cipher, counter, response):
    """Return the protected answer."""
    encryption, mac = other_keys(cipher)
    status = response.status.to_bytes(2, "big")
    objects = b""
    if response.data:
        secret = encrypted(cipher, encryption, counter, response.data)
        objects += element(0x87, b"\x01" + secret)
    objects += element(0x99, status)
    return objects + element(0x8E, sealed(cipher, mac, counter, objects)) + status


COMMANDS = [
    Command(0x00, 0xA4, 0x02, 0x0C, data=b"\x01\x1e"),
    Command(0x00, 0xB0, 0x00, 0x00, expected=4),
    Command(0x00, 0xB0, 0x81, 0x10, expected=223),
    Command(0x00, 0x88, 0x00, 0x00, data=b"12345678", expected=256),
    Command(0x00, 0x22, 0x41, 0xA4, data=bytes(range(100))),
]
RESPONSES = [
    Response(b"", 0x9000),
    Response(b"", 0x6A82),
    Response(b"\x60\x14\x5f\x01", 0x9000),
    Response(bytes(range(223)), 0x9000),
    Response(b"1" * 16, 0x6282),
]


@pytest.mark.parametrize("cipher", Cipher)
@pytest.mark.parametrize("command", COMMANDS)
def test_commands_are_written_alike(cipher, command):
    """Both writings of the standard give the same protected command."""
    keys = derive_session(SECRET, cipher)
    apdu = protect_command(keys, 7, command)
    assert apdu == other_command(cipher, 7, command)
    assert open_command(keys, 7, apdu) == command


@pytest.mark.parametrize("cipher", Cipher)
@pytest.mark.parametrize("response", RESPONSES)
def test_responses_are_written_alike(cipher, response):
    """Both writings of the standard give the same protected answer."""
    keys = derive_session(SECRET, cipher)
    rapdu = protect_response(keys, 8, response)
    assert rapdu == other_response(cipher, 8, response)
    assert open_response(keys, 8, rapdu) == response
