"""The configuration: what is read, what is refused, and the example of it."""

import re
import tomllib
from collections.abc import Iterator
from dataclasses import fields, is_dataclass
from pathlib import Path
from typing import Any

import pytest

from idp.config import Config, load_config, parse_config
from idp.errors import ConfigError

EXAMPLE = Path(__file__).parents[2] / "config.example.toml"
BASE = Path("/base")
SANDBOX = {"sandbox": {"enabled": True}}
PRODUCTION = {
    "issuer": "https://dinhdanh.example.vn",
    "sms": {"gateway": "http", "url": "https://sms.example.vn"},
}


def parse(table: dict[str, Any]) -> Config:
    return parse_config(table, base=BASE)


def settings(config: Config) -> Iterator[tuple[str, Any]]:
    """Yield every setting as `section.name` with its value."""
    for section in fields(config):
        value = getattr(config, section.name)
        if is_dataclass(value):
            for item in fields(value):
                yield f"{section.name}.{item.name}", getattr(value, item.name)
        else:
            yield section.name, value


def example_lines() -> Iterator[tuple[str, str]]:
    """Yield every setting of the example with its whole line."""
    section = ""
    for line in EXAMPLE.read_text(encoding="utf-8").splitlines():
        if header := re.match(r"\[(\w+)\]", line):
            section = f"{header[1]}."
        elif setting := re.match(r"(\w+) = ", line):
            yield section + setting[1], line


def test_example_is_accepted() -> None:
    """The example is a whole, valid configuration."""
    assert load_config(EXAMPLE).is_secure


def test_example_names_every_setting_and_no_other() -> None:
    """A setting that is new in the code or gone from it must be so in the example."""
    known = {name for name, _ in settings(Config())}
    named = {name for name, _ in example_lines()}

    assert not known - named, "add these settings to config.example.toml"
    assert not named - known, "remove these settings from config.example.toml"


def test_example_tells_the_defaults() -> None:
    """A value is the default, or its line says which one is."""
    defaults, wrong = dict(settings(Config())), {}
    for name, line in example_lines():
        stated = re.search(r"# default: (none|\"[^\"]*\"|\S+)", line)
        text = line.split("=", 1)[1] if stated is None else stated[1]
        told = None if text == "none" else tomllib.loads(f"told = {text}")["told"]
        default = defaults[name] if defaults[name] != () else None
        if told != (str(default) if isinstance(default, Path) else default):
            wrong[name] = default

    assert not wrong, "config.example.toml tells other defaults for these settings"


def test_missing_file_is_told(tmp_path: Path) -> None:
    """A file that is not there, or is no TOML, is named."""
    with pytest.raises(ConfigError, match=r"cannot read .*absent\.toml"):
        load_config(tmp_path / "absent.toml")
    (tmp_path / "broken.toml").write_text("issuer =")
    with pytest.raises(ConfigError, match=r"broken\.toml"):
        load_config(tmp_path / "broken.toml")


def test_relative_paths_start_at_the_file(tmp_path: Path) -> None:
    """Paths in the file, in store addresses and in defaults are its neighbours."""
    file = tmp_path / "config.toml"
    file.write_text(
        "[sandbox]\nenabled = true\n[database]\nurl = 'sqlite:///state/a.db'\n"
    )

    config = load_config(file)

    assert config.database.url == f"sqlite:///{tmp_path}/state/a.db"
    assert config.ephemeral.url == f"embedded:{tmp_path}/ephemeral.db"
    assert config.keys.kek_file == tmp_path / "kek"


def test_absolute_paths_stay() -> None:
    """What is absolute already is left alone, as are other addresses."""
    table = {
        "keys": {"kek_file": "/etc/kek"},
        "database": {"url": "postgresql+psycopg://db/dinhdanh"},
        "ephemeral": {"url": "embedded:/run/e.db"},
    }

    config = parse({**SANDBOX, **table})

    assert config.keys.kek_file == Path("/etc/kek")
    assert config.database.url == "postgresql+psycopg://db/dinhdanh"
    assert config.ephemeral.url == "embedded:/run/e.db"


def test_whole_numbers_are_numbers() -> None:
    """A float setting takes a whole number."""
    assert parse({**PRODUCTION, "sms": {**PRODUCTION["sms"], "timeout": 3}})


@pytest.mark.parametrize(
    ("table", "told"),
    [
        ({"isuer": "x"}, "unknown setting: isuer"),
        ({"server": {"prot": 1}}, "unknown setting: server.prot"),
        ({"server": 8000}, "server must be a table"),
        ({"server": {"port": "8000"}}, "server.port must be of type int"),
        ({"server": {"port": True}}, "server.port must be of type int"),
        ({"server": {"port": 0}}, "server.port must be positive"),
        ({"lifetimes": {"pushed_request": 600}}, "pushed_request must be below 600"),
        ({"backchannel": {"wait": 2.5}}, "backchannel.wait must be at most 2"),
        ({"server": {"trusted_proxies": "::1"}}, "must be a list of strings"),
        ({"server": {"trusted_proxies": ["proxy"]}}, "server.trusted_proxies"),
        ({"outbound": {"allowed_networks": ["all"]}}, "outbound.allowed_networks"),
        ({"server": {"tls_key_file": "k"}}, "go together"),
        ({"keys": {"kek_file": ""}}, "keys.kek_file must be a path"),
        ({"keys": {"signers": "paper"}}, "keys.signers must be one of"),
        ({"keys": {"kek_source": "pkcs11"}}, "'pkcs11' needs pkcs11.module"),
        ({"keys": {"rotate_every": -1}}, "keys.rotate_every must be positive"),
        ({"keys": {"publish_lead": 90000, "rotate_every": 1}}, "below keys.rotate"),
        ({"keys": {"jwks_max_age": 900}}, "together must be below keys.pub"),
        ({"keys": {"sealing_lead": 2}}, "sealing_lead must be above keys.reread"),
        ({"password": {"waiting": 7}}, "must be below server.threads"),
        ({"server": {"threads": 5}}, "must be below server.threads"),
        ({"sandbox": {"enabled": "yes"}}, "sandbox.enabled must be of type bool"),
        ({"sms": {"gateway": "pigeon"}}, "sms.gateway must be one of"),
        ({"registry": {"source": "paper"}}, "registry.source must be one of"),
        ({"pages": {"default_language": "fr"}}, "pages.default_language must be"),
        ({"log": {"format": "xml"}}, "log.format must be one of"),
        (
            {"mtls": {"endpoints": "http://a.example"}},
            "mtls.endpoints must be an",
        ),
        ({"mtls": {"endpoints": "https://a.example/x"}}, "mtls.endpoints must be an"),
        ({"mtls": {"enabled": True}}, "mtls.enabled needs server.trusted_proxies"),
        ({"issuer": "localhost"}, "issuer must be an http"),
        ({"issuer": "https://a.example/idp"}, "issuer must be an origin"),
        ({"issuer": "http://a.example"}, "issuer must be https"),
    ],
)
def test_wrong_settings_are_refused_by_name(table: dict[str, Any], told: str) -> None:
    """The refusal names the setting."""
    with pytest.raises(ConfigError, match=told.replace(".", r"\.")):
        parse({**SANDBOX, **table})


@pytest.mark.parametrize(
    ("table", "told"),
    [
        ({}, "sms.gateway = 'sandbox' needs sandbox.enabled"),
        ({**PRODUCTION, **SANDBOX}, "sandbox.enabled needs an issuer on a loopback"),
        (
            {**SANDBOX, "sms": PRODUCTION["sms"]},
            "sandbox.enabled refuses a real gateway",
        ),
        ({"sms": {"gateway": "http", "url": "http://sms.example"}}, "must be an https"),
    ],
)
def test_sandbox_and_production_do_not_mix(table: dict[str, Any], told: str) -> None:
    """A sandbox has no real gateway and no public issuer; production has no sandbox."""
    with pytest.raises(ConfigError, match=told):
        parse(table)


@pytest.mark.parametrize("host", ["localhost:8000", "127.0.0.1", "[::1]:8000"])
def test_sandbox_runs_on_loopback(host: str) -> None:
    """An http issuer on a loopback host is accepted, and is not secure."""
    config = parse({**SANDBOX, "issuer": f"http://{host}"})

    assert not config.is_secure
    assert config.host in host


def test_production_is_accepted() -> None:
    """A public https issuer with a real gateway needs nothing else."""
    assert parse(PRODUCTION).is_secure
