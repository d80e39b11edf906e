"""A token signs from many threads, a million times, and nothing crashes or is wrong."""

import threading
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter

from keys.algorithms import is_signature
from keys.pkcs11.signing import TokenSigner, generate_in
from tests.hsm import soft_hsm

_THREADS = (1, 8)
_CHECK_EVERY = 100
_SLOWER = 100  # RS256 is so much slower that it makes so many times fewer


@dataclass(frozen=True, slots=True)
class Signing:
    """What so many signatures came to."""

    alg: str
    threads: int
    signatures: int
    checked: int
    wrong: int
    seconds: float

    @property
    def rate(self) -> float:
        """Return signatures per second, all threads together."""
        return self.signatures / self.seconds


def prove_signing(folder: Path, *, signatures: int) -> list[Signing]:
    """Make so many ES256 signatures, half in one thread, half in eight; fewer RS256."""
    share = signatures // len(_THREADS)
    with soft_hsm(folder) as hsm:
        proofs = []
        for alg, count in (("ES256", share), ("RS256", share // _SLOWER)):
            handle, _ = generate_in(hsm.token(), alg, "proof")
            signer = TokenSigner(hsm.token(), handle, alg=alg, label="proof")
            proofs += [_sign(signer, alg, threads, count) for threads in _THREADS]
        return proofs


def _sign(signer: TokenSigner, alg: str, threads: int, count: int) -> Signing:
    checks: list[bool] = []
    each = count // threads

    def work(name: int) -> None:
        for number in range(each):
            message = f"{name}.{number}".encode()
            signature = signer.sign(message)
            if number % _CHECK_EVERY == 0:
                checks.append(is_signature(signer.public_key, signature, message))

    workers = [threading.Thread(target=work, args=(name,)) for name in range(threads)]
    began = perf_counter()
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    seconds = perf_counter() - began
    # A thread that died of an error has left its last checks out.
    missing = threads * len(range(0, each, _CHECK_EVERY)) - len(checks)
    wrong = checks.count(False) + missing
    return Signing(alg, threads, each * threads, len(checks), wrong, seconds)
