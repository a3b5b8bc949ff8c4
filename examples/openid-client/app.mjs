// A web application on a server, with openid-client: sign in, userinfo,
// refresh, sign out, and signed out by Foyer.
import { createServer } from 'node:http'
import { randomUUID } from 'node:crypto'
import * as openid from 'openid-client'
import { receiver } from '../backchannel.mjs'

const issuer = new URL(process.env.ISSUER ?? 'http://localhost:8080')
const secret = process.env.CLIENT_SECRET ?? 'change-me-before-going-public'
const port = process.env.PORT ?? 3000
const home = `http://127.0.0.1:${port}/`

// The second "secret" matters: Foyer accepts exactly the method that the client
// is registered with, and openid-client's default is another one.
const config = await openid.discovery(issuer, 'web', secret, openid.ClientSecretBasic(secret),
  issuer.protocol === 'http:' ? { execute: [openid.allowInsecureRequests] } : undefined)

const sessions = new Map() // of this process; a real application has a store

function sessionOf(request, response) {
  let id = request.headers.cookie?.match(/(?:^|; )app=([\w-]+)/)?.[1]
  if (!sessions.has(id)) {
    sessions.set((id = randomUUID()), {})
    response.setHeader('set-cookie', `app=${id}; HttpOnly; SameSite=Lax; Path=/`)
  }
  const session = sessions.get(id)
  if (gone.has(session.sid)) delete session.tokens
  return session
}

const { issuer: iss, jwks_uri: jwksUri } = config.serverMetadata()
const gone = new Set() // sessions that Foyer ended
const backchannel = receiver({ issuer: iss, jwksUri, clientId: 'web', ended: (sid) => gone.add(sid) })

const routes = {
  async 'GET /'(request, session) {
    const bye = new URL(request.url, home).searchParams.get('state') === 'from-orders' ? '<p id="bye">You are signed out.</p>' : ''
    if (!session.tokens) return { html: bye + '<a href="/login">Sign in</a>' }
    let person
    try {
      person = await openid.fetchUserInfo(config, session.tokens.access_token, session.tokens.claims().sub)
    } catch (error) {
      if (error.status !== 401) throw error
      delete session.tokens // expired, or signed out at Foyer a moment ago
      return { to: home }
    }
    return { html: `<p id="who">${JSON.stringify(person).replace(/</g, '&lt;')}</p>
      <form method="post" action="/refresh"><button id="refresh">Refresh</button></form>
      <form method="post" action="/logout"><button id="logout">Sign out</button></form>` }
  },
  async 'GET /login'(request, session) {
    session.verifier = openid.randomPKCECodeVerifier()
    session.state = openid.randomState()
    session.nonce = openid.randomNonce()
    return { to: openid.buildAuthorizationUrl(config, {
      redirect_uri: home + 'callback', scope: 'openid profile email', state: session.state, nonce: session.nonce,
      code_challenge: await openid.calculatePKCECodeChallenge(session.verifier), code_challenge_method: 'S256',
    }) }
  },
  async 'GET /callback'(request, session) {
    session.tokens = await openid.authorizationCodeGrant(config, new URL(request.url, home), {
      pkceCodeVerifier: session.verifier, expectedState: session.state, expectedNonce: session.nonce, idTokenExpected: true,
    })
    session.sid = session.tokens.claims().sid
    return { to: home }
  },
  async 'POST /refresh'(request, session) {
    const fresh = await openid.refreshTokenGrant(config, session.tokens.refresh_token)
    // Keep what the answer leaves out, and use the newest refresh token there is.
    fresh.refresh_token ??= session.tokens.refresh_token
    session.tokens = fresh
    return { to: home }
  },
  async 'POST /logout'(request, session) {
    const hint = session.tokens?.id_token
    delete session.tokens // here first, then at Foyer
    return { to: openid.buildEndSessionUrl(config, { post_logout_redirect_uri: home, state: 'from-orders', ...(hint && { id_token_hint: hint }) }) }
  },
}

createServer(async (request, response) => {
  const { pathname } = new URL(request.url, home)
  if (request.method === 'POST' && pathname === '/backchannel-logout') return backchannel(request, response)
  const route = routes[`${request.method} ${pathname}`]
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
