"""Numbered migrations; a database is brought to the newest in one transaction or not at all.

A released migration is never changed. `PRAGMA user_version` counts them.
"""

from __future__ import annotations

MIGRATIONS: tuple[str, ...] = (
    # 1: the first session
    """
    CREATE TABLE boots (
        number INTEGER PRIMARY KEY AUTOINCREMENT
    );
    CREATE TABLE transactions (
        key TEXT PRIMARY KEY,
        outlet INTEGER NOT NULL,
        token TEXT NOT NULL,
        began TEXT NOT NULL,
        meter_start_wh INTEGER NOT NULL,
        last_wh INTEGER NOT NULL,
        last_at TEXT NOT NULL,
        transaction_id INTEGER,
        parent TEXT,
        ended TEXT,
        stop_reason TEXT,
        stop_token TEXT,
        denied INTEGER NOT NULL DEFAULT 0,
        delivered INTEGER NOT NULL DEFAULT 0
    );
    CREATE INDEX transactions_open ON transactions (delivered) WHERE delivered = 0;
    CREATE TABLE outbox (
        seq INTEGER PRIMARY KEY,
        kind TEXT NOT NULL,
        transaction_key TEXT NOT NULL,
        payload TEXT NOT NULL,
        at TEXT NOT NULL,
        attempts INTEGER NOT NULL
    );
    CREATE TABLE settings (key TEXT PRIMARY KEY, value TEXT NOT NULL);
    CREATE TABLE cache (
        token TEXT PRIMARY KEY,
        verdict TEXT NOT NULL,
        parent TEXT,
        expires_utc_ms INTEGER
    );
    CREATE TABLE notes (name TEXT PRIMARY KEY, value TEXT NOT NULL);
    """,
    # 2: the fault book
    """
    CREATE TABLE faults (
        number INTEGER PRIMARY KEY,
        outlet INTEGER NOT NULL,
        fault TEXT NOT NULL,
        began TEXT NOT NULL,
        ended TEXT,
        times INTEGER NOT NULL
    );
    """,
    # 3: charging profiles
    """
    CREATE TABLE charging_profiles (
        connector INTEGER NOT NULL,
        profile_id INTEGER NOT NULL,
        payload TEXT NOT NULL,
        transaction_key TEXT,
        PRIMARY KEY (connector, profile_id)
    );
    """,
    # 4: the security log, which is also what the back end has still to hear
    """
    CREATE TABLE security_log (
        number INTEGER PRIMARY KEY,
        kind TEXT NOT NULL,
        info TEXT NOT NULL,
        at TEXT NOT NULL,
        waits INTEGER NOT NULL
    );
    """,
    # 5: the back end's list of tokens, and reservations
    """
    CREATE TABLE local_list (
        token TEXT PRIMARY KEY,
        verdict TEXT NOT NULL,
        parent TEXT,
        expires_utc_ms INTEGER
    );
    CREATE TABLE local_list_version (version INTEGER NOT NULL);
    CREATE TABLE reservations (
        number INTEGER PRIMARY KEY,
        outlet INTEGER NOT NULL,
        token TEXT NOT NULL,
        parent TEXT,
        expires_utc_ms INTEGER NOT NULL
    );
    ALTER TABLE transactions ADD COLUMN reservation_id INTEGER;
    """,
    # 6: who changed which parameters
    """
    CREATE TABLE setting_changes (
        number INTEGER PRIMARY KEY,
        at TEXT NOT NULL,
        who TEXT NOT NULL,
        way TEXT NOT NULL,
        texts TEXT NOT NULL
    );
    """,
    # 7: free charging: who began, and what the back end never hears of
    """
    ALTER TABLE transactions ADD COLUMN starter TEXT;
    ALTER TABLE transactions ADD COLUMN private INTEGER NOT NULL DEFAULT 0;
    """,
    # 8: the stations that a master of load management knows
    """
    CREATE TABLE units (
        unit TEXT PRIMARY KEY,
        fuse TEXT NOT NULL,
        disconnected_ma INTEGER NOT NULL,
        points TEXT NOT NULL
    );
    """,
)
