-- The desk: what tenants configure, who works there, what they prepared, and who did what.
-- Times are Unix milliseconds. Lists and settings are JSON, read as a whole and never searched.

CREATE TABLE meta (
    name  TEXT PRIMARY KEY,
    value BLOB NOT NULL
) STRICT, WITHOUT ROWID;

INSERT INTO meta (name, value) VALUES ('revision', x'0000000000000001');

CREATE TABLE tenants (
    id                TEXT PRIMARY KEY,
    settings          TEXT NOT NULL,
    knowledge_version INTEGER NOT NULL DEFAULT 0
) STRICT, WITHOUT ROWID;

-- A tenant may hold several keys while it replaces one; each is pinned to its algorithm.
CREATE TABLE signing_keys (
    tenant    TEXT NOT NULL REFERENCES tenants (id),
    kid       TEXT NOT NULL,
    algorithm TEXT NOT NULL CHECK (algorithm IN ('EdDSA', 'HS256')),
    key       TEXT NOT NULL,
    PRIMARY KEY (tenant, kid)
) STRICT, WITHOUT ROWID;

CREATE TABLE skill_groups (
    tenant  TEXT NOT NULL REFERENCES tenants (id),
    id      TEXT NOT NULL,
    profile TEXT NOT NULL,
    PRIMARY KEY (tenant, id)
) STRICT, WITHOUT ROWID;

-- Staff are deactivated, never deleted: transcripts name them for ever.
CREATE TABLE staff (
    tenant        TEXT NOT NULL REFERENCES tenants (id),
    id            TEXT NOT NULL,
    profile       TEXT NOT NULL,
    password_hash TEXT NOT NULL,
    PRIMARY KEY (tenant, id)
) STRICT, WITHOUT ROWID;

CREATE TABLE staff_groups (
    tenant      TEXT NOT NULL,
    agent       TEXT NOT NULL,
    skill_group TEXT NOT NULL,
    PRIMARY KEY (tenant, agent, skill_group),
    FOREIGN KEY (tenant, agent) REFERENCES staff (tenant, id),
    FOREIGN KEY (tenant, skill_group) REFERENCES skill_groups (tenant, id)
) STRICT, WITHOUT ROWID;

CREATE INDEX staff_groups_by_group ON staff_groups (tenant, skill_group);

CREATE TABLE staff_sessions (
    digest     BLOB PRIMARY KEY,
    tenant     TEXT NOT NULL,
    agent      TEXT NOT NULL,
    expires_at INTEGER NOT NULL,
    FOREIGN KEY (tenant, agent) REFERENCES staff (tenant, id)
) STRICT, WITHOUT ROWID;

CREATE INDEX staff_sessions_by_agent ON staff_sessions (tenant, agent);
CREATE INDEX staff_sessions_by_expiry ON staff_sessions (expires_at);

-- Every saved text is a version; publishing names one of them, so rolling back is publishing an older one.
CREATE TABLE articles (
    tenant    TEXT NOT NULL REFERENCES tenants (id),
    key       TEXT NOT NULL,
    latest    INTEGER NOT NULL,
    published INTEGER,
    PRIMARY KEY (tenant, key)
) STRICT, WITHOUT ROWID;

CREATE TABLE article_versions (
    tenant   TEXT NOT NULL,
    key      TEXT NOT NULL,
    version  INTEGER NOT NULL,
    body     TEXT NOT NULL,
    saved_at INTEGER NOT NULL,
    saved_by TEXT NOT NULL,
    PRIMARY KEY (tenant, key, version),
    FOREIGN KEY (tenant, key) REFERENCES articles (tenant, key) ON DELETE CASCADE
) STRICT;

-- owner: an agent for personal, a skill group for group, empty for tenant.
CREATE TABLE canned_replies (
    tenant   TEXT NOT NULL REFERENCES tenants (id),
    scope    TEXT NOT NULL CHECK (scope IN ('personal', 'group', 'tenant')),
    owner    TEXT NOT NULL,
    shortcut TEXT NOT NULL,
    id       TEXT NOT NULL,
    title    TEXT NOT NULL,
    text     TEXT NOT NULL,
    PRIMARY KEY (tenant, scope, owner, shortcut)
) STRICT, WITHOUT ROWID;

CREATE UNIQUE INDEX canned_replies_by_id ON canned_replies (tenant, id);

-- status and body are null while the request is being answered.
CREATE TABLE idempotency (
    tenant     TEXT NOT NULL,
    actor      TEXT NOT NULL,
    key        TEXT NOT NULL,
    digest     BLOB NOT NULL,
    claimed_at INTEGER NOT NULL,
    status     INTEGER,
    body       BLOB,
    PRIMARY KEY (tenant, actor, key)
) STRICT;

CREATE INDEX idempotency_by_age ON idempotency (claimed_at);

CREATE TABLE audit (
    id        INTEGER PRIMARY KEY AUTOINCREMENT,
    at        INTEGER NOT NULL,
    tenant    TEXT NOT NULL,
    actor     TEXT NOT NULL,
    role      TEXT NOT NULL,
    operation TEXT NOT NULL,
    subject   TEXT NOT NULL,
    address   TEXT NOT NULL
) STRICT;

CREATE INDEX audit_by_tenant ON audit (tenant, id);
