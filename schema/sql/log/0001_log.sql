-- Durable logs: an append-only table of rows, and what finds a log's rows in it.

-- One row of the process's own: how often the store was opened, and up to which row every event
-- is named by a locator. What lies beyond is found again by one scan when the store opens.
CREATE TABLE store (
    one     INTEGER PRIMARY KEY CHECK (one = 1),
    epoch   INTEGER NOT NULL,
    horizon INTEGER NOT NULL
) STRICT;

INSERT INTO store (one, epoch, horizon) VALUES (1, 0, 0);

-- kind: 1 transcript, 2 ledger, 3 pointer. id: the name's bytes, or the 16 of a conversation.
CREATE TABLE log_name (
    kind   INTEGER NOT NULL,
    tenant TEXT NOT NULL,
    id     BLOB NOT NULL,
    log_no INTEGER NOT NULL,
    PRIMARY KEY (kind, tenant, id)
) STRICT, WITHOUT ROWID;

-- Every event of every log in the order written; row numbers are dense from 1.
CREATE TABLE log (
    row_no INTEGER PRIMARY KEY,
    row    BLOB NOT NULL
) STRICT;

-- Where the events first_seq … of a log lie: at most 32 row numbers.
CREATE TABLE locator (
    log_no    INTEGER NOT NULL,
    first_seq INTEGER NOT NULL,
    run       BLOB NOT NULL,
    PRIMARY KEY (log_no, first_seq)
) STRICT, WITHOUT ROWID;

-- A fold of each conversation's log, written with the rows it follows from. Ids begin with the
-- time of birth, so (…, id) is also the order in time.
CREATE TABLE conversation (
    tenant       TEXT NOT NULL,
    id           BLOB NOT NULL,
    shard        INTEGER NOT NULL,
    customer     TEXT NOT NULL,
    channel      TEXT NOT NULL,
    tier         INTEGER NOT NULL,
    phase        INTEGER NOT NULL,
    position     INTEGER NOT NULL,
    skill_group  TEXT NOT NULL,
    agent        TEXT,
    taken_over   INTEGER NOT NULL,
    opened_at    INTEGER NOT NULL,
    phase_since  INTEGER NOT NULL,
    enqueued_at  INTEGER,
    closed_at    INTEGER,
    close_reason INTEGER,
    rating       INTEGER,
    awake        INTEGER NOT NULL,
    PRIMARY KEY (tenant, id)
) STRICT, WITHOUT ROWID;

CREATE INDEX conversation_phase ON conversation (tenant, phase, id);
CREATE INDEX conversation_customer ON conversation (tenant, customer, id);
CREATE INDEX conversation_agent ON conversation (tenant, agent, id) WHERE agent IS NOT NULL;
CREATE INDEX conversation_awake ON conversation (shard, tenant, id) WHERE awake = 1;
