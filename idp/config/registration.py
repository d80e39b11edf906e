"""The settings of registration over HTTP."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class RegistrationConfig:
    """How clients register and manage themselves (RFC 7591, RFC 7592), in seconds."""

    initial_token: int = 604_800
    overlap: int = 86_400
