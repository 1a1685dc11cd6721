"""Measurements: what is fast, against what, in one run; a benchmark never fails a build.

`make bench` runs all of them, `make bench ARGS="consumer relay"` those named. Results are printed
and kept in `.cache/benchmarks`; docs/benchmarks.md says what came out and what was tried.

Reading order: results and rounds (medians, spread, interleaving), ground (where it is measured),
facts (what with); then consumer with textbook, bound and engine_out, relay, sweep, backlog,
latency, memory; without Kafka rules, embedded, embedded_bus; and `__main__`.
"""
