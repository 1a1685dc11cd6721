"""What every HTTP answer of Sammen has in common; the only package that knows FastAPI's inside.

Read `problems.py` (how refusals look), `identity.py` (who is asking), `idempotency.py` (asking
twice), `pages.py` (the frame of every page), then `app.py` (all of it put together).
"""
