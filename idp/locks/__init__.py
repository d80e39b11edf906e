"""Locks: who may ask for one on which ground, and what it does at once.

Applies requests of holders, authorities and registry events, lifts a lock whose ground
is gone (Law on Identification art. 34, Decree 69/2024 art. 15), ends sessions, grants
and tokens, and tells relying parties. The locks' rows belong to `accounts`.
"""
