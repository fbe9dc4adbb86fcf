"""The tables of the fleet, as numbered migrations that only go forward.

A migration that was released is never edited: another one follows it.
"""

from __future__ import annotations

SCHEMA = "session_console"

_FIRST = """
CREATE TABLE host (
    host text PRIMARY KEY CHECK (host ~ '^[a-z0-9][a-z0-9_.-]{0,62}$'),
    root text NOT NULL CHECK (length(root) <= 4096),
    version text NOT NULL CHECK (length(version) <= 100),
    max_runs integer NOT NULL DEFAULT 0 CHECK (max_runs >= 0),
    lease interval NOT NULL DEFAULT '15 s' CHECK (lease > '0 s'),
    beat_at timestamptz NOT NULL DEFAULT now(),
    behind_bytes bigint NOT NULL DEFAULT 0 CHECK (behind_bytes >= 0),
    left_at timestamptz
);

CREATE TABLE session (
    listing text NOT NULL CHECK (length(listing) BETWEEN 1 AND 255),
    session_id text NOT NULL CHECK (length(session_id) BETWEEN 1 AND 255),
    home_host text NOT NULL REFERENCES host,
    fence bigint NOT NULL DEFAULT 1 CHECK (fence > 0),
    shown text NOT NULL DEFAULT '{}' CHECK (length(shown) <= 1000000),
    gone_at timestamptz,
    is_fetched boolean NOT NULL DEFAULT false,
    came_from text,
    xid xid8 NOT NULL DEFAULT pg_current_xact_id(),
    PRIMARY KEY (listing, session_id)
);
CREATE INDEX session_xid ON session (xid);
CREATE INDEX session_home ON session (home_host);

CREATE FUNCTION note_xid() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.xid := pg_current_xact_id();
    RETURN NEW;
END $$;
CREATE TRIGGER session_changed BEFORE INSERT OR UPDATE ON session
    FOR EACH ROW EXECUTE FUNCTION note_xid();

CREATE TABLE file (
    file_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    listing text NOT NULL,
    session_id text NOT NULL,
    path bytea NOT NULL CHECK (length(path) BETWEEN 1 AND 4096),
    size bigint NOT NULL DEFAULT 0 CHECK (size >= 0),
    epoch integer NOT NULL DEFAULT 0 CHECK (epoch >= 0),
    UNIQUE (listing, session_id, path),
    FOREIGN KEY (listing, session_id) REFERENCES session ON DELETE CASCADE
);

CREATE TABLE chunk (
    file_id bigint NOT NULL REFERENCES file ON DELETE CASCADE,
    off bigint NOT NULL CHECK (off >= 0),
    body bytea NOT NULL CHECK (length(body) BETWEEN 1 AND 1048576),
    PRIMARY KEY (file_id, off)
);
ALTER TABLE chunk ALTER COLUMN body SET COMPRESSION lz4;

CREATE TABLE run (
    run_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    listing text NOT NULL,
    session_id text NOT NULL,
    request text NOT NULL CHECK (length(request) <= 2000000),
    by_whom text NOT NULL CHECK (length(by_whom) <= 200),
    want_host text REFERENCES host,
    host text REFERENCES host,
    state text NOT NULL DEFAULT 'queued' CHECK (state IN
        ('queued', 'claimed', 'starting', 'busy', 'waiting', 'done', 'failed', 'cancelled')),
    local_run text NOT NULL DEFAULT '' CHECK (length(local_run) <= 255),
    error text NOT NULL DEFAULT '' CHECK (length(error) <= 4000),
    created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    claimed_at timestamptz,
    ended_at timestamptz,
    CHECK (host IS NOT NULL OR state IN ('queued', 'cancelled')),
    FOREIGN KEY (listing, session_id) REFERENCES session ON DELETE CASCADE
);
CREATE UNIQUE INDEX run_at_work ON run (listing, session_id)
    WHERE state IN ('claimed', 'starting', 'busy', 'waiting');
CREATE INDEX run_queued ON run (run_id) WHERE state = 'queued';
CREATE INDEX run_host ON run (host) WHERE state IN ('claimed', 'starting', 'busy', 'waiting');

CREATE TABLE command (
    command_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    listing text NOT NULL,
    session_id text NOT NULL,
    kind text NOT NULL CHECK (length(kind) BETWEEN 1 AND 40),
    payload text NOT NULL CHECK (length(payload) <= 2000000),
    by_whom text NOT NULL CHECK (length(by_whom) <= 200),
    request_id text NOT NULL DEFAULT '' CHECK (length(request_id) <= 255),
    at timestamptz NOT NULL DEFAULT clock_timestamp(),
    taken_at timestamptz,
    done_at timestamptz,
    outcome text CHECK (length(outcome) <= 1000000),
    FOREIGN KEY (listing, session_id) REFERENCES session ON DELETE CASCADE
);
CREATE UNIQUE INDEX command_answer ON command (listing, session_id, request_id)
    WHERE request_id <> '';
CREATE INDEX command_waiting ON command (command_id) WHERE taken_at IS NULL;
CREATE INDEX command_done ON command (done_at);

CREATE UNLOGGED TABLE live (
    listing text NOT NULL,
    session_id text NOT NULL,
    seq bigint NOT NULL,
    body bytea NOT NULL CHECK (length(body) <= 262144),
    PRIMARY KEY (listing, session_id)
);
"""

# Every host that ever had a session, the first one first: any of them may still have files of it.
_FORMER_HOMES = """
ALTER TABLE session ADD COLUMN had_by text[] NOT NULL DEFAULT '{}';
UPDATE session SET had_by = ARRAY[came_from] WHERE came_from IS NOT NULL;
CREATE INDEX session_had_by ON session USING gin (had_by) WHERE had_by <> '{}';
"""

_READ_ONLY = "ALTER TABLE host ADD COLUMN is_read_only boolean NOT NULL DEFAULT false;"

# A file without a session is no session's any more: nobody finds it, and it is erased bit by bit.
_ERASED_LATER = """
ALTER TABLE file ALTER listing DROP NOT NULL, ALTER session_id DROP NOT NULL,
    ADD CHECK ((listing IS NULL) = (session_id IS NULL));
CREATE INDEX file_erased ON file (file_id) WHERE listing IS NULL;
CREATE INDEX run_session ON run (listing, session_id);
CREATE INDEX command_session ON command (listing, session_id);
"""

# `mark` is the last that somebody made who spoke for the host; `has_member` until that ends.
_IDENTITY = """
ALTER TABLE host ADD COLUMN mark text NOT NULL DEFAULT '' CHECK (length(mark) <= 64),
    ADD COLUMN has_member boolean NOT NULL DEFAULT false;
"""

# What was asked keeps its random name where the database has lost that it was begun.
_NONCES = """
ALTER TABLE command ADD COLUMN nonce text NOT NULL DEFAULT gen_random_uuid()::text
    CHECK (length(nonce) BETWEEN 1 AND 64);
ALTER TABLE run ADD COLUMN nonce text NOT NULL DEFAULT gen_random_uuid()::text
    CHECK (length(nonce) BETWEEN 1 AND 64);
"""

# Commands and runs say who asked what when; the connection adds as which role, and from which host.
# Keys of purged sessions go in time, but those that a host may come back with which had them: hosts
# may delete no row of `session` but by this function.
_AUDIT = """
ALTER TABLE command ADD COLUMN by_role text NOT NULL DEFAULT '',
    ADD COLUMN from_host text NOT NULL DEFAULT '', ADD COLUMN on_host text NOT NULL DEFAULT '';
ALTER TABLE command ALTER by_role SET DEFAULT session_user,
    ALTER from_host SET DEFAULT coalesce(current_setting('session_console.host', true), '');
ALTER TABLE run ADD COLUMN by_role text NOT NULL DEFAULT '',
    ADD COLUMN from_host text NOT NULL DEFAULT '';
ALTER TABLE run ALTER by_role SET DEFAULT session_user,
    ALTER from_host SET DEFAULT coalesce(current_setting('session_console.host', true), '');

CREATE FUNCTION note_taker() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.on_host := coalesce(current_setting('session_console.host', true), '');
    RETURN NEW;
END $$;
CREATE TRIGGER command_taken BEFORE UPDATE OF taken_at ON command
    FOR EACH ROW WHEN (OLD.taken_at IS NULL AND NEW.done_at IS NULL) EXECUTE FUNCTION note_taker();

DROP INDEX command_done;
CREATE INDEX command_at ON command (at);
CREATE INDEX run_at ON run (created_at);
CREATE INDEX session_gone ON session (gone_at) WHERE gone_at IS NOT NULL;

CREATE FUNCTION forget_gone() RETURNS bigint LANGUAGE sql SECURITY DEFINER
SET search_path = session_console, pg_temp AS $$
    WITH gone AS (
        DELETE FROM session WHERE (listing, session_id) IN (
            SELECT listing, session_id FROM session s
            WHERE gone_at < clock_timestamp() - interval '30 days' AND NOT EXISTS
                (SELECT FROM host h WHERE h.host = ANY (s.had_by) AND h.left_at IS NULL)
            LIMIT 1000
        ) RETURNING 1
    ) SELECT count(*) FROM gone
$$;
"""

# The local file is only the beginning of what is stored, and was never seen here with the rest.
_KEPT = """
ALTER TABLE file ADD COLUMN is_kept boolean NOT NULL DEFAULT false;
CREATE INDEX file_kept ON file (listing, session_id) WHERE is_kept;
CREATE FUNCTION kept_of(name text) RETURNS bigint LANGUAGE sql STABLE AS $$
    SELECT count(DISTINCT (listing, session_id)) FROM file JOIN session USING (listing, session_id)
    WHERE is_kept AND home_host = name AND gone_at IS NULL
$$;
"""

# After a failover that lost commits their numbers are given out again: names never are.
_BY_NAME = """
UPDATE command SET nonce = gen_random_uuid()::text FROM
    (SELECT command_id AS id, row_number() OVER (PARTITION BY nonce ORDER BY command_id) AS n
        FROM command) AS one WHERE command_id = id AND n > 1;
UPDATE run SET nonce = gen_random_uuid()::text FROM
    (SELECT run_id AS id, row_number() OVER (PARTITION BY nonce ORDER BY run_id) AS n
        FROM run) AS one WHERE run_id = id AND n > 1;
CREATE UNIQUE INDEX command_nonce ON command (nonce);
CREATE UNIQUE INDEX run_nonce ON run (nonce);
"""

# As whom a connection signed in is proven: nobody but the owner of the tables writes another role,
# or changes who asked what, when and from where.
_AUTHORS = """
CREATE FUNCTION note_author() RETURNS trigger LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    NEW.by_role := session_user;
    RETURN NEW;
END $$;
CREATE TRIGGER command_author BEFORE INSERT ON command
    FOR EACH ROW EXECUTE FUNCTION note_author();
CREATE TRIGGER run_author BEFORE INSERT ON run FOR EACH ROW EXECUTE FUNCTION note_author();

CREATE FUNCTION keep_author() RETURNS trigger LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF NOT pg_has_role(session_user,
            (SELECT relowner FROM pg_catalog.pg_class WHERE oid = TG_RELID), 'MEMBER') THEN
        RAISE insufficient_privilege USING MESSAGE = 'who asked what is not changed afterwards';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER command_kept BEFORE UPDATE ON command FOR EACH ROW WHEN (
    ROW(OLD.command_id, OLD.listing, OLD.session_id, OLD.kind, OLD.payload, OLD.by_whom,
        OLD.by_role, OLD.from_host, OLD.nonce, OLD.at) IS DISTINCT FROM
    ROW(NEW.command_id, NEW.listing, NEW.session_id, NEW.kind, NEW.payload, NEW.by_whom,
        NEW.by_role, NEW.from_host, NEW.nonce, NEW.at)
) EXECUTE FUNCTION keep_author();
CREATE TRIGGER run_kept BEFORE UPDATE ON run FOR EACH ROW WHEN (
    ROW(OLD.run_id, OLD.listing, OLD.session_id, OLD.request, OLD.by_whom, OLD.by_role,
        OLD.from_host, OLD.want_host, OLD.nonce, OLD.created_at) IS DISTINCT FROM
    ROW(NEW.run_id, NEW.listing, NEW.session_id, NEW.request, NEW.by_whom, NEW.by_role,
        NEW.from_host, NEW.want_host, NEW.nonce, NEW.created_at)
) EXECUTE FUNCTION keep_author();
"""

# What is later than the clock was written before that was set back: it says nothing any more.
_CLOCK = """
CREATE FUNCTION is_ahead(at timestamptz) RETURNS boolean LANGUAGE sql AS $$
    SELECT at > clock_timestamp() + interval '5 s'
$$;
CREATE FUNCTION is_silent(beat_at timestamptz, lease interval) RETURNS boolean LANGUAGE sql AS $$
    SELECT beat_at < clock_timestamp() - lease OR beat_at > clock_timestamp() + interval '5 s'
$$;
"""

# The number of a migration is its place, from 1 on.
MIGRATIONS: tuple[str, ...] = (
    _FIRST,
    _FORMER_HOMES,
    _READ_ONLY,
    _ERASED_LATER,
    _IDENTITY,
    _NONCES,
    _AUDIT,
    _KEPT,
    _BY_NAME,
    _AUTHORS,
    _CLOCK,
)
