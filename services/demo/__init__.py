"""The demonstration: a client that lives through two years of the programme in under a minute.

Reading order: timeline (what is sent, when, by whom), finance (answers to orders), drive (sends
it), summary (what came of it). It knows no service from inside; everything goes through HTTP, as it
would for a municipality, or over the bus with finance's own rights.
"""
