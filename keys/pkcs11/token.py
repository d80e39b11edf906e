"""The one door to a PKCS#11 module: one lock, one session, opened again when it fails.

The binding starts a module without locks of its own and lets other threads run
meanwhile, so two calls at once crash it: every call goes through one lock of the
process. A forked process forgets its parent's sessions and opens one of its own
(PKCS#11 v2.20 §6.6.1: a child must initialize the module itself).
"""

import importlib
import os
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from keys.errors import KeyMaterialError, TokenError
from keys.secret_files import read_secret_file

if TYPE_CHECKING:
    from pkcs11 import Session

Result = TypeVar("Result")
_PAUSE = 1.0  # seconds after a failure: a dead token must not hold up every thread


class _Process:
    """What this process holds open; a forked child begins with nothing."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.modules: set[str] = set()
        self.sessions: dict[tuple[str, str], Session] = {}
        self.failed_at: dict[tuple[str, str], float] = {}
        self.refused_pins: dict[tuple[str, str], str] = {}


_process = _Process()


def _begin_anew() -> None:
    global _process  # noqa: PLW0603 - the parent's lock may be held by a thread of it
    _process = _Process()


os.register_at_fork(after_in_child=_begin_anew)


class Token:
    """The token labelled `label` of the module at `module`, with its user's PIN.

    Opened when first used; two of the same label share one session.
    """

    def __init__(self, module: Path, label: str, pin_file: Path) -> None:
        self.label = label
        self._module = str(module)
        self._pin_file = pin_file
        self._key = (self._module, label)

    def run(self, act: Callable[["Session"], Result]) -> Result:
        """Return `act(session)`, alone in this process; once more on a new session.

        Raises `TokenError` if that fails too.
        """
        binding = load_binding()
        with _process.lock:
            if self._rests():
                raise TokenError(f"token {self.label} failed a moment ago")
            # Errors are let go of inside the lock: objects of the binding that hang on
            # them call the module when they are collected.
            try:
                return act(self._session())
            except binding.PKCS11Error as error:
                failure = _told(error)
            try:
                self._end()
                return act(self._session())
            except binding.PKCS11Error as error:
                failure = _told(error)
                if self._key not in _process.sessions:
                    _process.failed_at[self._key] = time.monotonic()
        raise TokenError(f"token {self.label} ({self._module}): {failure}")

    def close(self) -> None:
        """End this process's sessions, as a parent does before it forks workers."""
        with _process.lock:
            if self._module in _process.modules:
                self._end()
            _process.failed_at.pop(self._key, None)

    def _rests(self) -> bool:
        failed_at = _process.failed_at.get(self._key)
        has_failed = failed_at is not None and time.monotonic() - failed_at < _PAUSE
        return has_failed and self._key not in _process.sessions

    def _session(self) -> "Session":
        session = _process.sessions.get(self._key)
        if session is None:
            session = _process.sessions[self._key] = self._open()
        return session

    def _open(self) -> "Session":
        binding, process = load_binding(), _process
        pin = read_secret_file(self._pin_file, "the token's PIN").decode().strip()
        if process.refused_pins.get(self._key) == pin:
            raise TokenError(_wrong_pin(self.label, self._pin_file))
        if self._module not in process.modules:
            self._end()  # what a parent process began is not ours to use
            process.modules.add(self._module)
        token = binding.lib(self._module).get_token(token_label=self.label)
        try:
            session: Session = token.open(rw=True, user_pin=pin)
        except (binding.PinIncorrect, binding.PinInvalid, binding.PinLenRange):
            # Tried once only: a few wrong ones and a token locks itself.
            process.refused_pins[self._key] = pin
        else:
            return session
        raise TokenError(_wrong_pin(self.label, self._pin_file))

    def _end(self) -> None:
        """End the module in this process; every session of it is void then."""
        binding, process = load_binding(), _process
        for key in [key for key in process.sessions if key[0] == self._module]:
            del process.sessions[key]
        process.modules.discard(self._module)
        module = binding.lib(self._module)
        try:
            module.finalize()
        except binding.PKCS11Error:
            return  # a module that noticed the fork has ended by itself


def load_binding() -> Any:
    """Return the module `pkcs11`, which only the extra of that name installs."""
    try:
        return importlib.import_module("pkcs11")
    except ImportError as error:
        raise KeyMaterialError(
            "python-pkcs11 is not installed: run `make hsm`"
        ) from error


def _told(error: Exception) -> str:
    return str(error) or type(error).__name__


def _wrong_pin(label: str, file: Path) -> str:
    return f"token {label} refuses the PIN in {file}; it is not tried again"
