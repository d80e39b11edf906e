"""The virtual chip-ID card, its personaliser and its demo issuer.

`chip` answers APDUs as the Vietnamese card does (ICAO Doc 9303 part 11), `issuer` is a
country's signing authority made on the spot, `personaliser` lays down a citizen's files
and keys, and `vpcd` puts a card on the system's own smart card service. Nothing here is
a real person's, and no key is shipped.
"""
