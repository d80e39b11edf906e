// A client under FAPI 2.0 with Message Signing, with openid-client as it comes: its key
// authenticates it and signs the pushed request, the answer and introspection are signed,
// and every token is bound to a DPoP key.
import * as client from 'openid-client'
import { createInterface } from 'node:readline/promises'

const { ISSUER, CLIENT_ID, PRIVATE_JWK, REDIRECT_URI: redirect_uri } = process.env
const jwk = JSON.parse(PRIVATE_JWK)
const key = await crypto.subtle.importKey(
  'jwk', jwk, { name: 'ECDSA', namedCurve: 'P-256' }, false, ['sign'])
const signing = { key, kid: jwk.kid }
const config = await client.discovery(new URL(ISSUER), CLIENT_ID, {
  id_token_signed_response_alg: 'ES256', authorization_signed_response_alg: 'ES256',
  introspection_signed_response_alg: 'ES256' }, client.PrivateKeyJwt(signing), { execute: [
  client.allowInsecureRequests, client.useJwtResponseMode, client.enableNonRepudiationChecks] })
const DPoP = client.getDPoPHandle(config, await client.randomDPoPKeyPair('ES256'))

const verifier = client.randomPKCECodeVerifier()
const state = client.randomState(), nonce = client.randomNonce()
const { searchParams: signed } = await client.buildAuthorizationUrlWithJAR(config, {
  redirect_uri, state, nonce, scope: 'openid profile offline_access', prompt: 'consent',
  code_challenge: await client.calculatePKCECodeChallenge(verifier),
  code_challenge_method: 'S256' }, signing)
console.log((await client.buildAuthorizationUrlWithPAR(config, signed, { DPoP })).href)

const back = new URL(await createInterface({ input: process.stdin }).question(''))
const first = await client.authorizationCodeGrant(config, back,
  { pkceCodeVerifier: verifier, expectedState: state, expectedNonce: nonce },
  undefined, { DPoP })
const { sub } = first.claims()
const tokens = await client.refreshTokenGrant(config, first.refresh_token, undefined, { DPoP })
const person = await client.fetchUserInfo(config, tokens.access_token, sub, { DPoP })
const known = await client.tokenIntrospection(config, tokens.access_token)
await client.tokenRevocation(config, tokens.refresh_token)
const after = await client.tokenIntrospection(config, tokens.refresh_token)
const refused = await client.fetchUserInfo(config, tokens.access_token, sub)
  .then(() => false, () => true)  // as a Bearer
console.log(JSON.stringify({ person, refused, type: tokens.token_type,
  bound: known.cnf.jkt === await DPoP.calculateThumbprint(), alive: [known.active, after.active] }))
process.exit(0)
