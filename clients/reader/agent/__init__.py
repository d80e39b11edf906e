"""The reader agent: a small HTTP server on this computer's loopback, and nothing else.

Routes: POST /start (the provider's page sends the browser here), /reading/<id> (who
asks for what, Allow or Cancel, live state), GET /status (for the provider's page), GET
/. Speaks CL1 with the provider (docs/chip-reader.md): signs each request, passes APDUs
on. It never listens beyond 127.0.0.1, never acts without a click, and never leads the
browser anywhere but back to the provider that sent it.
"""
