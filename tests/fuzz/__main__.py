"""`python -m tests.fuzz`: fuzz every parser for a while, each in its own process.

Atheris ends its process when the time is over, so each target gets a forked one: the
code is instrumented once. New inputs that reach new code are kept in the corpus folder
and used by the next run.
"""

import argparse
import os
import sys
from pathlib import Path

try:
    import atheris
except ImportError:
    sys.exit("atheris, which guides the fuzzing, has no build for this Python")

with atheris.instrument_imports(include=["idp.emrtd", "asn1crypto"]):
    from tests.fuzz.targets import TARGETS, run, seeds

MAX_BYTES = 16_384
SECONDS_PER_INPUT = 10
MEGABYTES = 1024


def main() -> int:
    """Fuzz the chosen targets one after another; 1 if any had a finding."""
    arguments = _arguments()
    chosen = arguments.target or list(TARGETS)
    share = max(1, arguments.seconds // len(chosen))
    seeds()
    failed = [name for name in chosen if not _is_sound(name, share, arguments.corpus)]
    print(f"{len(chosen)} targets, {share} s each; findings in: {failed or 'none'}")
    return 1 if failed else 0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    parser.add_argument("target", nargs="*", help=f"of {', '.join(TARGETS)}; all")
    parser.add_argument("--seconds", type=int, default=60, help="for all together")
    parser.add_argument("--corpus", type=Path, default=Path(".fuzz"))
    arguments = parser.parse_args()
    if unknown := set(arguments.target) - set(TARGETS):
        parser.error(f"unknown targets: {', '.join(sorted(unknown))}")
    return arguments


def _is_sound(name: str, seconds: int, corpus: Path) -> bool:
    print(f"== {name}", flush=True)
    child = os.fork()
    if not child:
        _fuzz(name, seconds, corpus)
        os._exit(0)
    _, status = os.waitpid(child, 0)
    return os.waitstatus_to_exitcode(status) == 0


def _fuzz(name: str, seconds: int, corpus: Path) -> None:
    folder = corpus / name
    folder.mkdir(parents=True, exist_ok=True)
    for number, seed in enumerate(seeds()[name]):
        (folder / f"seed-{number}").write_bytes(seed)
    limits = [
        f"-max_total_time={seconds}",
        f"-max_len={MAX_BYTES}",
        f"-timeout={SECONDS_PER_INPUT}",
        f"-rss_limit_mb={MEGABYTES}",
        f"-artifact_prefix={folder}/finding-",
        "-verbosity=0",
        "-print_final_stats=1",
    ]
    atheris.Setup([name, *limits, str(folder)], lambda data: run(name, data))
    atheris.Fuzz()


if __name__ == "__main__":
    sys.exit(main())
