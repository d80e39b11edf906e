"""Staff: officers' accounts, units, roles and passkeys, apart from citizens'.

Invites and rescues by command, signs in by passkey only, keeps sessions of their own,
and records every look-up of a citizen with officer and unit. Knows no dossier and no
page; what an officer may do with a citizen's account is decided where that is done.
"""
