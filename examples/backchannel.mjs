// Back-channel logout for libraries that have none: a handler, for node:http and
// Express, of what Foyer posts when a session ends (OpenID Connect Back-Channel
// Logout 1.0 §2.6). `ended` is told the session's id, the `sid` of its ID tokens.
// A token that comes twice ends nothing more: a sid is never used again.
import { createRemoteJWKSet, errors, jwtVerify } from 'jose'

const event = 'http://schemas.openid.net/event/backchannel-logout'

export function receiver({ issuer, jwksUri, clientId, ended }) {
  const keys = createRemoteJWKSet(new URL(jwksUri))
  return async (request, response) => {
    let body = '', sid
    response.setHeader('cache-control', 'no-store')
    try {
      for await (const part of request) if ((body += part).length > 10_000) throw new errors.JWTInvalid('too long')
      const { payload } = await jwtVerify(new URLSearchParams(body).get('logout_token') ?? '', keys,
        { issuer, audience: clientId, typ: 'logout+jwt', algorithms: ['RS256'], requiredClaims: ['iat', 'exp', 'jti', 'sid'] })
      if (typeof payload.events?.[event] !== 'object' || 'nonce' in payload) throw new errors.JWTInvalid('not a logout token')
      sid = payload.sid
    } catch (error) {
      console.error(error.message)
      // What is wrong with a token is wrong for good. Keys that could not be had
      // just now are not: after a 503 Foyer tries again.
      return response.writeHead(/^ERR_(JWT|JWS|JOSE_ALG|JOSE_NOT)/.test(error.code) ? 400 : 503).end()
    }
    try {
      await ended(sid)
      response.writeHead(204).end()
    } catch (error) {
      console.error(error)
      response.writeHead(503).end()
    }
  }
}
