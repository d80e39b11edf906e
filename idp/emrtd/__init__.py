"""The electronic travel document: ICAO Doc 9303 parts 10 to 12, as pure functions.

Owns the chip's files, secure messaging, BAC, PACE, Chip and Active Authentication,
passive authentication and the trust store. `reading` turns a card's answers into the
next batch of commands, `verification` judges what was read. Bytes and `now` come in,
values and commands go out: no account, database, network or clock is ever touched here.
"""
