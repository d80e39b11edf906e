"""`python -m tests.fuzz`: fuzz every parser for a while, each in its own process.

Atheris ends its process when the time is over, so each target gets one. New inputs
that reach new code are kept in the corpus folder and used by the next run.
"""

import argparse
import contextlib
import subprocess
import sys
from pathlib import Path

try:
    import atheris
except ImportError:
    sys.exit("atheris, which guides the fuzzing, has no build for this Python")

_INSIDE = "--inside"
# Only the process that fuzzes needs its code instrumented.
with (
    atheris.instrument_imports(include=["idp.emrtd", "asn1crypto"])
    if _INSIDE in sys.argv
    else contextlib.nullcontext()
):
    from tests.fuzz.targets import TARGETS, run, seeds

MAX_BYTES = 16_384
SECONDS_PER_INPUT = 5
MEGABYTES = 1024


def main() -> int:
    """Fuzz the chosen targets one after another; 1 if any had a finding."""
    arguments = _arguments()
    if arguments.inside:
        _fuzz(arguments.target[0], arguments.seconds, arguments.corpus)
        return 0
    chosen = arguments.target or list(TARGETS)
    share = max(1, arguments.seconds // len(chosen))
    failed = [name for name in chosen if not _spawn(name, share, arguments.corpus)]
    print(f"{len(chosen)} targets, {share} s each; findings in: {failed or 'none'}")
    return 1 if failed else 0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    parser.add_argument("target", nargs="*", help=f"of {', '.join(TARGETS)}; all")
    parser.add_argument("--seconds", type=int, default=60, help="for all together")
    parser.add_argument("--corpus", type=Path, default=Path(".fuzz"))
    parser.add_argument(_INSIDE, action="store_true", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if unknown := set(arguments.target) - set(TARGETS):
        parser.error(f"unknown targets: {', '.join(sorted(unknown))}")
    return arguments


def _spawn(name: str, seconds: int, corpus: Path) -> bool:
    command = [sys.executable, "-m", "tests.fuzz", _INSIDE, name]
    options = ["--seconds", str(seconds), "--corpus", str(corpus)]
    print(f"== {name}", flush=True)
    return subprocess.run([*command, *options], check=False).returncode == 0


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
