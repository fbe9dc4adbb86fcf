"""The guide's functions and its class, word for word, to run beside ours."""

# ruff: noqa: ASYNC240, DTZ005, DTZ006 (the guide's own words)
from __future__ import annotations

import asyncio
import json
import logging
import os
import shutil
import sys
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import aiosqlite

logger = logging.getLogger(__name__)


def setup_claude_sessions(outputs: Path, listing_id: str) -> Path:
    """Configure Claude to use per-client session directory"""
    output_dir = outputs / listing_id
    sessions_dir = output_dir / ".claude_sessions"
    sessions_dir.mkdir(parents=True, exist_ok=True)

    # Tell Claude CLI where to store sessions
    os.environ["CLAUDE_SESSION_DIR"] = str(sessions_dir)

    return sessions_dir


async def cleanup_expired_sessions(sessions_dir: Path, max_age_days: int = 30) -> None:
    """Remove sessions older than max_age_days"""
    cutoff_date = datetime.now() - timedelta(days=max_age_days)

    for session_dir in sessions_dir.iterdir():
        if not session_dir.is_dir():
            continue

        mtime = datetime.fromtimestamp(session_dir.stat().st_mtime)

        if mtime < cutoff_date:
            print(f"🗑️  Removing expired session: {session_dir.name}")
            shutil.rmtree(session_dir)


async def cleanup_expired_sessions_from_db(db_path: Path, sessions_dir: Path) -> None:
    """Remove expired sessions based on database tracking"""
    async with aiosqlite.connect(db_path) as db:
        cursor = await db.execute(
            """
            SELECT session_id FROM claude_sessions
            WHERE expires_at < ? AND status = 'active'
        """,
            (datetime.now().isoformat(),),
        )

        expired = list(await cursor.fetchall())

        for (session_id,) in expired:
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

        print(f"🗑️  Cleaned up {len(expired)} expired sessions")


class SessionManager:
    """The guide's complete session manager."""

    def __init__(self, output_dir: Path, max_age_days: int = 30):
        self.output_dir = output_dir
        self.sessions_dir = output_dir / ".claude_sessions"
        self.db_path = output_dir / "buyers.db"
        self.max_age_days = max_age_days

    def setup(self) -> Path:
        """Initialize session directory and configure Claude CLI"""
        self.sessions_dir.mkdir(parents=True, exist_ok=True)
        os.environ["CLAUDE_SESSION_DIR"] = str(self.sessions_dir)
        logger.info(f"📁 Claude sessions: {self.sessions_dir}")
        return self.sessions_dir

    async def init_table(self) -> None:
        """Create sessions tracking table"""
        async with aiosqlite.connect(self.db_path) as db:
            await db.execute("""
                CREATE TABLE IF NOT EXISTS claude_sessions (
                    session_id TEXT PRIMARY KEY,
                    listing_id TEXT NOT NULL,
                    stage TEXT NOT NULL,
                    created_at TEXT NOT NULL,
                    expires_at TEXT NOT NULL,
                    status TEXT DEFAULT 'active',
                    metadata TEXT
                )
            """)
            await db.commit()

    async def track_session(
        self, session_id: str, stage: str, listing_id: str, metadata: dict[str, Any] | None = None
    ) -> None:
        """Track a new session"""
        expires_at = (datetime.now() + timedelta(days=self.max_age_days)).isoformat()

        async with aiosqlite.connect(self.db_path) as db:
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
                    datetime.now().isoformat(),
                    expires_at,
                    json.dumps(metadata) if metadata else None,
                ),
            )
            await db.commit()

        logger.info(f"📝 Tracked session: {session_id} (expires in {self.max_age_days} days)")

    async def extend_session(self, session_id: str, additional_days: int = 7) -> None:
        """Extend session expiration"""
        new_expiry = (datetime.now() + timedelta(days=additional_days)).isoformat()

        async with aiosqlite.connect(self.db_path) as db:
            await db.execute(
                """
                UPDATE claude_sessions
                SET expires_at = ?
                WHERE session_id = ?
            """,
                (new_expiry, session_id),
            )
            await db.commit()

        logger.info(f"⏰ Extended session {session_id} by {additional_days} days")

    async def cleanup_expired(self) -> int:
        """Remove expired sessions"""
        async with aiosqlite.connect(self.db_path) as db:
            cursor = await db.execute(
                """
                SELECT session_id FROM claude_sessions
                WHERE expires_at < ? AND status = 'active'
            """,
                (datetime.now().isoformat(),),
            )

            expired = list(await cursor.fetchall())

            for (session_id,) in expired:
                session_path = self.sessions_dir / session_id
                if session_path.exists():
                    shutil.rmtree(session_path)
                    logger.info(f"🗑️  Removed expired session: {session_id}")

                await db.execute(
                    """
                    UPDATE claude_sessions
                    SET status = 'expired'
                    WHERE session_id = ?
                """,
                    (session_id,),
                )

            await db.commit()

            return len(expired)

    async def list_active_sessions(self) -> list[dict[str, Any]]:
        """List all active sessions"""
        async with aiosqlite.connect(self.db_path) as db:
            db.row_factory = aiosqlite.Row
            cursor = await db.execute("""
                SELECT * FROM claude_sessions
                WHERE status = 'active'
                ORDER BY created_at DESC
            """)

            rows = await cursor.fetchall()
            return [dict(row) for row in rows]

    async def get_session_stats(self) -> dict[str, int]:
        """Get session statistics"""
        async with aiosqlite.connect(self.db_path) as db:
            cursor = await db.execute("""
                SELECT
                    status,
                    COUNT(*) as count
                FROM claude_sessions
                GROUP BY status
            """)

            stats = {row[0]: row[1] for row in await cursor.fetchall()}

            cursor = await db.execute(
                """
                SELECT COUNT(*) FROM claude_sessions
                WHERE expires_at < ?
            """,
                (datetime.now().isoformat(),),
            )

            (count,) = await cursor.fetchone() or (0,)
            stats["expired_pending_cleanup"] = count

            return stats


if __name__ == "__main__":
    # A pipeline's process: OUTPUT_DIR DAYS METHOD ARGUMENT...; what the method returns is printed.
    manager = SessionManager(Path(sys.argv[1]), int(sys.argv[2]))
    print(json.dumps(asyncio.run(getattr(manager, sys.argv[3])(*sys.argv[4:]))))
