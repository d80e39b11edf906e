"""Signed heads, as whoever keeps them outside reads them."""

import json
from collections.abc import Mapping
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from idp.audit import head
from idp.audit.head import BrokenHeadsError, End, Place, SignedHead, proven
from idp.audit.proof import read_keys
from keys import jws
from keys.algorithms import PublicKey, SoftwareSigner, public_jwk, public_key

OLD, NEW, FOREIGN = (ec.generate_private_key(ec.SECP256R1()) for _ in range(3))
ENDS = {Place("2026-11", 7): End(12, b"h" * 32)}


def jwk(key: ec.EllipticCurvePrivateKey) -> dict[str, str]:
    return public_jwk(key.public_key(), "ES256")


def trusted(*keys: ec.EllipticCurvePrivateKey) -> dict[str, PublicKey]:
    return dict(public_key(jwk(key)) for key in keys)


def chain(*signers: ec.EllipticCurvePrivateKey, **more: tuple) -> list[str]:
    """Return heads that follow one another, the first with `more`."""
    lines: list[str] = []
    for number, key in enumerate(signers, start=1):
        previous = head.digest(lines[-1]) if lines else None
        told = more if number == 1 else {}
        values = head.claims(SignedHead(number, 1, "iss", previous, ENDS, **told))
        kid, by = jwk(key)["kid"], SoftwareSigner(key)
        lines.append(jws.write(values, alg="ES256", kid=kid, typ=head.TYP, by=by))
    return lines


def read(lines: list[str], keys: Mapping[str, PublicKey]) -> tuple[int, str | None]:
    """Return how many heads are proven, and why the next is not."""
    count = 0
    try:
        for _ in proven(lines, keys):
            count += 1
    except BrokenHeadsError as error:
        return count, error.fault.reason
    return count, None


def test_heads_say_what_was_signed() -> None:
    """Chains, months given up and keys come out as they went in."""
    (line,) = chain(OLD, purged=("2021-01",), keys=(jwk(OLD), jwk(NEW)))

    (told,) = proven([line], trusted(OLD))

    assert told.chains == ENDS
    assert told.purged == ("2021-01",)
    assert [key["kid"] for key in told.keys] == [jwk(OLD)["kid"], jwk(NEW)["kid"]]


def test_a_key_that_was_announced_is_believed() -> None:
    """Whoever keeps the first key outside needs no other after a calm rotation."""
    keys = (jwk(OLD), jwk(NEW))

    assert read(chain(OLD, NEW, keys=keys), trusted(OLD)) == (2, None)
    count, reason = read(chain(OLD, NEW), trusted(OLD))
    assert (count, reason) == (
        1,
        f"signed by a key that is not known: {keys[1]['kid']}",
    )
    assert read(chain(FOREIGN, keys=keys), trusted(OLD))[0] == 0


@pytest.mark.parametrize("cut", [1, 40, -1])
def test_a_line_cut_short_by_a_crash_is_passed_over(cut: int) -> None:
    """If the next repeats it whole; at the end it is told."""
    first, second = chain(OLD, OLD)

    assert read([first, second[:cut], second], trusted(OLD)) == (2, None)
    assert read([first[:cut], first, second, ""], trusted(OLD)) == (2, None)
    assert read([first, second[:cut]], trusted(OLD))[0] == 1


def test_other_tokens_and_other_claims_prove_nothing() -> None:
    """A token of another type, or without a head's claims, is no head."""
    kid, by = jwk(OLD)["kid"], SoftwareSigner(OLD)
    other = jws.write({}, alg="ES256", kid=kid, typ="at+jwt", by=by)
    empty = jws.write({"number": 1}, alg="ES256", kid=kid, typ=head.TYP, by=by)

    assert read([other], trusted(OLD)) == (0, "not an audit head")
    assert read([empty], trusted(OLD)) == (0, "not the claims of a head")


def test_keys_are_read_as_jwk_set_jwk_or_pem(tmp_path: Path) -> None:
    """Named by their thumbprints, whatever the file says; others are refused."""
    told = {
        "set": json.dumps({"keys": [jwk(OLD), jwk(NEW)]}),
        "one": json.dumps(jwk(OLD)),
    }
    told["pem"] = "".join(
        key.public_key()
        .public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
        .decode()
        for key in (OLD, NEW)
    )
    found = {}
    for name, text in told.items():
        (tmp_path / name).write_text(text)
        found[name] = set(read_keys(tmp_path / name))

    both = {jwk(OLD)["kid"], jwk(NEW)["kid"]}
    assert found == {"set": both, "one": {jwk(OLD)["kid"]}, "pem": both}
    larger = ec.generate_private_key(ec.SECP384R1()).public_key()
    (tmp_path / "p384").write_bytes(
        larger.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    )
    with pytest.raises(ValueError, match="not a P-256 key"):
        read_keys(tmp_path / "p384")
