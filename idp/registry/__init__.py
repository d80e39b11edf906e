"""The population and residence registry: who a person is, where they live, their card.

The one port to it (`port`), the embedded synthetic registry, the generator of invented
people, and the SOAP client for provincial exchanges (QCVN 109:2017/BTTTT). Answers are
dated, and may be stale by policy when the registry is down. Knows no account, consent
or claim; never writes to a real registry.
"""
