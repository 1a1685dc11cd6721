"""What a company may tell about itself, and what changes when it tells it again.

Read `contacts.py` (names and addresses that are safe to pass on), then `revision.py`.
"""
