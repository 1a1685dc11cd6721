"""Commands at the door: `persons` registers somebody, `reports` takes in what senders tell.

`reading` turns what was sent into what can be decided.
"""
