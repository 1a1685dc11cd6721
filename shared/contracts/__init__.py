"""Everything one service knows about another: the events, their envelope, topics and schemas.

Read in this order: `fields` (the words events are made of), `base` (what an event is), one module
per publisher (`membership`, `placements`, `bonus`, `notifications`, `finance`), `reports` (facts as
told at the door), `registry`, `envelope` and `decoding` (events on the wire), `topics` (where they
travel), then the gate that guards what is published: `schemas`, `compatibility`, `samples`,
`asyncapi`, `gate`.
"""
