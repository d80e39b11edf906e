"""New keys for what is sealed: publish a version, put it to use, seal anew, destroy.

`versions` moves the two keys on; `columns` knows from the models what is sealed or
indexed under them; `reseal` brings rows up, in batches, while others write. A version
is destroyed only when nothing is left under it.
"""
