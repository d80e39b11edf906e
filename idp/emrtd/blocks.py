"""The block ciphers of chips, and their authentication codes: Doc 9303-11 §9.8."""

from cryptography.hazmat.decrepit.ciphers.algorithms import TripleDES
from cryptography.hazmat.primitives.ciphers import Cipher as BlockCipher
from cryptography.hazmat.primitives.ciphers import modes
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.cmac import CMAC

from idp.emrtd.errors import EmrtdError
from idp.emrtd.kdf import Cipher

MAC_LENGTH = 8


def authentication_code(cipher: Cipher, key: bytes, message: bytes) -> bytes:
    """Return eight bytes: the retail MAC, or CMAC cut short (§9.8.6.3, §9.8.7.3)."""
    if cipher is Cipher.TRIPLE_DES:
        return _retail_mac(key, message)
    code = CMAC(AES(key))
    code.update(message)
    return code.finalize()[:MAC_LENGTH]


def encrypt(cipher: Cipher, key: bytes, plain: bytes, iv: bytes = b"") -> bytes:
    """Encrypt whole blocks in CBC mode, from zero unless there is an `iv`."""
    encryptor = _cbc(cipher, key, iv).encryptor()
    return encryptor.update(plain) + encryptor.finalize()


def decrypt(cipher: Cipher, key: bytes, secret: bytes, iv: bytes = b"") -> bytes:
    """Decrypt whole blocks in CBC mode, from zero unless there is an `iv`."""
    if not secret or len(secret) % cipher.block:
        raise EmrtdError("secure_messaging", "cryptogram of broken blocks")
    decryptor = _cbc(cipher, key, iv).decryptor()
    return decryptor.update(secret) + decryptor.finalize()


def pad(message: bytes, block: int) -> bytes:
    """Fill a message up: one bit, then zeros (ISO/IEC 9797-1, padding method 2)."""
    return message + b"\x80" + bytes(-(len(message) + 1) % block)


def unpad(message: bytes) -> bytes:
    """Take the padding away, or refuse what has none."""
    text = message.rstrip(b"\0")
    if text[-1:] != b"\x80":
        raise EmrtdError("secure_messaging", "padding")
    return text[:-1]


def _cbc(cipher: Cipher, key: bytes, iv: bytes) -> BlockCipher[modes.CBC]:
    mode = modes.CBC(iv or bytes(cipher.block))
    if cipher is Cipher.TRIPLE_DES:
        return BlockCipher(TripleDES(key + key[:8]), mode)
    return BlockCipher(AES(key), mode)


def _retail_mac(key: bytes, message: bytes) -> bytes:
    """MAC algorithm 3 of ISO/IEC 9797-1: DES along the way, Triple-DES at the end."""
    padded = pad(message, 8)
    chained = bytes(8)
    if len(padded) > 8:
        chained = encrypt(Cipher.TRIPLE_DES, key[:8] * 2, padded[:-8])[-8:]
    return encrypt(Cipher.TRIPLE_DES, key, padded[-8:], chained)
