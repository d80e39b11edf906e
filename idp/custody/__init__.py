"""Signing keys before the eyes of portals: who has which, and what a theft costs.

`sightings` counts who fetched which key set, in memory, and writes it down behind the
answers; `standing` says, purely, what a portal has and may still cache; `rehearsal`
counts what a rotation or a kill would cost; `kill` makes a stolen key worthless at once
and `aftermath` does what remains: ends grants, writes to portals. Moves no ring itself
(`keys.rotation`) and decides for nobody: that takes two (`approvals`).
"""
