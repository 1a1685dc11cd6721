"""Measurements: what is fast, against what, in one run; a benchmark never fails a build.

Reading order: rounds (interleaving and medians), relay, bonus, rules, embedded_bus, and `__main__`,
which prints the table.
"""
