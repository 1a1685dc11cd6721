"""Mistakes one could make in the messaging, each as a change of its text, and who must notice.

A mutant that no test notices is a promise nobody guards. When the code a mutant changes is written
anew, its mutant must be too: `tests/unit/chaos` says so at once.
"""

from __future__ import annotations

from typing import Final

from tests.chaos.mutation import Edit, Mutant

DELIVERING: Final = "tests/integration/transport/test_delivering.py"
GROUPS: Final = "tests/integration/transport/test_groups.py"
PUBLISHING: Final = "tests/integration/transport/test_publishing.py"
GAPS: Final = "tests/integration/transport/test_gaps.py"
CONSUMER: Final = "tests/integration/messaging/test_consumer.py"
RELAY: Final = "tests/integration/messaging/test_relay.py"
AHEAD: Final = "tests/integration/messaging/test_listing_ahead.py"
SEEN: Final = "tests/integration/transport/test_seen.py"
TURNS: Final = "tests/unit/messaging/test_kafka_publishing.py"
LOST: Final = "tests/integration/kafka/test_decisions_lost.py"
KILLED: Final = "tests/integration/messaging/test_killed.py"

KAFKA_CONSUMER = "shared/messaging/kafka/consumer.py"
MESSAGING_CONSUMER = "shared/messaging/consumer.py"
SHELL = "shared/messaging/kafka/shell.py"
HANDLE = """            await self._ear.handler(records)
"""
COMMIT = """            await self._commit(tenure, offsets_after(read))
"""
FAILED_BATCH = f"{DELIVERING}::test_a_handler_that_raises_ends_delivery_and_its_batch_comes_again"

MUTANTS: Final = (
    Mutant(
        "offset committed before the transaction",
        (Edit(KAFKA_CONSUMER, HANDLE, COMMIT + HANDLE),),
        (f"{FAILED_BATCH}[kafka]",),
    ),
    Mutant(
        "offsets committed by the library, before anything is decided",
        (Edit(SHELL, "ack_policy=AckPolicy.MANUAL", "ack_policy=AckPolicy.ACK_FIRST"),),
        (f"{FAILED_BATCH}[kafka]",),
    ),
    Mutant(
        "offset of the last record committed, not of the one after it",
        (
            Edit(
                "shared/messaging/kafka/tenure.py",
                "offset + 1 for place, offset in lasts",
                "offset for place, offset in lasts",
            ),
        ),
        (f"{DELIVERING}::test_a_new_group_reads_from_the_beginning_and_an_old_one_goes_on[kafka]",),
    ),
    Mutant(
        "a rebalance doesn't wait for the batch in flight",
        (
            Edit(
                KAFKA_CONSUMER,
                """        tenure.closing = True
        await tenure.idle.wait()
""",
                """        tenure.closing = True
""",
            ),
        ),
        (f"{GROUPS}::test_a_partition_is_handed_over_only_when_its_batch_is_done[kafka]",),
    ),
    Mutant(
        "a batch read ahead begins although its partitions are being taken back",
        (Edit(KAFKA_CONSUMER, "not tenure.takes_batches", "not tenure.active"),),
        (
            f"{GROUPS}::test_what_waits_behind_a_batch_is_left_to_whoever_is_given_its_partition"
            "[kafka]",
        ),
    ),
    Mutant(
        "gaps in the offsets are jumped in silence",
        (
            Edit(
                KAFKA_CONSUMER,
                "            if not gaps:\n                if beginning",
                "            if gaps or True:\n                if beginning",
            ),
            Edit(
                "shared/messaging/kafka/standing.py",
                "        if jumps := tenure.jumps(records):",
                "        if (jumps := tenure.jumps(records)) and False:",
            ),
            Edit(
                KAFKA_CONSUMER,
                "            doubt.weigh(gaps if stood_still else [])",
                "            doubt.weigh(gaps[:0] if stood_still else [])",
            ),
        ),
        (f"{GAPS}::test_records_deleted_before_they_were_read_stop_the_consumer",),
    ),
    Mutant(
        "records read by the library's own parser",
        (Edit(SHELL, "            parser=_parse,\n            decoder=_decode,\n", ""),),
        (f"{PUBLISHING}::test_what_the_bus_does_not_understand_passes_through[kafka]",),
    ),
    Mutant(
        "what a consumer begins keeps the batch it was begun in",
        (
            Edit(
                "shared/messaging/kafka/tasks.py",
                "context=self._context.copy()",
                "context=copy_context()",
            ),
        ),
        (f"{SEEN}::test_a_handler_sees_no_context_that_holds_its_batch[kafka]",),
    ),
    Mutant(
        "who publishes beside others is failed by them",
        (
            Edit(
                "shared/messaging/kafka/publishing.py",
                "async with self._turn:",
                "async with asyncio.Lock():",
            ),
        ),
        (f"{TURNS}::test_who_stands_behind_a_failure_has_a_new_producer",),
    ),
    Mutant(
        "the producer is kept after a failure",
        (
            Edit(
                "shared/messaging/kafka/publishing.py",
                """        if self._producer is producer:
            self._producer = None
        await _abandon(producer)
        await asyncio.wait(sending)
""",
                """        await asyncio.wait(sending)
""",
            ),
        ),
        (f"{PUBLISHING}::test_a_record_too_large_is_refused_and_the_next_one_is_not[kafka]",),
    ),
    Mutant(
        "offsets are believed whatever the database has decided",
        (Edit(MESSAGING_CONSUMER, "whence=self._whence,", "whence=None,"),),
        (f"{LOST}::test_a_group_moved_forward_by_hand_skips_nothing",),
    ),
    Mutant(
        "decisions that are lost under a running consumer are not missed",
        (
            Edit(
                "shared/messaging/kafka/standing.py",
                "if until is None else until) < offset:",
                "if until is None else until) > offset:",
            ),
        ),
        (f"{LOST}::test_a_stand_by_that_lacks_the_last_transactions_catches_up",),
    ),
    Mutant(
        "no inbox",
        (
            Edit(
                "shared/messaging/inbox.py",
                'return frozenset(row["event_id"] for row in rows)\n\n\nasync def find_known',
                "return frozenset(event_ids) if rows is not None else frozenset()\n\n\n"
                "async def find_known",
            ),
        ),
        (f"{CONSUMER}::test_a_batch_delivered_again_changes_nothing",),
    ),
    Mutant(
        "the relay goes by a high-water mark",
        (
            Edit(
                "shared/messaging/outbox.py",
                "WHERE NOT topic = ANY($2::text[])",
                "WHERE position > (SELECT coalesce(max(position), 0) FROM outbox AS row\n"
                "                  WHERE NOT EXISTS (SELECT FROM outbox_waiting AS waits\n"
                "                                    WHERE waits.position = row.position))\n"
                "    AND NOT topic = ANY($2::text[])",
            ),
        ),
        (f"{RELAY}::test_eight_writers_committing_out_of_order_miss_nothing",),
    ),
    Mutant(
        "rows listed ahead follow those of a topic refused meanwhile",
        (
            Edit(
                "shared/messaging/relay.py",
                "if not (may_follow and behind and",
                "if not (behind and",
            ),
        ),
        (f"{AHEAD}::test_what_follows_rows_of_a_refused_topic_is_looked_at_anew",),
    ),
    Mutant(
        "rows listed ahead overtake an older one that has shown up",
        (Edit("shared/messaging/relay.py", " and behind[0].position > rows[-1].position", ""),),
        (f"{AHEAD}::test_rows_sent_again_meanwhile_go_in_their_order",),
    ),
    Mutant(
        "the relay marks before it publishes",
        (
            Edit(
                "shared/messaging/sending.py",
                """            try:
                await self._transport.publish(piece)
""",
                """            try:
                await self._mark(connection, piece)
                await self._transport.publish(piece)
""",
            ),
            Edit(
                "shared/messaging/sending.py",
                "self._marking = asyncio.create_task(self._mark(connection, piece))",
                "continue",
            ),
        ),
        (f"{KILLED}::test_a_relay_may_be_killed_at_any_step",),
    ),
    Mutant(
        "two relays of one service at once",
        (
            Edit(
                "shared/messaging/relay.py",
                'if await try_session_lock(connection, "relay", self._service):',
                'if await try_session_lock(connection, "relay", self._service) or True:',
            ),
        ),
        (f"{RELAY}::test_of_two_relays_one_works_and_the_other_takes_over",),
    ),
    Mutant(
        "the outbox is written after the commit",
        (
            Edit(
                "shared/messaging/work.py",
                """        yield work
        await work.write_outbox()
""",
                """        yield work
    from shared.messaging.failpoints import reached

    await reached("consumer.after_commit")
    async with database.transaction() as connection:
        work.connection = connection
        await work.write_outbox()
""",
            ),
            Edit(
                "shared/messaging/deciding.py",
                """        await work.write_outbox()
        await reached("consumer.before_commit")
""",
                """        await reached("consumer.before_commit")
""",
            ),
            Edit(
                "shared/messaging/deciding.py",
                """    await reached("consumer.after_commit")
    return Outcome""",
                "    return Outcome",
            ),
        ),
        (f"{KILLED}::test_a_consumer_may_be_killed_at_any_step",),
    ),
    Mutant(
        "what lies behind a dead letter is decided all the same",
        (
            Edit(
                "shared/messaging/deciding.py",
                "waits.append(decidable and reading.stops in stopped_now)",
                "waits.append(decidable and reading.stops in stopped_now and False)",
            ),
        ),
        (
            f"{CONSUMER}::test_poison_in_the_middle_of_a_batch_stops_only_its_own_key",
            f"{CONSUMER}::test_later_batches_park_behind_a_dead_letter_too",
        ),
    ),
    Mutant(
        "what can't be read is passed by",
        (
            Edit(
                "shared/messaging/reading.py",
                'record, "malformed", key, seen.event_id, reason=seen.reason',
                'record, "passed_by", key, seen.event_id, reason=seen.reason',
            ),
        ),
        (f"{CONSUMER}::test_a_malformed_record_is_a_dead_letter_and_stops_its_key",),
    ),
)
