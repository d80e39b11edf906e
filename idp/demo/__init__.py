"""The demo: a sandbox provider and three portals on this machine, from one folder.

`plan` says what is where, `folder` guards the state, `preparation` fills it (each step
may be repeated), `portals` registers the relying parties, `processes` runs what serves,
`screen` tells the newcomer everything. Starts `clients.portal` as a program, never
imports it.
"""
