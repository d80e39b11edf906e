"""The demo: a sandbox provider, three portals and a card reader, from one folder.

`plan` says what is where, `folder` guards the state, `preparation` fills it (each step
may be repeated), `portals` registers the relying parties, `cards` has chip cards made,
`processes` runs what serves, `screen` tells the newcomer everything. Starts `clients`
as programs, never imports them.
"""
