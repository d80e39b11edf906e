"""Read a TOML file into the settings; unknown keys and wrong types are refused."""

import tomllib
import types
from dataclasses import MISSING, fields, is_dataclass
from pathlib import Path
from typing import Any, Union, get_args, get_origin, get_type_hints

from idp.config.checks import check
from idp.config.settings import Config
from idp.errors import ConfigError


def load_config(path: Path) -> Config:
    """Read, build and check the configuration at `path`.

    Relative paths in it are taken from the file's own folder. Raises `ConfigError`
    that names the setting.
    """
    try:
        table = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ConfigError(f"cannot read {path}: {error.strerror}") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path}: {error}") from error
    return parse_config(table, base=path.parent.absolute())


def parse_config(table: dict[str, Any], *, base: Path) -> Config:
    """Build a `Config` from a parsed TOML table and check it."""
    config: Config = _build(Config, table, prefix="", base=base)
    check(config)
    return config


def _build(cls: type[Any], table: dict[str, Any], *, prefix: str, base: Path) -> Any:
    hints = get_type_hints(cls)
    known = {item.name for item in fields(cls)}
    for key in table:
        if key not in known:
            raise ConfigError(f"unknown setting: {prefix}{key}")
    values = {}
    for key, value in table.items():
        converted = _convert(hints[key], value, name=f"{prefix}{key}", base=base)
        values[key] = _anchor(converted, base)
    for item in fields(cls):
        if item.name in values:
            continue
        if is_dataclass(hints[item.name]):
            nested = f"{prefix}{item.name}."
            values[item.name] = _build(hints[item.name], {}, prefix=nested, base=base)
        elif item.default is MISSING:
            raise ConfigError(f"missing setting: {prefix}{item.name}")
        else:
            values[item.name] = _anchor(item.default, base)
    return cls(**values)


def _anchor(value: Any, base: Path) -> Any:
    """Take relative paths, the embedded stores' too, from the file's folder."""
    if isinstance(value, Path):
        return base / value
    for scheme in ("sqlite:///", "embedded:"):
        if isinstance(value, str) and value.startswith(scheme):
            return f"{scheme}{base / value.removeprefix(scheme)}"
    return value


def _convert(hint: Any, value: Any, *, name: str, base: Path) -> Any:
    if is_dataclass(hint) and isinstance(hint, type):
        if not isinstance(value, dict):
            raise ConfigError(f"{name} must be a table")
        return _build(hint, value, prefix=f"{name}.", base=base)
    if get_origin(hint) in (Union, types.UnionType):
        hint = next(item for item in get_args(hint) if item is not types.NoneType)
    if hint is Path:
        if not isinstance(value, str) or not value:
            raise ConfigError(f"{name} must be a path")
        return Path(value).expanduser()
    if get_origin(hint) is tuple:
        if not isinstance(value, list) or not all(isinstance(v, str) for v in value):
            raise ConfigError(f"{name} must be a list of strings")
        return tuple(value)
    if hint is float and isinstance(value, int) and not isinstance(value, bool):
        value = float(value)
    if type(value) is not hint:
        raise ConfigError(f"{name} must be of type {hint.__name__}")
    return value
