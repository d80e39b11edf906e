"""The database's history, one file a change, run by `idp db upgrade`.

A change first expands (new tables, new columns that may be empty), so that the running
release works before and after it; what nobody uses any more is contracted a release
later. Files are called NNNN_what.py and import nothing of idp, whose models go on.
"""
