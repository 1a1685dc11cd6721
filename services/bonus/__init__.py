"""What each placement earns, when, and why: instalments, ledger, payout.

Rooms, in reading order: service, domain, rules (the law's parameters), assess (the engine alone,
from a file), handlers, store, api and pages.
"""
