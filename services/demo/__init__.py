"""The demonstration: a client that lives through two years of the programme in under a minute.

Reading order: timeline (what is sent, when, by whom), drive (sends it), summary (what came of it).
It knows no service from inside; everything goes through HTTP, as it would for a municipality.
"""
