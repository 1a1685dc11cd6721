"""What an employer's own page asks for."""

from __future__ import annotations

from shared.database import Connection

LIST_PLACEMENTS_AT = "SELECT DISTINCT placement FROM placement WHERE employer = $1"


async def list_placements_at(connection: Connection, employer: str) -> set[str]:
    """Every placement id ever reported at the employer."""
    rows = await connection.fetch(LIST_PLACEMENTS_AT, employer)
    return {row["placement"] for row in rows}
