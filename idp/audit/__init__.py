"""What happened, provably: one event for every durable effect, in its transaction.

`events` declares each event as a dataclass; `log` appends it to a hash chain (one
chain per month and shard, 16 shards by account, so that one chain does not serialise
every commit); `personal` seals personal values outside the chained part, bound to it;
`verification` proves the chains. Never updates or deletes an event.
"""
