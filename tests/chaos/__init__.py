"""The soak: the whole system under faults, judged against a run without any; and the mutants.

Reading order of the soak: lives (who is told of), requests and feeding (telling it at the doors),
ground (brokers, database, issuer), ends (which ends of a process are its right), fleet and member
(the services' processes), schedule and storm (what goes wrong), calm (is it quiet?), figures (what
/metrics shows), evidence, reference and judging (what came of it), soak (the whole), report. The
mutants: mutants (what is broken on purpose), mutating (each in turn), noticing (who notices, and by
what).
"""
