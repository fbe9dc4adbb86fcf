"""The guide's own SQL statements, word for word, through aiosqlite as its pipelines run them."""

from __future__ import annotations

import json
import shutil
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import aiosqlite

_OLDER_TABLE = """
    CREATE TABLE IF NOT EXISTS claude_sessions (
        session_id TEXT PRIMARY KEY,
        listing_id TEXT NOT NULL,
        stage TEXT NOT NULL,
        created_at TEXT NOT NULL,
        expires_at TEXT NOT NULL,
        status TEXT DEFAULT 'active'
    )
"""
_TABLE = """
    CREATE TABLE IF NOT EXISTS claude_sessions (
        session_id TEXT PRIMARY KEY,
        listing_id TEXT NOT NULL,
        stage TEXT NOT NULL,
        created_at TEXT NOT NULL,
        expires_at TEXT NOT NULL,
        status TEXT DEFAULT 'active',
        metadata TEXT
    )
"""


async def track_older(db_path: Path, session_id: str, listing_id: str, stage: str) -> None:
    """Track a session as the guide's first example does: no metadata column, 7 days."""
    now = datetime.now()  # noqa: DTZ005 (the guide writes naive local times)
    expires_at = (now + timedelta(days=7)).isoformat()
    async with aiosqlite.connect(db_path) as db:
        await db.execute(_OLDER_TABLE)
        await db.execute(
            """
            INSERT INTO claude_sessions
            (session_id, listing_id, stage, created_at, expires_at)
            VALUES (?, ?, ?, ?, ?)
        """,
            (session_id, listing_id, stage, now.isoformat(), expires_at),
        )
        await db.commit()


async def init_table(db_path: Path) -> None:
    """Make the table of the guide's class."""
    async with aiosqlite.connect(db_path) as db:
        await db.execute(_TABLE)
        await db.commit()


async def track_session(
    db_path: Path,
    session_id: str,
    stage: str,
    listing_id: str,
    metadata: dict[str, Any] | None = None,
    *,
    now: datetime | None = None,
    max_age_days: float = 30,
) -> None:
    """Track a session as the guide's class does; `now` is naive local."""
    now = now or datetime.now()  # noqa: DTZ005 (the guide writes naive local times)
    async with aiosqlite.connect(db_path) as db:
        await db.execute(
            """
            INSERT OR REPLACE INTO claude_sessions
            (session_id, listing_id, stage, created_at, expires_at, metadata)
            VALUES (?, ?, ?, ?, ?, ?)
        """,
            (
                session_id,
                listing_id,
                stage,
                now.isoformat(),
                (now + timedelta(days=max_age_days)).isoformat(),
                json.dumps(metadata) if metadata else None,
            ),
        )
        await db.commit()


async def extend_session(
    db_path: Path, session_id: str, additional_days: int = 7, *, now: datetime | None = None
) -> None:
    """Extend a session as the guide's class does; `now` is naive local."""
    now = now or datetime.now()  # noqa: DTZ005 (the guide writes naive local times)
    new_expiry = now + timedelta(days=additional_days)
    async with aiosqlite.connect(db_path) as db:
        await db.execute(
            """
            UPDATE claude_sessions
            SET expires_at = ?
            WHERE session_id = ?
        """,
            (new_expiry.isoformat(), session_id),
        )
        await db.commit()


async def mark_session_failed(db_path: Path, session_id: str) -> None:
    """Mark a session as failed; the guide names this act but gives no statement."""
    async with aiosqlite.connect(db_path) as db:
        await db.execute(
            "UPDATE claude_sessions SET status = 'failed' WHERE session_id = ?", (session_id,)
        )
        await db.commit()


async def cleanup_expired(db_path: Path, sessions_dir: Path, *, now: datetime) -> None:
    """Clean up as the guide's class does; `now` is naive local."""
    async with aiosqlite.connect(db_path) as db:
        cursor = await db.execute(
            """
            SELECT session_id FROM claude_sessions
            WHERE expires_at < ? AND status = 'active'
        """,
            (now.isoformat(),),
        )
        for (session_id,) in await cursor.fetchall():
            session_path = sessions_dir / session_id
            if session_path.exists():
                shutil.rmtree(session_path)
            await db.execute(
                """
                UPDATE claude_sessions
                SET status = 'expired'
                WHERE session_id = ?
            """,
                (session_id,),
            )
        await db.commit()


async def expired_now(db_path: Path) -> list[str]:
    """Return what the guide's clean-up would remove now."""
    async with aiosqlite.connect(db_path) as db:
        cursor = await db.execute(
            """
            SELECT session_id FROM claude_sessions
            WHERE expires_at < ? AND status = 'active'
        """,
            (datetime.now().isoformat(),),  # noqa: DTZ005 (as the guide)
        )
        return [session_id for (session_id,) in await cursor.fetchall()]


async def list_active_sessions(db_path: Path) -> list[dict[str, Any]]:
    """List the active sessions as the guide's class does."""
    async with aiosqlite.connect(db_path) as db:
        db.row_factory = aiosqlite.Row
        cursor = await db.execute("""
            SELECT * FROM claude_sessions
            WHERE status = 'active'
            ORDER BY created_at DESC
        """)
        return [dict(row) for row in await cursor.fetchall()]


async def get_session_stats(db_path: Path) -> dict[str, int]:
    """Count sessions by status as the guide's class does."""
    async with aiosqlite.connect(db_path) as db:
        cursor = await db.execute("""
            SELECT
                status,
                COUNT(*) as count
            FROM claude_sessions
            GROUP BY status
        """)
        return {row[0]: row[1] for row in await cursor.fetchall()}
