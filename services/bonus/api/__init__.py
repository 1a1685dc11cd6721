"""Bonus over HTTP: `cases` to apply, look and decide; `records` of what was assessed; `trials`."""

from __future__ import annotations

from services.bonus.api import cases, records, trials

ROUTERS = (cases.router, records.router, trials.router)
