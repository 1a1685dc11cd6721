"""What the subcommands of `sammen` do; which there are, and what services, says `__main__`.

Reading order: running (up, run, token), database (migrate, topics), messages (dead letters,
republish), rounds (recompute, ledger replay), contracts, doctor; faults says what a person is told
when one of them can't.
"""
