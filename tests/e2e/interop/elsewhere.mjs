// Devices without a browser (RFC 8628) and calls (CIBA), with openid-client as it comes.
import * as client from 'openid-client'

const { ISSUER, CLIENT_ID, CLIENT_SECRET, LOGIN_HINT } = process.env
const config = await client.discovery(new URL(ISSUER), CLIENT_ID, CLIENT_SECRET,
  client.ClientSecretPost(CLIENT_SECRET), { execute: [client.allowInsecureRequests] })

const scope = 'openid profile'
const device = await client.initiateDeviceAuthorization(config, { scope })
const call = await client.initiateBackchannelAuthentication(config,
  { scope, login_hint: LOGIN_HINT, binding_message: '2026-000123' })
console.log(JSON.stringify(
  { address: device.verification_uri_complete, number: call.binding_number }))

const told = async (asked) => {
  const tokens = await asked
  return client.fetchUserInfo(config, tokens.access_token, tokens.claims().sub)
}
console.log(JSON.stringify(await Promise.all([
  told(client.pollDeviceAuthorizationGrant(config, device)),
  told(client.pollBackchannelAuthenticationGrant(config, call))])))
process.exit(0)
