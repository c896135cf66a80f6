"""Tables and statements of measurements in PostgreSQL."""

from __future__ import annotations

from typing import LiteralString

from toancanh.kernel.telemetry import feed

SCHEMA: LiteralString = f"""
CREATE SCHEMA IF NOT EXISTS measurements;
CREATE TABLE IF NOT EXISTS measurements.observation(series integer, time bigint,
    value double precision NOT NULL, quality smallint NOT NULL, PRIMARY KEY (series, time))
    PARTITION BY RANGE (time);
CREATE TABLE IF NOT EXISTS measurements.latest(series integer PRIMARY KEY, time bigint NOT NULL,
    value double precision NOT NULL, quality smallint NOT NULL) WITH (fillfactor = 50);
CREATE TABLE IF NOT EXISTS measurements.correction(id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    series integer NOT NULL, time bigint NOT NULL, value double precision NOT NULL,
    quality smallint NOT NULL, at bigint NOT NULL, source text NOT NULL);
CREATE INDEX IF NOT EXISTS correction_of ON measurements.correction(series, time);
CREATE TABLE IF NOT EXISTS measurements.idempotency(token bigint, key text, body_hash bytea NOT NULL,
    answer bytea NOT NULL, at bigint NOT NULL, PRIMARY KEY (token, key));
CREATE INDEX IF NOT EXISTS idempotency_age ON measurements.idempotency(at);
{feed.POSTGRES}"""
UNNEST: LiteralString = "SELECT * FROM unnest(%s::int[], %s::bigint[], %s::float8[], %s::smallint[])"
INSERT: LiteralString = f"INSERT INTO measurements.observation {UNNEST} ON CONFLICT DO NOTHING"
ADVANCE: LiteralString = f"""INSERT INTO measurements.latest {UNNEST} ON CONFLICT (series) DO UPDATE
    SET time = excluded.time, value = excluded.value, quality = excluded.quality
    WHERE excluded.time >= measurements.latest.time"""
STORED: LiteralString = """SELECT o.series, o.time, o.value, o.quality
    FROM measurements.observation o
    JOIN (SELECT * FROM unnest(%s::int[], %s::bigint[])) AS k(series, time)
        ON o.series = k.series AND o.time = k.time"""
REMEMBER: LiteralString = """INSERT INTO measurements.idempotency VALUES (%s, %s, %s, %s, %s)
    ON CONFLICT (token, key) DO UPDATE
    SET body_hash = excluded.body_hash, answer = excluded.answer, at = excluded.at"""
SUPERSEDE: LiteralString = """INSERT INTO measurements.correction(series, time, value, quality, at, source)
    VALUES (%s, %s, %s, %s, %s, %s)"""
