// A web application with Auth.js for Express: sign in, userinfo, sign out, and
// signed out by Foyer. Auth.js itself does neither kind of sign-out.
import { getToken } from '@auth/core/jwt'
import { ExpressAuth, getSession } from '@auth/express'
import express from 'express'
import { decodeJwt } from 'jose'
import { receiver } from '../backchannel.mjs'

const issuer = process.env.ISSUER ?? 'http://localhost:8080'
const port = process.env.PORT ?? 3000
const home = `http://127.0.0.1:${port}/`
const secret = process.env.SECRET ?? 'seals the cookies; long and random, please' // the library's, not Foyer's
const metadata = await (await fetch(`${issuer}/.well-known/openid-configuration`)).json()
const gone = new Set() // sessions that Foyer ended; a real application has a store, shared by its processes

const config = {
  basePath: '/auth',
  trustHost: true, // behind a proxy that sets Host
  secret,
  providers: [{
    id: 'foyer', name: 'Foyer', type: 'oidc', issuer,
    clientId: 'web', clientSecret: process.env.CLIENT_SECRET ?? 'change-me-before-going-public',
    idToken: false, // the claims come from userinfo
    checks: ['pkce', 'state', 'nonce'],
    profile: (person) => ({ id: person.sub, name: `${person.given_name} ${person.family_name}`, email: person.email }),
  }],
  callbacks: {
    jwt({ token, account }) {
      if (account) { // signing in: keep what signing out needs
        token.idToken = account.id_token
        token.sid = decodeJwt(account.id_token).sid
      }
      return gone.has(token.sid) ? null : token // null ends the session
    },
  },
}

const app = express()
app.use('/auth', ExpressAuth(config))

app.get('/', async (request, response) => {
  const bye = request.query.state === 'from-orders' ? '<p id="bye">You are signed out.</p>' : ''
  const session = await getSession(request, config)
  if (!session) return response.send(`<!doctype html><title>Orders</title>${bye}<a href="/auth/signin">Sign in</a>`)
  response.send(`<!doctype html><title>Orders</title><p id="who">${JSON.stringify(session.user).replace(/</g, '&lt;')}</p>
    <form method="post" action="/logout"><button id="logout">Sign out</button></form>`)
})

app.post('/logout', async (request, response) => {
  const name = 'authjs.session-token' // __Secure-authjs.session-token under https
  const token = await getToken({ req: request, secret, cookieName: name })
  for (const part of (request.headers.cookie ?? '').split('; ')) { // long ones come in pieces: name.0, name.1
    if (part.startsWith(name)) response.clearCookie(part.split('=')[0], { path: '/', httpOnly: true, sameSite: 'lax' })
  }
  const to = new URL(metadata.end_session_endpoint)
  to.search = new URLSearchParams({
    client_id: 'web', post_logout_redirect_uri: home, state: 'from-orders', ...(token && { id_token_hint: token.idToken }),
  })
  response.redirect(303, to.href)
})

app.post('/backchannel-logout', receiver({ issuer, jwksUri: metadata.jwks_uri, clientId: 'web', ended: (sid) => gone.add(sid) }))

app.listen(port, '127.0.0.1', () => console.log(`open ${home}`))
