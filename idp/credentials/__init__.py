"""Credentials that citizens' wallets hold: what they say, and whether they still hold.

`sd_jwt` conceals claims (RFC 9901), `residence_credential` says what the one type of
credential contains (SD-JWT VC), `register` gives each a place in a status list and
takes it back, `ending` says upon what, `status_list` writes the list (Token Status
List), `issuing` joins them. What is issued is never kept: only the place in the list,
the account and the permission.
"""
