"""Names of keys in tokens: the part of PKCS#11 URIs (RFC 7512) that we write."""

from dataclasses import dataclass
from typing import Self
from urllib.parse import quote, unquote_to_bytes

from keys.errors import KeyMaterialError

_SCHEME = "pkcs11"
_TEXTS = ("token", "type")


@dataclass(frozen=True, slots=True)
class KeyUri:
    """The key with `id` (CKA_ID) of one `kind` in the token labelled `token`."""

    token: str
    id: bytes
    kind: str

    def __str__(self) -> str:
        """Return the URI (RFC 7512 §2.3); every octet of the id percent-encoded."""
        octets = "".join(f"%{octet:02X}" for octet in self.id)
        label = quote(self.token, safe="")
        return f"{_SCHEME}:token={label};id={octets};type={self.kind}"

    @classmethod
    def read(cls, text: str) -> Self:
        """Take apart what `__str__` wrote; raises `KeyMaterialError` at any other."""
        scheme, _, rest = text.partition(":")
        pairs = [pair.partition("=") for pair in rest.split(";")]
        parts = {name: unquote_to_bytes(value) for name, _, value in pairs}
        is_whole = len(pairs) == len(parts) and set(parts) == {"token", "id", "type"}
        if scheme != _SCHEME or not is_whole or not parts["id"]:
            raise KeyMaterialError("a key's handle is no PKCS#11 URI of ours")
        token, kind = (parts[name].decode(errors="replace") for name in _TEXTS)
        return cls(token, parts["id"], kind)
