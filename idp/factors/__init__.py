"""How a person proves themselves: password, codes, passkey, card, recovery.

Each factor has enrol-, challenge- and verify-functions and answers `VerifiedFactor`;
`throttle` counts wrong proofs, `gateway` sends messages, `devices` knows browsers that
once succeeded. Decides nothing about levels or sessions.
"""
