// Node 18, which Debian 12 has, keeps Web Cryptography out of sight.
const { webcrypto } = require('node:crypto')
globalThis.crypto ??= webcrypto
globalThis.CryptoKey ??= webcrypto.CryptoKey
