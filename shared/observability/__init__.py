"""What can be seen from outside: a closed catalogue of metrics, and structured logs.

Read `catalogue.py` (what is counted), `metrics.py` (how a process counts), `logs.py`.
"""
