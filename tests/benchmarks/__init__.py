"""Measurements: what is fast, against what, in one run; a benchmark never fails a build.

Reading order: rounds (interleaving and medians), relay, bonus, decoding, and `__main__`, which
prints the table.
"""
