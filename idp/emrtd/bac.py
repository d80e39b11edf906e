"""Basic Access Control: ICAO Doc 9303-11 §4.3, the reader's side and the card's."""

import hmac
from dataclasses import dataclass

from idp.emrtd.apdu import Command
from idp.emrtd.blocks import MAC_LENGTH, authentication_code, decrypt, encrypt
from idp.emrtd.errors import EmrtdError
from idp.emrtd.kdf import Cipher, SessionKeys, derive_session
from idp.emrtd.secure_messaging import Channel

NONCE_LENGTH = 8
KEY_LENGTH = 16
GET_CHALLENGE = Command(0x00, 0x84, 0x00, 0x00, expected=NONCE_LENGTH)
_PLAIN_LENGTH = 2 * NONCE_LENGTH + KEY_LENGTH
_TOKEN_LENGTH = _PLAIN_LENGTH + MAC_LENGTH


@dataclass(frozen=True, repr=False)
class Nonces:
    """The two random numbers of a run: the card's and the reader's."""

    card: bytes
    reader: bytes

    def channel(self, reader_key: bytes, card_key: bytes) -> Channel:
        """Return the session of both keys; the nonces begin its counter (§4.3.3)."""
        pairs = zip(reader_key, card_key, strict=True)
        secret = bytes(ours ^ theirs for ours, theirs in pairs)
        counter = int.from_bytes(self.card[4:] + self.reader[4:], "big")
        return Channel(derive_session(secret, Cipher.TRIPLE_DES), counter)


def external_authenticate(keys: SessionKeys, nonces: Nonces, key: bytes) -> Command:
    """Return the reader's half of the mutual authentication."""
    token = seal(keys, nonces.reader + nonces.card + key)
    return Command(0x00, 0x82, 0x00, 0x00, data=token, expected=_TOKEN_LENGTH)


def read_card_key(keys: SessionKeys, nonces: Nonces, token: bytes) -> bytes:
    """Return the card's key out of its answer, which must repeat both nonces."""
    plain = unseal(keys, token)
    if not hmac.compare_digest(plain[: 2 * NONCE_LENGTH], nonces.card + nonces.reader):
        raise EmrtdError("secure_messaging", "nonces of another run")
    return plain[2 * NONCE_LENGTH :]


def seal(keys: SessionKeys, plain: bytes) -> bytes:
    """Encrypt and authenticate one half of the exchange, of either side."""
    secret = encrypt(keys.cipher, keys.encryption, plain)
    return secret + authentication_code(keys.cipher, keys.mac, secret)


def unseal(keys: SessionKeys, token: bytes) -> bytes:
    """Check and decrypt one half of the exchange, of either side."""
    if len(token) != _TOKEN_LENGTH:
        raise EmrtdError("secure_messaging", "length of the exchange")
    secret, code = token[:_PLAIN_LENGTH], token[_PLAIN_LENGTH:]
    expected = authentication_code(keys.cipher, keys.mac, secret)
    if not hmac.compare_digest(expected, code):
        raise EmrtdError("secure_messaging", "authentication code of the exchange")
    return decrypt(keys.cipher, keys.encryption, secret)
