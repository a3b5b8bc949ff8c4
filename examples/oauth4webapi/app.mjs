// The same application with oauth4webapi, which hides nothing of the protocol,
// as a public client: PKCE instead of a secret.
import { createServer } from 'node:http'
import { randomUUID } from 'node:crypto'
import * as oauth from 'oauth4webapi'

const issuer = new URL(process.env.ISSUER ?? 'http://localhost:8080')
const port = process.env.PORT ?? 3000
const home = `http://127.0.0.1:${port}/`
const client = { client_id: 'page' }
const none = oauth.None()
const http = { [oauth.allowInsecureRequests]: issuer.protocol === 'http:' }
const server = await oauth.processDiscoveryResponse(issuer, await oauth.discoveryRequest(issuer, http))

const sessions = new Map() // of this process; a real application has a store

function sessionOf(request, response) {
  let id = request.headers.cookie?.match(/(?:^|; )app=([\w-]+)/)?.[1]
  if (!sessions.has(id)) {
    sessions.set((id = randomUUID()), {})
    response.setHeader('set-cookie', `app=${id}; HttpOnly; SameSite=Lax; Path=/`)
  }
  return sessions.get(id)
}

function address(endpoint, parameters) {
  const url = new URL(endpoint)
  for (const [name, value] of Object.entries(parameters)) if (value) url.searchParams.set(name, value)
  return url
}

const routes = {
  async 'GET /'(request, session) {
    const bye = new URL(request.url, home).searchParams.get('state') === 'from-orders' ? '<p id="bye">You are signed out.</p>' : ''
    if (!session.tokens) return { html: bye + '<a href="/login">Sign in</a>' }
    const answer = await oauth.userInfoRequest(server, client, session.tokens.access_token, http)
    if (answer.status === 401) { // expired, or signed out at Foyer
      delete session.tokens
      return { html: '<a href="/login">Sign in</a>' }
    }
    const person = await oauth.processUserInfoResponse(server, client, session.sub, answer)
    return { html: `<p id="who">${JSON.stringify(person).replace(/</g, '&lt;')}</p>
      <form method="post" action="/refresh"><button id="refresh">Refresh</button></form>
      <form method="post" action="/logout"><button id="logout">Sign out</button></form>` }
  },
  async 'GET /login'(request, session) {
    session.verifier = oauth.generateRandomCodeVerifier()
    session.state = oauth.generateRandomState()
    session.nonce = oauth.generateRandomNonce()
    return { to: address(server.authorization_endpoint, {
      client_id: client.client_id, redirect_uri: home + 'callback', response_type: 'code', scope: 'openid profile email',
      state: session.state, nonce: session.nonce,
      code_challenge: await oauth.calculatePKCECodeChallenge(session.verifier), code_challenge_method: 'S256',
    }) }
  },
  async 'GET /callback'(request, session) {
    const answer = oauth.validateAuthResponse(server, client, new URL(request.url, home), session.state)
    session.tokens = await oauth.processAuthorizationCodeResponse(server, client,
      await oauth.authorizationCodeGrantRequest(server, client, none, answer, home + 'callback', session.verifier, http),
      { expectedNonce: session.nonce, requireIdToken: true })
    session.sub = oauth.getValidatedIdTokenClaims(session.tokens).sub
    return { to: home }
  },
  async 'POST /refresh'(request, session) {
    const fresh = await oauth.processRefreshTokenResponse(server, client,
      await oauth.refreshTokenGrantRequest(server, client, none, session.tokens.refresh_token, http))
    // Public clients rotate: the answer has a new refresh token.
    session.tokens = { ...session.tokens, ...fresh }
    return { to: home }
  },
  async 'POST /logout'(request, session) {
    const hint = session.tokens?.id_token
    delete session.tokens // here first, then at Foyer
    return { to: address(server.end_session_endpoint, {
      client_id: client.client_id, id_token_hint: hint, post_logout_redirect_uri: home, state: 'from-orders',
    }) }
  },
}

createServer(async (request, response) => {
  const route = routes[`${request.method} ${new URL(request.url, home).pathname}`]
  if (!route) return response.writeHead(404).end()
  try {
    const { to, html } = await route(request, sessionOf(request, response))
    if (to) return response.writeHead(303, { location: String(to) }).end()
    response.writeHead(200, { 'content-type': 'text/html; charset=utf-8', 'cache-control': 'no-store' }).end(`<!doctype html><title>Orders</title>${html}`)
  } catch (error) {
    console.error(error)
    response.writeHead(500, { 'content-type': 'text/plain' }).end(`${error.error ?? error.code ?? 'failed'}\n`)
  }
}).listen(port, '127.0.0.1', () => console.log(`open ${home}`))
