"""`idp audit verify` of millions of rows: how fast, in how much memory.

The rows are those of sign-ins, six each, one of them with sealed personal values. The
database itself chains them, a hundred thousand at a time, each lot under a signed head;
the heads are exported, and the command believes nothing else.
"""

import json
import os
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter

import sqlalchemy as sa

from idp import clock
from idp.audit import heads, personal, sinks
from idp.audit.chain import SHARDS, genesis
from idp.audit.models import AuditHead
from idp.provider import Provider
from tests.prove.stage import command, provider_on, without_coverage, write_settings
from tests.services import Services

SIGN_INS_A_DAY = 150_000
EVENTS_A_SIGN_IN = 6
_MONTH = "2031-03"
_BEGIN = 1_930_089_600_000_000  # microseconds: 2031-03-01
_LOT = 100_000
_PREPARE = """
CREATE FUNCTION pg_temp.follow(bytea, bytea, bytea) RETURNS bytea
    LANGUAGE sql IMMUTABLE AS 'SELECT sha256(coalesce($1, $3) || $2)';
CREATE AGGREGATE pg_temp.chained(bytea, bytea) (sfunc = pg_temp.follow, stype = bytea)
"""
_ADD = """
WITH planned AS MATERIALIZED (
    SELECT month, shard, seq + number AS seq, hash AS before,
        :begin + (seq + number) * 1000 AS at, number % 6 AS step,
        lpad(to_hex((number % 100000) * 16 + shard), 32, '0')::uuid AS account_id,
        gen_random_uuid()::text AS id
    FROM audit_heads, generate_series(1, :each) AS number WHERE month = :month
), told AS MATERIALIZED (
    SELECT *, (ARRAY['SessionStarted', 'CredentialUsed', 'FactorProven',
        'SessionReached', 'RefreshTokenIssued', 'SessionEnded'])[step + 1] AS type,
        CASE step
        WHEN 0 THEN '{"method":"pwd","personal":"' || :commitment || '",' ||
            '"session_id":"' || id || '"}'
        WHEN 1 THEN '{"credential_id":"' || id || '","kind":"totp"}'
        WHEN 2 THEN '{"method":"totp","session_id":"' || id || '"}'
        WHEN 3 THEN '{"client_id":"portal","session_id":"' || id || '"}'
        WHEN 4 THEN '{"client_id":"portal","grant_id":"' || id || '"}'
        ELSE '{"reason":"signed_out","session_id":"' || id || '"}' END AS data
    FROM planned
), chain AS (
    SELECT *, pg_temp.chained(convert_to(
        '{"account_id":"' || account_id || '","at":' || at || ',"data":' ||
        to_json(data)::text || ',"month":"' || month || '","shard":' || shard ||
        ',"type":"' || type || '"}', 'UTF8'), before)
        OVER (PARTITION BY shard ORDER BY seq) AS hash
    FROM told
), added AS (
    INSERT INTO audit_events (month, shard, seq, at, type, account_id, data,
        personal_sealed, previous_hash, hash)
    SELECT month, shard, seq, at, type, account_id, data,
        CASE step WHEN 0 THEN :sealed END,
        coalesce(lag(hash) OVER (PARTITION BY shard ORDER BY seq), before), hash
    FROM chain
    RETURNING shard, seq, hash
), ends AS (SELECT DISTINCT ON (shard) * FROM added ORDER BY shard, seq DESC)
UPDATE audit_heads SET seq = ends.seq, hash = ends.hash FROM ends
WHERE audit_heads.month = :month AND audit_heads.shard = ends.shard
"""


@dataclass(frozen=True, slots=True)
class Checked:
    """What it took to prove so many rows."""

    rows: int
    heads: int
    seconds: float
    cpu_seconds: float
    peak_mib: float
    is_whole: bool
    uncovered: int

    @property
    def rate(self) -> float:
        """Return rows per second, the command's start included."""
        return self.rows / self.seconds

    @property
    def year_hours(self) -> float:
        """Return how long a year of sign-ins would take at that rate."""
        return 365 * SIGN_INS_A_DAY * EVENTS_A_SIGN_IN / self.rate / 3600


def prove_audit(
    services: Services, *, sizes: Sequence[int], folder: Path
) -> list[Checked]:
    """Grow one log to each size in turn, and prove it with the command."""
    told, done = [], 0
    with provider_on(services, "production", folder) as provider:
        settings = write_settings(provider, folder / "auditing.toml")
        _open_chains(provider)
        for rows in sizes:
            while done < rows:
                done += _add(provider, min(_LOT, rows - done))
            told.append(_check(provider, settings, folder))
    return told


def _open_chains(provider: Provider) -> None:
    with provider.database.engine.begin() as connection:
        rows = [
            {"month": _MONTH, "shard": shard, "seq": 0, "hash": genesis(_MONTH, shard)}
            for shard in range(SHARDS)
        ]
        connection.execute(sa.insert(AuditHead), rows)


def _add(provider: Provider, rows: int) -> int:
    """Add so many rows, or a few less, and sign the head over them."""
    values = {"address": "192.0.2.1", "browser": "Firefox"}
    commitment, sealed = personal.commit(provider.sealer, values)
    told = {"begin": _BEGIN, "each": rows // SHARDS, "month": _MONTH}
    with provider.database.engine.begin() as connection:
        for statement in _PREPARE.split(";\n"):
            connection.exec_driver_sql(statement)
        connection.execute(
            sa.text(_ADD), {**told, "commitment": commitment, "sealed": sealed}
        )
        connection.exec_driver_sql("DROP AGGREGATE pg_temp.chained(bytea, bytea)")
        connection.exec_driver_sql("DROP FUNCTION pg_temp.follow")
    heads.sign(provider, now=clock.now())
    return max(rows, SHARDS)


def _check(provider: Provider, settings: Path, folder: Path) -> Checked:
    heads_file, keys_file = folder / "heads.jws", folder / "audit-keys.json"
    with provider.database.snapshot() as connection, heads_file.open("w") as file:
        file.writelines(f"{line}\n" for line in sinks.lines(connection))
    keys = provider.rings.public_jwks("audit", clock.now())
    keys_file.write_text(json.dumps({"keys": keys}))
    words = ("--heads", str(heads_file), "--keys", str(keys_file), "--json")
    began = perf_counter()
    with subprocess.Popen(
        command(settings, "audit", "verify", *words),
        env=without_coverage(),
        stdout=subprocess.PIPE,
    ) as process:
        output = process.stdout.read() if process.stdout else b""
        _, status, used = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    seconds = perf_counter() - began
    told = json.loads(output)
    return Checked(
        rows=told["events"],
        heads=told["heads"],
        seconds=seconds,
        cpu_seconds=used.ru_utime + used.ru_stime,
        peak_mib=used.ru_maxrss / 1024,
        is_whole=told["is_whole"],
        uncovered=told["uncovered"],
    )
